package transcript

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// partial sends what a source is writing, as the gateway does.
func (w *world) partial(by events.Actor, source ids.Source, epoch uint64, segment ids.Segment, text string) *problem.Error {
	w.t.Helper()
	raw, err := json.Marshal(keystroke{by, api.PartialWish{Source: source, Epoch: epoch, Segment: segment, Text: text}})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	for {
		reply, err := w.conn.RequestWithContext(ctx, takePartials+w.sid.String(), raw)
		if errors.Is(err, nats.ErrNoResponders) && ctx.Err() == nil {
			until(w.t, 5*time.Millisecond) // it is just starting
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if len(reply.Data) == 0 {
			return nil
		}
		p := &problem.Error{}
		if err := json.Unmarshal(reply.Data, p); err != nil {
			w.t.Fatal(err)
		}
		return p
	}
}

// Two replicas: at most four a second between them, the latest wins, and nothing
// is ever stored.
func TestPartialsAreThrottledAndTheLatestWins(t *testing.T) {
	w := newWorld(t)
	w.transcript("one", Settings{})
	w.transcript("two", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	heard := make(chan api.Segment, 256)
	subscription, err := w.conn.Subscribe(givePartials+w.sid.String()+".en", func(m *nats.Msg) {
		var s api.Segment
		if json.Unmarshal(m.Data, &s) == nil {
			heard <- s
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = subscription.Unsubscribe() }()
	segment := ids.New[ids.Segment]()
	const n = 60
	started := time.Now()
	for i := range n {
		if p := w.partial(captioner, source, 1, segment, fmt.Sprintf("zygote %d", i)); p != nil {
			t.Fatal(p)
		}
		until(t, 15*time.Millisecond)
	}
	sent := time.Since(started)
	last := fmt.Sprintf("zygote %d", n-1)
	var all []api.Segment
	limit := time.After(10 * time.Second)
	for len(all) == 0 || all[len(all)-1].Text != last {
		select {
		case s := <-heard:
			all = append(all, s)
		case <-limit:
			t.Fatalf("the last one never came; %d did", len(all))
		}
	}
	// One at the start, then one each quarter of a second, and a race of two replicas for one.
	if most := int(sent/partialEvery) + 3; len(all) > most || len(all) < 2 {
		t.Errorf("%d partials in %s, want at most %d", len(all), sent, most)
	}
	if s := all[0]; s.State != api.SegmentPartial || s.Seq != 0 || s.Track != "en" || s.ID != segment || !s.Speaker.Chair {
		t.Errorf("a partial is %+v", s)
	}
	if found := w.files("zygote"); len(found) > 0 {
		t.Errorf("partials are in %v", found)
	}
}

func TestPartialsOfAFencedSourceAreRefused(t *testing.T) {
	w := newWorld(t)
	w.transcript("one", Settings{})
	source := w.open(captioner, events.TypedSource, "en", 0)
	segment := ids.New[ids.Segment]()
	if p := w.partial(captioner, source, 2, segment, "x"); p == nil || p.Code != problem.Stale {
		t.Errorf("another epoch: %v", p)
	}
	if p := w.partial(technician, source, 1, segment, "x"); p == nil || p.Code != problem.Forbidden {
		t.Errorf("another's source: %v", p)
	}
	if p := w.partial(captioner, ids.New[ids.Source](), 1, segment, "x"); p == nil || p.Code != problem.NotFound {
		t.Errorf("no source: %v", p)
	}
	second := w.open(technician, events.PushSource, "en", 0)
	w.must(w.request(technician, "take_track", command.TrackSource{Track: "en", Source: second}))
	if p := w.partial(captioner, source, 1, segment, "x"); p == nil || p.Code != problem.Stale {
		t.Errorf("after a takeover: %v", p)
	}
}

// The open line of a push source is shown as it grows.
func TestTheOpenLineOfAPushSourceIsAPartial(t *testing.T) {
	w := newWorld(t)
	w.transcript("one", Settings{})
	source := w.open(captioner, events.PushSource, "en", 0)
	heard, err := w.conn.SubscribeSync(givePartials + w.sid.String() + ".en")
	if err != nil {
		t.Fatal(err)
	}
	w.must(w.post(source, 1, "and so "))
	m, err := heard.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var s api.Segment
	if err := json.Unmarshal(m.Data, &s); err != nil || s.Text != "and so" || s.ID != lineID(source, 1) {
		t.Errorf("it is %+v (%v)", s, err)
	}
}
