// Package proof checks an exported log and kept receipts against each other,
// without trusting the server that they came from.
//
// Guarantee: a changed, missing, doubled or reordered commit is named by
// subject and version; a receipt that the session's key signed and that the log
// does not hold (a fork, or a missing act) is named by its command. A log and a
// receipt from two different histories never both pass (event-log.md 16).
package proof

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Line is one exported commit: the stored body, byte for byte as it is hashed.
type Line struct {
	Subject string `json:"subject"`
	Seq     uint64 `json:"seq"`
	Body    string `json:"body"`
}

// Log is an exported log of one session.
type Log struct{ Lines []Line }

// maxLine bounds one line: a commit of an import of 2,000 rows has some 600 kB.
const maxLine = 8 << 20

// ReadLog reads an export (NDJSON, one Line a line).
func ReadLog(r io.Reader) (*Log, error) {
	log := &Log{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	for n := 1; scanner.Scan(); n++ {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var line Line
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil || line.Subject == "" || line.Body == "" {
			return nil, fmt.Errorf("line %d is not a commit of an exported log", n)
		}
		log.Lines = append(log.Lines, line)
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	if len(log.Lines) == 0 {
		return nil, errors.New("the log is empty")
	}
	return log, nil
}

// Finding is one thing that does not check.
type Finding struct {
	// Subject and Version name a commit, Command a receipt.
	Subject string
	Version uint64
	Command string
	What    string
}

// String says it in a line.
func (f Finding) String() string {
	if f.Command != "" {
		return fmt.Sprintf("receipt of command %s: %s", f.Command, f.What)
	}
	return fmt.Sprintf("%s version %d: %s", f.Subject, f.Version, f.What)
}

// place is where a commit stands.
type place struct {
	subject string
	version uint64
}

// Check gives what does not check, nothing when all does. publicKey is the
// session's key as somebody was given it (base64url); empty takes the log's own,
// which proves less: whoever makes two logs can make two keys.
func Check(log *Log, receipts []command.Receipt, publicKey string) []Finding {
	var findings []Finding
	hashes := map[place]events.Hash{}
	commits := map[place]*events.Commit{}
	var state *session.State
	var last uint64
	for _, line := range log.Lines {
		c, s, err := events.ParseSubject(line.Subject)
		if err != nil {
			findings = append(findings, Finding{Subject: line.Subject, What: err.Error()})
			continue
		}
		if state == nil {
			state = session.New(s)
		}
		if s != state.ID {
			findings = append(findings, Finding{Subject: line.Subject, What: "is not of the session that the log began with"})
			continue
		}
		var commit events.Commit
		if err := json.Unmarshal([]byte(line.Body), &commit); err != nil {
			findings = append(findings, Finding{Subject: line.Subject, Version: state.Heads[c].Version + 1, What: "cannot be read: " + err.Error()})
			continue
		}
		at := place{line.Subject, commit.Version}
		if line.Seq <= last {
			findings = append(findings, Finding{Subject: at.subject, Version: at.version, What: fmt.Sprintf("stream sequence %d follows %d", line.Seq, last)})
		}
		last = line.Seq
		hash := events.HashBody([]byte(line.Body))
		if err := state.Apply(&commit, session.Meta{Context: c, Sequence: line.Seq, Hash: hash}); err != nil {
			findings = append(findings, Finding{Subject: at.subject, Version: at.version, What: err.Error()})
			continue
		}
		hashes[at], commits[at] = hash, &commit
	}
	if state == nil {
		return append(findings, Finding{What: "the log names no session"})
	}
	if publicKey == "" {
		publicKey = state.Registry.PublicKey
	} else if publicKey != state.Registry.PublicKey {
		findings = append(findings, Finding{Subject: events.Subject(events.Registry, state.ID), Version: 1, What: "the log names another signing key than the one given"})
	}
	return append(findings, checkReceipts(receipts, publicKey, hashes, commits)...)
}

func checkReceipts(receipts []command.Receipt, publicKey string, hashes map[place]events.Hash, commits map[place]*events.Commit) []Finding {
	var findings []Finding
	key, err := keys.ParsePublic(publicKey)
	if err != nil {
		return []Finding{{What: "the session's public key cannot be read: " + err.Error()}}
	}
	for i := range receipts {
		r := &receipts[i]
		say := func(what string, args ...any) {
			findings = append(findings, Finding{Command: r.CommandID.String(), What: fmt.Sprintf(what, args...)})
		}
		at := place{r.Subject, r.Version}
		switch hash, known := hashes[at]; {
		case !r.Verify(key):
			say("its signature is not the session's: it proves nothing")
		case !known:
			say("the log does not hold %s version %d, which this receipt acknowledged: an act is missing", r.Subject, r.Version)
		case hash != r.Hash:
			say("the log holds another commit as %s version %d than this receipt acknowledged: the log was forked", r.Subject, r.Version)
		case commits[at].Command != r.CommandID:
			say("%s version %d is another command's", r.Subject, r.Version)
		}
	}
	return findings
}
