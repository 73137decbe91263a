package domain_test

import (
	"errors"
	"math"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/timing/internal/domain"
)

// The scenes from which commands are tried.

// before is a planned session with a closed list of three.
func before(t sessiontest.TB) *world {
	w := planned(t, 3, oneItem)
	w.join(sessiontest.Item, 3)
	return w
}

// under is the same, started, after its opening.
func under(t sessiontest.TB) *world {
	w := before(t)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	return w
}

// speaking is the same with somebody ten seconds into their turn.
func speaking(t sessiontest.TB) *world {
	w := under(t)
	turn := w.next(sessiontest.Item)
	w.wait(8_000)
	w.begin(turn)
	w.wait(10_000)
	return w
}

// paused is the same with the turn's clock paused by the chair.
func paused(t sessiontest.TB) *world {
	w := speaking(t)
	w.do(chair, "pause_turn", command.TurnRef{Turn: w.State.Queue.Turn})
	w.wait(5_000)
	return w
}

// interrupted is speaking with a point of order being heard.
func interrupted(t sessiontest.TB) *world {
	w := speaking(t)
	w.raise("point")
	w.wait(5_000)
	return w
}

// raise lets a point of order be heard at once.
func (w *world) raise(name string) {
	w.t.Helper()
	point := sessiontest.ID[ids.Entry](name)
	w.queue("raise_point", &events.PointRaised{Entry: point, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Turn: w.State.Queue.Turn})
	w.queue("admit_point", &events.PointAdmitted{Entry: point, Suspended: w.State.Queue.Turn})
}

// rule ends the point of order.
func (w *world) rule() {
	w.t.Helper()
	p := w.State.Queue.Point
	w.queue("rule", &events.PointRuled{Entry: p.Entry, Ruling: events.Noted, Resumed: p.Suspended})
}

// suspended is speaking with the session suspended.
func suspended(t sessiontest.TB) *world {
	w := speaking(t)
	w.do(chair, "suspend", nil)
	w.wait(5_000)
	return w
}

// adjourned is speaking, adjourned with the two others unheard.
func adjourned(t sessiontest.TB) *world {
	w := speaking(t)
	w.do(chair, "adjourn", nil)
	w.wait(5_000)
	return w
}

// raisable is a list whose time allows a raise for everyone remaining.
func raisable(t sessiontest.TB) *world {
	w := planned(t, 12, func(c *events.SessionCreated) { oneItem(c); c.HardEnd = c.PlannedStart.Add(30 * 60_000) })
	w.join(sessiontest.Item, 12)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	for range 6 {
		w.hear(sessiontest.Item, 8_000, 400_000)
	}
	w.end()
	return w
}

// unheard is a state in which a reaction is missing: a turn called, a point
// admitted, a list closed, all of it not yet followed by timing.
func unheard(t sessiontest.TB) *world {
	w := before(t)
	w.until(w.State.Registry.PlannedStart)
	w.do(chair, "start_session", nil)
	w.wait(195_000)
	turn := sessiontest.ID[ids.Turn]("unheard")
	w.Append(events.Queue, chair, "next", &events.FloorGiven{Turn: turn, Entry: w.State.Queue.List(sessiontest.Item).Order[0], GivenAt: w.Now, Act: w.Command()})
	return w
}

// trial is a verb with a scene and arguments with which it is accepted.
type trial struct {
	verb  string
	scene func(sessiontest.TB) *world
	args  func(*world) any
}

func noArgs(*world) any { return nil }

func turnArgs(w *world) any { return command.TurnRef{Turn: w.State.Queue.Turn} }

