package transcript

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/shell/shelltest"
	"github.com/fairfloor/fairfloor/pkg/words"
)

// TestMain ends with a look for goroutines that a test left behind.
func TestMain(m *testing.M) { logtest.Main(m) }

// world is a server on a folder with scribes for the other contexts, and a
// running session of four applicants.
type world struct {
	t      *testing.T
	folder string
	keys   *keys.Set
	server *natsembed.Server
	conn   *nats.Conn
	people *people.Store
	sid    ids.Session
	// begun holds what the queue was told of turns that began.
	mu    sync.Mutex
	begun []command.Begin
}

var (
	chair      = sessiontest.Staff(events.Chair)
	captioner  = sessiontest.Staff(events.Captioner)
	technician = sessiontest.Staff(events.Technician)
)

func newWorld(t *testing.T) *world {
	w := &world{t: t, folder: t.TempDir(), keys: keys.Ephemeral(), sid: ids.New[ids.Session]()}
	w.start()
	t.Cleanup(w.halt)
	p := w.process("others")
	t.Cleanup(func() { _ = p.Close() })
	var err error
	if w.people, err = p.People(t.Context()); err != nil {
		t.Fatal(err)
	}
	var stops []func()
	for _, c := range []events.Context{events.Registry, events.Queue, events.Timing} {
		scribe := shelltest.Scribe(c)
		if c == events.Queue {
			scribe = w.queue(scribe)
		}
		sh, err := p.Shell(scribe, func(string) bool { return c == events.Registry })
		if err != nil {
			t.Fatal(err)
		}
		stops = append(stops, w.run(sh))
	}
	// Before the process is closed.
	t.Cleanup(func() {
		for _, stop := range stops {
			stop()
		}
	})
	w.sample()
	return w
}

// queue is a scribe that takes the command begin besides, and remembers it.
func (w *world) queue(scribe shell.Service) shell.Service {
	write := scribe.Decide
	scribe.Decide = func(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
		var args command.Begin
		if r.Verb != "begin" || json.Unmarshal(r.Args, &args) != nil {
			return write(s, r, now)
		}
		w.mu.Lock()
		w.begun = append(w.begun, args)
		w.mu.Unlock()
		if t := s.Queue.Turns[args.Turn]; t == nil || !t.BegunAt.IsZero() || args.At < t.GivenAt {
			return command.Decision{}, problem.New(problem.WrongState, "it cannot begin")
		}
		return command.Decision{Events: []events.Event{&events.TurnBegun{Turn: args.Turn, BegunAt: args.At, Basis: args.Basis}}}, nil
	}
	return scribe
}

// start starts the server, also again on the same folder.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.server, err = natsembed.Start(w.t.Context(), natsembed.Options{Folder: filepath.Join(w.folder, "store"), Logger: quiet}); err != nil {
		w.t.Fatal(err)
	}
	if w.conn, err = w.server.Connect(); err != nil {
		w.t.Fatal(err)
	}
}

var quiet = slog.New(slog.DiscardHandler)

// halt stops the server.
func (w *world) halt() {
	if w.server != nil {
		w.conn.Close()
		w.server.Stop()
		w.server = nil
	}
}

// process sets a process up.
func (w *world) process(name string) *process.Process {
	w.t.Helper()
	settings := process.Settings{Data: filepath.Join(w.folder, name), Replicas: 1}
	p, err := process.Open(w.t.Context(), name, settings, process.Options{Server: w.server, Keys: w.keys, Logger: quiet})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// part is something that runs.
type part interface {
	Run(ctx context.Context) error
	Ready() <-chan struct{}
}

// run runs a part until stop is called.
func (w *world) run(part part) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part.Run(ctx) }()
	select {
	case <-part.Ready():
	case err := <-done:
		cancel()
		w.t.Fatalf("a part ended: %v", err)
	}
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("a part ended with %v", err)
		}
	})
}

// transcript runs the service until stop is called or the test ends.
func (w *world) transcript(name string, settings Settings) (s *Service, stop func()) {
	w.t.Helper()
	p := w.process(name)
	s, err := New(w.t.Context(), p, settings)
	if err != nil {
		w.t.Fatal(err)
	}
	end := w.run(s)
	stop = sync.OnceFunc(func() {
		end()
		if err := p.Close(); err != nil {
			w.t.Errorf("closing %s: %v", name, err)
		}
	})
	// Cleanups run in reverse order: before the server's.
	w.t.Cleanup(stop)
	return s, stop
}

// write lets a scribe write events.
func (w *world) write(c events.Context, verb string, by events.Actor, all ...events.Event) {
	w.t.Helper()
	shelltest.Write(w.t, w.conn, w.sid, c, verb, by, all...)
}

// sample makes the session: it has started, and everybody is on the list.
func (w *world) sample() {
	w.t.Helper()
	now := clock.Of(time.Now())
	office := sessiontest.Staff(events.Secretariat)
	w.write(events.Registry, "create_session", office, &events.SessionCreated{
		Consultation: sessiontest.ID[ids.Consultation]("consultation"), Title: "Sample", PlannedStart: now, HardEnd: now.Add(90 * 60_000),
		Zone: "UTC", Languages: []string{"en", "fr"}, Modalities: sessiontest.Modalities(), Code: "SAMPLE",
		Parts: []events.Part{{ID: sessiontest.Item, Kind: events.Item, Title: "Item 1", Minutes: 80, HasList: true}},
	})
	w.write(events.Timing, "start_session", chair, &events.SessionStarted{StartedAt: now}, &events.PartStarted{Part: sessiontest.Item, StartedAt: now})
	for n := range 4 {
		applicant := sessiontest.Applicant(n)
		w.write(events.Registry, "apply", office, &events.ApplicantApplied{
			Applicant: applicant, Organisation: []string{"Norway", "Sénégal", "The Library Council", "Peru"}[n], Category: "state",
			Group: "unspecified", Region: "unspecified", Language: []string{"en", "fr", "en", "en"}[n],
		}, &events.ApplicantAccepted{Applicant: applicant})
		w.write(events.Queue, "join", chair, &events.EntryJoined{
			Entry: entryOf(n), Part: sessiontest.Item, Applicant: applicant, Kind: events.Statement, Language: []string{"en", "fr", "en", "en"}[n], Place: n + 1,
		})
	}
}

