// Package record verifies a session's published record: it recomputes what was
// decided by rule and says what differs.
//
// Guarantee: Verify trusts no result that the record or the log states: it checks
// the hash chain, decides again every reaction and timer of queue and timing from
// the facts before it (allotments, guarantees, announcements, marks), folds the
// log anew, and compares turns, places and figures.
package record

import (
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/record"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The record itself is made by pkg/record.
type (
	// Record is what is published of a session.
	Record = record.Record
	commit = record.Commit
)

// Version is the version of the record's form.
const Version = record.Version

// Build makes the record of a log.
func Build(lines []proof.Line) (*Record, error) { return record.Build(lines) }

func read(lines []proof.Line) ([]*commit, error) { return record.Read(lines) }

func replay(commits []*commit) (*session.State, error) { return record.Replay(commits) }
