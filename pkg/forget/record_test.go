package forget

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// note is a value of these tests.
type note struct {
	Text string `json:"text"`
}

// Check says what is wrong with a note.
func (n note) Check() error {
	if n.Text == "" {
		return errors.New("empty")
	}
	return nil
}

const notes Kind = "note"

// storeOf gives a store without a stream, for what needs none.
func storeOf() *Store {
	return &Store{config: Config{Name: "test", Kinds: map[Kind]Decode{notes: As[note]}}, caches: map[*Cache]struct{}{}}
}

func noteKey(s ids.Session, n ids.Note) Key { return Key{notes, s, n.String()} }

func TestKeys(t *testing.T) {
	s, session, id := storeOf(), ids.New[ids.Session](), ids.New[ids.Note]()
	key := noteKey(session, id)
	if want := "note." + session.String() + "." + id.String(); key.String() != want {
		t.Errorf("%s, want %s", key, want)
	}
	if got, err := s.parseKey(key.String()); err != nil || got != key {
		t.Errorf("%+v, %v; want %+v", got, err, key)
	}
	for _, subject := range []string{"", "note", "note." + session.String(), "other." + session.String() + ".x", "note.x.y", key.String() + ".z"} {
		if got, err := s.parseKey(subject); err == nil {
			t.Errorf("%q was read as %+v", subject, got)
		}
	}
	for _, key := range []Key{{}, noteKey(ids.Session{}, id), noteKey(session, ids.Note{}), {"other", session, id.String()}} {
		if s.check(key) == nil {
			t.Errorf("%+v passes as a key", key)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(note{Text: rapid.String().Draw(t, "text")})
		if err != nil {
			t.Fatal(err)
		}
		want := newRecord(ids.New[ids.Command](), raw, nil)
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseRecord(body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
		// The same text twice: nobody who reads the log can see that it is the same.
		if twin := newRecord(want.Command, raw, nil); twin.Digest == want.Digest {
			t.Fatal("two records of one text have one digest")
		}
		other := strings.Replace(string(body), `"text":"`, `"text":"x`, 1)
		if _, err := parseRecord([]byte(other)); err == nil {
			t.Fatal("a changed value passes")
		}
	})
}

func TestPastIsBounded(t *testing.T) {
	var h history
	for i := range 3 * maxPast {
		r := newRecord(ids.New[ids.Command](), fmt.Appendf(nil, `{"text":"%d"}`, i), h.past())
		h.add(entry{seq: uint64(i + 1), record: r})
		if i%2 == 0 {
			// As after a settlement: only the last entry is left of the earlier ones.
			h.entries = h.entries[len(h.entries)-1:]
		}
	}
	past := h.past()
	if len(past) != maxPast {
		t.Fatalf("%d commands are remembered, want %d", len(past), maxPast)
	}
	last := h.entries[len(h.entries)-1]
	if past[maxPast-1].Command != last.Command {
		t.Error("the newest command is not the last one remembered")
	}
	if d, known, same := h.written(past[0].Command, nil); !known || !same || d != past[0].Digest {
		t.Errorf("the oldest one remembered: %s, %v, %v", d, known, same)
	}
	if _, known, _ := h.written(ids.New[ids.Command](), nil); known {
		t.Error("a command that wrote nothing is known")
	}
}

// The cache must come to the same whatever the order of records and repetitions.
func TestApplyDoesNotDependOnTheOrder(t *testing.T) {
	key := noteKey(ids.New[ids.Session](), ids.New[ids.Note]())
	value := func(i int) record {
		return newRecord(ids.New[ids.Command](), fmt.Appendf(nil, `{"text":"value %d"}`, i), nil)
	}
	rapid.Check(t, func(t *rapid.T) {
		var all []entry
		var values []events.Hash
		for seq := range uint64(rapid.IntRange(1, 9).Draw(t, "records")) {
			e := entry{seq: seq + 1, record: value(int(seq))}
			switch {
			case len(values) > 0 && rapid.IntRange(0, 2).Draw(t, "settle") == 0:
				// A mark names only values that a mark before it left alive.
				h := history{}
				for _, x := range all {
					h.add(x)
				}
				var keep []events.Hash
				for _, x := range all {
					if h.alive(x) && rapid.Bool().Draw(t, "keep") {
						keep = append(keep, x.Digest)
					}
				}
				e.record = record{V: recordVersion, Mark: &mark{Keep: keep}}
			default:
				values = append(values, e.Digest)
			}
			all = append(all, e)
		}
		fold := func(order []entry) map[events.Hash]held {
			c := &Cache{store: storeOf(), config: WatchConfig{Kinds: []Kind{notes}, OnChange: func(Change) {}, OnFault: func(error) {}}, keys: map[Key]*cached{}}
			for _, e := range order {
				c.apply(key, e)
			}
			return c.keys[key].values
		}
		want := fold(all)
		shuffled := rapid.Permutation(append(slices.Clone(all), all...)).Draw(t, "order")
		if got := fold(shuffled); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d values, want %d", len(got), len(want))
		}
	})
}
