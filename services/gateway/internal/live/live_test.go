package live_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/gateway/internal/live"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// apply keeps the client's view by the written protocol.
func (c *client) apply(kind string, raw []byte) error {
	switch kind {
	case api.FrameSnapshot:
		var f api.Snapshot
		if err := json.Unmarshal(raw, &f); err != nil {
			return err
		}
		if f.Seq < c.seq {
			return fmt.Errorf("a snapshot takes the view back from %d to %d", c.seq, f.Seq)
		}
		c.doc, c.at, c.seq = f.View, f.At, f.Seq
	case api.FramePatch:
		var f api.Patch
		if err := json.Unmarshal(raw, &f); err != nil {
			return err
		}
		if f.From != c.at {
			return fmt.Errorf("a patch from %s came to a view at %s", f.From, c.at)
		}
		doc, err := jsonpatch.MergePatch(c.doc, f.Patch)
		if err != nil {
			return err
		}
		c.doc, c.at, c.seq = doc, f.To, f.Seq
	case api.FrameMe:
		c.me = &api.MeFrame{}
		return json.Unmarshal(raw, c.me)
	}
	return nil
}

// sees ends the test unless the client's view is what the state gives its audience.
func (s *stack) sees(c *client, audience api.Audience) {
	s.t.Helper()
	var want json.RawMessage
	var cursor api.Cursor
	var err error
	if failed := s.follower.Read(s.session, func(st *session.State) { want, cursor, err = view.Of(st, view.NoNames, audience) }); failed != nil || err != nil {
		s.t.Fatal(failed, err)
	}
	var a, b any
	if json.Unmarshal(c.doc, &a) != nil || json.Unmarshal(want, &b) != nil {
		s.t.Fatal("a view that is no JSON")
	}
	if !reflect.DeepEqual(a, b) || c.at != cursor {
		s.t.Fatalf("the client of %s has, at %s,\n%s\nand the view is, at %s,\n%s", audience, c.at, c.doc, cursor, want)
	}
}

func TestEachAudienceFollows(t *testing.T) {
	s := open(t, 6, 4, nil)
	clients := map[api.Audience]*client{
		api.ForChair:       s.join(api.Hello{Token: s.token(events.Chair, 0)}),
		api.ForBooth:       s.join(api.Hello{Token: s.token(events.Interpreter, 0)}),
		api.ForParticipant: s.join(api.Hello{Token: s.token(events.Speaker, 5)}),
		api.ForPublic:      s.join(api.Hello{}),
	}
	for audience, c := range clients {
		snapshot := read[api.Snapshot](t, c.until(api.FrameSnapshot))
		if snapshot.Audience != audience {
			t.Errorf("the audience is %s, not %s", snapshot.Audience, audience)
		}
		me := read[api.MeFrame](t, c.until(api.FrameMe))
		if me.Audience != audience {
			t.Errorf("the personal part of %s says %s", audience, me.Audience)
		}
	}
	for n := range 5 {
		seq := s.change(n)
		for audience, c := range clients {
			c.reach(seq)
			s.sees(c, audience)
		}
	}
}

func TestAudienceCanOnlyBeNarrowed(t *testing.T) {
	s := open(t, 2, 1, nil)
	c := s.join(api.Hello{Token: s.token(events.Chair, 0), Audience: api.ForPublic})
	if snapshot := read[api.Snapshot](t, c.until(api.FrameSnapshot)); snapshot.Audience != api.ForPublic {
		t.Errorf("a chair who asked for the public view got %s", snapshot.Audience)
	}
	s.sees(c, api.ForPublic)
	wide := s.join(api.Hello{Token: s.token(events.Observer, 0), Audience: api.ForChair})
	if p := read[api.ProblemFrame](t, wide.until(api.FrameProblem)); p.Problem.Code != problem.Forbidden || p.Problem.Field != "audience" {
		t.Errorf("an observer who asked for the chair's view got %v", p.Problem)
	}
	wide.until(api.FrameBye)
}

