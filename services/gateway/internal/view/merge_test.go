package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// same reports whether two texts are the same JSON.
func same(t interface{ Fatal(...any) }, a, b []byte) bool {
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err, string(a))
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err, string(b))
	}
	return reflect.DeepEqual(x, y)
}

// applied is a library's application of a merge patch: not our own reading of
// RFC 7396.
func applied(t interface{ Fatal(...any) }, old, patch json.RawMessage) []byte {
	if patch == nil {
		return old
	}
	out, err := jsonpatch.MergePatch(old, patch)
	if err != nil {
		t.Fatal(err, string(patch))
	}
	return out
}

func TestDiffCases(t *testing.T) {
	cases := []struct{ name, old, new, patch string }{
		{"equal", `{"a":1}`, `{"a":1}`, ``},
		{"changed", `{"a":1,"b":2}`, `{"a":1,"b":3}`, `{"b":3}`},
		{"added", `{"a":1}`, `{"a":1,"b":{"c":[1]}}`, `{"b":{"c":[1]}}`},
		{"deleted", `{"a":1,"b":2}`, `{"b":2}`, `{"a":null}`},
		{"nested", `{"a":{"b":1,"c":2},"d":3}`, `{"a":{"b":1},"d":3}`, `{"a":{"c":null}}`},
		{"emptied", `{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":null}}`},
		{"arrays whole", `{"a":[1,2,{"b":1}]}`, `{"a":[1,{"b":1}]}`, `{"a":[1,{"b":1}]}`},
		{"object for a number", `{"a":1}`, `{"a":{"b":2}}`, `{"a":{"b":2}}`},
		{"number for an object", `{"a":{"b":2}}`, `{"a":1}`, `{"a":1}`},
		{"quotes and backslashes", `{"a\"":"x\\","b":"\\\""}`, `{"a\"":"x\\","b":"}{"}`, `{"b":"}{"}`},
		{"other order", `{"a":1,"b":2,"c":3}`, `{"c":3,"a":1,"b":2}`, `{}`},
		{"swapped for others", `{"a":1,"b":2,"c":3}`, `{"d":1,"b":2,"e":3}`, `{"d":1,"e":3,"a":null,"c":null}`},
		{"to nothing", `{"a":1}`, `{}`, `{"a":null}`},
		{"from nothing", `{}`, `{"a":true}`, `{"a":true}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			patch := Diff(json.RawMessage(c.old), json.RawMessage(c.new))
			if string(patch) != c.patch {
				t.Errorf("the patch is %s, not %s", patch, c.patch)
			}
			if out := applied(t, json.RawMessage(c.old), patch); !same(t, out, []byte(c.new)) {
				t.Errorf("applied, it gives %s, not %s", out, c.new)
			}
		})
	}
}

func TestNullsAreLeftOut(t *testing.T) {
	cases := map[string]string{
		`{"a":null}`:                             `{}`,
		`{"a":null,"b":1,"c":null}`:              `{"b":1}`,
		`{"a":{"b":null,"c":[{"d":null},2]}}`:    `{"a":{"c":[{},2]}}`,
		`{"a":"the word :null in a text"}`:       `{"a":"the word :null in a text"}`,
		`{"a":["x",[{"b":null,"c":"\\\""}]]}`:    `{"a":["x",[{"c":"\\\""}]]}`,
		`{"a":"\":null","b":null,"c":[],"d":{}}`: `{"a":"\":null","c":[],"d":{}}`,
	}
	for in, want := range cases {
		if got := string(withoutNulls([]byte(in))); got != want {
			t.Errorf("%s becomes %s, not %s", in, got, want)
		}
	}
}

// object draws a JSON object without nulls, of the shapes that a view has.
func object(depth int) *rapid.Generator[map[string]any] {
	value := rapid.OneOf(
		rapid.Map(rapid.IntRange(-3, 3), func(i int) any { return float64(i) }),
		rapid.Map(rapid.StringMatching(`[a-c"\\{}\[\],:]{0,4}`), func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3), func(all []int) any {
			out := make([]any, len(all))
			for i, v := range all {
				out[i] = float64(v)
			}
			return out
		}),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
	)
	if depth > 0 {
		value = rapid.OneOf(value, rapid.Map(object(depth-1), func(o map[string]any) any { return o }))
	}
	return rapid.MapOfN(rapid.StringMatching(`[a-e"\\]{1,2}`), value, 0, 6)
}

