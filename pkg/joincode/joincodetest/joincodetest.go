// Package joincodetest is the contract that every joincode.Store must pass.
//
// It guarantees that what Run accepts behaves as package joincode says; it waits
// for conditions and never for a guessed time.
package joincodetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/joincode"
)

// Open gives two views of one and the same empty store, as two gateways would
// have them, with a lifetime for its codes.
type Open func(t *testing.T, lifetime time.Duration) (joincode.Store, joincode.Store)

// Run runs the contract.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, Open){
		"a code opens its invitation once, at either": once,
		"a code in use stays whose it is":             inUse,
		"what was never made is unknown":              never,
		"a code is over after its lifetime":           over,
		"of many at once one gets in":                 race,
	} {
		t.Run(name, func(t *testing.T) { run(t, open) })
	}
}

// patience bounds every wait; only a store that fails gets there.
const patience = 30 * time.Second

// Someone is a guest like no other.
func Someone() joincode.Guest {
	return joincode.Guest{Session: ids.New[ids.Session](), Invitation: ids.New[ids.Invitation]()}
}

// Put keeps a code that must be free.
func Put(t *testing.T, s joincode.Store, code string, of joincode.Guest) {
	t.Helper()
	if kept, err := s.Put(context.Background(), code, of); err != nil || !kept {
		t.Fatalf("the code %s is kept: %v, %v", code, kept, err)
	}
}

// Want takes a code and checks whom it lets in; nobody is the zero Guest.
func Want(t *testing.T, s joincode.Store, code string, want joincode.Guest) {
	t.Helper()
	got, err := s.Take(context.Background(), code)
	if unknown := errors.Is(err, joincode.ErrUnknown); got != want || unknown != (want == joincode.Guest{}) || err != nil && !unknown {
		t.Fatalf("the code %s lets in %+v, %v; want %+v", code, got, err, want)
	}
}

func once(t *testing.T, open Open) {
	one, two := open(t, time.Hour)
	a, b := Someone(), Someone()
	first, err := joincode.Make(context.Background(), one, a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := joincode.Make(context.Background(), two, b)
	if err != nil || first == second {
		t.Fatalf("two codes are %s and %s, %v", first, second, err)
	}
	Want(t, two, first, a)
	Want(t, one, first, joincode.Guest{})
	Want(t, two, first, joincode.Guest{})
	Want(t, two, second, b)
	// What was taken may be drawn again.
	Put(t, one, first, b)
	Want(t, two, first, b)
}

func inUse(t *testing.T, open Open) {
	one, two := open(t, time.Hour)
	a := Someone()
	Put(t, one, "AAAAAAAA", a)
	for _, s := range []joincode.Store{one, two} {
		if kept, err := s.Put(context.Background(), "AAAAAAAA", Someone()); kept || err != nil {
			t.Errorf("a code was given twice: %v, %v", kept, err)
		}
	}
	Want(t, two, "AAAAAAAA", a)
}

func never(t *testing.T, open Open) {
	one, _ := open(t, time.Hour)
	for _, code := range []string{"", "AAAAAAAA", "AAAAAAA", "\x00", "*", "a b c"} {
		Want(t, one, code, joincode.Guest{})
	}
}

func over(t *testing.T, open Open) {
	const lifetime = 50 * time.Millisecond
	one, two := open(t, lifetime)
	begun := time.Now()
	Put(t, one, "AAAAAAAA", Someone())
	for kept := false; !kept; time.Sleep(time.Millisecond) {
		var err error
		if kept, err = two.Put(context.Background(), "AAAAAAAA", Someone()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); kept && took < lifetime/2 || took > patience {
			t.Fatalf("a code of %s was free after %s: %v", lifetime, took, kept)
		}
	}
	for begun = time.Now(); time.Since(begun) <= lifetime; {
		time.Sleep(lifetime)
	}
	Want(t, one, "AAAAAAAA", joincode.Guest{})
}

func race(t *testing.T, open Open) {
	one, two := open(t, time.Hour)
	for i := range 20 {
		code, guest := fmt.Sprintf("%08d", i), Someone()
		Put(t, one, code, guest)
		var in atomic.Int64
		var all sync.WaitGroup
		for j := range 8 {
			all.Go(func() {
				got, err := []joincode.Store{one, two}[j%2].Take(context.Background(), code)
				switch {
				case err == nil && got == guest:
					in.Add(1)
				case !errors.Is(err, joincode.ErrUnknown):
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		all.Wait()
		if n := in.Load(); n != 1 {
			t.Fatalf("the code %s let %d in", code, n)
		}
	}
}
