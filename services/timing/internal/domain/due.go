package domain

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// warningMS, or warningShare of the turn if that is less, is left when a
	// turn turns amber.
	warningMS    = 30_000
	warningShare = 5
)

// Due derives from the State alone what is to be done by timing itself: the
// reactions that are missing, and the timers to arm. Every replica may act on
// it: request ids are functions of the cause, so each is done once.
func Due(s *session.State) []command.Deadline {
	if !s.Exists() || s.Registry.Sealed {
		return nil
	}
	// One kind after the other: a start that is told depends on whether the turn
	// before it has its clock, and every replica must tell the same.
	all := openings(s)
	if t := s.Queue.Running(); t != nil && len(all) == 0 {
		if p := pointOf(s, t); p != nil {
			all = append(all, *p)
		}
	}
	if len(all) == 0 {
		all = announcements(s)
	}
	for _, m := range marks(s) {
		name := fmt.Sprintf("mark/%s/%d/%d", m.Mark, m.Epoch, m.Due)
		id := ids.Named[ids.Command](m.Turn, name)
		if m.Turn.IsZero() {
			id = ids.Named[ids.Command](s.ID, name)
		}
		all = append(all, command.Deadline{At: m.Due, Timer: true, Request: request(s, id, "mark", m)})
	}
	return append(all, lostLine(s)...)
}

// request makes a request of the service itself.
func request(s *session.State, id ids.Command, verb string, args any) command.Request {
	// The arguments are plain structs of package command, which always have a JSON form.
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return command.Request{ID: id, Session: s.ID, Verb: verb, Actor: events.ByService(events.Timing), Args: raw}
}

// reaction makes a request that answers a commit of the queue.
func reaction(s *session.State, id ids.Command, verb string, args any, sequence uint64, at clock.Instant) command.Deadline {
	r := request(s, id, verb, args)
	r.Cause = &events.Cause{Subject: events.Subject(events.Queue, s.ID), Sequence: sequence, Reaction: verb}
	r.CausedAt = at
	return command.Deadline{At: at, Request: r}
}

// openings are the turns that were called and have no clock yet. The newest
// come last; only those near the end can be missing, but a replica that
// starts may find any.
func openings(s *session.State) []command.Deadline {
	var all []command.Deadline
	for _, id := range s.Queue.TurnOrder {
		t := s.Queue.Turns[id]
		if t.Void || t.Entered || s.Timing.Turns[id] != nil {
			continue
		}
		all = append(all, reaction(s, ids.Named[ids.Command](id, "open_turn"), "open_turn",
			command.TurnRef{Turn: id}, t.GivenSeq, t.GivenAt))
	}
	return all
}

// pointOf is the pause or the resumption that a point of order calls for.
func pointOf(s *session.State, t *session.Turn) *command.Deadline {
	at := changedAt(s)
	if len(follow(s, at, s.Timing.Phase == session.Suspended, lostFor(s, t.ID))) == 0 {
		return nil
	}
	sequence := s.Heads[events.Queue].Sequence
	if p := s.Queue.Point; p != nil {
		sequence = p.Seq
	}
	id := ids.Named[ids.Command](t.ID, fmt.Sprintf("follow_point/%d", s.Timing.Turns[t.ID].Epoch))
	d := reaction(s, id, "follow_point", command.TurnRef{Turn: t.ID}, sequence, at)
	return &d
}

