package record

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/queue"
	"github.com/fairfloor/fairfloor/services/registry"
	"github.com/fairfloor/fairfloor/services/timing"
)

// chronicle makes a session's log by the services' own domains, without I/O:
// each command and each thing that is due becomes a line.
type chronicle struct {
	t     *testing.T
	state *session.State
	now   int64
	lines []proof.Line
}

const start = int64(1_639_663_200_000) // 16 December 2021, 14:00 UTC

func instant(ms int64) clock.Instant { return clock.Instant(ms) }

func (c *chronicle) service(of events.Context) shell.Service {
	switch of {
	case events.Queue:
		return queue.Service()
	case events.Timing:
		return timing.Service()
	default:
		return registry.Rules(keys.Ephemeral().SessionPublic, time.Now)
	}
}

// do decides and appends one request, then everything that is due because of it.
func (c *chronicle) do(roles []events.Role, verb string, expect *command.Expect, args any) map[string]string {
	c.t.Helper()
	row, ok := command.Lookup(verb)
	if !ok {
		c.t.Fatalf("no verb %s", verb)
	}
	raw, err := json.Marshal(args)
	if err != nil {
		c.t.Fatal(err)
	}
	r := &command.Request{
		ID: ids.New[ids.Command](), Session: c.state.ID, Verb: verb, Expect: expect, Args: raw,
		Actor: events.Actor{ID: "person/test", Roles: roles},
	}
	if row.Reason {
		r.Reason = &events.NoteRef{ID: ids.New[ids.Note]()}
	}
	made := c.append(row.Context, r, false)
	c.due()
	return made
}

// append decides one request and writes its commit. A reaction's commit has its
// cause's time.
func (c *chronicle) append(of events.Context, r *command.Request, reaction bool) map[string]string {
	c.t.Helper()
	at := max(instant(c.now), c.state.At+1)
	if reaction {
		at = r.CausedAt
	}
	decision, err := c.service(of).Decide(c.state, r, at)
	if err != nil {
		c.t.Fatalf("%s: %v", r.Verb, err)
	}
	head, subject := c.state.Heads[of], events.Subject(of, c.state.ID)
	commit := &events.Commit{
		V: events.Version, Command: r.ID, Verb: r.Verb, Actor: r.Actor, OnBehalf: decision.OnBehalf, At: at, Version: head.Version + 1,
		PrevHash: head.Hash, Request: r.Digest(), Cause: r.Cause, Reason: r.Reason, Events: decision.Events,
	}
	if head.Version == 0 {
		commit.PrevHash = events.FirstHash(subject, "test")
	}
	body, err := json.Marshal(commit)
	if err != nil {
		c.t.Fatal(err)
	}
	seq := uint64(len(c.lines) + 1)
	c.lines = append(c.lines, proof.Line{Subject: subject, Seq: seq, Body: string(body)})
	if err := c.state.Apply(commit, session.Meta{Context: of, Sequence: seq, Hash: events.HashBody(body)}); err != nil {
		c.t.Fatal(err)
	}
	made, _ := command.Made(decision.Events)
	return made
}

// due does what is due by now.
func (c *chronicle) due() {
	c.t.Helper()
	for range 100 {
		done := true
		for _, of := range []events.Context{events.Timing, events.Queue, events.Registry} {
			all := c.service(of).Due(c.state)
			slices.SortFunc(all, func(a, b shell.Deadline) int { return int(a.At - b.At) })
			for _, d := range all {
				if _, before := c.state.Done[d.Request.Key()]; before || d.Timer && int64(d.At) > c.now {
					continue
				}
				c.append(of, &d.Request, !d.Timer)
				done = false
				break
			}
		}
		if done {
			return
		}
	}
	c.t.Fatal("something stays due for ever")
}

// wait lets time pass, second by second, with its timers.
func (c *chronicle) wait(seconds int64) {
	for range seconds {
		c.now += 1000
		c.due()
	}
}

var (
	desk  = []events.Role{events.Organiser}
	chair = []events.Role{events.Chair}
)

