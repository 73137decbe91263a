package record

import (
	"encoding/json"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Commit is a commit with its place in the log.
type Commit struct {
	*events.Commit
	Subject string
	Context events.Context
	Meta    session.Meta
}

// Read parses the lines of a log.
func Read(lines []proof.Line) ([]*Commit, error) {
	all := make([]*Commit, 0, len(lines))
	for i, line := range lines {
		c, _, err := events.ParseSubject(line.Subject)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		var parsed events.Commit
		if err := json.Unmarshal([]byte(line.Body), &parsed); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		all = append(all, &Commit{&parsed, line.Subject, c, session.Meta{Context: c, Sequence: line.Seq, Hash: events.HashBody([]byte(line.Body))}})
	}
	return all, nil
}

// Replay folds commits into a new state.
func Replay(commits []*Commit) (*session.State, error) {
	if len(commits) == 0 {
		return nil, fmt.Errorf("the log is empty")
	}
	_, id, err := events.ParseSubject(commits[0].Subject)
	if err != nil {
		return nil, err
	}
	s := session.New(id)
	for _, c := range commits {
		if err := s.Apply(c.Commit, c.Meta); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// fold reads and folds a whole log.
func fold(lines []proof.Line) (*session.State, []*Commit, error) {
	commits, err := Read(lines)
	if err != nil {
		return nil, nil, err
	}
	s, err := Replay(commits)
	return s, commits, err
}
