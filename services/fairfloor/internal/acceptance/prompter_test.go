package acceptance

import (
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/script"
)

// TestAnArabicAndAFrenchStatementAreFollowedThroughThePrompter is the bullet "An
// Arabic and a French statement are followed on Live through the prompter with
// no recogniser running: word error rate 0 against what was passed; a skipped
// paragraph is missing from as delivered; before a sentence is passed nobody but
// owner, interpreters and captioners can get it by any request".
func TestAnArabicAndAFrenchStatementAreFollowedThroughThePrompter(t *testing.T) {
	s := start(t, setup{applicants: 3, listOpen: true, modalities: func(m *events.Modalities) { m.PublicLive = true }})
	chair := s.as(events.Chair, 0)
	observer := s.connect(s.as(events.Observer, 0).Token, func(o *client.Options) { o.Tracks = []string{"ar", "fr", "zh"} })
	statements := map[string]string{
		"ar": "شكرا للرئاسة على هذا الاجتماع. نؤيد المسودة بكاملها.\n\nهذه الفقرة secretar لن تقال اليوم.\n\nنتطلع إلى العمل معا.",
		"zh": "谢谢主席召开这次会议。我们支持整个草案。\n\n这一段 secretzh 今天不说。\n\n我们期待共同努力。",
		"fr": "Merci à la présidence pour cette réunion. Nous soutenons le projet.\n\nCe paragraphe secretfr ne sera pas dit.\n\nNous nous réjouissons de travailler ensemble.",
	}
	texts := map[string]ids.Text{}
	delegates := map[string]client.HTTP{}
	for i, language := range []string{"ar", "fr", "zh"} {
		s.join(i)
		delegates[language] = s.as(events.Speaker, i)
		texts[language] = made[ids.Text](t, s.askAs(delegates[language], "file_text", nil, command.FileText{
			Language: language, Visibility: events.PublicAtDelivery, Content: statements[language],
		}, ""), "text")
	}
	s.askAs(chair, "start_session", nil, command.None{}, "")
	strangers := map[string]string{"visitor": "", "observer": s.as(events.Observer, 0).Token}
	for _, language := range []string{"ar", "fr", "zh"} {
		strangers["the other delegate"] = delegates[map[string]string{"ar": "fr", "fr": "zh", "zh": "ar"}[language]].Token
		mine := delegates[language]
		id := s.next(chair)
		s.askAs(mine, "begin", turn(id), command.Begin{Turn: id}, "")
		read := script.Read(statements[language], language)
		hidden := func(from int) {
			t.Helper()
			s.quiet()
			for who, bearer := range strangers {
				surfaces := s.transcripts(bearer, language)
				_, surfaces["view"] = s.read(bearer, s.path(""))
				_, surfaces["text"] = s.read(bearer, s.path("/texts/"+texts[language].String()))
				_, surfaces["log"] = s.read(bearer, s.path("/log"))
				live, err := observer.JSON()
				s.must(err)
				surfaces["live"] = string(live)
				for _, c := range observer.Transcript(language).Segments {
					surfaces["live"] += c.Text
				}
				for _, sentence := range read.Sentences[from:] {
					for path, text := range surfaces {
						if strings.Contains(text, sentence.Text) {
							t.Errorf("%s finds %q in %s before it is passed", who, sentence.Text, path)
						}
					}
				}
			}
		}
		hidden(0)
		s.askAs(mine, "pass", nil, command.Pass{Turn: id, Text: texts[language], Sentences: []int64{1}}, "")
		hidden(1)
		s.askAs(mine, "pass", nil, command.Pass{Turn: id, Text: texts[language], Sentences: []int64{2}, Skipped: []int64{2}}, "")
		hidden(2)
		last := int64(len(read.Sentences))
		s.askAs(mine, "pass", nil, command.Pass{Turn: id, Text: texts[language], Sentences: []int64{last}}, "")
		s.must(observer.Wait(s.ctx, func(l *client.Locked) bool { return l.CaptionSeq(language) >= 3 }))
		var followed []string
		for _, c := range observer.Transcript(language).Segments {
			followed = append(followed, c.Text)
			if !c.Prepared || c.Turn != id || c.SourceKind != string(events.ScriptSource) || c.State != api.SegmentFinal {
				t.Errorf("%q came as %+v", c.Text, c)
			}
		}
		passed := read.Sentences[0].Text + " " + read.Sentences[1].Text + " " + read.Sentences[last-1].Text
		if rate := script.Compare(passed, strings.Join(followed, " ")).Rate(); rate != 0 {
			t.Errorf("%s: word error rate %.2f: %q", language, rate, followed)
		}
		for path, text := range s.transcripts("", language) {
			if strings.Contains(text, "secret"+language) {
				t.Errorf("the skipped paragraph is in %s", path)
			}
		}
		s.askAs(mine, "yield", turn(id), command.TurnRef{Turn: id}, "")
	}
}
