package chaos

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway"
)

// life is what the log says its stream's life is called.
const life = "life-one"

// past writes a history as a sound system would have made it.
type past struct {
	t        testing.TB
	key      ed25519.PrivateKey
	history  History
	versions map[events.Context]uint64
	hashes   map[events.Context]events.Hash
	at       clock.Instant
	now      time.Duration
	part     ids.Part
	entries  []ids.Entry
}

// write appends a commit as its service does and records it as a client's command.
func (p *past) write(client string, context events.Context, verb string, facts ...events.Event) *Command {
	p.t.Helper()
	subject := events.Subject(context, p.history.Session)
	if p.versions[context] == 0 {
		p.hashes[context] = events.FirstHash(subject, life)
	}
	p.versions[context]++
	p.at = p.at.Add(1000)
	commit := events.Commit{
		V: events.Version, Command: ids.New[ids.Command](), Verb: verb, Actor: events.Actor{ID: "invitation/" + client, Roles: []events.Role{events.Secretariat}},
		At: p.at, Version: p.versions[context], PrevHash: p.hashes[context], Events: facts,
	}
	body, err := json.Marshal(commit)
	if err != nil {
		p.t.Fatal(err)
	}
	p.hashes[context] = events.HashBody(body)
	seq := uint64(10 * (len(p.history.Log.Lines) + 1))
	p.history.Log.Lines = append(p.history.Log.Lines, proof.Line{Subject: subject, Seq: seq, Body: string(body)})
	made, place := command.Made(facts)
	r := command.Receipt{
		CommandID: commit.Command, Outcome: command.Accepted, Seq: seq, Incarnation: life, Subject: subject,
		Version: commit.Version, Hash: p.hashes[context], At: commit.At, Made: made, Place: place,
	}
	r.Sign(p.key)
	p.now += 10 * time.Millisecond
	p.history.Commands = append(p.history.Commands, Command{
		Client: client, Verb: verb, ID: commit.Command, Call: p.now, Return: p.now + 5*time.Millisecond,
		Outcome: Acknowledged, Receipts: []command.Receipt{r},
	})
	return &p.history.Commands[len(p.history.Commands)-1]
}

// sound makes a history in which nothing is wrong: five join, one leaves, one
// speaks, a second one is speaking; the log was read and the floor was seen.
func sound(t testing.TB) *past {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &past{
		t: t, key: private, versions: map[events.Context]uint64{}, hashes: map[events.Context]events.Hash{},
		at: 1_639_663_200_000, part: ids.New[ids.Part](),
		history: History{Session: ids.New[ids.Session](), PublicKey: base64.RawURLEncoding.EncodeToString(public), Log: &proof.Log{}, Strict: true},
	}
	p.write("organiser", events.Registry, "create_session", &events.SessionCreated{
		Consultation: ids.New[ids.Consultation](), Title: "Chaos", PlannedStart: p.at, HardEnd: p.at.Add(5_400_000), Zone: "UTC",
		Modalities: session.DefaultModalities(), Parts: []events.Part{{ID: p.part, Kind: events.Item, Title: "Item", Minutes: 90, HasList: true}},
		Code: "ABC123", PublicKey: p.history.PublicKey, ClockMode: "real",
	})
	p.write("chair", events.Queue, "open_list", &events.ListStateChanged{Part: p.part, State: events.ListOpen})
	for i := range 5 {
		applicant := ids.New[ids.Applicant]()
		p.write("organiser", events.Registry, "apply", &events.ApplicantApplied{Applicant: applicant, Organisation: fmt.Sprintf("Organisation %d", i)},
			&events.ApplicantAccepted{Applicant: applicant})
		entry := ids.New[ids.Entry]()
		p.entries = append(p.entries, entry)
		p.write(fmt.Sprintf("speaker %d", i), events.Queue, "join", &events.EntryJoined{
			Entry: entry, Part: p.part, Applicant: applicant, Kind: events.Statement, Place: i + 1,
		})
	}
	p.write("speaker 4", events.Queue, "check_in", &events.CheckedIn{Entry: p.entries[4]})
	p.write("speaker 3", events.Queue, "withdraw", &events.EntryWithdrawn{Entry: p.entries[3]})
	first := p.give(0)
	p.write("chair", events.Queue, "end", &events.TurnEnded{Turn: first, EndedAt: p.at.Add(1000), How: events.Ended, Act: ids.New[ids.Command]()})
	p.read("auditor")
	second := p.give(1)
	p.history.Sights = []Sight{
		{Client: "observer 1", Seq: p.end() - 20, Turn: first, Running: []ids.Turn{first}},
		{Client: "observer 1", Seq: p.end() - 10},
		{Client: "observer 1", Seq: p.end(), Turn: second, Running: []ids.Turn{second}},
		{Client: "observer 2", Seq: p.end() + 3, Turn: second, Running: []ids.Turn{second}},
	}
	for i, audience := range []api.Audience{api.ForPublic, api.ForPublic, api.ForParticipant, api.ForChair} {
		p.history.Endings = append(p.history.Endings, Ending{Client: fmt.Sprintf("%s %d", audience, i), Audience: audience, Seq: p.end(), View: p.view(audience)})
	}
	return p
}

