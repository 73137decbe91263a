package domain

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The bounds of parts.
const (
	maxParts   = 50
	maxMinutes = 1440
	// leastLimitMS is the shortest limit of one turn that makes sense to a speaker.
	leastLimitMS = 5_000
)

// parts checks the parts of a new session and gives them their ids: the n-th
// (from 1) is derived from the command with index n. Without any, the session
// is one item with a list.
func parts(create ids.Command, a command.CreateSession, f *events.SessionCreated) ([]events.Part, error) {
	if len(a.Parts) == 0 {
		// Rounded up: a part shorter than its session would leave a rest to nobody.
		minutes := (f.HardEnd.Sub(f.PlannedStart) + 59_999) / 60_000
		return []events.Part{{ID: ids.Derive[ids.Part](create, 1), Kind: events.Item, Title: f.Title, Minutes: minutes, HasList: true}}, nil
	}
	if len(a.Parts) > maxParts {
		return nil, problem.Field("args.parts", "%d parts are more than %d", len(a.Parts), maxParts).Try("join some of them")
	}
	out := make([]events.Part, len(a.Parts))
	for i, p := range a.Parts {
		field := fmt.Sprintf("args.parts[%d].", i)
		if !p.Part.IsZero() {
			return nil, problem.Field(field+"part", "the id of a part is made by the session").Try("leave it out")
		}
		part, err := part(field, p, f.Modalities)
		if err != nil {
			return nil, err
		}
		part.ID = ids.Derive[ids.Part](create, i+1)
		out[i] = part
	}
	if !slices.ContainsFunc(out, func(p events.Part) bool { return p.HasList }) {
		return nil, problem.Field("args.parts", "no part has a list of speakers").Try("set has_list for one of them")
	}
	return out, nil
}

// part checks one part; prefix is the path of its fields in the arguments. The
// planned minutes of all parts may be more or less than the session has: unused
// time flows on, and what does not fit is shown by the plan, not refused here.
func part(prefix string, p command.PartArgs, rules events.Modalities) (events.Part, error) {
	name, err := title(prefix+"title", p.Title)
	switch {
	case err != nil:
		return events.Part{}, err
	case !slices.Contains(events.PartKinds(), p.Kind):
		return events.Part{}, problem.Field(prefix+"kind", "%q is none of %s", clip(string(p.Kind)), list(events.PartKinds())).Try("choose one of them")
	case p.Minutes < 1 || p.Minutes > maxMinutes:
		return events.Part{}, problem.Field(prefix+"minutes", "%d is not between 1 and %d", p.Minutes, maxMinutes).Try("give the planned length in minutes")
	case p.HasList && p.Kind == events.Break:
		return events.Part{}, problem.Field(prefix+"has_list", "nobody speaks in a break").Try("leave has_list out")
	case p.LimitMS != 0 && !p.HasList:
		return events.Part{}, problem.Field(prefix+"limit_ms", "a part without a list has no limit").Try("leave limit_ms out")
	case p.LimitMS != 0 && (p.LimitMS < leastLimitMS || p.LimitMS > rules.MaximumMS):
		return events.Part{}, problem.Field(prefix+"limit_ms", "%d ms is not between %d and the session's maximum of %d", p.LimitMS, leastLimitMS, rules.MaximumMS).
			Try("give the most milliseconds of one turn, or 0 for the session's maximum")
	}
	return events.Part{Kind: p.Kind, Title: name, Minutes: p.Minutes, LimitMS: p.LimitMS, HasList: p.HasList}, nil
}

// addPart adds a part at the end of the agenda, also while the session runs: an
// item that comes up gets its list. Its id is derived with index 0.
func addPart(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	a, err := decode(c, command.PartArgs{})
	if err != nil {
		return result{}, err
	}
	if !a.Part.IsZero() {
		return result{}, problem.Field("args.part", "the id of a part is made by the session").Try("leave it out, or use change_part")
	}
	if len(c.s.Registry.Parts) >= maxParts {
		return result{}, problem.New(problem.WrongState, "a session has at most %d parts", maxParts).Try("change one of them")
	}
	p, err := part("args.", a, c.s.Registry.Modalities)
	if err != nil {
		return result{}, err
	}
	p.ID = ids.Derive[ids.Part](c.ID, 0)
	return facts(&events.PartAdded{Part: p})
}

// changePart changes what is given of a part; the rest stays. A part keeps its
// id and place, so entries on its list keep theirs.
func changePart(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	// Read twice: first for whom it is about, then over what that one has.
	var named command.PartArgs
	if err := c.Read(&named); err != nil {
		return result{}, err
	}
	old, _, ok := c.s.Registry.Part(named.Part)
	if !ok {
		return result{}, problem.New(problem.NotFound, "there is no part %s", named.Part).On("args.part").Try("name a part of this session")
	}
	a, err := decode(c, command.PartArgs{Kind: old.Kind, Title: old.Title, Minutes: old.Minutes, LimitMS: old.LimitMS, HasList: old.HasList})
	if err != nil {
		return result{}, err
	}
	p, err := part("args.", a, c.s.Registry.Modalities)
	if err != nil {
		return result{}, err
	}
	p.ID = old.ID
	// The queue's facts name the list; without it they would be about nothing.
	if old.HasList && !p.HasList && spoken(c.s, old.ID) {
		return result{}, problem.New(problem.WrongState, "somebody is or was on the part's list").On("args.has_list").Try("keep its list; close it instead")
	}
	if p == old {
		return result{}, unchanged("the part")
	}
	return facts(&events.PartChanged{Part: p})
}

// spoken reports whether a part's list has or had an entry.
func spoken(s *session.State, id ids.Part) bool {
	for _, entry := range s.Queue.Entries {
		if entry.Part == id {
			return true
		}
	}
	return false
}
