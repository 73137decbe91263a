package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/live"
)

// ended reads to the end of the connection and gives the problem, the goodbye
// and the close code that came.
func (c *client) ended() (p *problem.Error, bye *api.Bye, code int) {
	c.t.Helper()
	for {
		kind, raw, err := c.try()
		var closed *websocket.CloseError
		switch {
		case err != nil && isClose(err, &closed):
			return p, bye, closed.Code
		case err != nil:
			c.t.Fatalf("the connection ended without a close frame after %v: %v", c.seen, err)
		case kind == api.FrameProblem:
			f := read[api.ProblemFrame](c.t, raw)
			p = f.Problem
		case kind == api.FrameBye:
			b := read[api.Bye](c.t, raw)
			bye = &b
		}
	}
}

func isClose(err error, into **websocket.CloseError) bool {
	return errors.As(err, into)
}

// TestWithoutAHelloTheConnectionEnds, and is told to come again: on a bad network a
// hello may be late, which no client may take for the end of its link.
func TestWithoutAHelloTheConnectionEnds(t *testing.T) {
	t.Parallel()
	s := open(t, 1, 0, nil)
	c := &client{t: t, ws: s.dial(s.web)}
	begun := time.Now()
	p, bye, code := c.ended()
	if p == nil || p.Code != problem.Busy || p.RetryAfterMS == 0 || bye == nil || code != 1013 {
		t.Errorf("it ended with %v, %v, %d", p, bye, code)
	}
	if waited := time.Since(begun); waited < 4500*time.Millisecond || waited > 8*time.Second {
		t.Errorf("it ended after %s", waited)
	}
}

func TestHellosThatAreRefused(t *testing.T) {
	s := open(t, 1, 0, nil)
	expired, err := token.New(token.Config{Keys: otherKeys}).Issue(token.Claims{
		Subject: "token/x", Session: s.session, Roles: []events.Role{events.Chair}, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := s.tokens.Issue(token.Claims{
		Subject: "token/x", Session: ids.New[ids.Session](), Roles: []events.Role{events.Chair}, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		first string
		code  problem.Code
		field string
	}{
		"a command first":          {`{"type":"command","id":""}`, problem.Unauthorised, "type"},
		"a forged token":           {`{"type":"hello","token":"` + expired + `"}`, problem.Unauthorised, "token"},
		"a damaged token":          {`{"type":"hello","token":"` + s.token(events.Chair, 0)[1:] + `"}`, problem.Unauthorised, "token"},
		"another session's token":  {`{"type":"hello","token":"` + elsewhere + `"}`, problem.Forbidden, "token"},
		"an audience of nobody":    {`{"type":"hello","token":"","audience":"everybody"}`, problem.Invalid, "audience"},
		"a token that is a number": {`{"type":"hello","token":7}`, problem.Malformed, "token"},
		"an unknown member":        {`{"type":"hello","token":"","role":"chair"}`, problem.Malformed, "role"},
		"no JSON":                  {`hello`, problem.Malformed, ""},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			c := &client{t: t, ws: s.dial(s.web)}
			if err := c.ws.WriteMessage(websocket.TextMessage, []byte(k.first)); err != nil {
				t.Fatal(err)
			}
			p, bye, code := c.ended()
			if p == nil || p.Code != k.code || p.Field != k.field || p.Do == "" || bye == nil || code != 1008 {
				t.Errorf("it ended with %v, %v, %d", p, bye, code)
			}
			if c.doc != nil {
				t.Error("it was shown the view")
			}
		})
	}
}

func TestVisitorsOnlyWhereTheyAreWelcome(t *testing.T) {
	s := open(t, 1, 0, nil)
	c := s.join(api.Hello{})
	c.until(api.FrameSnapshot)
	m := sessiontest.Modalities()
	m.PublicLive = false
	s.append(events.Registry, &events.SessionChanged{Title: "Closed", HardEnd: clock.Of(time.Now()) + 1e6, Modalities: m})
	if p, _, _ := s.join(api.Hello{}).ended(); p == nil || p.Code != problem.Unauthorised {
		t.Errorf("a visitor of a closed session got %v", p)
	}
}

func TestSessionsThatDoNotExist(t *testing.T) {
	s := open(t, 1, 0, nil)
	s.session = ids.New[ids.Session]()
	if p, bye, code := s.join(api.Hello{}).ended(); p == nil || p.Code != problem.NotFound || bye == nil || code != 1013 {
		t.Errorf("it ended with %v, %v, %d", p, bye, code)
	}
}

func TestUselessFramesAreAnsweredAndThenShownOut(t *testing.T) {
	s := open(t, 2, 1, nil)
	c := s.join(api.Hello{Token: s.token(events.Speaker, 1)})
	c.until(api.FrameSnapshot)
	useless := []struct {
		kind int
		data []byte
	}{
		{websocket.TextMessage, []byte(`{`)},
		{websocket.BinaryMessage, []byte(`{"type":"clock","client_ms":1}`)},
		{websocket.TextMessage, []byte("{\"type\":\"\xff\"}")},
		{websocket.TextMessage, []byte(`{"type":"command","id":"x"}`)},
	}
	for _, u := range useless {
		if err := c.ws.WriteMessage(u.kind, u.data); err != nil {
			t.Fatal(err)
		}
		if p := read[api.ProblemFrame](t, c.until(api.FrameProblem)); p.Problem.Code != problem.Malformed || p.Problem.Do == "" {
			t.Errorf("%q is answered by %v", u.data, p.Problem)
		}
	}
	// The connection is as good as ever.
	c.send(api.ClockFrame{Type: api.FrameClock, ClientMS: 5})
	c.until(api.FrameClock)
	for range 40 {
		if err := c.ws.WriteMessage(websocket.TextMessage, []byte(`7`)); err != nil {
			break // it closed already
		}
	}
	if p, bye, code := c.ended(); p == nil || bye == nil || code != 1008 {
		t.Errorf("who sends nothing but nonsense is shown out with %v, %v, %d", p, bye, code)
	}
}

func TestOversizedFramesEndTheConnection(t *testing.T) {
	s := open(t, 1, 0, nil)
	c := s.join(api.Hello{})
	c.until(api.FrameSnapshot)
	if err := c.ws.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), api.MaxFrame+1)); err != nil {
		t.Fatal(err)
	}
	if p, bye, code := c.ended(); p == nil || p.Code != problem.TooLarge || bye == nil || code != 1009 {
		t.Errorf("it ended with %v, %v, %d", p, bye, code)
	}
}

