package session_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// listed appends n entries on a part's list.
func listed(l *sessiontest.Log, part ids.Part, n int) []ids.Entry {
	all := make([]ids.Entry, n)
	for i := range all {
		all[i] = sessiontest.ID[ids.Entry](part.String() + " entry " + string(rune('a'+i/26)) + string(rune('a'+i%26)))
		l.Append(events.Queue, sessiontest.Staff(events.Secretariat), "join", &events.EntryJoined{
			Entry: all[i], Part: part, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
		})
	}
	return all
}

func TestPlanOfFiftyThree(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(53, func(c *events.SessionCreated) { c.Parts = c.Parts[1:2]; c.Parts[0].Minutes = 90 })
	listed(l, sessiontest.Item, 53)
	v := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	if v.Fault != nil {
		t.Fatal(v.Fault)
	}
	t.Logf("%+v", v.Budget)
	v.Entries = v.Entries[:2]
	t.Logf("%+v", v)
}
