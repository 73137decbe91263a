package ids

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewIsOrderedByTime(t *testing.T) {
	previous := New[Entry]()
	for range 1000 {
		next := New[Entry]()
		if next.Compare(previous) <= 0 {
			t.Fatalf("%s does not come after %s", next, previous)
		}
		previous = next
	}
}

func TestDeriveIsAFunctionOfCommandAndIndex(t *testing.T) {
	one, other := New[Command](), New[Command]()
	if first, again := Derive[Turn](one, 0), Derive[Turn](one, 0); first != again {
		t.Error("the same command and index gave two identifiers")
	}
	if Derive[Turn](one, 0) == Derive[Turn](one, 1) || Derive[Turn](one, 0) == Derive[Turn](other, 0) {
		t.Error("different command or index gave the same identifier")
	}
	if Named[Command](one, "opened") == Named[Command](one, "closed") {
		t.Error("different names gave the same identifier")
	}
}

func TestParse(t *testing.T) {
	good := New[Session]()
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"its own text", good.String(), true},
		{"upper case is read", strings.ToUpper(good.String()), true},
		{"empty is none", "", true},
		{"too short", good.String()[:35], false},
		{"braces", "{" + good.String() + "}", false},
		{"urn", "urn:uuid:" + good.String(), false},
		{"no hyphens", strings.ReplaceAll(good.String(), "-", ""), false},
		{"letters beyond f", strings.Repeat("g", 36), false},
		{"a long text", strings.Repeat("x", 1<<20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse[Session](c.text)
			if (err == nil) != c.ok {
				t.Fatalf("error %v, want ok %v", err, c.ok)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("the error repeats %d bytes of the caller's text", len(err.Error()))
			}
		})
	}
}

func TestJSONRoundTrip(t *testing.T) {
	type body struct {
		ID    Entry         `json:"id"`
		None  Entry         `json:"none,omitzero"`
		ByKey map[Entry]int `json:"by_key"`
	}
	rapid.Check(t, func(t *rapid.T) {
		var raw [16]byte
		copy(raw[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "raw"))
		id := Entry{raw}
		written, err := json.Marshal(body{ID: id, ByKey: map[Entry]int{id: 7}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(written), "none") {
			t.Fatalf("the zero identifier was written: %s", written)
		}
		var read body
		if err := json.Unmarshal(written, &read); err != nil {
			t.Fatal(err)
		}
		if read.ID != id || read.ByKey[id] != 7 {
			t.Fatalf("read %v, wrote %v", read, id)
		}
	})
}

func TestUnmarshalRefusesOtherTexts(t *testing.T) {
	var id Entry
	if err := json.Unmarshal([]byte(`"nobody"`), &id); err == nil {
		t.Fatal("a text that is no UUID was read as one")
	}
	if !id.IsZero() {
		t.Errorf("a failed read left %s", id)
	}
}
