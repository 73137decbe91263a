package eventlog

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Refusal says why nothing is answered about a session and nothing written to it.
type Refusal struct {
	Session ids.Session
	// Subject is the subject that failed its check.
	Subject string
	// Good is the last commit of the subject that checks; its Version is 0 when none does.
	Good Head
	// Lost is set when it is not a check that failed: the server itself lost a record.
	Lost bool
	// Missing says what is not there or not right, in a sentence without the subject.
	Missing string
}

// Error names the subject, the last good version and what is missing.
func (r *Refusal) Error() string {
	if r.Lost {
		return fmt.Sprintf("%s: %s", r.Subject, r.Missing)
	}
	if r.Good.Version == 0 {
		return fmt.Sprintf("%s: no version of it checks; %s", r.Subject, r.Missing)
	}
	return fmt.Sprintf("%s: version %d (sequence %d) is the last good one; %s", r.Subject, r.Good.Version, r.Good.Sequence, r.Missing)
}

// Problem is the answer to a client.
func (r *Refusal) Problem() *problem.Error {
	return problem.New(problem.Refused, "%s", r.Error()).
		Try("tell the operator: the store must be restored from a copy or from another node; nothing is written to this session meanwhile")
}

// Refusal gives the refusal of a session, or nil when its log checks. Whoever
// answers about a session asks it first.
func (l *Log) Refusal(s ids.Session) *problem.Error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if r := l.refusals[s]; r != nil {
		return r.Problem()
	}
	if reason, lost := l.lost[events.Stream(s)]; lost {
		return problem.New(problem.Refused, "stream %s, which holds this session, cannot be used: %s", events.Stream(s), reason).
			Try("tell the operator: the store must be restored from a copy or from another node")
	}
	return nil
}

// Refusals lists the refused sessions in order.
func (l *Log) Refusals() []Refusal {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := make([]Refusal, 0, len(l.refusals))
	for _, r := range l.refusals {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b Refusal) int { return a.Session.Compare(b.Session) })
	return all
}

// Refuse stops a session. The first reason stands: what follows is its consequence.
func (l *Log) Refuse(r Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusals[r.Session] != nil {
		return
	}
	l.refusals[r.Session] = &r
	l.metrics.refused.Set(float64(len(l.refusals)))
	l.log.Error("session refused", "session", r.Session, "subject", r.Subject, "error", r.Error())
}
