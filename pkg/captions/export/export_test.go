package export

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/asticode/go-astisub"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// began is 0:00 of the samples.
var began = clock.Of(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))

// segment is a final that some label said at so many ms.
func segment(seq uint64, label string, from, to int64, text string) api.Segment {
	var command ids.Command
	return api.Segment{
		Track: "en", Seq: seq, ID: ids.Derive[ids.Segment](command, int(seq)), Rev: 1, State: api.SegmentFinal, Text: text,
		Start: began.Add(from), End: began.Add(to), TimeBasis: "audio", Speaker: api.Said{Label: label}, SpeakerBasis: "floor",
	}
}

// sample has each kind of segment once.
func sample() Document {
	edited := segment(2, "Access Now & co", 4_000, 6_000, "Thank you, Chiar.")
	better := edited
	better.Rev, better.Seq, better.State, better.Text = 2, 5, api.SegmentCorrected, "Thank you, Chair."
	secret := segment(3, "Access Now & co", 6_000, 8_000, "My number is 555.")
	secret.Words = []api.Word{{Text: "555."}}
	redacted := secret
	redacted.Rev, redacted.Seq, redacted.State, redacted.Text, redacted.Words = 2, 6, api.SegmentRedacted, "", nil
	prepared := segment(4, "Access Now & co", 8_000, 12_000, "1. If a < b --> then <b>act</b> & *now*, said the longest sentence.")
	prepared.Prepared = true
	partial := segment(9, "Nobody", 20_000, 21_000, "unfinis")
	partial.State = api.SegmentPartial
	return Document{Title: "Sample\nsession --> 1", Language: "en", Zero: began, Segments: []api.Segment{
		better, partial, redacted, prepared, secret, segment(1, "Chair", 1_000, 2_000, "Access Now, you have the floor."), edited,
	}}
}

func write(t *testing.T, f Format, doc Document) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, f, doc); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const note = "Unofficial aid to understanding: these captions were made live and may be incomplete or wrong. They are not a record of the session."

func TestEachFormat(t *testing.T) {
	t.Parallel()
	for f, want := range map[Format]string{
		WebVTT: `WEBVTT

NOTE
Sample session → 1
Language: en
` + note + `

1
00:00:01.000 --> 00:00:02.860
<v Chair>Access Now, you have the floor.

2
00:00:04.000 --> 00:00:06.000
<v Access Now &amp; co>Thank you, Chair.

3
00:00:08.000 --> 00:00:11.462
<v Access Now &amp; co>1. If a &lt; b --&gt; then &lt;b&gt;act&lt;/b&gt;
&amp; *now*, said the longest

4
00:00:11.462 --> 00:00:12.020
<v Access Now &amp; co>sentence.
`,
		Text: `Sample session --> 1

` + note + `

[0:00:01] Chair
Access Now, you have the floor.

[0:00:04] Access Now & co
Thank you, Chair. [edited]

[0:00:08] Access Now & co (prepared text)
1. If a < b --> then <b>act</b> & *now*, said the longest sentence.
`,
		Markdown: `# Sample session --\> 1

> ` + note + `

## 0:00:01 Chair

Access Now, you have the floor.

## 0:00:04 Access Now \& co

Thank you, Chair. \[edited\]

## 0:00:08 Access Now \& co

*prepared text*

1\. If a \< b --\> then \<b\>act\</b\> \& \*now\*, said the longest sentence.
`,
	} {
		got := write(t, f, sample())
		if got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", f, got, want)
		}
	}
}

