// Package registry is the service that holds consultations, sessions and their
// parts, applicants, persons, invitations and statement texts.
//
// Guarantee: what it decides is decided by its pure domain and written by the
// shell. It is the only writer of the store that can forget: a person's record,
// a statement's words and a reason go there first, and what goes on from here,
// into the decision, the hash of the command, the log and the lines of the log
// file, is a salted digest. What must happen outside of a session's own subject
// (an erasure, the overwriting of a replaced value, the link of a session to its
// consultation) follows from the facts, is done again after a crash, and does
// nothing twice.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	_ "time/tzdata" // the zones are known on machines that have no table of them

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// MaxLife is the longest life of an invitation, in I/O time.
const MaxLife = 400 * 24 * time.Hour

// Service is the registry; use New and Run.
type Service struct {
	shell  *shell.Shell
	log    *eventlog.Log
	conn   *nats.Conn
	people *people.Store
	public func(ids.Session) string
	// secret seeds the lots of a session.
	secret func(ids.Session) [32]byte
	lines  *slog.Logger
	now    func() time.Time
	keeper *keeper
}

// New makes the registry on a process; nothing starts before Run.
func New(ctx context.Context, p *process.Process) (*Service, error) {
	store, err := p.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	s := &Service{
		log: p.Log, conn: p.Conn, people: store, public: p.Keys.SessionPublic, lines: p.Logger.With("service", "registry"), now: time.Now,
	}
	s.secret = func(id ids.Session) [32]byte { return p.Keys.Secret(keys.Lot, id) }
	s.keeper = newKeeper(s)
	if err := p.Settings.Retention.Check(); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	due := func(state *session.State) []command.Deadline {
		return append(domain.Due(state), domain.RetentionDue(state, p.Settings.Retention)...)
	}
	c := p.ShellConfig(shell.Service{Context: events.Registry, Decide: s.decide, Due: due}, creates)
	c.Hooks = shell.Hooks{Prepare: s.prepare, Folded: s.keeper.folded}
	if s.shell, err = shell.New(c); err != nil {
		return nil, err
	}
	return s, nil
}

// Rules is the registry's domain as the shell runs it, without the store and the
// keeper: for verifiers and tests, which decide again what was decided. public
// gives a session's key, now is I/O time.
func Rules(public func(ids.Session) string, now func() time.Time) shell.Service {
	s := &Service{public: public, now: now}
	return shell.Service{Context: events.Registry, Decide: s.decide, Due: domain.Due}
}

// creates lists the verbs for an id of which no session exists: a consultation
// never is one.
func creates(verb string) bool {
	return verb == "create_session" || verb == "create_consultation" || verb == "link_session" || verb == "carry_credit"
}

// decide is the domain's decision, with what a pure domain cannot know: the
// table of time zones, the session's key, and I/O time for the life of links.
func (s *Service) decide(state *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
	d, err := domain.Decide(state, r, now)
	if err != nil {
		return d, err
	}
	for _, e := range d.Events {
		switch e := e.(type) {
		case *events.SessionCreated:
			e.PublicKey = s.public(state.ID)
			err = known(e.Zone)
		case *events.SessionChanged:
			err = known(e.Zone)
		case *events.InvitationIssued:
			err = s.lives(e.Expires)
		}
		if err != nil {
			return command.Decision{}, err
		}
	}
	return d, nil
}

// known checks that there is a time zone of this name.
func known(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil {
		return problem.Field("args.zone", "%q is not a known time zone", zone).Try("use an IANA name such as Europe/Zurich or UTC")
	}
	return nil
}

// lives checks an expiry, in ms since 1970.
func (s *Service) lives(expires int64) error {
	now := s.now()
	if expires <= now.UnixMilli() || expires > now.Add(MaxLife).UnixMilli() {
		return problem.Field("args.expires", "the link must expire between now and 400 days ahead").Try("give milliseconds since 1970, at most 400 days ahead")
	}
	return nil
}

// Name is the context's name.
func (s *Service) Name() string { return s.shell.Name() }

// Ready is closed when the log is folded to where it was at the start.
func (s *Service) Ready() <-chan struct{} { return s.shell.Ready() }

// Check says why the registry should get no commands, or nil.
func (s *Service) Check() error { return s.shell.Check() }

// View lets look read a session's state under a read lock and reports whether
// there is such a session; see shell.Shell.View.
func (s *Service) View(id ids.Session, look func(*session.State)) bool { return s.shell.View(id, look) }

// Run serves commands and notes and keeps the store in step with the log, until
// ctx is done; then it finishes what it has begun.
func (s *Service) Run(ctx context.Context) error {
	// The keeper outlives the shell: an erasure that was just acknowledged is done
	// before the process ends, when it can be.
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	begun := s.log.Activity().Begin()
	running.Go(func() { s.keeper.Run(keeping, begun) })
	var served error
	serving, ended := context.WithCancel(ctx)
	running.Go(func() {
		select {
		case <-s.Ready():
			served = s.serveNotes(serving)
		case <-serving.Done():
		}
	})
	err := s.shell.Run(ctx)
	ended()
	s.keeper.Drain(drainFor)
	stop()
	running.Wait()
	return errors.Join(err, served)
}

// drainFor is how long a shutdown waits for erasures that are under way.
const drainFor = 5 * time.Second