func TestPatchMakesTheNewOfTheOld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		write := func(o map[string]any) json.RawMessage {
			raw, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		old, new := write(object(3).Draw(t, "old")), write(object(3).Draw(t, "new"))
		patch := Diff(old, new)
		if out := applied(t, old, patch); !same(t, out, new) {
			t.Fatalf("%s with %s gives %s, not %s", old, patch, out, new)
		}
		if (patch == nil) != bytes.Equal(old, new) {
			t.Fatalf("the patch of %s and %s is %s", old, new, patch)
		}
	})
}

// act appends one random thing that may happen in a session.
func act(t *rapid.T, l *sessiontest.Log) {
	s := l.State
	waiting := s.Queue.List(sessiontest.Item).Order
	pick := func() ids.Entry { return rapid.SampledFrom(waiting).Draw(t, "entry") }
	l.Now = l.Now.Add(int64(rapid.IntRange(0, 40_000).Draw(t, "passed")))
	turn := s.Queue.Running()
	choices := []string{"join", "apply", "text", "list", "minimum", "publish"}
	if len(waiting) > 0 && turn == nil {
		choices = append(choices, "give", "give", "give")
	}
	if len(waiting) > 1 {
		choices = append(choices, "withdraw", "defer", "standby", "absent", "move", "swap")
	}
	if turn != nil && turn.BegunAt.IsZero() {
		choices = append(choices, "begin", "begin", "no_show")
	}
	if turn != nil && !turn.BegunAt.IsZero() {
		choices = append(choices, "end", "end", "pause")
	}
	n := len(l.Stored)
	switch choice := rapid.SampledFrom(choices).Draw(t, "act"); choice {
	case "join":
		l.Append(events.Queue, delegate(0), choice, &events.EntryJoined{
			Entry: entry(n), Part: sessiontest.Item, Applicant: applicant(n % 5), Kind: events.Statement, Place: len(waiting) + 1,
		})
	case "apply":
		l.Accepted(1000+n, nil)
	case "text":
		l.Append(events.Registry, delegate(0), choice, &events.TextFiled{
			Text: sessiontest.ID[ids.Text](fmt.Sprint(n % 3)), Applicant: applicant(n % 5), Language: "en", Words: int64(n),
			Visibility: rapid.SampledFrom(events.Visibilities()).Draw(t, "visibility"),
		})
	case "list":
		l.Append(events.Queue, chair, choice, &events.ListStateChanged{
			Part: sessiontest.Item, State: rapid.SampledFrom([]events.ListState{events.ListOpen, events.ListClosed}).Draw(t, "list"),
		})
	case "minimum":
		l.Append(events.Timing, chair, choice, &events.MinimumChanged{MinimumMS: int64(rapid.IntRange(5, 90).Draw(t, "minimum")) * 1000})
	case "publish":
		r := s.Registry
		m := r.Modalities
		m.Publication = rapid.SampledFrom([]string{"public", "delayed", "participants_only", "confidential"}).Draw(t, "publication")
		l.Append(events.Registry, chair, choice, &events.SessionChanged{
			Title: r.Title + "'", PlannedStart: r.PlannedStart, HardEnd: r.HardEnd, Zone: r.Zone, Languages: r.Languages, Modalities: m,
		})
	case "give":
		give(l, waiting[0])
	case "begin":
		begin(l, turn.ID)
	case "end", "no_show":
		how := events.Ended
		if choice == "no_show" {
			how = events.NotHere
		}
		l.Append(events.Queue, chair, choice, &events.TurnEnded{Turn: turn.ID, EndedAt: l.Now, How: how, Act: sessiontest.ID[ids.Command](fmt.Sprint(n))})
	case "pause":
		if s.Timing.Turns[turn.ID].Paused() != nil {
			l.Append(events.Timing, chair, choice, &events.TurnResumed{Turn: turn.ID, At: l.Now})
		} else {
			l.Append(events.Timing, chair, choice, &events.TurnPaused{Turn: turn.ID, At: l.Now, Cause: events.PausedByChair})
		}
	case "withdraw":
		l.Append(events.Queue, chair, choice, &events.EntryWithdrawn{Entry: pick()})
	case "defer":
		l.Append(events.Queue, chair, choice, &events.EntryDeferred{Entry: pick(), Places: 2})
	case "standby":
		l.Append(events.Queue, chair, choice, &events.EntryToStandby{Entry: pick()})
	case "absent":
		l.Append(events.Queue, chair, choice, &events.AbsenceReported{Entry: pick()})
	case "move":
		l.Append(events.Queue, chair, choice, &events.EntryMoved{Entry: waiting[len(waiting)-1], Before: waiting[0]})
	case "swap":
		l.Append(events.Queue, chair, choice, &events.EntriesSwapped{Entry: waiting[0], With: waiting[1]})
	}
}

