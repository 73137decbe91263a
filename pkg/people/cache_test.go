package people_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// watcher is a cache of another process, with what it was told.
type watcher struct {
	*people.Cache
	t       *testing.T
	changes chan people.Change
}

func watch(t *testing.T, s *people.Store, kinds ...people.Kind) *watcher {
	t.Helper()
	w := &watcher{t: t, changes: make(chan people.Change, 256)}
	cache, err := s.Watch(t.Context(), people.WatchConfig{
		Kinds: kinds, OnChange: func(c people.Change) { w.changes <- c },
		OnFault: func(err error) { t.Errorf("fault: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Cache = cache
	t.Cleanup(cache.Close)
	return w
}

// until waits for a change after which ok holds.
func (w *watcher) until(what string, ok func() bool) {
	w.t.Helper()
	limit := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-w.changes:
		case <-limit:
			w.t.Fatalf("not seen within 10 s: %s", what)
		}
	}
}

func (w *watcher) want(when string, who who, d events.Hash, name string, state people.State) {
	w.t.Helper()
	if p, got := w.Person(who.session, who.id, d); p.Name != name || got != state {
		w.t.Errorf("%s: %q, %s; want %q, %s", when, p.Name, got, name, state)
	}
}

func TestCacheHoldsWhatWasThere(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	changed, erased, none := newWho(), newWho(), newWho()
	first := putPerson(t, s, changed, people.Person{Name: "First"})
	second := putPerson(t, s, changed, people.Person{Name: "Second"})
	settle(t, s, changed.key(), second)
	gone := putPerson(t, s, erased, people.Person{Name: "Gone"})
	if _, err := s.Erase(t.Context(), erased.key()); err != nil {
		t.Fatal(err)
	}
	command := ids.New[ids.Command]()
	ref, err := s.PutNote(t.Context(), changed.session, command, people.Note{Text: "a reason"})
	if err != nil {
		t.Fatal(err)
	}
	text := ids.New[ids.Text]()
	textDigest, err := s.PutText(t.Context(), changed.session, text, command, people.StatementText{Text: "a text"})
	if err != nil {
		t.Fatal(err)
	}
	// A second server start: the cache is built from what lies on the disk.
	b.halt()
	b.start()
	w := watch(t, b.open(people.Config{}))
	w.want("the present value", changed, second, "Second", people.Kept)
	w.want("the replaced value", changed, first, "", people.Missing)
	w.want("an erased person", erased, gone, "", people.Erased)
	w.want("nobody", none, second, "", people.Missing)
	if n, state := w.Note(changed.session, ref); n.Text != "a reason" || state != people.Kept {
		t.Errorf("note %+v, %s", n, state)
	}
	if x, state := w.Text(changed.session, text, textDigest); x.Text != "a text" || state != people.Kept {
		t.Errorf("text %+v, %s", x, state)
	}
	if x, state := w.Text(changed.session, text, second); x.Text != "" || state != people.Missing {
		t.Errorf("another thing's digest: %+v, %s", x, state)
	}
	// People only: the texts need not be in every gateway's memory.
	narrow := watch(t, b.open(people.Config{}), people.Persons)
	narrow.want("a narrow cache", changed, second, "Second", people.Kept)
	if _, state := narrow.Note(changed.session, ref); state != people.Missing {
		t.Errorf("a cache of persons holds a note: %s", state)
	}
}

func TestCacheFollowsAnotherProcess(t *testing.T) {
	b := newBench(t)
	there := watch(t, b.open(people.Config{}))
	here := b.open(people.Config{})
	w := newWho()
	first := putPerson(t, here, w, people.Person{Name: "First"})
	there.until("the first value", func() bool { _, s := there.Person(w.session, w.id, first); return s == people.Kept })
	second := putPerson(t, here, w, people.Person{Name: "Second"})
	there.until("the second value", func() bool { _, s := there.Person(w.session, w.id, second); return s == people.Kept })
	there.want("before the commit", w, first, "First", people.Kept)
	settle(t, here, w.key(), second)
	there.until("the end of the first", func() bool { _, s := there.Person(w.session, w.id, first); return s == people.Missing })
	there.want("after the commit", w, second, "Second", people.Kept)
	if _, err := here.Erase(t.Context(), w.key()); err != nil {
		t.Fatal(err)
	}
	there.until("the erasure", func() bool { _, s := there.Person(w.session, w.id, second); return s == people.Erased })
}

// Who wrote a value reads it at once, and hears of each change once, although
// the record comes a second time through the stream.
func TestCacheReadsItsOwnWritings(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	here := watch(t, s)
	w := newWho()
	d := putPerson(t, s, w, people.Person{Name: "Mine"})
	here.want("at once", w, d, "Mine", people.Kept)
	if _, err := s.Erase(t.Context(), w.key()); err != nil {
		t.Fatal(err)
	}
	here.want("after the erasure", w, d, "", people.Erased)
	// When a later writing of another process has come, so have ours before it.
	last := newWho()
	lastDigest := putPerson(t, b.open(people.Config{}), last, people.Person{Name: "Last"})
	seen := []people.Change{}
	for len(seen) == 0 || seen[len(seen)-1].Key != last.key() {
		select {
		case c := <-here.changes:
			seen = append(seen, c)
		case <-time.After(10 * time.Second):
			t.Fatalf("seen only %+v", seen)
		}
	}
	here.want("another's", last, lastDigest, "Last", people.Kept)
	want := []people.Change{{Key: w.key()}, {Key: w.key(), Erased: true}, {Key: last.key()}}
	if len(seen) != len(want) {
		t.Fatalf("told of %+v, want %+v", seen, want)
	}
	for i := range want {
		if seen[i] != want[i] {
			t.Errorf("change %d: %+v, want %+v", i, seen[i], want[i])
		}
	}
}

func TestCacheMayBeReadFromOnChange(t *testing.T) {
	s := newBench(t).open(people.Config{})
	w := newWho()
	var cache *people.Cache
	var ready sync.WaitGroup
	ready.Add(1)
	states := make(chan people.State, 1)
	cache, err := s.Watch(t.Context(), people.WatchConfig{OnChange: func(people.Change) {
		ready.Wait()
		_, state := cache.Person(w.session, w.id, events.Hash{})
		states <- state
	}})
	if err != nil {
		t.Fatal(err)
	}
	ready.Done()
	defer cache.Close()
	putPerson(t, s, w, people.Person{Name: "Ada"})
	if state := <-states; state != people.Missing {
		t.Errorf("state %s", state)
	}
}

func TestCloseEndsTheCache(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	byContext, err := s.Watch(ctx, people.WatchConfig{})
	if err != nil {
		t.Fatal(err)
	}
	byClose, err := s.Watch(t.Context(), people.WatchConfig{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	byContext.Close() // waits until it ended
	byClose.Close()
	byClose.Close()
	w := newWho()
	d := putPerson(t, s, w, people.Person{Name: "Late"})
	for name, c := range map[string]*people.Cache{"context": byContext, "close": byClose} {
		if _, state := c.Person(w.session, w.id, d); state != people.Missing {
			t.Errorf("a cache ended by %s still follows: %s", name, state)
		}
	}
	if _, err := s.Watch(ctx, people.WatchConfig{}); !problem.Is(err, problem.Busy) {
		t.Errorf("watching with an ended context: %v", err)
	}
}
