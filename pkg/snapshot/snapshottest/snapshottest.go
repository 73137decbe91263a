// Package snapshottest is the contract that every snapshot.Store must pass.
//
// It guarantees that what Run accepts behaves as package snapshot says.
package snapshottest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/snapshot"
)

// Run runs the contract. open gives two views of one and the same empty store,
// as two gateways would have them, with the given lifetime.
func Run(t *testing.T, open func(t *testing.T, lifetime time.Duration) (snapshot.Store, snapshot.Store)) {
	t.Helper()
	for name, run := range map[string]func(t *testing.T, one, two snapshot.Store){
		"what one puts the other gets": func(t *testing.T, one, two snapshot.Store) {
			s := ids.New[ids.Session]()
			for _, view := range [][]byte{[]byte(`{"a":1}`), bytes.Repeat([]byte("x"), 300_000)} {
				Put(t, one, s, "1~a", view)
				Want(t, two, s, "1~a", view)
			}
		},
		"sessions and cursors stand apart": func(t *testing.T, one, two snapshot.Store) {
			s := ids.New[ids.Session]()
			Put(t, one, s, "1~a", []byte("view"))
			Want(t, two, s, "1~b", nil)
			Want(t, two, s, "", nil)
			Want(t, two, ids.New[ids.Session](), "1~a", nil)
		},
		"many at once get their own": func(t *testing.T, one, two snapshot.Store) {
			s := ids.New[ids.Session]()
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					at, view := api.Cursor(fmt.Sprint("1~", i)), fmt.Append(nil, "view ", i)
					if err := one.Put(context.Background(), s, at, view); err != nil {
						t.Error(err)
					}
					if got, err := two.Get(context.Background(), s, at); err != nil || !bytes.Equal(got, view) {
						t.Errorf("of %s there is %q, %v", at, got, err)
					}
				})
			}
			all.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, two := open(t, 0)
			run(t, one, two)
		})
	}
	t.Run("nothing is kept longer than its lifetime", func(t *testing.T) {
		const lifetime = 100 * time.Millisecond
		one, two := open(t, lifetime)
		s := ids.New[ids.Session]()
		begin := time.Now()
		Put(t, one, s, "1~a", []byte("view"))
		for {
			view, err := two.Get(context.Background(), s, "1~a")
			switch {
			case err != nil:
				t.Fatal(err)
			case view == nil && time.Since(begin) < lifetime:
				t.Fatalf("it was gone after %s", time.Since(begin))
			case view == nil:
				return
			case time.Since(begin) > 100*lifetime:
				t.Fatal("it stays for ever")
			}
			time.Sleep(lifetime / 20)
		}
	})
}

// Put puts, or fails the test.
func Put(t *testing.T, store snapshot.Store, s ids.Session, at api.Cursor, view []byte) {
	t.Helper()
	if err := store.Put(context.Background(), s, at, view); err != nil {
		t.Fatalf("put: %v", err)
	}
}

// Want compares what a store has of a cursor.
func Want(t *testing.T, store snapshot.Store, s ids.Session, at api.Cursor, want []byte) {
	t.Helper()
	got, err := store.Get(context.Background(), s, at)
	if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
		t.Fatalf("of %q there are %d bytes, %v; want %d", at, len(got), err, len(want))
	}
}
