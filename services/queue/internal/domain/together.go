package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// maxSwaps is the most proposals that one entry may be in at a time.
const maxSwaps = 5

// maxJoint is the most organisations of one joint statement.
const maxJoint = 10

// pair gives two entries that may exchange places: both wait, on the same list,
// and are of the same kind.
func (d *deciding) pair(entry, with ids.Entry) (one, other *session.Entry, err error) {
	if one, err = d.waiting(entry, "args.entry"); err != nil {
		return nil, nil, err
	}
	if other, err = d.waiting(with, "args.with"); err != nil {
		return nil, nil, err
	}
	switch {
	case one == other:
		err = problem.Field("args.with", "an entry cannot exchange places with itself").Try("name another entry")
	case one.Part != other.Part:
		err = problem.Field("args.with", "the two wait on different lists").Try("name an entry of the same list")
	case one.Kind != other.Kind:
		err = problem.Field("args.with", "a %s cannot exchange places with a %s", one.Kind, other.Kind).Try("name an entry of the same kind")
	}
	return one, other, err
}

// proposeSwap asks another speaker; nothing moves until they accept. When both
// ask each other, the second is told to accept.
func (d *deciding) proposeSwap() ([]events.Event, error) {
	args, err := read[command.ProposeSwap](d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ownIn(args.Entry, session.Waiting); err != nil {
		return nil, err
	}
	mine, theirs, err := d.pair(args.Entry, args.With)
	if err != nil {
		return nil, err
	}
	open := 0
	for _, s := range d.q.Swaps {
		if s.Entry == mine.ID && s.With == theirs.ID {
			return nil, problem.New(problem.Already, "%s was asked already", d.speaker(theirs)).On("args.with").Try("wait for their answer")
		}
		if s.With == mine.ID && s.Entry == theirs.ID {
			return nil, problem.New(problem.Already, "%s asked you the same", d.speaker(theirs)).On("args.with").
				Try("accept their proposal (accept_swap %s)", s.ID)
		}
		if s.Entry == mine.ID || s.With == theirs.ID {
			open++
		}
	}
	if open >= maxSwaps {
		return nil, problem.New(problem.WrongState, "%d proposals about these entries are open", open).On("args.with").
			Try("wait for an answer, or take one back (decline_swap)")
	}
	return one(&events.SwapProposed{Swap: ids.Derive[ids.Swap](d.r.ID, 0), Entry: mine.ID, With: theirs.ID}), nil
}

// proposal gives an open proposal.
func (d *deciding) proposal() (*session.Swap, error) {
	args, err := read[command.SwapRef](d)
	if err != nil {
		return nil, err
	}
	if args.Swap.IsZero() {
		return nil, problem.Field("args.swap", "the proposal is missing").Try("send the proposal's id")
	}
	s, ok := d.q.Swaps[args.Swap]
	if !ok {
		return nil, problem.New(problem.NotFound, "there is no open proposal %s: it was answered, or one of the two moved on", args.Swap).
			On("args.swap").Try("propose again")
	}
	return s, nil
}

// acceptSwap is the consent of the one who was asked. The two exchange the
// places that they have now, whatever these were when it was proposed.
func (d *deciding) acceptSwap() ([]events.Event, error) {
	s, err := d.proposal()
	if err != nil {
		return nil, err
	}
	if err := d.own(d.q.Entries[s.With].Applicant, "args.swap"); err != nil {
		return nil, err
	}
	if _, _, err := d.pair(s.Entry, s.With); err != nil {
		return nil, err
	}
	return one(&events.EntriesSwapped{Swap: s.ID, Entry: s.Entry, With: s.With}), nil
}

// declineSwap is a refusal by the one who was asked, or second thoughts of the
// one who did.
func (d *deciding) declineSwap() ([]events.Event, error) {
	s, err := d.proposal()
	if err != nil {
		return nil, err
	}
	if mine := d.q.Entries[s.Entry].Applicant; mine != d.r.Actor.Applicant {
		if err := d.own(d.q.Entries[s.With].Applicant, "args.swap"); err != nil {
			return nil, err
		}
	}
	return one(&events.SwapDeclined{Swap: s.ID}), nil
}

// swap exchanges two entries at once: the chair's side says that both agreed.
func (d *deciding) swap() ([]events.Event, error) {
	args, err := read[command.ProposeSwap](d)
	if err != nil {
		return nil, err
	}
	if err := d.expectEntries(args.Entry, args.With); err != nil {
		return nil, err
	}
	mine, theirs, err := d.pair(args.Entry, args.With)
	if err != nil {
		return nil, err
	}
	return one(&events.EntriesSwapped{Entry: mine.ID, With: theirs.ID}), nil
}

// move is the chair's: before or after another entry, wherever that is now.
func (d *deciding) move() ([]events.Event, error) {
	args, err := read[command.Move](d)
	if err != nil {
		return nil, err
	}
	anchor, side := args.Before, "before"
	switch {
	case args.Before.IsZero() && args.After.IsZero():
		return nil, problem.Field("args.before", "neither before nor after is there").Try("say before or after which entry it is to stand")
	case !args.Before.IsZero() && !args.After.IsZero():
		return nil, problem.Field("args.before", "before and after are both there").Try("send one of the two")
	case args.Before.IsZero():
		anchor, side = args.After, "after"
	}
	field := "args." + side
	if err := d.expectEntries(args.Entry, anchor); err != nil {
		return nil, err
	}
	e, err := d.waiting(args.Entry, "args.entry")
	if err != nil {
		return nil, err
	}
	other, err := d.waiting(anchor, field)
	if err != nil {
		return nil, err
	}
	here, there := d.q.Place(e.ID), d.q.Place(other.ID)
	switch {
	case e == other:
		return nil, problem.Field(field, "an entry cannot be moved %s itself", side).Try("name another entry")
	case e.Part != other.Part:
		return nil, problem.Field(field, "the two wait on different lists").Try("name an entry of the same list")
	case side == "before" && here == there-1, side == "after" && here == there+1:
		return nil, problem.New(problem.Already, "%s stands %s %s already, at place %d", d.speaker(e), side, d.speaker(other), here).
			On(field).Try("nothing needs to be done")
	}
	return one(&events.EntryMoved{Entry: e.ID, Before: args.Before, After: args.After}), nil
}

// merge makes one joint statement at the lead's place. Every name is kept: the
// members are its own entries still, and split brings them back. A joint
// statement may grow, and two of them are not made one.
func (d *deciding) merge() ([]events.Event, error) {
	args, err := read[command.Merge](d)
	if err != nil {
		return nil, err
	}
	if !d.s.Registry.Modalities.JointStatements {
		return nil, problem.New(problem.Forbidden, "the modalities allow no joint statements").On("args.lead").Try("change the modalities first")
	}
	if len(args.Members) == 0 || len(args.Members) >= maxJoint {
		return nil, problem.Field("args.members", "a joint statement has 2 to %d entries; this would have %d", maxJoint, 1+len(args.Members)).
			Try("name the lead and 1 to 9 others")
	}
	all := append([]ids.Entry{args.Lead}, args.Members...)
	if err := d.expectEntries(all...); err != nil {
		return nil, err
	}
	lead, err := d.mergeable(args.Lead, "args.lead")
	if err != nil {
		return nil, err
	}
	for i, id := range args.Members {
		member, err := d.mergeable(id, "args.members")
		if err != nil {
			return nil, err
		}
		switch {
		case slices.Contains(all[:i+1], id):
			return nil, problem.Field("args.members", "entry %s is named twice", id).Try("name each entry once")
		case member.Part != lead.Part:
			return nil, problem.Field("args.members", "%s waits on another list than %s", d.speaker(member), d.speaker(lead)).
				Try("name entries of the same list")
		case len(member.Members) > 0:
			return nil, problem.Field("args.members", "%s leads a joint statement itself", d.speaker(member)).
				Try("make it the lead, or split it first")
		}
	}
	if n := len(all) + len(lead.Members); n > maxJoint {
		return nil, problem.Field("args.members", "a joint statement has 2 to %d entries; this would have %d", maxJoint, n).
			Try("make two joint statements")
	}
	members := slices.Clone(args.Members)
	slices.SortFunc(members, func(a, b ids.Entry) int { return d.q.Place(a) - d.q.Place(b) })
	return one(&events.EntriesMerged{Lead: lead.ID, Members: members}), nil
}

// mergeable gives a waiting statement.
func (d *deciding) mergeable(id ids.Entry, field string) (*session.Entry, error) {
	e, err := d.waiting(id, field)
	if err == nil && e.Kind != events.Statement {
		return nil, problem.Field(field, "the entry of %s is a %s", d.speaker(e), e.Kind).Try("only statements are made jointly")
	}
	return e, err
}

// split undoes a joint statement: its members wait behind the lead, in the order
// in which they joined it.
func (d *deciding) split() ([]events.Event, error) {
	args, err := read[command.EntryRef](d)
	if err != nil {
		return nil, err
	}
	if err := d.expectEntries(args.Entry); err != nil {
		return nil, err
	}
	e, err := d.waiting(args.Entry, "args.entry")
	if err != nil {
		return nil, err
	}
	if len(e.Members) == 0 {
		return nil, problem.New(problem.WrongState, "the entry of %s is no joint statement", d.speaker(e)).On("args.entry").
			Try("name the lead of a joint statement")
	}
	return one(&events.EntrySplit{Lead: e.ID, Members: slices.Clone(e.Members)}), nil
}
