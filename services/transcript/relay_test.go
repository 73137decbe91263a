package transcript

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// conference is an outgoing caption URL that answers as it is told, and forgets
// what comes twice, as the real ones do.
type conference struct {
	*httptest.Server
	mu    sync.Mutex
	next  []int
	seen  []string
	lines map[string]string
}

func newConference(t *testing.T, answers ...int) *conference {
	c := &conference{next: answers, lines: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		seq := r.URL.Query().Get("seq")
		c.seen = append(c.seen, seq)
		status := http.StatusOK
		if len(c.next) > 0 {
			status, c.next = c.next[0], c.next[1:]
		}
		if _, twice := c.lines[seq]; status == http.StatusOK && !twice {
			c.lines[seq] = strings.TrimSpace(string(body))
		}
		c.mu.Unlock()
		if status == 0 { // hangs until the caller gives up
			<-r.Context().Done()
			return
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(c.Close)
	return c
}

// got lists what the conference shows, in order of its numbers.
func (c *conference) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for n := 1; ; n++ {
		text, there := c.lines[fmt.Sprint(n)]
		if !there {
			return all
		}
		all = append(all, text)
	}
}

func (c *conference) settings() Settings {
	u, _ := url.Parse(c.URL)
	return Settings{RelayHosts: []string{u.Host}, RelayTrusted: true}
}

// "A relay target that answers 500 or 403 loses nothing, and a retry repeats its
// seq", and it survives the service's end in the middle.
func TestARelayTargetThatAnswers500Or403LosesNothing(t *testing.T) {
	w := newWorld(t)
	c := newConference(t, 500, 403, 200, 200, 500)
	s, stop := w.transcript("one", c.settings())
	source := w.open(captioner, events.TypedSource, "en", 0)
	w.must(w.caption(captioner, source, 1, ids.New[ids.Segment](), 1, "before the relay"))
	made := w.must(w.request(captioner, "add_relay", command.AddRelay{Track: "en", Form: events.RelayZoom, URL: c.URL + "/closedcaption?id=1&token=sesame-77"}))
	relay := ids.MustParse[ids.Relay](made.Made["relay"])
	var want []string
	write := func(n int) {
		text := fmt.Sprintf("sentence number %d", n)
		want = append(want, text)
		w.must(w.caption(captioner, source, 1, ids.New[ids.Segment](), 1, text))
	}
	for n := range 3 {
		write(n)
	}
	w.eventually("a first post is there", func() bool { return len(c.got()) > 0 })
	stop()
	s, _ = w.transcript("two", c.settings())
	write(3)
	w.eventually("all posts are there", func() bool { return len(c.got()) == len(want) })
	if got := c.got(); !slices.Equal(got, want) {
		t.Errorf("the conference shows %q", got)
	}
	if c.seen[0] != "1" || c.seen[1] != "1" || c.seen[2] != "1" {
		t.Errorf("a retry had another seq: %v", c.seen)
	}
	w.eventually("it is noted", func() bool {
		done := false
		w.state(s, func(state *session.State) {
			r := state.Transcript.Relays[relay]
			done = r.Post == int64(len(want)) && !r.Failing && r.Through == state.Transcript.Tracks["en"].Seq()
		})
		return done
	})
	// The address is a secret: in the store, not in the log, and gone with the relay.
	for _, body := range w.bodies(s) {
		if contains(body, "sesame") {
			t.Errorf("the log holds the address: %s", body)
		}
	}
	w.must(w.request(captioner, "remove_relay", command.RelayRef{Relay: relay}))
	settled(t, s)
	if found := w.files("sesame-77"); len(found) > 0 {
		t.Errorf("the address is in %v", found)
	}
	w.refused(w.request(captioner, "remove_relay", command.RelayRef{Relay: relay}), problem.NotFound)
}

func TestATargetThatFailsIsShown(t *testing.T) {
	w := newWorld(t)
	c := newConference(t, 403)
	s, _ := w.transcript("one", c.settings())
	source := w.open(captioner, events.TypedSource, "en", 0)
	made := w.must(w.request(captioner, "add_relay", command.AddRelay{Track: "en", Form: events.RelayYouTube, URL: c.URL + "/cc"}))
	w.must(w.caption(captioner, source, 1, ids.New[ids.Segment](), 1, "a sentence"))
	id := ids.MustParse[ids.Relay](made.Made["relay"])
	failing := func() (is bool) {
		w.state(s, func(state *session.State) { is = state.Transcript.Relays[id].Failing })
		return is
	}
	w.eventually("it is failing", failing)
	w.eventually("and goes on", func() bool { return !failing() && len(c.got()) == 1 })
}

func TestRelayTargetsPassAnAllowList(t *testing.T) {
	w := newWorld(t)
	w.transcript("one", Settings{RelayHosts: []string{"*.zoom.us"}})
	w.open(captioner, events.TypedSource, "en", 0)
	for address, code := range map[string]problem.Code{
		"https://wmcc.zoom.us/closedcaption?id=1": "",
		"http://wmcc.zoom.us/closedcaption?id=1":  problem.Invalid,
		"https://zoom.us.example.org/cc":          problem.Invalid,
		"https://127.0.0.1/cc":                    problem.Invalid,
		"nonsense":                                problem.Invalid,
	} {
		r := w.request(captioner, "add_relay", command.AddRelay{Track: "en", Form: events.RelayZoom, URL: address})
		if code == "" {
			w.must(r)
			continue
		}
		if p := w.refusal(r, code); p.Field != "args.url" || strings.Contains(p.Detail, "id=1") {
			t.Errorf("%s: %+v", address, p)
		}
	}
	w.refused(w.request(captioner, "add_relay", command.AddRelay{Track: "fr", Form: events.RelayZoom, URL: "https://wmcc.zoom.us/x"}), problem.NotFound)
	w.refused(w.request(captioner, "add_relay", command.AddRelay{Track: "en", Form: "fax", URL: "https://wmcc.zoom.us/x"}), problem.Invalid)
}
