package proof_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// chain is a session's log as it is written, with a receipt for each commit.
type chain struct {
	t        testing.TB
	session  ids.Session
	key      ed25519.PrivateKey
	log      proof.Log
	receipts []command.Receipt
	versions map[events.Context]uint64
	hashes   map[events.Context]events.Hash
	at       clock.Instant
	part     ids.Part
}

const incarnation = "life-one"

// open begins a log with a session and one part.
func open(t testing.TB) *chain {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &chain{
		t: t, session: ids.New[ids.Session](), key: key, versions: map[events.Context]uint64{}, hashes: map[events.Context]events.Hash{},
		at: 1_639_663_200_000, part: ids.New[ids.Part](),
	}
	c.write(events.Registry, "create_session", &events.SessionCreated{
		Consultation: ids.New[ids.Consultation](), Title: "Proof", PlannedStart: c.at, HardEnd: c.at.Add(5_400_000), Zone: "UTC",
		Modalities: session.DefaultModalities(), Parts: []events.Part{{ID: c.part, Kind: events.Item, Title: "Item", Minutes: 90, HasList: true}},
		Code: "ABC123", PublicKey: base64.RawURLEncoding.EncodeToString(public), ClockMode: "real",
	})
	return c
}

// write appends a commit as the shell does, and keeps its receipt.
func (c *chain) write(context events.Context, verb string, facts ...events.Event) command.Receipt {
	c.t.Helper()
	subject := events.Subject(context, c.session)
	if c.versions[context] == 0 {
		c.hashes[context] = events.FirstHash(subject, incarnation)
	}
	c.versions[context]++
	c.at = c.at.Add(1000)
	commit := events.Commit{
		V: events.Version, Command: ids.New[ids.Command](), Verb: verb, Actor: events.Actor{ID: "invitation/x", Roles: []events.Role{events.Secretariat}},
		At: c.at, Version: c.versions[context], PrevHash: c.hashes[context], Events: facts,
	}
	body, err := json.Marshal(commit)
	if err != nil {
		c.t.Fatal(err)
	}
	c.hashes[context] = events.HashBody(body)
	c.log.Lines = append(c.log.Lines, proof.Line{Subject: subject, Seq: uint64(10 * (len(c.log.Lines) + 1)), Body: string(body)})
	made, place := command.Made(facts)
	r := command.Receipt{
		CommandID: commit.Command, Outcome: command.Accepted, Seq: uint64(10 * len(c.log.Lines)), Incarnation: incarnation, Subject: subject,
		Version: commit.Version, Hash: c.hashes[context], At: commit.At, Made: made, Place: place,
	}
	r.Sign(c.key)
	c.receipts = append(c.receipts, r)
	return r
}

// joins lets n applicants apply, be accepted and join.
func (c *chain) joins(n int) *chain {
	c.t.Helper()
	c.write(events.Queue, "open_list", &events.ListStateChanged{Part: c.part, State: events.ListOpen})
	for i := range n {
		applicant := ids.New[ids.Applicant]()
		c.write(events.Registry, "apply", &events.ApplicantApplied{Applicant: applicant, Organisation: "O" + string(rune('A'+i))},
			&events.ApplicantAccepted{Applicant: applicant})
		c.write(events.Queue, "join", &events.EntryJoined{
			Entry: ids.New[ids.Entry](), Part: c.part, Applicant: applicant, Kind: events.Statement, Place: i + 1,
		})
	}
	return c
}

func (c *chain) public() string {
	return base64.RawURLEncoding.EncodeToString(c.key.Public().(ed25519.PublicKey))
}

// copied is the log with lines of its own.
func (c *chain) copied() *proof.Log { return &proof.Log{Lines: slices.Clone(c.log.Lines)} }

func TestAnHonestLogAndItsReceiptsCheck(t *testing.T) {
	c := open(t).joins(5)
	for _, key := range []string{"", c.public()} {
		if findings := proof.Check(&c.log, c.receipts, key); len(findings) > 0 {
			t.Errorf("with the key %q: %v", key, findings)
		}
	}
}