// give gives the floor to an entry.
func (p *past) give(i int) ids.Turn {
	turn := ids.New[ids.Turn]()
	p.write("chair", events.Queue, "next", &events.FloorGiven{Turn: turn, Entry: p.entries[i], GivenAt: p.at.Add(1000), Act: ids.New[ids.Command]()})
	return turn
}

func (p *past) end() uint64 { return p.history.Log.Lines[len(p.history.Log.Lines)-1].Seq }

// read records a reading of the log as it is now.
func (p *past) read(client string) {
	one := Read{Client: client, Call: p.now + 6*time.Millisecond, Return: p.now + 8*time.Millisecond, Heads: map[string]Head{}}
	for context, version := range p.versions {
		one.Heads[events.Subject(context, p.history.Session)] = Head{version, p.hashes[context]}
	}
	p.history.Reads = append(p.history.Reads, one)
}

// view is what the log gives an audience.
func (p *past) view(audience api.Audience) []byte {
	p.t.Helper()
	state := session.New(p.history.Session)
	lines, err := p.history.read()
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range lines {
		if err := state.Apply(&lines[i].commit, session.Meta{Context: lines[i].context, Sequence: lines[i].Seq, Hash: lines[i].hash}); err != nil {
			p.t.Fatal(err)
		}
	}
	raw, err := gateway.Folded(state, audience)
	if err != nil {
		p.t.Fatal(err)
	}
	return raw
}

// find gives the last command of a verb.
func (p *past) find(verb string) *Command {
	for i := range slices.Backward(p.history.Commands) {
		if p.history.Commands[i].Verb == verb {
			return &p.history.Commands[i]
		}
	}
	p.t.Fatalf("there is no %s", verb)
	return nil
}

// line is where a command stands in the log.
func (p *past) line(c *Command) int {
	return slices.IndexFunc(p.history.Log.Lines, func(l proof.Line) bool { return l.Seq == c.Receipts[0].Seq })
}

func verdict(t testing.TB, h *History) (kinds []Kind, text string) {
	t.Helper()
	findings, err := Check(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		kinds = append(kinds, f.Kind)
		text += f.String() + "\n"
	}
	return kinds, text
}

func TestASoundHistoryHasNoFindings(t *testing.T) {
	p := sound(t)
	if _, text := verdict(t, &p.history); text != "" {
		t.Error(text)
	}
	// What nobody was told about, the services' own commits, is no fault either; nor
	// is an unknown command, whether it happened or not.
	one := p.find("check_in")
	one.Outcome, one.Receipts = Unknown, nil
	p.history.Commands = append(p.history.Commands, Command{Client: "speaker 2", Verb: "defer", ID: ids.New[ids.Command](), Call: p.now, Return: p.now, Outcome: Unknown},
		Command{Client: "speaker 2", Verb: "defer", ID: ids.New[ids.Command](), Call: p.now, Return: p.now, Outcome: Refused, Refusal: problem.WrongState})
	if _, text := verdict(t, &p.history); text != "" {
		t.Error(text)
	}
}

