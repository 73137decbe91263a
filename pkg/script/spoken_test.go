package script

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const english = `Thank you, Chair. We welcome the work of this group and the open way in which it has been led.

Our members run small networks in forty countries. They need clear rules, simple reports, and people who answer the phone. We ask for one hour of each meeting.

[may drop] Last year we trained two hundred engineers. Most of them were women.

Thank you, Chair.`

const french = `Merci, Monsieur le Président. Nous saluons les travaux de ce groupe et l'ouverture avec laquelle il a été dirigé.

Nos membres exploitent de petits réseaux dans quarante pays. Il leur faut des règles claires et des rapports simples. Il leur faut aussi des gens qui répondent au téléphone. Nous demandons une heure de chaque réunion.

[facultatif] L'an dernier, nous avons formé deux cents ingénieurs, pour la plupart des femmes.

Merci, Monsieur le Président.`

func TestAlign(t *testing.T) {
	t.Parallel()
	en, fr := Read(english, "en"), Read(french, "fr")
	want := [][]int{{1}, {2}, {3}, {4, 5}, {6}, nil, {7}, {8}}
	if got := Align(en, fr); !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("%v, want %v", got, want)
	}
	// Paragraphs put together by the translator: aligned as a whole.
	if got := Align(en, Read(strings.ReplaceAll(french, "\n\n", " "), "fr")); len(got) != len(en.Sentences) || len(got[0]) == 0 || got[0][0] != 1 {
		t.Errorf("%v", got)
	}
	zh := Read("谢谢主席。我们欢迎本工作组的工作，也欢迎工作组公开的领导方式。\n\n我们的成员在四十个国家运营小型网络。他们需要明确的规则、简单的报告和接电话的人。我们要求每次会议留出一小时。\n\n去年我们培训了二百名工程师。其中大多数是女性。\n\n谢谢主席。", "zh")
	if got, want := Align(en, zh), [][]int{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}; !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Align(en, Read("", "fr")); len(got) != 8 || slices.ContainsFunc(got, func(x []int) bool { return len(x) > 0 }) {
		t.Errorf("a translation of nothing: %v", got)
	}
	if got := Align(Read("", "en"), fr); len(got) != 0 {
		t.Errorf("an original of nothing: %v", got)
	}
}

// Whoever files a text must not be able to stop the server with it.
func TestAlignOfATextOfFullStops(t *testing.T) {
	t.Parallel()
	a, b := Read(strings.Repeat("A b. ", 20_000), "en"), Read(strings.Repeat("Un mot de plus. ", 10_000), "fr")
	began := time.Now()
	got := Align(a, b)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	all := slices.Concat(got...)
	if len(all) != len(b.Sentences) || !slices.IsSorted(all) {
		t.Errorf("%d of %d sentences", len(all), len(b.Sentences))
	}
	// Half of it is half of it.
	if half := got[len(got)/2]; len(half) > 0 && (half[0] < 4_900 || half[0] > 5_100) {
		t.Errorf("in the middle stands %v of %d", half, len(b.Sentences))
	}
}

func TestAlignShowsEachSentenceOnceAndInOrder(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"Short one. ", "A longer sentence that goes on. ", "\n\n", "谢谢主席。", "Why? ", strings.Repeat("very ", 30) + "long. ",
		}), 1, 25).Draw(t, "text"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := Read(text.Draw(t, "original"), "en"), Read(text.Draw(t, "translation"), "zh")
		got := Align(a, b)
		if len(got) != len(a.Sentences) {
			t.Fatalf("%d of %d", len(got), len(a.Sentences))
		}
		all := slices.Concat(got...)
		if len(a.Sentences) > 0 && (len(all) != len(b.Sentences) || !slices.IsSorted(all)) {
			t.Fatalf("%v of %d", got, len(b.Sentences))
		}
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Thank you, Chair — it’s 3.5%!": "thank you chair it's 3.5",
		"L’an DERNIER":                  "l'an dernier",
		"شكراً سيّدي الرئيـس":           "شكرا سيدي الرئيس",
		"谢谢，主席。":                        "谢 谢 主 席",
		"ﬁne １２":                        "fine 12",
		"":                              "",
	} {
		if got := strings.Join(Words(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said, heard string
		want        Errors
		rate        float64
	}{
		{"", "", Errors{}, 0},
		{"Thank you, Chair.", "thank you chair", Errors{Words: 3}, 0},
		{"thank you chair", "thank who chair", Errors{Words: 3, Substituted: 1}, 1.0 / 3},
		{"thank you chair", "thank chair", Errors{Words: 3, Deleted: 1}, 1.0 / 3},
		{"thank chair", "thank you chair", Errors{Words: 2, Inserted: 1}, 0.5},
		{"a b c d", "", Errors{Words: 4, Deleted: 4}, 1},
		{"", "a b", Errors{Inserted: 2}, 2},
		{"a b c d e", "x b d e f", Errors{Words: 5, Substituted: 1, Deleted: 1, Inserted: 1}, 0.6},
	} {
		if got := Compare(c.said, c.heard); got != c.want || got.Rate() != c.rate {
			t.Errorf("%q as %q: %+v %g", c.said, c.heard, got, got.Rate())
		}
	}
	word := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "said"), word.Draw(t, "heard")
		there, back := Compare(strings.Join(a, " "), strings.Join(b, " ")), Compare(strings.Join(b, " "), strings.Join(a, " "))
		total := func(e Errors) int { return e.Substituted + e.Inserted + e.Deleted }
		// A distance: the same both ways, at least the difference of lengths, at most the longer one.
		if total(there) != total(back) || total(there) < max(len(a)-len(b), len(b)-len(a)) || total(there) > max(len(a), len(b)) {
			t.Fatalf("%+v and %+v", there, back)
		}
		if there.Words+there.Inserted-there.Deleted != len(b) {
			t.Fatalf("%+v of %d and %d", there, len(a), len(b))
		}
		if slices.Equal(a, b) != (total(there) == 0) {
			t.Fatalf("%+v of %v and %v", there, a, b)
		}
	})
}

