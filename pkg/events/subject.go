package events

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Shards is the number of streams over which sessions are spread (decisions.md 2).
const Shards = 8

// Subject is where a context writes the facts of one session.
func Subject(c Context, s ids.Session) string { return "evt." + string(c) + "." + s.String() }

// ConsultationSubject is where the registry writes the facts of a consultation.
// It shares the form of a session's subject: a UUID names either.
func ConsultationSubject(c ids.Consultation) string { return "evt.registry." + c.String() }

// CommandSubject is where the commands of a verb are served.
func CommandSubject(c Context, s ids.Session, verb string) string {
	return "cmd." + string(c) + "." + s.String() + "." + verb
}

// ParseSubject gives the context and session of a subject "evt.<context>.<session>".
func ParseSubject(subject string) (Context, ids.Session, error) {
	fields := strings.Split(subject, ".")
	if len(fields) < 3 || fields[0] != "evt" {
		return "", ids.Session{}, fmt.Errorf("subject %q is not evt.<context>.<session>", subject)
	}
	s, err := ids.Parse[ids.Session](fields[2])
	if err != nil {
		return "", ids.Session{}, fmt.Errorf("subject %q: %w", subject, err)
	}
	if s.IsZero() {
		return "", ids.Session{}, fmt.Errorf("subject %q names no session", subject)
	}
	return Context(fields[1]), s, nil
}

// Shard gives the number of the stream that holds a session, 0 to Shards-1.
func Shard(s ids.Session) int {
	h := fnv.New32a()
	raw := s.Bytes()
	_, _ = h.Write(raw[:])
	return int(h.Sum32() % Shards)
}

// Stream is the name of the stream that holds a session. Growth (another
// tenant, another year) changes this function and nothing else.
func Stream(s ids.Session) string { return ShardStream(Shard(s)) }

// ShardStream is the name of one of the eight streams.
func ShardStream(shard int) string { return fmt.Sprintf("SESSIONS_main_%d_%d", Year, shard) }

// Year is in the streams' names so that retention is the dropping of a whole stream.
const Year = 2026
