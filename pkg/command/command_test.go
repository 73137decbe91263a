package command_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// extend is a request with everything set.
func extend() command.Request {
	turn, entry := ids.New[ids.Turn](), ids.New[ids.Entry]()
	return command.Request{
		ID: ids.New[ids.Command](), Session: ids.New[ids.Session](), Verb: "extend",
		Actor:  events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}},
		Expect: &command.Expect{Turn: &turn, Entries: map[ids.Entry]string{entry: "waiting"}},
		Args:   json.RawMessage(`{"by_ms":60000,"note":"a  b"}`), Reason: &events.NoteRef{ID: ids.New[ids.Note]()},
	}
}

func TestDigestIgnoresWhiteSpace(t *testing.T) {
	compact := extend()
	for _, args := range []string{
		`{ "by_ms": 60000, "note": "a  b" }`, "{\n\t\"by_ms\":60000,\r\n\t\"note\":\"a  b\"\n}\n", " " + string(compact.Args),
	} {
		spaced := compact
		spaced.Args = json.RawMessage(args)
		if spaced.Digest() != compact.Digest() {
			t.Errorf("%q is another command", args)
		}
	}
	none, empty := compact, compact
	none.Args, empty.Args = nil, json.RawMessage{}
	if none.Digest() != empty.Digest() {
		t.Error("no arguments and empty arguments are two commands")
	}
}

func TestDigestTellsCommandsApart(t *testing.T) {
	base := extend()
	otherTurn, none := ids.New[ids.Turn](), ids.Turn{}
	act, entry := ids.New[ids.Command](), ids.New[ids.Entry]()
	seen := map[events.Hash]string{base.Digest(): "the command itself"}
	for name, change := range map[string]func(*command.Request){
		"another verb":                func(r *command.Request) { r.Verb = "pause" },
		"a number":                    func(r *command.Request) { r.Args = json.RawMessage(`{"by_ms":60001,"note":"a  b"}`) },
		"white space inside a text":   func(r *command.Request) { r.Args = json.RawMessage(`{"by_ms":60000,"note":"a b"}`) },
		"no arguments":                func(r *command.Request) { r.Args = nil },
		"arguments that are no JSON":  func(r *command.Request) { r.Args = json.RawMessage(`{ "by_ms"`) },
		"others that are no JSON":     func(r *command.Request) { r.Args = json.RawMessage(`{"by_ms"`) },
		"no expectation":              func(r *command.Request) { r.Expect = nil },
		"another turn":                func(r *command.Request) { r.Expect = &command.Expect{Turn: &otherTurn, Entries: base.Expect.Entries} },
		"nobody has the floor":        func(r *command.Request) { r.Expect = &command.Expect{Turn: &none} },
		"any turn":                    func(r *command.Request) { r.Expect = &command.Expect{} },
		"an entry":                    func(r *command.Request) { r.Expect = &command.Expect{Entry: &entry} },
		"an act":                      func(r *command.Request) { r.Expect = &command.Expect{Act: &act} },
		"a plan":                      func(r *command.Request) { r.Expect = &command.Expect{Plan: "p"} },
		"an entry in another state":   func(r *command.Request) { r.Expect = &command.Expect{Entries: map[ids.Entry]string{entry: "standby"}} },
		"another reason":              func(r *command.Request) { r.Reason = &events.NoteRef{ID: ids.New[ids.Note]()} },
		"the same reason, other text": func(r *command.Request) { r.Reason = &events.NoteRef{ID: base.Reason.ID, Digest: events.Hash{1}} },
		"no reason":                   func(r *command.Request) { r.Reason = nil },
	} {
		other := base
		change(&other)
		if twin, twice := seen[other.Digest()]; twice {
			t.Errorf("%s has the digest of %s", name, twin)
		}
		seen[other.Digest()] = name
	}
}

// The digest is kept with the command's id, so who sent it, when and as which
// reaction are not part of it.
func TestDigestIsOfWhatWasAsked(t *testing.T) {
	a := extend()
	b := a
	b.ID, b.Session, b.Actor = ids.New[ids.Command](), ids.New[ids.Session](), events.Actor{ID: "other"}
	b.Cause, b.CausedAt = &events.Cause{Reaction: "x"}, 7
	if a.Digest() != b.Digest() {
		t.Error("the digest depends on more than what was asked")
	}
	if a.Key() == b.Key() || a.Key() != (command.Key{Actor: "token/chair", Command: a.ID}) {
		t.Errorf("keys %v and %v", a.Key(), b.Key())
	}
}

func TestDigestDoesNotDependOnTheOrderOfEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.String(), 2, 8, rapid.ID).Draw(t, "entries")
		digest := func(names []string) events.Hash {
			expect := &command.Expect{Entries: map[ids.Entry]string{}}
			for _, name := range names {
				expect.Entries[ids.Named[ids.Entry](ids.Command{}, name)] = name
			}
			r := command.Request{Verb: "merge", Expect: expect}
			return r.Digest()
		}
		if digest(names) != digest(rapid.Permutation(names).Draw(t, "other order")) {
			t.Fatal("the same entries in another order are another command")
		}
	})
}

func TestRequestRoundTrip(t *testing.T) {
	want := extend()
	want.Cause, want.CausedAt = &events.Cause{Reaction: "forged"}, 7
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got command.Request
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Cause != nil || got.CausedAt != 0 {
		t.Errorf("a request carries a cause over the wire: %s", raw)
	}
	want.Cause, want.CausedAt = nil, 0
	if !reflect.DeepEqual(got, want) || got.Digest() != want.Digest() {
		t.Errorf("%+v, want %+v", got, want)
	}
	// "Nobody has the floor" is an expectation, and no member is none.
	var nobody, none command.Expect
	if err := json.Unmarshal([]byte(`{"turn":""}`), &nobody); err != nil || nobody.Turn == nil || !nobody.Turn.IsZero() {
		t.Errorf("an empty turn is read as %+v, %v", nobody, err)
	}
	if err := json.Unmarshal([]byte(`{}`), &none); err != nil || none.Turn != nil {
		t.Errorf("no turn is read as %+v, %v", none, err)
	}
}

