package shell

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// reads are the contexts that a context decides on: its own and those whose facts
// it folds (decisions.md, the table). The transcript follows the others; nothing
// of what was said decides who speaks.
func reads(own events.Context) []events.Context {
	all := []events.Context{events.Registry, events.Queue, events.Timing}
	if own == events.Transcript {
		all = append(all, events.Transcript)
	}
	return all
}

// foreign are the contexts that one reads and does not write.
func foreign(own events.Context) []events.Context {
	return slices.DeleteFunc(reads(own), func(c events.Context) bool { return c == own })
}

// now is log time for a state: the session's clock, but never before what the
// log says already.
func (sh *Shell) now(s *session.State) clock.Instant {
	return max(s.Clock().Session(sh.clock.Now()), s.At)
}

// process brings one request to its end: a receipt, or a *problem.Error.
func (sh *Shell) process(ctx context.Context, r *room, request *command.Request) (*command.Receipt, error) {
	t := trial{shell: sh, room: r, request: request, until: time.Now().Add(sh.config.Retry), wait: firstWait}
	// The commands of a closing process are finished, but not longer than the drain lasts.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(sh.work, cancel)()
	for {
		if refused := sh.log.Refusal(r.session); refused != nil {
			return nil, refused
		}
		receipt, commit, head, err := t.decide()
		switch {
		case receipt != nil:
			return receipt, nil
		case err != nil && !t.confirmed:
			// A replica that is behind might refuse what the log allows, or what it did.
			if err := t.catchUp(ctx, reads(sh.service.Context)); err != nil {
				return nil, err
			}
			t.confirmed = true
			continue
		case err != nil:
			return nil, err
		}
		if receipt, err = t.append(ctx, commit, head); receipt != nil || err != nil {
			return receipt, err
		}
	}
}

// Waits between attempts while the log is not available.
const (
	firstWait = 5 * time.Millisecond
	mostWait  = 250 * time.Millisecond
)

// trial is one request on its way.
type trial struct {
	shell   *Shell
	room    *room
	request *command.Request
	until   time.Time
	wait    time.Duration
	// confirmed is set after a leader read; unknown when an append got no answer.
	confirmed, unknown bool
}

// decide looks the request up among those that were done and lets the domain
// decide otherwise. Exactly one of receipt, commit and err is set.
func (t *trial) decide() (receipt *command.Receipt, commit *events.Commit, head session.Head, err error) {
	sh, state := t.shell, t.room.state
	t.room.mu.RLock()
	defer t.room.mu.RUnlock()
	if done, ok := state.Done[t.request.Key()]; ok {
		if done.Request != t.request.Digest() {
			return nil, nil, head, problem.New(problem.Reused, "the id %s was used for another command", t.request.ID).
				On("id").Try("make a new id for each command, and send an unchanged command again with its old id")
		}
		return sh.receipt(t.request, done, command.Duplicate), nil, head, nil
	}
	if err := state.UsedByAnother(t.request); err != nil {
		return nil, nil, head, err
	}
	if !state.Exists() && !sh.config.Creates(t.request.Verb) {
		return nil, nil, head, problem.New(problem.NotFound, "there is no session %s", t.room.session).On("session").
			Try("check the address; sessions are made by the registry")
	}
	head = state.Heads[sh.service.Context]
	now := max(state.Clock().Session(sh.clock.Now()), state.At.Add(1))
	if t.request.Cause != nil {
		now = t.request.CausedAt
	}
	decision, err := sh.ask(state, t.request, now)
	if err != nil {
		return nil, nil, head, err
	}
	if !state.Exists() {
		now = sh.born(decision.Events, now)
	}
	return nil, sh.commit(state, t.request, decision, now), head, nil
}

// born gives the time of a session's first commit: one that is made with a clock
// of its own lives by it from the start. Stamped with the wall's time, the log
// could never go back to session time, since its times only grow.
func (sh *Shell) born(facts []events.Event, now clock.Instant) clock.Instant {
	for _, fact := range facts {
		if created, ok := fact.(*events.SessionCreated); ok && created.Clock != (clock.Mapping{}) {
			return created.Clock.Session(sh.clock.Now())
		}
	}
	return now
}

// ask calls the domain. A fault in it costs one command and not the process,
// which holds all the other sessions.
func (sh *Shell) ask(state *session.State, request *command.Request, now clock.Instant) (decision command.Decision, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			sh.lines.Error("the domain failed", "session", state.ID, "command", request.ID, "verb", request.Verb,
				"fault", fault, "stack", string(debug.Stack()))
			err = problem.From(fmt.Errorf("the domain failed: %v", fault))
		}
	}()
	decision, err = sh.service.Decide(state, request, now)
	if err == nil && len(decision.Events) == 0 {
		err = errors.New("a decision without facts")
	}
	return decision, err
}

