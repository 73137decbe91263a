package session

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// EntryState is where an entry stands.
type EntryState string

// The states of an entry.
const (
	Waiting    EntryState = "waiting"
	OnFloor    EntryState = "on_floor"
	Spoken     EntryState = "spoken"
	Standby    EntryState = "standby"
	Merged     EntryState = "merged"      // part of a joint statement
	Gone       EntryState = "withdrawn"   // taken off the list
	Raised     EntryState = "raised"      // a point of order that waits for the chair
	Admitted   EntryState = "admitted"    // a point of order that is being heard
	Refused    EntryState = "refused"     // a point of order that was not heard
	SetAside   EntryState = "set_aside"   // by the chair's choice of a rung; see Entry.Aside
	NotReached EntryState = "not_reached" // still waiting at adjournment; derived, see State.EntryState
)

// Entry is one place on a list of speakers, or a point of order.
type Entry struct {
	ID          ids.Entry
	Part        ids.Part
	Applicant   ids.Applicant
	Delegate    ids.Person
	Kind        events.EntryKind
	RequestedMS int64
	Language    string
	// Turn is the turn that a question or point of order is about.
	Turn     ids.Turn
	State    EntryState
	Late     bool
	JoinedAt clock.Instant
	// JoinSeq is the stream sequence of its joining: ties are decided by it.
	JoinSeq uint64
	// Deferrals counts steps back, by wish or in silence; NoShows the latter alone.
	Deferrals, NoShows int
	// Returns counts how often they came back from standby: only the first time
	// is it to the next place.
	Returns   int
	CheckedIn bool
	// Presence is the strongest basis noted, empty when nothing is known.
	Presence events.Basis
	// Absent is set when absence was reported, until they check in, are seen or return.
	Absent  bool
	Excused bool
	// Members are the other entries of a joint statement; MergedInto names the lead.
	Members    []ids.Entry
	MergedInto ids.Entry
	Ruling     events.Ruling
	// Aside is set while the entry is set aside.
	Aside *Aside
	// Stance is on which side a statement is, empty for neither.
	Stance events.Stance
}

// Weight is 1, or the number of organisations of a joint statement, at most 4.
func (e *Entry) Weight() int64 { return min(4, 1+int64(len(e.Members))) }

// List is a part's list of speakers.
type List struct {
	State    events.ListState
	ClosesAt clock.Instant
	// Order holds the waiting entries, next first.
	Order []ids.Entry
	// AtClose counts the entries when the list was last closed (the N of decisions.md 21).
	AtClose int
	// Ordered is set once the list was put in the order of its rule.
	Ordered *Ordered
}

// Span is a stretch of session time; To is zero while it is open.
type Span struct {
	From, To clock.Instant
	Cause    events.PauseCause
}

// Turn is one holding of the floor. Its clock lies in Timing.
type Turn struct {
	ID      ids.Turn
	Entry   ids.Entry
	Part    ids.Part
	GivenAt clock.Instant
	// GivenSeq is the stream sequence of the giving: the cause of TurnOpened.
	GivenSeq uint64
	BegunAt  clock.Instant
	Basis    events.Basis
	EndedAt  clock.Instant
	How      events.TurnEnd
	// Void is set when the giving was undone; a void turn counts nowhere.
	Void bool
	// Gaps are stretches between an ending and its undoing: not the speaker's time.
	Gaps []Span
	// Place was the entry's place (from 1) when the floor was given, WasAbsent
	// whether it was reported absent when the turn ended: an undo restores both.
	Place     int
	WasAbsent bool
	// Entered is set for turns recorded afterwards; AllottedMS is then theirs.
	Entered    bool
	AllottedMS int64
	Corrected  int
	// Act is the command that gave the floor.
	Act ids.Command
}

// Stands reports whether the turn counts: it began and was not undone.
func (t *Turn) Stands() bool { return !t.Void && !t.BegunAt.IsZero() }

// Undoable is the last floor act, while it can still be undone.
type Undoable struct {
	Act       ids.Command
	Verb      string
	PressedAt clock.Instant
	// Started is the turn that the act started, Ended the one that it ended.
	Started, Ended ids.Turn
}

// Point is an admitted point of order that is being heard.
type Point struct {
	Entry     ids.Entry
	Suspended ids.Turn
	At        clock.Instant
	Seq       uint64
}

// Swap is a proposed exchange of places.
type Swap struct {
	ID          ids.Swap
	Entry, With ids.Entry
}

// Prompt is a private word to the holder.
type Prompt struct {
	ID    ids.Prompt
	Turn  ids.Turn
	Kind  events.PromptKind
	Until clock.Instant
}