// trials has one for each verb that people use.
var trials = []trial{
	{"start_session", before, noArgs},
	{"suspend", speaking, noArgs},
	{"resume_session", suspended, noArgs},
	{"extend_session", speaking, func(*world) any { return command.ExtendSession{ByMS: 600_000} }},
	{"adjourn", speaking, noArgs},
	{"undo_adjournment", adjourned, noArgs},
	{"start_part", func(t sessiontest.TB) *world {
		w := planned(t, 3, nil)
		w.do(chair, "start_session", nil)
		return w
	}, func(*world) any { return command.PartRef{Part: sessiontest.Item} }},
	{"extend_turn", speaking, func(w *world) any { return command.ExtendTurn{Turn: w.State.Queue.Turn, ByMS: 30_000} }},
	{"pause_turn", speaking, turnArgs},
	{"resume_turn", paused, turnArgs},
	{"calibrate", before, func(*world) any {
		return command.Calibrate{Name: "own-9", CoveragePPM: 900_000, Sessions: 9, Buckets: make([]events.EtaOffsets, 6)}
	}},
	{"lengthen_turn", speaking, func(w *world) any {
		return command.LengthenTurn{Turn: w.State.Queue.Turn, AddedMS: 15_000, Commitment: events.HashBody([]byte("sealed"))}
	}},
	{"report_trouble", speaking, func(*world) any { return command.ReportTrouble{Trouble: events.InterpretationLost} }},
	{"clear_trouble", silenced, func(*world) any { return command.ClearTrouble{Trouble: events.InterpretationLost} }},
	{"set_interpretation_end", speaking, func(w *world) any { return command.InterpretationEnd{End: w.Now.Add(3_600_000)} }},
	{"ask_interpretation", interpreted, func(w *world) any { return command.AskInterpretation{Until: w.State.Timing.Booth.End.Add(600_000)} }},
	{"answer_interpretation", asked, func(w *world) any {
		return command.AnswerInterpretation{Until: w.State.Timing.Booth.Asked, Agree: true}
	}},
	{"use_reserves", before, noArgs},
	{"keep_reserves", func(t sessiontest.TB) *world { w := before(t); w.do(chair, "use_reserves", nil); return w }, noArgs},
	{"set_minimum", before, func(*world) any { return command.SetMinimum{MinimumMS: 45_000} }},
	{"announce", raisable, func(*world) any { return command.Announce{Part: sessiontest.Item} }},
	{"break_guarantee", before, func(*world) any { return command.Announce{Part: sessiontest.Item, LevelMS: 30_000} }},
	{"open_turn", unheard, turnArgs},
	{"follow_point", func(t sessiontest.TB) *world {
		w := speaking(t)
		point := sessiontest.ID[ids.Entry]("point")
		w.Append(events.Queue, chair, "raise_point", &events.PointRaised{Entry: point, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Turn: w.State.Queue.Turn})
		w.Append(events.Queue, chair, "admit_point", &events.PointAdmitted{Entry: point, Suspended: w.State.Queue.Turn})
		return w
	}, turnArgs},
	{"mark", func(t sessiontest.TB) *world { w := speaking(t); w.Now = w.Now.Add(3_600_000); return w }, func(w *world) any {
		turn := w.State.Queue.Running()
		limit, _ := w.State.Limit(turn)
		return command.MarkArgs{Turn: turn.ID, Mark: events.MarkExpired, Due: limit, Epoch: w.State.Timing.Turns[turn.ID].Epoch}
	}},
	{"give_etas", func(t sessiontest.TB) *world {
		w := planned(t, 3, oneItem)
		w.join(sessiontest.Item, 2)
		entry := sessiontest.ID[ids.Entry]("late")
		w.Append(events.Queue, chair, "join", &events.EntryJoined{Entry: entry, Part: sessiontest.Item, Applicant: sessiontest.Applicant(2), Kind: events.Statement, Place: 3, Late: true})
		return w
	}, func(*world) any { return command.PartRef{Part: sessiontest.Item} }},
}

