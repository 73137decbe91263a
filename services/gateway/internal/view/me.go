package view

import (
	"maps"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// urgency gives each notice its rank, the most urgent first.
var urgency = map[api.NoticeKind]int{
	api.NoticeCalled: 0, api.NoticeWarning: 1, api.NoticeExpired: 2, api.NoticeNext: 3, api.NoticeThird: 4,
	api.NoticeFifth: 5, api.NoticeStandby: 6, api.NoticeNotReach: 7, api.NoticeSwapAsked: 8,
}

// Me makes the personal part of one viewer.
func (v *View) Me(viewer Viewer) api.Me {
	actor := viewer.Actor
	me := api.Me{
		Subject: actor.ID, Roles: append([]events.Role{}, actor.Roles...), Audience: viewer.Audience,
		Applicant: actor.Applicant, Person: actor.Person, AccessMS: v.access[actor.Person].AccessMS,
		AccessPercent: v.access[actor.Person].AccessPercent,
	}
	// Only a delegate has entries of their own; the chair's side acts on behalf.
	if actor.Applicant.IsZero() || !actor.Has(events.Speaker) {
		return me
	}
	me.Entries = slices.Clone(v.mine[actor.Applicant])
	if a, ok := v.Applicants[actor.Applicant]; ok && a.State == session.Declined {
		me.Reason = a.Reason
	}
	for id, swap := range v.Swaps {
		if slices.Contains(me.Entries, swap.Entry) || slices.Contains(me.Entries, swap.With) {
			if me.Swaps == nil {
				me.Swaps = map[ids.Swap]api.SwapView{}
			}
			me.Swaps[id] = swap
		}
	}
	for id, text := range v.Texts {
		if text.Applicant == actor.Applicant {
			if me.Texts == nil {
				me.Texts = map[ids.Text]api.TextView{}
			}
			me.Texts[id] = text
		}
	}
	if t := v.Turns[v.Floor.Turn]; t != nil && v.speaks(t.Entry, me.Entries) {
		if me.Prompt = v.slower(); me.Prompt == nil && v.Floor.Prompt != nil {
			prompt := *v.Floor.Prompt
			me.Prompt = &prompt
		}
	}
	me.Notice = v.notice(&me)
	return me
}

// speaks reports whether one of the entries is the entry or a member of it.
func (v *View) speaks(entry ids.Entry, mine []ids.Entry) bool {
	return slices.ContainsFunc(mine, func(id ids.Entry) bool { return id == entry || v.Entries[id].MergedInto == entry })
}

// notice gives the most urgent thing to know, or nil. Of several entries the
// earliest joined wins among equals.
func (v *View) notice(me *api.Me) *api.Notice {
	var best *api.Notice
	for _, id := range me.Entries {
		n := v.about(id)
		if n != nil && (best == nil || urgency[n.Kind] < urgency[best.Kind]) {
			best = n
		}
	}
	if best != nil {
		return best
	}
	// A proposal from somebody else; ids in order, so that the choice is stable.
	for _, id := range slices.SortedFunc(maps.Keys(me.Swaps), ids.Swap.Compare) {
		if swap := me.Swaps[id]; slices.Contains(me.Entries, swap.With) {
			return &api.Notice{Kind: api.NoticeSwapAsked, Entry: swap.With}
		}
	}
	return nil
}

// about gives what there is to say about one entry.
func (v *View) about(id ids.Entry) *api.Notice {
	// A member of a joint statement is told what its lead is told.
	entry := v.Entries[id]
	if !entry.MergedInto.IsZero() {
		entry = v.Entries[entry.MergedInto]
	}
	n := &api.Notice{Entry: id}
	if t := v.Turns[v.Floor.Turn]; t != nil && t.Entry == entry.ID {
		n.Turn = t.ID
		switch {
		case t.BegunAt.IsZero():
			n.Kind = api.NoticeCalled
		case t.Expired:
			n.Kind = api.NoticeExpired
		case t.Warning:
			n.Kind = api.NoticeWarning
		default:
			return nil
		}
		return n
	}
	switch {
	case entry.State == session.NotReached:
		n.Kind = api.NoticeNotReach
	case entry.State == session.Standby:
		n.Kind = api.NoticeStandby
	case v.adjourned() || entry.State != session.Waiting || entry.Part != v.Session.Part:
		return nil
	case entry.Place == 1:
		n.Kind = api.NoticeNext
	case entry.Place == 3:
		n.Kind = api.NoticeThird
	case entry.Place == 5:
		n.Kind = api.NoticeFifth
	default:
		return nil
	}
	return n
}

// Own gives each applicant's entries, in order of joining.
func (v *View) Own() map[ids.Applicant][]ids.Entry { return v.mine }

// Unseen gives the entries of an applicant of which nothing says yet whether
// their speaker is there.
func (v *View) Unseen(applicant ids.Applicant) []ids.Entry {
	var unseen []ids.Entry
	for _, id := range v.mine[applicant] {
		e := v.Entries[id]
		switch e.State {
		case session.Waiting, session.Standby, session.OnFloor, session.Merged:
			if e.Presence == "" {
				unseen = append(unseen, id)
			}
		}
	}
	return unseen
}
