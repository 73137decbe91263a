package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/captions/export"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// What breaks careless writers and readers; each is a segment.
var hardTexts = []string{
	"a & b &amp; c < d > e &lt;i&gt; \"quoted\" 'single' ]]> <!-- x -->",
	"WEBVTT", "NOTE", "1", "<v Somebody else>words</v>", "</p></div>", "00:00:01.000 --> 00:00:02.000", "-->",
	"Family: 👩‍👩‍👧‍👦 flags 🇫🇷🇸🇳 skin 👍🏽 keycap 1️⃣ accents e\u0301\u0323",
	"شكراً سيدي الرئيس، ونرحّب بهذه الفرصة للمشاركة في أعمال الفريق العامل المعني بأمن الاتصالات.",
	"谢谢主席。我们欢迎有机会参加关于信息和通信技术安全的不限成员名额工作组的工作，并感谢秘书处。",
	strings.Repeat("Supercalifragilistic", 50),
	strings.Repeat("汉字", 500),
	strings.Repeat("word ", 200),
	strings.Repeat("👩‍👩‍👧‍👦 ", 40),
	"* not a list", "# not a heading", "1. not a list either", "- nor this", "+ nor this", "> no quote", "    no code", "| a | b |", "[a](b) ![c](d) `e` ~~f~~ **g** __h__ &copy; <b>i</b> \\j",
	"https://example.org/a_b_c?d=1&e=2#f and someone@example.org",
	"\u202ereversed\u202c", "non\u00a0breaking \u202fspaces",
}

var hardNames = []string{"Chair", "منظمة", "A > B & \"C\" <d>", "主席"}

// understood is what tools/captions-read.mjs prints of a file.
type understood struct {
	Problems []string `json:"problems"`
	Note     string   `json:"note"`
	Cues     []struct {
		From  int64    `json:"from"`
		To    int64    `json:"to"`
		Voice string   `json:"voice"`
		Rows  []string `json:"rows"`
	} `json:"cues"`
	Blocks []string `json:"blocks"`
}

func exportsOf(t *testing.T, language string) map[export.Format]understood {
	t.Helper()
	doc := export.Document{Title: `A & B <"C"> --> [d](e)`, Language: language, Zero: 1_000_000}
	for i, text := range hardTexts {
		at := doc.Zero.Add(int64(i+1) * 20_000)
		doc.Segments = append(doc.Segments, api.Segment{
			Seq: uint64(i + 1), ID: ids.New[ids.Segment](), Rev: 1, State: api.SegmentFinal, Text: text,
			Start: at, End: at.Add(15_000), TimeBasis: "audio", Speaker: api.Said{Label: hardNames[i%len(hardNames)]},
			Turn: ids.New[ids.Turn](), ReceivedAt: clock.Instant(0).Add(int64(at)),
		})
	}
	folder := t.TempDir()
	var files []string
	var formats []export.Format
	for _, f := range export.Formats() {
		if f == export.Text {
			continue // has no form that could be broken; the other package looks at its words
		}
		var out bytes.Buffer
		if err := export.Write(&out, f, doc); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(folder, "captions."+string(f))
		if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files, formats = append(files, name), append(formats, f)
	}
	read := map[export.Format]understood{}
	for i, u := range readBack(t, files...) {
		read[formats[i]] = u
	}
	return read
}

// readBack runs the readers over files.
func readBack(t *testing.T, files ...string) []understood {
	t.Helper()
	var problems bytes.Buffer
	run := exec.CommandContext(t.Context(), "node", append([]string{"tools/captions-read.mjs"}, files...)...)
	run.Stderr = &problems
	out, err := run.Output()
	if err != nil {
		t.Fatalf("the readers failed (npm ci in services/gateway/web installs them): %v\n%s", err, problems.String())
	}
	var read []understood
	for lines := json.NewDecoder(bytes.NewReader(out)); lines.More(); {
		var u understood
		if err := lines.Decode(&u); err != nil {
			t.Fatal(err)
		}
		read = append(read, u)
	}
	if len(read) != len(files) {
		t.Fatalf("%d answers about %d files", len(read), len(files))
	}
	return read
}

func TestEachExportIsAcceptedByAParserThatIsNotOursAndSurvivesARoundTrip(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "ar", "zh"} {
		for f, u := range exportsOf(t, language) {
			name := fmt.Sprintf("%s in %s", f, language)
			if len(u.Problems) > 0 {
				t.Errorf("%s: %q", name, u.Problems)
			}
			if !strings.Contains(dense(u.Note), dense(export.Note(language))[:20]) {
				t.Errorf("%s carries the note %q", name, u.Note)
			}
			var all strings.Builder
			now := int64(0)
			for i, c := range u.Cues {
				if c.From < now || c.To <= c.From || len(c.Rows) > export.Rows {
					t.Errorf("%s, caption %d: %d to %d after %d, %d lines", name, i+1, c.From, c.To, now, len(c.Rows))
				}
				now = c.To
				for _, row := range c.Rows {
					// Not counted as columns here: a letter takes one at least, or none when it stands on another.
					if letters := len([]rune(strings.Map(base, row))); letters > export.Columns {
						t.Errorf("%s, caption %d: a line of %d letters", name, i+1, letters)
					}
					all.WriteString(row)
				}
			}
			all.WriteString(strings.Join(u.Blocks, ""))
			rest := dense(all.String())
			for i, text := range hardTexts {
				want := dense(text)
				if f == export.SRT {
					want = strings.ReplaceAll(want, "-->", "→")
				}
				at := strings.Index(rest, want)
				if at < 0 {
					t.Errorf("%s has lost %.60q, or has it out of order", name, text)
					continue
				}
				// Between two texts stand names and times, and nothing else of length.
				if between := rest[:at]; i > 0 && utf8.RuneCountInString(between) > 40 {
					t.Errorf("%s: %.60q stands between %.20q and %.20q", name, between, hardTexts[i-1], text)
				}
				rest = rest[at+len(want):]
			}
		}
	}
}

func TestVoicesAreRead(t *testing.T) {
	t.Parallel()
	heard := map[string]bool{}
	for _, c := range exportsOf(t, "en")[export.WebVTT].Cues {
		heard[c.Voice] = true
	}
	for _, name := range hardNames {
		if !heard[name] {
			t.Errorf("nobody is called %s: %v", name, heard)
		}
	}
}

// Readers that accepted anything would prove nothing.
func TestTheReadersFindFaults(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var files []string
	for name, text := range map[string]string{
		"arrow.vtt": "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\na --> b\n",
		"tag.vtt":   "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\na <x> b\n",
		"order.vtt": "WEBVTT\n\n1\n00:00:03.000 --> 00:00:02.000\na\n",
		"none.ttml": `<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"></tt>`,
		"list.md":   "1. a\n",
		"html.md":   "a <b>c</b>\n",
		"stress.md": "a **b**\n",
		"time.ttml": `<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body><div><p begin="x" end="00:00:02.000">a</p></div></body></tt>`,
	} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for i, u := range readBack(t, files...) {
		if len(u.Problems) == 0 {
			t.Errorf("%s was taken", filepath.Base(files[i]))
		}
	}
}

// dense leaves out blanks, which wrapping may drop.
func dense(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// base leaves out what has no width of its own.
func base(r rune) rune {
	if unicode.In(r, unicode.M, unicode.Cf, unicode.Sk) || r >= 0x1F000 {
		return -1
	}
	return r
}
