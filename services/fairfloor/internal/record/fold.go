package record

import (
	"encoding/json"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// commit is a commit with its place in the log.
type commit struct {
	*events.Commit
	subject string
	context events.Context
	meta    session.Meta
}

// read parses the lines of a log.
func read(lines []proof.Line) ([]*commit, error) {
	all := make([]*commit, 0, len(lines))
	for i, line := range lines {
		c, _, err := events.ParseSubject(line.Subject)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		var parsed events.Commit
		if err := json.Unmarshal([]byte(line.Body), &parsed); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		all = append(all, &commit{&parsed, line.Subject, c, session.Meta{Context: c, Sequence: line.Seq, Hash: events.HashBody([]byte(line.Body))}})
	}
	return all, nil
}

// replay folds commits into a new state.
func replay(commits []*commit) (*session.State, error) {
	if len(commits) == 0 {
		return nil, fmt.Errorf("the log is empty")
	}
	_, id, err := events.ParseSubject(commits[0].subject)
	if err != nil {
		return nil, err
	}
	s := session.New(id)
	for _, c := range commits {
		if err := s.Apply(c.Commit, c.meta); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// fold reads and folds a whole log.
func fold(lines []proof.Line) (*session.State, []*commit, error) {
	commits, err := read(lines)
	if err != nil {
		return nil, nil, err
	}
	s, err := replay(commits)
	return s, commits, err
}