// Queue is the queue's part of the State.
type Queue struct {
	Lists   map[ids.Part]*List
	Entries map[ids.Entry]*Entry
	// EntryOrder is the order of joining.
	EntryOrder []ids.Entry
	Turns      map[ids.Turn]*Turn
	// TurnOrder is the order of giving.
	TurnOrder []ids.Turn
	// Turn has the floor; zero when it is free.
	Turn ids.Turn
	// LastEnd is when the floor was last released: the start of a handover.
	LastEnd clock.Instant
	// Raised are the points of order that wait for the chair; Point is the one being heard.
	Raised []ids.Entry
	Point  *Point
	// PointSpans are the interruptions by points of order, for the reserve.
	PointSpans []Span
	Undo       *Undoable
	Acts       []Act
	Swaps      map[ids.Swap]*Swap
	Prompt     *Prompt
	// GapMS is what undone acts have cost: charged to the reserve.
	GapMS int64
	// Microphone is whose the floor calls for.
	Microphone Microphone
}

func newQueue() Queue {
	return Queue{
		Lists:   map[ids.Part]*List{},
		Entries: map[ids.Entry]*Entry{},
		Turns:   map[ids.Turn]*Turn{},
		Swaps:   map[ids.Swap]*Swap{},
	}
}

// List gives a part's list; one of which nothing was said is a draft.
func (q *Queue) List(part ids.Part) *List {
	if l, ok := q.Lists[part]; ok {
		return l
	}
	return &List{State: events.ListDraft}
}

// Place gives the place (from 1) of a waiting entry on its list, zero when it does not wait.
func (q *Queue) Place(id ids.Entry) int {
	e, ok := q.Entries[id]
	if !ok {
		return 0
	}
	return slices.Index(q.List(e.Part).Order, id) + 1
}

// Running gives the turn that has the floor, or nil.
func (q *Queue) Running() *Turn { return q.Turns[q.Turn] }

// list gives a part's list and makes it when it is the first time.
func (q *Queue) list(part ids.Part) *List {
	l, ok := q.Lists[part]
	if !ok {
		l = &List{State: events.ListDraft}
		q.Lists[part] = l
	}
	return l
}

// insert puts an entry at a place (from 1), clamped to the list's ends.
func (q *Queue) insert(e *Entry, place int) {
	l := q.list(e.Part)
	at := min(max(place, 1), len(l.Order)+1) - 1
	l.Order = slices.Insert(l.Order, at, e.ID)
	e.State = Waiting
}

// remove takes an entry off its list and gives the place that it had.
func (q *Queue) remove(e *Entry) int {
	l := q.list(e.Part)
	at := slices.Index(l.Order, e.ID)
	if at >= 0 {
		l.Order = slices.Delete(l.Order, at, at+1)
	}
	return at + 1
}

func (q *Queue) entry(id ids.Entry) (*Entry, error) {
	e, ok := q.Entries[id]
	if !ok {
		return nil, errMissing("entry", id)
	}
	return e, nil
}

func (q *Queue) apply(c *events.Commit, m Meta, e events.Event) error {
	switch e.(type) {
	case *events.MicrophoneConfirmed, *events.TallyNoted:
		// About the room's switches, and no act on the list or the floor.
		q.microphone(c, e)
		return nil
	}
	err := q.change(c, m, e)
	if err != nil {
		return err
	}
	q.note(c, m, e)
	return nil
}

func (q *Queue) change(c *events.Commit, m Meta, e events.Event) error {
	switch e := e.(type) {
	case *events.ListStateChanged:
		l := q.list(e.Part)
		l.State, l.ClosesAt = e.State, e.ClosesAt
		if e.State == events.ListClosed {
			l.AtClose = len(l.Order)
		}
		return nil
	case *events.ListOrdered:
		return q.ordered(c, e)
	case *events.EntriesSetAside, *events.EntriesCalledBack:
		return q.aside(c, e)
	case *events.EntryJoined:
		entry := &Entry{
			ID: e.Entry, Part: e.Part, Applicant: e.Applicant, Delegate: e.Delegate, Kind: e.Kind,
			RequestedMS: e.RequestedMS, Language: e.Language, Turn: e.Turn, Late: e.Late, Stance: e.Stance,
			JoinedAt: c.At, JoinSeq: m.Sequence,
		}
		q.Entries[e.Entry] = entry
		q.EntryOrder = append(q.EntryOrder, e.Entry)
		q.insert(entry, e.Place)
		q.late(entry)
		return nil
	case *events.SwapProposed:
		q.Swaps[e.Swap] = &Swap{ID: e.Swap, Entry: e.Entry, With: e.With}
		return nil
	case *events.SwapDeclined:
		delete(q.Swaps, e.Swap)
		return nil
	case *events.HolderPrompted:
		q.Prompt = &Prompt{ID: e.Prompt, Turn: e.Turn, Kind: e.Kind, Until: e.Until}
		return nil
	case *events.EntriesSwapped, *events.EntriesMerged, *events.EntrySplit:
		return q.together(e)
	case *events.FloorGiven, *events.TurnBegun, *events.TurnEnded, *events.ActUndone,
		*events.TurnReassigned, *events.TurnCorrected, *events.TurnEntered:
		return q.floor(c, m, e)
	case *events.PointRaised, *events.PointAdmitted, *events.PointRefused, *events.PointRuled:
		return q.point(c, m, e)
	default:
		return q.one(e)
	}
}