// held makes a session of n applicants who all speak.
func held(t *testing.T, n int) *chronicle {
	t.Helper()
	c := &chronicle{t: t, state: session.New(ids.New[ids.Session]()), now: start - 600_000}
	modalities := session.DefaultModalities()
	c.do(desk, "create_session", nil, command.CreateSession{
		Title: "Test", PlannedStart: instant(start), HardEnd: instant(start + int64(5+2*n)*60_000), Zone: "UTC", Modalities: &modalities,
	})
	part := c.state.Registry.Parts[0].ID
	c.do(desk, "open_list", nil, command.PartRef{Part: part})
	for i := range n {
		made := c.do(desk, "apply", nil, command.Apply{
			Organisation: fmt.Sprintf("Organisation %s", string(rune('A'+i))), Group: []string{"civil society", "academia"}[i%2], Accept: true,
			RequestedMS: []int64{0, 90_000}[i%2],
		})
		applicant := ids.MustParse[ids.Applicant](made["applicant"])
		c.do(desk, "join", nil, command.Join{Part: part, Applicant: applicant})
	}
	c.do(desk, "close_list", nil, command.CloseList{Part: part})
	c.now = start
	c.do(chair, "start_session", nil, command.None{})
	c.wait(180)
	for i := range n {
		var none ids.Turn
		next := c.state.Queue.List(part).Order[0]
		made := c.do(chair, "next", &command.Expect{Turn: &none, Entry: &next}, command.None{})
		turn := ids.MustParse[ids.Turn](made["turn"])
		c.wait(8)
		c.do(chair, "begin", &command.Expect{Turn: &turn}, command.Begin{Turn: turn})
		c.wait(40 + int64(i)*7)
		c.do(chair, "end", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
		c.wait(2)
	}
	c.do(chair, "adjourn", &command.Expect{Plan: c.state.PlanDigest()}, command.None{})
	return c
}

func TestARecordHoldsWhatWasPublishedAndVerifies(t *testing.T) {
	c := held(t, 6)
	r, err := Build(c.lines)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Turns) != 6 || r.Figures.Heard != 6 || len(r.Applicants) != 6 || len(r.Announced) == 0 || len(r.Decisions) == 0 || len(r.Heads) != 3 {
		t.Errorf("%d turns, %+v, %d announced, %d decisions, %d heads", len(r.Turns), r.Figures, len(r.Announced), len(r.Decisions), len(r.Heads))
	}
	// A round through JSON, as published, still verifies.
	text, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var read Record
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if differences := Verify(&read); len(differences) > 0 {
		t.Errorf("an honest record differs: %v", differences)
	}
}

// Each statement of the record that somebody might want otherwise is found when it is changed.
func TestAChangedRecordIsFound(t *testing.T) {
	c := held(t, 4)
	for name, change := range map[string]func(*Record){
		"a turn's offer":        func(r *Record) { r.Turns[1].OfferedMS += 5000 },
		"a turn's use":          func(r *Record) { r.Turns[2].UsedMS-- },
		"a figure":              func(r *Record) { r.Figures.JainSeconds = 1 },
		"a promise":             func(r *Record) { r.Announced[0].GuaranteeMS -= 5000 },
		"an applicant left out": func(r *Record) { r.Applicants = r.Applicants[1:] },
		"a decision left out":   func(r *Record) { r.Decisions = r.Decisions[:len(r.Decisions)-1] },
		"the rule":              func(r *Record) { r.Rule.MinimumMS = 1000 },
		"a head":                func(r *Record) { r.Heads[1].Version++ },
		"a byte of the log":     func(r *Record) { r.Log[2].Body = strings.Replace(r.Log[2].Body, "Organisation", "Organization", 1) },
		"a missing line":        func(r *Record) { r.Log = slices.Delete(slices.Clone(r.Log), 7, 8) },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Build(slices.Clone(c.lines))
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			if len(Verify(r)) == 0 {
				t.Error("the change is not found")
			}
		})
	}
}

// Whoever holds the store can write a whole new chain. What they cannot do is
// make its allotments follow from its facts: a rule recomputed says otherwise.
func TestAForgedAllotmentIsFoundAlthoughItsChainIsWhole(t *testing.T) {
	c := held(t, 5)
	for name, forge := range map[string]func(events.Event) bool{
		"an allotment": func(e events.Event) bool {
			o, ok := e.(*events.TurnOpened)
			if ok {
				o.AllottedMS += 10_000
			}
			return ok
		},
		"an announcement": func(e events.Event) bool {
			a, ok := e.(*events.AllotmentsAnnounced)
			if ok {
				a.GuaranteeMS -= 10_000
			}
			return ok
		},
		"a promised start": func(e events.Event) bool {
			g, ok := e.(*events.EtasGiven)
			if ok {
				g.Given[0].Low -= 60_000
			}
			return ok
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines := rechain(t, c.lines, forge)
			if findings := proof.Check(&proof.Log{Lines: lines}, nil, ""); len(findings) > 0 {
				t.Fatalf("the forged chain is not whole: %v", findings)
			}
			r, err := Build(lines)
			if err != nil {
				t.Fatal(err)
			}
			if differences := Verify(r); len(differences) == 0 {
				t.Error("the forged fact is not found")
			}
		})
	}
}

// rechain changes the first event that forge takes and writes the chain anew.
func rechain(t *testing.T, lines []proof.Line, forge func(events.Event) bool) []proof.Line {
	t.Helper()
	forged, done := slices.Clone(lines), false
	heads := map[string]events.Hash{}
	for i := range forged {
		var c events.Commit
		if err := json.Unmarshal([]byte(forged[i].Body), &c); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Events {
			if !done && forge(e) {
				done = true
			}
		}
		if c.Version > 1 {
			c.PrevHash = heads[forged[i].Subject]
		}
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		forged[i].Body = string(body)
		heads[forged[i].Subject] = events.HashBody(body)
	}
	if !done {
		t.Fatal("there is no such fact in the log")
	}
	return forged
}