// refused tries a request and ends the test unless it is refused with a code
// (and a field, where one is given) and without a trace in the log.
func refused(t *testing.T, w *world, r *command.Request, code problem.Code, field string) {
	t.Helper()
	stored := len(w.Stored)
	d, err := w.Do(events.Timing, domain.Decide, r)
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != code || field != "" && p.Field != field {
		t.Fatalf("%s %s: %v (%+v), want %s on %q", r.Verb, r.Args, err, d.Events, code, field)
	}
	if p.Detail == "" || len(w.Stored) != stored {
		t.Errorf("%s: refused as %q, %d commits stored", r.Verb, p.Detail, len(w.Stored)-stored)
	}
}

func TestEveryVerbForEveryRole(t *testing.T) {
	tried := map[string]bool{}
	for _, trial := range trials {
		tried[trial.verb] = true
		verb, ok := command.Lookup(trial.verb)
		if !ok || verb.Context != events.Timing {
			t.Errorf("%s is not a verb of timing", trial.verb)
			continue
		}
		t.Run(trial.verb, func(t *testing.T) {
			// A refusal leaves no trace, so one scene serves all of them.
			same := trial.scene(t)
			for _, role := range append(events.Roles(), events.System) {
				by := sessiontest.Staff(role)
				if !verb.Allows(by.Roles) {
					refused(t, same, same.ask(by, trial.verb, trial.args(same)), problem.Forbidden, "verb")
					continue
				}
				w := trial.scene(t)
				r := w.ask(by, trial.verb, trial.args(w))
				if trial.verb == "announce" && role == events.System {
					// The service announces when a list was closed, once; see TestListCloseAnnounces.
					refused(t, w, r, problem.Already, "args.part")
					continue
				}
				if trial.verb == "resume_turn" && role == events.System {
					// The service ends only the waiting for a lost line; see TestASpeakerLostInMidTurn.
					refused(t, w, r, problem.Stale, "args.turn")
					continue
				}
				if _, err := w.Do(events.Timing, domain.Decide, r); err != nil {
					t.Errorf("%s by %s: %v", trial.verb, role, err)
				}
				w.SameAgain()
			}
			refused(t, same, same.ask(events.Actor{ID: "token/nobody"}, trial.verb, trial.args(same)), problem.Forbidden, "verb")
		})
	}
	for _, v := range command.Verbs() {
		if v.Context == events.Timing && !tried[v.Name] {
			t.Errorf("%s is in the table and not tried", v.Name)
		}
	}
}