// A changed, missing, doubled or reordered commit is named by subject and version.
func TestWhatWasDoneToALogIsNamed(t *testing.T) {
	c := open(t).joins(4)
	queue := events.Subject(events.Queue, c.session)
	// Line 3 is the first join: version 2 of the queue's subject.
	at := slices.IndexFunc(c.log.Lines, func(l proof.Line) bool { return strings.Contains(l.Body, `"verb":"join"`) })
	for name, do := range map[string]func(*proof.Log){
		"changed":    func(l *proof.Log) { l.Lines[at].Body = strings.Replace(l.Lines[at].Body, `"place":1`, `"place":9`, 1) },
		"missing":    func(l *proof.Log) { l.Lines = slices.Delete(l.Lines, at, at+1) },
		"doubled":    func(l *proof.Log) { l.Lines = slices.Insert(l.Lines, at, l.Lines[at]) },
		"reordered":  func(l *proof.Log) { l.Lines[at], l.Lines[at+2] = l.Lines[at+2], l.Lines[at] },
		"unreadable": func(l *proof.Log) { l.Lines[at].Body = l.Lines[at].Body[:40] },
		"another subject": func(l *proof.Log) {
			l.Lines[at].Subject = events.Subject(events.Queue, ids.New[ids.Session]())
		},
		"unknown event": func(l *proof.Log) {
			l.Lines[at].Body = strings.Replace(l.Lines[at].Body, "entry_joined", "entry_bribed", 1)
		},
	} {
		log := c.copied()
		do(log)
		findings := proof.Check(log, nil, c.public())
		if len(findings) == 0 {
			t.Errorf("%s: nothing was found", name)
			continue
		}
		named := false
		for _, f := range findings {
			named = named || f.Subject == queue && f.Version >= 2 || name == "another subject" && f.Subject != ""
			if f.String() == "" || f.What == "" {
				t.Errorf("%s: a finding without a word: %+v", name, f)
			}
		}
		if !named {
			t.Errorf("%s: no finding names the queue's commit: %v", name, findings)
		}
	}
}

// The end of a log can be cut off without breaking its chain: only a receipt
// shows what is missing.
func TestACutOffEndIsShownByAReceipt(t *testing.T) {
	c := open(t).joins(4)
	log := c.copied()
	log.Lines = log.Lines[:len(log.Lines)-1]
	if findings := proof.Check(log, nil, c.public()); len(findings) > 0 {
		t.Fatalf("the chain of what is left: %v", findings)
	}
	findings := proof.Check(log, c.receipts, c.public())
	last := c.receipts[len(c.receipts)-1]
	if len(findings) != 1 || findings[0].Command != last.CommandID.String() || !strings.Contains(findings[0].What, "missing") {
		t.Errorf("findings: %v, want the last receipt's command", findings)
	}
}

// Two histories under one key: the receipts of the one tell it from the other.
func TestAForkIsToldApartByAKeptReceipt(t *testing.T) {
	one := open(t).joins(2)
	two := &chain{
		t: t, session: one.session, key: one.key, log: *one.copied(), versions: map[events.Context]uint64{}, hashes: map[events.Context]events.Hash{},
		at: one.at, part: one.part,
	}
	for context, version := range one.versions {
		two.versions[context], two.hashes[context] = version, one.hashes[context]
	}
	kept := one.write(events.Queue, "close_list", &events.ListStateChanged{Part: one.part, State: events.ListClosed})
	other := two.write(events.Queue, "close_list", &events.ListStateChanged{Part: two.part, State: events.ListClosed})
	if findings := proof.Check(&two.log, []command.Receipt{other}, two.public()); len(findings) > 0 {
		t.Fatalf("by itself the other history is good: %v", findings)
	}
	findings := proof.Check(&two.log, []command.Receipt{kept}, two.public())
	if len(findings) != 1 || !strings.Contains(findings[0].What, "fork") || findings[0].Command != kept.CommandID.String() {
		t.Errorf("findings: %v, want a fork", findings)
	}
}

