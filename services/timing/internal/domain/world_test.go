package domain_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/timing/internal/domain"
)

// world is a session in which timing decides for itself what Due asks for,
// while the test writes the queue's events by hand.
type world struct {
	*sessiontest.Log
	t     sessiontest.TB
	turns int
}

var (
	chair = sessiontest.Staff(events.Chair)
	desk  = sessiontest.Staff(events.Secretariat)
)

// planned is a session with the given parts for n entries.
func planned(t sessiontest.TB, n int, change func(*events.SessionCreated)) *world {
	w := &world{Log: sessiontest.Empty(t), t: t}
	// Three applicants do: timing never looks at who speaks.
	w.Sample(min(n, 3), change)
	return w
}

// oneItem makes the item the only part, for the whole session.
func oneItem(c *events.SessionCreated) {
	c.Parts = c.Parts[1:2]
	c.Parts[0].Minutes = 90
}

// do sends a command of the chair's side and ends the test when it is refused.
func (w *world) do(by events.Actor, verb string, args any) command.Decision {
	w.t.Helper()
	d, err := w.Do(events.Timing, domain.Decide, w.ask(by, verb, args))
	if err != nil {
		w.t.Fatalf("%s: %v", verb, err)
	}
	w.settle()
	return d
}

// ask makes a request with the expectations that hold now.
func (w *world) ask(by events.Actor, verb string, args any) *command.Request {
	r := sessiontest.Because(sessiontest.Request(by, verb, args), "because")
	turn := w.State.Queue.Turn
	r.Expect = &command.Expect{Turn: &turn, Plan: w.State.PlanDigest()}
	return r
}

// act decides one deadline at its instant, as the shell does.
func (w *world) act(d command.Deadline) {
	w.t.Helper()
	decision, err := domain.Decide(w.State, &d.Request, d.At)
	if err != nil {
		w.t.Fatalf("%s %s, which is due: %v", d.Request.Verb, d.Request.Args, err)
	}
	err = w.Commit(events.Timing, &events.Commit{
		Command: d.Request.ID, Verb: d.Request.Verb, Actor: d.Request.Actor, At: d.At,
		Request: d.Request.Digest(), Cause: d.Request.Cause, Events: decision.Events,
	})
	if err != nil {
		w.t.Fatalf("%s cannot be folded: %v", d.Request.Verb, err)
	}
}

// settle does every reaction that is due, until none is.
func (w *world) settle() {
	w.t.Helper()
	for range 20 {
		due := domain.Due(w.State)
		at := slices.IndexFunc(due, func(d command.Deadline) bool { return !d.Timer })
		if at < 0 {
			return
		}
		w.act(due[at])
	}
	w.t.Fatalf("the reactions do not come to an end: %+v", domain.Due(w.State)[0])
}

// until lets time pass; timers fire at their instants.
func (w *world) until(at clock.Instant) {
	w.t.Helper()
	for {
		w.settle()
		due := slices.DeleteFunc(domain.Due(w.State), func(d command.Deadline) bool { return !d.Timer || d.At > at })
		if len(due) == 0 {
			w.Now = max(w.Now, at)
			return
		}
		w.act(slices.MinFunc(due, func(a, b command.Deadline) int { return int(a.At - b.At) }))
	}
}

// wait lets ms pass.
func (w *world) wait(ms int64) { w.t.Helper(); w.until(w.Now.Add(ms)) }

// queue writes a commit of the queue and lets timing react.
func (w *world) queue(verb string, all ...events.Event) {
	w.t.Helper()
	w.Append(events.Queue, chair, verb, all...)
	w.settle()
}

// join puts n entries on a part's list, all in the room, and closes it.
func (w *world) join(part ids.Part, n int) []ids.Entry {
	w.t.Helper()
	all := make([]ids.Entry, n)
	var joined []events.Event
	for i := range all {
		all[i] = ids.Named[ids.Entry](part, string(rune(i)))
		joined = append(joined, &events.EntryJoined{
			Entry: all[i], Part: part, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
		}, &events.PresenceNoted{Entry: all[i], Basis: events.InRoom})
	}
	w.queue("join", joined...)
	w.queue("close_list", &events.ListStateChanged{Part: part, State: events.ListClosed})
	return all
}

// next gives the floor to the next of a part, ending the turn before.
func (w *world) next(part ids.Part) *session.Turn {
	w.t.Helper()
	act := w.Command()
	var all []events.Event
	if before := w.State.Queue.Running(); before != nil {
		all = append(all, &events.TurnEnded{Turn: before.ID, EndedAt: w.Now, How: events.Followed, Act: act})
	}
	w.turns++
	turn := ids.Named[ids.Turn](w.State.ID, string(rune(w.turns)))
	all = append(all, &events.FloorGiven{Turn: turn, Entry: w.State.Queue.List(part).Order[0], GivenAt: w.Now, Act: act})
	w.queue("next", all...)
	return w.State.Queue.Turns[turn]
}