// TestADoctoredHistoryIsFoundAndNamed: the checker can fail. Each doctored history
// is found, under the name of what was done to it, with who or what it is about.
func TestADoctoredHistoryIsFoundAndNamed(t *testing.T) {
	cases := map[string]struct {
		doctor func(p *past) (names string) // gives what the finding must name
		kind   Kind
	}{
		"an acknowledged command is not in the log": {func(p *past) string {
			p.history.Log.Lines = p.history.Log.Lines[:len(p.history.Log.Lines)-1]
			return p.find("next").ID.String()
		}, Lost},
		"another command stands in its place": {func(p *past) string {
			one, other := p.find("check_in"), p.find("withdraw")
			one.Receipts[0].Version, one.Receipts[0].Hash, one.Receipts[0].Seq = other.Receipts[0].Version, other.Receipts[0].Hash, other.Receipts[0].Seq
			one.Receipts[0].Sign(p.key)
			return one.ID.String()
		}, Lost},
		"a command was read and is gone": {func(p *past) string {
			p.history.Reads[0].Heads[events.Subject(events.Queue, p.history.Session)] = Head{99, events.Hash{1}}
			return "auditor"
		}, Lost},
		"a command is in the log twice": {func(p *past) string {
			first := p.find("check_in")
			again := p.write("speaker 4", events.Queue, "check_in", &events.CheckedIn{Entry: p.entries[4]})
			p.rewrite(again.ID, first.ID)
			return first.ID.String()
		}, Doubled},
		"a command got two different receipts": {func(p *past) string {
			one := p.find("check_in")
			other := p.find("withdraw").Receipts[0]
			other.CommandID = one.ID
			one.Receipts = append(one.Receipts, other)
			return one.ID.String()
		}, Doubled},
		"a client's commands change places": {func(p *past) string {
			one, other := p.find("end"), p.find("next")
			one.Receipts, other.Receipts = other.Receipts, one.Receipts
			return "chair"
		}, Reordered},
		"what was acknowledged first comes after what was sent later, by others": {func(p *past) string {
			one, other := p.find("check_in"), p.find("withdraw")
			// Nobody's own commands are out of order, and each receipt is the log's.
			one.Call, other.Call = other.Call, one.Call
			one.Return, other.Return = other.Return, one.Return
			return "no order takes in withdraw " + other.ID.String()
		}, Unordered},
		"a reading does not hold what was acknowledged before": {func(p *past) string {
			p.history.Reads[0].Call = p.now + time.Second
			p.history.Reads[0].Return = p.now + time.Second
			return "reading up to version"
		}, Unordered},
		"an unknown command happened before it was sent": {func(p *past) string {
			one := p.find("check_in")
			one.Outcome, one.Receipts, one.Call = Unknown, nil, p.now+time.Second
			return "no order takes in withdraw " + p.find("withdraw").ID.String()
		}, Unordered},
		"the log was changed afterwards": {func(p *past) string {
			at := p.line(p.find("check_in"))
			p.history.Log.Lines[at].Body = strings.Replace(p.history.Log.Lines[at].Body, "checked_in", "absence_reported", 1)
			return p.find("check_in").ID.String()
		}, Forked},
		"the log says something else than was read": {func(p *past) string {
			for subject, head := range p.history.Reads[0].Heads {
				head.Hash[0]++
				p.history.Reads[0].Heads[subject] = head
			}
			return "auditor"
		}, Forked},
		"the log's chain is broken": {func(p *past) string {
			at := p.line(p.find("check_in"))
			p.history.Log.Lines = slices.Delete(p.history.Log.Lines, at, at+1)
			return events.Subject(events.Queue, p.history.Session)
		}, Broken},
		"a command was refused and done": {func(p *past) string {
			one := p.find("check_in")
			one.Outcome, one.Refusal, one.Receipts = Refused, problem.WrongState, nil
			return one.ID.String()
		}, Undone},
		"the floor is given while it is taken": {func(p *past) string {
			p.give(2)
			return "2 turns"
		}, TwoHolders},
		"the floor was given before the last turn ended": {func(p *past) string {
			at := p.line(p.find("next"))
			var commit events.Commit
			if err := json.Unmarshal([]byte(p.history.Log.Lines[at].Body), &commit); err != nil {
				p.t.Fatal(err)
			}
			given := commit.Events[0].(*events.FloorGiven)
			given.GivenAt = given.GivenAt.Add(-5000)
			p.history.Log.Lines[at].Body = string(encode(p.t, &commit))
			return given.Turn.String()
		}, TwoHolders},
		"somebody saw two holders": {func(p *past) string {
			p.history.Sights[2].Running = append(p.history.Sights[2].Running, ids.New[ids.Turn]())
			return "observer 1 saw 2 turns"
		}, TwoHolders},
		"somebody saw another holder than the others": {func(p *past) string {
			p.history.Sights[0].Turn = ids.New[ids.Turn]()
			return "observer 1"
		}, TwoHolders},
		"somebody saw a holder after the end": {func(p *past) string {
			p.history.Sights[1].Turn = p.history.Sights[0].Turn
			return "observer 1"
		}, TwoHolders},
		"a place is missing on the list that somebody sees": {func(p *past) string {
			p.doctorList(0, func(all []any) []any {
				return slices.DeleteFunc(all, func(e any) bool { return e == p.entries[2].String() })
			})
			return p.entries[2].String()
		}, PlaceLost},
		"a place is on a list twice": {func(p *past) string {
			p.doctorList(0, func(all []any) []any { return append(all, all[0]) })
			return p.entries[2].String()
		}, PlaceLost},
		"who left is still on a list": {func(p *past) string {
			p.doctorList(0, func(all []any) []any { return append(all, p.entries[3].String()) })
			return p.entries[3].String()
		}, PlaceLost},
		"two places are exchanged in somebody's view": {func(p *past) string {
			p.doctorList(1, func(all []any) []any { slices.Reverse(all); return all })
			return "public 1"
		}, WrongView},
		"a view is stale": {func(p *past) string {
			p.history.Endings[2].Seq -= 10
			return "participant 2"
		}, WrongView},
		"a view shows an earlier state": {func(p *past) string {
			before := p.view(api.ForChair)
			p.write("speaker 2", events.Queue, "check_in", &events.CheckedIn{Entry: p.entries[2]})
			for i := range p.history.Endings {
				p.history.Endings[i].Seq, p.history.Endings[i].View = p.end(), p.view(p.history.Endings[i].Audience)
			}
			p.history.Endings[3].View = before
			return "chair 3"
		}, WrongView},
		"a client gave up": {func(p *past) string {
			p.history.Endings[0].Stopped, p.history.Endings[0].Why = true, "unauthorised"
			return "public 0"
		}, Stuck},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			p := sound(t)
			wanted := k.doctor(p)
			kinds, text := verdict(t, &p.history)
			if !slices.Contains(kinds, k.kind) {
				t.Fatalf("%q was not found; found was:\n%s", k.kind, text)
			}
			named := false
			for line := range strings.SplitSeq(text, "\n") {
				named = named || strings.HasPrefix(line, string(k.kind)+": ") && strings.Contains(line, wanted)
			}
			if !named {
				t.Errorf("no finding %q names %s:\n%s", k.kind, wanted, text)
			}
		})
	}
}