// commit wraps a decision in its envelope. Seen names the foreign heads; that of
// a reaction names its cause alone, so that every replica makes the same bytes
// (decisions.md 5).
func (sh *Shell) commit(state *session.State, request *command.Request, d command.Decision, at clock.Instant) *events.Commit {
	own := sh.service.Context
	head := state.Heads[own]
	previous := head.Hash
	if head.Version == 0 {
		previous = events.FirstHash(events.Subject(own, state.ID), state.Incarnation)
	}
	seen := map[string]uint64{}
	if request.Cause != nil {
		seen[request.Cause.Subject] = request.Cause.Sequence
	} else {
		for _, c := range foreign(own) {
			if h := state.Heads[c]; h.Version > 0 {
				seen[events.Subject(c, state.ID)] = h.Sequence
			}
		}
	}
	return &events.Commit{
		V: events.Version, Command: request.ID, Verb: request.Verb, Actor: request.Actor, OnBehalf: d.OnBehalf,
		At: at, Version: head.Version + 1, PrevHash: previous, Request: request.Digest(),
		Seen: seen, Cause: request.Cause, Reason: request.Reason, Events: d.Events,
	}
}

// append sends a commit until its outcome is known. It gives a receipt when it
// is stored, an error when it never will be, and neither when it must be decided again.
func (t *trial) append(ctx context.Context, commit *events.Commit, head session.Head) (*command.Receipt, error) {
	sh := t.shell
	for {
		out := sh.log.Append(ctx, t.room.session, sh.service.Context, commit, head.Sequence)
		switch out.Kind {
		case eventlog.Stored:
			return t.stored(commit, out)
		case eventlog.Conflict:
			sh.metrics.conflicts.Inc()
			t.confirmed = false
			return nil, t.catchUp(ctx, []events.Context{sh.service.Context})
		case eventlog.Unknown:
			t.unknown, t.confirmed = true, false
			return nil, t.catchUp(ctx, reads(sh.service.Context))
		case eventlog.Busy, eventlog.NotSent:
			if err := t.pause(ctx); err != nil {
				return nil, err
			}
		default:
			return nil, failed(out.Err)
		}
	}
}

// stored applies one's own append at once, without waiting to hear of it.
func (t *trial) stored(commit *events.Commit, out eventlog.Outcome) (*command.Receipt, error) {
	sh := t.shell
	sh.settle(t.room.session, commit, session.Meta{Context: sh.service.Context, Sequence: out.Sequence, Hash: out.Hash})
	t.room.line.Lock()
	t.room.dirty = true
	t.room.line.Unlock()
	t.room.mu.RLock()
	defer t.room.mu.RUnlock()
	done, ok := t.room.state.Done[t.request.Key()]
	if !ok {
		// The state did not take what the domain decided; settle has refused the session.
		return nil, problem.New(problem.Refused, "what was decided does not fit the session's state").
			Try("tell the operator; nothing more is written to this session")
	}
	return sh.receipt(t.request, done, command.Accepted), nil
}

// failed turns the server's refusal into an answer.
func failed(err error) error {
	var p *problem.Error
	if errors.As(err, &p) {
		return p
	}
	return busy("the log takes nothing at present; the operator has to look at its disk", 5000)
}

// catchUp waits until the state holds what the leader has. It repeats while the
// leader does not answer and the request's time lasts.
func (t *trial) catchUp(ctx context.Context, of []events.Context) error {
	for {
		if time.Now().After(t.until) {
			return t.giveUp()
		}
		attempt, cancel := context.WithDeadline(ctx, t.until)
		_, err := t.shell.follower.CatchUp(attempt, t.room.session, of...)
		cancel()
		if err == nil {
			return nil
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
}

// pause waits before the next attempt.
func (t *trial) pause(ctx context.Context) error {
	if time.Now().Add(t.wait).After(t.until) {
		return t.giveUp()
	}
	timer := time.NewTimer(t.wait)
	defer timer.Stop()
	t.wait = min(2*t.wait, mostWait)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return t.giveUp()
	}
}

// giveUp is the honest answer: "not now" when nothing was stored, "unknown" when
// an append got no answer and no leader could be asked.
func (t *trial) giveUp() error {
	if t.unknown {
		p := problem.New(problem.Unknown, "the log did not say whether it took the command").Try("send the same command with the same id again")
		p.RetryAfterMS = 1000
		return p
	}
	return busy("the log is not available at present", 1000)
}

// receipt makes the answer from what the state remembers of the command.
func (sh *Shell) receipt(request *command.Request, done session.Done, outcome command.Outcome) *command.Receipt {
	r := &command.Receipt{
		CommandID: request.ID, Outcome: outcome, Seq: done.Sequence, Incarnation: sh.log.Incarnation(request.Session),
		Subject: events.Subject(done.Context, request.Session), Version: done.Version, Hash: done.Hash,
		At: done.At, Place: done.Place, Made: done.Made,
	}
	if sh.config.Sign != nil {
		sh.config.Sign(request.Session, r)
	}
	return r
}