func TestForgedReceiptsProveNothing(t *testing.T) {
	c := open(t).joins(2)
	_, strange, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	last := c.receipts[len(c.receipts)-1]
	for name, change := range map[string]func(*command.Receipt){
		"another key":      func(r *command.Receipt) { r.Sign(strange) },
		"no signature":     func(r *command.Receipt) { r.Signature = "" },
		"broken signature": func(r *command.Receipt) { r.Signature = "!" },
		"another place":    func(r *command.Receipt) { r.Place++ },
		"another time":     func(r *command.Receipt) { r.At++ },
		"another entry":    func(r *command.Receipt) { r.Made = map[string]string{"entry": ids.New[ids.Entry]().String()} },
		"another life":     func(r *command.Receipt) { r.Incarnation = "life-two" },
		"another sequence": func(r *command.Receipt) { r.Seq++ },
		"another command":  func(r *command.Receipt) { r.CommandID = ids.New[ids.Command]() },
	} {
		forged := last
		change(&forged)
		findings := proof.Check(&c.log, []command.Receipt{forged}, c.public())
		if len(findings) != 1 || !strings.Contains(findings[0].What, "signature") {
			t.Errorf("%s: %v", name, findings)
		}
	}
	// One that the key did sign, for a commit of another command.
	mixed := last
	mixed.CommandID = ids.New[ids.Command]()
	mixed.Sign(c.key)
	if findings := proof.Check(&c.log, []command.Receipt{mixed}, ""); len(findings) != 1 || !strings.Contains(findings[0].What, "another command") {
		t.Errorf("a receipt for another command: %v", findings)
	}
}

func TestTheGivenKeyMustBeTheLogs(t *testing.T) {
	c := open(t).joins(1)
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if findings := proof.Check(&c.log, nil, base64.RawURLEncoding.EncodeToString(public)); len(findings) != 1 || !strings.Contains(findings[0].What, "key") {
		t.Errorf("another key: %v", findings)
	}
	if findings := proof.Check(&c.log, nil, "not a key"); len(findings) == 0 {
		t.Error("a key that is none was taken")
	}
	if findings := proof.Check(&proof.Log{}, nil, ""); len(findings) == 0 {
		t.Error("an empty log checks")
	}
}

func TestReadLog(t *testing.T) {
	c := open(t).joins(1)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, line := range c.log.Lines {
		if err := encoder.Encode(line); err != nil {
			t.Fatal(err)
		}
		text.WriteByte('\n') // empty lines are passed over
	}
	log, err := proof.ReadLog(bytes.NewReader(text.Bytes()))
	if err != nil || !slices.Equal(log.Lines, c.log.Lines) {
		t.Errorf("%v, %d lines", err, len(log.Lines))
	}
	for name, bad := range map[string]string{
		"empty": "", "only empty lines": "\n\n", "no JSON": "hello\n", "no commit": "{}\n", "a problem as the last line": text.String() + `{"code":"busy"}` + "\n",
		"cut": text.String()[:text.Len()-20], "too long": `{"subject":"` + strings.Repeat("x", 9<<20) + `"}`,
	} {
		if _, err := proof.ReadLog(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}

// Whatever single byte of a stored body is changed, it is found: by the chain,
// or, in a subject's last commit, by its receipt.
func TestAnyChangedByteIsFound(t *testing.T) {
	c := open(t).joins(3)
	rapid.Check(t, func(t *rapid.T) {
		log := c.copied()
		line := rapid.IntRange(0, len(log.Lines)-1).Draw(t, "line")
		body := []byte(log.Lines[line].Body)
		at := rapid.IntRange(0, len(body)-1).Draw(t, "byte")
		body[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		log.Lines[line].Body = string(body)
		if len(proof.Check(log, c.receipts, c.public())) == 0 {
			t.Fatalf("byte %d of line %d was changed and not found: %s", at, line, body)
		}
	})
}
