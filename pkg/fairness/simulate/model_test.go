package simulate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/fairness"
)

// TestPeopleAreAsTheModelSays: the behaviour of fairness.md, on 600 sessions
// of 53: ratios, absence, handovers, trouble, points of order, openings.
func TestPeopleAreAsTheModelSays(t *testing.T) {
	t.Parallel()
	s := OEWG2021()
	const sessions = 600
	n := float64(sessions * s.Applicants())
	var logs, squares, written, absent, late, seen, audio, audioMS, handover, requests, opening, orders, orderMS, gavel, long float64
	for i := range sessions {
		f := s.draw(7, i)
		opening += float64(f.openingMS) / sessions
		if f.openingMS < 150_000 || f.openingMS > 240_000 {
			t.Fatalf("an opening of %d ms", f.openingMS)
		}
		for _, stop := range f.interruption {
			orders, orderMS = orders+1, orderMS+float64(stop.forMS)
		}
		for _, p := range f.people {
			requests += float64(p.requestMS) / n
			handover += float64(p.handoverMS[0]) / n
			if p.handoverMS[0] < 5_000 || p.handoverMS[0] > 15_000 {
				t.Fatalf("a handover of %d ms", p.handoverMS[0])
			}
			if p.measured != p.written { // the short ones are the same in both
				long++
				logs, squares = logs+math.Log(p.measured), squares+math.Pow(math.Log(p.measured), 2)
				written += math.Log(p.written)
			}
			if p.absent {
				absent++
				if p.lateMS >= 0 {
					late++
				}
			} else if p.seen {
				seen++
			}
			if p.audioMS > 0 {
				audio, audioMS = audio+1, audioMS+float64(p.audioMS)
			}
			if p.gavelMS >= 0 {
				gavel++
			}
		}
	}
	mean := logs / long
	for _, c := range []struct {
		name              string
		got, want, within float64
	}{
		{"mean of the log of the ratio", mean, .196, .012},
		{"its standard deviation", math.Sqrt(squares/long - mean*mean), math.Hypot(.147, .090), .006},
		{"mean of the log of texts written to length", written / long, .03, .008},
		{"part of short texts", 1 - long/n, .04, .004},
		{"part absent at the call", absent / n, .075, .006},
		{"half of them late", late / absent, .5, .04},
		{"part of those present that was seen", seen / (n - absent), .7, .01},
		{"mean handover, ms", handover, 10_000, 80},
		{"part with trouble", audio / n, .05, .005},
		{"mean trouble, ms", audioMS / audio, 45_000, 900},
		{"points of order per session", orders / sessions, .7, .12},
		{"their mean, ms", orderMS / orders, 60_000, 3_500},
		{"mean opening, ms", opening, 195_000, 4_500},
		{"mean request, ms", requests, 146_250, 1_800},
		{"part of overruns that a chair ends", gavel / n, .7, .012},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s is %.4f, want %.4f", c.name, c.got, c.want)
		}
	}
}

// TestOneFortuneForEveryPolicy: what chance decides depends on seed and
// session only, and a change of one rate leaves everybody else's fortune alone.
func TestOneFortuneForEveryPolicy(t *testing.T) {
	t.Parallel()
	s := OEWG2021()
	a, b := s.draw(3, 5), s.draw(3, 5)
	if !slices.Equal(a.people, b.people) || a.openingMS != b.openingMS || !slices.Equal(a.interruption, b.interruption) {
		t.Error("the same session has two fortunes")
	}
	if c := s.draw(3, 6); slices.Equal(a.people, c.people) {
		t.Error("two sessions have the same fortune")
	}
	if c := s.draw(4, 5); slices.Equal(a.people, c.people) {
		t.Error("two seeds have the same fortune")
	}
	s.AbsentShare, s.AudioShare = .5, .5
	c := s.draw(3, 5)
	for i, p := range a.people {
		q := c.people[i]
		if p.requestMS != q.requestMS || p.measured != q.measured || p.lot != q.lot || p.handoverMS != q.handoverMS || p.absent && !q.absent {
			t.Fatalf("with more absent %+v became %+v", p, q)
		}
	}
}