// receipt is a receipt with everything set.
func receipt() command.Receipt {
	return command.Receipt{
		CommandID: ids.New[ids.Command](), Outcome: command.Accepted, Seq: 17, Incarnation: "2026-03-09T10:00:00Z",
		Subject: "evt.queue." + ids.New[ids.Session]().String(), Version: 5, Hash: events.HashBody([]byte("body")), At: 1_773_057_600_123,
		Place: 12, Made: map[string]string{"entry": ids.New[ids.Entry]().String(), "applicant": ids.New[ids.Applicant]().String()},
	}
}

func key(t *testing.T) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

// unsigned are the fields that the signature leaves out: a repeated command gets
// the first receipt marked as a duplicate, and a refusal changes no log.
var unsigned = []string{"Outcome", "Signature", "Problem"}

func TestAChangedFieldBreaksTheSignature(t *testing.T) {
	public, private := key(t)
	good := receipt()
	good.Sign(private)
	if !good.Verify(public) {
		t.Fatal("a signed receipt does not verify")
	}
	fields := reflect.TypeOf(good)
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		changed := good
		changed.Made = maps.Clone(good.Made)
		v := reflect.ValueOf(&changed).Elem().Field(i)
		switch x := v.Addr().Interface().(type) {
		case *ids.Command:
			*x = ids.New[ids.Command]()
		case *events.Hash:
			x[31] ^= 1
		case *map[string]string:
			(*x)["entry"] = ids.New[ids.Entry]().String()
		case *json.RawMessage:
			*x = json.RawMessage(`{}`)
		default:
			switch v.Kind() {
			case reflect.String:
				v.SetString(v.String() + "x")
			case reflect.Int, reflect.Int64:
				v.SetInt(v.Int() + 1)
			case reflect.Uint64:
				v.SetUint(v.Uint() + 1)
			default:
				t.Fatalf("a receipt holds %s, a %s, which this test does not know how to change", name, v.Type())
			}
		}
		left := slices.Contains(unsigned, name) && name != "Signature"
		if changed.Verify(public) != left {
			t.Errorf("with another %s the receipt verifies: %v", name, !left)
		}
	}
	for name, change := range map[string]func(map[string]string){
		"one thing less": func(m map[string]string) { delete(m, "entry") },
		"one thing more": func(m map[string]string) { m["turn"] = ids.New[ids.Turn]().String() },
		"another name":   func(m map[string]string) { m["text"] = m["entry"]; delete(m, "entry") },
		"exchanged ids":  func(m map[string]string) { m["entry"], m["applicant"] = m["applicant"], m["entry"] },
	} {
		changed := good
		changed.Made = maps.Clone(good.Made)
		change(changed.Made)
		if changed.Verify(public) {
			t.Errorf("%s made, and the receipt still verifies", name)
		}
	}
}

func TestVerifyRefusesOtherKeysAndSignatures(t *testing.T) {
	public, private := key(t)
	other, _ := key(t)
	good := receipt()
	if good.Verify(public) {
		t.Error("a receipt without a signature verifies")
	}
	good.Sign(private)
	for name, c := range map[string]struct {
		signature string
		key       ed25519.PublicKey
	}{
		"another session's key": {good.Signature, other},
		"no key":                {good.Signature, nil},
		"a short key":           {good.Signature, public[:31]},
		"no signature":          {"", public},
		"a short signature":     {good.Signature[:80], public},
		"no base64url":          {strings.Repeat("!", 86), public},
		"padding":               {good.Signature + "==", public},
	} {
		r := good
		r.Signature = c.signature
		if r.Verify(c.key) {
			t.Errorf("%s: the receipt verifies", name)
		}
	}
}

func TestReceiptSurvivesTheWire(t *testing.T) {
	public, private := key(t)
	rapid.Check(t, func(t *rapid.T) {
		want := receipt()
		want.Seq, want.Version = rapid.Uint64().Draw(t, "seq"), rapid.Uint64().Draw(t, "version")
		want.Place = rapid.IntRange(0, 500).Draw(t, "place")
		want.Made = rapid.MapOfN(rapid.StringMatching(`[a-z]{1,9}`), rapid.StringMatching(`[0-9a-f-]{36}`), 0, 4).Draw(t, "made")
		want.Sign(private)
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got command.Receipt
		if err := json.Unmarshal(raw, &got); err != nil || !got.Verify(public) || string(got.Signed()) != string(want.Signed()) {
			t.Fatalf("%s, %v: the receipt no longer verifies", raw, err)
		}
	})
}

// What is signed is a text that a browser builds for itself: its form is fixed.
func TestSignedText(t *testing.T) {
	r := receipt()
	want := fmt.Sprintf("fairfloor.receipt.v1\n%s\n%s\n17\n2026-03-09T10:00:00Z\n5\n%s\n1773057600123\n12\napplicant=%s,entry=%s\n",
		r.CommandID, r.Subject, r.Hash, r.Made["applicant"], r.Made["entry"])
	// The instant must be a number here, whatever its own text form is.
	if got := string(r.Signed()); got != want {
		t.Errorf("signed is\n%q\nwant\n%q", got, want)
	}
}
