package relay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/captions/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// meeting is a caption URL as Zoom's: it counts, and answers what it is told to.
type meeting struct {
	mu      sync.Mutex
	answers []func(http.ResponseWriter, *http.Request) // for the next attempts; then 200
	seen    []string                                   // "seq lang body" of every attempt
	taken   map[string]string                          // text by seq, each once
	last    string
	release chan struct{} // ends those that hang
}

func open(t *testing.T) (*meeting, relay.Target, *relay.Client) {
	t.Helper()
	m := &meeting{taken: map[string]string{}, last: "-1", release: make(chan struct{})}
	server := httptest.NewServer(m)
	list := relay.AllowList{Hosts: []string{server.Listener.Addr().String()}, Insecure: true, Private: true}
	client := relay.NewClient(list, 200*time.Millisecond)
	t.Cleanup(func() {
		close(m.release)
		client.Close()
		server.Close()
	})
	target, err := list.Target(relay.Zoom, server.URL+"/closedcaption?id=1")
	if err != nil {
		t.Fatal(err)
	}
	return m, target, client
}

func (m *meeting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.URL.Path == "/closedcaption/seq" && r.Method == http.MethodGet && r.URL.Query().Get("id") == "1" {
		_, _ = io.WriteString(w, m.last+"\n")
		return
	}
	seq := r.URL.Query().Get("seq")
	m.seen = append(m.seen, fmt.Sprintf("%s %s %s %s", r.Method, seq, r.URL.Query().Get("lang"), strings.TrimSpace(string(body))))
	if len(m.answers) > 0 {
		answer := m.answers[0]
		m.answers = m.answers[1:]
		m.mu.Unlock()
		answer(w, r)
		m.mu.Lock()
		return
	}
	if _, twice := m.taken[seq]; !twice {
		m.taken[seq] = strings.TrimSpace(string(body))
		m.last = seq
	}
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (m *meeting) hang(http.ResponseWriter, *http.Request) { <-m.release }

// breakOff closes the connection without an answer, after it has taken the text.
func (m *meeting) breakOff(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.taken[r.URL.Query().Get("seq")] = "taken, then broken off"
	m.mu.Unlock()
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		connection.Close()
	}
}

// lines is a feed of so many lines, which ends the relay after the last.
type lines struct {
	count     int64
	delivered int64
	end       context.CancelFunc
}

func (l *lines) Next(ctx context.Context) (relay.Post, error) {
	if l.delivered == l.count {
		l.end()
		return relay.Post{}, context.Cause(ctx)
	}
	n := l.delivered + 1
	return relay.Post{Seq: n, Language: "en-US", Text: fmt.Sprintf("line %d", n)}, nil
}

func (l *lines) Delivered(_ context.Context, p relay.Post) error {
	if p.Seq != l.delivered+1 {
		return fmt.Errorf("%d was delivered after %d", p.Seq, l.delivered)
	}
	l.delivered = p.Seq
	return nil
}

