package registry

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/shell/shelltest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// keep changes what a world's processes are told to keep.
func keep(days retention.Settings) func(*process.Settings) {
	return func(s *process.Settings) { s.Retention = days }
}

// over makes a session with a person, a statement and a reason, which was
// adjourned so many days ago, more than seven; r has sealed it.
func (w *world) over(r *Service, days int64) ids.Session {
	w.t.Helper()
	id, applicant := w.session()
	w.must(id, "add_person", command.AddPerson{Applicant: applicant, Value: person("Ezekiel Kept-a-while")})
	w.must(id, "file_text", command.FileText{Applicant: applicant, Language: "en", Visibility: events.PublicNow, Content: "Statement of Ezekiel"})
	chair := events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}
	act := request(id, "change_session", map[string]any{"title": "With a reason"})
	ref, err := notes.Put(w.conn)(w.t.Context(), id, chair, act.ID, "Reason about Ezekiel")
	if err != nil {
		w.t.Fatal(err)
	}
	act.Reason = &ref
	if _, err := w.ask(act); err != nil {
		w.t.Fatal(err)
	}
	p := w.process("timing")
	scribe, err := p.Shell(shelltest.Scribe(events.Timing), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- scribe.Run(ctx) }()
	<-scribe.Ready()
	shelltest.Write(w.t, w.conn, id, events.Timing, "adjourn", sessiontest.Staff(events.Chair),
		&events.SessionAdjourned{AdjournedAt: clock.Of(time.Now().Add(-time.Duration(days) * 24 * time.Hour))})
	cancel()
	if err := <-done; err != nil {
		w.t.Error(err)
	}
	if err := p.Close(); err != nil {
		w.t.Error(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for sealed := false; !sealed; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("the session was not sealed")
		}
		r.View(id, func(s *session.State) { sealed = s.Registry.Sealed })
	}
	return id
}

// ended waits until every one of some registries has folded that a session ended
// to keep a class.
func ended(t *testing.T, id ids.Session, kept events.Kept, all ...*Service) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for _, r := range all {
		for there := false; !there; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("keeping %s did not end", kept)
			}
			r.View(id, func(s *session.State) { there = !s.Registry.Ended[kept].IsZero() })
		}
	}
}

// wantKept looks for what was kept, by searching every byte of every file.
func (w *world) wantKept(when string, people, statement bool) {
	w.t.Helper()
	for text, there := range map[string]bool{"Ezekiel Kept-a-while": people, "Reason about Ezekiel": people, "Statement of Ezekiel": statement} {
		if found := w.files(text); (len(found) > 0) != there {
			w.t.Errorf("%s: %q is in %v; want it kept: %v", when, text, found, there)
		}
	}
}

// TestRetentionEndsByTheSettings: what a deployment keeps for 30 days goes when
// they are over, with a fact in the log, from one of two replicas, once; what it
// keeps for longer stays.
func TestRetentionEndsByTheSettings(t *testing.T) {
	w := newWorld(t)
	first, stop := w.registry("first")
	old, young := w.over(first, 31), w.over(first, 29)
	w.wantKept("without a setting", true, true)
	stop()
	set := keep(retention.Settings{People: 30, Statements: 365})
	one, _ := w.registry("one", set)
	two, _ := w.registry("two", set)
	// The timers are armed some time after the start, when the clock was measured:
	// a registry is at rest before.
	ended(t, old, events.KeptPeople, one, two)
	settled(t, one, two)
	for _, r := range []*Service{one, two} {
		look(t, r, old, func(s *session.State) {
			if s.Registry.Ended[events.KeptPeople].IsZero() || len(s.Registry.Ended) != 1 {
				t.Errorf("the older session ended %v", s.Registry.Ended)
			}
		})
		look(t, r, young, func(s *session.State) {
			if len(s.Registry.Ended) != 0 {
				t.Errorf("the younger session ended %v", s.Registry.Ended)
			}
		})
	}
	raw, err := one.log.Read(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	facts := 0
	for _, m := range raw {
		facts += strings.Count(string(m.Body), `"retention_ended"`)
	}
	if facts != 1 {
		t.Errorf("the log says %d times that it is forgotten", facts)
	}
	// The younger session's are still there, so look at the older one's by its keys.
	if n, err := one.people.EraseAll(t.Context(), old, "person"); n != 0 || err != nil {
		t.Errorf("%d persons of the older session were left: %v", n, err)
	}
	if n, err := one.people.EraseAll(t.Context(), old, "note"); n != 0 || err != nil {
		t.Errorf("%d reasons of the older session were left: %v", n, err)
	}
	w.wantKept("of the younger session", true, true)
	if !w.lines.contain("erased all") || w.lines.contain("Ezekiel") {
		t.Error("the log lines do not say what was erased, or say whom")
	}
}

// TestACrashBetweenTheEndOfRetentionAndTheErasure: the fact is in the log and
// everything still in the store; the next start finishes, whatever its settings.
func TestACrashBetweenTheEndOfRetentionAndTheErasure(t *testing.T) {
	w := newWorld(t)
	first, stop := w.registry("one")
	id := w.over(first, 31)
	stop()
	set := retention.Settings{People: 30, Statements: 30}
	w.bareOf(shell.Service{Context: events.Registry, Decide: domain.Decide, Due: func(s *session.State) []command.Deadline { return domain.RetentionDue(s, set) }}, func(sh *shell.Shell) {
		deadline := time.Now().Add(20 * time.Second)
		for ended := 0; ended < 2; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the retention did not end")
			}
			sh.View(id, func(s *session.State) { ended = len(s.Registry.Ended) })
		}
	})
	w.wantKept("before the start that is to erase it", true, true)
	r, _ := w.registry("two")
	settled(t, r)
	w.wantKept("after the start", false, false)
}

// TestRetentionSettingsAreChecked before anything is served.
func TestRetentionSettingsAreChecked(t *testing.T) {
	w := newWorld(t)
	p := w.process("one", keep(retention.Settings{People: 3}))
	if _, err := New(t.Context(), p); err == nil || !strings.Contains(err.Error(), "keep-people-days") {
		t.Errorf("three days: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
