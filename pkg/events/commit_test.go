package events

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

var update = flag.Bool("update", false, "append a line to testdata/events.ndjson for each type that has none")

// stored is the file of events as they lie in logs.
const stored = "testdata/events.ndjson"

func TestTypes(t *testing.T) {
	all := Types()
	if want := len(registryTypes) + len(queueTypes) + len(timingTypes) + len(transcriptTypes); len(all) != want {
		t.Errorf("%d types, want %d", len(all), want)
	}
	if !slices.IsSortedFunc(all, func(a, b TypeInfo) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the types are not in order of name")
	}
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, row := range all {
		if row.Empty.Type() != row.Name || !word.MatchString(row.Name) {
			t.Errorf("%s is listed as %q", row.Empty.Type(), row.Name)
		}
		if !slices.Contains([]Context{Registry, Queue, Timing, Transcript}, row.Context) {
			t.Errorf("%s is written by %q", row.Name, row.Context)
		}
		// A member "type" of its own would stand twice in the stored form.
		of := reflect.TypeOf(row.Empty).Elem()
		for i := range of.NumField() {
			if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name == "type" || name == "" && !of.Field(i).Anonymous {
				t.Errorf("%s.%s is stored as %q", row.Name, of.Field(i).Name, name)
			}
		}
	}
}

func TestEveryTypeRoundTrips(t *testing.T) {
	for _, row := range Types() {
		t.Run(row.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := drawn(t).filled(row)
				raw, err := Encode(want)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.HasPrefix(raw, []byte(`{"type":"`+row.Name+`"`)) || !json.Valid(raw) {
					t.Fatalf("stored as %s", raw)
				}
				got, err := Decode(raw)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%+v, %v; want %+v", got, err, want)
				}
			})
			// Empty too: what is left out must come back as what it was.
			raw, err := Encode(row.Empty)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Encode(got); err != nil || !bytes.Equal(again, raw) {
				t.Errorf("%s, %v; want %s", again, err, raw)
			}
		})
	}
}