// session is a game of the full policy with the list closed, before its start.
func session(t *testing.T, policy string, change func(*Scenario)) *game {
	t.Helper()
	s := OEWG2021()
	s.AbsentShare, s.AudioShare, s.OrderMean = 0, 0, 0
	if change != nil {
		change(&s)
	}
	p, ok := Find(policy)
	if !ok {
		t.Fatalf("no policy %s", policy)
	}
	g := &game{scenario: &s, policy: &p}
	if err := g.begin(1, 1); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestSilenceIsTwoPlacesBackTwiceThenStandby, each call costing the longest
// wait; without the protocol one silence is the end of the list.
func TestSilenceIsTwoPlacesBackTwiceThenStandby(t *testing.T) {
	g := session(t, "full", nil)
	who, n := g.list[0], len(g.list)
	for k, want := range []int{2, 4} {
		at := slices.Index(g.list, who)
		g.nowMS = 0
		g.silence(at)
		if got := slices.Index(g.list, who); got != want || len(g.list) != n || g.nowMS != 20_000 || g.situation.Deferrals != k+1 {
			t.Errorf("silence %d: place %d of %d after %d ms", k+1, got+1, len(g.list), g.nowMS)
		}
	}
	g.silence(slices.Index(g.list, who))
	if slices.Contains(g.list, who) || !g.players[who].standby {
		t.Error("the third silence is not standby")
	}
	// Who comes back is called at place 4, once.
	g.returns()
	if at := slices.Index(g.list, who); at != 3 || g.players[who].standby {
		t.Errorf("back at place %d", at+1)
	}
	g = session(t, "first-come-2min", nil)
	who = g.list[0]
	g.silence(0)
	if slices.Contains(g.list, who) {
		t.Error("without the protocol somebody silent stays on the list")
	}
	g.returns()
	if g.list[len(g.list)-1] != who {
		t.Error("without the protocol who returns is not the last")
	}
}

// TestNoTurnIsGivenBeyondTheEnd: where the limit ends turns, none whose limit
// lies beyond the hard end; under a gavel none that could only begin after it.
func TestNoTurnIsGivenBeyondTheEnd(t *testing.T) {
	for _, c := range []struct {
		policy string
		leftMS int64 // from now to the hard end
		want   bool
	}{
		{"full", 71_000, true},
		{"full", 70_999, false},
		{"default", 11_001, true},
		{"default", 11_000, false},
		{"individual-never-measured", 12_000, true},
		{"equal-split-hard", 70_000, false},
		{"first-come-2min", -1_000, true}, // it stops by itself when the closing begins
	} {
		g := session(t, c.policy, nil)
		g.plan.HandoverMS = 11_000
		g.nowMS = g.situation.HardEndMS - c.leftMS
		if got := g.inTime(60_000); got != c.want {
			t.Errorf("%s with %d ms left: %v", c.policy, c.leftMS, got)
		}
	}
}

// TestHowATurnEnds: a limit ends it after the grace, a chair some seconds
// later, nobody not at all; and a text shorter than the time is not cut.
func TestHowATurnEnds(t *testing.T) {
	for _, c := range []struct {
		policy string
		person person
		usedMS int64
		cut    bool
	}{
		{"full", person{measured: 1.5, gavelMS: -1}, 65_000, true},
		{"full", person{measured: 1.05, gavelMS: -1}, 63_000, false},
		{"full", person{measured: .5, gavelMS: -1}, 30_000, false},
		{"individual-gavel-measured", person{measured: 2, gavelMS: 10_000}, 75_000, true},
		{"individual-gavel-measured", person{measured: 2, gavelMS: -1}, 120_000, false},
		{"individual-never-measured", person{measured: 3, gavelMS: 10_000}, 180_000, false},
		{"default", person{measured: 3, written: 1.1, gavelMS: 10_000}, 66_000, false},
	} {
		g := session(t, c.policy, nil)
		if used, cut := g.speak(&c.person, 60_000, 60_000); used != c.usedMS || cut != c.cut {
			t.Errorf("%s, %+v: %d ms, cut %v", c.policy, c.person, used, cut)
		}
	}
}

// TestWhatTheLogKnows of somebody: seen or checked in is certain, silent is
// half, unknown is what calls have taught; a policy without protocol sees
// nothing.
func TestWhatTheLogKnows(t *testing.T) {
	g := session(t, "full", nil)
	g.fortune.people[0].seen, g.fortune.people[1].seen, g.fortune.people[2].seen = true, false, false
	g.players[1].checkedIn = true
	g.players[3].missed = 1
	for who, want := range []int64{fairness.ChancePresent, fairness.ChancePresent, fairness.ChanceUnknown, fairness.ChanceReportedAbsent} {
		if got := g.chance(who); got != want {
			t.Errorf("somebody %d: %d ppm, want %d", who, got, want)
		}
	}
	for range 50 {
		g.show.Calls++
	}
	if got := g.chance(2); got >= fairness.ChanceUnknown/2 {
		t.Errorf("after 50 calls without an answer %d ppm", got)
	}
	g = session(t, "first-come-2min", nil)
	g.fortune.people[0].seen = true
	if got := g.chance(0); got != fairness.ChanceUnknown {
		t.Errorf("without protocol %d ppm", got)
	}
}

// TestTheHistogramOfErrors against the errors themselves.
func TestTheHistogramOfErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	var a, b errors
	var all []int64
	var sum float64
	for i := range 2_000 {
		e := int64(r.NormFloat64() * 60_000)
		if i%2 == 0 {
			a.add(e)
		} else {
			b.add(e)
		}
		all = append(all, max(e, -e))
		sum += math.Abs(float64(e))
	}
	a.merge(&b)
	slices.Sort(all)
	if got, want := a.p95(), float64(all[1_899])/1000; got < want || got > want+1 {
		t.Errorf("p95 %v s, want %v rounded up", got, want)
	}
	if got, want := a.mean(), sum/2_000/1000; math.Abs(got-want) > 1e-9 {
		t.Errorf("mean %v s, want %v", got, want)
	}
	var none errors
	if none.mean() != 0 || none.p95() != 0 {
		t.Error("errors of nothing")
	}
	a.add(10 * 3_600_000) // beyond the last bin
}

// TestWhoIsPresent: there at the call, or in time to be called again before
// the closing; who never comes is not missed.
func TestWhoIsPresent(t *testing.T) {
	g := session(t, "full", nil)
	limit := g.limit()
	for i, c := range []struct {
		absent           bool
		lateMS, calledMS int64
		begun            bool
		want             bool
	}{
		{false, -1, 0, false, true},
		{true, -1, limit - 600_000, false, false},
		{true, 60_000, limit - 600_000, false, true},
		{true, 60_000, limit - 100_000, false, false},
		{true, 60_000, 0, false, true},
		{true, -1, limit - 600_000, true, true},
	} {
		h, p := &g.fortune.people[0], &g.players[0]
		h.absent, h.lateMS, p.calledMS, p.begunMS = c.absent, c.lateMS, c.calledMS, 0
		if c.begun {
			p.begunMS = 1
		}
		if got := g.present(0); got != c.want {
			t.Errorf("case %d: present %v", i, got)
		}
	}
}
