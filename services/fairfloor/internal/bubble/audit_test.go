package bubble

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// auditor reads a session's stored messages and notes what is wrong with them.
// It knows the types of events and nothing of how the services fold them: the
// list, the floor and the time are computed here in another way.
type auditor struct {
	faults []string
	// at is the commit that is being read, for what is said about it; story has
	// them all, to be read when something was found.
	at    string
	story strings.Builder

	places places
	floor  floor
	ledger ledger
	// opened counts the clocks of turns, epochs the changes of each.
	opened map[ids.Turn]int
	epochs map[ids.Turn]int
	marked map[string]bool
	// given remembers each giving: its place in the stream and its time, which
	// the reaction to it must name.
	given map[ids.Turn]given
}

type given struct {
	sequence uint64
	at       clock.Instant
}

// faultf notes a fault; each begins with a word that says of what kind it is.
func (a *auditor) faultf(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...)+" (at "+a.at+")")
}

// found reports whether a fault of a kind was noted.
func (a *auditor) found(kind string) bool {
	for _, f := range a.faults {
		if strings.HasPrefix(f, kind+":") {
			return true
		}
	}
	return false
}

// audit reads a whole log. incarnation is the name of the stream's life, with
// which each chain of hashes begins.
func audit(raw []eventlog.Raw, incarnation string) *auditor {
	a := &auditor{
		places: newPlaces(), opened: map[ids.Turn]int{}, epochs: map[ids.Turn]int{},
		marked: map[string]bool{}, given: map[ids.Turn]given{},
	}
	commits := a.chain(raw, incarnation)
	for i, c := range commits {
		if c == nil {
			continue
		}
		a.at = fmt.Sprintf("sequence %d, %s", raw[i].Sequence, c.Verb)
		fmt.Fprintf(&a.story, "%d %s %s by %s", raw[i].Sequence, c.At, c.Verb, c.Actor.ID)
		for _, e := range c.Events {
			fmt.Fprintf(&a.story, "; %s %+v", e.Type(), e)
			a.event(c, raw[i].Sequence, e)
		}
		a.story.WriteString("\n")
		a.places.check(a)
		a.places.remember(raw[i].Sequence)
	}
	a.at = "the end"
	a.clocks()
	a.floor.check(a)
	a.places.final(a)
	a.ledger.close(a)
	return a
}

// chain checks what each message says of its place: version, hash of its
// predecessor, time, and that no command stands twice.
func (a *auditor) chain(raw []eventlog.Raw, incarnation string) []*events.Commit {
	type head struct {
		version uint64
		hash    events.Hash
		at      clock.Instant
	}
	heads := map[string]*head{}
	commands := map[ids.Command]string{}
	var last uint64
	all := make([]*events.Commit, len(raw))
	for i, m := range raw {
		a.at = fmt.Sprintf("sequence %d", m.Sequence)
		c := &events.Commit{}
		if err := json.Unmarshal(m.Body, c); err != nil {
			a.faultf("chain: unreadable: %v", err)
			continue
		}
		all[i] = c
		h := heads[m.Subject]
		if h == nil {
			h = &head{hash: sha256.Sum256([]byte(m.Subject + "\n" + incarnation))}
			heads[m.Subject] = h
		}
		if c.Version != h.version+1 {
			a.faultf("chain: version %d follows %d on %s", c.Version, h.version, m.Subject)
		}
		if c.PrevHash != h.hash {
			a.faultf("chain: version %d of %s names another predecessor", c.Version, m.Subject)
		}
		if m.Sequence <= last {
			a.faultf("chain: sequence %d follows %d", m.Sequence, last)
		}
		// A reaction has its cause's time; everything else comes later than what is
		// on its subject already.
		if c.Cause == nil && c.At <= h.at {
			a.faultf("chain: %s at %s is not after %s", c.Verb, c.At, h.at)
		}
		if by, twice := commands[c.Command]; twice {
			a.faultf("command: %s of %s stands twice, first by %s", c.Command, c.Actor.ID, by)
		}
		commands[c.Command] = c.Actor.ID
		h.version, h.hash, h.at, last = c.Version, sha256.Sum256(m.Body), max(h.at, c.At), m.Sequence
	}
	return all
}