func TestRefusals(t *testing.T) {
	other := sessiontest.ID[ids.Turn]("another turn")
	for name, c := range map[string]struct {
		scene func(sessiontest.TB) *world
		verb  string
		args  func(*world) any
		code  problem.Code
		field string
	}{
		"start twice":                  {speaking, "start_session", noArgs, problem.Already, ""},
		"start after adjournment":      {adjourned, "start_session", noArgs, problem.WrongState, ""},
		"start after the hard end":     {func(t sessiontest.TB) *world { w := before(t); w.Now = w.State.HardEnd(); return w }, "start_session", noArgs, problem.WrongState, ""},
		"suspend before the start":     {before, "suspend", noArgs, problem.WrongState, ""},
		"suspend twice":                {suspended, "suspend", noArgs, problem.Already, ""},
		"suspend after adjournment":    {adjourned, "suspend", noArgs, problem.WrongState, ""},
		"resume what runs":             {speaking, "resume_session", noArgs, problem.Already, ""},
		"extend by nothing":            {speaking, "extend_session", func(*world) any { return command.ExtendSession{} }, problem.Invalid, "args.by_ms"},
		"extend twice over":            {speaking, "extend_session", func(w *world) any { return command.ExtendSession{ByMS: 1, HardEnd: w.State.HardEnd().Add(1)} }, problem.Invalid, "args.by_ms"},
		"extend into the past":         {speaking, "extend_session", func(w *world) any { return command.ExtendSession{HardEnd: w.Now.Add(-1)} }, problem.Invalid, "args.hard_end"},
		"shorten into the past":        {speaking, "extend_session", func(*world) any { return command.ExtendSession{ByMS: -5_390_000} }, problem.Invalid, "args.by_ms"},
		"end before the planned start": {before, "extend_session", func(w *world) any { return command.ExtendSession{HardEnd: w.State.Registry.PlannedStart} }, problem.Invalid, "args.hard_end"},
		"extend by more than a day":    {speaking, "extend_session", func(*world) any { return command.ExtendSession{ByMS: 86_400_001} }, problem.Invalid, "args.by_ms"},
		"extend by an overflow":        {speaking, "extend_session", func(*world) any { return command.ExtendSession{ByMS: math.MaxInt64} }, problem.Invalid, "args.by_ms"},
		"shorten by an overflow":       {speaking, "extend_session", func(*world) any { return command.ExtendSession{ByMS: math.MinInt64} }, problem.Invalid, "args.by_ms"},
		"an end beyond a day":          {speaking, "extend_session", func(w *world) any { return command.ExtendSession{HardEnd: clock.Instant(math.MaxInt64)} }, problem.Invalid, "args.hard_end"},
		"a negative end":               {speaking, "extend_session", func(*world) any { return command.ExtendSession{HardEnd: -5} }, problem.Invalid, "args.hard_end"},
		"the end it has":               {speaking, "extend_session", func(w *world) any { return command.ExtendSession{HardEnd: w.State.HardEnd()} }, problem.Already, "args.hard_end"},
		"extend after adjournment":     {adjourned, "extend_session", func(*world) any { return command.ExtendSession{ByMS: 60_000} }, problem.WrongState, ""},
		"adjourn before the start":     {before, "adjourn", noArgs, problem.WrongState, ""},
		"adjourn twice":                {adjourned, "adjourn", noArgs, problem.WrongState, ""},
		"reopen what runs":             {speaking, "undo_adjournment", noArgs, problem.WrongState, ""},
		"reopen too late":              {func(t sessiontest.TB) *world { w := adjourned(t); w.wait(600_000); return w }, "undo_adjournment", noArgs, problem.WrongState, ""},
		"no such part":                 {speaking, "start_part", func(*world) any { return command.PartRef{Part: sessiontest.Questions} }, problem.Invalid, "args.part"},
		"no part at all":               {speaking, "start_part", noArgs, problem.Invalid, "args.part"},
		"the part that is on":          {under, "start_part", func(*world) any { return command.PartRef{Part: sessiontest.Item} }, problem.Already, "args.part"},
		"a part before the start":      {before, "start_part", func(*world) any { return command.PartRef{Part: sessiontest.Item} }, problem.WrongState, ""},
		"a part in a suspension":       {suspended, "start_part", func(*world) any { return command.PartRef{Part: sessiontest.Item} }, problem.WrongState, ""},
		"half a second more":           {speaking, "extend_turn", func(w *world) any { return command.ExtendTurn{Turn: w.State.Queue.Turn, ByMS: 500} }, problem.Invalid, "args.by_ms"},
		"eleven minutes more":          {speaking, "extend_turn", func(w *world) any { return command.ExtendTurn{Turn: w.State.Queue.Turn, ByMS: 660_000} }, problem.Invalid, "args.by_ms"},
		"less time":                    {speaking, "extend_turn", func(w *world) any { return command.ExtendTurn{Turn: w.State.Queue.Turn, ByMS: -5_000} }, problem.Invalid, "args.by_ms"},
		"more for another turn":        {speaking, "extend_turn", func(*world) any { return command.ExtendTurn{Turn: other, ByMS: 5_000} }, problem.Stale, "args.turn"},
		"more for nobody":              {under, "extend_turn", func(*world) any { return command.ExtendTurn{ByMS: 5_000} }, problem.WrongState, ""},
		"more before the clock":        {unheard, "extend_turn", func(w *world) any { return command.ExtendTurn{Turn: w.State.Queue.Turn, ByMS: 5_000} }, problem.Busy, ""},
		"pause twice":                  {paused, "pause_turn", turnArgs, problem.Already, "args.turn"},
		"pause in a suspension":        {suspended, "pause_turn", turnArgs, problem.Already, "args.turn"},
		"pause in a point of order":    {interrupted, "pause_turn", turnArgs, problem.Already, "args.turn"},
		"go on with what runs":         {speaking, "resume_turn", turnArgs, problem.Already, "args.turn"},
		"go on in a suspension":        {suspended, "resume_turn", turnArgs, problem.WrongState, ""},
		"go on in a point of order":    {interrupted, "resume_turn", turnArgs, problem.WrongState, ""},
		"a minimum of one second":      {before, "set_minimum", func(*world) any { return command.SetMinimum{MinimumMS: 1_000} }, problem.Invalid, "args.minimum_ms"},
		"a minimum above the maximum":  {before, "set_minimum", func(*world) any { return command.SetMinimum{MinimumMS: 181_000} }, problem.Invalid, "args.minimum_ms"},
		"a negative minimum":           {before, "set_minimum", func(*world) any { return command.SetMinimum{MinimumMS: -1} }, problem.Invalid, "args.minimum_ms"},
		"the minimum in force":         {before, "set_minimum", func(*world) any { return command.SetMinimum{MinimumMS: 60_000} }, problem.Already, "args.minimum_ms"},
		"a minimum after adjournment":  {adjourned, "set_minimum", func(*world) any { return command.SetMinimum{MinimumMS: 45_000} }, problem.WrongState, ""},
		"announce an open list":        {func(t sessiontest.TB) *world { return planned(t, 3, oneItem) }, "announce", func(*world) any { return command.Announce{Part: sessiontest.Item} }, problem.WrongState, ""},
		"announce without time":        {under, "announce", func(*world) any { return command.Announce{Part: sessiontest.Item} }, problem.WrongState, ""},
		"announce too much":            {raisable, "announce", func(*world) any { return command.Announce{Part: sessiontest.Item, LevelMS: 3_000_000} }, problem.Invalid, "args.level_ms"},
		"announce less":                {raisable, "announce", func(*world) any { return command.Announce{Part: sessiontest.Item, LevelMS: 10_000} }, problem.Invalid, "args.level_ms"},
		"announce no part":             {raisable, "announce", func(*world) any { return command.Announce{LevelMS: 10_000} }, problem.Invalid, "args.part"},
		"break what was not promised":  {func(t sessiontest.TB) *world { return planned(t, 3, oneItem) }, "break_guarantee", func(*world) any { return command.Announce{Part: sessiontest.Item, LevelMS: 10_000} }, problem.WrongState, ""},
		"break upwards":                {before, "break_guarantee", func(*world) any { return command.Announce{Part: sessiontest.Item, LevelMS: 10_000_000} }, problem.Invalid, "args.level_ms"},
		"break to nothing":             {before, "break_guarantee", func(*world) any { return command.Announce{Part: sessiontest.Item} }, problem.Invalid, "args.level_ms"},
		"an unknown argument":          {speaking, "extend_turn", func(*world) any { return map[string]any{"by": 5} }, problem.Malformed, "args.by"},
		"a number as text":             {speaking, "extend_session", func(*world) any { return map[string]any{"by_ms": "5"} }, problem.Malformed, "args.by_ms"},
		"a verb of another context":    {speaking, "next", noArgs, problem.NotFound, "verb"},
		"a verb that does not exist":   {speaking, "end_of_the_world", noArgs, problem.NotFound, "verb"},
		"no such session":              {func(t sessiontest.TB) *world { return &world{Log: sessiontest.Empty(t), t: t} }, "suspend", noArgs, problem.NotFound, "session"},
		"a sealed session": {func(t sessiontest.TB) *world {
			w := adjourned(t)
			w.Append(events.Registry, desk, "seal", &events.SessionSealed{})
			return w
		}, "undo_adjournment", noArgs, problem.Sealed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.scene(t)
			refused(t, w, w.ask(chair, c.verb, c.args(w)), c.code, c.field)
		})
	}
}

