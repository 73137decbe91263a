// Package follow keeps the state of every session, folded from the log, for the
// gateway to answer from.
//
// Guarantee: a session's state is the fold of all its commits up to a position
// of the log, in order, and every change is announced to those who asked for it.
// A session whose log is refused (hash chain, witness, or a commit that cannot
// be folded) is never answered about: Read gives the problem that says why. The
// gateway writes nothing; a Follower can be thrown away and made anew at any time.
package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Config is what a Follower needs.
type Config struct {
	Log *eventlog.Log
	// Logger is for ids only; nil is slog.Default.
	Logger *slog.Logger
}

// Follower holds the states. Its methods are safe for concurrent use.
type Follower struct {
	log  *eventlog.Log
	tail *eventlog.Follower
	slog *slog.Logger

	mu       sync.RWMutex
	sessions map[ids.Session]*followed
	codes    map[string]ids.Session
	watchers []func(ids.Session)
	captions []func(ids.Session)
}

// followed is one session.
type followed struct {
	mu    sync.RWMutex
	state *session.State
}

// New makes a follower. Nothing is read before Run.
func New(c Config) *Follower {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	f := &Follower{log: c.Log, slog: c.Logger, sessions: map[ids.Session]*followed{}, codes: map[string]ids.Session{}}
	f.tail = c.Log.NewTail("gateway", f.fold)
	return f
}

// Name is the follower's name for package run.
func (f *Follower) Name() string { return "follow" }

// Run follows the log until ctx is done, which is no error.
func (f *Follower) Run(ctx context.Context) error { return f.tail.Run(ctx) }

// Ready is closed when everything that was stored at the start is folded.
func (f *Follower) Ready() <-chan struct{} { return f.tail.Ready() }

// Check says why the follower is not ready, or nil.
func (f *Follower) Check() error { return f.tail.Check() }

// OnChange calls watch after each change of a session, and after Touch. It is
// called outside locks, from the goroutine that folds: watch must not wait.
// Those who ask after Run may miss what came before; they read the state first.
func (f *Follower) OnChange(watch func(ids.Session)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers = append(f.watchers, watch)
}

// OnCaption calls watch after each commit that may have changed a transcript:
// those of the transcript, which OnChange is not told of when they change
// nothing else, and all others, which may change whose words they are. It must
// not wait.
func (f *Follower) OnCaption(watch func(ids.Session)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.captions = append(f.captions, watch)
}

// Touch announces a change that is not in the log: a name that arrived or was
// erased in the store that can forget.
func (f *Follower) Touch(s ids.Session) {
	f.mu.RLock()
	watchers := f.watchers
	f.mu.RUnlock()
	for _, watch := range watchers {
		watch(s)
	}
}

// fold applies one message of the log.
func (f *Follower) fold(m *eventlog.Message) {
	known := f.of(m.Session)
	known.mu.Lock()
	head, shown := known.state.Heads[m.Context], known.state.ViewSequence
	err := known.state.Apply(m.Commit, session.Meta{Context: m.Context, Sequence: m.Sequence, Hash: m.Hash})
	code, viewed := known.state.Registry.Code, known.state.ViewSequence != shown
	known.mu.Unlock()
	if err != nil {
		// The state may be changed in part; nobody reads it any more.
		f.log.Refuse(eventlog.Refusal{
			Session: m.Session, Subject: m.Subject,
			Good:    eventlog.Head{Subject: m.Subject, Sequence: head.Sequence, Version: head.Version, Hash: head.Hash},
			Missing: "the next commit cannot be folded: " + err.Error(),
		})
	}
	if m.Context == events.Registry && code != "" {
		f.mu.Lock()
		f.codes[strings.ToUpper(code)] = m.Session
		f.mu.Unlock()
	}
	f.mu.RLock()
	captions := f.captions
	f.mu.RUnlock()
	for _, watch := range captions {
		watch(m.Session)
	}
	// One that follows the transcript has its captions by then; the view follows.
	if viewed || err != nil {
		f.Touch(m.Session)
	}
}