func TestLocate(t *testing.T) {
	t.Parallel()
	s := Read(english, "en")
	for _, c := range []struct {
		name, heard string
		from        int
		done        []int
		at          int
		found       bool
	}{
		{"a sentence as it stands", "We welcome the work of this group and the open way in which it has been led.", 1, []int{2}, 2, true},
		{"as an engine hears it", "we will come the work of this group and the open weigh in witch it has been led", 1, []int{2}, 2, true},
		{"half of one is not all of it", "our members run", 3, nil, 3, true},
		{"two at once", "our members run small networks in forty countries they need clear rules simple reports and people who answer the phone", 3, []int{3, 4}, 4, true},
		{"one was left out", "thank you chair our members run small networks in forty countries", 1, []int{3}, 3, true},
		{"what was passed is not looked at", "we welcome the work of this group", 3, nil, 0, false},
		{"the thanks at the end, not those at the beginning", "Thank you, Chair.", 6, []int{8}, 8, true},
		{"something else", "the coffee is served in the room behind the hall", 1, nil, 0, false},
		{"a word or two by chance", "they were very happy with lunch and the people", 3, nil, 0, false},
		{"nothing", "", 1, nil, 0, false},
		{"after the end", "thank you", 9, nil, 0, false},
		{"from before the beginning", "thank you chair", -3, []int{1}, 1, true},
	} {
		got, found := s.Locate(c.heard, c.from)
		if found != c.found || !slices.Equal(got.Done, c.done) || got.At != c.at {
			t.Errorf("%s: %+v %v", c.name, got, found)
		}
		if found && (got.Share <= 0 || got.Share > 1) {
			t.Errorf("%s: share %g", c.name, got.Share)
		}
	}
	// A flood of words ends where it ends, and does not take all day.
	flood := strings.Repeat("nothing of it stands in the text at all ", 2_000) + "they need clear rules simple reports and people who answer the phone"
	if _, found := s.Locate(flood, 1); found {
		t.Error("a flood was found though most of it is not there")
	}
	zh := Read("谢谢主席。我们欢迎本工作组的工作。", "zh")
	if got, found := zh.Locate("我们欢迎本工作组工作", 1); !found || !slices.Equal(got.Done, []int{2}) {
		t.Errorf("%+v %v", got, found)
	}
}

// Somebody who reads the text, each word in ten wrong, is followed to its end.
func TestLocateFollowsASpeaker(t *testing.T) {
	t.Parallel()
	s := Read(strings.ReplaceAll(english, "Thank you, Chair.", "Thank you very much, dear Chair."), "en")
	rapid.Check(t, func(t *rapid.T) {
		next := 1
		for _, sentence := range s.Sentences {
			said := Words(sentence.Text)
			if len(said) > 4 {
				said[rapid.IntRange(0, len(said)-1).Draw(t, "wrong")] = "something"
			}
			got, found := s.Locate(strings.Join(said, " "), next)
			if !found || !slices.Contains(got.Done, sentence.Number) || got.At != sentence.Number {
				t.Fatalf("sentence %d from %d: %+v %v", sentence.Number, next, got, found)
			}
			next = sentence.Number + 1
		}
	})
}