// encode writes a commit.
func encode(t testing.TB, commit *events.Commit) []byte {
	t.Helper()
	body, err := json.Marshal(commit)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// rewrite gives a commit in the log another command's id.
func (p *past) rewrite(from, to ids.Command) {
	for i := range p.history.Log.Lines {
		p.history.Log.Lines[i].Body = strings.ReplaceAll(p.history.Log.Lines[i].Body, from.String(), to.String())
	}
}

// doctorList changes the list that one client sees.
func (p *past) doctorList(client int, change func([]any) []any) {
	p.t.Helper()
	var view map[string]any
	if err := json.Unmarshal(p.history.Endings[client].View, &view); err != nil {
		p.t.Fatal(err)
	}
	lists := view["lists"].(map[string]any)
	lists[p.part.String()] = change(lists[p.part.String()].([]any))
	raw, err := json.Marshal(view)
	if err != nil {
		p.t.Fatal(err)
	}
	p.history.Endings[client].View = raw
}

// TestALogThatCannotBeReadIsSaid: that is no verdict.
func TestALogThatCannotBeReadIsSaid(t *testing.T) {
	for _, line := range []proof.Line{{Subject: "evt.nobody.x", Seq: 1, Body: "{}"}, {Subject: events.Subject(events.Queue, ids.New[ids.Session]()), Seq: 1, Body: "{"}} {
		p := sound(t)
		p.history.Log.Lines = append(p.history.Log.Lines, line)
		if _, err := Check(&p.history); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%v: %v", line, err)
		}
	}
}

