package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
)

// TestWhileApplying: the slot that fits now, with one more, the minutes
// missing, for the case of 16 December 2021.
func TestWhileApplying(t *testing.T) {
	for _, c := range []struct {
		applicants, minutes int64
		fits                bool
		slot, oneMore       int64 // seconds
		guaranteed, most    int64
		missing             int64 // minutes, rounded down
	}{
		{53, 90, true, 84, 82, 60, 58, 31},
		{58, 90, true, 75, 74, 55, 58, 42},
		{59, 90, false, 74, 73, 55, 58, 44},
		{75, 90, false, 56, 55, 35, 58, 79},
		{1, 90, true, 5029, 2509, 1610, 58, 0},
		{0, 90, true, 5040, 5029, 0, 58, 0},
		{5, 4, false, 0, 0, 0, 0, 12},
	} {
		t.Run(fmt.Sprintf("%d in %d minutes", c.applicants, c.minutes), func(t *testing.T) {
			a, err := plan.Plan(plan.NewQuestion(c.applicants, c.minutes*60_000))
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(a.Fits, a.SlotMS/1000, a.SlotWithOneMoreMS/1000, a.GuaranteedMS/1000, a.Most, a.MissingMS/60_000)
			want := fmt.Sprint(c.fits, c.slot, c.oneMore, c.guaranteed, c.most, c.missing)
			if got != want {
				t.Errorf("fits, slot, with one more, guaranteed, most, missing: %s, want %s", got, want)
			}
			if (len(a.Ladder) == 0) != a.Fits {
				t.Errorf("fits %v with a ladder of %d rungs", a.Fits, len(a.Ladder))
			}
		})
	}
}

// TestEachRungDoesWhatItSays: taking its advice, the plan fits.
func TestEachRungDoesWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := plan.NewQuestion(rapid.Int64Range(1, 400).Draw(t, "n"), rapid.Int64Range(10, 300).Draw(t, "minutes")*60_000)
		q.MinimumMS = rapid.Int64Range(1, 60).Draw(t, "minimum") * 5_000
		half := q.Applicants / 3
		q.Groups = []apportion.Group{{Name: "a", Votes: half}, {Name: "b", Votes: q.Applicants - half}}
		a, err := plan.Plan(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range a.Ladder {
			if r.Heard+r.SetAside != q.Applicants || r.Heard < 0 || r.SetAside < 0 {
				t.Fatalf("%s: %d heard, %d set aside of %d", r.Kind, r.Heard, r.SetAside, q.Applicants)
			}
			if r.Fits && r.Heard+r.SetAside > 0 && r.SlotMS < r.MinimumMS {
				t.Fatalf("%s: everybody is heard with a slot of %d below the minimum %d", r.Kind, r.SlotMS, r.MinimumMS)
			}
			changed := q
			switch r.Kind {
			case plan.LowerMinimum:
				changed.MinimumMS, changed.Applicants, changed.Groups = r.MinimumMS, r.Heard, nil
			case plan.Extend:
				changed.LengthMS += r.ExtendMS
			case plan.UseReserves:
				changed.ReserveMS, changed.Applicants, changed.Groups = 0, r.Heard, nil
			default:
				changed.Applicants, changed.Groups = r.Heard, nil
			}
			if changed.LengthMS > 24*3_600_000 {
				continue
			}
			if then, err := plan.Plan(changed); err != nil || !then.Fits {
				t.Fatalf("%s: with it %+v, %v", r.Kind, then, err)
			}
			if r.Seats != nil && int64(r.Seats[0]+r.Seats[1]) != r.Heard {
				t.Fatalf("%s: %v seats for %d", r.Kind, r.Seats, r.Heard)
			}
		}
	})
}

func TestBadQuestionsAreRefused(t *testing.T) {
	for field, change := range map[string]func(*plan.Question){
		"applicants": func(q *plan.Question) { q.Applicants = -1 },
		"minutes":    func(q *plan.Question) { q.LengthMS = 0 },
		"minimum":    func(q *plan.Question) { q.MinimumMS = -1 },
		"wanted":     func(q *plan.Question) { q.WantedMS = 1<<63 - 1 },
		"closing":    func(q *plan.Question) { q.ClosingMS = 90_000_000 },
		"groups":     func(q *plan.Question) { q.Groups = []apportion.Group{{Name: "a", Votes: 5}} },
	} {
		q := plan.NewQuestion(53, 5_400_000)
		change(&q)
		if _, err := plan.Plan(q); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("answer %v does not name %s", err, field)
		}
	}
}

