package telemetry

import (
	"encoding"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// maxText is the longest text of a log line's attribute, in bytes.
const maxText = 300

// rule says what a key's text may be.
type rule int

// The rules. Numbers, durations, times and truth values pass under each.
const (
	// uuid takes an identifier, which tells nothing by itself.
	uuid rule = iota + 1
	// word takes up to 200 characters without white space: subjects, verbs, codes, addresses.
	word
	// sentence takes a text that the program or a library wrote, cut to maxText.
	sentence
)

// rules is the allow-list of attribute keys, for log lines and for traces. A
// name of a person has no key here, and cannot pass under one of an identifier.
var rules = map[string]rule{
	// The things of the table of terms.
	"consultation": uuid, "session": uuid, "part": uuid, "applicant": uuid, "person": uuid, "entry": uuid, "turn": uuid,
	"command": uuid, "invitation": uuid, "text": uuid, "note": uuid, "swap": uuid, "prompt": uuid, "id": uuid,
	// What happened to them.
	"actor": word, "role": word, "audience": word, "context": word, "verb": word, "type": word, "outcome": word, "code": word,
	"field": word, "reason": word, "state": word, "kind": word, "track": word, "language": word, "key": word,
	// The log and its servers.
	"subject": word, "stream": word, "incarnation": word, "hash": word, "consumer": word, "server": word, "seq": word,
	"sequence": word, "sequences": word, "subjects": word, "sessions": word, "first": word, "last": word, "position": word,
	"follower": word, "client": word, "cursor": word, "lines": word, "keys": word, "unreadable": word, "ahead": word,
	"version": word, "expected": word, "got": word, "shard": word, "replicas": word, "kid": word,
	// The process and the network.
	"service": word, "component": word, "instance": word, "addr": word, "remote": word, "method": word, "route": word,
	"status": word, "path": word, "file": word, "folder": word, "url": word, "signal": word, "pid": word, "build": word, "go": word,
	"trace_id": word, "span_id": word, "connection": word,
	// Figures.
	"count": word, "n": word, "size": word, "limit": word, "attempt": word, "took": word, "wait": word, "offset_ms": word,
	"at": word, "due": word, "since": word, "until": word, "free": word, "speed": word, "dropped_attrs": word,
	// Faults, in the program's or a library's words; see errorText.
	"err": sentence, "error": sentence, "hint": sentence, "done": sentence,
	// OpenTelemetry's names of the same (semantic conventions 1.x).
	"service.name": word, "service.version": word, "service.instance.id": word,
	"http.request.method": word, "http.route": word, "http.response.status_code": word,
	"messaging.system": word, "messaging.destination.name": word, "messaging.operation.name": word, "messaging.message.id": word,
	"error.type": word, "exception.type": word,
}

// allowed reports whether text may be written under a rule, and as what.
func (r rule) allowed(text string) (string, bool) {
	switch r {
	case uuid:
		_, err := ids.Parse[ids.Command](text)
		return text, err == nil
	case word:
		return text, len(text) <= 200 && utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7F || c == 0xA0 })
	case sentence:
		return clip(text), true
	default:
		return "", false
	}
}

// clip cuts a text at a character's border.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// valueText gives what may be written of a value that is neither text nor
// number: an identifier's text form, an error, or else its type's name, since a
// structure may hold anything.
func (r rule) valueText(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case error:
		if r != sentence {
			return "", false
		}
		return errorText(v), true
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return "", false
		}
		return r.allowed(string(text))
	default:
		return fmt.Sprintf("(%T)", value), true
	}
}

// errorText gives the words of an error. A refusal of what a client sent may
// quote it, so only its code and field are written; what is our own fault is
// written in full, because somebody must find the cause.
func errorText(err error) string {
	var refusal *problem.Error
	if errors.As(err, &refusal) && refusal.Status() < 500 {
		return strings.TrimSpace(string(refusal.Code) + " " + refusal.Field)
	}
	return clip(err.Error())
}
