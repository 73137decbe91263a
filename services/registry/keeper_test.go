package registry

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// bare runs the registry's domain without its keeper: a process that dies right
// after each commit, again and again.
func (w *world) bare(do func()) {
	w.t.Helper()
	w.bareOf(shell.Service{Context: events.Registry, Decide: domain.Decide}, func(*shell.Shell) { do() })
}

// bareOf does so with a service of the test's own.
func (w *world) bareOf(service shell.Service, do func(*shell.Shell)) {
	w.t.Helper()
	p := w.process("bare")
	sh, err := p.Shell(service, creates)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sh.Run(ctx) }()
	<-sh.Ready()
	do(sh)
	cancel()
	if err := <-done; err != nil {
		w.t.Error(err)
	}
	if err := p.Close(); err != nil {
		w.t.Error(err)
	}
}

// TestACrashBetweenCommitAndErasure: the fact is in the log, the value still in
// the store; the next start finishes.
func TestACrashBetweenCommitAndErasure(t *testing.T) {
	w := newWorld(t)
	_, stop := w.registry("one")
	id, applicant := w.session()
	who := ids.MustParse[ids.Person](w.must(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name)}).Made["person"])
	stop()
	w.bare(func() { w.must(id, "erase_person", command.PersonRef{Person: who}) })
	if len(w.files("Bartholomew")) == 0 {
		t.Fatal("the name is gone before the start that is to erase it")
	}
	r, _ := w.registry("two")
	settled(t, r)
	if found := w.files("Bartholomew"); len(found) != 0 {
		t.Errorf("after the start the name is in %v", found)
	}
}

// TestACrashBetweenSessionAndConsultation: the session is there and not linked.
func TestACrashBetweenSessionAndConsultation(t *testing.T) {
	w := newWorld(t)
	id := ids.New[ids.Session]()
	w.bare(func() { w.must(id, "create_session", good()) })
	r, _ := w.registry("two")
	settled(t, r)
	var consultation ids.Session
	look(t, r, id, func(s *session.State) { consultation = ids.MustParse[ids.Session](s.Registry.Consultation.String()) })
	look(t, r, consultation, func(s *session.State) {
		if s.Registry.Series == nil || len(s.Registry.Series.Sessions) != 1 {
			t.Errorf("the consultation is %+v", s.Registry.Series)
		}
	})
}

// TestSweepKeepsWhatTheLogNames: of values older than a day, those that the log
// names stay, in whatever context it names them; the others go.
func TestSweepKeepsWhatTheLogNames(t *testing.T) {
	w := newWorld(t)
	r, _ := w.registry("one")
	id, applicant := w.session()
	who := ids.MustParse[ids.Person](w.must(id, "add_person", command.AddPerson{Applicant: applicant, Value: person(name)}).Made["person"])
	text := command.FileText{Applicant: applicant, Language: "en", Visibility: events.OwnerOnly, Content: "Kept statement"}
	w.must(id, "file_text", text)
	chair := events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}
	kept := request(id, "change_session", map[string]any{"title": "With a reason"})
	ref, err := notes.Put(w.conn)(t.Context(), id, chair, kept.ID, "Kept reason")
	if err != nil {
		t.Fatal(err)
	}
	kept.Reason = &ref
	if _, err := w.ask(kept); err != nil {
		t.Fatal(err)
	}
	// Orphans: values whose command was refused in the last moment or never came.
	if _, err := notes.Put(w.conn)(t.Context(), id, chair, ids.New[ids.Command](), "Orphaned reason"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.people.PutPerson(t.Context(), id, ids.New[ids.Person](), ids.New[ids.Command](), people.Person{Name: "Orphaned person"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.people.PutText(t.Context(), id, ids.New[ids.Text](), ids.New[ids.Command](), people.StatementText{Text: "Orphaned text"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.people.PutPerson(t.Context(), id, who, ids.New[ids.Command](), people.Person{Name: "Orphaned change"}); err != nil {
		t.Fatal(err)
	}
	settled(t, r)
	orphans := []string{"Orphaned reason", "Orphaned person", "Orphaned text", "Orphaned change"}
	if err := r.keeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range orphans {
		if len(w.files(text)) == 0 {
			t.Errorf("%q is swept before a day has passed", text)
		}
	}
	// A day later: another process, whose clock says so.
	js, err := jetstream.New(w.conn)
	if err != nil {
		t.Fatal(err)
	}
	later, err := people.Open(t.Context(), js, people.Config{Now: func() time.Time { return time.Now().Add(people.OrphanAge + time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	again := newKeeper(&Service{shell: r.shell, log: r.log, people: later, lines: r.lines})
	if err := again.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range orphans {
		if found := w.files(text); len(found) != 0 {
			t.Errorf("%q is still in %v", text, found)
		}
	}
	for _, text := range []string{"Bartholomew", "Kept statement", "Kept reason"} {
		if len(w.files(text)) == 0 {
			t.Errorf("%q was swept", text)
		}
	}
}

// TestDeadlinesAreTimers: what the domain has due is armed by the shell as a
// timer, and not done at once.
func TestDeadlinesAreTimers(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(1, nil)
	if got := domain.Due(l.State); len(got) != 0 {
		t.Errorf("due is %+v", got)
	}
	l.StartAt(sessiontest.Item)
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "adjourn", &events.SessionAdjourned{AdjournedAt: l.Now})
	got := domain.Due(l.State)
	if len(got) != 1 || !got[0].Timer || got[0].Request.Verb != "seal" || got[0].Request.Actor.ID != "system/registry" || got[0].Request.ID.IsZero() {
		t.Errorf("due is %+v", got)
	}
}

// TestAServiceIsReadyAndEnds: the part says its name, when it can serve, and
// lets go of everything in the end (TestMain looks for goroutines).
func TestAServiceIsReadyAndEnds(t *testing.T) {
	w := newWorld(t)
	r, stop := w.registry("one")
	if r.Name() != "registry" {
		t.Errorf("the name is %q", r.Name())
	}
	deadline := time.Now().Add(10 * time.Second)
	for err := r.Check(); err != nil; err = r.Check() {
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", err)
		}
		runtime.Gosched()
	}
	stop()
	if r.Check() == nil {
		t.Error("a service that ended says that it is ready")
	}
}
