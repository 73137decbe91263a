package ask

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Decode reads one JSON object strictly: unknown members, wrong types, text
// after the object and invalid text are refused with a problem that names the
// field. It never quotes more than 48 bytes of what it was given.
func Decode(data []byte, into any) error {
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	err := strict.Decode(into)
	if err == nil {
		if _, err := strict.Token(); !errors.Is(err, io.EOF) {
			return problem.New(problem.Malformed, "something stands after the object").Try("send one JSON object in each message")
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var own *problem.Error
	const unknown = "json: unknown field "
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &wrong):
		field := wrong.Field
		if field == "" {
			return problem.New(problem.Malformed, "the message is a JSON %s, not an object", wrong.Value).Try("send one JSON object in each message")
		}
		return problem.New(problem.Malformed, "%s is expected here, not %s", wrong.Type, wrong.Value).On(clip(field)).
			Try("send the type that /asyncapi.json names")
	case strings.HasPrefix(err.Error(), unknown):
		field := strings.TrimPrefix(err.Error(), unknown)
		if plain, err := strconv.Unquote(field); err == nil {
			field = plain
		}
		return problem.New(problem.Malformed, "there is no member of this name").On(clip(field)).
			Try("leave it out, or look for its name in /asyncapi.json")
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return problem.New(problem.Malformed, "the message is not JSON").Try("send one JSON object in each message")
	default:
		// A text that is no identifier; encoding/json does not say where it stood.
		return problem.New(problem.Malformed, "a value cannot be read: %s", clip(err.Error())).On(misread(data, into)).
			Try("send identifiers as UUIDs in lower case, as /asyncapi.json says")
	}
}

// misread finds the first member whose value alone cannot be read, so that the
// problem can name it.
func misread(data []byte, into any) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return ""
	}
	for name, value := range members {
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err == nil && json.Unmarshal(one, into) != nil {
			return clip(name)
		}
	}
	return ""
}

// clip bounds what is repeated of a client's text, and keeps it valid.
func clip(text string) string {
	const most = 48
	if len(text) > most {
		text = text[:most]
	}
	return strings.ToValidUTF8(text, "?")
}
