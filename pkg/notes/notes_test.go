package notes_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

var chair = events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}

// connect gives a connection to a server of the test's own. How the real
// registry answers is tested beside it, in services/registry.
func connect(t *testing.T) *nats.Conn {
	t.Helper()
	server, err := natsembed.Start(t.Context(), natsembed.Options{Folder: filepath.Join(t.TempDir(), "store")})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); server.Stop() })
	return conn
}

func TestSubjects(t *testing.T) {
	id := ids.New[ids.Session]()
	for _, act := range []string{notes.Keep, notes.Erase} {
		s, got, err := notes.ParseSubject(notes.Subject(id, act))
		if err != nil || s != id || got != act {
			t.Errorf("%s is %s %s (%v)", notes.Subject(id, act), s, got, err)
		}
	}
	for _, bad := range []string{"", "keep.registry", "keep.registry.x.keep_note", "keep.registry..keep_note", "cmd.registry." + id.String() + ".keep_note", notes.Subject(id, "a.b")} {
		if _, _, err := notes.ParseSubject(bad); !problem.Is(err, problem.Malformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAskingUntilThereIsAnAnswer(t *testing.T) {
	conn, id, command := connect(t), ids.New[ids.Session](), ids.New[ids.Command]()
	want := events.NoteRef{ID: ids.New[ids.Note](), Digest: events.HashBody([]byte("salted"))}
	var asked atomic.Int32
	// Busy at first, then the note: as when a registry is restarted.
	if _, err := conn.Subscribe(notes.Subjects, func(m *nats.Msg) {
		var r notes.Request
		if err := json.Unmarshal(m.Data, &r); err != nil || r.Command != command || r.Text != "Because." || r.Actor.ID != chair.ID {
			t.Errorf("asked for %s (%v)", m.Data, err)
		}
		answer := notes.Answer{Note: want}
		if asked.Add(1) < 3 {
			answer = notes.Answer{Problem: problem.New(problem.Busy, "not now")}
		}
		raw, err := json.Marshal(answer)
		if err == nil {
			err = m.Respond(raw)
		}
		if err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	got, err := notes.Put(conn)(t.Context(), id, chair, command, "Because.")
	if err != nil || got != want || asked.Load() != 3 {
		t.Errorf("the note is %+v after %d times (%v)", got, asked.Load(), err)
	}
}

func TestRefusalsAndNonsense(t *testing.T) {
	conn, id := connect(t), ids.New[ids.Session]()
	answers := map[string]string{notes.Keep: `{"problem":{"code":"too_large","detail":"long","field":"text"}}`, notes.Erase: `nonsense`}
	if _, err := conn.Subscribe(notes.Subjects, func(m *nats.Msg) {
		if err := m.Respond([]byte(answers[m.Subject[strings.LastIndex(m.Subject, ".")+1:]])); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	_, err := notes.Put(conn)(t.Context(), id, chair, ids.New[ids.Command](), "Because.")
	if p := problem.From(err); p.Code != problem.TooLarge || p.Field != "text" {
		t.Errorf("the refusal is %v", err)
	}
	if err := notes.Remove(t.Context(), conn, id, chair, ids.New[ids.Note]()); err == nil || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a broken answer gives %v", err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	conn := connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := notes.Put(conn)(ctx, ids.New[ids.Session](), chair, ids.New[ids.Command](), "Because.")
	if p := problem.From(err); p.Code != problem.Busy || p.RetryAfterMS == 0 || p.Do == "" {
		t.Errorf("nobody answers: %v", err)
	}
}
