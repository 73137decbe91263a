package domain

import (
	"encoding/json"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Due lists what the queue will do by itself. It is derived from the state
// alone and each request has an id that every replica makes alike, so whatever
// is armed twice, or again after a restart, is done once:
//
//   - a list that closes at a time closes then;
//   - a list that was fixed, and whose lot was drawn, is put in the order of its rule;
//   - a silent speaker goes two places back, where the modalities say automatic;
//   - a called turn is assumed to have begun, where there is no evidence;
//   - a turn that is over its grace ends, in hard mode;
//   - the running turn ends with the session.
func Due(s *session.State) []command.Deadline {
	if !s.Exists() || s.Registry.Sealed {
		return nil
	}
	var all []command.Deadline
	add := func(at clock.Instant, verb string, args any, name string, again bool) {
		if r, ok := reaction(s, verb, args, name, again); ok {
			all = append(all, command.Deadline{At: at, Request: r, Timer: true})
		}
	}
	t := s.Queue.Running()
	if s.Timing.Phase == session.Adjourned {
		if t != nil {
			add(s.Timing.AdjournedAt, "end_with_session", command.TurnRef{Turn: t.ID}, t.ID.String(), true)
		}
		return all
	}
	for _, p := range s.Registry.Parts {
		if l := s.Queue.List(p.ID); l.State == events.ListClosing {
			add(l.ClosesAt, "close_list", command.CloseList{Part: p.ID, At: l.ClosesAt}, fmt.Sprintf("%s/%d", p.ID, l.ClosesAt), true)
		}
		if at, ready := s.Registry.Lots[p.ID].Ready(); ready && s.Queue.List(p.ID).Ordered == nil {
			add(at, "order_list", command.PartRef{Part: p.ID}, p.ID.String(), false)
		}
	}
	if at, ok := s.AssumedBegin(t); ok {
		add(at, "assume_begun", command.TurnRef{Turn: t.ID}, t.ID.String(), false)
	}
	if at, ok := silentAt(s, t); ok {
		add(at, "step_back", command.TurnRef{Turn: t.ID}, t.ID.String(), false)
	}
	if at, ok := cutAt(s, t); ok {
		// A chair who undoes this end is not overruled for the same limit.
		add(at, "end_at_limit", command.TurnRef{Turn: t.ID}, fmt.Sprintf("%s/%d", t.ID, s.Timing.Turns[t.ID].Epoch), false)
	}
	return all
}

// reaction makes a request of the queue's own. Its id is a function of its
// name, and of how often that was done before where it may be done again.
func reaction(s *session.State, verb string, args any, name string, again bool) (command.Request, bool) {
	raw, err := json.Marshal(args)
	if err != nil {
		// Arguments of package command always have a JSON form.
		panic(fmt.Sprintf("the arguments of %s: %v", verb, err))
	}
	r := command.Request{Session: s.ID, Verb: verb, Actor: events.ByService(events.Queue), Args: raw}
	for n := 0; ; n++ {
		r.ID = ids.Named[ids.Command](s.ID, fmt.Sprintf("queue/%s/%s/%d", verb, name, n))
		if _, done := s.Done[r.Key()]; !done {
			return r, true
		}
		if !again {
			return r, false
		}
	}
}

// cutAt is when a turn's floor ends in hard mode: the limit and the grace. ok is
// false until timing has noted that the grace of the present limit is over.
func cutAt(s *session.State, t *session.Turn) (at clock.Instant, ok bool) {
	if t == nil || s.LimitMode(s.Queue.Entries[t.Entry]) != events.Hard {
		return 0, false
	}
	turnClock := s.Timing.Turns[t.ID]
	if turnClock == nil || !turnClock.Marked(events.MarkGrace) {
		return 0, false
	}
	allotted, open := s.Allotted(t)
	if !open {
		return 0, false
	}
	return s.LimitOf(t, allotted+s.Registry.Modalities.GraceMS)
}

// silentAt is when a called speaker's silence is acted on without the chair: in
// automatic mode alone, and only where somebody would have said that they began.
func silentAt(s *session.State, t *session.Turn) (at clock.Instant, ok bool) {
	if m := &s.Registry.Modalities; t == nil || !m.Automatic || m.Evidence == events.EvidenceNone {
		return 0, false
	}
	return s.SilentAt(t)
}

// assumeBegun notes the first word that nobody noted (decisions.md 13).
func (d *deciding) assumeBegun() ([]events.Event, error) {
	t, err := d.reacting()
	if err != nil {
		return nil, err
	}
	at, ok := d.s.AssumedBegin(t)
	if !ok || d.now < at {
		return nil, d.notDue()
	}
	if other := d.endedAfter(at); other != nil {
		at = other.EndedAt
	}
	return one(&events.TurnBegun{Turn: t.ID, BegunAt: at, Basis: events.Assumed}), nil
}

// endAtLimit ends the floor after the grace, in hard mode alone.
func (d *deciding) endAtLimit() ([]events.Event, error) {
	t, err := d.reacting()
	if err != nil {
		return nil, err
	}
	at, ok := cutAt(d.s, t)
	if !ok || d.now < at {
		return nil, d.notDue()
	}
	return one(d.endingAt(t, events.AtLimit, at)), nil
}

// endWithSession ends the turn that runs when the session is adjourned.
func (d *deciding) endWithSession() ([]events.Event, error) {
	t, err := d.reacting()
	if err != nil {
		return nil, err
	}
	if d.s.Timing.Phase != session.Adjourned {
		return nil, d.notDue()
	}
	return one(d.endingAt(t, events.Adjourned, d.s.Timing.AdjournedAt)), nil
}

// reacting gives the running turn that a reaction names.
func (d *deciding) reacting() (*session.Turn, error) {
	args, err := read[command.TurnRef](d)
	if err != nil {
		return nil, err
	}
	t, _, err := d.onFloor(args.Turn)
	return t, err
}

// notDue refuses a reaction whose reason is gone, or not there yet.
func (d *deciding) notDue() *problem.Error {
	return problem.New(problem.WrongState, "%s is not due", d.verb.Name).Try("nothing needs to be done")
}
