package people

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

func TestParagraphs(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		words      int64
	}{
		{"nothing", "", nil, 0},
		{"white space", " \n\t\n ", nil, 0},
		{"one", "Thank you, Chair.", []string{"Thank you, Chair."}, 3},
		{"two", "One.\n\nTwo.", []string{"One.", "Two."}, 2},
		{"line feeds of another system", "One.\r\n\r\nTwo.\r\n", []string{"One.", "Two."}, 2},
		{"lines of one paragraph", "One\ntwo.", []string{"One\ntwo."}, 2},
		{"many empty lines", "\n\nOne.\n \n\t\n\nTwo.\n\n", []string{"One.", "Two."}, 2},
		{"a script without spaces", "主席先生，\n\n谢谢。", []string{"主席先生，", "谢谢。"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := StatementText{Text: c.text}
			if got := text.Paragraphs(); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := text.Words(); got != c.words {
				t.Errorf("%d words, want %d", got, c.words)
			}
		})
	}
}

func TestParagraphsLoseNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := StatementText{Text: rapid.StringMatching(`([a-zäß語]{1,5}|[ \t]|\n|\r\n){0,60}`).Draw(t, "text")}
		joined := strings.Join(text.Paragraphs(), "\n\n")
		if got, want := strings.Fields(joined), strings.Fields(text.Text); !slices.Equal(got, want) {
			t.Fatalf("words %q, want %q", got, want)
		}
		if again := (StatementText{Text: joined}).Paragraphs(); !slices.Equal(again, text.Paragraphs()) {
			t.Fatalf("split again: %q, want %q", again, text.Paragraphs())
		}
	})
}

func TestAllowedNames(t *testing.T) {
	for _, name := range []string{"Ada", "Nguyễn Thị Minh Khai", "محمد بن سلمان", "O'Neill-Łukasiewicz, Jr.", "می\u200cخواهم", "👩\u200d⚖️"} {
		if err := (Person{Name: name, Email: "a.b+c@example.org"}).Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	session, id := ids.New[ids.Session](), ids.New[ids.Note]()
	key := NoteKey(session, id)
	if want := "note." + session.String() + "." + id.String(); key.String() != want {
		t.Errorf("%s, want %s", key, want)
	}
	if got, err := parseKey(key.String()); err != nil || got != key {
		t.Errorf("%+v, %v; want %+v", got, err, key)
	}
	for _, subject := range []string{"", "note", "note." + session.String(), "other." + session.String() + ".x", "note.x.y", key.String() + ".z"} {
		if got, err := parseKey(subject); err == nil {
			t.Errorf("%q was read as %+v", subject, got)
		}
	}
	for _, key := range []Key{{}, NoteKey(ids.Session{}, id), NoteKey(session, ids.Note{})} {
		if key.check() == nil {
			t.Errorf("%+v passes as a key", key)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(Note{Text: rapid.String().Draw(t, "text")})
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
	key := NoteKey(ids.New[ids.Session](), ids.New[ids.Note]())
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
			c := &Cache{config: WatchConfig{Kinds: Kinds(), OnChange: func(Change) {}, OnFault: func(error) {}}, keys: map[Key]*cached{}}
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
