package simulate_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
	"github.com/fairfloor/fairfloor/pkg/fairness/simulate"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// consultation is the default modalities: 53 in 90 minutes.
func consultation() simulate.Rules {
	return simulate.Rules{
		Order: order.SainteLague, Mode: fairness.Uniform, AtLimit: fairness.Gavel,
		MinimumMS: 60_000, MaximumMS: 300_000, GraceMS: 5_000, HandoverMostMS: 20_000,
		OpeningMS: 195_000, ClosingMS: 60_000, ReserveMS: 60_000, ReserveKeptMS: 45_000,
		Minutes: 90, Applicants: 53, AbsentShare: .075, Sessions: 10,
	}
}

func TestARehearsalOf53In90MinutesHearsEverybodyPresent(t *testing.T) {
	calls := 0
	r, err := simulate.Rehearse(context.Background(), consultation(), 1, func(_, of int) { calls++; _ = of })
	if err != nil {
		t.Fatal(err)
	}
	if r.Heard != r.Present || r.Applied != 53 || r.GuaranteeMS != 60_000 || r.ShortestMS < r.GuaranteeMS || calls != 10 {
		t.Errorf("%d of %d heard, promised %d ms, shortest %d ms, told %d times", r.Heard, r.Present, r.GuaranteeMS, r.ShortestMS, calls)
	}
	if r.Many.Sessions != 10 || r.Many.AllPresentHeard < .9 || r.Many.PromisesBroken != 0 {
		t.Errorf("many: %+v", r.Many)
	}
}

func TestAFixedAllotmentNeverAdaptsAndAnAdaptingOneDoes(t *testing.T) {
	fixed := consultation()
	fixed.Mode, fixed.AtLimit, fixed.Order = fairness.Fixed, fairness.Hard, order.FirstCome
	fixed.MinimumMS, fixed.MaximumMS = 180_000, 180_000
	r, err := simulate.Rehearse(context.Background(), fixed, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, turn := range r.Turns {
		if turn.OfferedMS != 180_000 {
			t.Errorf("place %d: %d ms", turn.Place, turn.OfferedMS)
		}
	}
	if r.Heard >= r.Present || len(r.Turns) != r.Heard {
		t.Errorf("three minutes each for %d in 90 minutes: %d heard", r.Present, r.Heard)
	}
	adapting, err := simulate.Rehearse(context.Background(), consultation(), 7, nil)
	if err != nil || adapting.Heard <= r.Heard {
		t.Errorf("adapting hears %d, fixed %d: %v", adapting.Heard, r.Heard, err)
	}
}

func TestWhatEndsTurnsIsWhatTheModalitiesSay(t *testing.T) {
	rules := consultation()
	cut := map[fairness.AtLimit]float64{}
	for _, limit := range []fairness.AtLimit{fairness.Soft, fairness.Gavel, fairness.Hard} {
		rules.AtLimit = limit
		r, err := simulate.Rehearse(context.Background(), rules, 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		cut[limit] = r.Many.CutShare
		for _, turn := range r.Turns {
			if limit == fairness.Hard && turn.UsedMS > turn.OfferedMS+rules.GraceMS {
				t.Errorf("hard: %d ms used of %d ms", turn.UsedMS, turn.OfferedMS)
			}
			if limit == fairness.Soft && turn.Cut {
				t.Errorf("soft: the turn at place %d was cut", turn.Place)
			}
		}
	}
	if cut[fairness.Soft] != 0 || cut[fairness.Gavel] == 0 || cut[fairness.Hard] < cut[fairness.Gavel] {
		t.Errorf("parts that were cut: %v", cut)
	}
}

func TestRoomAndRemoteSpeakInTurn(t *testing.T) {
	rules := consultation()
	rules.AbsentShare = 0
	same := func(rule order.Rule) (n int) {
		rules.Order = rule
		r, err := simulate.Rehearse(context.Background(), rules, 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		// When one side is through the other speaks to the end: that is not counted.
		last := len(r.Turns) - 1
		for last > 0 && r.Turns[last].Remote == r.Turns[last-1].Remote {
			last--
		}
		for i := 1; i <= last; i++ {
			if r.Turns[i].Remote == r.Turns[i-1].Remote {
				n++
			}
		}
		return n
	}
	if n := same(order.RoomRemote); n != 0 {
		t.Errorf("%d times the same side spoke twice running", n)
	}
	if n := same(order.FirstCome); n == 0 {
		t.Error("they alternate whatever the rule: the test is blind")
	}
}

func TestARehearsalIsAFunctionOfItsRulesAndSeedAndItsTurnsFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := consultation()
		rules.Sessions = 1
		rules.Applicants = rapid.IntRange(1, 80).Draw(t, "applicants")
		rules.Minutes = rapid.IntRange(10, 180).Draw(t, "minutes")
		rules.AbsentShare = rapid.Float64Range(0, 1).Draw(t, "absent")
		rules.Mode = rapid.SampledFrom([]fairness.Mode{fairness.Uniform, fairness.Individual, fairness.Fixed}).Draw(t, "mode")
		rules.AtLimit = rapid.SampledFrom([]fairness.AtLimit{fairness.Soft, fairness.Gavel, fairness.Hard}).Draw(t, "limit")
		seed := rapid.Uint64().Draw(t, "seed")
		a, err := simulate.Rehearse(context.Background(), rules, seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := simulate.Rehearse(context.Background(), rules, seed, nil)
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("the same seed, and another session: %v", err)
		}
		before := int64(0)
		for i, turn := range a.Turns {
			if turn.Place != i+1 || turn.CalledMS < before || turn.BegunMS < turn.CalledMS || turn.EndedMS < turn.BegunMS+turn.UsedMS {
				t.Fatalf("turn %d: %+v after %d", i, turn, before)
			}
			before = turn.EndedMS
		}
		if a.Heard != len(a.Turns) || a.Heard > a.Present || a.Present > a.Applied || a.EndedMS != before {
			t.Fatalf("%+v", a)
		}
	})
}

func TestRulesThatCannotBePlayedAreRefusedByField(t *testing.T) {
	for field, change := range map[string]func(*simulate.Rules){
		"applicants":   func(r *simulate.Rules) { r.Applicants = simulate.MostRehearsed + 1 },
		"minutes":      func(r *simulate.Rules) { r.Minutes = 0 },
		"absent_share": func(r *simulate.Rules) { r.AbsentShare = 1.5 },
		"sessions":     func(r *simulate.Rules) { r.Sessions = 0 },
		"opening_ms":   func(r *simulate.Rules) { r.Minutes = 4 },
	} {
		rules := consultation()
		change(&rules)
		_, err := simulate.Rehearse(context.Background(), rules, 1, nil)
		var p *problem.Error
		if !errors.As(err, &p) || p.Field != field || p.Do == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := simulate.Rehearse(stopped, consultation(), 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped rehearsal: %v", err)
	}
}
