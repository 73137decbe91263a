package record

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// What people ask for is an input, and what follows from it is not: the place of
// a join, the inputs of a fixed list, the positions of a lot, whose turn ends
// with a giving, who is not reached. A log keeps the digest of what was asked,
// not its words, so the request is stated again from the facts that it names,
// and decided again; whatever the rules add must come out the same.

// restated is one verb: it names what was asked for, from a commit's facts.
type restated func(c *commit) any

// fact gives the first event of a type in a commit.
func fact[E events.Event](c *commit) (e E) {
	for _, any := range c.Events {
		if found, ok := any.(E); ok {
			return found
		}
	}
	return e
}

// restatements has the verbs whose facts hold more than was asked for.
var restatements = map[string]restated{
	"fix_list": func(c *commit) any { return command.PartRef{Part: fact[*events.ListFixed](c).Part} },
	"draw_lot": func(c *commit) any {
		e := fact[*events.LotRevealed](c)
		return command.DrawLot{Part: e.Part, Randomness: e.Randomness, Code: e.Code.String()}
	},
	"set_order": func(c *commit) any {
		e := fact[*events.ListSet](c)
		return command.SetOrder{Part: e.Part, Entries: e.Entries}
	},
	"seal": func(*commit) any { return command.None{} },
	"end_retention": func(c *commit) any {
		e := fact[*events.RetentionEnded](c)
		return command.EndRetention{Kept: e.Kept, Days: e.Days}
	},

	"join": func(c *commit) any {
		e := fact[*events.EntryJoined](c)
		asked := command.Join{
			Part: e.Part, Applicant: e.Applicant, Kind: e.Kind, RequestedMS: e.RequestedMS, Turn: e.Turn, Delegate: e.Delegate, Stance: e.Stance,
		}
		if e.Kind == events.RightOfReply && e.RequestedMS < 30_000 {
			asked.RequestedMS = 0 // the rule's own limit, which nobody can ask for
		}
		return asked
	},
	"return":         func(c *commit) any { return command.EntryRef{Entry: fact[*events.EntryReturned](c).Entry} },
	"defer":          func(c *commit) any { return command.EntryRef{Entry: fact[*events.EntryDeferred](c).Entry} },
	"next":           func(*commit) any { return command.None{} },
	"give":           func(c *commit) any { return command.EntryRef{Entry: fact[*events.FloorGiven](c).Entry} },
	"end":            endOfTurn,
	"yield":          endOfTurn,
	"withdraw_floor": endOfTurn,
	"step_back":      endOfTurn,
	"no_show":        endOfTurn,
	"undo":           func(c *commit) any { return command.ActRef{Act: fact[*events.ActUndone](c).Undone} },

	"adjourn": func(*commit) any { return command.None{} },
	"announce": func(c *commit) any {
		e := fact[*events.AllotmentsAnnounced](c)
		return command.Announce{Part: e.Part, LevelMS: cmp.Or(e.UniformMS, e.LevelMS)}
	},
	"set_aside": func(c *commit) any {
		e := fact[*events.EntriesSetAside](c)
		return command.SetAside{Part: e.Part, How: e.How, Places: int64(e.Places)}
	},
	"call_back":     func(c *commit) any { return command.PartRef{Part: fact[*events.EntriesCalledBack](c).Part} },
	"use_reserves":  func(*commit) any { return command.None{} },
	"keep_reserves": func(*commit) any { return command.None{} },
}

func endOfTurn(c *commit) any { return command.TurnRef{Turn: fact[*events.TurnEnded](c).Turn} }

// restate gives the request of a commit whose verb is one of the restatements,
// with the expectations of somebody who saw the session as it was. ok is false
// for any other verb; what lacks the fact that its verb makes is an error.
func restate(s *session.State, c *commit) (r command.Request, ok bool, err error) {
	ask := restatements[c.Verb]
	if ask == nil {
		return r, false, nil
	}
	defer func() {
		if recover() != nil {
			ok, err = true, fmt.Errorf("it does not hold the fact that %s makes", c.Verb)
		}
	}()
	raw, err := json.Marshal(ask(c))
	if err != nil {
		return r, true, err
	}
	return command.Request{
		ID: c.Command, Session: s.ID, Verb: c.Verb, Actor: c.Actor, Args: raw, Reason: c.Reason, Expect: seen(s, c),
	}, true, nil
}

// seen is what the sender of a commit saw when it was right.
func seen(s *session.State, c *commit) *command.Expect {
	row, _ := command.Lookup(c.Verb)
	expect := &command.Expect{}
	turn := s.Queue.Turn
	switch row.Expect {
	case command.ExpectNext:
		entry := fact[*events.FloorGiven](c).Entry
		if c.Verb == "next" {
			entry = head(s)
		}
		expect.Turn, expect.Entry = &turn, &entry
	case command.ExpectTurn:
		expect.Turn = &turn
	case command.ExpectAct:
		act := fact[*events.ActUndone](c).Undone
		expect.Act = &act
	case command.ExpectPlan:
		expect.Plan = s.PlanDigest()
	default:
		return nil
	}
	return expect
}

// head is the first of the list from which the floor is given.
func head(s *session.State) ids.Entry {
	part := s.Timing.Part
	for _, p := range s.Registry.Parts {
		if part.IsZero() && p.HasList {
			part = p.ID
		}
	}
	if order := s.Queue.List(part).Order; len(order) > 0 {
		return order[0]
	}
	return ids.Entry{}
}
