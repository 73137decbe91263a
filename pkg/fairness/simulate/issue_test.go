package simulate_test

import (
	"context"
	"math"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/fairness/simulate"
)

// The bullets of issue 3, "What must be true", with its own bounds. The short
// run plays a part of the sessions with the same seeds, so that what is rare
// is not met; FAIRFLOOR_LONG=1 plays all 10,000, each row with another seed,
// so that no row lives on a lucky one.

// count is how many sessions a row plays.
func count(all int) int {
	if long() {
		return all
	}
	return all / 80
}

// row plays one policy in one scenario with a seed.
func row(t testing.TB, scenario, policy string, seed uint64, n int) simulate.Figures {
	t.Helper()
	s, ok := simulate.Named(scenario)
	p, known := simulate.Find(policy)
	if !ok || !known {
		t.Fatalf("no %s or no %s", scenario, policy)
	}
	f, err := simulate.Run(context.Background(), s, p, simulate.Options{Sessions: n, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %s, seed %d, %d sessions: heard %.3f of %.3f, all %.4f, Jain offered %.4f, entitlement %.4f, seconds %.4f, shortest %.2f s, last ten against first %.4f, cut %.3f, ETA start %.0f/%.0f s, ETA 5 %.1f/%.0f s, coverage %.4f, no overrun %.4f, broken %.5f, prefix %.2f",
		scenario, policy, seed, n, f.HeardMean, f.PresentMean, f.AllPresentHeard, f.JainOffered, f.JainEntitlement, f.JainSeconds,
		f.ShortestOfferedS, ends(f), f.CutShare, f.ETAStartMAE, f.ETAStartP95, f.ETA5MAE, f.ETA5P95, f.ETA90Coverage, f.NoOverrunShare, f.PromisesBroken, f.GroupPrefixError)
	return f
}

// TestSimulateOEWG2021TheFullPolicy: hears all present in >= 99.9 % of the
// sessions; Jain offered >= .995, entitlement >= .985; shortest offered >= 60
// s; last ten against first ten offered within 5 %; no overrun in >= 99 %; ETA
// five places away MAE <= 40 s, p95 <= 150 s, at start p95 <= 210 s; 90 %
// ranges cover 87 to 93 %; no promise broken.
func TestSimulateOEWG2021TheFullPolicy(t *testing.T) {
	f := row(t, "oewg-2021", "full", 1, count(10_000))
	within(t, "all present heard", f.AllPresentHeard, .999, 1)
	within(t, "Jain offered", f.JainOffered, .995, 1)
	within(t, "Jain entitlement", f.JainEntitlement, .985, 1)
	within(t, "shortest offered", f.ShortestOfferedS, 60, 70)
	within(t, "last ten against first ten", ends(f), .95, 1.05)
	within(t, "sessions without overrun", f.NoOverrunShare, .99, 1)
	within(t, "ETA five places away, MAE", f.ETA5MAE, 0, 40)
	within(t, "ETA five places away, p95", f.ETA5P95, 0, 150)
	within(t, "ETA at start, p95", f.ETAStartP95, 0, 210)
	within(t, "coverage of 90 % ranges", f.ETA90Coverage, .87, .93)
	within(t, "promises broken", f.PromisesBroken, 0, 0)
}

// TestSimulate53Of53WhenNobodyIsAbsent, in all sessions; and then the order
// spoken is the order drawn, whose every prefix is within .679 of a slot.
func TestSimulate53Of53WhenNobodyIsAbsent(t *testing.T) {
	f := row(t, "oewg-2021-none-absent", "full", 2, count(10_000))
	within(t, "heard", f.HeardMean, 53, 53)
	within(t, "all present heard", f.AllPresentHeard, 1, 1)
	within(t, "promises broken", f.PromisesBroken, 0, 0)
	within(t, "group prefix error", f.GroupPrefixError, .679, .680)
}

// TestSimulateTheBaselinesComeOutWithinNoiseOfTheTable of fairness.md, or the
// bound is wider and the reason stands beside it.
func TestSimulateTheBaselinesComeOutWithinNoiseOfTheTable(t *testing.T) {
	for _, c := range []struct {
		policy                    string
		heard, heardWidth         float64
		allHeard, allWidth        float64
		jain, jainWidth, mae, p95 float64
	}{
		{"first-come-2min", 32.9, .5, 0, 0, .65, .01, 84, 208},
		{"first-come-3min", 22.8, .5, 0, 0, .45, .01, 125, 310},
		// The prototype's way of picking between raised hands is not written down.
		{"raised-hands", 26.7, 1.7, 0, 0, .44, .035, 165, 414},
		// Here a turn that begins before the closing counts as heard even if it
		// runs into it, so some two more are.
		// A turn that begins before the closing counts as heard here even if it
		// runs into it, so that one more is.
		{"equal-split-soft", 43.8, 1.5, .04, .08, .86, .035, 61, 154},
		// What part of the sessions hears everybody hangs on the last minute of
		// the session: one second less for each slot makes .69 into .78, two make
		// it .86. The prototype's arithmetic at list close is not written down.
		{"equal-split-hard", 50.8, .5, .92, .27, .998, .01, 45, 114},
		// As for the least that this chair still gives: 20 s here, .93 without.
		{"adaptive-equal-soft", 50.4, .5, .60, .26, .95, .015, 48, 128},
	} {
		f := row(t, "oewg-2021", c.policy, 3, max(150, count(3_000)))
		within(t, c.policy+": heard", f.HeardMean, c.heard-c.heardWidth, c.heard+c.heardWidth)
		within(t, c.policy+": all present heard", f.AllPresentHeard, max(0, c.allHeard-c.allWidth), min(1, c.allHeard+c.allWidth))
		within(t, c.policy+": Jain offered", f.JainOffered, c.jain-c.jainWidth, c.jain+c.jainWidth)
		within(t, c.policy+": ETA 5 MAE", f.ETA5MAE, .7*c.mae, 1.3*c.mae)
		within(t, c.policy+": ETA 5 p95", f.ETA5P95, .7*c.p95, 1.3*c.p95)
	}
}

// TestSimulateTheDefaultUniformGavel: all present heard >= 99.9 %, Jain
// offered >= .99 and cut share <= 10 % with texts written to length; whether
// the chair confirms every raise at once or never does.
func TestSimulateTheDefaultUniformGavel(t *testing.T) {
	for _, policy := range []string{simulate.DefaultPolicy, "uniform-gavel-written-never-raised"} {
		f := row(t, "oewg-2021", policy, 4, count(10_000))
		within(t, policy+": all present heard", f.AllPresentHeard, .999, 1)
		within(t, policy+": Jain offered", f.JainOffered, .99, 1)
		within(t, policy+": cut share", f.CutShare, 0, .10)
		within(t, policy+": promises broken", f.PromisesBroken, 0, 0)
	}
	raised := row(t, "oewg-2021", simulate.DefaultPolicy, 4, count(1_000))
	never := row(t, "oewg-2021", "uniform-gavel-written-never-raised", 4, count(1_000))
	within(t, "never raised: longest offered", never.LongestOfferedS, 60, 60)
	within(t, "raised: longest offered", raised.LongestOfferedS, 75, 100)
}

// TestSimulatePresenceNotConnected: with 0, 30, 60 and 100 % of those present
// not connected, Jain offered >= .99 and first ten against last ten within 5 %.
func TestSimulatePresenceNotConnected(t *testing.T) {
	for _, share := range []string{"0", "30", "60", "100"} {
		for _, policy := range []string{"full", simulate.DefaultPolicy} {
			f := row(t, "oewg-2021-not-connected-"+share, policy, 5, count(4_000))
			name := share + " % not connected, " + policy
			within(t, name+": Jain offered", f.JainOffered, .99, 1)
			within(t, name+": last ten against first ten", ends(f), .95, 1.05)
			within(t, name+": all present heard", f.AllPresentHeard, .999, 1)
		}
	}
}

// TestSimulateStressAllPresentHeard, each >= 99.9 %: bad discipline, 20 % audio
// trouble, 15 minutes late, N = 75, limits never enforced, a 10-minute
// interruption with a 20 s minimum; under the full policy, and under the
// default as well.
func TestSimulateStressAllPresentHeard(t *testing.T) {
	for i, c := range []struct {
		scenario, policy string
	}{
		{"oewg-2021-bad-discipline", "full"},
		{"oewg-2021-audio", "full"},
		{"oewg-2021-late-start", "full"},
		{"oewg-2021-75", "full"},
		{"oewg-2021-never-enforced", "individual-never-measured"},
		{"oewg-2021-interruption-10", "full"},
		{"oewg-2021-bad-discipline", simulate.DefaultPolicy},
		{"oewg-2021-interruption-10", simulate.DefaultPolicy},
	} {
		f := row(t, c.scenario, c.policy, uint64(11+i), count(10_000))
		least := .999
		if c.policy == simulate.DefaultPolicy && !long() {
			least = .992 // one session of 125: some 3 of 10,000 fail, and a short run may meet one
		}
		within(t, c.scenario+", "+c.policy+": all present heard", f.AllPresentHeard, least, 1)
	}
	f := row(t, "oewg-2021-never-enforced", "individual-never-measured", 30, count(400))
	full := row(t, "oewg-2021", "full", 30, count(400))
	if f.JainOffered >= full.JainOffered {
		t.Errorf("Jain offered %.4f where nothing is enforced, %.4f where it is", f.JainOffered, full.JainOffered)
	}
}

// TestSimulateAcrossSeeds: with the same number of sessions, no seed of five
// gives what the others do not.
func TestSimulateAcrossSeeds(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		f := row(t, "oewg-2021", "full", seed, count(2_000))
		within(t, "all present heard", f.AllPresentHeard, .999, 1)
		within(t, "Jain offered", f.JainOffered, .995, 1)
		within(t, "coverage of 90 % ranges", f.ETA90Coverage, .87, .93)
		within(t, "heard", f.HeardMean, 50.5, 51.5)
	}
}

// TestServingSomeEquallyIsBounded is the bound that no policy can pass: whoever serves
// n of N equally has a Jain index of n/N, so 32 of 53 cannot exceed .604.
func TestServingSomeEquallyIsBounded(t *testing.T) {
	values := make([]float64, 53)
	for i := range 32 {
		values[i] = 120
	}
	if j := measures.Jain(values); math.Abs(j-32./53) > 1e-9 || j > .604 {
		t.Errorf("Jain of 32 of 53 is %.4f", j)
	}
}
