package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/cli"
)

// captionist is a captioner at the desk with a typed source.
type captionist struct {
	*stand
	http   client.HTTP
	track  string
	source ids.Source
	epoch  uint64
}

// sit opens a typed source on a track.
func (s *stand) sit(track string) *captionist {
	s.t.Helper()
	c := &captionist{stand: s, http: s.as(events.Captioner, 0), track: track}
	r := s.askAs(c.http, "open_source", nil, command.OpenSource{Track: track, Kind: events.TypedSource, Hears: events.HearsInterpretation}, "")
	c.source = made[ids.Source](s.t, r, "source")
	epoch, err := strconv.ParseUint(r.Made["epoch"], 10, 64)
	s.must(err)
	c.epoch = epoch
	return c
}

// types writes finals, and gives their segments.
func (c *captionist) types(texts ...string) []ids.Segment {
	c.t.Helper()
	args := command.Caption{Track: c.track, Source: c.source, Epoch: c.epoch}
	var made []ids.Segment
	for _, text := range texts {
		made = append(made, ids.New[ids.Segment]())
		args.Segments = append(args.Segments, command.CaptionSegment{Segment: made[len(made)-1], Rev: 1, Text: text})
	}
	c.askAs(c.http, "caption", nil, args, "")
	return made
}

// endings are those of the downloads.
var endings = []string{"vtt", "srt", "ttml", "txt", "md", "json"}

// transcripts reads everything that HTTP gives of a track, by address.
func (s *stand) transcripts(bearer, track string) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	paths := []string{"", "?since=0", "?since=1", "?since=2"}
	for _, ending := range endings {
		paths = append(paths, "."+ending, "."+ending+"?from=0&to=9999999999999")
	}
	for _, path := range paths {
		_, out[path] = s.read(bearer, s.path("/transcript/"+track+path))
	}
	return out
}

// files searches every file of the data folder.
func (s *stand) files(secret string) (found []string) {
	s.t.Helper()
	s.must(filepath.WalkDir(s.settings.Process.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path) //nolint:gosec // the test's own folder
		if err == nil && bytes.Contains(raw, []byte(secret)) {
			found = append(found, path)
		}
		return nil
	}))
	return found
}