// event hands a fact to those whom it concerns.
func (a *auditor) event(c *events.Commit, sequence uint64, event events.Event) {
	switch e := event.(type) {
	case *events.TurnOpened:
		a.opened[e.Turn]++
		if g := a.given[e.Turn]; c.Cause == nil || c.Cause.Sequence != g.sequence || c.At != g.at {
			a.faultf("reaction: the clock of turn %s was opened at %s because of %+v, and it was given at %s by %d", e.Turn, c.At, c.Cause, g.at, g.sequence)
		}
	case *events.TurnExtended:
		a.epochs[e.Turn]++
	case *events.TurnMarked:
		a.mark(fmt.Sprintf("%s of turn %s, epoch %d", e.Mark, e.Turn, e.Epoch), e.Due, c.At)
		if e.Epoch != a.epochs[e.Turn] {
			a.faultf("mark: %s was noted for epoch %d of %d", e.Mark, e.Epoch, a.epochs[e.Turn])
		}
	case *events.SessionMarked:
		a.mark(fmt.Sprintf("%s due %s", e.Mark, e.Due), e.Due, c.At)
	case *events.SessionAdjourned:
		var seen uint64
		for subject, sequence := range c.Seen {
			if strings.HasPrefix(subject, "evt.queue.") {
				seen = sequence
			}
		}
		a.places.adjourn(a, seen, e.NotReached)
	case *events.FloorGiven:
		a.given[e.Turn] = given{sequence, c.At}
	case *events.TurnPaused:
		a.epochs[e.Turn]++
	case *events.TurnResumed:
		a.epochs[e.Turn]++
	}
	a.floor.event(a, c, event)
	a.places.event(a, event)
	a.ledger.event(a, c, event)
}

// mark notes what a timer reached: once, and not before it was due.
func (a *auditor) mark(name string, due, at clock.Instant) {
	if a.marked[name] {
		a.faultf("mark: %s stands twice", name)
	}
	a.marked[name] = true
	if at < due {
		a.faultf("mark: %s was noted at %s, before %s", name, at, due)
	}
}

// clocks checks that every turn that was given has one clock. A turn that was
// undone before timing saw it needs none.
func (a *auditor) clocks() {
	for id := range a.given {
		if n := a.opened[id]; n > 1 || n == 0 && !a.floor.turns[id].void {
			a.faultf("reaction: the clock of turn %s was opened %d times", id, n)
		}
	}
}

// receipts checks that the log and what clients were told agree: every receipt
// names a message that is there as it says, and every command that is there was
// answered. Those of the services themselves have no receipt.
func (a *auditor) receipts(raw []eventlog.Raw, accepted []*command.Receipt) {
	told := map[uint64]*command.Receipt{}
	for _, r := range accepted {
		told[r.Seq] = r
	}
	a.at = "the receipts"
	for _, m := range raw {
		var c events.Commit
		if err := json.Unmarshal(m.Body, &c); err != nil {
			a.faultf("receipt: sequence %d is unreadable", m.Sequence)
			continue
		}
		r := told[m.Sequence]
		delete(told, m.Sequence)
		switch {
		case strings.HasPrefix(c.Actor.ID, "system/"):
			if r != nil {
				a.faultf("receipt: sequence %d is a service's own and has the receipt of %s", m.Sequence, r.CommandID)
			}
		case r == nil:
			a.faultf("receipt: nobody was told of sequence %d, %s", m.Sequence, c.Verb)
		case r.CommandID != c.Command || r.Subject != m.Subject || r.Version != c.Version || r.At != c.At || r.Hash != sha256.Sum256(m.Body):
			a.faultf("receipt: %+v does not agree with sequence %d: %s", r, m.Sequence, bytes.TrimSpace(m.Body))
		}
	}
	for sequence, r := range told {
		a.faultf("receipt: %s was acknowledged as sequence %d, which is not there", r.CommandID, sequence)
	}
}