// TestPatchesFollowASession: in any sequence of events, for every audience, the
// client that applies the patches has what a snapshot would give it.
func TestPatchesFollowASession(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := started(t, 5)
		have := map[api.Audience][]byte{}
		last := map[api.Audience]*Encoded{}
		var encoder Encoder
		for range rapid.IntRange(1, 6).Draw(t, "acts") {
			act(t, l)
			v := Build(l.State, named)
			for _, audience := range api.Audiences() {
				encoded, err := encoder.Encode(v, audience)
				if err != nil {
					t.Fatal(err)
				}
				raw := encoded.JSON
				// What is remembered changes nothing.
				if fresh, err := v.Encode(audience); err != nil || !bytes.Equal(fresh, raw) {
					t.Fatalf("%s has\n%s\nand without memory (%v)\n%s", audience, raw, err, fresh)
				}
				if before := last[audience]; before == nil {
					have[audience] = raw
				} else {
					patch := encoded.Since(before)
					if whole := Diff(before.JSON, raw); (whole == nil) != (patch == nil) || whole != nil && !same(t, whole, patch) {
						t.Fatalf("the patch is\n%s\nand by the whole texts\n%s", patch, whole)
					}
					have[audience] = applied(t, have[audience], patch)
				}
				last[audience] = encoded
				if !same(t, have[audience], raw) {
					t.Fatalf("%s has\n%s\nand the view is\n%s", audience, have[audience], raw)
				}
				var read api.View
				if err := json.Unmarshal(raw, &read); err != nil {
					t.Fatalf("the view for %s cannot be read: %v", audience, err)
				}
			}
		}
	})
}

// large is the state of a session with 500 entries in mid-session, and the same
// after the next handover.
func large(b *testing.B) (before, after *session.State) {
	l := started(b, 500)
	for i := range 20 {
		turn := give(l, entry(i))
		begin(l, turn)
		l.Now += 60_000
		l.Append(events.Queue, chair, "end", &events.TurnEnded{Turn: turn, EndedAt: l.Now, How: events.Ended, Act: l.Command()})
	}
	before = l.Refold()
	give(l, entry(20))
	return before, l.State
}

func BenchmarkBuild500(b *testing.B) {
	s, _ := large(b)
	for b.Loop() {
		Build(s, named)
	}
}

// BenchmarkTurn500 is what a feed does after a handover among 500 entries: build,
// encode for all four audiences, and diff.
func BenchmarkTurn500(b *testing.B) {
	before, after := large(b)
	states := []*session.State{before, after}
	var encoder Encoder
	last := map[api.Audience]*Encoded{}
	n := 0
	for b.Loop() {
		n++
		v := Build(states[n%2], named)
		for _, audience := range api.Audiences() {
			encoded, err := encoder.Encode(v, audience)
			if err != nil {
				b.Fatal(err)
			}
			if last[audience] != nil && encoded.Since(last[audience]) == nil {
				b.Fatal("nothing changed")
			}
			last[audience] = encoded
		}
	}
}

func BenchmarkEncode500(b *testing.B) {
	s, _ := large(b)
	for _, audience := range api.Audiences() {
		b.Run(string(audience), func(b *testing.B) {
			v := Build(s, named)
			var n int
			for b.Loop() {
				raw, err := v.Encode(audience)
				if err != nil {
					b.Fatal(err)
				}
				n = len(raw)
			}
			b.ReportMetric(float64(n), "B/view")
		})
	}
}

// BenchmarkDiff compares the diff with the two alternatives: a library, and
// one that reads the objects into maps.
func BenchmarkDiff(b *testing.B) {
	before, after := large(b)
	old, _, err := Of(before, named, api.ForChair)
	if err != nil {
		b.Fatal(err)
	}
	new, _, err := Of(after, named, api.ForChair)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ours", func(b *testing.B) {
		var n int
		for b.Loop() {
			n = len(Diff(old, new))
		}
		b.ReportMetric(float64(n), "B/patch")
	})
	b.Run("maps", func(b *testing.B) {
		for b.Loop() {
			var x, y map[string]json.RawMessage
			if json.Unmarshal(old, &x) != nil || json.Unmarshal(new, &y) != nil {
				b.Fatal("not objects")
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			if _, err := jsonpatch.CreateMergePatch(old, new); err != nil {
				b.Fatal(err)
			}
		}
	})
}
