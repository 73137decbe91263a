package process_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/process"
)

func TestMain(m *testing.M) { logtest.Main(m) }

// life is one start of a server on a folder, with a process on it.
func life(t *testing.T, folder string, live func(*eventlog.Log)) {
	t.Helper()
	store := logtest.OpenIn(t, folder)
	defer store.Close()
	p, err := process.Open(t.Context(), "test", process.Settings{Data: filepath.Join(folder, "beside"), Replicas: 1},
		process.Options{Server: store.Server, Keys: keys.Ephemeral(), Logger: logtest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	live(p.Log)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// sessionInShard makes a session of the first of the streams.
func sessionInShard() ids.Session {
	for {
		if s := ids.New[ids.Session](); events.Shard(s) == 0 {
			return s
		}
	}
}

// TestTwoWrongBitsInTheLastRecordRefuseTheSession: the log behind them looks whole
// and the witness was not flushed yet; still the session is not served, at that
// start and at every later one, until the store was restored. Its neighbours in
// the same stream go on.
func TestTwoWrongBitsInTheLastRecordRefuseTheSession(t *testing.T) {
	folder := t.TempDir()
	hurt, sound := sessionInShard(), sessionInShard()
	var last []byte
	heads := map[ids.Session]eventlog.Head{}
	write := func(log *eventlog.Log, s ids.Session) {
		head, known := heads[s]
		if !known {
			head.Hash = events.FirstHash(events.Subject(events.Queue, s), log.Incarnation(s))
		}
		c := &events.Commit{
			V: events.Version, Command: ids.New[ids.Command](), Verb: "join", Actor: events.Actor{ID: "writer", Roles: []events.Role{events.Speaker}},
			// What it was decided on stands in it, and is not what is lost.
			Seen: map[string]uint64{events.Subject(events.Registry, s): 1, events.Subject(events.Timing, s): 1},
			At:   1_790_000_000_000, Version: head.Version + 1, PrevHash: head.Hash,
			Events: []events.Event{&events.EntryJoined{Entry: ids.New[ids.Entry](), Kind: events.Statement, Place: 1}},
		}
		out := log.Append(t.Context(), s, events.Queue, c, head.Sequence)
		if out.Kind != eventlog.Stored {
			t.Fatalf("%s: %v", out.Kind, out.Err)
		}
		heads[s] = eventlog.Head{Sequence: out.Sequence, Version: c.Version, Hash: out.Hash}
	}
	life(t, folder, func(log *eventlog.Log) {
		for range 3 {
			write(log, sound)
		}
		for range 3 {
			write(log, hurt)
		}
		raw, err := log.Read(t.Context(), hurt)
		if err != nil {
			t.Fatal(err)
		}
		last = raw[len(raw)-1].Body
	})
	// The witness never came to see any of it.
	if err := os.RemoveAll(filepath.Join(folder, "beside")); err != nil {
		t.Fatal(err)
	}
	kept := t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(filepath.Join(folder, "store"))); err != nil {
		t.Fatal(err)
	}
	if flip(t, folder, last) != 1 {
		t.Fatal("the record is not in one block file")
	}
	for start := range 3 {
		life(t, folder, func(log *eventlog.Log) {
			refusal := log.Refusal(hurt)
			if refusal == nil || !strings.Contains(refusal.Detail, events.Subject(events.Queue, hurt)) || !strings.Contains(refusal.Detail, "sequence") || refusal.Do == "" {
				t.Errorf("start %d: the session is served: %v", start, refusal)
			}
			if other := log.Refusal(sound); other != nil {
				t.Errorf("start %d: its neighbour is refused: %v", start, other)
			}
			// It writes on, where the damaged record was the last one.
			write(log, sound)
		})
	}
	// In a copy from before nothing is wrong, so the list alone speaks; the operator
	// who has restored it takes the list away.
	list := filepath.Join("damaged", "lost.ndjson")
	said, err := os.ReadFile(filepath.Join(folder, "store", list))
	if err != nil || bytes.Count(said, []byte("\n")) == 0 {
		t.Fatalf("%v: %s", err, said)
	}
	restored := t.TempDir()
	if err := os.Rename(kept, filepath.Join(restored, "store")); err != nil {
		t.Fatal(err)
	}
	for _, listed := range []bool{true, false} {
		to := filepath.Join(restored, "store", list)
		if listed {
			err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, said, 0o600))
		} else {
			err = os.Remove(to)
		}
		if err != nil {
			t.Fatal(err)
		}
		life(t, restored, func(log *eventlog.Log) {
			if refusal := log.Refusal(hurt); (refusal != nil) != listed {
				t.Errorf("restored, with the list %t: %v", listed, refusal)
			}
		})
	}
}

// flip changes two bits of a body in the block files and counts these.
func flip(t *testing.T, folder string, body []byte) (files int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(folder, "store"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".blk") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if at := bytes.Index(data, body); at >= 0 {
			files++
			data[at+40] ^= 3
			return os.WriteFile(path, data, 0o600)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
