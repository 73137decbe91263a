package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// setMinimum sets another minimum for statements: a rung of the ladder. With
// guarantees, promises above it are lowered to it, for which the chair gives a
// reason (decisions.md 19); without, they stand.
func setMinimum(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.SetMinimum
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	if s.Timing.Phase == session.Adjourned {
		return nil, live(s)
	}
	most := int64(mostMinimumMS)
	if m := s.Registry.Modalities.MaximumMS; m > 0 {
		most = min(most, m)
	}
	if args.MinimumMS < leastMinimumMS || args.MinimumMS > most {
		return nil, problem.Field("args.minimum_ms", "%d ms is not between %d and %d", args.MinimumMS, leastMinimumMS, most).
			Try("send a minimum of at least 5 seconds that is not above the maximum")
	}
	var all []events.Event
	if args.MinimumMS != s.Minimum() {
		all = append(all, &events.MinimumChanged{MinimumMS: args.MinimumMS})
	}
	if args.Guarantees {
		for _, part := range s.Registry.Parts {
			if a := s.Timing.Announced[part.ID]; a != nil && a.GuaranteeMS > args.MinimumMS {
				all = append(all, &events.GuaranteeBroken{Part: part.ID, GuaranteeMS: args.MinimumMS})
			}
		}
		if len(all) > 1 && r.Reason == nil {
			return nil, problem.Field("reason", "a promise is lowered only with a reason").Try("say why, in a sentence: it stands in the record")
		}
	}
	if len(all) == 0 {
		return nil, already("the minimum is %d ms", args.MinimumMS).On("args.minimum_ms")
	}
	return all, nil
}

// useReserves gives the reserve for interruptions and for standby to those who
// wait: a rung of the ladder.
func useReserves(s *session.State, _ *command.Request, _ clock.Instant) ([]events.Event, error) {
	switch {
	case s.Timing.Phase == session.Adjourned:
		return nil, live(s)
	case s.Timing.ReservesUsed:
		return nil, already("the reserves are used")
	}
	return []events.Event{&events.ReservesUsed{}}, nil
}

// keepReserves takes that choice back.
func keepReserves(s *session.State, _ *command.Request, _ clock.Instant) ([]events.Event, error) {
	switch {
	case s.Timing.Phase == session.Adjourned:
		return nil, live(s)
	case !s.Timing.ReservesUsed:
		return nil, already("the reserves are kept")
	}
	return []events.Event{&events.ReservesKept{}}, nil
}
