package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/queue/internal/domain"
)

// due does what is due by now, as the shell does, and gives the verbs.
func (s *stage) due() []string {
	var did []string
	for _, d := range domain.Due(s.State) {
		if d.At <= s.Now {
			s.must(&d.Request)
			did = append(did, d.Request.Verb)
		}
	}
	return did
}

// only is the one deadline that there is.
func (s *stage) only() command.Deadline {
	all := domain.Due(s.State)
	if len(all) != 1 {
		s.t.Fatalf("%d things are due, not one: %+v", len(all), all)
	}
	return all[0]
}

// pending is the request of the only deadline.
func (s *stage) pending() *command.Request {
	d := s.only()
	return &d.Request
}

func TestDueClosesTheList(t *testing.T) {
	s := started(t, 9, 3, nil)
	same(t, "nothing is due", domain.Due(s.State), nil)
	closing(s)
	at := s.State.Queue.List(item).ClosesAt
	same(t, "when", s.only().At, at)
	same(t, "the same id each time", s.only().Request.ID, s.only().Request.ID)
	s.Now = at - 1
	s.refused(s.pending(), problem.WrongState, "at")
	s.Now = at
	same(t, "did", s.due(), []string{"close_list"})
	same(t, "then nothing", domain.Due(s.State), nil)
	same(t, "counted", s.State.Queue.List(item).AtClose, 3)

	// A list that is re-opened closes again, also at a time that it had before.
	s.must(ask(chair, "open_list", command.PartRef{Part: item}))
	first := s.State.Done
	closing(s)
	second := s.only().Request
	if _, done := first[second.Key()]; done {
		t.Error("the second closing has the id of the first, and would not be done")
	}
	s.must(ask(chair, "open_list", command.PartRef{Part: item}))
	same(t, "re-opened", domain.Due(s.State), nil)
}

func TestDueAtTheSameTimeTwice(t *testing.T) {
	s := started(t, 9, 3, nil)
	at := s.Now.Add(60_000)
	to := command.CloseList{Part: item, At: at}
	s.must(ask(chair, "close_list", to))
	first := s.only().Request.ID
	s.Now = at
	s.due()
	// The log's time stands still in a gated rehearsal, so the same instant can be named again.
	s.must(ask(chair, "open_list", command.PartRef{Part: item}))
	s.Append(events.Queue, chair, "close_list", &events.ListStateChanged{Part: item, State: events.ListClosing, ClosesAt: at})
	if s.only().Request.ID == first {
		t.Error("the second closing has the id of the first")
	}
	same(t, "did", s.due(), []string{"close_list"})
}

func TestDueAssumesTheBegin(t *testing.T) {
	s := started(t, 9, 6, unevidenced)
	called(s)
	given := s.turn().GivenAt
	same(t, "the call plus the prior of the handover", s.only().At, given.Add(11_000))
	s.refused(s.pending(), problem.WrongState, "")
	s.Now = given.Add(11_500)
	same(t, "did", s.due(), []string{"assume_begun"})
	same(t, "begun", s.turn().BegunAt, given.Add(11_000))
	same(t, "basis", s.turn().Basis, events.Assumed)
	same(t, "then nothing", domain.Due(s.State), nil)
	s.SameAgain()

	// What is assumed teaches nothing; what a chair noted does.
	s.Now += 60_000
	called(s)
	same(t, "still the prior", s.only().At.Sub(s.turn().GivenAt), 11_000)
	s.must(s.onTurn(chair, "begin"))
	s.Now += 60_000
	called(s)
	same(t, "learned", s.only().At.Sub(s.turn().GivenAt), (6*11_000+4_001)/7)

	keyed := started(t, 9, 6, nil)
	called(keyed)
	same(t, "never where begins are keyed", domain.Due(keyed.State), nil)
}

// TestALateTimerCountsAtItsDeadline: a suspension after it changes nothing.
func TestALateTimerCountsAtItsDeadline(t *testing.T) {
	s := started(t, 9, 6, unevidenced)
	called(s)
	at := s.only().At
	s.Now = at + 1
	s.suspend()
	s.Now += 5_000
	same(t, "did", s.due(), []string{"assume_begun"})
	same(t, "begun", s.turn().BegunAt, at)
}

func TestTheClockStandsWhileABeginIsAssumed(t *testing.T) {
	s := started(t, 9, 6, unevidenced)
	called(s)
	armed := s.only().Request
	s.suspend()
	same(t, "suspended", domain.Due(s.State), nil)
	s.Now += 60_000
	s.refused(&armed, problem.WrongState, "")
	s.must(reasoned(ask(chair, "enter_turn", command.EnterTurn{Entry: s.mine(5), BegunAt: s.turn().GivenAt + 1, EndedAt: s.Now - 1})))
	s.resume()
	heard(6)(s)
	same(t, "a point is heard", domain.Due(s.State), nil)
	s.Now += 30_000
	s.must(ruling(6, events.Noted)(s))
	stood := s.State.At.Sub(s.turn().GivenAt)
	if late := s.only().At.Sub(s.turn().GivenAt); late <= 90_000 || late > stood+11_000 {
		t.Errorf("it begins %d ms after the call", late)
	}
}

// limited is a running turn of 60 s in hard mode.
func limited(t *testing.T) *stage {
	s := started(t, 9, 6, hard)
	s.must(s.next(chair))
	s.opened(60_000)
	s.must(s.onTurn(chair, "begin"))
	return s
}

func (s *stage) mark(m events.Mark, due clock.Instant) {
	s.Append(events.Timing, events.ByService(events.Timing), "mark", &events.TurnMarked{
		Turn: s.State.Queue.Turn, Mark: m, Due: due, Epoch: s.State.Timing.Turns[s.State.Queue.Turn].Epoch,
	})
}

