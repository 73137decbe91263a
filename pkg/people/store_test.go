package people_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// bench is a real server with its store, and clients of it.
type bench struct {
	t      *testing.T
	folder string
	server *natsembed.Server
	conns  []*nats.Conn
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, folder: filepath.Join(t.TempDir(), "store")}
	b.start()
	t.Cleanup(b.halt)
	return b
}

func (b *bench) start() {
	b.t.Helper()
	server, err := natsembed.Start(b.t.Context(), natsembed.Options{Folder: b.folder})
	if err != nil {
		b.t.Fatal(err)
	}
	b.server = server
}

// halt stops clients and server; what is on the disk then is what is left.
func (b *bench) halt() {
	for _, c := range b.conns {
		c.Close()
	}
	b.conns = nil
	b.server.Stop()
}

// js is a connection of its own, as another process has.
func (b *bench) js() jetstream.JetStream {
	b.t.Helper()
	conn, err := b.server.Connect()
	if err != nil {
		b.t.Fatal(err)
	}
	b.conns = append(b.conns, conn)
	js, err := jetstream.New(conn)
	if err != nil {
		b.t.Fatal(err)
	}
	return js
}

func (b *bench) open(config people.Config) *people.Store {
	b.t.Helper()
	s, err := people.Open(b.t.Context(), b.js(), config)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// files lists, for each text, the files under the store's folder that contain
// it, by searching every byte of every file.
func (b *bench) files(texts ...string) map[string][]string {
	b.t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(b.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(raw, []byte(text)) {
				found[text] = append(found[text], path)
			}
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// wantFiles fails unless text is in the files, or in none, as wanted. The first
// kind is what makes the second one mean something.
func (b *bench) wantFiles(when, text string, there bool) {
	b.t.Helper()
	if found := b.files(text)[text]; (len(found) > 0) != there {
		b.t.Errorf("%s: %q is in %v, want it in a file: %v", when, text, found, there)
	}
}

// who is one person's key and ids.
type who struct {
	session ids.Session
	id      ids.Person
}

func newWho() who { return who{ids.New[ids.Session](), ids.New[ids.Person]()} }

func (w who) key() people.Key { return people.PersonKey(w.session, w.id) }

func putPerson(t *testing.T, s *people.Store, w who, p people.Person) events.Hash {
	t.Helper()
	d, err := s.PutPerson(t.Context(), w.session, w.id, ids.New[ids.Command](), p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func settle(t *testing.T, s *people.Store, key people.Key, d events.Hash) {
	t.Helper()
	if err := s.Settle(t.Context(), key, d); err != nil {
		t.Fatal(err)
	}
}

func TestPutThenGet(t *testing.T) {
	s := newBench(t).open(people.Config{})
	w := newWho()
	want := people.Person{
		Name: "Zoë <Ōnuki> & Söhne", FormOfAddress: "H.E. Ms", Pronunciation: "ZOH-eh", Email: "zoe@example.org",
		Phone: "+41 22 000", Postal: "1 Rue\nGenève", AccessNeeds: "a chair without arms", AccessSeconds: 30,
	}
	d := putPerson(t, s, w, want)
	got, err := s.GetPerson(t.Context(), w.session, w.id, d)
	if err != nil || got != want {
		t.Fatalf("%+v, %v; want %+v", got, err, want)
	}
	command := ids.New[ids.Command]()
	ref, err := s.PutNote(t.Context(), w.session, command, people.Note{Text: "asked to speak later"})
	if err != nil || ref.ID != people.NoteID(command) || ref.Digest.IsZero() {
		t.Fatalf("note %+v, %v", ref, err)
	}
	if note, err := s.GetNote(t.Context(), w.session, ref); err != nil || note.Text != "asked to speak later" {
		t.Errorf("note %+v, %v", note, err)
	}
	text := ids.New[ids.Text]()
	d, err = s.PutText(t.Context(), w.session, text, ids.New[ids.Command](), people.StatementText{Text: "One.\n\nTwo."})
	if err != nil {
		t.Fatal(err)
	}
	if read, err := s.GetText(t.Context(), w.session, text, d); err != nil || read.Text != "One.\n\nTwo." {
		t.Errorf("text %+v, %v", read, err)
	}
}

func TestGetRefuses(t *testing.T) {
	s := newBench(t).open(people.Config{})
	w := newWho()
	d := putPerson(t, s, w, people.Person{Name: "Ada"})
	for name, c := range map[string]struct {
		w who
		d events.Hash
	}{
		"another digest":  {w, events.Hash{1}},
		"no digest":       {w, events.Hash{}},
		"another person":  {newWho(), d},
		"another session": {who{ids.New[ids.Session](), w.id}, d},
	} {
		if p, err := s.GetPerson(t.Context(), c.w.session, c.w.id, c.d); !problem.Is(err, problem.NotFound) || errors.Is(err, people.ErrErased) {
			t.Errorf("%s: %+v, %v; want not_found", name, p, err)
		}
	}
	if _, err := s.GetPerson(t.Context(), ids.Session{}, w.id, d); err == nil {
		t.Error("a key without a session was read")
	}
}

func TestPutIsIdempotent(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	w := newWho()
	first, second := ids.New[ids.Command](), ids.New[ids.Command]()
	put := func(command ids.Command, name string) (events.Hash, error) {
		return s.PutPerson(t.Context(), w.session, w.id, command, people.Person{Name: name})
	}
	d1, err := put(first, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := put(first, "Ada"); err != nil || again != d1 {
		t.Errorf("the same again: %s, %v; want %s", again, err, d1)
	}
	if _, err := put(first, "Grace"); !problem.Is(err, problem.Reused) {
		t.Errorf("another value under the same id: %v", err)
	}
	d2, err := put(second, "Ada")
	if err != nil || d2 == d1 {
		t.Fatalf("the same value by another command: %s, %v; the salt must differ", d2, err)
	}
	// A repetition that comes after everything was replaced gets its first answer
	// and does not bring its value back.
	settle(t, s, w.key(), d2)
	if again, err := put(first, "Ada"); err != nil || again != d1 {
		t.Errorf("after it was replaced: %s, %v; want %s", again, err, d1)
	}
	if _, err := s.GetPerson(t.Context(), w.session, w.id, d1); !problem.Is(err, problem.NotFound) {
		t.Errorf("the replaced value is back: %v", err)
	}
	if _, err := s.GetPerson(t.Context(), w.session, w.id, d2); err != nil {
		t.Errorf("the present value: %v", err)
	}
}

func TestRefusedValues(t *testing.T) {
	s := newBench(t).open(people.Config{})
	w := newWho()
	ctx, command := t.Context(), ids.New[ids.Command]()
	person := func(p people.Person) error {
		_, err := s.PutPerson(ctx, w.session, w.id, command, p)
		return err
	}
	note := func(text string) error {
		_, err := s.PutNote(ctx, w.session, command, people.Note{Text: text})
		return err
	}
	text := func(text string) error {
		_, err := s.PutText(ctx, w.session, ids.New[ids.Text](), command, people.StatementText{Text: text})
		return err
	}
	_, noCommand := s.PutPerson(ctx, w.session, w.id, ids.Command{}, people.Person{Name: "Ada"})
	for _, c := range []struct {
		name, field string
		code        problem.Code
		err         error
	}{
		{"no name", "name", problem.Invalid, person(people.Person{})},
		{"a blank name", "name", problem.Invalid, person(people.Person{Name: " \u00a0"})},
		{"a long name", "name", problem.TooLarge, person(people.Person{Name: strings.Repeat("ñ", people.MaxName+1)})},
		{"a line feed in a name", "name", problem.Invalid, person(people.Person{Name: "Ada\nLovelace"})},
		{"a direction override in a name", "name", problem.Invalid, person(people.Person{Name: "Ada\u202e"})},
		{"bytes that are no UTF-8", "name", problem.Invalid, person(people.Person{Name: "\xff\xfe"})},
		{"an e-mail address with a name", "email", problem.Invalid, person(people.Person{Name: "Ada", Email: "Ada <a@example.org>"})},
		{"no e-mail address", "email", problem.Invalid, person(people.Person{Name: "Ada", Email: "ada"})},
		{"a long postal address", "postal", problem.TooLarge, person(people.Person{Name: "Ada", Postal: strings.Repeat("x", people.MaxContact+1)})},
		{"a bell in the access needs", "access_needs", problem.Invalid, person(people.Person{Name: "Ada", AccessNeeds: "\a"})},
		{"a negative allowance", "access_seconds", problem.Invalid, person(people.Person{Name: "Ada", AccessSeconds: -1})},
		{"a large allowance", "access_seconds", problem.Invalid, person(people.Person{Name: "Ada", AccessSeconds: people.MaxAccessSeconds + 1})},
		{"an empty note", "text", problem.Invalid, note(" \n")},
		{"a long note", "text", problem.TooLarge, note(strings.Repeat("x", people.MaxNote+1))},
		{"an empty statement", "text", problem.Invalid, text("")},
		{"a statement of too many characters", "text", problem.TooLarge, text(strings.Repeat("x", people.MaxValue+1))},
		{"a statement of too many bytes", "", problem.TooLarge, text(strings.Repeat("語", people.MaxValue/2))},
		{"no command", "id", problem.Invalid, noCommand},
	} {
		if e := problem.From(c.err); c.err == nil || e.Code != c.code || e.Field != c.field {
			t.Errorf("%s: %v; want %s on %q", c.name, c.err, c.code, c.field)
		}
	}
	if err := text(strings.Repeat("x", people.MaxValue-len(`{"text":""}`))); err != nil {
		t.Errorf("the longest value: %v", err)
	}
}

func TestWritersAtOnceLoseNothing(t *testing.T) {
	b := newBench(t)
	w := newWho()
	const writers = 6
	digests := make([]events.Hash, writers)
	var wait sync.WaitGroup
	for i := range writers {
		s := b.open(people.Config{})
		wait.Go(func() {
			d, err := s.PutPerson(context.Background(), w.session, w.id, ids.New[ids.Command](), people.Person{Name: fmt.Sprintf("Writer %d", i)})
			if err != nil {
				t.Error(err)
			}
			digests[i] = d
		})
	}
	wait.Wait()
	s := b.open(people.Config{})
	for i, d := range digests {
		if p, err := s.GetPerson(t.Context(), w.session, w.id, d); err != nil || p.Name != fmt.Sprintf("Writer %d", i) {
			t.Errorf("writer %d: %+v, %v", i, p, err)
		}
	}
}

func TestOpenRefusesOtherSettings(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*jetstream.StreamConfig)
	}{
		{"deny_delete", func(c *jetstream.StreamConfig) { c.DenyDelete = true }},
		{"allow_direct", func(c *jetstream.StreamConfig) { c.AllowDirect = true }},
		{"max_msgs_per_subject", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 }},
		{"age", func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }},
		{"memory", func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage }},
		{"copied", func(c *jetstream.StreamConfig) {
			c.RePublish = &jetstream.RePublish{Source: "person.>", Destination: "elsewhere.>"}
		}},
	} {
		t.Run(c.want, func(t *testing.T) {
			js := newBench(t).js()
			config := jetstream.StreamConfig{Name: people.Stream, Subjects: []string{"person.>"}, Storage: jetstream.FileStorage}
			c.change(&config)
			if _, err := js.CreateStream(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			if _, err := people.Open(t.Context(), js, people.Config{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestAnswersNotNowWhenTheServerIsGone(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	w := newWho()
	d := putPerson(t, s, w, people.Person{Name: "Secret Name"})
	b.server.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, put := s.PutPerson(ctx, w.session, w.id, ids.New[ids.Command](), people.Person{Name: "Secret Name"})
	_, read := s.GetPerson(ctx, w.session, w.id, d)
	_, erase := s.Erase(ctx, w.key())
	for name, err := range map[string]error{"put": put, "get": read, "erase": erase, "settle": s.Settle(ctx, w.key(), d)} {
		if e := problem.From(err); e.Code != problem.Busy || e.RetryAfterMS == 0 || strings.Contains(err.Error(), "Secret") {
			t.Errorf("%s: %v, want busy", name, err)
		}
	}
}
