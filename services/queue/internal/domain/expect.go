package domain

import (
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// expected gives what the sender believed. The chair's side must say it: two
// people who press a button act on what they see (decisions.md 4). Delegates,
// technicians and the program need not, and are held to it when they do.
func (d *deciding) expected() (expect command.Expect, must bool) {
	if d.r.Expect != nil {
		expect = *d.r.Expect
	}
	return expect, d.r.Actor.Staff() && !d.system()
}

// expectTurn checks that the turn the sender saw still has the floor; an empty
// id is a free floor.
func (d *deciding) expectTurn() error {
	expect, must := d.expected()
	if expect.Turn == nil {
		if !must {
			return nil
		}
		return problem.Field("expect.turn", "%s must say which turn it acts on", d.verb.Name).
			Try(`send expect.turn: the id of the turn that you see, or "" when nobody has the floor`)
	}
	if *expect.Turn != d.q.Turn {
		return d.staleTurn(*expect.Turn, "expect.turn")
	}
	return nil
}

// staleTurn says who has the floor instead, and what happened since.
func (d *deciding) staleTurn(seen ids.Turn, field string) error {
	p := problem.New(problem.Stale, "the turn that you saw is over, and nobody has the floor")
	switch holder := d.holder(); {
	case holder != nil && seen.IsZero():
		p = problem.New(problem.Stale, "the floor is no longer free: %s has it", d.speaker(holder))
	case holder != nil:
		p = problem.New(problem.Stale, "the turn that you saw is over: %s has the floor", d.speaker(holder))
	}
	p.Since = d.q.SinceTurn(seen)
	return p.On(field).Try("look at what happened since; if you still want it, press again")
}

// holder is the entry that has the floor, or nil.
func (d *deciding) holder() *session.Entry {
	if t := d.q.Running(); t != nil {
		return d.q.Entries[t.Entry]
	}
	return nil
}

// expectEntry checks that an entry still is the one on the button.
func (d *deciding) expectEntry(button ids.Entry, what string) error {
	expect, must := d.expected()
	if expect.Entry == nil {
		if !must {
			return nil
		}
		return problem.Field("expect.entry", "%s must say whose name stands on the button", d.verb.Name).
			Try("send expect.entry: the id of the entry that you are giving the floor to")
	}
	if *expect.Entry == button {
		return nil
	}
	p := problem.New(problem.Stale, "%s is not the entry that you saw", what)
	p.Since = d.q.SinceTurn(d.q.Turn)
	return p.On("expect.entry").Try("look at the list; if you still want it, press again")
}

// expectEntries checks the states of the entries that are named. That somebody
// joined, or that places changed, is no reason to refuse: only what became of
// these entries is.
func (d *deciding) expectEntries(entries ...ids.Entry) error {
	expect, must := d.expected()
	for _, id := range entries {
		e, err := d.entry(id, "args.entry")
		if err != nil {
			return err
		}
		state, said := expect.Entries[id]
		if !said {
			if !must {
				continue
			}
			return problem.Field("expect.entries", "%s must say the state of entry %s", d.verb.Name, id).
				Try(`send expect.entries: each entry's id with the state that you see, such as "waiting"`)
		}
		if session.EntryState(state) != e.State {
			p := d.elsewhere(e, "expect.entries")
			p.Code, p.Since = problem.Stale, d.q.SinceEntries(entries...)
			return p
		}
	}
	return nil
}
