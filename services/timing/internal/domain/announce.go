package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// The bounds of a minimum and of a broken guarantee, in ms.
	leastMinimumMS = 5_000
	mostMinimumMS  = 600_000
	// undoMS is how long a floor act may be undone (decisions.md 15).
	undoMS = 60_000
)

// announce publishes the number that speakers write their texts for: by itself
// when the list was closed, and by the chair when they confirm a raise. A raise
// is at least 5 s, and no more than everybody's equal share allows.
func announce(s *session.State, r *command.Request, at clock.Instant) ([]events.Event, error) {
	var args command.Announce
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := partArg(s, args.Part); err != nil {
		return nil, err
	}
	if s.Timing.Phase == session.Adjourned {
		return nil, live(s)
	}
	if s.Queue.List(args.Part).State != events.ListClosed {
		return nil, wrong("close the list first", "the list is not closed, so nothing can be promised")
	}
	if r.Actor.Has(events.System) {
		if !unannounced(s, args.Part) {
			return nil, already("this list's allotment was announced").On("args.part")
		}
		a := s.Announcing(args.Part, at)
		return []events.Event{&a}, nil
	}
	if s.Timing.Announced[args.Part] == nil {
		busy := problem.New(problem.Busy, "the first announcement is being made").Try("send the same command again")
		busy.RetryAfterMS = 100
		return nil, busy
	}
	raise := session.PlanOf(s, args.Part, at).RaiseToMS
	level := args.LevelMS
	switch {
	case raise == 0:
		return nil, wrong("wait until speakers have left time over", "the remaining time does not allow 5 seconds more for everyone remaining")
	case level == 0:
		level = raise
	case level < s.InForce(args.Part)+fairness.StepMS || level > raise:
		return nil, problem.Field("args.level_ms", "%d ms is not between %d and %d", level, s.InForce(args.Part)+fairness.StepMS, raise).
			Try("send a number that is at least 5 seconds more and that the remaining time allows")
	}
	settled := s.Queue.Undo == nil || at.Sub(s.Queue.Undo.PressedAt) > undoMS
	a := s.Raising(args.Part, level-level%1_000, settled, at)
	return []events.Event{&a}, nil
}

// unannounced reports whether a closed list waits for its announcement: the
// one in force was made for another number of entries.
func unannounced(s *session.State, part ids.Part) bool {
	list, a := s.Queue.List(part), s.Timing.Announced[part]
	return list.State == events.ListClosed && list.AtClose > 0 && (a == nil || a.Entries != list.AtClose)
}

// breakGuarantee lowers what was promised, by a chair's act with a reason.
func breakGuarantee(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.Announce
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := partArg(s, args.Part); err != nil {
		return nil, err
	}
	if s.Timing.Phase == session.Adjourned {
		return nil, live(s)
	}
	a := s.Timing.Announced[args.Part]
	if a == nil {
		return nil, wrong("nothing is to be done", "nothing has been promised on this list")
	}
	if args.LevelMS < leastMinimumMS || args.LevelMS >= a.GuaranteeMS {
		return nil, problem.Field("args.level_ms", "%d ms is not between %d and %d, which is promised", args.LevelMS, leastMinimumMS, a.GuaranteeMS).
			Try("send at least 5 seconds, and less than what is promised")
	}
	return []events.Event{&events.GuaranteeBroken{Part: args.Part, GuaranteeMS: args.LevelMS}}, nil
}

// etaPlaces are the places at which an entry is told its start again.
var etaPlaces = []int{5, 3, 1}

// giveEtas logs the start and the allotment that entries are shown when the
// list is closed and at 5, 3 and 1 places, so that promises can be checked and
// the turn opens with the number told at place 3. A number that changed by 5 s
// or more is told as well; smaller changes stay unsaid (fairness.md, Calm).
func giveEtas(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.PartRef
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if err := partArg(s, args.Part); err != nil {
		return nil, err
	}
	given := untold(s, args.Part)
	if len(given) == 0 {
		return nil, already("everybody was told").On("args.part")
	}
	return []events.Event{&events.EtasGiven{Given: given}}, nil
}

// untold are the starts and numbers that are still to be told on a list,
// computed as of the last commit so that asking and deciding agree.
func untold(s *session.State, part ids.Part) []events.EtaGiven {
	a, list := s.Timing.Announced[part], s.Queue.List(part)
	// A start by a draft would be a promise that the lot is going to break.
	if !s.OrderSettled(part) {
		return nil
	}
	if a == nil || list.State != events.ListClosed || s.Timing.Phase == session.Adjourned || unannounced(s, part) {
		return nil
	}
	var given []events.EtaGiven
	plan := session.PlanOf(s, part, s.At)
	for _, e := range plan.Entries {
		if e.HasETA && (e.Announce || dueAtPlace(s, a, e.Entry, e.Place)) {
			given = append(given, events.EtaGiven{
				Entry: e.Entry, Places: e.Place, Low: e.Low, Middle: e.Middle, High: e.High, AllotmentMS: e.AllotmentMS, Base: plan.Base,
			})
		}
	}
	return given
}

// dueAtPlace reports whether a waiting entry is to be told its start at its
// place: for the first time, at 5, 3 and 1, and at the frozen places also after
// each announcement.
func dueAtPlace(s *session.State, a *session.Announcement, id ids.Entry, place int) bool {
	told := s.Timing.Etas[id]
	if len(told) == 0 {
		return true
	}
	last := told[len(told)-1]
	return slices.Contains(etaPlaces, place) && last.Places != place || place <= fairness.FrozenPlaces && last.At < a.At
}
