package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// Kind names an invariant by what it is when it is broken.
type Kind string

// The invariants of the bullet, and those that they rest on.
const (
	// Lost: a command was acknowledged and is not in the log where its receipt says.
	Lost Kind = "lost"
	// Doubled: a command is in the log more than once, or got two different receipts.
	Doubled Kind = "doubled"
	// Reordered: a client's receipts, or the log itself, are not in order.
	Reordered Kind = "reordered"
	// Forked: something that was seen of the log is not what the log says now.
	Forked Kind = "forked"
	// Undone: a command was refused for good and done nevertheless.
	Undone Kind = "refused and done"
	// Unordered: no order of the commands explains both the log and when each was
	// sent and acknowledged.
	Unordered Kind = "not linearizable"
	// TwoHolders: two turns had the floor at one instant.
	TwoHolders Kind = "two holders"
	// PlaceLost: an entry that waits is not on the list that somebody sees.
	PlaceLost Kind = "place lost"
	// WrongView: a client's last view is not the one that the log gives.
	WrongView Kind = "wrong view"
	// Stuck: a client gave up, and would need a reload.
	Stuck Kind = "needs a reload"
	// Broken: the log does not check by itself: chain, versions, signatures.
	Broken Kind = "log does not check"
)

// Finding is one broken invariant.
type Finding struct {
	Kind Kind   `json:"kind"`
	What string `json:"what"`
}

// String says it in a line.
func (f Finding) String() string { return string(f.Kind) + ": " + f.What }

// checker goes through a history.
type checker struct {
	*History
	lines    []stored
	at       map[key]int           // line of a subject's version
	of       map[ids.Command][]int // lines of a client's command
	findings []Finding
}

func (c *checker) say(kind Kind, format string, args ...any) {
	c.findings = append(c.findings, Finding{kind, fmt.Sprintf(format, args...)})
}

// Check gives every broken invariant of a history, none when all hold.
func Check(h *History) ([]Finding, error) {
	lines, err := h.read()
	if err != nil {
		return nil, err
	}
	c := &checker{History: h, lines: lines, at: map[key]int{}, of: map[ids.Command][]int{}}
	for i, line := range lines {
		c.at[key{line.Subject, line.commit.Version}] = i
		if line.commit.Cause == nil {
			c.of[line.commit.Command] = append(c.of[line.commit.Command], i)
		}
	}
	for _, step := range []func() error{c.log, c.commands, c.order, c.reads, c.linear, c.floor, c.views} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return cmp.Compare(a.Kind, b.Kind) })
	return c.findings, nil
}

// log checks chain, versions and order of the log by itself, and every receipt's signature.
func (c *checker) log() error {
	var receipts []command.Receipt
	for i := range c.Commands {
		receipts = append(receipts, c.Commands[i].Receipts...)
	}
	for _, f := range proof.Check(c.Log, receipts, c.PublicKey) {
		// What a receipt shows is told apart below, by what became of its command.
		if f.Command == "" || strings.Contains(f.What, "signature") {
			c.say(Broken, "%s", f)
		}
	}
	return nil
}

// commands checks what became of each command.
func (c *checker) commands() error {
	for i := range c.Commands {
		one := &c.Commands[i]
		name := fmt.Sprintf("%s %s of %s", one.Verb, one.ID, one.Client)
		lines := c.of[one.ID]
		if len(lines) > 1 {
			c.say(Doubled, "%s is %d times in the log", name, len(lines))
		}
		if one.Outcome == Refused && len(lines) > 0 {
			c.say(Undone, "%s was refused (%s) and is %s version %d", name, one.Refusal, c.lines[lines[0]].Subject, c.lines[lines[0]].commit.Version)
		}
		for n := range one.Receipts {
			r := &one.Receipts[n]
			at, known := c.at[key{r.Subject, r.Version}]
			switch {
			case !known:
				c.say(Lost, "%s was acknowledged as %s version %d, which the log does not hold", name, r.Subject, r.Version)
			case c.lines[at].commit.Command != one.ID:
				c.say(Lost, "%s was acknowledged as %s version %d, which is another command's", name, r.Subject, r.Version)
			case c.lines[at].hash != r.Hash:
				c.say(Forked, "%s was acknowledged with another hash than the log has as %s version %d", name, r.Subject, r.Version)
			case c.lines[at].Seq != r.Seq:
				c.say(Reordered, "%s was acknowledged at log position %d and stands at %d", name, r.Seq, c.lines[at].Seq)
			}
			if n > 0 && (r.Version != one.Receipts[0].Version || r.Hash != one.Receipts[0].Hash || r.Subject != one.Receipts[0].Subject) {
				c.say(Doubled, "%s got two receipts: %s version %d and %s version %d", name, one.Receipts[0].Subject, one.Receipts[0].Version, r.Subject, r.Version)
			}
		}
	}
	return nil
}