// The file holds each type as a log holds it. A line that is read and written
// otherwise than it stands there means that logs of the past are read otherwise.
func TestStoredFormOfEveryType(t *testing.T) {
	content, err := os.ReadFile(stored)
	if err != nil && !*update {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		e, err := Decode(json.RawMessage(line))
		if err != nil {
			t.Errorf("a stored event can no longer be read: %v", err)
			continue
		}
		there[e.Type()] = true
		if again, err := Encode(e); err != nil || string(again) != line {
			t.Errorf("a stored %s is read as another one (a field was renamed, removed or added without omitempty):\n%s\nwas\n%s", e.Type(), again, line)
		}
	}
	for _, row := range Types() {
		if there[row.Name] {
			continue
		}
		if !*update {
			t.Errorf("%s has no line in %s; add it with go test ./events -run Stored -update", row.Name, stored)
			continue
		}
		raw, err := Encode(counting().filled(row))
		if err != nil {
			t.Fatal(err)
		}
		content = append(append(content, raw...), '\n')
	}
	if *update {
		if err := os.WriteFile(stored, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"an unknown type":      {`{"type":"floor_seized"}`, `unknown event type "floor_seized"`},
		"no type":              {`{"turn":""}`, `unknown event type ""`},
		"a type in capitals":   {`{"type":"TURN_BEGUN"}`, "unknown event type"},
		"no object":            {`[1]`, "cannot unmarshal"},
		"nothing":              {``, "unexpected end"},
		"a field of bad shape": {`{"type":"turn_begun","turn":7}`, "event turn_begun"},
		"an id that is none":   {`{"type":"turn_begun","turn":"T1"}`, "not a UUID"},
		"a hash that is none":  {`{"type":"person_changed","digest":"abc"}`, "hexadecimal"},
	} {
		if e, err := Decode(json.RawMessage(c.raw)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v; want %q", name, e, err, c.want)
		}
	}
}

// golden is a commit with everything set, and goldenBody is how it is stored.
func golden() *Commit {
	command := ids.MustParse[ids.Command]("01890a5d-ac96-774b-bcce-b302099a8057")
	turn := ids.Derive[ids.Turn](command, 0)
	return &Commit{
		V: Version, Command: command, Verb: "next",
		Actor:    Actor{ID: "token/chair", Roles: []Role{Chair, Secretariat}, Applicant: ids.Derive[ids.Applicant](command, 1), Person: ids.Derive[ids.Person](command, 2)},
		OnBehalf: ids.Derive[ids.Applicant](command, 3), At: 1_773_057_600_123, Version: 7, PrevHash: HashBody([]byte("before")), Request: HashBody([]byte("request")),
		Seen:   map[string]uint64{"evt.timing.b": 5, "evt.registry.a": 3},
		Cause:  &Cause{Subject: "evt.timing.b", Sequence: 4, Reaction: "expired"},
		Reason: &NoteRef{ID: ids.Derive[ids.Note](command, 4), Digest: HashBody([]byte("note"))},
		Events: []Event{
			&TurnEnded{Turn: turn, EndedAt: 1_773_057_600_000, How: Followed, Act: command},
			&FloorGiven{Turn: ids.Derive[ids.Turn](command, 5), Entry: ids.Derive[ids.Entry](command, 6), GivenAt: 1_773_057_600_123, Act: command},
			&SessionSealed{},
		},
	}
}

func TestStoredFormOfACommit(t *testing.T) {
	body, err := json.Marshal(golden())
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != goldenBody {
		t.Errorf("stored as\n%s\nwant\n%s", body, goldenBody)
	}
	byValue, err := json.Marshal(*golden())
	if err != nil || !bytes.Equal(byValue, body) {
		t.Errorf("as a value it is stored as %s, %v", byValue, err)
	}
	var got Commit
	if err := json.Unmarshal([]byte(goldenBody), &got); err != nil || !reflect.DeepEqual(&got, golden()) {
		t.Errorf("read as %+v, %v", got, err)
	}
	if h := HashBody(body).String(); h != goldenHash {
		t.Errorf("hash %s, want %s", h, goldenHash)
	}
	var least Commit
	if err := json.Unmarshal([]byte(`{"v":1,"events":[]}`), &least); err != nil || len(least.Events) != 0 {
		t.Errorf("the least commit: %+v, %v", least, err)
	}
}

func TestCommitRoundTrips(t *testing.T) {
	rows := Types()
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		want := Commit{}
		fields := reflect.ValueOf(&want).Elem()
		for i := range fields.NumField() {
			if fields.Type().Field(i).Name != "Events" {
				s.fill(fields.Field(i))
			}
		}
		want.V = Version
		for range s.length() {
			want.Events = append(want.Events, s.filled(rapid.SampledFrom(rows).Draw(t, "type")))
		}
		body, err := json.Marshal(&want)
		if err != nil {
			t.Fatal(err)
		}
		var got Commit
		if err := json.Unmarshal(body, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
		if again, err := json.Marshal(&got); err != nil || !bytes.Equal(again, body) {
			t.Fatalf("written again as %s, %v; want %s", again, err, body)
		}
	})
}