// TestARedactedSentenceIsNowhere is the bullet "A redacted sentence is nowhere:
// not in any view, export, reconnect, snapshot, … or the stream's files after
// secure deletion" for one process; what it reads before proves that it looks in
// the right places.
func TestARedactedSentenceIsNowhere(t *testing.T) {
	const secret, wrong = "zyxwvut-redacted", "zyxwvut-misheard"
	s := start(t, setup{applicants: 2, listOpen: true, modalities: func(m *events.Modalities) { m.PublicLive = true }})
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	desk := s.sit("en")
	segments := desk.types("The first sentence.", "Somebody said "+secret+" aloud.", "A name "+wrong+".", "The last sentence.")
	bearers := map[string]string{
		"chair": chair.Token, "captioner": desk.http.Token, "speaker": s.as(events.Speaker, 0).Token,
		"observer": s.as(events.Observer, 0).Token, "visitor": "",
	}
	for path, text := range s.transcripts("", "en") {
		if path != "?since=2" && !strings.Contains(text, secret) {
			t.Errorf("%s has not what was said: %.200s", path, text)
		}
	}
	if len(s.files(secret)) == 0 {
		t.Error("the data folder does not hold the sentence before it is redacted")
	}
	before := map[string]*client.Live{}
	for name, bearer := range bearers {
		before[name] = s.connect(bearer, func(o *client.Options) { o.Tracks = []string{"en"} })
		s.must(before[name].Wait(s.ctx, func(l *client.Locked) bool { return l.CaptionSeq("en") == 4 }))
	}

	// Correcting first leaves an earlier revision with the words, which goes too.
	s.askAs(desk.http, "correct", nil, command.Correct{Segment: segments[1], Rev: 1, Text: "Somebody said " + secret + " loudly."}, "")
	s.askAs(desk.http, "redact", nil, command.SegmentRef{Segment: segments[1], Rev: 2}, "a private matter")
	s.askAs(desk.http, "redact", nil, command.SegmentRef{Segment: segments[2], Rev: 1}, "a name")
	s.quiet()
	for name, bearer := range bearers {
		l := before[name]
		s.must(l.Wait(s.ctx, func(l *client.Locked) bool { return l.CaptionSeq("en") == 7 }))
		after := s.connect(bearer, func(o *client.Options) { o.Tracks = []string{"en"} })
		s.must(after.Wait(s.ctx, func(l *client.Locked) bool { return l.CaptionSeq("en") == 7 }))
		for who, l := range map[string]*client.Live{"one that was connected": l, "one that joins": after} {
			states := map[string]int{}
			for _, segment := range l.Transcript("en").Segments {
				states[segment.State]++
				if strings.Contains(segment.Text, "zyxwvut") {
					t.Errorf("%s, %s: %q", name, who, segment.Text)
				}
			}
			if states[api.SegmentRedacted] != 2 || states[api.SegmentFinal] != 2 {
				t.Errorf("%s, %s sees %v", name, who, states)
			}
		}
		view, err := after.JSON()
		s.must(err)
		surfaces := s.transcripts(bearer, "en")
		surfaces["the view"] = string(view)
		_, surfaces["the log"] = s.read(bearer, s.path("/log"))
		_, surfaces["the page"] = s.read(bearer, s.path(""))
		for path, text := range surfaces {
			if strings.Contains(text, "zyxwvut") {
				t.Errorf("%s finds it in %s", name, path)
			}
		}
		if text := surfaces[".txt"]; !strings.Contains(text, "The first sentence.") || !strings.Contains(text, "The last sentence.") {
			t.Errorf("%s: the rest is not there: %.300s", name, text)
		}
	}
	if strings.Contains(s.lines.text(), "zyxwvut") {
		t.Error("it is in the process's own lines")
	}
	deadline := time.Now().Add(30 * time.Second)
	for len(s.files("zyxwvut")) > 0 && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if found := s.files("zyxwvut"); len(found) > 0 {
		t.Errorf("after the secure deletion it is in %v", found)
	}
}

// TestTheTextStreamFollowsAndEndsAtTheAdjournment: one line for each final as it
// comes, the speaker before the first, nothing that was retracted, and an end.
func TestTheTextStreamFollowsAndEndsAtTheAdjournment(t *testing.T) {
	s := start(t, setup{applicants: 1, listOpen: true, modalities: func(m *events.Modalities) { m.PublicLive = true }})
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	desk := s.sit("en")
	desk.types("Before anybody reads.")
	s.quiet()
	open := func(query string) *bufio.Scanner {
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Second)
		t.Cleanup(cancel)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.app.URL()+s.path("/transcript/en/text"+query), nil)
		s.must(err)
		response, err := http.DefaultClient.Do(request)
		s.must(err)
		t.Cleanup(func() { _ = response.Body.Close() })
		if kind := response.Header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
			t.Errorf("the stream is %s", kind)
		}
		return bufio.NewScanner(response.Body)
	}
	line := func(r *bufio.Scanner, want string) {
		t.Helper()
		if !r.Scan() || r.Text() != want {
			t.Errorf("the stream says %q, not %q (%v)", r.Text(), want, r.Err())
		}
	}
	whole, now := open("?since=0"), open("")
	line(whole, ">> Chair: Before anybody reads.")
	desk.types("Two\u00a0 words.", ">> MR DIOP: From the back of the room.", ">> MR DIOP: Still he.")
	for _, r := range []*bufio.Scanner{whole, now} {
		if r == now {
			line(r, ">> Chair: Two words.")
		} else {
			line(r, "Two words.")
		}
		line(r, ">> MR DIOP: From the back of the room.")
		line(r, "Still he.")
	}
	s.askAs(chair, "adjourn", &command.Expect{Plan: s.view().Plan.Digest}, command.None{}, "")
	for _, r := range []*bufio.Scanner{whole, now} {
		if r.Scan() {
			t.Errorf("after the adjournment the stream says %q", r.Text())
		}
	}
}

