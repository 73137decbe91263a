package export

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/api"
)

var (
	vttTime = regexp.MustCompile(`^\d{2,}:\d\d:\d\d\.\d{3} --> \d{2,}:\d\d:\d\d\.\d{3}$`)
	srtTime = regexp.MustCompile(`^\d{2,}:\d\d:\d\d,\d{3} --> \d{2,}:\d\d:\d\d,\d{3}$`)
)

// blocksOf parts a file at its empty lines, and holds each caption to its form:
// a number, a time, one or two lines, of which none could be taken for a time.
func blocksOf(t *testing.T, name, file string, stamp *regexp.Regexp) {
	t.Helper()
	for block := range strings.SplitSeq(strings.TrimSuffix(file, "\n"), "\n\n") {
		lines := strings.Split(block, "\n")
		if name == "vtt" && (lines[0] == "WEBVTT" || lines[0] == "NOTE") {
			continue
		}
		if len(lines) < 3 || len(lines) > 2+Rows || !stamp.MatchString(lines[1]) {
			t.Fatalf("%s: %q", name, block)
		}
		for _, l := range lines[2:] {
			if l == "" || strings.Contains(l, "-->") {
				t.Fatalf("%s: a line %q", name, l)
			}
		}
	}
}

func FuzzWrite(f *testing.F) {
	for _, s := range hard().Segments {
		f.Add(s.Text, s.Speaker.Label, "title", s.Text)
	}
	f.Add("a\n\nb", "-->", "-->\n\nSTYLE", "\ufffe\uffff\u0085")
	f.Add("", "--", "", "- a")
	f.Fuzz(func(t *testing.T, text, label, title, other string) {
		doc := Document{Title: title, Language: other, Zero: began, Segments: []api.Segment{
			segment(1, label, 0, 3_000, text), segment(2, other, 1_000, 1_000, other), segment(3, label, 9_000, 8_000, text+" "+other),
		}}
		files := map[Format]string{}
		for _, format := range Formats() {
			var out strings.Builder
			if err := Write(&out, format, doc); err != nil {
				t.Fatal(err)
			}
			if files[format] = out.String(); !utf8.ValidString(files[format]) || strings.ContainsAny(files[format], "\r\x00\x1b") {
				t.Fatalf("%s: %q", format, files[format])
			}
		}
		blocksOf(t, "vtt", files[WebVTT], vttTime)
		blocksOf(t, "srt", files[SRT], srtTime)
		decoder := xml.NewDecoder(strings.NewReader(files[TTML]))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v: %s", err, files[TTML])
			}
		}
		if !json.Valid([]byte(files[JSON])) {
			t.Fatal(files[JSON])
		}
	})
}
