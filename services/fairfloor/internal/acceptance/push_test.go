package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// tool is a captioner's tool with a caption URL, as made for Zoom or StreamText.
type tool struct {
	*stand
	url    string
	source ids.Source
}

// plugIn opens a push source on a track and gives its tool the URL.
func (s *stand) plugIn(track string) *tool {
	s.t.Helper()
	captioner := s.as(events.Captioner, 0)
	r := s.askAs(captioner, "open_source", nil, command.OpenSource{Track: track, Kind: events.PushSource, Label: "CART"}, "")
	to := &tool{stand: s, source: made[ids.Source](s.t, r, "source")}
	var address struct {
		URL string `json:"url"`
	}
	s.must(captioner.Do(s.ctx, http.MethodGet, s.path("/sources/"+to.source.String()+"/url"), nil, &address))
	to.url = address.URL
	return to
}

// send is one request of the tool; it gives the status and the first line.
func (to *tool) send(method, url string, words []byte) (int, string) {
	to.t.Helper()
	request, err := http.NewRequestWithContext(to.ctx, method, url, bytes.NewReader(words))
	to.must(err)
	request.Header.Set("Content-Type", "text/plain")
	response, err := http.DefaultClient.Do(request)
	to.must(err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	to.must(err)
	return response.StatusCode, strings.TrimSpace(string(answer))
}

// post posts words under a number.
func (to *tool) post(seq int, words string) (int, string) {
	to.t.Helper()
	return to.send(http.MethodPost, to.url+"?seq="+strconv.Itoa(seq)+"&lang=en-US", []byte(words))
}

// track reads a track as it stands.
func (s *stand) track(who client.HTTP, tag string) api.CaptionFrame {
	s.t.Helper()
	s.quiet()
	var out api.CaptionFrame
	s.must(who.Do(s.ctx, http.MethodGet, s.path("/transcript/"+tag), nil, &out))
	return out
}

// texts gives the texts of a track that stand, in order.
func (s *stand) texts(tag string) []string {
	s.t.Helper()
	var out []string
	for _, segment := range s.track(s.organiser, tag).Segments {
		if segment.Text != "" {
			out = append(out, segment.Text)
		}
	}
	return out
}

// TestPushRepeatedSeqGapLineEndsBackspacesWrongTokenBeforeStartAfterAdjournment
// is the bullet "Push: repeated seq, gap, CR, LF, CRLF, multi-byte characters cut
// by backspaces, deletes across posts, wrong token, before start, after
// adjournment, a 1 MiB body, not UTF-8: as specified".
func TestPushRepeatedSeqGapLineEndsBackspacesWrongTokenBeforeStartAfterAdjournment(t *testing.T) {
	s := start(t, setup{gated: true})
	to := s.plugIn("en")
	status := func(what string, want int) func(int, string) {
		return func(got int, line string) {
			t.Helper()
			if got != want || line == "" {
				t.Errorf("%s: %d %q, not %d with a sentence", what, got, line, want)
			}
		}
	}
	status("before the start", 400)(to.post(0, "too early\n"))
	status("the last number before the first post", 200)(to.send(http.MethodGet, to.url+"/seq", nil))
	s.askAs(s.as(events.Chair, 0), "start_session", nil, command.None{}, "")

	status("a wrong token", 403)(to.send(http.MethodPost, to.url[:len(to.url)-3]+"abc?seq=0", []byte("x\n")))
	status("a person's token", 403)(to.send(http.MethodPost, to.url[:strings.LastIndex(to.url, "/")+1]+s.organiser.Token+"?seq=0", []byte("x\n")))
	status("no seq", 403)(to.send(http.MethodPost, to.url, []byte("x\n")))
	status("a seq that is none", 403)(to.send(http.MethodPost, to.url+"?seq=one", []byte("x\n")))
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		status(method, 405)(to.send(method, to.url+"?seq=0", nil))
	}
	status("POST to /seq", 405)(to.send(http.MethodPost, to.url+"/seq", nil))
	status("not UTF-8", 400)(to.post(0, "caf\xe9\n"))
	status("more than 1 MiB", 413)(to.post(0, strings.Repeat("a", 1<<20+1)))
	if got := s.texts("en"); len(got) != 0 {
		t.Fatalf("refused posts left %q", got)
	}

	status("the first", 200)(to.post(0, "One.\nTwo.\rThree.\r\nFour"))
	status("the same again", 200)(to.post(0, "One.\nTwo.\rThree.\r\nFour"))
	status("the same seq with other words", 200)(to.post(0, "Never.\n"))
	status("the rest of a line", 200)(to.post(1, " and a half.\n"))
	if _, last := to.send(http.MethodGet, to.url+"/seq", nil); last != "1" {
		t.Errorf("GET /seq says %q after the posts 0 and 1", last)
	}
	// A backspace deletes a character, however many bytes it has, and also the end
	// of the line before and what was posted before.
	status("multi-byte characters cut by backspaces", 200)(to.post(2, "na\u00efvet\u00e9\u8bed\u8a00\b\b\bte\n"))
	status("deletes across posts", 200)(to.post(3, "\b\b\bTIES.\n"))
	want := []string{"One.", "Two.", "Three.", "Four and a half.", "naïvetTIES."}
	if got := s.texts("en"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the track reads %q, not %q", got, want)
	}
	all := s.track(s.organiser, "en").Segments
	if last := all[len(all)-1]; last.State != api.SegmentCorrected || last.Rev < 2 || !last.Edited {
		t.Errorf("the final that backspaces reached is %s, revision %d", last.State, last.Rev)
	}

	status("a gap", 200)(to.post(9, "After the gap.\n"))
	view := s.view()
	if source := view.Sources[to.source]; source.Missing != 5 || source.MissingAt.IsZero() {
		t.Errorf("after a gap of 5 the desk sees %d missing at %v", source.Missing, source.MissingAt)
	}
	line := strings.Repeat("word ", 180) + "\n"
	status("1 MiB", 200)(to.post(10, strings.Repeat(line, (1<<20)/len(line))))
	words := 0
	for _, text := range s.texts("en") {
		words += strings.Count(text, "word")
	}
	if want := (1 << 20) / len(line) * 180; words != want {
		t.Errorf("of the words of a post of 1 MiB %d of %d are in the track", words, want)
	}

	other := s.plugIn("fr")
	s.askAs(s.as(events.Captioner, 0), "close_source", nil, command.SourceRef{Source: other.source}, "")
	status("an ended source", 403)(other.post(0, "x\n"))
	status("GET of an ended source", 403)(other.send(http.MethodGet, other.url+"/seq", nil))

	plan := s.view().Plan.Digest
	s.askAs(s.as(events.Chair, 0), "adjourn", &command.Expect{Plan: plan}, command.None{}, "")
	// What was said before the gavel may take a captioner's latency to arrive.
	s.pass(60_000)
	status("after adjournment", 400)(to.post(11, "too late\n"))
}

