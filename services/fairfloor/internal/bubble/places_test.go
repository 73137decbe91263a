package bubble

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// where says where an entry is; it is in exactly one place at any time.
type where string

const (
	onList    where = "waits"
	onFloor   where = "has the floor"
	spoken    where = "has spoken"
	standby   where = "is on standby"
	joint     where = "is in a joint statement"
	left      where = "has left"
	raised    where = "is a point that waits"
	heard     where = "is a point that is being heard"
	refused   where = "is a point that was refused"
	unreached where = "was not reached"
)

// places follows each entry from its joining to its end.
type places struct {
	at    map[ids.Entry]where
	part  map[ids.Entry]ids.Part
	lists map[ids.Part][]ids.Entry
	// parts is the agenda, entries the order of joining.
	parts   []ids.Part
	entries []ids.Entry
	into    map[ids.Entry]ids.Entry
	// turns gives the entry of each turn and the place it was called from.
	turns map[ids.Turn]*called
	// running is the turn that has the floor, nil for none.
	running   *called
	adjourned bool
	// history has, for each message, who waited after it.
	history []waited
}

// waited is who would be left unheard by an adjournment after a message.
type waited struct {
	sequence uint64
	entries  map[ids.Entry]bool
}

type called struct {
	entry ids.Entry
	place int
	begun bool
}

func newPlaces() places {
	return places{
		at: map[ids.Entry]where{}, part: map[ids.Entry]ids.Part{}, lists: map[ids.Part][]ids.Entry{},
		into: map[ids.Entry]ids.Entry{}, turns: map[ids.Turn]*called{},
	}
}

// take removes an entry from its list and gives the place that it had, 0 for none.
func (p *places) take(id ids.Entry) int {
	list := p.lists[p.part[id]]
	i := slices.Index(list, id)
	if i >= 0 {
		p.lists[p.part[id]] = append(slices.Clone(list[:i]), list[i+1:]...)
	}
	return i + 1
}

// put makes an entry wait at a place, at most at the end.
func (p *places) put(id ids.Entry, place int) {
	list := p.lists[p.part[id]]
	place = max(1, min(place, len(list)+1))
	p.lists[p.part[id]] = slices.Concat(list[:place-1], []ids.Entry{id}, list[place-1:])
	p.at[id] = onList
}

// goes moves an entry off the list to somewhere, from one of the places where it may be.
func (p *places) goes(a *auditor, id ids.Entry, to where, from ...where) {
	if at, known := p.at[id]; !known || !slices.Contains(from, at) {
		a.faultf("place: entry %s %s and cannot go to where it %s", id, at, to)
	}
	p.take(id)
	p.at[id] = to
}

// waits puts an entry on the list, from one of the places where it may be.
func (p *places) waits(a *auditor, id ids.Entry, place int, from ...where) {
	p.goes(a, id, onList, from...)
	p.put(id, place)
}

func (p *places) event(a *auditor, event events.Event) {
	switch e := event.(type) {
	case *events.SessionCreated:
		for _, part := range e.Parts {
			p.parts = append(p.parts, part.ID)
		}
	case *events.EntryJoined:
		p.joins(a, e.Entry, e.Part)
		if list := p.lists[e.Part]; e.Place < 1 || e.Place > len(list)+1 {
			a.faultf("place: entry %s was told place %d of %d", e.Entry, e.Place, len(list)+1)
		}
		p.put(e.Entry, e.Place)
	case *events.EntryWithdrawn:
		p.goes(a, e.Entry, left, onList, standby, raised)
	case *events.EntryDeferred:
		p.waits(a, e.Entry, slices.Index(p.lists[p.part[e.Entry]], e.Entry)+1+e.Places, onList)
	case *events.EntryMoved:
		p.move(a, e)
	case *events.EntriesSwapped:
		list := p.lists[p.part[e.Entry]]
		i, j := slices.Index(list, e.Entry), slices.Index(list, e.With)
		if i < 0 || j < 0 {
			a.faultf("place: %s and %s exchange places and do not both wait", e.Entry, e.With)
			return
		}
		list[i], list[j] = list[j], list[i]
	case *events.EntriesMerged:
		for _, id := range e.Members {
			p.goes(a, id, joint, onList)
			p.into[id] = e.Lead
		}
	case *events.EntrySplit:
		lead := slices.Index(p.lists[p.part[e.Lead]], e.Lead) + 1
		for i, id := range e.Members {
			p.waits(a, id, lead+1+i, joint)
			delete(p.into, id)
		}
	case *events.EntryToStandby:
		p.goes(a, e.Entry, standby, onList)
	case *events.EntryReturned:
		p.waits(a, e.Entry, e.Place, standby)
	case *events.PointRaised:
		p.joins(a, e.Entry, e.Part)
		p.at[e.Entry] = raised
	case *events.PointAdmitted:
		p.goes(a, e.Entry, heard, raised)
	case *events.PointRefused:
		p.goes(a, e.Entry, refused, raised)
	case *events.PointRuled:
		p.goes(a, e.Entry, spoken, heard)
	case *events.AdjournmentUndone:
		p.adjourned = false
	default:
		p.turn(a, event)
	}
}

