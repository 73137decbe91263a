package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

const day = 24 * 3_600_000

// sealed is the stage, adjourned and sealed, so many days after the adjournment.
func sealed(t sessiontest.TB, days int64) *sessiontest.Log {
	l := adjourned(t)
	at := l.State.Timing.AdjournedAt
	do(t, l, organiser, "seal", nil)
	l.Now = max(l.Now, at.Add(days*day))
	return l
}

// TestRetentionIsDueOnceTheSessionIsSealed: at the day that the settings name,
// with the same request from every replica, and not again once it is done.
func TestRetentionIsDueOnceTheSessionIsSealed(t *testing.T) {
	set := retention.Settings{People: 30, Statements: 365}
	open := adjourned(t)
	if due := domain.RetentionDue(open.State, set); len(due) != 0 {
		t.Errorf("before the sealing %+v is due", due)
	}
	l := sealed(t, 0)
	at := l.State.Timing.AdjournedAt
	if due := domain.RetentionDue(l.State, retention.Settings{}); len(due) != 0 {
		t.Errorf("without settings %+v is due", due)
	}
	due := domain.RetentionDue(l.State, set)
	if len(due) != 2 || due[0].At != at.Add(30*day) || due[1].At != at.Add(365*day) || !due[0].Timer || !due[1].Timer {
		t.Fatalf("due is %+v", due)
	}
	if again := domain.RetentionDue(l.Refold(), set); again[0].Request.ID != due[0].Request.ID || due[0].Request.ID == due[1].Request.ID {
		t.Error("another replica would ask for something else, or both would be one")
	}
	// One ms early is refused, whoever's clock says otherwise.
	l.Now = at.Add(30*day - 1)
	first := due[0].Request
	if _, err := l.Do(events.Registry, domain.Decide, &first); !problem.Is(err, problem.WrongState) {
		t.Errorf("early: %v", err)
	}
	l.Now = at.Add(30 * day)
	decision, err := l.Do(events.Registry, domain.Decide, &first)
	if err != nil {
		t.Fatal(err)
	}
	if ended, ok := decision.Events[0].(*events.RetentionEnded); !ok || len(decision.Events) != 1 || *ended != (events.RetentionEnded{Kept: events.KeptPeople, Days: 30}) {
		t.Errorf("it decides %+v", decision.Events[0])
	}
	if left := domain.RetentionDue(l.State, set); len(left) != 1 || left[0].Request.ID != due[1].Request.ID {
		t.Errorf("afterwards %+v is due", left)
	}
	// A replica whose settings were changed meanwhile asks in vain.
	refuse(t, l, program, "end_retention", command.EndRetention{Kept: events.KeptPeople, Days: 7}, problem.Already, "")
	l.SameAgain()
}

// TestRetentionRefuses what nobody may ask for.
func TestRetentionRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		args  command.EndRetention
		code  problem.Code
		field string
	}{
		"no class":        {command.EndRetention{Days: 30}, problem.Invalid, "args.kept"},
		"another class":   {command.EndRetention{Kept: "the log", Days: 30}, problem.Invalid, "args.kept"},
		"at once":         {command.EndRetention{Kept: events.KeptPeople}, problem.Invalid, "args.days"},
		"sooner":          {command.EndRetention{Kept: events.KeptPeople, Days: 6}, problem.Invalid, "args.days"},
		"never":           {command.EndRetention{Kept: events.KeptPeople, Days: 36_501}, problem.Invalid, "args.days"},
		"before its days": {command.EndRetention{Kept: events.KeptTranscript, Days: 41}, problem.WrongState, ""},
	} {
		t.Run(name, func(t *testing.T) {
			refuse(t, sealed(t, 40), program, "end_retention", c.args, c.code, c.field)
		})
	}
	unsealed := adjourned(t)
	unsealed.Now = unsealed.Now.Add(40 * day)
	refuse(t, unsealed, program, "end_retention", command.EndRetention{Kept: events.KeptPeople, Days: 30}, problem.WrongState, "")
	if now := unsealed.Now; now < clock.Instant(40*day) {
		t.Fatal("the days did not pass, so nothing was tried")
	}
}
