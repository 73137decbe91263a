package problem

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// role stands for the program's own enumerations.
type role string

func TestKeyAndTemplate(t *testing.T) {
	for _, c := range []struct {
		text          Text
		key, template string
	}{
		{"shorten it", "shorten_it", "shorten it"},
		{"the title has %d characters, more than %d", "the_title_has_x_characters_more_than_x", "the title has {{a}} characters, more than {{b}}"},
		{"%.40q is not a role", "x_is_not_a_role", "“{{a}}” is not a role"},
		{"%d %% is not between 100 and %d", "x_is_not_between_100_and_x", "{{a}} % is not between 100 and {{b}}"},
		{"%s", "x", "{{a}}"},
		{"100 %", "100", "100 %"},
		{`use "en"`, "use_en", `use "en"`},
		{"the control character U+%04X", "the_control_character_u_x", "the control character U+{{a}}"},
		{"", "", ""},
	} {
		if got := c.text.Key(); got != c.key {
			t.Errorf("%q has the key %q, want %q", c.text, got, c.key)
		}
		if got := c.text.Template(); got != c.template {
			t.Errorf("%q is the template %q, want %q", c.text, got, c.template)
		}
	}
}

func TestKeyIsAWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := Text(rapid.StringMatching(`[a-zA-Z0-9 ,.%dsqé-]{0,200}`).Draw(t, "text"))
		key := text.Key()
		if len(key) > MaxKey || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || strings.Contains(key, "__") {
			t.Fatalf("%q has the key %q", text, key)
		}
	})
}

func TestArgumentsOfASentence(t *testing.T) {
	for name, c := range map[string]struct {
		e      *Error
		detail string
		args   []any
	}{
		"numbers":   {New(TooMany, "%d of %.1f", 3, 2.5), "3 of 2.5", []any{3.0, 2.5}},
		"a count":   {New(TooMany, "%d", uint8(7)), "7", []any{7.0}},
		"a name":    {New(Already, "%q is here", `A "B"`), `"A \"B\"" is here`, []any{`A "B"`}},
		"clipped":   {New(Already, "%.3q is here", "abcdef"), `"abc" is here`, []any{"abc"}},
		"hex":       {New(Invalid, "U+%04X", 0x202e), "U+202E", []any{"202E"}},
		"a role":    {New(Forbidden, "not for %s", role("chair")), "not for chair", []any{Words{"chair"}}},
		"roles":     {New(Forbidden, "for %s", Words{"chair", "booth"}), "for chair, booth", []any{Words{"chair", "booth"}}},
		"a refusal": {New(Malformed, "row 1: %s", Field("name", "%d is no name", 7)), "row 1: 7 is no name", []any{Sentence{Key: "x_is_no_name", Args: []any{7.0}}}},
		"a phrase":  {New(Already, "at %s", Say("place %d", 2)), "at place 2", []any{Sentence{Key: "place_x", Args: []any{2.0}}}},
	} {
		if c.e.Detail != c.detail || !reflect.DeepEqual(c.e.Why.Args, c.args) {
			t.Errorf("%s: %q with %#v, want %q with %#v", name, c.e.Detail, c.e.Why.Args, c.detail, c.args)
		}
		raw, err := json.Marshal(c.e)
		if err != nil {
			t.Fatal(err)
		}
		var again *Error
		if err := json.Unmarshal(raw, &again); err != nil || !reflect.DeepEqual(again, c.e) {
			t.Errorf("%s: read again as %#v, %v", name, again, err)
		}
	}
	if e := New(Already, "x").Try("press %s in %d s", "P", 3); e.Do != "press P in 3 s" || !reflect.DeepEqual(e.How, Sentence{Key: "press_x_in_x_s", Args: []any{"P", 3.0}}) {
		t.Errorf("%+v", e)
	}
}

func TestSentenceRefusesOtherShapes(t *testing.T) {
	for _, text := range []string{`[]`, `{"key":1}`, `{"key":"a","args":[[1]]}`, `{"key":"a","args":[{"words":7}]}`, `{"key":"a","args":[{"key":"b","args":[[]]}]}`} {
		var s Sentence
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s was read as %+v", text, s)
		}
	}
}