func TestDueEndsATurnInHardModeAfterTheGrace(t *testing.T) {
	s := limited(t)
	limit := s.turn().BegunAt.Add(60_000)
	s.Now = limit
	s.mark(events.MarkExpired, limit)
	same(t, "the limit alone", domain.Due(s.State), nil)
	s.Now = limit.Add(5_001)
	s.mark(events.MarkGrace, limit.Add(5_000))
	same(t, "did", s.due(), []string{"end_at_limit"})
	turn := s.nth(0)
	same(t, "ended", turn.EndedAt, limit.Add(5_000))
	same(t, "how", turn.How, events.AtLimit)
	s.SameAgain()
	// A chair who undoes it is not overruled.
	s.must(s.undo())
	same(t, "due again", domain.Due(s.State), nil)
	same(t, "the floor", s.State.Queue.Turn, turn.ID)
}

func TestNoEndAtTheLimit(t *testing.T) {
	rows := map[string]func(*stage){
		"extended": func(s *stage) {
			s.Append(events.Timing, chair, "extend_turn", &events.TurnExtended{Turn: s.State.Queue.Turn, AddedMS: 30_000})
		},
		"paused": func(s *stage) {
			s.Append(events.Timing, chair, "pause_turn", &events.TurnPaused{Turn: s.State.Queue.Turn, At: s.turn().BegunAt + 1, Cause: events.PausedByChair})
		},
		"yielded": func(s *stage) { s.must(s.onTurn(delegate(0), "yield")) },
		"gavel, not hard": func(s *stage) {
			s.Append(events.Registry, chair, "change_session", &events.SessionChanged{HardEnd: s.State.Registry.HardEnd, Modalities: gavelled(s)})
		},
	}
	for name, change := range rows {
		t.Run(name, func(t *testing.T) {
			s := limited(t)
			limit := s.turn().BegunAt.Add(60_000)
			s.Now = limit.Add(5_001)
			s.mark(events.MarkGrace, limit.Add(5_000))
			armed := s.only().Request
			change(s)
			same(t, "due", domain.Due(s.State), nil)
			if _, err := domain.Decide(s.State, &armed, s.Now); err == nil {
				t.Error("the armed timer still ends the turn")
			}
		})
	}
}

func gavelled(s *stage) events.Modalities {
	m := s.State.Registry.Modalities
	m.Limit = events.Gavel
	return m
}

// TestAPointBeforeTheDeadlineWins: admitted 1 ms before the grace is over, it
// stops the clock, and the timer that was armed for it ends nothing.
func TestAPointBeforeTheDeadlineWins(t *testing.T) {
	s := limited(t)
	limit := s.turn().BegunAt.Add(60_000)
	raised(6)(s)
	s.Now = limit - 1
	doing(chair, "admit_point", 6)(s)
	s.Now = limit.Add(5_000)
	s.mark(events.MarkGrace, limit.Add(5_000))
	same(t, "due", domain.Due(s.State), nil)
}

func TestDueEndsTheTurnWithTheSession(t *testing.T) {
	s := started(t, 9, 6, nil)
	s.speaks()
	s.adjourn()
	at := s.State.Timing.AdjournedAt
	s.Now += 400
	same(t, "did", s.due(), []string{"end_with_session"})
	same(t, "ended", s.nth(0).EndedAt, at)
	same(t, "how", s.nth(0).How, events.Adjourned)
	same(t, "spoken", s.entry(0).State, session.Spoken)
	s.SameAgain()

	silent := started(t, 9, 6, nil)
	called(silent)
	silent.adjourn()
	silent.due()
	same(t, "called and not begun: not reached", silent.order(), []int{0, 1, 2, 3, 4, 5})
	same(t, "the floor", silent.State.Queue.Turn, ids.Turn{})

	heardOut := started(t, 9, 6, nil)
	heardOut.speaks()
	heard(6)(heardOut)
	heardOut.adjourn()
	same(t, "did, with a point being heard", heardOut.due(), []string{"end_with_session"})
	d := heardOut.must(ruling(6, events.Noted)(heardOut))
	same(t, "resumed", d.Events[0].(*events.PointRuled).Resumed, ids.Turn{})
}

func TestReactionsWithoutReason(t *testing.T) {
	try(t, map[string]trial{
		"no session end": {before: speaking, ask: onTurn(program, "end_with_session"), code: problem.WrongState},
		"no limit":       {before: speaking, ask: onTurn(program, "end_at_limit"), code: problem.WrongState},
		"begun already":  {before: speaking, ask: onTurn(program, "assume_begun"), code: problem.WrongState},
		"of no turn":     {ask: onTurn(program, "end_with_session"), code: problem.Invalid, on: "turn"},
		"of a turn that is over": {before: held, ask: func(s *stage) *command.Request {
			return ask(program, "end_at_limit", command.TurnRef{Turn: s.nth(0).ID})
		}, code: problem.Stale, on: "turn"},
		"by a chair":               {before: speaking, ask: onTurn(chair, "end_with_session"), code: problem.Forbidden, on: "verb"},
		"by a delegate":            {before: called, ask: onTurn(delegate(0), "assume_begun"), code: problem.Forbidden, on: "verb"},
		"the program ends by name": {before: speaking, ask: onTurn(program, "end")},
	})
	sealed := started(t, 3, 3, nil)
	sealed.speaks()
	sealed.adjourn()
	sealed.Append(events.Registry, secretariat, "seal", &events.SessionSealed{})
	same(t, "due in a sealed session", domain.Due(sealed.State), nil)
	same(t, "due in none", domain.Due(session.New(ids.Session{})), nil)
}