// joins notes a new entry.
func (p *places) joins(a *auditor, id ids.Entry, part ids.Part) {
	if at, known := p.at[id]; known {
		a.faultf("place: entry %s joins and %s already", id, at)
	}
	p.part[id] = part
	p.entries = append(p.entries, id)
}

// turn follows the entries to the floor and from it.
func (p *places) turn(a *auditor, event events.Event) {
	switch e := event.(type) {
	case *events.FloorGiven:
		t := &called{entry: e.Entry, place: slices.Index(p.lists[p.part[e.Entry]], e.Entry) + 1}
		p.turns[e.Turn], p.running = t, t
		p.goes(a, e.Entry, onFloor, onList)
	case *events.TurnBegun:
		p.turns[e.Turn].begun = true
	case *events.TurnEnded:
		t := p.turns[e.Turn]
		p.running = nil
		switch {
		case e.How == events.NotHere:
			p.goes(a, t.entry, standby, onFloor)
		case e.How == events.SteppedBk:
			p.waits(a, t.entry, max(1, t.place)+e.Back, onFloor)
		case e.How == events.Adjourned && !t.begun:
			p.waits(a, t.entry, t.place, onFloor)
		default:
			p.goes(a, t.entry, spoken, onFloor)
		}
	case *events.ActUndone:
		if t := p.turns[e.Voided]; t != nil {
			p.waits(a, t.entry, t.place, onFloor)
			p.running = nil
		}
		if t := p.turns[e.Resumed]; t != nil {
			p.running = t
			p.goes(a, t.entry, onFloor, spoken, standby, onList)
		}
	case *events.TurnReassigned:
		t := p.turns[e.Turn]
		if t.entry != e.From {
			a.faultf("place: turn %s is of %s and is taken from %s", e.Turn, t.entry, e.From)
		}
		if at := slices.Index(p.lists[p.part[e.To]], e.To); at >= 0 {
			// Counted with the one who goes to the front, before it, in its stead.
			t.place = at + 2
		}
		p.goes(a, e.To, onFloor, onList, standby)
		p.waits(a, e.From, 1, onFloor)
		t.entry = e.To
	}
}

// move is the chair's: before or after another entry, wherever that is now.
func (p *places) move(a *auditor, e *events.EntryMoved) {
	p.goes(a, e.Entry, onList, onList)
	anchor, step := e.Before, 1
	if anchor.IsZero() {
		anchor, step = e.After, 2
	}
	at := slices.Index(p.lists[p.part[e.Entry]], anchor)
	if at < 0 {
		a.faultf("place: %s is moved to %s, which does not wait", e.Entry, anchor)
	}
	p.put(e.Entry, at+step)
}

// check holds after every commit: who waits stands on one list once, and nobody
// else stands on any.
func (p *places) check(a *auditor) {
	times := map[ids.Entry]int{}
	for _, list := range p.lists {
		for _, id := range list {
			times[id]++
		}
	}
	holders := 0
	for _, id := range p.entries {
		want := 0
		if p.at[id] == onList {
			want = 1
		}
		if p.at[id] == onFloor {
			holders++
		}
		if times[id] != want {
			a.faultf("place: entry %s %s and stands on %d lists", id, p.at[id], times[id])
		}
		if p.at[id] == joint && p.at[p.into[id]] == joint {
			a.faultf("place: entry %s is in a joint statement that is in another", id)
		}
	}
	if holders > 1 {
		a.faultf("holder: %d entries have the floor", holders)
	}
}

// remember notes who waits after a message: on a list, on standby, or called and
// not begun.
func (p *places) remember(sequence uint64) {
	w := waited{sequence, map[ids.Entry]bool{}}
	for id, at := range p.at {
		if at == onList || at == standby {
			w.entries[id] = true
		}
	}
	if t := p.running; t != nil && !t.begun {
		w.entries[t.entry] = true
	}
	p.history = append(p.history, w)
}

// adjourn compares those whom the adjournment names as not reached with those
// who waited when it was decided: as of what it had seen of the queue.
func (p *places) adjourn(a *auditor, seen uint64, reported []ids.Entry) {
	p.adjourned = true
	waiting := map[ids.Entry]bool{}
	for _, w := range p.history {
		if w.sequence <= seen {
			waiting = w.entries
		}
	}
	for _, id := range reported {
		if !waiting[id] {
			a.faultf("place: entry %s is named as not reached and did not wait", id)
		}
	}
	if len(reported) != len(waiting) {
		a.faultf("place: %d are named as not reached, and %d waited", len(reported), len(waiting))
	}
}

// final gives everybody who still waits the final state.
func (p *places) final(a *auditor) {
	if !p.adjourned {
		return
	}
	for _, id := range p.entries {
		switch p.at[id] {
		case onFloor:
			a.faultf("place: entry %s has the floor after the adjournment", id)
		case onList, standby:
			p.at[id] = unreached
		}
	}
}

// spoke lists the entries that were heard: in a turn of their own, or in a joint
// statement whose lead spoke.
func (p *places) spoke() map[ids.Entry]bool {
	all := map[ids.Entry]bool{}
	for _, id := range p.entries {
		at := p.at[id]
		if lead, in := p.into[id]; in {
			at = p.at[lead]
		}
		if at == spoken {
			all[id] = true
		}
	}
	return all
}
