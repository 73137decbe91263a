// Package presencetest is the contract that every presence.Store must pass.
//
// It guarantees that what Run accepts behaves as package presence says, leases
// included; it waits for conditions and never for a guessed time.
package presencetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/presence"
)

// Run runs the contract. open gives two views of one and the same empty store,
// as two gateways would have them, with the given lease.
func Run(t *testing.T, open func(t *testing.T, lease time.Duration) (presence.Store, presence.Store)) {
	t.Helper()
	cases := map[string]func(*testing.T, *suite){
		"counts connections":               counts,
		"a late leave removes itself":      lateLeave,
		"sessions stand apart":             sessions,
		"an unknown leave is no error":     unknownLeave,
		"a lease ends":                     leases,
		"renewing keeps":                   renews,
		"holding again counts once":        again,
		"many at once lose nobody":         many,
		"an entry's token counts for it":   entries,
		"nobody is there in a new session": empty,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) { run(t, &suite{t: t, open: open}) })
	}
}

type suite struct {
	t    *testing.T
	open func(t *testing.T, lease time.Duration) (presence.Store, presence.Store)
}

// both opens the store with a lease that no test outlives.
func (s *suite) both() (a, b presence.Store) { return s.open(s.t, time.Minute) }

func (s *suite) hold(store presence.Store, session ids.Session, members ...presence.Member) {
	s.t.Helper()
	if err := store.Hold(context.Background(), session, members...); err != nil {
		s.t.Fatalf("hold: %v", err)
	}
}

func (s *suite) leave(store presence.Store, session ids.Session, connection string) {
	s.t.Helper()
	if err := store.Leave(context.Background(), session, connection); err != nil {
		s.t.Fatalf("leave: %v", err)
	}
}

func (s *suite) who(store presence.Store, session ids.Session) presence.Who {
	s.t.Helper()
	who, err := store.Who(context.Background(), session)
	if err != nil {
		s.t.Fatalf("who: %v", err)
	}
	return who
}

func delegate(connection string, a ids.Applicant) presence.Member {
	return presence.Member{Connection: connection, Applicant: a}
}

func counts(t *testing.T, s *suite) {
	one, two := s.both()
	session, a, b := ids.New[ids.Session](), ids.New[ids.Applicant](), ids.New[ids.Applicant]()
	s.hold(one, session, delegate("1", a), delegate("2", b), presence.Member{Connection: "3"})
	s.hold(two, session, delegate("4", a))
	for _, store := range []presence.Store{one, two} {
		who := s.who(store, session)
		if who.Applicants[a] != 2 || who.Applicants[b] != 1 || who.Others != 1 {
			t.Errorf("there are %+v", who)
		}
	}
}

func lateLeave(t *testing.T, s *suite) {
	one, two := s.both()
	session, a := ids.New[ids.Session](), ids.New[ids.Applicant]()
	s.hold(one, session, delegate("old", a))
	// The phone reconnects at another gateway before the first one has noticed.
	s.hold(two, session, delegate("new", a))
	s.leave(one, session, "old")
	s.leave(one, session, "old")
	if who := s.who(one, session); who.Applicants[a] != 1 {
		t.Errorf("after the late leave there are %+v", who)
	}
}

func sessions(t *testing.T, s *suite) {
	one, two := s.both()
	first, second, a := ids.New[ids.Session](), ids.New[ids.Session](), ids.New[ids.Applicant]()
	s.hold(one, first, delegate("1", a))
	s.leave(two, second, "1")
	if who := s.who(two, second); who.Applicants[a] != 0 {
		t.Errorf("another session has %+v", who)
	}
	if who := s.who(two, first); who.Applicants[a] != 1 {
		t.Errorf("the session has %+v", who)
	}
}

func unknownLeave(_ *testing.T, s *suite) {
	one, _ := s.both()
	s.leave(one, ids.New[ids.Session](), "nobody")
}

func empty(t *testing.T, s *suite) {
	one, _ := s.both()
	if who := s.who(one, ids.New[ids.Session]()); len(who.Applicants)+len(who.Entries)+who.Others != 0 {
		t.Errorf("in a new session there are %+v", who)
	}
}

func again(t *testing.T, s *suite) {
	one, two := s.both()
	session, a := ids.New[ids.Session](), ids.New[ids.Applicant]()
	for range 3 {
		s.hold(one, session, delegate("1", a))
		s.hold(two, session, delegate("1", a))
	}
	if who := s.who(one, session); who.Applicants[a] != 1 {
		t.Errorf("one connection counts as %+v", who)
	}
}

func entries(t *testing.T, s *suite) {
	one, _ := s.both()
	session, a, e := ids.New[ids.Session](), ids.New[ids.Applicant](), ids.New[ids.Entry]()
	s.hold(one, session, presence.Member{Connection: "1", Applicant: a, Entry: e})
	if who := s.who(one, session); who.Entries[e] != 1 || who.Applicants[a] != 0 || who.Others != 0 {
		t.Errorf("there are %+v", who)
	}
}

func leases(t *testing.T, s *suite) {
	const lease = 150 * time.Millisecond
	one, two := s.open(t, lease)
	session, a := ids.New[ids.Session](), ids.New[ids.Applicant]()
	held := time.Now()
	s.hold(one, session, delegate("1", a))
	for s.who(two, session).Applicants[a] == 1 {
		if time.Since(held) > 20*lease {
			t.Fatal("the lease never ends")
		}
		time.Sleep(lease / 20)
	}
	// A store that counts in seconds may round up, but never down.
	if since := time.Since(held); since < lease {
		t.Errorf("the lease of %s ended after %s", lease, since)
	}
}

func renews(t *testing.T, s *suite) {
	const lease = 400 * time.Millisecond
	one, two := s.open(t, lease)
	session, a := ids.New[ids.Session](), ids.New[ids.Applicant]()
	begin := time.Now()
	for time.Since(begin) < 2*lease {
		before := time.Now()
		s.hold(one, session, delegate("1", a))
		if who := s.who(two, session); who.Applicants[a] != 1 && time.Since(before) < lease {
			t.Fatalf("a connection that is renewed is gone after %s", time.Since(begin))
		}
		time.Sleep(lease / 10)
	}
}

func many(t *testing.T, s *suite) {
	one, two := s.both()
	session, a := ids.New[ids.Session](), ids.New[ids.Applicant]()
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			store := one
			if i%2 == 1 {
				store = two
			}
			name := fmt.Sprint("connection ", i)
			if err := store.Hold(context.Background(), session, delegate(name, a)); err != nil {
				t.Error(err)
			}
			if i >= 60 {
				if err := store.Leave(context.Background(), session, name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if who := s.who(two, session); who.Applicants[a] != 60 {
		t.Errorf("of 100 of whom 40 left there are %+v", who)
	}
}
