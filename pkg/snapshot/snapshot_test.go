package snapshot_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
	"github.com/fairfloor/fairfloor/pkg/snapshot"
	"github.com/fairfloor/fairfloor/pkg/snapshot/snapshottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	snapshottest.Run(t, func(_ *testing.T, lifetime time.Duration) (snapshot.Store, snapshot.Store) {
		m := snapshot.NewMemory(lifetime)
		return m, m
	})
}

// over is a store whose calls may take so long.
func over(t *testing.T, server *redistest.Server, within, lifetime time.Duration) *snapshot.Redis {
	t.Helper()
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	store, err := snapshot.NewRedis(client, redisconn.NewCircuit(within, 50*time.Millisecond, nil), [32]byte{5}, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestRedisKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	snapshottest.Run(t, func(t *testing.T, lifetime time.Duration) (snapshot.Store, snapshot.Store) {
		return over(t, server, 10*time.Second, lifetime), over(t, server, 10*time.Second, lifetime)
	})
}

// TestMemoryIsBounded: the newest stay.
func TestMemoryIsBounded(t *testing.T) {
	m, s := snapshot.NewMemory(0), ids.New[ids.Session]()
	view := make([]byte, 1<<20)
	for i := range 100 {
		snapshottest.Put(t, m, s, api.Cursor(fmt.Sprint(i)), view)
	}
	snapshottest.Want(t, m, s, "99", view)
	snapshottest.Want(t, m, s, "68", view)
	snapshottest.Want(t, m, s, "67", nil)
}

// TestNoNameStandsInRedisAndNothingForeignIsRead: views are sealed, and what
// was bent, exchanged or put there by somebody else is not known.
func TestNoNameStandsInRedisAndNothingForeignIsRead(t *testing.T) {
	server := redistest.Start(t)
	client := server.Admin()
	t.Cleanup(func() { _ = client.Close() })
	ctx, store, s := context.Background(), over(t, server, 10*time.Second, 0), ids.New[ids.Session]()
	view := []byte(`{"persons":{"1":{"name":"Ada Lovelace"}}}`)
	snapshottest.Put(t, store, s, "1~a", view)
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	sealed, err := client.Get(ctx, keys[0]).Bytes()
	if err != nil || bytes.Contains(sealed, []byte("Ada")) {
		t.Fatalf("in Redis stands %q, %v", sealed, err)
	}
	if ttl, err := client.TTL(ctx, keys[0]).Result(); err != nil || ttl <= 0 || ttl > snapshot.Lifetime {
		t.Errorf("it lives for %s, %v", ttl, err)
	}
	bent := bytes.Clone(sealed)
	bent[len(bent)/2] ^= 1
	for name, junk := range map[string][]byte{"bent": bent, "cut": sealed[:20], "empty": {}, "plain": view} {
		if err := client.Set(ctx, keys[0], junk, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Get(ctx, s, "1~a"); err != nil || got != nil {
			t.Errorf("%s: there is %q, %v", name, got, err)
		}
	}
	// Another cursor's view, in the place of this one.
	snapshottest.Put(t, store, s, "1~b", []byte("another"))
	if keys, err = client.Keys(ctx, "*").Result(); err != nil || len(keys) != 2 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	for _, from := range keys {
		for _, to := range keys {
			if from != to {
				if err := client.Copy(ctx, from, to, 0, true).Err(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	one, err1 := store.Get(ctx, s, "1~a")
	two, err2 := store.Get(ctx, s, "1~b")
	if err1 != nil || err2 != nil || one != nil && two != nil {
		t.Errorf("an exchanged view opens: %q and %q, %v, %v", one, two, err1, err2)
	}
}

// TestARedisThatVanishesGivesNothingAndSoon.
func TestARedisThatVanishesGivesNothingAndSoon(t *testing.T) {
	server := redistest.Start(t)
	store, s := over(t, server, 200*time.Millisecond, 0), ids.New[ids.Session]()
	kept := func(how string) {
		t.Helper()
		for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			_ = store.Put(context.Background(), s, "1~a", []byte("view"))
			if got, err := store.Get(context.Background(), s, "1~a"); err == nil && string(got) == "view" {
				return
			}
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: nothing is kept any more", how)
			}
		}
	}
	nothing := func(how string) {
		t.Helper()
		begin := time.Now()
		for range 1000 {
			if got, err := store.Get(context.Background(), s, "1~a"); err == nil || got != nil {
				t.Fatalf("%s: there is %q", how, got)
			}
		}
		// Without the circuit a thousand calls would be 200 s.
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: a thousand calls took %s", how, took)
		}
	}
	kept("there")
	server.Freeze()
	nothing("frozen")
	server.Thaw()
	kept("thawed")
	server.Kill()
	nothing("killed")
	server.Restart()
	kept("restarted")
	server.Empty()
	snapshottest.Want(t, store, s, "1~a", nil)
}
