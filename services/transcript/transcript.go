// Package transcript is the service of the live transcript: its sources and
// tracks, captions and what becomes of them.
//
// Guarantee: what it decides is decided by its pure domain and written by the
// shell, in the session's own stream, so that captions and floor have one order.
// It is the only writer of the store of words (package words): words go there
// first, and what goes on from here, into the decision, the hash of the command,
// the log and the lines of the log file, is a salted digest. An acknowledged
// final or post is on the disk. What a redaction removes is overwritten in the
// store with every earlier revision, is done again after a crash, and does
// nothing twice. Partials are passed on and never stored.
package transcript

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/captions/relay"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// Settings are the transcript's.
type Settings struct {
	RelayHosts   []string `flag:"relay-hosts" default:"*.zoom.us,*.zoomgov.com,upload.youtube.com" doc:"Hosts to which captions may be forwarded, comma separated; *.example.org is all below it"`
	RelayTrusted bool     `flag:"relay-trusted" default:"false" doc:"Let captions go to hosts of relay-hosts over http and in private networks, for a target in the same room"`
}

// Service is the transcript; use New and Run.
type Service struct {
	shell  *shell.Shell
	log    *eventlog.Log
	conn   *nats.Conn
	store  *forget.Store
	people *people.Store
	// words and names are this process's copies of the two stores.
	words *forget.Cache
	names *people.Cache
	// secret keys the fingerprints of words.
	secret   func(ids.Session) [32]byte
	clock    clock.Clock
	allow    relay.AllowList
	client   *relay.Client
	lines    *slog.Logger
	keeper   *keeper
	partials *partials
	relays   *relays
}

// relayWithin is how long a relay's target may take to answer.
const relayWithin = 10 * time.Second

// New makes the transcript on a process; nothing starts before Run.
func New(ctx context.Context, p *process.Process, settings Settings) (*Service, error) {
	store, err := p.Words(ctx)
	if err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	persons, err := p.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	s := &Service{
		clock: p.Clock, log: p.Log, conn: p.Conn, store: store, people: persons, lines: p.Logger.With("service", "transcript"),
		allow: relay.AllowList{Hosts: settings.RelayHosts, Insecure: settings.RelayTrusted, Private: settings.RelayTrusted},
	}
	s.secret = func(id ids.Session) [32]byte { return p.Keys.Secret(fingerprints, id) }
	s.client = relay.NewClient(s.allow, relayWithin)
	s.keeper, s.partials, s.relays = newKeeper(s), newPartials(s), newRelays(s)
	c := p.ShellConfig(Rules(), nil)
	c.Hooks = shell.Hooks{Prepare: s.prepare, Folded: s.folded, Heard: s.keeper.heard}
	s.shell, err = shell.New(c)
	return s, err
}

// Rules is the transcript's domain as the shell runs it, without the stores: for
// verifiers and tests, which decide again what was decided.
func Rules() shell.Service {
	return shell.Service{Context: events.Transcript, Decide: domain.Decide, Due: domain.Due}
}

// Name is the context's name.
func (s *Service) Name() string { return s.shell.Name() }

// Ready is closed when the log is folded to where it was at the start.
func (s *Service) Ready() <-chan struct{} { return s.shell.Ready() }

// Check says why the transcript should get no commands, or nil.
func (s *Service) Check() error { return s.shell.Check() }

// View lets look read a session's state under a read lock and reports whether
// there is such a session; see shell.Shell.View.
func (s *Service) View(id ids.Session, look func(*session.State)) bool { return s.shell.View(id, look) }

// folded hears of the service's own commits.
func (s *Service) folded(id ids.Session, c *events.Commit) {
	s.keeper.folded(id, c)
	s.partials.folded(id, c)
	s.relays.folded(id, c)
}

// Run serves commands and partials, keeps the store in step with the log, and
// forwards to relays, until ctx is done; then it finishes what it has begun.
func (s *Service) Run(ctx context.Context) error {
	// The copies of the stores outlive the shell: commands in work still need them.
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	fault := func(err error) { s.lines.Warn("the store of words", "error", err) }
	var err error
	if s.words, err = s.store.Watch(watching, forget.WatchConfig{OnFault: fault}); err != nil {
		return err
	}
	defer s.words.Close()
	if s.names, err = s.people.Watch(watching, people.WatchConfig{Kinds: []people.Kind{people.Persons, people.Texts}, OnFault: fault}); err != nil {
		return err
	}
	defer s.names.Close()
	defer s.client.Close()

	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	begun := s.log.Activity().Begin()
	running.Go(func() { s.keeper.run(keeping, begun) })
	serving, ended := context.WithCancel(ctx)
	running.Go(func() { s.relays.run(serving) })
	var served error
	running.Go(func() {
		select {
		case <-s.Ready():
			served = s.partials.serve(serving)
		case <-serving.Done():
		}
	})
	err = s.shell.Run(ctx)
	ended()
	s.keeper.Drain(drainFor)
	stop()
	running.Wait()
	return errors.Join(err, served)
}

// drainFor is how long a shutdown waits for redactions that are under way.
const drainFor = 5 * time.Second

// fingerprints is the purpose of the secret that keys fingerprints of words.
const fingerprints = "captions"
