package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The limits of what one session holds. They are far above any meeting and
// keep a careless client from filling the memory, or the list for others.
const (
	maxEntries      = 10_000
	maxPerApplicant = 50
)

// A request for seconds, in ms (fairness.md: 30 to 600 s).
const (
	leastRequestMS = 30_000
	mostRequestMS  = 600_000
)

// openList opens a part's list: a draft, or again one that is closing or closed.
// A time at which it was to close is forgotten.
func (d *deciding) openList() ([]events.Event, error) {
	args, err := read[command.PartRef](d)
	if err != nil {
		return nil, err
	}
	p, err := d.part(args.Part)
	if err != nil {
		return nil, err
	}
	if d.q.List(p.ID).State == events.ListOpen {
		return nil, problem.New(problem.Already, "the list of %q is open", p.Title).On("args.part").Try("nothing needs to be done")
	}
	return one(&events.ListStateChanged{Part: p.ID, State: events.ListOpen}), nil
}

// closeList closes a list now, or names the time at which it will: the timer
// then asks for the same, as the program.
func (d *deciding) closeList() ([]events.Event, error) {
	args, err := read[command.CloseList](d)
	if err != nil {
		return nil, err
	}
	p, err := d.part(args.Part)
	if err != nil {
		return nil, err
	}
	list := d.q.List(p.ID)
	closed := &events.ListStateChanged{Part: p.ID, State: events.ListClosed}
	switch {
	case list.State == events.ListClosed:
		return nil, problem.New(problem.Already, "the list of %q is closed", p.Title).On("args.part").Try("nothing needs to be done")
	case d.system():
		// The timer closes at the time that the list still has, and at no other.
		if list.State != events.ListClosing || list.ClosesAt != args.At || d.now < list.ClosesAt {
			return nil, problem.New(problem.WrongState, "the list does not close now").On("args.at").Try("wait for its time")
		}
		return one(closed), nil
	case args.At.IsZero():
		return one(closed), nil
	case args.At <= d.now:
		return nil, problem.Field("args.at", "%s is not in the future", args.At).Try("leave it out to close the list now")
	case args.At > d.s.HardEnd():
		return nil, problem.Field("args.at", "%s lies beyond the session's end at %s", args.At, d.s.HardEnd()).
			Try("name a time before the session's hard end")
	case list.State == events.ListClosing && list.ClosesAt == args.At:
		return nil, problem.New(problem.Already, "the list of %q closes at %s", p.Title, args.At).On("args.at").Try("nothing needs to be done")
	}
	return one(&events.ListStateChanged{Part: p.ID, State: events.ListClosing, ClosesAt: args.At}), nil
}

