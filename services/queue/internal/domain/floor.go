package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// silences is how often a silent speaker goes two places back; then it is
// standby.
const silences = 2

// promptMS is how long a private word is shown, in ms.
const promptMS = 10_000

// current gives the part whose list the floor is given from: the part that
// runs, or the only one with a list while none does.
func (d *deciding) current() (events.Part, error) {
	if !d.s.Timing.Part.IsZero() {
		if p, _, ok := d.s.Registry.Part(d.s.Timing.Part); ok && p.HasList {
			return p, nil
		}
		return events.Part{}, problem.New(problem.WrongState, "the part that runs has no list of speakers").
			Try("go on to a part that has one (start_part)")
	}
	var found []events.Part
	for _, p := range d.s.Registry.Parts {
		if p.HasList {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return events.Part{}, problem.New(problem.WrongState, "no part runs, so there is no list to take the next from").
			Try("go on to a part (start_part)")
	}
	return found[0], nil
}

// next gives the floor to the first of the list. What the presser saw is checked
// before anything else, so that the second of two presses is told of the first
// and of nothing else (decisions.md 4).
func (d *deciding) next() ([]events.Event, error) {
	if _, err := read[command.None](d); err != nil {
		return nil, err
	}
	if err := d.expectTurn(); err != nil {
		return nil, err
	}
	p, err := d.current()
	if err != nil {
		return nil, err
	}
	var head ids.Entry
	if order := d.q.List(p.ID).Order; len(order) > 0 {
		head = order[0]
	}
	if err := d.expectEntry(head, "the next on the list"); err != nil {
		return nil, err
	}
	if head.IsZero() {
		return nil, problem.New(problem.WrongState, "nobody waits on the list of %q", p.Title).
			Try("end the turn, bring somebody back from standby, or go on to another part")
	}
	return d.giveTo(d.q.Entries[head], p, false)
}

// give gives the floor to an entry that the chair names, past all others. An
// undo brings it back to the place that it had.
func (d *deciding) give() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	if err := d.expectTurn(); err != nil {
		return nil, err
	}
	e, err := d.waiting(args.Entry, "args.entry")
	if err != nil {
		return nil, err
	}
	if err := d.expectEntry(e.ID, "the entry that is named"); err != nil {
		return nil, err
	}
	p, err := d.current()
	if err != nil {
		return nil, err
	}
	if e.Part != p.ID {
		return nil, problem.New(problem.WrongState, "%s waits on the list of another part than %q", d.speaker(e), p.Title).On("args.entry").
			Try("go on to that part first (start_part)")
	}
	return d.giveTo(e, p, true)
}

// giveTo gives the floor. A turn that runs ends in the same commit, so nobody
// ever sees two holders, or none between two.
func (d *deciding) giveTo(e *session.Entry, p events.Part, named bool) ([]events.Event, error) {
	if err := d.running(); err != nil {
		return nil, err
	}
	if err := d.unheard(); err != nil {
		return nil, err
	}
	var decided []events.Event
	if t := d.q.Running(); t != nil {
		if t.BegunAt.IsZero() {
			return nil, d.silent(t)
		}
		decided = append(decided, d.ending(t, events.Followed))
	}
	if err := d.fits(e, p); err != nil {
		return nil, err
	}
	return append(decided, &events.FloorGiven{
		Turn: ids.Derive[ids.Turn](d.r.ID, 0), Entry: e.ID, GivenAt: d.now, Named: named, Act: d.r.ID,
	}), nil
}

// silent says what to press when the one who was called has not begun.
func (d *deciding) silent(t *session.Turn) *problem.Error {
	return problem.New(problem.WrongState, "%s was called and has not begun", d.speaker(d.q.Entries[t.Entry])).On("args.turn").
		Try("press: is speaking (begin), two places back (step_back) or not here (no_show)")
}

// fits refuses, where turns end at their limit, one whose limit lies beyond the
// hard end (decisions.md 12). What was promised is the least it can be.
func (d *deciding) fits(e *session.Entry, p events.Part) error {
	if d.s.LimitMode(e) != events.Hard {
		return nil
	}
	need, end := d.promised(e, p), d.s.HardEnd()
	if d.now.Add(need) <= end {
		return nil
	}
	return problem.New(problem.WrongState, "a turn of %d s would end after the session's hard end at %s", need/1000, end).On("args.entry").
		Try("extend the session, or adjourn it")
}