func TestSystemRefusals(t *testing.T) {
	system := events.ByService(events.Timing)
	entered := sessiontest.ID[ids.Turn]("entered")
	for name, c := range map[string]struct {
		scene func(sessiontest.TB) *world
		verb  string
		args  func(*world) any
		code  problem.Code
	}{
		"open twice":     {speaking, "open_turn", turnArgs, problem.Already},
		"open no turn":   {speaking, "open_turn", func(*world) any { return command.TurnRef{Turn: entered} }, problem.NotFound},
		"follow nothing": {speaking, "follow_point", turnArgs, problem.Already},
		"follow another": {interrupted, "follow_point", func(*world) any { return command.TurnRef{Turn: entered} }, problem.Stale},
		"tell twice":     {before, "give_etas", func(*world) any { return command.PartRef{Part: sessiontest.Item} }, problem.Already},
		"open a void turn": {func(t sessiontest.TB) *world {
			w := unheard(t)
			undo := w.State.Queue.Undo
			w.Append(events.Queue, chair, "undo", &events.ActUndone{Undone: undo.Act, Voided: undo.Started, PressedAt: undo.PressedAt})
			return w
		}, "open_turn", func(*world) any { return command.TurnRef{Turn: sessiontest.ID[ids.Turn]("unheard")} }, problem.WrongState},
		"mark too early": {speaking, "mark", func(w *world) any {
			turn := w.State.Queue.Running()
			limit, _ := w.State.Limit(turn)
			return command.MarkArgs{Turn: turn.ID, Mark: events.MarkExpired, Due: limit, Epoch: w.State.Timing.Turns[turn.ID].Epoch}
		}, problem.Busy},
		"mark another epoch": {speaking, "mark", func(w *world) any {
			turn := w.State.Queue.Running()
			limit, _ := w.State.Limit(turn)
			return command.MarkArgs{Turn: turn.ID, Mark: events.MarkExpired, Due: limit, Epoch: 7}
		}, problem.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.scene(t)
			refused(t, w, w.ask(system, c.verb, c.args(w)), c.code, "")
		})
	}
}

