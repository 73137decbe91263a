package view

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// order fills in by which rule each list is ordered, and its inputs: public,
// because an order that nobody can check is only a claim.
func (v *View) order(s *session.State) {
	for id, part := range v.Parts {
		if !part.HasList {
			continue
		}
		rules := &s.Registry.Modalities
		out := &api.OrderView{
			Rule: rules.Order, Fixed: rules.Order == session.OrderByList, Credit: s.Registry.Credit != nil,
			Own: slices.Clone(s.Registry.OwnLists[id]),
		}
		if rules.Order == session.OrderByCategory {
			out.Categories = slices.Clone(rules.OrderCategories)
		}
		if lot := s.Registry.Lots[id]; lot != nil {
			v.lot(out, lot)
		}
		if ordered := s.Queue.List(id).Ordered; ordered != nil {
			out.Fixed, out.Kept = true, ordered.Kept
		}
		out.Words, out.Lot = session.OrderWords(out.Rule, out.Categories), session.DrawsLot(out.Rule)
		part.Order = out
	}
}

// lot fills in the drawing of a list's lot, and what it is drawn from.
func (v *View) lot(out *api.OrderView, lot *session.Lot) {
	if !lot.CommittedAt.IsZero() {
		out.Commitment, out.Source, out.Labels = lot.Commitment.String(), lot.Source, lot.Labels
	}
	if lot.Fixed == nil {
		return
	}
	out.Rule, out.Categories, out.FixedAt = lot.Fixed.Rule, slices.Clone(lot.Fixed.Categories), lot.FixedAt
	if lot.Drawn() {
		out.Code, out.Randomness, out.DrawnAt = lot.Code.String(), lot.Randomness, lot.DrawnAt
	}
	for i := range lot.Fixed.Inputs {
		in := &lot.Fixed.Inputs[i]
		entry, ok := v.Entries[in.Entry]
		if !ok {
			continue
		}
		entry.Input = &api.InputView{
			Label: in.Label, Group: in.Group, Region: in.Region, Category: in.Category, FirstTime: in.FirstTime, CreditMS: in.CreditMS,
			Remote: in.Remote && out.Rule == session.OrderRoomRemote, Rank: in.Rank,
		}
		if out.Rule == session.OrderForAgainst {
			entry.Input.Stance = in.Stance
		}
		if position, drawn := lot.Positions[in.Entry]; drawn {
			entry.Input.Lot = position.String()
		}
		v.Entries[in.Entry] = entry
	}
}