// join puts an applicant on a part's list. What is checked first is what the
// sender can mend by themselves: who, where, what; then whether the list takes
// it; and last whether they are on it already, which names their place.
func (d *deciding) join() ([]events.Event, error) {
	args, err := read[command.Join](d)
	if err != nil {
		return nil, err
	}
	if args.Kind == "" {
		args.Kind = events.Statement
	}
	p, err := d.part(args.Part)
	if err != nil {
		return nil, err
	}
	applicant, err := d.applicant(args.Applicant)
	if err != nil {
		return nil, err
	}
	if err := d.mayMake(applicant, p, args.Kind); err != nil {
		return nil, err
	}
	if args.Turn, err = d.about(applicant, p, args.Kind, args.Turn); err != nil {
		return nil, err
	}
	if args.RequestedMS == 0 {
		args.RequestedMS = applicant.RequestedMS
	} else if args.RequestedMS < leastRequestMS || args.RequestedMS > mostRequestMS {
		return nil, problem.Field("args.requested_ms", "%d s is not between %d and %d s", args.RequestedMS/1000, leastRequestMS/1000, mostRequestMS/1000).
			Try("ask for 30 to 600 seconds, or leave it out")
	}
	switch {
	case args.Stance != "" && args.Kind != events.Statement:
		return nil, problem.Field("args.stance", "a %s is on no side", args.Kind).Try("leave it out")
	case args.Stance != "" && !slices.Contains(events.Stances(), args.Stance):
		return nil, problem.Field("args.stance", "%.40q is neither for nor against", string(args.Stance)).Try("use for or against, or leave it out")
	}
	delegate, err := d.delegate(args.Delegate, applicant.Applicant, "args.delegate")
	if err != nil {
		return nil, err
	}
	late, err := d.admits(p, args.Kind)
	if err != nil {
		return nil, err
	}
	if err := d.once(p, applicant.Applicant, args.Kind); err != nil {
		return nil, err
	}
	if args.Kind == events.RightOfReply {
		if args.RequestedMS, err = d.reply(p, applicant.Applicant, args.RequestedMS); err != nil {
			return nil, err
		}
	}
	joined := &events.EntryJoined{
		Entry: ids.Derive[ids.Entry](d.r.ID, 0), Part: p.ID, Applicant: applicant.Applicant, Delegate: delegate,
		Kind: args.Kind, RequestedMS: args.RequestedMS, Language: applicant.Language, Turn: args.Turn,
		Place: place(d.q, p.ID, args.Kind, args.Turn), Late: late, Stance: args.Stance,
	}
	if args.Kind == events.Statement {
		joined.Place = d.behindTheirGroup(joined)
	}
	if late && args.Kind == events.Statement && d.wouldBreak(p.ID) {
		// Without a place, so that the receipt promises none.
		joined.Place = 0
		return []events.Event{joined, &events.EntryToStandby{Entry: joined.Entry}}, nil
	}
	return one(joined), nil
}

// wouldBreak reports whether one more statement could break what was announced
// for a list: then a late applicant is put on standby (decisions.md 19), from
// where the chair may still bring them back.
func (d *deciding) wouldBreak(part ids.Part) bool {
	return d.s.Timing.Announced[part] != nil && !session.Admits(d.s, part, d.now)
}

// applicant gives the accepted applicant for whom the actor acts: the token's,
// or the one that the chair's side names.
func (d *deciding) applicant(named ids.Applicant) (*session.Applicant, error) {
	by := d.r.Actor
	id := named
	if id.IsZero() {
		id = by.Applicant
	}
	if id.IsZero() {
		if by.Staff() {
			return nil, problem.Field("args.applicant", "the applicant is missing").Try("name the applicant on whose behalf you act")
		}
		return nil, problem.New(problem.Forbidden, "your link is not of an organisation that applied").On("args.applicant").
			Try("ask the secretariat for a link for your delegation")
	}
	if err := d.own(id, "args.applicant"); err != nil {
		return nil, err
	}
	a, ok := d.s.Registry.Applicants[id]
	if !ok {
		return nil, problem.New(problem.NotFound, "there is no applicant %s in this session", id).On("args.applicant").
			Try("apply first")
	}
	switch a.State {
	case session.AcceptedApplicant:
		return a, nil
	case session.Applied:
		return nil, problem.New(problem.WrongState, "the application of %s has not been decided", a.Organisation).On("args.applicant").
			Try("wait for the secretariat, who can accept it")
	case session.Declined:
		return nil, problem.New(problem.WrongState, "the application of %s was declined (%s)", a.Organisation, a.Reason).On("args.applicant").
			Try("ask the secretariat, who can still accept it")
	default:
		return nil, problem.New(problem.WrongState, "the application of %s was withdrawn", a.Organisation).On("args.applicant").
			Try("apply again")
	}
}

