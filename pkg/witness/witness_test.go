package witness_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
	"github.com/fairfloor/fairfloor/pkg/witness"
	"github.com/fairfloor/fairfloor/pkg/witness/witnesstest"
)

func TestMain(m *testing.M) { logtest.Main(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	witnesstest.Run(t, func(*testing.T) (witness.Store, witness.Store) {
		m := witness.NewMemory()
		return m, m
	})
}

var secret = [32]byte{7}

func TestRedisKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	witnesstest.Run(t, func(t *testing.T) (witness.Store, witness.Store) {
		server.Empty()
		return over(t, server), over(t, server)
	})
}

func over(t *testing.T, server *redistest.Server) *witness.Redis {
	t.Helper()
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	return witness.NewRedis(client, secret)
}

// TestWhatSomebodyElseWroteIsUnknown: a forged, bent or foreign value refuses
// nothing, and does not stand in the way of the truth either.
func TestWhatSomebodyElseWroteIsUnknown(t *testing.T) {
	server := redistest.Start(t)
	client := server.Admin()
	t.Cleanup(func() { _ = client.Close() })
	ctx, store := context.Background(), over(t, server)
	good := witnesstest.Head("evt.queue.a", 5)
	witnesstest.Note(t, store, good)
	keys, err := client.Keys(ctx, redisconn.Prefix+"witness:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	value, err := client.HGet(ctx, keys[0], good.Subject).Result()
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]string{
		"a higher version":       strings.Replace(value, "5 ", "900 ", 1),
		"a higher one in there":  strings.Replace(value, `"version":5`, `"version":900`, 1),
		"another sequence":       strings.Replace(value, `"sequence":15`, `"sequence":14`, 1),
		"no text of ours":        "hello",
		"nothing":                "",
		"a number without end":   strings.Repeat("9", 400) + " x {}",
		"another deployment's":   "900 " + strings.Repeat("A", 24) + ` {"subject":"evt.queue.a","sequence":1,"version":900,"hash":"` + good.Hash.String() + `"}`,
		"its code cut off":       "5 ",
		"its end cut off":        value[:len(value)-2],
		"a space more":           value + " ",
		"an empty head, no code": "1  {}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := client.HSet(ctx, keys[0], good.Subject, forged).Err(); err != nil {
				t.Fatal(err)
			}
			witnesstest.Want(t, store)
			witnesstest.Note(t, store, good)
			witnesstest.Want(t, store, good)
		})
	}
	// A true value in another subject's place says nothing about that subject.
	if err := client.HSet(ctx, keys[0], "evt.queue.b", value).Err(); err != nil {
		t.Fatal(err)
	}
	witnesstest.Want(t, store, good)
	witnesstest.Want(t, witness.NewRedis(client, [32]byte{8}))
}

// TestARedisThatVanishesIsUnknownAndLearnsAnew: frozen and killed it costs its
// patience and an error; the keeper never waits for it, and brings everything
// when it is back, also after FLUSHALL.
func TestARedisThatVanishesIsUnknownAndLearnsAnew(t *testing.T) {
	server := redistest.Start(t)
	store, reader := over(t, server), over(t, server)
	keeper := witness.Keep(store, 5*time.Millisecond, 50*time.Millisecond, logtest.Logger(t))
	defer func() { _ = keeper.Close() }()
	version := uint64(0)
	note := func(how string) {
		t.Helper()
		begin := time.Now()
		for range 1000 {
			version++
			keeper.Note(witnesstest.Head("evt.queue.a", version))
		}
		// A thousand notes are a map's work, whatever Redis does; one call to it is not.
		if took := time.Since(begin); took > redisconn.Patience {
			t.Errorf("%s: a thousand notes took %s", how, took)
		}
	}
	known := func(how string) {
		t.Helper()
		for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			heads, err := reader.Heads(context.Background())
			if err == nil && len(heads) == 1 && heads[0] == witnesstest.Head("evt.queue.a", version) {
				return
			}
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: after 20 s it knows %v, %v; want version %d", how, heads, err, version)
			}
		}
	}
	unknown := func(how string) {
		t.Helper()
		begin := time.Now()
		if heads, err := reader.Heads(context.Background()); err == nil {
			t.Errorf("%s: it knows %v", how, heads)
		}
		if took := time.Since(begin); took > 6*redisconn.Patience {
			t.Errorf("%s: the answer took %s", how, took)
		}
	}
	note("there")
	known("there")
	server.Freeze()
	note("frozen")
	unknown("frozen")
	server.Thaw()
	known("thawed")
	server.Kill()
	note("killed")
	unknown("killed")
	server.Restart()
	known("restarted")
	server.Empty()
	known("emptied")
}

// failing is a store that fails as often as it is told to.
type failing struct {
	*witness.Memory
	mu    sync.Mutex
	times int
}

