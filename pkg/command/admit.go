package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// MaxArgs is the most bytes that a command's arguments may have: an import of
// 2,000 rows fits.
const MaxArgs = 1 << 20

// Admit checks what the table says of a request, before any state is looked
// at: that the verb exists in this context, that one of the actor's roles may
// use it, that a reason came with it where one must, and the size. A service
// asks this itself, whatever the gateway has checked: permissions hold where
// the log is written.
func Admit(r *Request, c events.Context) (Verb, error) {
	v, ok := Lookup(r.Verb)
	if !ok || v.Context != c {
		return v, problem.New(problem.NotFound, "there is no command %q for %s", clip(r.Verb), c).
			On("verb").Try("use one of the commands that the API's document lists")
	}
	if !v.Allows(r.Actor.Roles) {
		return v, problem.New(problem.Forbidden, "%s is for %s; you act as %s", v.Name, list(v.Roles), list(r.Actor.Roles)).
			On("verb").Try("ask somebody with one of these roles to do it")
	}
	if v.Reason && r.Reason == nil && !r.Actor.Has(events.System) {
		return v, problem.Field("reason", "%s needs a reason, which is logged and shown", v.Name).Try("send a text in reason")
	}
	if len(r.Args) > MaxArgs {
		return v, problem.New(problem.TooLarge, "the arguments have %d bytes; at most %d are read", len(r.Args), MaxArgs).
			On("args").Try("send less at once")
	}
	return v, nil
}

// list writes roles as people say them.
func list(roles []events.Role) problem.Words {
	if len(roles) == 0 {
		return problem.Words{"nobody"}
	}
	said := make(problem.Words, 0, len(roles))
	for _, r := range roles {
		if r != events.System {
			said = append(said, strings.ReplaceAll(string(r), "_", "-"))
		}
	}
	if len(said) == 0 {
		return problem.Words{"the program itself"}
	}
	return said
}

// Read reads the arguments strictly: an unknown member, a wrong type or more
// than one value is a refusal that names the field. No arguments at all leave
// into as it is.
func (r *Request) Read(into any) error {
	if len(bytes.TrimSpace(r.Args)) == 0 {
		return nil
	}
	strict := json.NewDecoder(bytes.NewReader(r.Args))
	strict.DisallowUnknownFields()
	err := strict.Decode(into)
	if err == nil {
		if _, err = strict.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return problem.New(problem.Malformed, "something stands after the arguments' object").On("args").
			Try("send one JSON object")
	}
	const unknown = "json: unknown field "
	var wrong *json.UnmarshalTypeError
	switch {
	case strings.HasPrefix(err.Error(), unknown):
		field := strings.Trim(strings.TrimPrefix(err.Error(), unknown), `"`)
		return problem.New(problem.Malformed, "%s has no argument %q", r.Verb, clip(field)).On("args." + clip(field)).
			Try("leave it out, or look for its name in the API's document")
	case errors.As(err, &wrong):
		return problem.New(problem.Malformed, "%s is expected here, not %s", wrong.Type, wrong.Value).
			On(strings.TrimSuffix("args."+wrong.Field, ".")).Try("send the type that the API's document names")
	default:
		return problem.New(problem.Malformed, "the arguments cannot be read: %s", clip(err.Error())).On("args").
			Try("send one JSON object with the arguments that the API's document names")
	}
}

// clip bounds what a refusal repeats of a caller's text.
func clip(text string) string {
	const most = 120
	if len(text) > most {
		return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return strings.ToValidUTF8(text, "")
}