// promised is the least that an entry is given, in ms: the announced guarantee
// (or the minimum before there is one) for each organisation, at most four, and
// no more than it asked for or than a turn of the part may last.
func (d *deciding) promised(e *session.Entry, p events.Part) int64 {
	ms := d.s.Minimum()
	if a := d.s.Timing.Announced[p.ID]; a != nil {
		ms = a.GuaranteeMS
	}
	ms *= e.Weight()
	for _, most := range []int64{e.RequestedMS, p.LimitMS, d.s.Registry.Modalities.MaximumMS} {
		if most > 0 {
			ms = min(ms, most)
		}
	}
	return ms
}

// ending is the end of a turn now.
func (d *deciding) ending(t *session.Turn, how events.TurnEnd) *events.TurnEnded {
	return d.endingAt(t, how, d.now)
}

// endingAt is the end of a turn at an instant, which is never before its begin.
func (d *deciding) endingAt(t *session.Turn, how events.TurnEnd, at clock.Instant) *events.TurnEnded {
	return &events.TurnEnded{Turn: t.ID, EndedAt: max(at, t.BegunAt, t.GivenAt), How: how, Act: d.r.ID}
}

// onFloor gives the turn that is named and has the floor.
func (d *deciding) onFloor(id ids.Turn) (*session.Turn, *session.Entry, error) {
	if id.IsZero() {
		return nil, nil, problem.Field("args.turn", "the turn is missing").Try("send the id of the turn that has the floor")
	}
	t, ok := d.q.Turns[id]
	if !ok {
		return nil, nil, problem.New(problem.NotFound, "there is no turn %s in this session", id).On("args.turn").
			Try("send the id of the turn that has the floor")
	}
	if id != d.q.Turn {
		return nil, nil, d.staleTurn(id, "args.turn")
	}
	return t, d.q.Entries[t.Entry], nil
}

// onFloorAs is the common beginning of the verbs about the running turn: what
// was expected, then the turn itself.
func (d *deciding) onFloorAs(id ids.Turn) (*session.Turn, *session.Entry, error) {
	if err := d.expectTurn(); err != nil {
		return nil, nil, err
	}
	return d.onFloor(id)
}

// bases says on what grounds each role may say that a turn began; the first
// one is meant when none is said.
func (d *deciding) bases() []events.Basis {
	by := d.r.Actor
	switch {
	case by.Has(events.Chair, events.ViceChair, events.Secretariat):
		return []events.Basis{events.ByChair}
	case by.Has(events.Technician):
		return []events.Basis{events.ByAudio, events.ByCaption}
	case by.Has(events.Captioner):
		return []events.Basis{events.ByCaption}
	case by.Has(events.Speaker):
		return []events.Basis{events.BySelf}
	default:
		return []events.Basis{events.ByAudio, events.ByCaption}
	}
}

// begin notes the first word, which may lie a little back (decisions.md 13).
func (d *deciding) begin() ([]events.Event, error) {
	args, err := read[command.Begin](d)
	if err != nil {
		return nil, err
	}
	t, e, err := d.onFloorAs(args.Turn)
	if err != nil {
		return nil, err
	}
	bases := d.bases()
	if args.Basis == "" {
		args.Basis = bases[0]
	}
	if !slices.Contains(bases, args.Basis) {
		return nil, problem.New(problem.Forbidden, "you cannot say on the basis of %.40q that a turn began", string(args.Basis)).On("args.basis").
			Try("leave the basis out")
	}
	if args.Basis == events.BySelf && e.Applicant != d.r.Actor.Applicant {
		return nil, problem.New(problem.Forbidden, "this is the turn of %s", d.speaker(e)).On("args.turn").
			Try("wait until you are called")
	}
	if !t.BegunAt.IsZero() {
		return nil, problem.New(problem.Already, "the turn of %s began at %s", d.speaker(e), t.BegunAt).On("args.turn").
			Try("correct the turn afterwards if that is wrong")
	}
	at := args.At
	switch {
	case at.IsZero():
		at = d.now
	case at < t.GivenAt:
		return nil, problem.Field("args.at", "%s lies before the floor was given at %s", at, t.GivenAt).Try("send a time from then on, or leave it out")
	case at > d.now:
		return nil, problem.Field("args.at", "%s lies in the future", at).Try("leave it out")
	}
	if other := d.endedAfter(at); other != nil {
		return nil, problem.Field("args.at", "turn %s of %s ended later, at %s", other.ID, d.speaker(d.q.Entries[other.Entry]), other.EndedAt).
			Try("send a time from then on, or leave it out")
	}
	// A first word from before the interruption counts; one during it does not.
	if d.q.Point != nil && at >= d.q.Point.At {
		return nil, d.unheard()
	}
	if err := d.running(); err != nil && (d.s.Timing.Phase != session.Suspended || at >= d.suspendedAt()) {
		return nil, err
	}
	return one(&events.TurnBegun{Turn: t.ID, BegunAt: at, Basis: args.Basis}), nil
}