// order checks that each client's commands stand in the log in the order in which it
// sent them: it sends the next one when it has the receipt of the last.
func (c *checker) order() error {
	last := map[string]*Command{}
	inOrder := slices.Clone(c.Commands)
	slices.SortStableFunc(inOrder, func(a, b Command) int { return cmp.Compare(a.Call, b.Call) })
	for i := range inOrder {
		one := &inOrder[i]
		if one.Outcome != Acknowledged {
			continue
		}
		before := last[one.Client]
		if before != nil && before.Return <= one.Call && before.Receipts[0].Seq >= one.Receipts[0].Seq {
			c.say(Reordered, "%s sent %s (log position %d) after %s was acknowledged at %d",
				one.Client, one.ID, one.Receipts[0].Seq, before.ID, before.Receipts[0].Seq)
		}
		last[one.Client] = one
	}
	return nil
}

// reads checks that the log still says what it said whenever it was read.
func (c *checker) reads() error {
	for _, r := range c.Reads {
		for subject, head := range r.Heads {
			at, known := c.at[key{subject, head.Version}]
			switch {
			case !known:
				c.say(Lost, "%s read %s up to version %d, which the log does not hold", r.Client, subject, head.Version)
			case c.lines[at].hash != head.Hash:
				c.say(Forked, "%s read another commit than the log has as %s version %d", r.Client, subject, head.Version)
			}
		}
	}
	return nil
}

// floor follows who had the floor, from the facts alone and without the fold that the
// services use, and compares what clients saw.
func (c *checker) floor() error {
	open := map[ids.Turn]bool{}
	var holders []Sight // the holder from each log position on
	var ended events.TurnEnded
	for _, line := range c.lines {
		for _, e := range line.commit.Events {
			switch e := e.(type) {
			case *events.FloorGiven:
				open[e.Turn] = true
				if e.GivenAt < ended.EndedAt {
					c.say(TwoHolders, "turn %s was given %d ms before turn %s ended", e.Turn, ended.EndedAt.Sub(e.GivenAt), ended.Turn)
				}
			case *events.TurnEnded:
				delete(open, e.Turn)
				ended = *e
			case *events.ActUndone:
				delete(open, e.Voided)
				if !e.Resumed.IsZero() {
					open[e.Resumed] = true
				}
				ended = events.TurnEnded{}
			default:
				continue
			}
		}
		if len(open) > 1 {
			c.say(TwoHolders, "%d turns have the floor after %s version %d", len(open), line.Subject, line.commit.Version)
		}
		holder := Sight{Seq: line.Seq}
		for turn := range open {
			holder.Turn = turn
		}
		if n := len(holders); n == 0 || holders[n-1].Turn != holder.Turn {
			holders = append(holders, holder)
		}
	}
	for _, s := range c.Sights {
		if len(s.Running) > 1 {
			c.say(TwoHolders, "%s saw %d turns with the floor at log position %d", s.Client, len(s.Running), s.Seq)
		}
		// The last change at or before the position.
		n, exact := slices.BinarySearchFunc(holders, s.Seq, func(h Sight, seq uint64) int { return cmp.Compare(h.Seq, seq) })
		if !exact {
			n--
		}
		if n >= 0 && holders[n].Turn != s.Turn {
			c.say(TwoHolders, "%s saw turn %s with the floor at log position %d, where it was %s's", s.Client, s.Turn, s.Seq, holders[n].Turn)
		}
	}
	return nil
}