func TestRelayTargetThatFailsLosesNothingAndARetryRepeatsItsSeq(t *testing.T) {
	t.Parallel()
	m, target, client := open(t)
	m.answers = []func(http.ResponseWriter, *http.Request){
		status(500), status(403), m.hang, status(200), m.breakOff, status(429), m.hang, status(400),
	}
	ctx, cancel := context.WithCancel(t.Context())
	feed := &lines{count: 20, end: cancel}
	var reports []relay.Status
	var waits []time.Duration
	err := relay.Run(ctx, relay.Config{
		Client: client, Target: target, Feed: feed,
		Report: func(s relay.Status) { reports = append(reports, s) },
		Wait:   func(ctx context.Context, d time.Duration) error { waits = append(waits, d); return ctx.Err() },
	})
	if !errors.Is(err, context.Canceled) || feed.delivered != 20 {
		t.Fatalf("%d delivered, %v", feed.delivered, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// Line 1 is answered 500, 403, not at all, 200 (and not kept by this server); line 2 is broken off, and so on.
	want := []string{}
	for seq, times := range map[int64]int{1: 4, 2: 5} {
		for range times {
			want = append(want, fmt.Sprintf("POST %d en-US line %d", seq, seq))
		}
	}
	for seq := int64(3); seq <= 20; seq++ {
		want = append(want, fmt.Sprintf("POST %d en-US line %d", seq, seq))
	}
	slices.SortStableFunc(want, func(a, b string) int { return number(a) - number(b) })
	if !slices.Equal(m.seen, want) {
		t.Errorf("attempts\n got %q\nwant %q", m.seen, want)
	}
	// Everything after the first line, whose 200 came without keeping, is there once.
	if len(m.taken) != 19 || m.last != "20" {
		t.Errorf("%d lines were taken, the last %s", len(m.taken), m.last)
	}
	persons := 0
	for _, r := range reports {
		if r.Person {
			persons++
		}
		if strings.Contains(r.Reason, "closedcaption") {
			t.Errorf("a report holds the link: %s", r.Reason)
		}
	}
	if last := reports[len(reports)-1]; persons != 2 || last != (relay.Status{Seq: 2}) || len(reports) != 9 {
		t.Errorf("reports: %+v", reports)
	}
	if len(waits) != 7 {
		t.Errorf("waited %v", waits)
	}
}

func number(line string) (n int) {
	_, _ = fmt.Sscanf(line, "POST %d", &n)
	return n
}

func TestRelayEndsWhileItWaits(t *testing.T) {
	t.Parallel()
	m, target, client := open(t)
	m.answers = []func(http.ResponseWriter, *http.Request){status(403)}
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	err := relay.Run(ctx, relay.Config{
		Client: client, Target: target, Feed: &lines{count: 1, end: cancel},
		// The wait after 403 is 5 s of the machine's clock.
		Report: func(relay.Status) { cancel() },
	})
	if !errors.Is(err, context.Canceled) || time.Since(began) > 4*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	// And while an attempt hangs: that is no failure of the target.
	ctx, cancel = context.WithCancel(t.Context())
	m.mu.Lock()
	m.answers = []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) { cancel(); m.hang(w, r) }}
	m.mu.Unlock()
	err = relay.Run(ctx, relay.Config{
		Client: client, Target: target, Feed: &lines{count: 1, end: cancel},
		Report: func(s relay.Status) { t.Errorf("reported %+v", s) },
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type broken struct{ lines }

func (b *broken) Delivered(context.Context, relay.Post) error { return errors.New("the log is away") }

func TestRelayEndsWithItsFeed(t *testing.T) {
	t.Parallel()
	_, target, client := open(t)
	err := relay.Run(t.Context(), relay.Config{Client: client, Target: target, Feed: &broken{lines{count: 1}}, Report: func(relay.Status) {}})
	if err == nil || !strings.Contains(err.Error(), "keep that post 1 was taken: the log is away") {
		t.Error(err)
	}
}

func TestRelayFollowsRedirectsOnTheListOnly(t *testing.T) {
	t.Parallel()
	there, listed, client := open(t)
	here, target, _ := open(t)
	// The client's list has the first server only.
	if answer := client.Send(t.Context(), target, relay.Post{Seq: 1, Text: "x"}); answer.Fault != relay.OffList {
		t.Errorf("a target of another list: %+v", answer)
	}
	to := func(code int, location string) {
		there.mu.Lock()
		there.answers = append(there.answers, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, location, code) })
		there.mu.Unlock()
	}
	on := listed.URL.String() + "&moved=1&seq=5"
	to(http.StatusTemporaryRedirect, on)
	if answer := client.Send(t.Context(), listed, relay.Post{Seq: 5, Text: "kept"}); answer.Status != 200 || there.taken["5"] != "kept" {
		t.Errorf("307 on the list: %+v, %v", answer, there.taken)
	}
	to(http.StatusTemporaryRedirect, target.URL.String())
	if answer := client.Send(t.Context(), listed, relay.Post{Seq: 6, Text: "secret"}); answer.Fault != relay.OffList {
		t.Errorf("307 off the list: %+v", answer)
	}
	to(http.StatusFound, on)
	if answer := client.Send(t.Context(), listed, relay.Post{Seq: 7, Text: "secret"}); answer.Status != 302 {
		t.Errorf("302: %+v", answer)
	}
	for range 5 {
		to(http.StatusPermanentRedirect, on)
	}
	if answer := client.Send(t.Context(), listed, relay.Post{Seq: 8, Text: "round"}); answer.Fault != relay.OffList {
		t.Errorf("in a circle: %+v", answer)
	}
	if len(here.seen) > 0 {
		t.Errorf("a server off the list was asked: %q", here.seen)
	}
}

// A public name that points inside is caught when it has been resolved.
func TestRelayDoesNotReachInsideByAName(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	list := relay.AllowList{Hosts: []string{"localhost:" + port}, Insecure: true}
	target, err := list.Target(relay.YouTube, "http://localhost:"+port+"/closedcaption")
	if err != nil {
		t.Fatal(err)
	}
	client := relay.NewClient(list, time.Second)
	defer client.Close()
	if answer := client.Send(t.Context(), target, relay.Post{Seq: 1, Text: "x"}); answer.Fault != relay.OffList {
		t.Errorf("%+v", answer)
	}
}

func TestAcceptedTellsWhereZoomStands(t *testing.T) {
	t.Parallel()
	m, target, client := open(t)
	if seq, err := client.Accepted(t.Context(), target); err != nil || seq != 0 {
		t.Errorf("before anything: %d, %v", seq, err)
	}
	if answer := client.Send(t.Context(), target, relay.Post{Seq: 41, Text: "x"}); answer.Status != 200 {
		t.Fatalf("%+v", answer)
	}
	if seq, err := client.Accepted(t.Context(), target); err != nil || seq != 41 {
		t.Errorf("%d, %v", seq, err)
	}
	m.mu.Lock()
	m.last = "<html>"
	m.mu.Unlock()
	if _, err := client.Accepted(t.Context(), target); err == nil || !strings.Contains(err.Error(), "no seq") {
		t.Error(err)
	}
	target.Form = relay.YouTube
	if _, err := client.Accepted(t.Context(), target); err == nil {
		t.Error("YouTube told its seq")
	}
}
