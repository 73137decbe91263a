package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/queue"
	"github.com/fairfloor/fairfloor/services/registry"
	"github.com/fairfloor/fairfloor/services/timing"
	"github.com/fairfloor/fairfloor/services/transcript"
)

// Difference is one thing that the record states otherwise than the rules give it.
type Difference struct {
	// Where names the commit or the record's member.
	Where string `json:"where"`
	What  string `json:"what"`
}

// String says it in a line.
func (d Difference) String() string { return d.Where + ": " + d.What }

// Verify gives what differs, nothing when all agrees.
func Verify(r *Record) []Difference {
	var all []Difference
	for _, f := range proof.Check(&proof.Log{Lines: r.Log}, nil, r.PublicKey) {
		all = append(all, Difference{Where: "log", What: f.String()})
	}
	commits, err := read(r.Log)
	if err != nil {
		return append(all, Difference{Where: "log", What: err.Error()})
	}
	again, err := Build(r.Log)
	if err != nil {
		return append(all, Difference{Where: "log", What: err.Error()})
	}
	all = append(all, decideAgain(commits)...)
	return append(all, compare(r, again)...)
}

// domains are the contexts whose acts are decided again.
var domains = map[events.Context]shell.Service{
	events.Registry: registry.Rules(func(ids.Session) string { return "" }, time.Now),
	events.Queue:    queue.Service(),
	events.Timing:   timing.Service(),
	// Words are not in the log, so what people wrote is an input; what follows from
	// it and from the floor is decided again.
	events.Transcript: transcript.Rules(),
}

// observed are a context's own acts whose facts come from elsewhere: from another
// subject than the session's, from a relay's target, from words.
var observed = map[string]bool{"bring_credit": true, "link_session": true, "carry_credit": true, "note_relay": true, "end_line": true}

// bySetting are a context's own acts at a time that a setting names, which the
// act itself states: what is asked again is whether it might be done by then.
var bySetting = map[string]bool{"end_retention": true}

// decideAgain decides anew, from the facts before it, every reaction and timer,
// and what follows from what people asked for.
func decideAgain(commits []*commit) []Difference {
	var all []Difference
	state := session.New(idOf(commits))
	for i, c := range commits {
		// What a gateway saw (a delegate's socket) is an observation: an input, which
		// no rule gives.
		if domain, ours := domains[c.Context]; ours && !observed[c.Verb] {
			if what := again(domain, state, commits[:i], c); what != "" {
				all = append(all, Difference{Where: fmt.Sprintf("%s version %d (%s)", c.Subject, c.Version, c.Verb), What: what})
			}
		}
		if err := state.Apply(c.Commit, c.Meta); err != nil {
			return append(all, Difference{Where: fmt.Sprintf("%s version %d (%s)", c.Subject, c.Version, c.Verb), What: err.Error()})
		}
	}
	// Who drew a lot was a person; what it gave follows from code and randomness.
	for _, p := range state.Registry.Parts {
		if drawn := state.Registry.Lots[p.ID]; drawn.Drawn() {
			if err := drawn.Check(); err != nil {
				all = append(all, Difference{Where: "the lot of " + p.Title, What: err.Error()})
			}
		}
	}
	return all
}

// again says how a commit differs from what the domain decides, empty when it
// does not. A replica may have decided before it had seen the latest commits of
// the other contexts; which ones it had, the commit itself says (decisions.md 1).
// A reaction names its cause alone, so every prefix back to that may be it; one
// that gives the same facts is enough.
func again(domain shell.Service, state *session.State, before []*commit, c *commit) string {
	own := c.Actor.ID == events.ByService(c.Context).ID
	decide := decideAsked
	if own && !bySetting[c.Verb] {
		decide = decideDue
	}
	what := decide(domain, state, c)
	if what == "" {
		return ""
	}
	if c.Cause == nil {
		if known, fewer := asSeen(before, c); fewer {
			if earlier, err := replay(known); err == nil && decide(domain, earlier, c) == "" {
				return ""
			}
		}
	}
	for end := len(before) - 1; end >= 0; end-- {
		left := before[end]
		if left.Context == c.Context {
			// A replica knows its own commit at once, also before it has folded what
			// others wrote in between; a timer it decides after a look at all heads.
			if c.Cause == nil {
				break
			}
			continue
		}
		if c.Cause != nil && left.Meta.Sequence <= c.Cause.Sequence || c.Cause == nil && !own {
			break
		}
		earlier, err := replay(knownAt(before, end, c.Context))
		if err != nil {
			break
		}
		if decide(domain, earlier, c) == "" {
			return ""
		}
	}
	return what
}

