package follow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

func TestMain(m *testing.M) { logtest.Main(m) }

// writer appends commits as services do, and folds them for comparison.
type writer struct {
	t      *testing.T
	log    *eventlog.Log
	states map[ids.Session]*session.State
}

func (w *writer) append(s ids.Session, c events.Context, all ...events.Event) uint64 {
	w.t.Helper()
	st := w.states[s]
	if st == nil {
		st = session.New(s)
		st.Incarnation = w.log.Incarnation(s)
		w.states[s] = st
	}
	head := st.Heads[c]
	previous := head.Hash
	if head.Version == 0 {
		previous = events.FirstHash(events.Subject(c, s), st.Incarnation)
	}
	commit := &events.Commit{
		V: events.Version, Command: ids.New[ids.Command](), Verb: "test", Actor: events.ByService(c), At: st.At + 1,
		Version: head.Version + 1, PrevHash: previous, Events: all,
	}
	out := w.log.Append(context.Background(), s, c, commit, head.Sequence)
	if out.Kind != eventlog.Stored {
		w.t.Fatalf("append: %s: %v", out.Kind, out.Err)
	}
	if err := st.Apply(commit, session.Meta{Context: c, Sequence: out.Sequence, Hash: out.Hash}); err != nil {
		w.t.Fatal(err)
	}
	return out.Sequence
}

func created(code string) *events.SessionCreated {
	return &events.SessionCreated{Title: "T", Code: code, HardEnd: clock.Instant(9e12), Modalities: session.DefaultModalities()}
}

// start runs a follower until the test ends.
func start(t *testing.T, log *eventlog.Log) *follow.Follower {
	t.Helper()
	f := follow.New(follow.Config{Log: log, Logger: logtest.Logger(t)})
	run(t, f)
	return f
}

func run(t *testing.T, f *follow.Follower) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-f.Ready()
}