// begin notes the first word.
func (w *world) begin(t *session.Turn) {
	w.t.Helper()
	w.queue("begin", &events.TurnBegun{Turn: t.ID, BegunAt: w.Now, Basis: events.ByChair})
}

// end ends the running turn.
func (w *world) end() {
	w.t.Helper()
	w.queue("end", &events.TurnEnded{Turn: w.State.Queue.Turn, EndedAt: w.Now, How: events.Ended, Act: w.Command()})
}

// hear calls the next of a part, waits for the first word and lets them speak
// for a share of what they were given.
func (w *world) hear(part ids.Part, handoverMS, sharePPM int64) *session.Turn {
	w.t.Helper()
	t := w.next(part)
	w.wait(handoverMS)
	w.begin(t)
	allotted, open := w.State.Allotted(t)
	if !open {
		w.t.Fatalf("turn %s has no clock", t.ID)
	}
	w.wait(allotted * sharePPM / 1_000_000)
	return t
}

// offered are the allotments of the turns that stand, in order of giving.
func (w *world) offered() []int64 {
	var all []int64
	for _, id := range w.State.Queue.TurnOrder {
		if t := w.State.Queue.Turns[id]; t.Stands() {
			allotted, _ := w.State.Allotted(t)
			all = append(all, allotted)
		}
	}
	return all
}

func jain(values []int64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	return sum * sum / (float64(len(values)) * squares)
}

// The parts of their allotments that speakers use.
func written(r *rand.Rand) int64 { return int64(1_030_000 + 100_000*r.NormFloat64()) }
func short(r *rand.Rand) int64   { return 700_000 + r.Int64N(100_000) }
func long(r *rand.Rand) int64    { return 1_100_000 + r.Int64N(130_000) }

func TestFiftyThreeSpeakInNinetyMinutes(t *testing.T) {
	for name, c := range map[string]struct {
		// sharePPM gives the part of its allotment that a turn uses.
		share    func(*rand.Rand) int64
		mode     string
		raises   bool
		leastJ   float64
		leastAve int64
	}{
		"individual, as written to length":   {written, "individual", false, .99, 76_000},
		"individual, short":                  {short, "individual", false, .99, 80_000},
		"individual, short, raises accepted": {short, "individual", true, .97, 95_000},
		"individual, all overrun by a sixth": {long, "individual", false, .97, 68_000},
		"uniform, as written to length":      {written, "uniform", true, .99, 74_000},
		"uniform, short":                     {short, "uniform", true, .99, 78_000},
		"uniform, all overrun by a sixth":    {long, "uniform", true, .97, 68_000},
		"uniform, never raised":              {written, "uniform", false, 1, 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			w := planned(t, 53, func(s *events.SessionCreated) { oneItem(s); s.Modalities.Allotment = c.mode })
			random := rand.New(rand.NewPCG(1, 2))
			confirm := func() {
				if raise := session.PlanOf(w.State, sessiontest.Item, w.Now).RaiseToMS; c.raises && raise > 0 {
					w.do(chair, "announce", command.Announce{Part: sessiontest.Item})
				}
			}
			w.join(sessiontest.Item, 53)
			a := w.State.Timing.Announced[sessiontest.Item]
			if a == nil || a.GuaranteeMS < 60_000 || a.LevelMS < 74_000 || a.LevelMS > 86_000 {
				t.Fatalf("announced %+v, want at least 60 s promised and about 80 s expected", a)
			}
			w.until(w.State.Registry.PlannedStart)
			w.do(chair, "start_session", nil)
			w.wait(195_000)
			confirm()
			for range 53 {
				w.hear(sessiontest.Item, 7_000+random.Int64N(8_000), c.share(random))
				confirm()
			}
			w.end()
			offered := w.offered()
			var sum int64
			for _, ms := range offered {
				sum += ms
			}
			left := w.State.HardEnd().Sub(w.Now)
			t.Logf("heard %d, least %d ms, most %d ms, mean %d ms, Jain %.4f, %d s left", len(offered),
				slices.Min(offered), slices.Max(offered), sum/int64(len(offered)), jain(offered), left/1000)
			if len(offered) != 53 || slices.Min(offered) < a.GuaranteeMS || left < 0 {
				t.Errorf("heard %d, shortest %d ms of %d promised, %d ms left", len(offered), slices.Min(offered), a.GuaranteeMS, left)
			}
			if j := jain(offered); j < c.leastJ {
				t.Errorf("Jain of what was offered %.4f, want %.2f", j, c.leastJ)
			}
			if mean := sum / 53; mean < c.leastAve {
				t.Errorf("%d ms offered on average, want %d: the remaining time was not shared", mean, c.leastAve)
			}
			account := w.State.Account(w.Now)
			if account.TotalMS() != w.Now.Sub(w.State.Timing.StartedAt) {
				t.Errorf("the account sums to %d of %d ms", account.TotalMS(), w.Now.Sub(w.State.Timing.StartedAt))
			}
			w.do(chair, "adjourn", nil)
			w.SameAgain()
			if n := len(w.State.Timing.NotReached); n != 0 {
				t.Errorf("%d not reached", n)
			}
		})
	}
}