func TestCommandsGetReceiptsAndTheViewFollows(t *testing.T) {
	s := open(t, 4, 1, nil)
	c := s.join(api.Hello{Token: s.token(events.Speaker, 3)})
	c.until(api.FrameSnapshot)
	frame := api.CommandFrame{Type: api.FrameCommand, ID: ids.New[ids.Command](), Verb: "join", Args: json.RawMessage(`{"part":"` + sessiontest.Item.String() + `"}`)}
	c.send(frame)
	receipt := read[api.ReceiptFrame](t, c.until(api.FrameReceipt))
	if receipt.Outcome != command.Accepted || receipt.Place != 2 || receipt.CommandID != frame.ID || receipt.Seq == 0 {
		t.Fatalf("the receipt is %+v", receipt)
	}
	c.reach(receipt.Seq)
	if v := read[api.View](t, c.doc); len(v.Lists[sessiontest.Item]) != 2 {
		t.Errorf("after the receipt's position the list is %v", v.Lists)
	}
	// The same again: the first receipt.
	c.send(frame)
	if again := read[api.ReceiptFrame](t, c.until(api.FrameReceipt)); again.Outcome != command.Duplicate || again.Seq != receipt.Seq {
		t.Errorf("the repeated command's receipt is %+v", again)
	}
	entry := read[ids.Entry](t, []byte(`"`+receipt.Made["entry"]+`"`))
	for _, want := range []command.Outcome{command.Accepted, command.RefusedBy} {
		c.send(api.CheckIn{Type: api.FrameCheckIn, ID: ids.New[ids.Command](), Entry: entry})
		if got := read[api.ReceiptFrame](t, c.until(api.FrameReceipt)); got.Outcome != want {
			t.Errorf("checking in: %+v, want %s", got, want)
		}
	}
}

func TestCommandsOfOneClientKeepTheirOrder(t *testing.T) {
	s := open(t, 2, 0, nil)
	c := s.join(api.Hello{Token: s.token(events.Speaker, 1)})
	c.until(api.FrameSnapshot)
	var want []ids.Command
	for range 20 {
		id := ids.New[ids.Command]()
		want = append(want, id)
		c.send(api.CommandFrame{Type: api.FrameCommand, ID: id, Verb: "join", Args: json.RawMessage(`{"part":"` + sessiontest.Item.String() + `"}`)})
	}
	for i, id := range want {
		if got := read[api.ReceiptFrame](t, c.until(api.FrameReceipt)); got.CommandID != id || got.Place != i+1 {
			t.Fatalf("receipt %d is for %s with place %d, and %s was sent", i, got.CommandID, got.Place, id)
		}
	}
}

func TestForbiddenAndUnknownCommandsAreNamed(t *testing.T) {
	s := open(t, 2, 1, nil)
	c := s.join(api.Hello{Token: s.token(events.Speaker, 1)})
	c.until(api.FrameSnapshot)
	cases := []struct {
		verb, args string
		code       problem.Code
		field      string
	}{
		{"next", ``, problem.Forbidden, "verb"},
		{"open_turn", ``, problem.Forbidden, "verb"},
		{"fly", ``, problem.Invalid, "verb"},
		{"join", `{"part":7}`, problem.Malformed, "args.part"},
		{"join", `{"parts":"x"}`, problem.Malformed, "args.parts"},
		{"join", `[]`, problem.Malformed, "args"},
	}
	for _, k := range cases {
		id := ids.New[ids.Command]()
		c.send(api.CommandFrame{Type: api.FrameCommand, ID: id, Verb: k.verb, Args: json.RawMessage(k.args)})
		p := read[api.ProblemFrame](t, c.until(api.FrameProblem))
		if p.ID != id || p.Problem.Code != k.code || p.Problem.Field != k.field || p.Problem.Do == "" {
			t.Errorf("%s %s: %+v (%v)", k.verb, k.args, p.ID, p.Problem)
		}
	}
}

