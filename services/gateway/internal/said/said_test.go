package said

import (
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

func TestARefusalIsSaidInTheReadersLanguage(t *testing.T) {
	wait := problem.New(problem.Already, "%s waits on the list, at %s", "Exemple", problem.Say("place %d", 3)).Try("nothing needs to be done")
	role := problem.New(problem.Forbidden, "%s is for %s; you act as %s", "next", problem.Words{"chair", "vice-chair"}, problem.Words{"observer"})
	late := problem.New(problem.WrongState, "the session was adjourned at %s", "2026-03-01T12:34:00.000Z")
	machine := problem.New(problem.Malformed, "the message is binary").Try("send JSON in text messages")
	outer := problem.New(problem.Invalid, "no row can be taken; the first: %s", wait).Try("%s", problem.Phrase{English: wait.Do, Sentence: wait.How})
	for _, c := range []struct {
		language string
		e        *problem.Error
		why, how string
	}{
		{"fr", wait, "Exemple attend sur la liste : place 3", "Il n’y a rien à faire"},
		{"en", wait, "Exemple waits on the list, at place 3", "nothing needs to be done"},
		{"ar", role, "هذا الإجراء متاح لـ: الرئيس، نائب الرئيس؛ وأنت تتصرف بصفة: المراقب", ""},
		{"es", late, "La sesión se levantó a las 12:34 UTC", ""},
		{"zh", outer, "没有可接受的行；第一行：Exemple正在名单上等候：第3位", "无需任何操作"},
		{"ru", machine, "Запрос нельзя прочесть", ""},
		{"en", machine, "the message is binary", "send JSON in text messages"},
		{"de", wait, "Exemple waits on the list, at place 3", ""},
	} {
		strip := strings.NewReplacer("\u2068", "", "\u2069", "")
		if why, how := strip.Replace(Why(c.language, c.e)), strip.Replace(How(c.language, c.e)); why != c.why || how != c.how {
			t.Errorf("%s: %q, %q; want %q, %q", c.language, why, how, c.why, c.how)
		}
	}
	// What a page says in its own words is not said again.
	if own := (&problem.Error{Code: problem.Invalid, Detail: "déjà dit", Do: "rien"}); Why("fr", own) != "déjà dit" || How("fr", own) != "rien" {
		t.Errorf("%q, %q", Why("fr", own), How("fr", own))
	}
	// The name is set apart from a sentence that runs the other way.
	if got := Why("ar", wait); !strings.Contains(got, "\u2068Exemple\u2069") {
		t.Errorf("%q", got)
	}
}