func TestExpectations(t *testing.T) {
	for _, trial := range trials {
		verb, _ := command.Lookup(trial.verb)
		if verb.Expect == command.NoExpectation {
			continue
		}
		field := "expect." + string(verb.Expect)
		t.Run(trial.verb, func(t *testing.T) {
			w := trial.scene(t)
			r := w.ask(chair, trial.verb, trial.args(w))
			r.Expect = nil
			refused(t, w, r, problem.Invalid, field)
			r = w.ask(chair, trial.verb, trial.args(w))
			past := sessiontest.ID[ids.Turn]("past")
			r.Expect = &command.Expect{Turn: &past, Plan: "0000000000000000"}
			refused(t, w, r, problem.Stale, field)
			if verb.Reason {
				r = w.ask(chair, trial.verb, trial.args(w))
				r.Reason = nil
				refused(t, w, r, problem.Invalid, "reason")
			}
		})
	}
}

func TestAStaleChairIsToldWhatHappened(t *testing.T) {
	w := speaking(t)
	r := w.ask(chair, "extend_turn", command.ExtendTurn{Turn: w.State.Queue.Turn, ByMS: 30_000})
	w.next(sessiontest.Item)
	_, err := w.Do(events.Timing, domain.Decide, r)
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != problem.Stale {
		t.Fatalf("%v, want stale", err)
	}
	since, ok := p.Since.([]session.Act)
	if !ok || len(since) == 0 || since[len(since)-1].Verb != "next" {
		t.Errorf("told %+v, want that the floor was given to the next", p.Since)
	}
}
