package session

import (
	"maps"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// mostBudgetMS bounds a group's budget: a day, in ms.
const mostBudgetMS = dayMS

// checkLimits gives the limit modes of categories in their one written form.
func checkLimits(limits map[string]events.LimitMode) (map[string]events.LimitMode, error) {
	if len(limits) == 0 {
		return nil, nil
	}
	if len(limits) > mostCategories {
		return nil, wrong("limits", "%d categories are more than %d", len(limits), mostCategories).Try("leave out those with the limit of all")
	}
	clean := map[string]events.LimitMode{}
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		field := "limits." + clip(name)
		category, ok := Category(name)
		if !ok || strings.TrimSpace(name) == "" {
			return nil, wrong(field, "a category has 1 to %d characters", mostCategoryLen).Try("give it a short name")
		}
		if _, twice := clean[category]; twice {
			return nil, wrong(field, "the category %q stands there twice", category).Try("leave one of them out")
		}
		if mode := limits[name]; !slices.Contains(events.LimitModes(), mode) {
			return nil, wrong(field, "%q is none of %s", clip(string(mode)), strings.Join(names(events.LimitModes()), ", ")).Try("choose one of them")
		}
		clean[category] = limits[name]
	}
	return clean, nil
}

// checkBudgets gives the budgets of groups in their one written form.
func checkBudgets(budgets map[string]int64) (map[string]int64, error) {
	if len(budgets) == 0 {
		return nil, nil
	}
	if len(budgets) > mostCategories {
		return nil, wrong("group_budgets_ms", "%d groups are more than %d", len(budgets), mostCategories).Try("leave out those without a budget")
	}
	clean := map[string]int64{}
	for _, name := range slices.Sorted(maps.Keys(budgets)) {
		field := "group_budgets_ms." + clip(name)
		group, ok := Category(name)
		if !ok || strings.TrimSpace(name) == "" {
			return nil, wrong(field, "a group has 1 to %d characters", mostCategoryLen).Try("give it a short name")
		}
		if _, twice := clean[group]; twice {
			return nil, wrong(field, "the group %q stands there twice", group).Try("leave one of them out")
		}
		if ms := budgets[name]; ms < 0 || ms > mostBudgetMS {
			return nil, wrong(field, "%d is not between 0 and %d ms", ms, mostBudgetMS).Try("give the speaking time of the whole group in milliseconds")
		}
		clean[group] = budgets[name]
	}
	return clean, nil
}

// LimitMode is what happens when an entry's turn reaches its limit: the
// category's own rule, or else the session's.
func (s *State) LimitMode(e *Entry) events.LimitMode {
	m := &s.Registry.Modalities
	if e == nil || len(m.Limits) == 0 {
		return m.Limit
	}
	if a := s.Registry.Applicants[e.Applicant]; a != nil {
		if category, ok := Category(a.Category); ok {
			if mode, named := m.Limits[category]; named {
				return mode
			}
		}
	}
	return m.Limit
}

// atLimit is what is reckoned with for a whole list: that turns end at their
// limit only where every turn of it does.
func (s *State) atLimit(waiting []ids.Entry) fairness.AtLimit {
	m := &s.Registry.Modalities
	if m.Limit != events.Hard {
		return fairness.AtLimit(m.Limit)
	}
	for _, id := range waiting {
		if s.LimitMode(s.Queue.Entries[id]) != events.Hard {
			return fairness.Gavel
		}
	}
	return fairness.Hard
}

// groupCaps sets what is left of the groups' budgets on a part's list, and the
// group of each entry, in the order of the groups' names. What a group's turns
// used, or were given and may still use, is taken off.
func (s *State) groupCaps(f *fairness.Situation, part ids.Part, waiting []ids.Entry) {
	budgets := s.Registry.Modalities.GroupBudgetsMS
	if len(budgets) == 0 {
		return
	}
	groups := slices.Sorted(maps.Keys(budgets))
	index := make(map[string]int, len(groups))
	f.GroupCapsMS = make([]int64, len(groups))
	for i, name := range groups {
		index[name], f.GroupCapsMS[i] = i, budgets[name]
	}
	for _, id := range s.Queue.TurnOrder {
		t := s.Queue.Turns[id]
		i, capped := index[s.group(t.Entry)]
		if !capped || t.Void || t.Part != part {
			continue
		}
		used := s.Used(t, t.EndedAt)
		if allotted, open := s.Allotted(t); open && t.EndedAt.IsZero() {
			used = allotted
		}
		f.GroupCapsMS[i] = max(0, f.GroupCapsMS[i]-used)
	}
	for i, id := range waiting {
		if group, capped := index[s.group(id)]; capped {
			f.Entries[i].Group = group
		}
	}
}

// budgeted bounds what one organisation is promised by its equal part of its
// group's budget, among all of the group who were on the list in time, whatever
// became of them: so it does not change once the list is closed.
func (s *State) budgeted(e *Entry, ms int64) int64 {
	budget, capped := s.Registry.Modalities.GroupBudgetsMS[s.group(e.ID)]
	if !capped {
		return ms
	}
	group, n := s.group(e.ID), int64(0)
	for _, id := range s.Queue.EntryOrder {
		if other := s.Queue.Entries[id]; other.Part == e.Part && !other.Late && other.Kind == events.Statement && s.group(id) == group {
			n++
		}
	}
	return min(ms, wholeSeconds(budget/max(n, 1)))
}

// group is the stakeholder group of an entry, in the written form of budgets.
func (s *State) group(id ids.Entry) string {
	e := s.Queue.Entries[id]
	if e == nil {
		return Unspecified
	}
	if a := s.Registry.Applicants[e.Applicant]; a != nil {
		if group, ok := Category(a.Group); ok {
			return group
		}
	}
	return Unspecified
}
