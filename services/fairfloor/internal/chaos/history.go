package chaos

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// Outcome is what a client knows of a command in the end.
type Outcome string

// The outcomes. Of an unknown one the client heard nothing before it gave up: it
// may have happened, or not.
const (
	Acknowledged Outcome = "acknowledged"
	Refused      Outcome = "refused"
	Unknown      Outcome = "unknown"
)

// Command is one command as its client saw it. Times are since the run began, by
// this process's monotonic clock.
type Command struct {
	Client string
	Verb   string
	ID     ids.Command
	Call   time.Duration
	Return time.Duration
	// Outcome says which of the following is set.
	Outcome Outcome
	// Receipts has one receipt, or two where the same command was sent over both
	// gateways at once.
	Receipts []command.Receipt
	Refusal  problem.Code
	// Probe marks the commands that measure how soon a fault is over.
	Probe bool
}

// Read is a reading of the stored log: where each subject stood.
type Read struct {
	Client       string
	Call, Return time.Duration
	Heads        map[string]Head
}

// Head is where a subject stands.
type Head struct {
	Version uint64
	Hash    events.Hash
}

// Sight is whom a client saw with the floor, as of a log position.
type Sight struct {
	Client string
	Seq    uint64
	// Turn is the one in Floor; Running are all turns that the view shows as given
	// and not ended.
	Turn    ids.Turn
	Running []ids.Turn
}

// Ending is how a client stood in the end.
type Ending struct {
	Client   string
	Audience api.Audience
	Seq      uint64
	// View is the client's own, with sorted keys; clients with the same view share it.
	View []byte
	// Stopped says that it gave up and would need a reload; Why is the reason.
	Stopped bool
	Why     string
}

// Key names a log subject's version.
type key struct {
	subject string
	version uint64
}

// History is everything that was seen of one session, and its log afterwards.
type History struct {
	Session   ids.Session
	PublicKey string
	Commands  []Command
	Reads     []Read
	Sights    []Sight
	Endings   []Ending
	Log       *proof.Log
	// Strict says that a reading had to hold everything acknowledged before it
	// began. A leader that is cut off or paused may, for a moment, not know that it is
	// one no more; a decision made there is caught by its guard, a reading is not.
	Strict bool
}

// stored is a line of the log, read.
type stored struct {
	proof.Line
	commit  events.Commit
	context events.Context
	hash    events.Hash
}

// read decodes the log; a line that cannot be read is an error.
func (h *History) read() ([]stored, error) {
	out := make([]stored, 0, len(h.Log.Lines))
	for i, line := range h.Log.Lines {
		s := stored{Line: line, hash: events.HashBody([]byte(line.Body))}
		var err error
		if s.context, _, err = events.ParseSubject(line.Subject); err != nil {
			return nil, fmt.Errorf("line %d of the log: %w", i+1, err)
		}
		if err := json.Unmarshal([]byte(line.Body), &s.commit); err != nil {
			return nil, fmt.Errorf("line %d of the log: %w", i+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}