func TestCommitRefuses(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"another version":    {strings.Replace(goldenBody, `"v":1`, `"v":2`, 1), "envelope version 2"},
		"no version":         {`{"events":[]}`, "envelope version 0"},
		"one unknown event":  {strings.Replace(goldenBody, "floor_given", "floor_seized", 1), `unknown event type "floor_seized"`},
		"a cut body":         {goldenBody[:len(goldenBody)/2], "unexpected end"},
		"a negative version": {strings.Replace(goldenBody, `"version":7`, `"version":-7`, 1), "version"},
	} {
		if err := json.Unmarshal([]byte(c.body), &Commit{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestHashes(t *testing.T) {
	// Both values are those of sha256sum.
	if got := HashBody([]byte("abc")).String(); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("hash of abc: %s", got)
	}
	if got := FirstHash("evt.queue.x", "2026-03-09T10:00:00Z").String(); got != goldenFirst {
		t.Errorf("first hash: %s, want %s", got, goldenFirst)
	}
	if (Hash{1}).IsZero() || !(Hash{}).IsZero() {
		t.Error("IsZero is not about zero")
	}
	var h Hash
	for _, text := range []string{"", "ab", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("g", 64), strings.Repeat("a", 66)} {
		if err := h.UnmarshalText([]byte(text)); err == nil || !h.IsZero() {
			t.Errorf("%q was read as %s", text, h)
		}
	}
}

func TestActors(t *testing.T) {
	for _, role := range Roles() {
		a := Actor{ID: "x", Roles: []Role{Observer, role}}
		if !a.Has(role) || !a.Has(System, role) || a.Has(System) || a.Has() {
			t.Errorf("%s: the roles are not found", role)
		}
		if want := slices.Contains([]Role{Organiser, Chair, ViceChair, Secretariat}, role); a.Staff() != want {
			t.Errorf("%s is staff: %v", role, a.Staff())
		}
	}
	if slices.Contains(Roles(), System) {
		t.Error("a token may carry the system's role")
	}
	if a := ByService(Timing); a.ID != "system/timing" || !a.Has(System) || a.Staff() {
		t.Errorf("a service acts as %+v", a)
	}
}

func TestSubjects(t *testing.T) {
	s, c := ids.New[ids.Session](), ids.New[ids.Consultation]()
	for _, context := range []Context{Registry, Queue, Timing, Transcript} {
		gotContext, got, err := ParseSubject(Subject(context, s))
		if err != nil || gotContext != context || got != s {
			t.Errorf("%s: %s, %s, %v", Subject(context, s), gotContext, got, err)
		}
	}
	if context, got, err := ParseSubject("evt.transcript." + s.String() + ".en"); err != nil || context != Transcript || got != s {
		t.Errorf("a track: %s, %s, %v", context, got, err)
	}
	if context, got, err := ParseSubject(ConsultationSubject(c)); err != nil || context != Registry || got.String() != c.String() {
		t.Errorf("a consultation: %s, %s, %v", context, got, err)
	}
	for _, subject := range []string{
		"", "evt", "evt.queue", "evt.queue.", "evt.queue.*", "evt.queue.>", "cmd.queue." + s.String(), "evt.queue." + s.String()[1:], "live.evt.queue." + s.String(),
	} {
		if context, got, err := ParseSubject(subject); err == nil || context != "" || !got.IsZero() {
			t.Errorf("%q was read as %q, %q, %v", subject, context, got, err)
		}
	}
	// A command under a stream's subject would be stored (event-log.md).
	if got := CommandSubject(Queue, s, "next"); got != "cmd.queue."+s.String()+".next" {
		t.Errorf("commands go to %s", got)
	}
}

func TestShardsAreEven(t *testing.T) {
	const sessions = 16_000
	counts := [Shards]int{}
	for range sessions {
		counts[Shard(ids.New[ids.Session]())]++
	}
	// Eight shards of 2,000: five standard deviations of a fair draw are 209.
	for shard, n := range counts {
		if n < sessions/Shards-209 || n > sessions/Shards+209 {
			t.Errorf("shard %d has %d of %d sessions", shard, n, sessions)
		}
	}
}

// Where a session lies must not change: its log would not be found again.
func TestShardsStayWhereTheyAre(t *testing.T) {
	for text, want := range goldenShards {
		if got := Stream(ids.MustParse[ids.Session](text)); got != want {
			t.Errorf("%s lies in %s, want %s", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := ids.Named[ids.Session](ids.Command{}, rapid.String().Draw(t, "name"))
		if n := Shard(s); n < 0 || n >= Shards || Stream(s) != ShardStream(n) {
			t.Fatalf("shard %d, stream %s", n, Stream(s))
		}
	})
}

// Unmarshalling must not panic whatever is in the log.
func FuzzCommit(f *testing.F) {
	f.Add([]byte(goldenBody))
	f.Add([]byte(`{"v":1,"events":[null]}`))
	f.Add([]byte(`{"v":1,"events":[{"type":"session_created","parts":[{}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c Commit
		if json.Unmarshal(body, &c) != nil {
			return
		}
		if _, err := json.Marshal(&c); err != nil {
			t.Fatalf("%s was read but cannot be written: %v", body, err)
		}
	})
}