// TestDownloadsAreCutByTimeAndTurn, are refused in words where there is nothing
// to give, and hold earlier revisions for those who take part alone.
func TestDownloadsAreCutByTimeAndTurn(t *testing.T) {
	s := start(t, setup{applicants: 2, listOpen: true, gated: true, modalities: func(m *events.Modalities) { m.PublicLive = true }})
	chair := s.as(events.Chair, 0)
	s.join(0)
	s.askAs(chair, "start_session", nil, command.None{}, "")
	desk := s.sit("en")
	desk.types("The chair opens.")
	s.pass(30_000)
	id := s.next(chair)
	s.askAs(chair, "begin", turn(id), command.Begin{Turn: id}, "")
	s.pass(20_000)
	said := desk.types("The delegate speaks.")
	middle := s.now().Add(-15_000)
	s.pass(10_000)
	s.askAs(desk.http, "correct", nil, command.Correct{Segment: said[0], Rev: 1, Text: "The delegates speak."}, "")
	s.quiet()
	for path, want := range map[string][2]bool{ // of the chair's and of the delegate's words
		"":                                      {true, true},
		"?turn=" + id.String():                  {false, true},
		"?from=" + ms(middle):                   {false, true},
		"?to=" + ms(middle):                     {true, false},
		"?turn=" + ids.New[ids.Turn]().String(): {false, false},
	} {
		for _, ending := range endings {
			status, text := s.read("", s.path("/transcript/en."+ending+path))
			if got := [2]bool{strings.Contains(text, "opens."), strings.Contains(text, "The delegates speak.")}; status != 200 || got != want {
				t.Errorf("%s%s: %d, %v and not %v: %.200s", ending, path, status, got, want, text)
			}
			if strings.Contains(text, "The delegate speaks.") {
				t.Errorf("%s%s gives the public an earlier revision", ending, path)
			}
		}
	}
	if _, text := s.read(desk.http.Token, s.path("/transcript/en.json")); !strings.Contains(text, "The delegate speaks.") {
		t.Errorf("the desk's JSON has no earlier revision: %s", text)
	}
	file := filepath.Join(t.TempDir(), "token")
	s.must(os.WriteFile(file, []byte(desk.http.Token+"\n"), 0o600))
	for _, ending := range endings {
		_, want := s.read(desk.http.Token, s.path("/transcript/en."+ending+"?turn="+id.String()))
		if code, got, failed := s.exports("--format", ending, "--turn", id.String(), "--token-file", file); code != 0 || got != want {
			t.Errorf("transcript export --format %s ended with %d and gives %.200q: %s", ending, code, got, failed)
		}
	}
	for _, flags := range [][]string{{"--format", "doc"}, {"--turn", "x"}, {"--from", "noon"}, {"--session", "x"}, {"--token-file", file + "x"}} {
		if code, _, failed := s.exports(flags...); code != 2 || failed == "" {
			t.Errorf("transcript export %v ended with %d: %s", flags, code, failed)
		}
	}
	if code, _, failed := s.exports("--track", "fr"); code != 1 || !strings.Contains(failed, "no track fr") {
		t.Errorf("of a track that is not there it says %d %s", code, failed)
	}
	for path, want := range map[string]int{"/transcript/xx1": 422, "/transcript/fr": 404, "/transcript/en.doc": 404, "/transcript/en.vtt?turn=x": 422, "/transcript/en.vtt?from=x": 422} {
		if status, text := s.read("", s.path(path)); status != want || !strings.Contains(text, `"code"`) {
			t.Errorf("%s: %d, not %d: %.200s", path, status, want, text)
		}
	}
}

// exports runs `fairfloor transcript export` against the stand.
func (s *stand) exports(args ...string) (int, string, string) {
	var out, failed bytes.Buffer
	code := cli.Main(append([]string{"transcript", "export", "--server", s.app.URL(), "--session", s.session.String()}, args...), strings.NewReader(""), &out, &failed)
	return code, out.String(), failed.String()
}

// ms writes session time as addresses have it.
func ms(at clock.Instant) string { return strconv.FormatInt(int64(at), 10) }