func TestResumeGivesTheSameViewAsASnapshot(t *testing.T) {
	s := open(t, 12, 8, nil)
	stay := s.join(api.Hello{}) // keeps the ring going
	stay.until(api.FrameSnapshot)
	c := s.join(api.Hello{})
	c.until(api.FrameSnapshot)
	seq := s.change(1)
	c.reach(seq)
	c.ws.Close()
	for n := range 3 {
		seq = s.append(events.Queue, &events.CheckedIn{Entry: entry(n)})
		// Each change is a boundary of its own.
		stay.reach(seq)
	}
	again := s.join(api.Hello{Since: c.at})
	again.doc, again.at = c.doc, c.at
	again.reach(seq)
	if len(again.seen) == 0 || again.seen[0] != api.FramePatch {
		t.Errorf("the resumed client got %v", again.seen)
	}
	s.sees(again, api.ForPublic)
	fresh := s.join(api.Hello{})
	fresh.until(api.FrameSnapshot)
	s.sees(fresh, api.ForPublic)
	// Resuming where nothing happened gives an empty patch.
	current := s.join(api.Hello{Since: fresh.at})
	current.doc, current.at = fresh.doc, fresh.at
	p := read[api.Patch](t, current.until(api.FramePatch))
	if p.From != p.To || string(p.Patch) != "{}" {
		t.Errorf("nothing happened, and the patch is %+v", p)
	}
}

func TestResumeAtAnotherGateway(t *testing.T) {
	s := open(t, 4, 4, nil)
	other, web := s.gateway(nil)
	defer s.close(other, web)
	c := s.join(api.Hello{})
	c.until(api.FrameSnapshot)
	// The other gateway shows the session too, with boundaries of its own.
	elsewhere := s.joinAt(web, api.Hello{})
	elsewhere.until(api.FrameSnapshot)
	if elsewhere.at != c.at {
		t.Fatalf("two gateways name one view %s and %s", c.at, elsewhere.at)
	}
	seq := s.change(1)
	elsewhere.reach(seq)
	moved := s.joinAt(web, api.Hello{Since: c.at})
	moved.doc, moved.at = c.doc, c.at
	moved.reach(seq)
	if moved.seen[0] != api.FramePatch {
		t.Errorf("the client that changed its gateway got %v", moved.seen)
	}
	s.sees(moved, api.ForPublic)
}

func TestCursorsThatCannotBeTrusted(t *testing.T) {
	s := open(t, 4, 4, nil)
	c := s.join(api.Hello{})
	c.until(api.FrameSnapshot)
	seq := c.seq
	incarnation := s.follower.Incarnation(s.session)
	cases := map[string]struct {
		since api.Cursor
		alarm bool
	}{
		"no cursor":                 {"nonsense", false},
		"another audience's":        {view.CursorOf(incarnation, seq, api.ForChair, []byte("{}")), false},
		"another view's":            {view.CursorOf(incarnation, seq, api.ForPublic, []byte("{}")), false},
		"another life of the log's": {view.CursorOf("another", seq, api.ForPublic, c.doc), true},
		"ahead of the log":          {view.CursorOf(incarnation, seq+1000, api.ForPublic, c.doc), true},
	}
	alarms := 0.0
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			d := s.join(api.Hello{Since: k.since})
			d.until(api.FrameSnapshot)
			s.sees(d, api.ForPublic)
			if k.alarm {
				alarms++
			}
			if got := s.metric("fairfloor_live_cursor_ahead_total"); got != alarms {
				t.Errorf("there were %v alarms, and %v were due", got, alarms)
			}
		})
	}
}

// metric gives a metric's sum over its labels.
func (s *stack) metric(name string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func TestDelegatesAreSeenOnce(t *testing.T) {
	s := open(t, 3, 2, nil)
	for range 2 {
		c := s.join(api.Hello{Token: s.token(events.Speaker, 1)})
		for {
			c.next()
			if c.doc == nil {
				continue
			}
			var basis events.Basis
			var version uint64
			_ = s.follower.Read(s.session, func(st *session.State) {
				basis, version = st.Queue.Entries[entry(1)].Presence, st.Heads[events.Queue].Version
			})
			if basis == events.Seen {
				if version != 2 {
					t.Errorf("after the first socket the queue has %d commits", version)
				}
				break
			}
		}
		c.ws.Close()
	}
	_ = live.DefaultSockets
}
