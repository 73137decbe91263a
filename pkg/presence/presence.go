// Package presence says who has an open connection to a session, across all
// gateways. It colours a dot and nothing else: allotments know presence from
// the log alone (decisions.md 17).
//
// Guarantee: a connection is present from its first Hold until its Leave, or
// until Lease has passed since its last Hold. A Leave that comes late removes
// that one connection and no other of the same person. A store that cannot tell
// answers with an error, which is shown as "unknown", never as "away". Times
// are I/O time.
package presence

import (
	"context"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Lease is how long a connection counts without being renewed; Renewal is how
// often a gateway renews those that are open.
const (
	Lease   = 15 * time.Second
	Renewal = 5 * time.Second
)

// Member is one open connection.
type Member struct {
	// Connection is unique among all connections of all gateways, ever.
	Connection string
	// Applicant is whom the connection's delegate speaks for; zero for everybody else.
	Applicant ids.Applicant
	// Entry is set when the token is good for one entry alone.
	Entry ids.Entry
}

// Who is who is there.
type Who struct {
	// Applicants and Entries count the open connections of delegates; one that
	// is limited to an entry counts under the entry only.
	Applicants map[ids.Applicant]int
	Entries    map[ids.Entry]int
	// Others counts the connections of everybody else.
	Others int
}

// Store holds the open connections. Implementations are safe for concurrent
// use and pass presencetest.Run.
type Store interface {
	// Hold notes that connections are open, or still open.
	Hold(ctx context.Context, s ids.Session, members ...Member) error
	// Leave notes that one connection was closed; an unknown one is no error.
	Leave(ctx context.Context, s ids.Session, connection string) error
	// Who gives who is there now.
	Who(ctx context.Context, s ids.Session) (Who, error)
}

// Add counts a member.
func (w *Who) Add(m Member) {
	switch {
	case !m.Entry.IsZero():
		if w.Entries == nil {
			w.Entries = map[ids.Entry]int{}
		}
		w.Entries[m.Entry]++
	case !m.Applicant.IsZero():
		if w.Applicants == nil {
			w.Applicants = map[ids.Applicant]int{}
		}
		w.Applicants[m.Applicant]++
	default:
		w.Others++
	}
}
