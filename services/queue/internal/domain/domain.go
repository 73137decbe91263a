// Package domain decides about the list of speakers and the floor.
//
// Guarantee: Decide is a function of the folded session, the request and the
// instant, so every replica decides alike; it changes nothing, and what it
// refuses names the field and what to do. Whoever the actor is comes from the
// request's actor alone, which the token gave. At most one turn has the floor,
// and an accepted entry is never lost: it waits at one place, has the floor, is
// on standby, is part of a joint statement, or has spoken or left.
//
// The rules are those of the design: decisions.md 4 (expectations), 12 (hard
// end), 13 (how a turn begins), 15 (undo), 16 (points of order), 17 and 18
// (presence, returns).
package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// deciding is one decision on its way.
type deciding struct {
	s    *session.State
	q    *session.Queue
	r    *command.Request
	verb command.Verb
	now  clock.Instant
	// onBehalf is the applicant for whom the chair's side acts.
	onBehalf ids.Applicant
}

// decide is the rule of one verb.
type decide func(*deciding) ([]events.Event, error)

// rules has one rule for each verb of the context queue in command's table; a
// test compares the two.
var rules = map[string]decide{
	"open_list": (*deciding).openList, "close_list": (*deciding).closeList,
	"join": (*deciding).join, "withdraw": (*deciding).withdraw, "defer": (*deciding).deferEntry,
	"check_in": (*deciding).checkIn, "note_presence": (*deciding).notePresence,
	"report_absent": (*deciding).reportAbsent, "excuse": (*deciding).excuse,
	"to_standby": (*deciding).toStandby, "return": (*deciding).comeBack, "hand_over": (*deciding).handOver,
	"propose_swap": (*deciding).proposeSwap, "accept_swap": (*deciding).acceptSwap,
	"decline_swap": (*deciding).declineSwap, "swap": (*deciding).swap,
	"move": (*deciding).move, "merge": (*deciding).merge, "split": (*deciding).split,

	"next": (*deciding).next, "give": (*deciding).give, "begin": (*deciding).begin,
	"yield": (*deciding).yield, "end": (*deciding).end, "withdraw_floor": (*deciding).withdrawFloor,
	"step_back": (*deciding).stepBack, "no_show": (*deciding).noShow,
	"raise_point": (*deciding).raisePoint, "admit_point": (*deciding).admitPoint,
	"refuse_point": (*deciding).refusePoint, "rule": (*deciding).rule,
	"undo": (*deciding).undo, "reassign": (*deciding).reassign,
	"correct_turn": (*deciding).correctTurn, "enter_turn": (*deciding).enterTurn, "prompt": (*deciding).prompt,
	"confirm_microphone": (*deciding).confirmMicrophone, "note_tally": (*deciding).noteTally,

	"set_aside": (*deciding).setAside, "call_back": (*deciding).callBack,
	"order_list": (*deciding).orderList, "assume_begun": (*deciding).assumeBegun, "end_at_limit": (*deciding).endAtLimit,
	"end_with_session": (*deciding).endWithSession,
}

// afterwards are the verbs that an adjourned session still takes, until it is
// sealed: what puts the record right, and the answer to a point of order that
// was being heard.
var afterwards = map[string]bool{
	"correct_turn": true, "enter_turn": true, "excuse": true,
	"rule": true, "refuse_point": true, "end_with_session": true,
	// The last microphone goes off with the session.
	"confirm_microphone": true, "note_tally": true,
}

// Decide decides a request of the context queue at an instant of session time.
// The events are to be appended as one commit at that instant. The error is
// always a *problem.Error.
func Decide(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
	verb, err := command.Admit(r, events.Queue)
	if err != nil {
		return command.Decision{}, err
	}
	if err := open(s, verb); err != nil {
		return command.Decision{}, err
	}
	rule, ok := rules[verb.Name]
	if !ok {
		return command.Decision{}, problem.New(problem.Internal, "the queue has no rule for %s", verb.Name).On("verb").
			Try("tell the operator: this version does not know the command")
	}
	d := &deciding{s: s, q: &s.Queue, r: r, verb: verb, now: now}
	decided, err := rule(d)
	if err != nil {
		return command.Decision{}, err
	}
	return command.Decision{Events: decided, OnBehalf: d.onBehalf}, nil
}

// open refuses what a session takes no more.
func open(s *session.State, verb command.Verb) error {
	switch {
	case !s.Exists():
		return problem.New(problem.NotFound, "there is no such session").On("session").Try("check the session's id")
	case s.Registry.Sealed:
		return problem.New(problem.Sealed, "the session was sealed: its log takes nothing more").
			Try("publish an amendment to the record")
	case s.Timing.Phase == session.Adjourned && !afterwards[verb.Name]:
		return problem.New(problem.WrongState, "the session was adjourned at %s", s.Timing.AdjournedAt).
			Try("undo the adjournment within 10 minutes, or correct past turns (correct_turn, enter_turn)")
	}
	return nil
}

// system reports whether the program itself acts.
func (d *deciding) system() bool { return d.r.Actor.Has(events.System) }