func TestSpeakersStandBeforeTheTextWherePlayersShowNoVoice(t *testing.T) {
	t.Parallel()
	srt := write(t, SRT, sample())
	for _, want := range []string{
		"1\n00:00:00,000 --> 00:00:00,", "Unofficial aid to understanding:\nthese captions were made live\n",
		"00:00:01,000 --> 00:00:03,280\nChair: Access Now, you have the\nfloor.\n",
		"\nAccess Now & co: Thank you,\nChair.\n", "1. If a < b → then <b>act</b> &\n*now*",
	} {
		if !strings.Contains(srt, want) {
			t.Errorf("SRT has no %q:\n%s", want, srt)
		}
	}
	if strings.Count(srt, "Access Now & co:") != 1 {
		t.Error("the name is repeated though the speaker goes on")
	}
	ttml := write(t, TTML, sample())
	for _, want := range []string{
		`<ttm:desc>` + note, `xml:lang="en"`, `<ttm:agent xml:id="speaker2" type="person"><ttm:name type="full">Access Now &amp; co</ttm:name></ttm:agent>`,
		`ttm:agent="speaker2">Access Now &amp; co: Thank you,<br/>Chair.</p>`, `1. If a &lt; b --&gt; then`,
	} {
		if !strings.Contains(ttml, want) {
			t.Errorf("TTML has no %q:\n%s", want, ttml)
		}
	}
}

func TestJSONHoldsEveryRevision(t *testing.T) {
	t.Parallel()
	var got record
	if err := json.Unmarshal([]byte(write(t, JSON, sample())), &got); err != nil {
		t.Fatal(err)
	}
	if got.Note != note || got.Language != "en" || got.ZeroMS != began || len(got.Segments) != 4 {
		t.Fatalf("%+v", got)
	}
	edited, redacted := got.Segments[1], got.Segments[2]
	if edited.State != api.SegmentCorrected || len(edited.Revisions) != 2 ||
		edited.Revisions[0].Text != "Thank you, Chiar." || edited.Revisions[1].Text != "Thank you, Chair." {
		t.Errorf("%+v", edited)
	}
	if redacted.State != api.SegmentRedacted || len(redacted.Revisions) != 2 {
		t.Errorf("%+v", redacted)
	}
}

func TestRedactedWordsAreInNoExport(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		doc := sample()
		before, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if got := write(t, f, doc); strings.Contains(got, "555") || strings.Contains(got, "unfinis") {
			t.Errorf("%s:\n%s", f, got)
		}
		after, err := json.Marshal(doc)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: writing changed what it was given, %v", f, err)
		}
	}
}