func TestClockAnswersInLogTime(t *testing.T) {
	for _, k := range []struct {
		mode  string
		speed int64
		want  int64
	}{{"real", 0, 1000}, {"scaled", 60_000, 60_000}, {"gated", 60_000, 0}} {
		t.Run(k.mode, func(t *testing.T) {
			gated := clock.NewGated(time.Now().Add(-time.Hour).Truncate(time.Millisecond))
			s := open(t, 1, 0, func(c *live.Config) {
				if k.mode == "gated" {
					c.Clock = gated
				}
			})
			mapping := clock.Mapping{}
			if k.speed > 0 {
				now := clock.Of(gated.Now())
				mapping = clock.Mapping{S0: 1_000_000, W0: now, SpeedPermille: k.speed}
			}
			s.append(events.Registry, &events.ClockSet{Clock: mapping, Mode: k.mode})
			c := s.join(api.Hello{})
			c.until(api.FrameSnapshot)
			before := time.Now()
			c.send(api.ClockFrame{Type: api.FrameClock, ClientMS: 12.5})
			f := read[api.ClockFrame](t, c.until(api.FrameClock))
			after := time.Now()
			if f.ClientMS != 12.5 || f.ReceivedMS < before.UnixMilli() || f.SentMS < f.ReceivedMS || f.SentMS > after.UnixMilli() || f.SpeedPermille != k.want {
				t.Errorf("the answer is %+v", f)
			}
			low, high := int64(mapping.Session(before)), int64(mapping.Session(after))
			if k.mode == "gated" {
				low = 1_000_000
				high = low
			}
			if f.SessionMS < low || f.SessionMS > high {
				t.Errorf("session time is %d, and should lie between %d and %d", f.SessionMS, low, high)
			}
		})
	}
}

