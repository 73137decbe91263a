package timing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// granter lengthens the turns of those who were granted an access allowance. The
// allowance lies with the person in the store that can forget; the log holds how
// much a turn was lengthened and a keyed digest of what for, so that nobody who
// reads a record learns more than that a turn ran longer (decisions.md 24).
//
// While the store is away a turn keeps its allotment: it is shown as over time
// then, and ends when the chair says so, as any other does.
type granter struct {
	shell  *shell.Shell
	log    *eventlog.Log
	keys   *keys.Set
	people *people.Cache
	lines  *slog.Logger
}

// access is who lengthens: not timing by itself, whose acts follow from the log.
var access = events.Actor{ID: "system/access", Roles: []events.Role{events.System}}

// folded looks at each turn that is opened.
func (g *granter) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		opened, is := e.(*events.TurnOpened)
		if !is {
			continue
		}
		end := g.log.Activity().Begin()
		go func() {
			defer end()
			if err := g.grant(s, opened); err != nil && !problem.Is(err, problem.Already) {
				g.lines.Warn("a turn was not lengthened", "session", s, "turn", opened.Turn, "error", string(problem.From(err).Code))
			}
		}()
	}
}

// grant lengthens a turn, when its speaker has an allowance.
func (g *granter) grant(s ids.Session, opened *events.TurnOpened) error {
	var of []session.Person
	g.shell.View(s, func(state *session.State) { of = speakers(state, opened.Turn) })
	var ms int64
	var whose session.Person
	for _, p := range of {
		value, state := g.people.Person(s, p.ID, p.Digest)
		if state == people.Missing || state == people.Erased {
			continue
		}
		if granted := value.Access(opened.AllottedMS); granted > ms {
			ms, whose = granted, p
		}
	}
	if ms == 0 {
		return nil
	}
	raw, err := json.Marshal(command.LengthenTurn{Turn: opened.Turn, AddedMS: ms, Commitment: g.commitment(s, opened.Turn, whose, ms)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// One id for all replicas: whoever comes first writes it.
	_, err = g.shell.Do(ctx, &command.Request{
		ID: ids.Named[ids.Command](opened.Turn, "lengthen_turn"), Session: s, Verb: "lengthen_turn", Actor: access, Args: raw,
	})
	return err
}

// speakers are the persons who may hold a turn: the entry's delegate, or, where
// none is named, everybody of the organisation who can speak for it.
func speakers(s *session.State, turn ids.Turn) (all []session.Person) {
	t := s.Queue.Turns[turn]
	if t == nil {
		return nil
	}
	e := s.Queue.Entries[t.Entry]
	if e == nil {
		return nil
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.Registry.Persons), ids.Person.Compare) {
		p := s.Registry.Persons[id]
		named := !e.Delegate.IsZero()
		if !p.Erased && (named && p.ID == e.Delegate || !named && !p.Applicant.IsZero() && p.Applicant == e.Applicant) {
			all = append(all, *p)
		}
	}
	return all
}

// commitment seals what a turn was lengthened for: without the deployment's key
// it can neither be read nor guessed, with it an auditor can be shown that it is
// the allowance that was granted.
func (g *granter) commitment(s ids.Session, turn ids.Turn, p session.Person, ms int64) (h events.Hash) {
	key := g.keys.Secret(keys.Access, s)
	mac := hmac.New(sha256.New, key[:])
	_, _ = fmt.Fprintf(mac, "%s\n%s\n%s\n%d", turn, p.ID, p.Digest, ms)
	copy(h[:], mac.Sum(nil))
	return h
}