// mayMake checks the rights matrix and the parts that were applied for.
func (d *deciding) mayMake(a *session.Applicant, p events.Part, kind events.EntryKind) error {
	switch {
	case kind == events.PointOfOrder:
		return problem.Field("args.kind", "a point of order does not join the list").Try("use raise_point")
	case !slices.Contains(events.EntryKinds(), kind):
		return problem.Field("args.kind", "%.40q is not a kind of entry", string(kind)).Try("use statement, question or right_of_reply")
	case len(a.Parts) > 0 && !slices.Contains(a.Parts, p.ID):
		return problem.New(problem.Forbidden, "%s did not apply for %q", a.Organisation, p.Title).On("args.part").
			Try("join a part that was applied for, or have the application changed")
	}
	return d.right(a, kind)
}

// right checks the matrix of category and kind of entry.
func (d *deciding) right(a *session.Applicant, kind events.EntryKind) error {
	if session.Rights(d.s.Registry.Modalities.Rights).MayMake(a.Category, kind) {
		return nil
	}
	return problem.New(problem.Forbidden, "the modalities give the category %q no %s", a.Category, kind).On("args.kind").
		Try("read the session's modalities; the secretariat can change them")
}

// about gives the turn that an entry is about. A question is about the turn
// that runs, or about the last one while the floor is free; a reply may name
// one; a statement is about none.
func (d *deciding) about(a *session.Applicant, p events.Part, kind events.EntryKind, named ids.Turn) (ids.Turn, error) {
	turn, ok := d.q.Turns[named]
	switch {
	case !named.IsZero() && kind == events.Statement:
		return named, problem.Field("args.turn", "a statement is not about a turn").Try("leave it out, or make it a question or a right of reply")
	case !named.IsZero() && (!ok || turn.Void):
		return named, problem.New(problem.NotFound, "there is no turn %s in this session", named).On("args.turn").Try("name a turn that was held")
	case kind != events.Question:
		return named, nil
	}
	current := d.q.Running()
	if current == nil {
		current = d.lastTurn()
	}
	switch {
	case current == nil || current.Part != p.ID:
		return named, problem.New(problem.WrongState, "nobody has spoken in %q whom a question could be put to", p.Title).On("args.turn").
			Try("ask when somebody has the floor")
	case !named.IsZero() && named != current.ID:
		err := problem.New(problem.Stale, "the turn that the question is about is over").On("args.turn").
			Try("ask the present holder, or join the list with a statement")
		err.Since = d.q.SinceTurn(named)
		return named, err
	case d.q.Entries[current.Entry].Applicant == a.Applicant:
		return named, problem.Field("args.turn", "this is a turn of %s itself", a.Organisation).Try("questions are to others")
	}
	return current.ID, nil
}

// lastTurn is the last turn that stands, or nil.
func (d *deciding) lastTurn() *session.Turn {
	for _, id := range slices.Backward(d.q.TurnOrder) {
		if t := d.q.Turns[id]; t.Stands() {
			return t
		}
	}
	return nil
}

// delegate gives the person who will speak: the one named, who must belong to
// the applicant, or the actor, when they do.
func (d *deciding) delegate(named ids.Person, applicant ids.Applicant, field string) (ids.Person, error) {
	if named.IsZero() {
		if p := d.s.Registry.Persons[d.r.Actor.Person]; p != nil && p.Applicant == applicant && !p.Erased {
			return p.ID, nil
		}
		return ids.Person{}, nil
	}
	p, ok := d.s.Registry.Persons[named]
	switch {
	case !ok:
		return named, problem.New(problem.NotFound, "there is no person %s in this session", named).On(field).
			Try("have the person added first (add_person)")
	case p.Applicant != applicant:
		return named, problem.New(problem.Forbidden, "this person is not registered for %s", d.organisation(applicant)).On(field).
			Try("name a colleague of the same organisation, or have the person added for it")
	case p.Erased:
		return named, problem.Field(field, "this person was erased").Try("name another person")
	}
	return named, nil
}