func TestEachExportCarriesTheNoteInItsLanguage(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{
		"en": "Unofficial aid", "en-GB": "Unofficial aid", "fr": "non officielle", "fr-CA": "non officielle", "es": "no oficial",
		"ru": "Неофициальное", "ar": "غير رسمية", "zh-Hans": "非正式", "de": "Unofficial aid", "": "Unofficial aid", "not a tag": "Unofficial aid",
	} {
		for _, f := range Formats() {
			doc := sample()
			doc.Language = language
			got := write(t, f, doc)
			if !strings.Contains(got, want) {
				t.Errorf("%s of %q does not say %q", f, language, want)
			}
			// And a track without a word is a file all the same.
			doc.Segments = nil
			if got := write(t, f, doc); !strings.Contains(got, want) {
				t.Errorf("an empty %s of %q does not say %q:\n%s", f, language, want, got)
			}
		}
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		for _, name := range []string{string(f), "." + string(f), strings.ToUpper(string(f))} {
			if got, err := ParseFormat(name); err != nil || got != f {
				t.Errorf("%q: %q, %v", name, got, err)
			}
		}
		if f.ContentType() == "" {
			t.Errorf("%s has no content type", f)
		}
	}
	if _, err := ParseFormat("docx"); !problem.Is(err, problem.Invalid) || problem.From(err).Field != "format" || problem.From(err).Do == "" {
		t.Error(err)
	}
	if err := Write(&bytes.Buffer{}, "docx", Document{}); !problem.Is(err, problem.Invalid) {
		t.Error(err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = problem.New(problem.Internal, "no space")

func TestWriteSaysThatItFailed(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		if err := Write(full{}, f, sample()); err == nil || !strings.Contains(err.Error(), "export: write "+string(f)) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// hard is what breaks careless writers: each text is a segment.
func hard() Document {
	doc := Document{Title: `A & B <"C"> ]]>`, Language: "ar", Zero: began}
	for i, text := range []string{
		"a & b &amp; c < d > e &lt;i&gt; \"quoted\" 'single' ]]> <!-- x -->",
		"00:00:01.000 --> 00:00:02.000", "WEBVTT", "NOTE", "STYLE", "1", "-->", "<v Somebody else>words", "{\\an8}top", "</p></div>",
		"Family: 👩‍👩‍👧‍👦 flags 🇫🇷🇸🇳 skin 👍🏽 keycap 1️⃣ accents e\u0301\u0323",
		"شكراً سيدي الرئيس، ونرحّب بهذه الفرصة للمشاركة في أعمال الفريق العامل المعني بأمن الاتصالات.",
		"谢谢主席。我们欢迎有机会参加关于信息和通信技术安全的不限成员名额工作组的工作，并感谢秘书处。",
		strings.Repeat("Supercalifragilistic", 50), strings.Repeat("汉字", 500), strings.Repeat("word ", 200), strings.Repeat("👩‍👩‍👧‍👦", 40),
		"tabs\tand\r\nbreaks\u2028and\x00controls\x1b", "  blanks   around  ", "non\u00a0breaking \u202fspaces", "* not a list", "# not a heading", "| a | b |",
		"\xff\xfe not UTF-8", "\u202ereversed\u202c", "https://example.org/a_b_c?d=1&e=2#f",
	} {
		from := int64(i) * 20_000
		doc.Segments = append(doc.Segments, segment(uint64(i+1), []string{"Chair", "منظمة", "A > B & \"C\""}[i%3], from, from+15_000, text))
	}
	return doc
}

// Read back by go-astisub, which shares no code with us.
func TestExportsSurviveARoundTripThroughAstisub(t *testing.T) {
	t.Parallel()
	doc := hard()
	readers := map[Format]func(string) (*astisub.Subtitles, error){
		WebVTT: func(s string) (*astisub.Subtitles, error) { return astisub.ReadFromWebVTT(strings.NewReader(s)) },
		SRT:    func(s string) (*astisub.Subtitles, error) { return astisub.ReadFromSRT(strings.NewReader(s)) },
		TTML:   func(s string) (*astisub.Subtitles, error) { return astisub.ReadFromTTML(strings.NewReader(s)) },
	}
	for f, read := range readers {
		cues := doc.book().cues(f != WebVTT)
		got, err := read(write(t, f, doc))
		if err != nil || len(got.Items) != len(cues) {
			t.Errorf("%s: %d captions of %d, %v", f, len(got.Items), len(cues), err)
			continue
		}
		for i, item := range got.Items {
			var text strings.Builder
			for _, line := range item.Lines {
				for _, piece := range line.Items {
					text.WriteString(piece.Text)
				}
			}
			want := strings.Join(cues[i].rows, "")
			if f == WebVTT && strings.Contains(want, ">") {
				// Its reader leaves &gt; as it is; the W3C's parser (services/gateway/web) does not.
				want = strings.ReplaceAll(want, ">", "&gt;")
			}
			if f == SRT {
				// It takes tags away, as players do, and we write no arrow there.
				if strings.ContainsAny(want, "<{") || strings.Contains(want, "-->") {
					continue
				}
			}
			if dense(text.String()) != dense(want) {
				t.Errorf("%s, caption %d: %q, want %q", f, i+1, text.String(), want)
			}
			if item.StartAt.Milliseconds() != cues[i].from || item.EndAt.Milliseconds() != cues[i].to {
				t.Errorf("%s, caption %d: %s to %s, want %d to %d", f, i+1, item.StartAt, item.EndAt, cues[i].from, cues[i].to)
			}
		}
	}
}

// dense leaves out blanks, which wrapping may drop.
func dense(text string) string { return strings.Join(strings.Fields(text), "") }
