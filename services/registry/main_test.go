package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// TestMain ends with a look for goroutines that a test left behind.
func TestMain(m *testing.M) { logtest.Main(m) }

// lines are the log lines of everything in a world.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) contain(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.all.Bytes(), []byte(text))
}

// world is a server on a folder, with the registries that run on it.
type world struct {
	t      *testing.T
	folder string
	keys   *keys.Set
	lines  *lines
	server *natsembed.Server
	conn   *nats.Conn
}

// newWorld starts a server on a new folder.
func newWorld(t *testing.T) *world {
	w := &world{t: t, folder: t.TempDir(), keys: keys.Ephemeral(), lines: &lines{}}
	w.start()
	t.Cleanup(w.halt)
	return w
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// start starts the server, also again on the same folder.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.server, err = natsembed.Start(w.t.Context(), natsembed.Options{Folder: filepath.Join(w.folder, "store"), Logger: w.logger()}); err != nil {
		w.t.Fatal(err)
	}
	if w.conn, err = w.server.Connect(); err != nil {
		w.t.Fatal(err)
	}
}

// halt stops the server.
func (w *world) halt() {
	if w.server != nil {
		w.conn.Close()
		w.server.Stop()
		w.server = nil
	}
}

// process sets a process up; change may alter its settings.
func (w *world) process(name string, change ...func(*process.Settings)) *process.Process {
	w.t.Helper()
	settings := process.Settings{Data: filepath.Join(w.folder, name), Replicas: 1}
	for _, do := range change {
		do(&settings)
	}
	p, err := process.Open(w.t.Context(), name, settings, process.Options{Server: w.server, Keys: w.keys, Logger: w.logger()})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// registry runs a registry until stop is called or the test ends.
func (w *world) registry(name string, change ...func(*process.Settings)) (s *Service, stop func()) {
	w.t.Helper()
	p := w.process(name, change...)
	s, err := New(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-s.Ready()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				w.t.Errorf("%s ended with %v", name, err)
			}
			if err := p.Close(); err != nil {
				w.t.Errorf("closing %s: %v", name, err)
			}
		})
	}
	// Cleanups run in reverse order: before the server's.
	w.t.Cleanup(stop)
	return s, stop
}

// request makes a command of somebody of the secretariat.
func request(s ids.Session, verb string, args any) *command.Request {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return &command.Request{
		ID: ids.New[ids.Command](), Session: s, Verb: verb, Args: raw,
		Actor: events.Actor{ID: "token/office", Roles: []events.Role{events.Secretariat, events.Organiser}},
	}
}

// ask sends a command as a gateway does.
func (w *world) ask(r *command.Request) (*command.Receipt, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	return shell.Ask(ctx, w.conn, events.Registry, r)
}

// must wants a command to be accepted.
func (w *world) must(s ids.Session, verb string, args any) *command.Receipt {
	w.t.Helper()
	receipt, err := w.ask(request(s, verb, args))
	if err != nil {
		w.t.Fatalf("%s: %v", verb, err)
	}
	return receipt
}

// refused wants a command to be refused with a code and a field.
func (w *world) refused(r *command.Request, code problem.Code, field string) {
	w.t.Helper()
	_, err := w.ask(r)
	if err == nil {
		w.t.Errorf("%s is accepted", r.Verb)
		return
	}
	if p := problem.From(err); p.Code != code || p.Field != field {
		w.t.Errorf("%s is refused with %v, not %s on %q", r.Verb, err, code, field)
	}
}

// good are the arguments of a session.
func good() command.CreateSession {
	start := time.Now().Add(time.Hour).UnixMilli()
	return command.CreateSession{Title: "First meeting", PlannedStart: instant(start), HardEnd: instant(start + 90*60_000), Zone: "Europe/Zurich"}
}

// session makes a session with one accepted applicant.
func (w *world) session() (ids.Session, ids.Applicant) {
	w.t.Helper()
	id := ids.New[ids.Session]()
	w.must(id, "create_session", good())
	made := w.must(id, "apply", command.Apply{Organisation: "Somebody", Accept: true})
	return id, ids.MustParse[ids.Applicant](made.Made["applicant"])
}

// settled waits until a registry is at rest.
func settled(t *testing.T, all ...*Service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 2 {
		for _, s := range all {
			if err := s.log.Activity().Settled(ctx); err != nil {
				t.Fatalf("not settled: %v", err)
			}
		}
	}
}

// look reads a session's state as the log has it now.
func look(t *testing.T, s *Service, id ids.Session, f func(*session.State)) {
	t.Helper()
	if there, err := s.shell.Current(t.Context(), id, f); !there || err != nil {
		t.Fatalf("there is no session %s (%v)", id, err)
	}
}

// files lists the files under the world's folder that contain a text, by
// searching every byte of each of them. The server renames some at times: then
// they are looked through again, as a text may be where the search has been.
func (w *world) files(text string) []string {
	w.t.Helper()
	for range 100 {
		found, err := w.search(text)
		if err == nil {
			return found
		}
		if !errors.Is(err, fs.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("files vanish in each of 100 searches")
	return nil
}

func (w *world) search(text string) (found []string, err error) {
	err = filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	return found, err
}