// own checks that the actor may act for an applicant: their own, or anybody's
// from the chair's side, which is noted as done on their behalf.
func (d *deciding) own(applicant ids.Applicant, field string) error {
	by := d.r.Actor
	switch {
	case !applicant.IsZero() && by.Applicant == applicant:
		return nil
	case by.Staff():
		d.onBehalf = applicant
		return nil
	default:
		return problem.New(problem.Forbidden, "this belongs to %s", d.organisation(applicant)).On(field).
			Try("name one of your own, or ask the secretariat to do it on their behalf")
	}
}

// organisation is an applicant's name, for sentences. Names of organisations
// are no secret; those of persons are never here.
func (d *deciding) organisation(id ids.Applicant) string {
	if a := d.s.Registry.Applicants[id]; a != nil && a.Organisation != "" {
		return a.Organisation
	}
	return "another applicant"
}

// speaker is the name of an entry's organisation.
func (d *deciding) speaker(e *session.Entry) string { return d.organisation(e.Applicant) }

// entry gives an entry by its id.
func (d *deciding) entry(id ids.Entry, field string) (*session.Entry, error) {
	if id.IsZero() {
		return nil, problem.Field(field, "an entry is missing").Try("send the entry's id")
	}
	e, ok := d.q.Entries[id]
	if !ok {
		return nil, problem.New(problem.NotFound, "there is no entry %s in this session", id).On(field).
			Try("read the list again and name one of its entries")
	}
	return e, nil
}

// waiting gives an entry that waits on a list.
func (d *deciding) waiting(id ids.Entry, field string) (*session.Entry, error) {
	return d.inState(id, field, session.Waiting)
}

// ownIn gives an entry of the actor's own (or, for the chair's side,
// anybody's) that is in one of the states.
func (d *deciding) ownIn(id ids.Entry, states ...session.EntryState) (*session.Entry, error) {
	e, err := d.entry(id, "args.entry")
	if err != nil {
		return nil, err
	}
	if err := d.own(e.Applicant, "args.entry"); err != nil {
		return nil, err
	}
	return d.inState(id, "args.entry", states...)
}

// inState gives an entry that is in one of the states, or says where it stands
// and what to do.
func (d *deciding) inState(id ids.Entry, field string, states ...session.EntryState) (*session.Entry, error) {
	e, err := d.entry(id, field)
	if err != nil {
		return nil, err
	}
	for _, state := range states {
		if e.State == state {
			return e, nil
		}
	}
	return nil, d.elsewhere(e, field)
}

// elsewhere says where an entry stands, for a verb that it does not suit.
func (d *deciding) elsewhere(e *session.Entry, field string) *problem.Error {
	where := map[session.EntryState]struct{ detail, do problem.Text }{
		session.Waiting:  {"the entry of %s waits on the list", "act on it as a waiting entry"},
		session.OnFloor:  {"the entry of %s has the floor", "end the turn first (yield, end), or undo the giving"},
		session.Spoken:   {"the entry of %s has spoken", "join the list again, or correct the turn"},
		session.Standby:  {"the entry of %s is on standby", "bring it back first (return)"},
		session.Merged:   {"the entry of %s is part of a joint statement", "act on the joint statement, or split it first"},
		session.Gone:     {"the entry of %s has left the list", "join the list again"},
		session.SetAside: {"the entry of %s is set aside by the chair's choice", "file the statement as a text, or ask the chair to call those set aside back"},
		session.Raised:   {"the entry of %s is a point of order that waits for the chair", "admit it, refuse it or withdraw it"},
		session.Admitted: {"the entry of %s is a point of order that is being heard", "rule on it"},
		session.Refused:  {"the entry of %s is a point of order that was not heard", "raise another"},
	}[e.State]
	return problem.New(problem.WrongState, where.detail, d.speaker(e)).On(field).Try(where.do)
}

// running refuses what needs a session whose clock runs.
func (d *deciding) running() error {
	switch d.s.Timing.Phase {
	case session.Running:
		return nil
	case session.Suspended:
		return problem.New(problem.WrongState, "the session is suspended").Try("resume the session first")
	case session.Adjourned:
		return problem.New(problem.WrongState, "the session was adjourned").Try("undo the adjournment within 10 minutes")
	default:
		return problem.New(problem.WrongState, "the session has not started").Try("start the session first")
	}
}

// unheard refuses what cannot be done while a point of order is being heard.
func (d *deciding) unheard() error {
	if d.q.Point == nil {
		return nil
	}
	e := d.q.Entries[d.q.Point.Entry]
	return problem.New(problem.WrongState, "a point of order of %s is being heard", d.speaker(e)).
		Try("rule on the point of order first")
}

// part gives a part that has a list.
func (d *deciding) part(id ids.Part) (events.Part, error) {
	if id.IsZero() {
		return events.Part{}, problem.Field("args.part", "the part is missing").Try("name the part whose list it is about")
	}
	p, _, ok := d.s.Registry.Part(id)
	if !ok {
		return p, problem.New(problem.NotFound, "this session has no part %s", id).On("args.part").
			Try("name one of the session's parts")
	}
	if !p.HasList {
		return p, problem.Field("args.part", "%q has no list of speakers", p.Title).Try("name a part that has a list")
	}
	return p, nil
}

// read is a verb's arguments, read strictly.
func read[T any](d *deciding) (T, error) {
	var args T
	err := d.r.Read(&args)
	return args, err
}

// one is a decision of a single event.
func one(e events.Event) []events.Event { return []events.Event{e} }
