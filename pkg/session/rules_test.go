package session_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// "Gavel, soft, hard: modalities, may differ by category."
func TestWhatHappensAtTheLimitMayDifferByCategory(t *testing.T) {
	l, all := december(t, 3)
	for i, want := range []events.LimitMode{events.Gavel, events.Gavel, events.Gavel} {
		if got := l.State.LimitMode(l.State.Queue.Entries[all[i]]); got != want {
			t.Errorf("without limits of their own: %s", got)
		}
	}
	m := &l.State.Registry.Modalities
	m.Limit, m.Limits = events.Hard, map[string]events.LimitMode{"state": events.Soft}
	// Every third applicant, from the first, is a State.
	for i, want := range []events.LimitMode{events.Soft, events.Hard, events.Hard} {
		if got := l.State.LimitMode(l.State.Queue.Entries[all[i]]); got != want {
			t.Errorf("applicant %d: %s, want %s", i, got, want)
		}
	}
	if got := l.State.LimitMode(nil); got != events.Hard {
		t.Errorf("nobody in particular: %s", got)
	}
}

// spent appends a whole turn of an entry.
func spent(l *sessiontest.Log, id ids.Entry, ms int64) {
	turn := ids.Named[ids.Turn](id, "turn")
	queue(l, &events.FloorGiven{Turn: turn, Entry: id, GivenAt: l.Now, Act: l.Command()})
	timing(l, &events.TurnOpened{Turn: turn, AllottedMS: ms})
	begun := l.Now
	queue(l, &events.TurnBegun{Turn: turn, BegunAt: begun, Basis: events.ByChair})
	l.Now = begun.Add(ms)
	queue(l, &events.TurnEnded{Turn: turn, EndedAt: l.Now, How: events.Ended, Act: l.Command()})
}

// "Group caps and per-group budgets: fill; a group over its cap is filled alone
// at the cap and frozen; refill the rest."
func TestAGroupsBudgetIsFilledAloneAndTheRestRefilled(t *testing.T) {
	for _, mode := range []string{"individual", "uniform"} {
		free, all := grouped(t, 40)
		present(free, all)
		free.State.Registry.Modalities.Allotment = mode
		closed(free)
		capped, all := grouped(t, 40)
		present(capped, all)
		capped.State.Registry.Modalities.Allotment = mode
		// 20 of 40 are of civil society: 65 s each.
		capped.State.Registry.Modalities.GroupBudgetsMS = map[string]int64{"civil_society": 1_300_000}
		a := closed(capped)
		if mode == "uniform" {
			raised := capped.State.Raising(sessiontest.Item, plan(capped).RaiseToMS, false, capped.Now)
			timing(capped, &raised)
		}
		sum := func(l *sessiontest.Log) (own, others, n int64) {
			for _, e := range plan(l).Entries {
				if l.State.Registry.Applicants[l.State.Queue.Entries[e.Entry].Applicant].Group == "civil_society" {
					own += e.AllotmentMS
					n++
				} else {
					others += e.AllotmentMS
				}
			}
			return own, others, n
		}
		own, others, n := sum(capped)
		_, before, _ := sum(free)
		if own > 1_300_000 || own < 1_300_000-n*1_000 {
			t.Errorf("%s: the group of %d is offered %d ms together, its budget is 1,300 s", mode, n, own)
		}
		if others <= before {
			t.Errorf("%s: what the budget leaves over is not the others': %d ms, %d without", mode, others, before)
		}
		for _, e := range plan(capped).Entries {
			if e.AllotmentMS < e.GuaranteeMS || a.GuaranteeMS == 0 {
				t.Errorf("%s: a budget took a promise of %d ms back: %d", mode, e.GuaranteeMS, e.AllotmentMS)
			}
		}
		// What was used is taken off the budget.
		capped.Now = capped.State.Registry.PlannedStart
		capped.StartAt(sessiontest.Item)
		capped.Now = capped.Now.Add(195_000)
		spent(capped, all[0], 65_000)
		if left, _, n := sum(capped); left > 1_300_000-65_000 || n != 19 && n != 20 {
			t.Errorf("%s: %d of the group are offered %d ms of 1,235 s that are left", mode, n, left)
		}
	}
}

func TestLimitsAndBudgetsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*events.Modalities)
		field  string
	}{
		"a mode that is none":  {func(m *events.Modalities) { m.Limits = map[string]events.LimitMode{"state": "loud"} }, "limits.state"},
		"a category twice":     {func(m *events.Modalities) { m.Limits = map[string]events.LimitMode{"state": "soft", "State": "hard"} }, "limits."},
		"no category":          {func(m *events.Modalities) { m.Limits = map[string]events.LimitMode{" ": "soft"} }, "limits."},
		"a negative budget":    {func(m *events.Modalities) { m.GroupBudgetsMS = map[string]int64{"academia": -1} }, "group_budgets_ms.academia"},
		"a budget beyond days": {func(m *events.Modalities) { m.GroupBudgetsMS = map[string]int64{"academia": 1 << 40} }, "group_budgets_ms.academia"},
		"a group twice":        {func(m *events.Modalities) { m.GroupBudgetsMS = map[string]int64{"a": 1, "A ": 2} }, "group_budgets_ms."},
	} {
		t.Run(name, func(t *testing.T) {
			m := session.DefaultModalities()
			c.change(&m)
			_, err := session.CheckModalities(m)
			var p *problem.Error
			if !errors.As(err, &p) || !strings.HasPrefix(p.Field, "args.modalities."+c.field) || p.Do == "" {
				t.Errorf("%v (%+v), want a field that begins with %s", err, p, c.field)
			}
		})
	}
	m := session.DefaultModalities()
	m.Limits, m.GroupBudgetsMS, m.Strict = map[string]events.LimitMode{" State ": events.Soft}, map[string]int64{"Civil  Society": 60_000}, true
	clean, err := session.CheckModalities(m)
	if err != nil || clean.Limits["state"] != events.Soft || clean.GroupBudgetsMS["civil society"] != 60_000 || !clean.Strict {
		t.Errorf("%+v, %v", clean, err)
	}
}