// one folds the events about a single entry on the list.
func (q *Queue) one(event events.Event) error {
	id := single(event)
	if id.IsZero() {
		return fmt.Errorf("not an event of the queue")
	}
	entry, err := q.entry(id)
	if err != nil {
		return err
	}
	switch e := event.(type) {
	case *events.EntryWithdrawn:
		q.remove(entry)
		q.Raised = slices.DeleteFunc(q.Raised, func(r ids.Entry) bool { return r == e.Entry })
		entry.State, entry.Aside = Gone, nil
		q.dropSwaps(e.Entry)
	case *events.EntryDeferred:
		place := q.remove(entry)
		q.insert(entry, place+e.Places)
		entry.Deferrals++
	case *events.EntryMoved:
		return q.move(entry, e)
	case *events.EntryHandedOver:
		entry.Delegate = e.Delegate
	case *events.CheckedIn:
		entry.CheckedIn, entry.Absent, entry.Presence = true, false, events.ByCheckIn
	case *events.PresenceNoted:
		// That a device of theirs was seen says less than that they are there.
		if entry.Presence == "" || e.Basis != events.Seen {
			entry.Presence = e.Basis
		}
		entry.Absent = false
	case *events.AbsenceReported:
		entry.Absent = true
	case *events.Excused:
		entry.Excused = true
	case *events.EntryToStandby:
		q.remove(entry)
		entry.State = Standby
		q.dropSwaps(e.Entry)
	case *events.EntryReturned:
		entry.Absent = false
		entry.Returns++
		q.insert(entry, e.Place)
	}
	return nil
}

// move folds the chair's relative move.
func (q *Queue) move(entry *Entry, e *events.EntryMoved) error {
	other, step := e.Before, 0
	if other.IsZero() {
		other, step = e.After, 1
	}
	was := q.remove(entry)
	place := q.Place(other)
	if place == 0 {
		q.insert(entry, was)
		return errMissing("waiting entry", other)
	}
	q.insert(entry, place+step)
	return nil
}

// dropSwaps forgets the proposals about an entry that no longer waits.
func (q *Queue) dropSwaps(id ids.Entry) {
	for swap, s := range q.Swaps {
		if s.Entry == id || s.With == id {
			delete(q.Swaps, swap)
		}
	}
}

// together folds the events about several entries.
func (q *Queue) together(event events.Event) error {
	switch e := event.(type) {
	case *events.EntriesSwapped:
		one, err := q.entry(e.Entry)
		if err != nil {
			return err
		}
		l := q.list(one.Part)
		i, j := slices.Index(l.Order, e.Entry), slices.Index(l.Order, e.With)
		if i < 0 || j < 0 {
			return fmt.Errorf("one of %s and %s does not wait", e.Entry, e.With)
		}
		l.Order[i], l.Order[j] = l.Order[j], l.Order[i]
		q.dropSwaps(e.Entry)
		q.dropSwaps(e.With)
	case *events.EntriesMerged:
		lead, err := q.entry(e.Lead)
		if err != nil {
			return err
		}
		for _, id := range e.Members {
			member, err := q.entry(id)
			if err != nil {
				return err
			}
			q.remove(member)
			member.State, member.MergedInto = Merged, e.Lead
			q.dropSwaps(id)
		}
		lead.Members = append(lead.Members, e.Members...)
	case *events.EntrySplit:
		lead, err := q.entry(e.Lead)
		if err != nil {
			return err
		}
		for i, id := range e.Members {
			member, err := q.entry(id)
			if err != nil {
				return err
			}
			member.MergedInto = ids.Entry{}
			q.insert(member, q.Place(e.Lead)+1+i)
		}
		lead.Members = slices.DeleteFunc(lead.Members, func(m ids.Entry) bool { return slices.Contains(e.Members, m) })
	}
	return nil
}