// of gives a session's place, made when it is the first time.
func (f *Follower) of(s ids.Session) *followed {
	f.mu.RLock()
	known := f.sessions[s]
	f.mu.RUnlock()
	if known != nil {
		return known
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if known = f.sessions[s]; known == nil {
		known = &followed{state: session.New(s)}
		known.state.Incarnation = f.log.Incarnation(s)
		f.sessions[s] = known
	}
	return known
}

// Read calls look with a session's state under its lock. look must be short,
// and must neither change the state nor keep anything of it. A session that
// does not exist, or whose log is refused, is a *problem.Error.
func (f *Follower) Read(s ids.Session, look func(*session.State)) error {
	// A consultation's subject has the form of a session's, and is none.
	return f.read(s, (*session.State).Exists, look)
}

// ReadConsultation is Read for a consultation's own subject.
func (f *Follower) ReadConsultation(s ids.Session, look func(*session.State)) error {
	return f.read(s, consultation, look)
}

func consultation(state *session.State) bool { return state.Registry.Series != nil }

func (f *Follower) read(s ids.Session, is func(*session.State) bool, look func(*session.State)) error {
	if refused := f.log.Refusal(s); refused != nil {
		return refused
	}
	f.mu.RLock()
	known := f.sessions[s]
	f.mu.RUnlock()
	if known == nil {
		return session.Missing(s)
	}
	known.mu.RLock()
	defer known.mu.RUnlock()
	if !is(known.state) {
		return session.Missing(s)
	}
	look(known.state)
	return nil
}

// Sessions lists the sessions that exist, refused ones included, in order of
// their ids, which is that of their making.
func (f *Follower) Sessions() []ids.Session {
	return f.those((*session.State).Exists)
}

// Consultations lists the subjects of consultations, whose state is a series.
func (f *Follower) Consultations() []ids.Session {
	return f.those(consultation)
}

// those lists what the log holds and is of a kind, by id.
func (f *Follower) those(is func(*session.State) bool) []ids.Session {
	f.mu.RLock()
	all := maps.Clone(f.sessions)
	f.mu.RUnlock()
	maps.DeleteFunc(all, func(_ ids.Session, known *followed) bool {
		known.mu.RLock()
		defer known.mu.RUnlock()
		return !is(known.state)
	})
	return slices.SortedFunc(maps.Keys(all), ids.Session.Compare)
}

// ByCode gives the session of a six-character code, in whatever case it was typed.
func (f *Follower) ByCode(code string) (ids.Session, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	s, ok := f.codes[strings.ToUpper(strings.TrimSpace(code))]
	return s, ok
}

// Wait returns when the state of a session holds everything up to a sequence of
// its stream. After timeout it is problem.Busy: not now.
func (f *Follower) Wait(ctx context.Context, s ids.Session, seq uint64, timeout time.Duration) error {
	if refused := f.log.Refusal(s); refused != nil {
		return refused
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := f.tail.Await(within, s, seq); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for position %d: %w", seq, ctx.Err())
		}
		late := problem.New(problem.Busy, "this server has not read the log up to position %d yet", seq).Try("ask again in a second")
		late.RetryAfterMS = 1000
		return late
	}
	return nil
}

// Owner gives the organisation of a session or a consultation, and false for one
// that is not folded. It never changes (token.Config.Owner). Like Read it takes
// the session's lock, so it must not be asked from within Read.
func (f *Follower) Owner(s ids.Session) (of ids.Organisation, known bool) {
	f.mu.RLock()
	one := f.sessions[s]
	f.mu.RUnlock()
	if one == nil {
		return of, false
	}
	one.mu.RLock()
	defer one.mu.RUnlock()
	return one.state.Registry.Organisation, one.state.Exists() || consultation(one.state)
}

// Reach makes sure that a session that is not known is none: it waits, for at
// most timeout, until the fold is where the log is now. Another gateway may have
// just made it. A log that does not answer is problem.Busy.
func (f *Follower) Reach(s ids.Session, timeout time.Duration) error {
	if _, known := f.Owner(s); known {
		return nil
	}
	if f.Incarnation(s) == "" {
		return nil // its stream is lost: there is nothing to wait for, and Read says why
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	last, err := f.Last(ctx, s)
	if err != nil {
		return err
	}
	return f.Wait(ctx, s, last, timeout)
}

// Position is the last sequence of a session's stream that is folded.
func (f *Follower) Position(s ids.Session) uint64 { return f.tail.Position(s) }

// Last asks the leader for the last sequence of a session's stream: what a
// cursor cannot be ahead of.
func (f *Follower) Last(ctx context.Context, s ids.Session) (uint64, error) {
	last, err := f.log.LastOf(ctx, events.Stream(s))
	if err != nil {
		return 0, errors.Join(problem.New(problem.Busy, "the log does not answer at present").Try("ask again in a second"), err)
	}
	return last, nil
}

// Incarnation names the life of a session's stream.
func (f *Follower) Incarnation(s ids.Session) string { return f.log.Incarnation(s) }

// Activity is where work that the clock of a rehearsal must wait for is noted.
func (f *Follower) Activity() *eventlog.Activity { return f.log.Activity() }

// Revoked reports whether the log withdrew an invitation; for a token that is
// good for every session (zero), any session's log may.
func (f *Follower) Revoked(s ids.Session, invitation ids.Invitation) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if !s.IsZero() {
		known := f.sessions[s]
		return known != nil && known.revoked(invitation)
	}
	for _, known := range f.sessions {
		if known.revoked(invitation) {
			return true
		}
	}
	return false
}

func (known *followed) revoked(invitation ids.Invitation) bool {
	known.mu.RLock()
	defer known.mu.RUnlock()
	i := known.state.Registry.Invitations[invitation]
	return i != nil && i.Revoked
}