// announcements are the announcements and starts that closed lists wait for.
func announcements(s *session.State) []command.Deadline {
	if s.Timing.Phase == session.Adjourned {
		return nil
	}
	var all []command.Deadline
	head := s.Heads[events.Queue]
	for _, part := range s.Registry.Parts {
		if !part.HasList {
			continue
		}
		if unannounced(s, part.ID) {
			var before clock.Instant
			if a := s.Timing.Announced[part.ID]; a != nil {
				before = a.At
			}
			id := ids.Named[ids.Command](part.ID, fmt.Sprintf("announce/%d/%d", s.Queue.List(part.ID).AtClose, before))
			all = append(all, reaction(s, id, "announce", command.Announce{Part: part.ID}, head.Sequence, head.At))
			continue
		}
		if given := untold(s, part.ID); len(given) > 0 {
			// The name holds who is told what for the how-manieth time, so that two
			// replicas that stand at the same state make the same request.
			var name strings.Builder
			name.WriteString("give_etas")
			for _, g := range given {
				fmt.Fprintf(&name, "/%s:%d:%d", g.Entry, g.Places, len(s.Timing.Etas[g.Entry]))
			}
			id := ids.Named[ids.Command](part.ID, name.String())
			all = append(all, reaction(s, id, "give_etas", command.PartRef{Part: part.ID}, head.Sequence, max(head.At, s.At)))
		}
	}
	return all
}

// marks are the timers' facts that are still to come, or late, in this state.
func marks(s *session.State) []command.MarkArgs {
	var all []command.MarkArgs
	if t := s.Queue.Running(); t != nil {
		all = append(all, turnMarks(s, t)...)
	}
	if s.Timing.Phase != session.Running && s.Timing.Phase != session.Suspended {
		return all
	}
	end := s.HardEnd()
	for _, m := range append([]command.MarkArgs{
		{Mark: events.MarkCloseNow, Due: max(end.Add(-s.ClosingMS()), s.Timing.StartedAt)},
		{Mark: events.MarkHardEnd, Due: end},
	}, hours(s)...) {
		// Another due is another end: the chair may have moved it.
		if due, done := s.Timing.Marks[m.Mark]; !done || due != m.Due {
			all = append(all, m)
		}
	}
	return all
}

// turnMarks are the running turn's: silence while it has not begun, then
// warning, expiry and the end of the grace.
func turnMarks(s *session.State, t *session.Turn) []command.MarkArgs {
	tc := s.Timing.Turns[t.ID]
	if tc == nil {
		return nil
	}
	var all []command.MarkArgs
	add := func(m events.Mark, due clock.Instant) {
		if !tc.Marked(m) {
			all = append(all, command.MarkArgs{Turn: t.ID, Mark: m, Due: due, Epoch: tc.Epoch})
		}
	}
	if at, ok := s.SilentAt(t); ok && s.Registry.Modalities.Evidence != events.EvidenceNone {
		add(events.MarkSilent, at)
	}
	limit, ok := s.Limit(t)
	if !ok {
		return all
	}
	total := tc.AllottedMS + tc.AddedMS
	// A pause may lie between the warning and the limit, so the warning is a
	// limit of its own, that much earlier on the turn's clock.
	if at, ok := s.LimitOf(t, total-min(warningMS, total/warningShare)); ok {
		add(events.MarkWarning, max(at, t.GivenAt))
	}
	add(events.MarkExpired, limit)
	if at, ok := s.LimitOf(t, total+s.Registry.Modalities.GraceMS); ok {
		add(events.MarkGrace, at)
	}
	return all
}

// mark notes what a timer reached. It is decided on the state as of the
// deadline: when that no longer has the deadline (somebody yielded, a point of
// order was admitted a millisecond before) nothing happened.
func mark(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.MarkArgs
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	for _, m := range marks(s) {
		if m != args {
			continue
		}
		if at < m.Due {
			early := problem.New(problem.Busy, "the deadline %s is still to come", m.Due).On("args.due").Try("send the same command again then")
			early.RetryAfterMS = m.Due.Sub(at)
			return nil, early
		}
		if m.Turn.IsZero() {
			return []events.Event{&events.SessionMarked{Mark: m.Mark, Due: m.Due}}, nil
		}
		return []events.Event{&events.TurnMarked{Turn: m.Turn, Mark: m.Mark, Due: m.Due, Epoch: m.Epoch}}, nil
	}
	return nil, problem.New(problem.Stale, "this deadline is no longer so").On("args.due")
}