// TestPorcupineAgreesWithTheLogHoweverTheAcknowledgementsOverlap: a history in which
// every command happened between its sending and its acknowledgement is accepted,
// long ones in pieces; one in which a command happened after it was acknowledged is not.
func TestPorcupineAgreesWithTheLogHoweverTheAcknowledgementsOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "commands")
		c := &checker{History: &History{}}
		subject := events.Subject(events.Queue, ids.New[ids.Session]())
		for i := range n {
			// The i-th happened at 10 i.
			happened := 10 * (i + 1)
			one := Command{
				Client: fmt.Sprint(i), ID: ids.New[ids.Command](), Outcome: Acknowledged,
				Call:   time.Duration(happened - rapid.IntRange(1, 40).Draw(t, "before")),
				Return: time.Duration(happened + rapid.IntRange(1, 40).Draw(t, "after")),
			}
			if rapid.IntRange(0, 5).Draw(t, "heard") == 0 {
				one.Outcome = Unknown
			} else {
				one.Receipts = []command.Receipt{{Subject: subject, Version: uint64(i + 1)}}
			}
			c.Commands = append(c.Commands, one)
			c.lines = append(c.lines, stored{Line: proof.Line{Subject: subject}, commit: events.Commit{Command: one.ID, Version: uint64(i + 1)}})
		}
		c.of = map[ids.Command][]int{}
		for i := range c.lines {
			c.of[c.lines[i].commit.Command] = []int{i}
		}
		if err := c.linear(); err != nil || len(c.findings) > 0 {
			t.Fatalf("%v %v", err, c.findings)
		}
		// One is acknowledged before an earlier one is sent.
		at := rapid.IntRange(1, n-1).Draw(t, "moved")
		early := c.Commands[0].Call
		for _, one := range c.Commands[:at] {
			early = min(early, one.Call)
		}
		c.Commands[at].Outcome, c.Commands[at].Receipts = Acknowledged, []command.Receipt{{Subject: subject, Version: uint64(at + 1)}}
		c.Commands[at].Call, c.Commands[at].Return = early-20, early-10
		if err := c.linear(); err != nil || len(c.findings) != 1 || c.findings[0].Kind != Unordered {
			t.Fatalf("%v %v", err, c.findings)
		}
	})
}

// TestALongHistoryIsJudgedInPieces: ten thousand commands take no time that would
// keep anybody from asking, and a fault at the end of them is found.
func TestALongHistoryIsJudgedInPieces(t *testing.T) {
	c := &checker{History: &History{}, of: map[ids.Command][]int{}}
	subject := events.Subject(events.Queue, ids.New[ids.Session]())
	for i := range 5 * chunk {
		one := Command{
			ID: ids.New[ids.Command](), Outcome: Acknowledged, Call: time.Duration(10 * i), Return: time.Duration(10*i + 15),
			Receipts: []command.Receipt{{Subject: subject, Version: uint64(i + 1)}},
		}
		if i%100 == 99 {
			one.Return = time.Duration(10*i + 5) // then nothing is under way
		}
		c.Commands = append(c.Commands, one)
		c.lines = append(c.lines, stored{Line: proof.Line{Subject: subject}, commit: events.Commit{Command: one.ID, Version: uint64(i + 1)}})
	}
	if err := c.linear(); err != nil || len(c.findings) > 0 {
		t.Fatalf("%v %v", err, c.findings)
	}
	last, before := &c.Commands[5*chunk-2], &c.Commands[5*chunk-4]
	last.Receipts, before.Receipts = before.Receipts, last.Receipts
	if err := c.linear(); err != nil || len(c.findings) != 1 || !strings.Contains(c.findings[0].What, "no order takes in") {
		t.Fatalf("%v %v", err, c.findings)
	}
}
