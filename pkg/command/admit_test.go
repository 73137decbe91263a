package command_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

func TestAdmitAllowsAndRefusesByTheTable(t *testing.T) {
	roles := append(events.Roles(), events.System)
	for _, v := range command.Verbs() {
		for _, role := range roles {
			r := &command.Request{Verb: v.Name, Actor: events.Actor{ID: "x", Roles: []events.Role{role}}, Reason: &events.NoteRef{}}
			_, err := command.Admit(r, v.Context)
			if allowed := v.Allows([]events.Role{role}); allowed != (err == nil) {
				t.Errorf("%s by %s: allowed is %t in the table, and Admit says %v", v.Name, role, allowed, err)
			}
			if err != nil && !problem.Is(err, problem.Forbidden) {
				t.Errorf("%s by %s is refused with %v", v.Name, role, err)
			}
		}
	}
}

func TestAdmitRefusals(t *testing.T) {
	chair := events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}
	cases := map[string]struct {
		r    command.Request
		code problem.Code
		on   string
	}{
		"no such verb":                {command.Request{Verb: "seize", Actor: chair}, problem.NotFound, "verb"},
		"a verb of another context":   {command.Request{Verb: "suspend", Actor: chair}, problem.NotFound, "verb"},
		"a verb that is not a word":   {command.Request{Verb: strings.Repeat("\xff", 4000), Actor: chair}, problem.NotFound, "verb"},
		"no role at all":              {command.Request{Verb: "next", Actor: events.Actor{ID: "x"}}, problem.Forbidden, "verb"},
		"a reason is missing":         {command.Request{Verb: "move", Actor: chair}, problem.Invalid, "reason"},
		"arguments beyond all bounds": {command.Request{Verb: "next", Actor: chair, Args: make([]byte, command.MaxArgs+1)}, problem.TooLarge, "args"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := command.Admit(&c.r, events.Queue)
			var p *problem.Error
			if !errors.As(err, &p) || p.Code != c.code || p.Field != c.on || p.Do == "" {
				t.Errorf("refused with %+v, not %s on %s with what to do", p, c.code, c.on)
			}
			if p != nil && len(p.Detail) > 400 {
				t.Errorf("the refusal repeats %d bytes of the caller's", len(p.Detail))
			}
		})
	}
}

func TestReadNamesTheFieldAtFault(t *testing.T) {
	cases := map[string]struct{ args, on string }{
		"not JSON":              {`{`, "args"},
		"a list":                {`[]`, "args"},
		"an unknown member":     {`{"parts":1}`, "args.parts"},
		"a number for a text":   {`{"kind":4}`, "args.kind"},
		"a text for a number":   {`{"requested_ms":"long"}`, "args.requested_ms"},
		"an id that is not one": {`{"part":"x"}`, "args"},
		"two objects":           {`{} {}`, "args"},
		"rubbish behind":        {`{}]`, "args"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var p *problem.Error
			err := (&command.Request{Verb: "join", Args: json.RawMessage(c.args)}).Read(&command.Join{})
			if !errors.As(err, &p) || p.Code != problem.Malformed || p.Field != c.on || p.Do == "" {
				t.Errorf("refused with %+v, not on %s", p, c.on)
			}
		})
	}
	for _, nothing := range []string{"", "  ", "{}", "null"} {
		if err := (&command.Request{Verb: "join", Args: json.RawMessage(nothing)}).Read(&command.Join{}); err != nil {
			t.Errorf("%q is refused: %v", nothing, err)
		}
	}
}

func TestReadNeverPanicsAndRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(command.Verbs()).Draw(t, "verb")
		_ = (&command.Request{Verb: v.Name, Args: rapid.SliceOf(rapid.Byte()).Draw(t, "args")}).Read(v.Args())
		empty, err := json.Marshal(v.Args())
		if err != nil {
			t.Fatal(err)
		}
		if err := (&command.Request{Verb: v.Name, Args: empty}).Read(v.Args()); err != nil {
			t.Fatalf("%s refuses its own empty arguments %s: %v", v.Name, empty, err)
		}
	})
}