// knownAt are the commits of which a replica had folded the first end: those, and
// what of its own context came after them.
func knownAt(before []*commit, end int, own events.Context) []*commit {
	known := slices.Clone(before[:end])
	for _, b := range before[end:] {
		if b.Context == own {
			known = append(known, b)
		}
	}
	return known
}

// asSeen are the commits that a replica had seen when it decided one: all of its
// own context, and the others' up to where the commit says. fewer reports that
// they are not all.
func asSeen(before []*commit, c *commit) (known []*commit, fewer bool) {
	for _, b := range before {
		if b.Context == c.Context || b.Meta.Sequence <= c.Seen[b.Subject] {
			known = append(known, b)
		}
	}
	return known, len(known) < len(before)
}

// decideDue decides anew what a context did by itself.
func decideDue(domain shell.Service, s *session.State, c *commit) string {
	due := domain.Due(s)
	i := slices.IndexFunc(due, func(d shell.Deadline) bool { return d.Request.ID == c.Command })
	if i < 0 {
		return "by the facts before it, nothing of this kind was due"
	}
	d := due[i]
	at := c.At
	if !d.Timer {
		at = d.Request.CausedAt
	} else if c.At < d.At {
		return fmt.Sprintf("it was noted at %s, before it was due at %s", c.At, d.At)
	}
	decision, err := domain.Decide(s, &d.Request, at)
	if err != nil {
		return "by the facts before it, this was to be refused: " + err.Error()
	}
	return differ(c.Events, decision.Events)
}

// decideAsked decides anew what somebody asked for, where more than that follows.
func decideAsked(domain shell.Service, s *session.State, c *commit) string {
	r, more, err := restate(s, c)
	switch {
	case !more:
		return ""
	case err != nil:
		return err.Error()
	}
	decision, err := domain.Decide(s, &r, c.At)
	if err != nil {
		return "by the facts before it, this was to be refused: " + err.Error()
	}
	return differ(c.Events, decision.Events)
}

// differ compares facts by their written form.
func differ(stated, computed []events.Event) string {
	if len(stated) != len(computed) {
		return fmt.Sprintf("it states %d facts, the rule gives %d", len(stated), len(computed))
	}
	for i := range stated {
		a, errA := events.Encode(stated[i])
		b, errB := events.Encode(computed[i])
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			return fmt.Sprintf("it states %s, the rule gives %s", a, b)
		}
	}
	return ""
}

// compare compares the record's members with those made anew from its log.
func compare(stated, computed *Record) []Difference {
	var all []Difference
	a, b := reflect.ValueOf(*stated), reflect.ValueOf(*computed)
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
		if name == "log" {
			continue
		}
		x, errX := json.Marshal(a.Field(i).Interface())
		y, errY := json.Marshal(b.Field(i).Interface())
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			all = append(all, Difference{Where: name, What: first(x, y)})
		}
	}
	return all
}

// first shows where two texts part, with a little around it.
func first(x, y []byte) string {
	at := 0
	for at < len(x) && at < len(y) && x[at] == y[at] {
		at++
	}
	from := max(0, at-60)
	around := func(t []byte) []byte { return t[min(from, len(t)):min(at+60, len(t))] }
	return fmt.Sprintf("the record states …%s…, its log gives …%s…", around(x), around(y))
}

func idOf(commits []*commit) (id ids.Session) {
	if len(commits) > 0 {
		_, id, _ = events.ParseSubject(commits[0].Subject)
	}
	return id
}