func TestStatesAreTheFoldOfTheLog(t *testing.T) {
	store := logtest.Open(t)
	w := &writer{t: t, log: store.Log(eventlog.Options{Name: "writer"}), states: map[ids.Session]*session.State{}}
	var sessions []ids.Session
	last := map[ids.Session]uint64{}
	write := func() {
		for i := range 12 {
			s := ids.New[ids.Session]()
			sessions = append(sessions, s)
			w.append(s, events.Registry, created(fmt.Sprintf("C%05d", len(sessions))))
			w.append(s, events.Timing, &events.MinimumChanged{MinimumMS: int64(i)})
			last[s] = w.append(s, events.Queue, &events.ListStateChanged{Part: ids.New[ids.Part](), State: events.ListOpen})
		}
	}
	write() // what is stored
	f := start(t, store.Log(eventlog.Options{Name: "gateway"}))
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	write() // what comes
	consultation := ids.New[ids.Session]()
	w.append(consultation, events.Registry, &events.ConsultationCreated{Title: "a consultation"})
	for _, s := range sessions {
		if err := f.Wait(context.Background(), s, last[s], 5*time.Second); err != nil {
			t.Fatal(err)
		}
		if err := f.Read(s, func(got *session.State) {
			if !reflect.DeepEqual(got, w.states[s]) {
				t.Errorf("the state of %s is %+v", s, got)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(sessions, ids.Session.Compare)
	if got := f.Sessions(); !slices.Equal(got, sessions) {
		t.Errorf("the sessions are %v", got)
	}
	if s, ok := f.ByCode(" c00003 "); !ok || w.states[s].Registry.Code != "C00003" {
		t.Errorf("the code leads to %s, %v", s, ok)
	}
	if _, ok := f.ByCode("NOBODY"); ok {
		t.Error("a code that nobody has leads somewhere")
	}
	if err := f.Read(ids.New[ids.Session](), func(*session.State) { t.Error("a session that does not exist was read") }); !problem.Is(err, problem.NotFound) {
		t.Errorf("a session that does not exist: %v", err)
	}
}

func TestChangesAreAnnounced(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "gateway"})
	w := &writer{t: t, log: log, states: map[ids.Session]*session.State{}}
	f := start(t, log)
	var mu sync.Mutex
	heard := map[ids.Session]int{}
	f.OnChange(func(s ids.Session) {
		// The state can be read at once, and holds the change.
		_ = f.Read(s, func(st *session.State) {
			mu.Lock()
			defer mu.Unlock()
			heard[s] = int(st.Heads[events.Registry].Version)
		})
	})
	s := ids.New[ids.Session]()
	w.append(s, events.Registry, created("AAAAAA"))
	invitation := ids.New[ids.Invitation]()
	w.append(s, events.Registry, &events.InvitationIssued{Invitation: invitation})
	if f.Revoked(s, invitation) {
		t.Error("a link that was just made is withdrawn")
	}
	seq := w.append(s, events.Registry, &events.InvitationRevoked{Invitation: invitation})
	if err := f.Wait(context.Background(), s, seq, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := log.Activity().Settled(context.Background()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if heard[s] != 3 {
		t.Errorf("the last change that was heard of is %d", heard[s])
	}
	if !f.Revoked(s, invitation) || !f.Revoked(ids.Session{}, invitation) || f.Revoked(ids.New[ids.Session](), invitation) || f.Revoked(s, ids.New[ids.Invitation]()) {
		t.Error("what is withdrawn is not what was withdrawn")
	}
}

func TestWaitSaysNotNow(t *testing.T) {
	store := logtest.Open(t)
	f := start(t, store.Log(eventlog.Options{Name: "gateway"}))
	s := ids.New[ids.Session]()
	begun := time.Now()
	err := f.Wait(context.Background(), s, 5, 200*time.Millisecond)
	if p := problem.From(err); p.Code != problem.Busy || p.RetryAfterMS == 0 || time.Since(begun) < 200*time.Millisecond {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.Wait(ctx, s, 5, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who has gone: %v", err)
	}
	if last, err := f.Last(context.Background(), s); err != nil || last != 0 || f.Position(s) != 0 {
		t.Errorf("the end is %d, read up to %d (%v)", last, f.Position(s), err)
	}
}

// TestRefusedSessionsAreNotAnsweredAbout: a commit that was forged into the
// stream stops its session and no other.
func TestRefusedSessionsAreNotAnsweredAbout(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "gateway"})
	w := &writer{t: t, log: log, states: map[ids.Session]*session.State{}}
	f := start(t, log)
	good, forged, folded := ids.New[ids.Session](), ids.New[ids.Session](), ids.New[ids.Session]()
	var seq uint64
	for i, s := range []ids.Session{good, forged, folded} {
		seq = w.append(s, events.Registry, created(fmt.Sprintf("R%05d", i)))
		if err := f.Wait(context.Background(), s, seq, 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	js, err := jetstream.New(store.Connect("forger"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(s ids.Session, c *events.Commit) uint64 {
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		ack, err := js.PublishMsg(context.Background(), &nats.Msg{Subject: eventlog.PublishSubject(events.Registry, s), Data: body})
		if err != nil {
			t.Fatal(err)
		}
		return ack.Sequence
	}
	// One with a false predecessor, one that fits and cannot be folded.
	commit := &events.Commit{V: events.Version, Command: ids.New[ids.Command](), Verb: "test", Version: 2, Events: []events.Event{&events.SessionSealed{}}}
	seqs := map[ids.Session]uint64{forged: put(forged, commit)}
	commit.PrevHash = w.states[folded].Heads[events.Registry].Hash
	commit.Events = []events.Event{&events.PersonErased{Person: ids.New[ids.Person]()}}
	seqs[folded] = put(folded, commit)
	for _, s := range []ids.Session{forged, folded} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for f.Position(s) < seqs[s] && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		err := f.Read(s, func(*session.State) { t.Error("a refused session was read") })
		if p := problem.From(err); p.Code != problem.Refused || p.Do == "" {
			t.Errorf("reading a refused session: %v", err)
		}
		if err := f.Wait(context.Background(), s, 1, time.Second); !problem.Is(err, problem.Refused) {
			t.Errorf("waiting for a refused session: %v", err)
		}
	}
	if err := f.Read(good, func(*session.State) {}); err != nil {
		t.Errorf("the good session: %v", err)
	}
}

func TestNamesComeFromTheStoreThatCanForget(t *testing.T) {
	store := logtest.Open(t)
	js, err := jetstream.New(store.Connect("people"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	persons, err := people.Open(ctx, js, people.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := persons.Watch(ctx, people.WatchConfig{Kinds: []people.Kind{people.Persons}})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	names := follow.Names(cache)
	s, p := ids.New[ids.Session](), ids.New[ids.Person]()
	if got := names(s, p, events.Hash{1}); got != (view.Name{}) {
		t.Errorf("nobody is called %+v", got)
	}
	digest, err := persons.PutPerson(ctx, s, p, ids.New[ids.Command](), people.Person{
		Name: "Ada", FormOfAddress: "Dr", Pronunciation: "AY-da", Email: "ada@example.org", AccessNeeds: "a ramp", AccessSeconds: 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(s, p, digest), (view.Name{Name: "Ada", FormOfAddress: "Dr", Pronunciation: "AY-da", AccessMS: 30_000}); got != want {
		t.Errorf("she is called %+v", got)
	}
	if _, err := persons.Erase(ctx, people.PersonKey(s, p)); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for !names(s, p, digest).Erased {
		if time.Now().After(deadline) {
			t.Fatalf("an erased person is called %+v", names(s, p, digest))
		}
		time.Sleep(time.Millisecond)
	}
	if got := names(s, p, digest); got != (view.Name{Erased: true}) {
		t.Errorf("an erased person is called %+v", got)
	}
}
