package acceptance

import (
	"math"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// left is the countdown of a turn as api.TurnView defines it.
func left(t *api.TurnView, now clock.Instant) int64 {
	if !t.PausedSince.IsZero() {
		now = t.PausedSince
	}
	return t.AllottedMS + t.AddedMS - (now.Sub(t.BegunAt) - t.PausedMS)
}

// "A client with a clock 14 minutes wrong, a tab in the background for a minute
// and a reconnecting phone show the same countdown as everyone within 100 ms."
// Here the Go client; the browser's tab is a browser test.
func TestClientsWithAClock14MinutesWrongShowTheSameCountdownWithin100Ms(t *testing.T) {
	s := start(t, setup{applicants: 3, listOpen: true})
	for i := range s.applicants {
		s.join(i)
	}
	s.ask0("start_session")
	chair := s.as(events.Chair, 0)
	on := s.next(chair)
	r := s.askAs(chair, "begin", turn(on), command.Begin{Turn: on}, "")
	shifts := []time.Duration{0, 14 * time.Minute, -14 * time.Minute, 400 * 24 * time.Hour}
	clients := make([]*client.Live, len(shifts))
	for i, shift := range shifts {
		clients[i] = s.connect(s.speaker(0), func(o *client.Options) {
			o.Now = func() time.Time { return time.Now().Add(shift) }
		})
	}
	measured := func(l *client.Live) {
		t.Helper()
		s.must(l.WaitSeq(s.ctx, r.Seq))
		s.must(l.Wait(s.ctx, func(l *client.Locked) bool {
			v := l.View()
			return v != nil && v.Turns[on] != nil && v.Turns[on].AllottedMS > 0
		}))
		s.must(l.Wait(s.ctx, func(l *client.Locked) bool { return l.Measured() }))
	}
	same := func(when string) {
		t.Helper()
		least, most := int64(math.MaxInt64), int64(math.MinInt64)
		for i, l := range clients {
			measured(l)
			view, err := l.View()
			s.must(err)
			// Both in one moment: what passes between them counts against the 100 ms.
			truth := clock.Of(time.Now())
			shown, _ := l.Now()
			if d := int64(math.Abs(float64(shown.Sub(truth)))); d > 100 {
				t.Errorf("%s: a clock wrong by %s shows session time %d ms off", when, shifts[i], d)
			}
			difference := left(view.Turns[on], shown) - left(view.Turns[on], truth)
			least, most = min(least, difference), max(most, difference)
		}
		if most-least > 100 {
			t.Errorf("%s: countdowns differ by %d ms", when, most-least)
		}
	}
	same("connected")
	// The phone in the tunnel: its line is cut, and it comes back by itself.
	phone := clients[1]
	phone.Drop()
	s.must(phone.Wait(s.ctx, func(l *client.Locked) bool { return l.Reconnects() == 1 && l.Connected() }))
	same("after a reconnect")
	// And with a pause, everybody's countdown stands at one number.
	r = s.askAs(chair, "pause_turn", turn(on), command.TurnRef{Turn: on}, "")
	stands := int64(0)
	for i, l := range clients {
		s.must(l.WaitSeq(s.ctx, r.Seq))
		view, err := l.View()
		s.must(err)
		now, _ := l.Now()
		if i == 0 {
			stands = left(view.Turns[on], now)
		} else if got := left(view.Turns[on], now); got != stands {
			t.Errorf("paused: %d ms and %d ms are left", stands, got)
		}
	}
}

// "Nobody is moved by a lost connection", and a client that comes back has what
// it missed without a page of its own: patches from its cursor, or a snapshot.
func TestNobodyIsMovedByALostConnectionAndTheClientResumes(t *testing.T) {
	s := start(t, setup{applicants: 5, listOpen: true})
	clients := make([]*client.Live, len(s.applicants))
	for i := range s.applicants {
		clients[i] = s.connect(s.speaker(i))
		_, err := clients[i].Do(s.ctx, "join", nil, command.Join{Part: s.part})
		s.must(err)
	}
	s.quiet()
	order, before := s.view().Lists[s.part], s.heads()
	for _, l := range clients {
		l.Drop()
	}
	for _, l := range clients {
		s.must(l.Wait(s.ctx, func(l *client.Locked) bool { return l.Reconnects() > 0 && l.Connected() }))
	}
	view := s.view()
	if s.heads() != before {
		t.Error("lost connections wrote to the log")
	}
	for i, id := range view.Lists[s.part] {
		if id != order[i] {
			t.Fatalf("place %d went from %s to %s", i+1, order[i], id)
		}
	}
	// What happens while the line is cut is there after it: with patches only.
	for _, l := range clients {
		snapshots := l.Stats().Snapshots
		l.Drop()
		r := s.ask("defer", nil, command.EntryRef{Entry: s.view().Lists[s.part][0]})
		s.must(l.WaitSeq(s.ctx, r.Seq))
		s.quiet()
		shown, err := l.View()
		s.must(err)
		want := s.view().Lists[s.part]
		for i, id := range shown.Lists[s.part] {
			if id != want[i] {
				t.Fatalf("after a reconnect place %d shows %s, want %s", i+1, id, want[i])
			}
		}
		if got := l.Stats().Snapshots; got != snapshots {
			t.Errorf("a resume at the cursor took %d snapshots", got-snapshots)
		}
	}
}

// A command that was sent into a line that breaks is sent again with the same
// id: one entry, one receipt.
func TestACommandInABrokenLineIsSentAgainWithTheSameID(t *testing.T) {
	s := start(t, setup{applicants: 10, listOpen: true})
	for i := range s.applicants {
		l := s.connect(s.speaker(i))
		result := make(chan error, 1)
		go func() {
			_, err := l.Do(s.ctx, "join", nil, command.Join{Part: s.part})
			result <- err
		}()
		l.Drop()
		s.must(<-result)
	}
	if got := len(s.view().Lists[s.part]); got != 10 {
		t.Errorf("%d entries, want 10", got)
	}
}