// endedAfter gives the last turn that stands and ended after an instant, or nil.
// There is one when a turn was recorded or corrected after the floor was given.
func (d *deciding) endedAfter(at clock.Instant) *session.Turn {
	var last *session.Turn
	for _, id := range d.q.TurnOrder {
		if t := d.q.Turns[id]; t.Stands() && t.EndedAt > at && (last == nil || t.EndedAt > last.EndedAt) {
			last = t
		}
	}
	return last
}

// suspendedAt is when the last suspension began.
func (d *deciding) suspendedAt() clock.Instant {
	if n := len(d.s.Timing.Suspensions); n > 0 {
		return d.s.Timing.Suspensions[n-1].From
	}
	return 0
}

// yield is the holder's own end.
func (d *deciding) yield() ([]events.Event, error) {
	return d.over(events.Yielded)
}

// end is the chair's end, as after a "thank you".
func (d *deciding) end() ([]events.Event, error) {
	return d.over(events.Ended)
}

// withdrawFloor takes the floor away, with a reason that is logged and shown.
func (d *deciding) withdrawFloor() ([]events.Event, error) {
	return d.over(events.Withdrawn)
}

// over ends a turn that has begun. One that was only called is not ended like
// this: an entry would count as spoken of which nobody heard a word.
func (d *deciding) over(how events.TurnEnd) ([]events.Event, error) {
	args, err := read[command.TurnRef](d)
	if err != nil {
		return nil, err
	}
	if how == events.Yielded {
		// A delegate whose turn is over already is told so, and no other's is theirs.
		if t := d.q.Turns[args.Turn]; t != nil {
			if err := d.own(d.q.Entries[t.Entry].Applicant, "args.turn"); err != nil {
				return nil, err
			}
		}
	}
	t, _, err := d.onFloorAs(args.Turn)
	if err != nil {
		return nil, err
	}
	if err := d.unheard(); err != nil {
		return nil, err
	}
	if t.BegunAt.IsZero() {
		return nil, d.silent(t)
	}
	return one(d.ending(t, how)), nil
}

// stepBack puts a silent speaker two places back, twice; then on standby. Who
// was reported absent goes there at once. The program itself does it in
// automatic mode alone, and not before the longest wait is over.
func (d *deciding) stepBack() ([]events.Event, error) {
	t, e, err := d.called()
	if err != nil {
		return nil, err
	}
	if d.system() {
		if at, ok := silentAt(d.s, t); !ok || d.now < at {
			return nil, d.notDue()
		}
	}
	if e.NoShows >= silences || e.Absent {
		return one(d.ending(t, events.NotHere)), nil
	}
	ended := d.ending(t, events.SteppedBk)
	ended.Back = back
	return one(ended), nil
}

// noShow puts the called speaker's entry on standby, from where it can return.
func (d *deciding) noShow() ([]events.Event, error) {
	t, _, err := d.called()
	if err != nil {
		return nil, err
	}
	return one(d.ending(t, events.NotHere)), nil
}

// called gives the turn that was given and has not begun.
func (d *deciding) called() (*session.Turn, *session.Entry, error) {
	args, err := read[command.TurnRef](d)
	if err != nil {
		return nil, nil, err
	}
	t, e, err := d.onFloorAs(args.Turn)
	if err != nil {
		return nil, nil, err
	}
	if err := d.unheard(); err != nil {
		return nil, nil, err
	}
	if !t.BegunAt.IsZero() {
		return nil, nil, problem.New(problem.WrongState, "%s began to speak at %s", d.speaker(e), t.BegunAt).On("args.turn").
			Try("end the turn (end), or correct it afterwards")
	}
	return t, e, nil
}

// prompt is a private word from the chair's side to the holder.
func (d *deciding) prompt() ([]events.Event, error) {
	args, err := read[command.PromptArgs](d)
	if err != nil {
		return nil, err
	}
	t, _, err := d.onFloorAs(args.Turn)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]events.PromptKind{events.PleaseConclude, events.YouAreMuted, events.SlowDown}, args.Kind) {
		return nil, problem.Field("args.kind", "%.40q is not a prompt", string(args.Kind)).
			Try("use please_conclude, you_are_muted or slow_down")
	}
	return one(&events.HolderPrompted{
		Prompt: ids.Derive[ids.Prompt](d.r.ID, 0), Turn: t.ID, Kind: args.Kind, Until: d.now.Add(promptMS),
	}), nil
}