func TestBeatsComeEachSecond(t *testing.T) {
	t.Parallel()
	s := open(t, 1, 0, nil)
	c := s.join(api.Hello{Token: s.token(events.Chair, 0)})
	c.until(api.FrameSnapshot)
	seq, last, beats := c.seq, time.Now(), 0
	for beats < 3 {
		kind, raw := c.next()
		if gap := time.Since(last); gap > 1500*time.Millisecond {
			t.Errorf("there was silence for %s", gap)
		}
		last = time.Now()
		if kind == api.FrameBeat {
			beats++
			b := read[api.Beat](t, raw)
			if b.Seq != seq || b.LogMS < time.Now().Add(-time.Minute).UnixMilli() {
				t.Errorf("the beat is %+v, and the view is at %d", b, seq)
			}
		}
	}
}

func TestLinksEndWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	s := open(t, 2, 1, nil)
	invitation := ids.New[ids.Invitation]()
	s.append(events.Registry, &events.InvitationIssued{Invitation: invitation, Roles: []events.Role{events.Observer}})
	issue := func(id ids.Invitation, lifetime time.Duration) string {
		text, err := s.tokens.Issue(token.Claims{
			Subject: "token/x", Session: s.session, Roles: []events.Role{events.Observer}, ID: id, Expires: time.Now().Add(lifetime),
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	revoked, stays := s.join(api.Hello{Token: issue(invitation, time.Hour)}), s.join(api.Hello{Token: issue(ids.New[ids.Invitation](), time.Hour)})
	short := s.join(api.Hello{Token: issue(ids.New[ids.Invitation](), 2*time.Second)})
	for _, c := range []*client{revoked, stays, short} {
		c.until(api.FrameSnapshot)
	}
	begun := time.Now()
	s.append(events.Registry, &events.InvitationRevoked{Invitation: invitation})
	for name, c := range map[string]*client{"revoked": revoked, "expired": short} {
		p, bye, code := c.ended()
		if p == nil || p.Code != problem.Unauthorised || bye == nil || code != 1008 {
			t.Errorf("the %s link ended with %v, %v, %d", name, p, bye, code)
		}
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the links ended after %s", took)
	}
	stays.reach(s.change(1))
}

func TestUpgradesThatAreRefused(t *testing.T) {
	s := open(t, 1, 0, func(c *live.Config) {
		c.MaxPerAddress = 2
		c.Origins = []string{"https://meeting.example.org"}
	})
	address := "ws" + strings.TrimPrefix(s.web.URL, "http") + "/" + s.session.String()
	host := strings.TrimPrefix(s.web.URL, "http://")
	dial := func(address, origin string, protocols ...string) (*websocket.Conn, *http.Response, error) {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		return (&websocket.Dialer{Subprotocols: protocols}).Dial(address, header)
	}
	refused := func(name, field string, code problem.Code, ws *websocket.Conn, answer *http.Response, err error) {
		t.Helper()
		if err == nil {
			ws.Close()
			t.Errorf("%s was taken", name)
			return
		}
		defer answer.Body.Close()
		var p problem.Error
		if json.NewDecoder(answer.Body).Decode(&p) != nil || p.Code != code || p.Field != field || p.Status() != answer.StatusCode {
			t.Errorf("%s: %d, %v", name, answer.StatusCode, &p)
		}
		if kind := answer.Header.Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s: the answer is %s", name, kind)
		}
	}
	ws, answer, err := dial(address+"?token=x", "", api.Subprotocol) //nolint:bodyclose // refused closes it
	refused("a token in the address", "query.token", problem.Invalid, ws, answer, err)
	ws, answer, err = dial(address, "", "other") //nolint:bodyclose // refused closes it
	refused("another subprotocol", "header.Sec-WebSocket-Protocol", problem.Malformed, ws, answer, err)
	ws, answer, err = dial(address, "https://evil.example.org", api.Subprotocol) //nolint:bodyclose // refused closes it
	refused("a foreign origin", "header.Origin", problem.Forbidden, ws, answer, err)
	plain, err := http.Get(s.web.URL + "/" + s.session.String()) //nolint:bodyclose // refused closes it
	refused("a plain request", "", problem.Malformed, nil, plain, errPlain(err))

	for i, origin := range []string{"http://" + host, "https://meeting.example.org"} {
		ws, _, err := dial(address, origin, api.Subprotocol) //nolint:bodyclose // gorilla's dialer has read it
		if err != nil {
			t.Fatalf("origin %d: %v", i, err)
		}
		defer ws.Close()
	}
	ws, answer, err = dial(address, "", api.Subprotocol) //nolint:bodyclose // refused closes it
	refused("one connection too many", "", problem.TooMany, ws, answer, err)
}

// errPlain makes a plain answer look like a failed upgrade.
func errPlain(err error) error {
	if err != nil {
		return err
	}
	return http.ErrNotSupported
}

func TestPresenceColoursADot(t *testing.T) {
	t.Parallel()
	s := open(t, 3, 3, nil)
	chair := s.join(api.Hello{Token: s.token(events.Chair, 0)})
	public := s.join(api.Hello{})
	public.until(api.FrameSnapshot)
	shows := func(want ...ids.Entry) {
		t.Helper()
		for {
			p := read[api.Presence](t, chair.until(api.FramePresence))
			if p.Known && len(p.Connected) == len(want) && (len(want) == 0 || p.Connected[0] == want[0]) && p.Observers == 2 {
				return
			}
		}
	}
	shows()
	one, two := s.join(api.Hello{Token: s.token(events.Speaker, 1)}), s.join(api.Hello{Token: s.token(events.Speaker, 1)})
	one.until(api.FrameSnapshot)
	two.until(api.FrameSnapshot)
	shows(entry(1))
	// One of two devices leaves: still there.
	one.ws.Close()
	two.until(api.FrameBeat)
	two.until(api.FrameBeat)
	two.ws.Close()
	shows()
	for _, kind := range public.seen {
		if kind == api.FramePresence {
			t.Error("the public is told who is connected")
		}
	}
}

// TestClientThatStopsReadingDelaysNobody: some clients read nothing; the others
// see each change at once, and what waits stays bounded.
func TestClientThatStopsReadingDelaysNobody(t *testing.T) {
	s := open(t, 300, 300, nil)
	healthy := s.join(api.Hello{})
	healthy.until(api.FrameSnapshot)
	// Every entry's expectations change: a patch of some kB.
	slowest := func(from int) (worst time.Duration) {
		for n := range 16 {
			begun := time.Now()
			healthy.reach(s.append(events.Queue, &events.EntryDeferred{Entry: entry(from + n), Places: 200}))
			worst = max(worst, time.Since(begun))
		}
		return worst
	}
	alone, before := slowest(0), uint64(0)
	// A machine that is busy is slow without them, too, and one that stands still does so
	// once: who is delayed by those who stall is so each time that some join.
	var worst time.Duration
	rounds := int64(0)
	for again := true; again; again = worst > max(time.Second, 4*alone) && rounds < 3 {
		for range 10 {
			s.joinNarrow(api.Hello{})
		}
		if rounds++; rounds == 1 {
			before = memory()
		}
		worst = slowest(int(16 * rounds))
	}
	s.sees(healthy, api.ForPublic)
	if worst > max(time.Second, 4*alone) {
		t.Errorf("a change took %s to the healthy client, and %s before", worst, alone)
	}
	grown := int64(memory()) - int64(before)
	t.Logf("worst %s; memory grew by %d kB with %d stalled clients", worst, grown>>10, 10*rounds)
	if grown > rounds*24<<20 {
		t.Errorf("memory grew by %d kB", grown>>10)
	}
	if s.metric("fairfloor_live_fresh_snapshots_total") > 2000 {
		t.Error("stalled clients were sent snapshots without end")
	}
}

func memory() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestSlowReaderEndsWithTheRightView: who falls behind gets a fresh snapshot in
// place of the backlog, and every receipt.
func TestSlowReaderEndsWithTheRightView(t *testing.T) {
	s := open(t, 300, 300, nil)
	healthy := s.join(api.Hello{})
	healthy.until(api.FrameSnapshot)
	slow := s.joinNarrow(api.Hello{Token: s.token(events.Speaker, 299)})
	slow.until(api.FrameSnapshot)
	id := ids.New[ids.Command]()
	var seq uint64
	// How much the kernel holds, and how many changes one patch carries, is not
	// ours to say: it goes on until the slow one is behind, and a little longer.
	for n, more := 0, 4; more > 0; n++ {
		if n == 200 {
			t.Fatal("a client that reads nothing is not behind after 200 changes")
		}
		if s.server.Behind(s.session) {
			more--
		}
		if n == 2 {
			slow.send(api.CommandFrame{Type: api.FrameCommand, ID: id, Verb: "check_in", Args: json.RawMessage(`{"entry":"` + entry(299).String() + `"}`)})
		}
		seq = s.append(events.Queue, &events.EntryDeferred{Entry: entry(n), Places: 200})
		healthy.reach(seq)
	}
	if receipt := read[api.ReceiptFrame](t, slow.until(api.FrameReceipt)); receipt.CommandID != id || receipt.Outcome != command.Accepted {
		t.Errorf("the receipt is %+v", receipt)
	}
	slow.reach(seq)
	s.sees(slow, api.ForParticipant)
	snapshots := 0
	for _, kind := range slow.seen {
		if kind == api.FrameSnapshot {
			snapshots++
		}
	}
	if snapshots < 2 {
		t.Errorf("it was never behind: %v", slow.seen)
	}
}

// TestBrokenConnectionsLeaveNoGoroutine: 200 connections break in every state.
func TestBrokenConnectionsLeaveNoGoroutine(t *testing.T) {
	s := open(t, 20, 10, nil)
	stay := s.join(api.Hello{})
	stay.until(api.FrameSnapshot)
	begun := runtime.NumGoroutine()
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			ws := s.dial(s.web)
			switch i % 5 {
			case 0: // before hello
			case 1: // in the middle of a frame
				_, _ = ws.NetConn().Write([]byte{0x81, 0xfe})
			case 2: // after hello
				_ = ws.WriteJSON(api.Hello{Type: api.FrameHello})
			case 3: // as a delegate with a command on its way
				_ = ws.WriteJSON(api.Hello{Type: api.FrameHello, Token: s.token(events.Speaker, i%20)})
				_ = ws.WriteJSON(api.CommandFrame{Type: api.FrameCommand, ID: ids.New[ids.Command](), Verb: "join", Args: json.RawMessage(`{"part":"` + sessiontest.Item.String() + `"}`)})
			case 4: // a protocol error
				_, _ = ws.NetConn().Write([]byte{0xff, 0xff, 0xff})
			}
			if tcp, ok := ws.NetConn().(*net.TCPConn); ok && i%2 == 0 {
				_ = tcp.SetLinger(0) // a reset instead of an end
			}
			_ = ws.NetConn().Close()
		})
	}
	all.Wait()
	stay.reach(s.change(1))
	deadline := time.Now().Add(10 * time.Second)
	for s.server.Sockets() != 1 || runtime.NumGoroutine() > begun+2 {
		if time.Now().After(deadline) {
			t.Fatalf("%d sockets and %d goroutines are left, of %d before", s.server.Sockets(), runtime.NumGoroutine(), begun)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestCloseSaysGoodbye(t *testing.T) {
	s := open(t, 2, 1, nil)
	server, web := s.gateway(nil)
	c := s.joinAt(web, api.Hello{})
	c.until(api.FrameSnapshot)
	silent := s.dial(web) // never says hello, never answers
	defer silent.Close()
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		closed <- server.Close(ctx)
	}()
	_, bye, code := c.ended()
	if bye == nil || bye.RetryAfterMS == 0 || code != 1001 {
		t.Errorf("the goodbye is %+v, %d", bye, code)
	}
	if err := <-closed; err != nil {
		t.Errorf("closing: %v", err)
	}
	web.Close()
}