func (f *failing) Note(ctx context.Context, heads ...eventlog.Head) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times > 0 {
		f.times--
		return errors.New("away")
	}
	return f.Memory.Note(ctx, heads...)
}

// TestNotesAreGatheredRepeatedAndBroughtAtTheEnd, to the second.
func TestNotesAreGatheredRepeatedAndBroughtAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{Memory: witness.NewMemory(), times: 2}
		keeper := witness.Keep(store, 0, 0, nil)
		keeper.Note(witnesstest.Head("evt.queue.a", 1))
		keeper.Note(witnesstest.Head("evt.queue.a", 2))
		time.Sleep(2*witness.Every + witness.Every/2)
		witnesstest.Want(t, store) // two tries failed
		time.Sleep(witness.Every)
		synctest.Wait()
		witnesstest.Want(t, store, witnesstest.Head("evt.queue.a", 2))
		store.mu.Lock()
		store.Memory = witness.NewMemory()
		store.mu.Unlock()
		time.Sleep(witness.Repeat)
		synctest.Wait()
		witnesstest.Want(t, store, witnesstest.Head("evt.queue.a", 2))
		keeper.Note(witnesstest.Head("evt.queue.b", 1))
		for range 2 {
			if err := keeper.Close(); err != nil {
				t.Fatal(err)
			}
		}
		witnesstest.Want(t, store, witnesstest.Head("evt.queue.a", 2), witnesstest.Head("evt.queue.b", 1))
	})
}

// life opens a log in a folder of its own, with nothing beside it but what the
// store in Redis knows, writes bodies to a session and gives its refusals.
func life(t *testing.T, s ids.Session, server *redistest.Server, verbs ...string) []eventlog.Refusal {
	t.Helper()
	store := over(t, server)
	keeper := witness.Keep(store, time.Millisecond, 0, logtest.Logger(t))
	here := logtest.Open(t)
	heads, err := store.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// Writing comes before reading here: what stands in the log is this life's
	// version of what happened.
	log := here.Log(eventlog.Options{Name: "writer", Incarnation: func(string) string { return "the same" }})
	var last eventlog.Head
	for i, verb := range verbs {
		commit := &events.Commit{
			V: events.Version, Command: ids.Named[ids.Command](s, fmt.Sprint(i)), Verb: verb, Actor: events.ByService(events.Queue), At: 1,
			Version: last.Version + 1, PrevHash: last.Hash, Events: []events.Event{&events.SessionSealed{}},
		}
		if last.Version == 0 {
			commit.PrevHash = events.FirstHash(events.Subject(events.Queue, s), "the same")
		}
		out := log.Append(context.Background(), s, events.Queue, commit, last.Sequence)
		if out.Kind != eventlog.Stored {
			t.Fatalf("append: %s: %v", out.Kind, out.Err)
		}
		last = eventlog.Head{Subject: events.Subject(events.Queue, s), Sequence: out.Sequence, Version: commit.Version, Hash: out.Hash}
	}
	file, err := eventlog.OpenWitness(t.TempDir(), "reader", logtest.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	file.Learn(heads...)
	file.Tell(keeper.Note)
	reader := here.Log(eventlog.Options{Name: "reader", Witness: file})
	follower := reader.NewFollower("reader", func(*eventlog.Message) {})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(ctx) }()
	<-follower.Ready()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	refusals := reader.Refusals()
	if len(refusals) == 0 {
		file.Note(last)
	}
	if err := errors.Join(file.Close(), keeper.Close()); err != nil {
		t.Error(err)
	}
	here.Close()
	return refusals
}

// TestALogThatWasRolledBackIsNoticedThoughNothingLiesBesideIt: the store and the
// files beside it are gone back together; Redis knows better. Cut, exchanged and
// whole logs are told apart, and after FLUSHALL nothing is refused.
func TestALogThatWasRolledBackIsNoticedThoughNothingLiesBesideIt(t *testing.T) {
	server, s := redistest.Start(t), ids.New[ids.Session]()
	if r := life(t, s, server, "a", "b", "c"); len(r) != 0 {
		t.Fatalf("the first life is refused: %v", r)
	}
	if r := life(t, s, server, "a", "b", "c", "d"); len(r) != 0 {
		t.Fatalf("a log that goes on is refused: %v", r)
	}
	for name, c := range map[string]struct {
		verbs []string
		want  string
	}{
		"cut":       {[]string{"a", "b"}, "versions 3 to 4"},
		"exchanged": {[]string{"a", "b", "x", "y"}, "version 4 is another commit"},
	} {
		r := life(t, s, server, c.verbs...)
		if len(r) != 1 || r[0].Session != s || !strings.Contains(r[0].Missing, c.want) {
			t.Errorf("%s: refused are %v, want %q", name, r, c.want)
		}
	}
	server.Empty()
	if r := life(t, s, server, "a", "b"); len(r) != 0 {
		t.Errorf("unknown was taken for wrong: %v", r)
	}
}