// situation is a session before its start with so many on a closed list.
func situation(n int) (fairness.Situation, []string) {
	const start = int64(1_639_666_800_000)
	s := fairness.NewSituation(start, start, start+90*60_000)
	s.EarliestMS, s.LatestMS = start+195_000, start+240_000
	s.Mode, s.ListClosed, s.Reserve.Entries, s.MinimumMS = fairness.Individual, true, n, 45_000
	groups := make([]string, n)
	for i := range n {
		groups[i] = []string{"CS", "CS", "PS", "AC"}[i%4]
		s.Entries = append(s.Entries, fairness.Entry{ID: fmt.Sprint(i), Weight: 1, RequestMS: 180_000, ChancePPM: fairness.ChancePresent})
	}
	return s, groups
}

// TestAHundredTheLadderWithinASecond, never silence.
func TestAHundredTheLadderWithinASecond(t *testing.T) {
	s, groups := situation(100)
	began := time.Now()
	steps, err := plan.Ladder(s, groups)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	if len(steps) != 5 {
		t.Fatalf("%d rungs", len(steps))
	}
	for i, kind := range []plan.Kind{plan.LowerMinimum, plan.UseReserves, plan.Extend, plan.SecondSession, plan.Apportion} {
		step := steps[i]
		if step.Kind != kind {
			t.Fatalf("rung %d is %s, want %s", i, step.Kind, kind)
		}
		if len(step.Plan.Offers)+len(step.SetAside) != 100 {
			t.Errorf("%s: %d offers, %d set aside", kind, len(step.Plan.Offers), len(step.SetAside))
		}
		if kind != plan.UseReserves && !step.Plan.Fits {
			t.Errorf("%s: %d are not reached with it", kind, step.Plan.NotReached)
		}
	}
	if m := steps[0].MinimumMS; m <= 0 || m >= 45_000 || m%fairness.StepMS != 0 {
		t.Errorf("the minimum would be %d", m)
	}
	if x := steps[2].ExtendMS; x < 60_000 || x > 60*60_000 {
		t.Errorf("the extension would be %d", x)
	}
	if steps[4].CreditMS <= 0 {
		t.Error("those set aside carry no credit")
	}
	if !steps[3].Fits || steps[4].Fits {
		t.Errorf("a second session hears everybody: %v; a written statement does: %v", steps[3].Fits, steps[4].Fits)
	}
}

// TestApportionedPlacesAreProportional: those set aside are the last of each
// group, in proportion.
func TestApportionedPlacesAreProportional(t *testing.T) {
	s, groups := situation(100)
	steps, err := plan.Ladder(s, groups)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]int{}
	for _, o := range steps[4].Plan.Offers {
		var i int
		if _, err := fmt.Sscan(o.ID, &i); err != nil {
			t.Fatal(err)
		}
		kept[groups[i]]++
	}
	places := len(steps[4].Plan.Offers)
	for g, want := range map[string]int{"CS": places / 2, "PS": places / 4, "AC": places / 4} {
		if d := kept[g] - want; d < -1 || d > 1 {
			t.Errorf("%s has %d of %d places", g, kept[g], places)
		}
	}
	for k := 1; k < len(steps[4].SetAside); k++ {
		if steps[4].SetAside[k] <= steps[4].SetAside[k-1] {
			t.Fatal("those set aside are not in the order of the list")
		}
	}
}

// TestNoLadderWhenEverybodyFits, and one for those whose time has run out.
func TestNoLadderWhenEverybodyFits(t *testing.T) {
	s, groups := situation(53)
	if steps, err := plan.Ladder(s, groups); err != nil || steps != nil {
		t.Errorf("%d rungs, %v", len(steps), err)
	}
	s.NowMS = s.HardEndMS
	steps, err := plan.Ladder(s, nil)
	if err != nil || len(steps) != 5 || !steps[2].Fits || steps[0].Fits {
		t.Errorf("at the end %d rungs, %v", len(steps), err)
	}
	s.MinimumMS = -1
	if _, err := plan.Ladder(s, nil); err == nil {
		t.Error("a bad situation was accepted")
	}
}

// TestTenThousandApplicantsGetALadder too.
func TestTenThousandApplicantsGetALadder(t *testing.T) {
	s, groups := situation(10_000)
	began := time.Now()
	steps, err := plan.Ladder(s, groups)
	if err != nil || len(steps) != 5 {
		t.Fatalf("%d rungs, %v", len(steps), err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