func entryOf(n int) ids.Entry { return sessiontest.ID[ids.Entry](string(rune('a' + n))) }
func turnOf(n int) ids.Turn   { return sessiontest.ID[ids.Turn](string(rune('a' + n))) }

// give gives the floor to the n-th entry.
func (w *world) give(n int) {
	w.t.Helper()
	w.write(events.Queue, "give", chair, &events.FloorGiven{Turn: turnOf(n), Entry: entryOf(n), GivenAt: clock.Of(time.Now()), Act: ids.New[ids.Command]()})
}

// begin is the first word of the n-th entry's turn.
func (w *world) begin(n int) {
	w.t.Helper()
	w.write(events.Queue, "begins", chair, &events.TurnBegun{Turn: turnOf(n), BegunAt: clock.Of(time.Now()), Basis: events.ByChair})
}

// request makes a command.
func (w *world) request(by events.Actor, verb string, args any) *command.Request {
	r := sessiontest.Request(by, verb, args)
	r.ID, r.Session = ids.New[ids.Command](), w.sid
	return r
}

// ask sends a command as a gateway does.
func (w *world) ask(r *command.Request) (*command.Receipt, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	return shell.Ask(ctx, w.conn, events.Transcript, r)
}

// must wants a command to be accepted.
func (w *world) must(r *command.Request) *command.Receipt {
	w.t.Helper()
	receipt, err := w.ask(r)
	if err != nil {
		w.t.Fatalf("%s: %v", r.Verb, err)
	}
	return receipt
}

// refused wants a command to be refused with a code; refusal gives what is said.
func (w *world) refused(r *command.Request, code problem.Code) {
	w.t.Helper()
	_ = w.refusal(r, code)
}

func (w *world) refusal(r *command.Request, code problem.Code) *problem.Error {
	w.t.Helper()
	_, err := w.ask(r)
	if !problem.Is(err, code) {
		w.t.Fatalf("%s: %v, want %s", r.Verb, err, code)
	}
	return problem.From(err)
}

// open opens a source.
func (w *world) open(by events.Actor, kind events.SourceKind, track string, latency int64) ids.Source {
	w.t.Helper()
	made := w.must(w.request(by, "open_source", command.OpenSource{Track: track, Kind: kind, LatencyMS: &latency}))
	return ids.MustParse[ids.Source](made.Made["source"])
}

// caption is the command that writes a final.
func (w *world) caption(by events.Actor, source ids.Source, epoch uint64, segment ids.Segment, rev int64, text string) *command.Request {
	return w.request(by, "caption", command.Caption{
		Source: source, Epoch: epoch, Segments: []command.CaptionSegment{{Segment: segment, Rev: rev, Text: text}},
	})
}

// post is a post of a push source.
func (w *world) post(source ids.Source, seq int64, body string) *command.Request {
	return w.request(captioner, "push", command.Push{Source: source, Seq: seq, Body: body})
}

// settled waits until the services are at rest.
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

// state reads the session as the log has it now.
func (w *world) state(s *Service, look func(*session.State)) {
	w.t.Helper()
	if there, err := s.shell.Current(w.t.Context(), w.sid, look); !there || err != nil {
		w.t.Fatalf("there is no session (%v)", err)
	}
}

// line is what a transcript says in a segment.
type line struct {
	Text, Label string
	Whose       string
	State       session.CaptionState
}

// transcriptOf reads a track as an observer would, in order of writing.
func (w *world) read(s *Service, track string) []line {
	w.t.Helper()
	settled(w.t, s)
	var all []line
	w.state(s, func(state *session.State) {
		t := state.Transcript.Tracks[track]
		if t == nil {
			return
		}
		for _, step := range t.Steps {
			if step.Type != "caption_written" {
				continue
			}
			seg := state.Transcript.Segments[step.Segment]
			said, _ := words.Revision(s.words, w.sid, seg.Segment, seg.Digest)
			l := line{Text: said.Text, Label: said.Label, State: seg.State}
			if seg.Gone() {
				l.Text = ""
			}
			if _, applicant := state.Spoken(seg.Speaker); seg.Speaker.Chair {
				l.Whose = "chair"
			} else if a := state.Registry.Applicants[applicant]; a != nil {
				l.Whose = a.Organisation
			}
			all = append(all, l)
		}
	})
	return all
}

// files lists the files under the world's folder that contain a text, by
// searching every byte of each of them.
func (w *world) files(text string) (found []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// now is session time, which here is the machine's.
func (w *world) now() clock.Instant { return clock.Of(time.Now()) }

// eventually waits for what another process or a timer brings.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for !is() {
		if time.Now().After(limit) {
			w.t.Fatalf("not within 20 s: %s", what)
		}
		until(w.t, 5*time.Millisecond)
	}
}

// bodies are the stored commits of the session.
func (w *world) bodies(s *Service) [][]byte {
	w.t.Helper()
	all, err := s.log.Read(w.t.Context(), w.sid)
	if err != nil {
		w.t.Fatal(err)
	}
	out := make([][]byte, 0, len(all))
	for _, m := range all {
		out = append(out, m.Body)
	}
	return out
}

func contains(body []byte, text string) bool { return bytes.Contains(body, []byte(text)) }
