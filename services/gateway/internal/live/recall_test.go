package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
	"github.com/fairfloor/fairfloor/pkg/snapshot"
	"github.com/fairfloor/fairfloor/services/gateway/internal/live"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// shared gives each gateway a store of its own over one Redis.
func shared(t *testing.T, server *redistest.Server, within time.Duration) func(*live.Config) {
	return func(c *live.Config) {
		client := server.Client()
		t.Cleanup(func() { _ = client.Close() })
		store, err := snapshot.NewRedis(client, redisconn.NewCircuit(within, time.Second, nil), [32]byte{9}, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Snapshots = store
	}
}

// known waits until a store has a view.
func known(t *testing.T, store snapshot.Store, s ids.Session, at api.Cursor) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		got, err := store.Get(context.Background(), s, at)
		if err == nil && got != nil {
			return
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("the view of %s is not kept: %v", at, err)
		}
	}
}

// back joins a gateway with what a client had at another one, waits for the
// position, and gives the type of the first frame.
func (s *stack) back(web string, had *client, seq uint64, join func(api.Hello) *client) string {
	s.t.Helper()
	c := join(api.Hello{Since: had.at})
	c.doc, c.at = had.doc, had.at
	c.reach(seq)
	s.sees(c, api.ForPublic)
	if len(c.seen) == 0 {
		s.t.Fatalf("%s: nothing came", web)
	}
	return c.seen[0]
}

// TestAFreshGatewaySendsWhatChangedToEverybodyWhomAnotherOneLost: it never
// showed the view that they have, and finds it in Redis; without Redis, with one
// that hangs, was emptied or killed, all get the whole, and nobody waits.
func TestAFreshGatewaySendsWhatChangedToEverybodyWhomAnotherOneLost(t *testing.T) {
	server := redistest.Start(t)
	var first live.Config
	s := open(t, 12, 8, func(c *live.Config) {
		shared(t, server, 10*time.Second)(c)
		first = *c
	})
	had := s.join(api.Hello{})
	had.until(api.FrameSnapshot)
	had.reach(s.change(1))
	known(t, first.Snapshots, s.session, had.at)
	had.ws.Close()
	seq := s.change(2) // while nobody looks
	storm := func(name, want string, clients int, within time.Duration) {
		t.Helper()
		gateway, web := s.gateway(shared(t, server, within))
		defer s.close(gateway, web)
		begin := time.Now()
		for range clients {
			if got := s.back(name, had, seq, func(h api.Hello) *client { return s.joinAt(web, h) }); got != want {
				t.Fatalf("%s: the first frame is a %s, want a %s", name, got, want)
			}
		}
		// Each would wait for Redis alone otherwise: 40 times half a second.
		if took := time.Since(begin); took > 15*time.Second {
			t.Errorf("%s: %d clients took %s", name, clients, took)
		}
	}
	storm("with Redis", api.FramePatch, 40, 10*time.Second)
	server.Freeze()
	storm("frozen", api.FrameSnapshot, 40, 0)
	server.Thaw()
	storm("thawed", api.FramePatch, 5, 10*time.Second)
	server.Empty()
	storm("emptied", api.FrameSnapshot, 5, 10*time.Second)
	server.Kill()
	storm("killed", api.FrameSnapshot, 5, 0)
}

// TestAWrongFormerViewIsNotPatchedFrom: what the store gives is measured by the
// client's own cursor; another view, another audience's or a bent one is
// dropped, and the client gets the whole.
func TestAWrongFormerViewIsNotPatchedFrom(t *testing.T) {
	store := snapshot.NewMemory(0)
	s := open(t, 4, 4, nil)
	had := s.join(api.Hello{})
	had.until(api.FrameSnapshot)
	seq := s.change(1)
	incarnation := s.follower.Incarnation(s.session)
	chairs := []byte(`{"persons":{"1":{"name":"only for the chair"}}}`)
	gateway, web := s.gateway(func(c *live.Config) { c.Snapshots = store })
	defer s.close(gateway, web)
	for name, k := range map[string]struct {
		at   api.Cursor
		view []byte
	}{
		"another view":                 {had.at, []byte(`{"another":true}`)},
		"bent":                         {had.at, append([]byte(" "), had.doc...)},
		"another audience's":           {view.CursorOf(incarnation, had.seq, api.ForChair, chairs), chairs},
		"nothing of it":                {had.at, []byte{}},
		"a cursor with no view at all": {view.CursorOf(incarnation, had.seq, api.ForPublic, chairs), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := store.Put(context.Background(), s.session, k.at, k.view); err != nil {
				t.Fatal(err)
			}
			c := s.joinAt(web, api.Hello{Since: k.at})
			c.reach(seq)
			if c.seen[0] != api.FrameSnapshot {
				t.Errorf("the first frame is a %s", c.seen[0])
			}
			s.sees(c, api.ForPublic)
		})
	}
	// The true one, put later, is found: that it was missing is not remembered.
	if err := store.Put(context.Background(), s.session, had.at, had.doc); err != nil {
		t.Fatal(err)
	}
	if got := s.back("true", had, seq, func(h api.Hello) *client { return s.joinAt(web, h) }); got != api.FramePatch {
		t.Errorf("with the true view the first frame is a %s", got)
	}
}
