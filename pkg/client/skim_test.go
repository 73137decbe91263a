package client

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// TestASkimmingClientFollowsCursorsAndKeepsNoView: it is told of every step, is
// thrown back by a patch from elsewhere as any other client, and still checks
// receipts.
func TestASkimmingClientFollowsCursorsAndKeepsNoView(t *testing.T) {
	var s *script
	s = serve(t, func(n int, l *line) {
		if n == 1 {
			l.send(s.snapshot("c1", 1, "one"), patch("c1", "c2", 2, `{"session":{"title":"two"}}`), patch("c7", "c8", 8, `{"session":{"title":"wrong"}}`))
			l.hold(nil)
			return
		}
		l.send(s.snapshot("c9", 9, "nine"), patch("c9", "c9", 10, `{"lists":{"x":["y"]}}`))
		l.hold(func(frame api.CommandFrame) { l.send(s.receipt(frame.ID, 11)) })
	})
	var mu sync.Mutex
	var told []uint64
	began := time.Now()
	l := s.mustDial(func(o *Options) {
		o.Skim = true
		o.OnView = func(seq uint64, came time.Time) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, seq)
			if came.Before(began) || came.After(time.Now()) {
				t.Errorf("seq %d came at %s", seq, came)
			}
		}
	})
	wait(t, l, func(l *Locked) bool { return l.Seq() == 10 })
	if r, err := l.Send(t.Context(), api.CommandFrame{ID: ids.New[ids.Command](), Verb: "join"}); err != nil || r.Seq != 11 {
		t.Errorf("receipt %+v: %v", r, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []uint64{1, 2, 9, 10}; !slices.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
	raw, err := l.JSON()
	if view, decoded := l.View(); err != nil || decoded != nil || len(view.Lists) != 0 || len(raw) == 0 {
		t.Errorf("it kept %s: %v %v", raw, err, decoded)
	}
	stats := l.Stats()
	if stats.Snapshots != 2 || stats.Patches != 2 || stats.Frames < 6 {
		t.Errorf("%+v", stats)
	}
}