// admits checks the list's state, and says whether the entry comes late. The
// chair's side may add to any list. Questions live as long as the turn they
// are about, so a list that is closed for statements takes them.
func (d *deciding) admits(p events.Part, kind events.EntryKind) (late bool, err error) {
	list := d.q.List(p.ID)
	closed := list.State == events.ListClosed || list.State == events.ListClosing && d.now >= list.ClosesAt
	switch {
	case d.r.Actor.Staff():
		return closed, nil
	case list.State == events.ListDraft:
		return false, problem.New(problem.WrongState, "the list of %q is not open yet", p.Title).On("args.part").
			Try("wait until it opens; the secretariat can add you before that")
	case closed && kind != events.Question:
		return false, problem.New(problem.WrongState, "the list of %q is closed", p.Title).On("args.part").
			Try("ask the secretariat, who can still add you")
	}
	return false, nil
}

// once refuses a second entry of the same kind for the same applicant on the
// same list, and one too many altogether.
func (d *deciding) once(p events.Part, applicant ids.Applicant, kind events.EntryKind) error {
	mine := 0
	for _, id := range d.q.EntryOrder {
		e := d.q.Entries[id]
		if e.Applicant != applicant {
			continue
		}
		mine++
		if e.Part == p.ID && e.Kind == kind && d.active(e) {
			return problem.New(problem.Already, "%s has an entry on the list of %q: %s", d.organisation(applicant), p.Title, d.standing(e)).
				On("args.applicant").Try("use that entry; withdraw it to give it up")
		}
	}
	if mine >= maxPerApplicant && !d.r.Actor.Staff() {
		return problem.New(problem.WrongState, "%s has made %d entries in this session", d.organisation(applicant), mine).On("args.applicant").
			Try("ask the secretariat to add you")
	}
	if len(d.q.Entries) >= maxEntries {
		return problem.New(problem.WrongState, "the session holds %d entries, and no more fit", len(d.q.Entries)).On("args.part").
			Try("tell the secretariat; a session of this size needs several lists")
	}
	return nil
}

// reply counts an organisation's rights of reply on a list and gives the most
// that this one may last: they are shorter than statements, and the later ones
// half as long as the first.
func (d *deciding) reply(p events.Part, applicant ids.Applicant, requestedMS int64) (int64, error) {
	made := int64(0)
	for _, e := range d.q.Entries {
		if e.Applicant == applicant && e.Part == p.ID && e.Kind == events.RightOfReply && e.State != session.Gone {
			made++
		}
	}
	most, longest := session.Replies(&d.s.Registry.Modalities)
	if made >= most {
		return 0, problem.New(problem.WrongState, "%s has used its %d rights of reply in %q", d.organisation(applicant), most, p.Title).
			On("args.kind").Try("file a written reply with the secretariat")
	}
	if made > 0 {
		longest /= 2
	}
	if requestedMS == 0 {
		return longest, nil
	}
	return min(requestedMS, longest), nil
}

// active reports whether an entry still is to speak, or speaks.
func (d *deciding) active(e *session.Entry) bool {
	switch e.State {
	case session.Waiting, session.OnFloor, session.Standby, session.Raised, session.Admitted, session.SetAside:
		return true
	case session.Merged:
		lead, ok := d.q.Entries[e.MergedInto]
		return ok && lead.State != session.Merged && d.active(lead)
	default:
		return false
	}
}

// standing says where an active entry stands, with its place.
func (d *deciding) standing(e *session.Entry) problem.Phrase {
	switch e.State {
	case session.Waiting:
		return problem.Say("place %d", d.q.Place(e.ID))
	case session.OnFloor:
		return problem.Say("it has the floor")
	case session.Standby:
		return problem.Say("it is on standby")
	case session.SetAside:
		return problem.Say("it is set aside, and keeps its credit")
	case session.Merged:
		lead := d.q.Entries[e.MergedInto]
		return problem.Say("part of the joint statement of %s, %s", d.speaker(lead), d.standing(lead))
	default:
		return problem.Say("it waits for the chair")
	}
}