// FuzzPushDoor: whatever is posted under whatever number and language, the door
// answers with one of its statuses, and what it took can be read and stays.
func FuzzPushDoor(f *testing.F) {
	s := start(f, setup{})
	s.askAs(s.as(events.Chair, 0), "start_session", nil, command.None{}, "")
	to := s.plugIn("en")
	for _, words := range []string{"", "a\n", "\b\b\b", "\r", "\n", "\xff\xfe", ">> NAME: words\n", "\x00\x1b[2J", strings.Repeat("\b", 3000), "日本語\b\b\r\n", "\ufeffBOM\n"} {
		f.Add("1", "en-US", []byte(words), http.MethodPost)
	}
	f.Add("-1", "en", []byte("x"), http.MethodPost)
	f.Add("99999999999999999999", "", []byte("x"), http.MethodPost)
	f.Add("0", "english", []byte("x"), "PROPFIND")
	number := 0
	f.Fuzz(func(t *testing.T, seq, lang string, words []byte, method string) {
		own := &tool{stand: s.in(t), url: to.url}
		if seq == "1" { // what the fuzzer makes of the words should mostly be taken
			number++
			seq = strconv.Itoa(number)
		}
		query := url.Values{"seq": {seq}, "lang": {lang}}
		request, err := http.NewRequestWithContext(s.ctx, method, own.url+"?"+query.Encode(), bytes.NewReader(words))
		if err != nil {
			return // no method of HTTP
		}
		response, err := http.DefaultClient.Do(request)
		own.must(err)
		answer, err := io.ReadAll(response.Body)
		own.must(err)
		own.must(response.Body.Close())
		switch response.StatusCode {
		case 200, 400, 403, 404, 405, 413, 415:
		default:
			t.Fatalf("%s with seq %q: %d %s", method, seq, response.StatusCode, answer)
		}
		if response.StatusCode == 200 && method == http.MethodPost && !utf8.Valid(words) {
			t.Fatalf("%q is not UTF-8 and was taken", words)
		}
		frame := own.track(s.organiser, "en")
		for _, segment := range frame.Segments {
			if !utf8.ValidString(segment.Text) || strings.ContainsFunc(segment.Text, unicode.IsControl) {
				t.Fatalf("the track holds %q", segment.Text)
			}
		}
	})
}
