package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// stopped is a store at rest with what it should hold.
type stopped struct {
	folder   string
	sessions []ids.Session
	bodies   map[ids.Session][][]byte
}

// build writes three sessions of one stream, turn by turn, and stops.
func build(t *testing.T) *stopped {
	t.Helper()
	b := &stopped{folder: t.TempDir(), bodies: map[ids.Session][][]byte{}}
	store := logtest.OpenIn(t, b.folder)
	log := store.Log(eventlog.Options{Name: "build"})
	var writers []*writer
	for range 3 {
		s := sessionIn(6)
		b.sessions = append(b.sessions, s)
		writers = append(writers, newWriter(log, s, events.Registry), newWriter(log, s, events.Queue))
	}
	for range 6 {
		for _, w := range writers {
			w.write(t)
		}
	}
	for _, s := range b.sessions {
		raw, err := log.Read(within(t, testPatience), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range raw {
			b.bodies[s] = append(b.bodies[s], r.Body)
		}
	}
	store.Close()
	return b
}

// clone copies the stopped store to a folder of its own.
func (b *stopped) clone(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(b.folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

// blocks finds the block files that hold messages.
func blocks(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".blk") {
			if info, err := e.Info(); err == nil && info.Size() > 0 {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("block files: %v, %v", found, err)
	}
	return found
}

// flip changes one bit of a file.
func flip(t *testing.T, path string, bit int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// restart starts on a folder and reads the log as a service does.
func restart(t *testing.T, folder string) (*logtest.Store, *eventlog.Log, *collector) {
	t.Helper()
	store := logtest.OpenIn(t, folder)
	log := store.Log(eventlog.Options{Name: "again"})
	got := &collector{}
	f := log.NewFollower("again", got.handle)
	follow(t, f)
	ready(t, f)
	return store, log, got
}

// whole reports whether a follower was given a session as it was written.
func (b *stopped) whole(got *collector, s ids.Session) bool {
	messages := got.of(s)
	if len(messages) != len(b.bodies[s]) {
		return false
	}
	for i, m := range messages {
		if !bytes.Equal(m.Body, b.bodies[s][i]) {
			return false
		}
	}
	return true
}

// refusals checks that every session is whole or refused by name, and counts the refused.
func (b *stopped) refusals(t *testing.T, log *eventlog.Log, got *collector) (refused int) {
	t.Helper()
	for _, s := range b.sessions {
		refusal := log.Refusal(s)
		switch {
		case refusal == nil && !b.whole(got, s):
			t.Errorf("session %s lost something and is not refused", s)
		case refusal != nil:
			refused++
			// Either the subject with its last good version, or the stream that holds it.
			if !strings.Contains(refusal.Detail, s.String()) && !strings.Contains(refusal.Detail, events.Stream(s)) {
				t.Errorf("the refusal names too little: %s", refusal.Detail)
			}
			if out := log.Append(context.Background(), s, events.Queue, newWriter(log, s, events.Queue).commit(), 0); out.Kind != eventlog.Failed {
				t.Errorf("a refused session took an append: %s", out.Kind)
			}
		}
	}
	return refused
}

// places gives positions all over a file: its corners and random ones.
func places(bits, random int) []int {
	const seed = 20260901
	source := rand.New(rand.NewPCG(seed, 1))
	all := []int{0, 7, 31, 32, 95, 96, 170, bits - 1, bits - 64, bits - 65}
	for range random {
		all = append(all, source.IntN(bits))
	}
	return all
}

// TestFlippedBitIsNamed flips one bit in a block file of a stopped store, at many
// places. The start names the record, and the checksum lets it be put right:
// every session is there as it was written.
func TestFlippedBitIsNamed(t *testing.T) {
	b := build(t)
	info, err := os.Stat(blocks(t, b.folder)[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, bit := range places(int(info.Size())*8, flips) {
		t.Run(fmt.Sprintf("bit %d", bit), func(t *testing.T) {
			t.Parallel()
			folder := b.clone(t)
			flip(t, blocks(t, folder)[0], bit)
			store, log, got := restart(t, folder)
			damage := store.Server.Damage()
			if len(damage) != 1 || !damage[0].Mended || damage[0].Stream != events.Stream(b.sessions[0]) {
				t.Fatalf("found %v", damage)
			}
			if !strings.Contains(damage[0].Subject, b.sessions[0].String()) && !strings.Contains(damage[0].Subject, b.sessions[1].String()) &&
				!strings.Contains(damage[0].Subject, b.sessions[2].String()) {
				t.Errorf("no session is named: %v", damage[0])
			}
			if n := b.refusals(t, log, got); n != 0 {
				t.Errorf("%d sessions are refused although the record was put right", n)
			}
		})
	}
}

// TestDamageIsRefused changes two bits next to each other, which no checksum can
// put right. Whatever the server makes of it, no session is taken for whole that
// is not: the one that the record belongs to is refused by name.
func TestDamageIsRefused(t *testing.T) {
	b := build(t)
	info, err := os.Stat(blocks(t, b.folder)[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, bit := range places(int(info.Size())*8-1, flips/2) {
		t.Run(fmt.Sprintf("bits %d and %d", bit, bit+1), func(t *testing.T) {
			t.Parallel()
			folder := b.clone(t)
			path := blocks(t, folder)[0]
			flip(t, path, bit)
			flip(t, path, bit+1)
			_, log, got := restart(t, folder)
			if n := b.refusals(t, log, got); n == 0 {
				t.Error("the damage was not noticed")
			}
		})
	}
}

// TestSessionsBesideDamageGoOn: one damaged record in the middle costs the session
// it belongs to and no other.
func TestSessionsBesideDamageGoOn(t *testing.T) {
	b := build(t)
	folder := b.clone(t)
	path := blocks(t, folder)[0]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// A word in the body of the fifteenth message: the third round of the second session.
	at := bytes.Index(data, b.bodies[b.sessions[1]][4])
	if at < 0 {
		t.Fatal("the message is not in the file")
	}
	copy(data[at+20:], "damaged!")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, log, got := restart(t, folder)
	b.refusals(t, log, got)
	for i, s := range b.sessions {
		if refused := log.Refusal(s) != nil; refused != (i == 1) {
			t.Errorf("session %d: refused is %t: %v", i, refused, log.Refusal(s))
		}
	}
	if detail := log.Refusal(b.sessions[1]).Detail; !strings.Contains(detail, "version 2 (sequence 9) is the last good one") {
		t.Errorf("the refusal is %q", detail)
	}
	// Life goes on beside it.
	w := newWriter(log, b.sessions[0], events.Timing)
	w.write(t)
}

// TestCutEndIsRefused: a log that lost its last commits looks sound by itself; the
// witness shows it, and says what is missing.
func TestCutEndIsRefused(t *testing.T) {
	b := build(t)
	for _, witness := range []bool{true, false} {
		t.Run(fmt.Sprintf("witness %t", witness), func(t *testing.T) {
			folder := b.clone(t)
			path := blocks(t, folder)[0]
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			last := b.bodies[b.sessions[2]]
			end := bytes.Index(data, last[len(last)-2]) + len(last[len(last)-2]) + 8
			if err := os.WriteFile(path, data[:end], 0o600); err != nil {
				t.Fatal(err)
			}
			if !witness {
				// The server's own index would still know how many there were.
				index := filepath.Join(filepath.Dir(path), "index.db")
				if err := errors.Join(os.RemoveAll(filepath.Join(folder, "witness")), os.Remove(index)); err != nil {
					t.Fatal(err)
				}
			}
			_, log, _ := restart(t, folder)
			refusal := log.Refusal(b.sessions[2])
			switch {
			case witness && refusal == nil:
				t.Error("the cut was not noticed")
			case witness && !strings.Contains(refusal.Detail, "version 5 (sequence 30) is the last good one; versions 6 to 6, up to sequence 36, are missing"):
				t.Errorf("the refusal is %q", refusal.Detail)
			case !witness && refusal != nil:
				t.Errorf("refused without a witness: %v", refusal)
			}
			if other := log.Refusal(b.sessions[0]); other != nil {
				t.Errorf("another session is refused: %v", other)
			}
		})
	}
}

// TestLostStreamIsNotMadeAnew: when a stream's description is damaged the server
// leaves the stream out; making it anew would bury what is in its folder.
func TestLostStreamIsNotMadeAnew(t *testing.T) {
	b := build(t)
	for _, tc := range []struct {
		name   string
		damage func(stream string) error
	}{
		{"its description is damaged", func(stream string) error { return os.WriteFile(filepath.Join(stream, "meta.inf"), []byte("{"), 0o600) }},
		{"it is gone", os.RemoveAll},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := b.clone(t)
			stream := filepath.Dir(filepath.Dir(blocks(t, folder)[0]))
			if err := tc.damage(stream); err != nil {
				t.Fatal(err)
			}
			_, log, got := restart(t, folder)
			if n := b.refusals(t, log, got); n != len(b.sessions) {
				t.Errorf("%d of %d sessions are refused", n, len(b.sessions))
			}
			newWriter(log, sessionIn(1), events.Queue).write(t)
		})
	}
}

// TestForkIsRefused: a store that was put back and written on is another log,
// though it is as long as the old one.
func TestForkIsRefused(t *testing.T) {
	folder := t.TempDir()
	store := logtest.OpenIn(t, folder)
	s := sessionIn(2)
	w := newWriter(store.Log(eventlog.Options{Name: "one"}), s, events.Queue)
	w.write(t)
	store.Close()
	back := t.TempDir()
	if err := os.CopyFS(back, os.DirFS(filepath.Join(folder, "store"))); err != nil {
		t.Fatal(err)
	}
	store = logtest.OpenIn(t, folder)
	w.log = store.Log(eventlog.Options{Name: "two"})
	w.write(t)
	store.Close()
	// The older store comes back without its witness and goes its own way.
	other := t.TempDir()
	if err := os.CopyFS(filepath.Join(other, "store"), os.DirFS(back)); err != nil {
		t.Fatal(err)
	}
	store = logtest.OpenIn(t, other)
	fork := *w
	fork.log = store.Log(eventlog.Options{Name: "fork"})
	fork.head = eventlog.Head{}
	got := &collector{}
	f := fork.log.NewFollower("fork", got.handle)
	stop := follow(t, f)
	ready(t, f)
	first := got.of(s)[0]
	fork.head = eventlog.Head{Subject: first.Subject, Sequence: first.Sequence, Version: 1, Hash: first.Hash}
	fork.write(t)
	stop()
	store.Close()
	if err := os.RemoveAll(filepath.Join(folder, "store")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(folder, "store"), os.DirFS(filepath.Join(other, "store"))); err != nil {
		t.Fatal(err)
	}
	_, log, _ := restart(t, folder)
	if refusal := log.Refusal(s); refusal == nil || !strings.Contains(refusal.Detail, "another commit") {
		t.Errorf("the fork is answered with %v", refusal)
	}
}
