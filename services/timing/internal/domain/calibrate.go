package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// mostOffsetPPM bounds an offset: a thousand mean cycles, more than any list.
const mostOffsetPPM = 1_000 * eta.Whole

// calibrate logs by which table the expected starts of the session are made, once.
func calibrate(s *session.State, r *command.Request, _ clock.Instant) ([]events.Event, error) {
	var args command.Calibrate
	if err := r.Read(&args); err != nil {
		return nil, err
	}
	switch {
	case s.Timing.Phase == session.Adjourned:
		return nil, live(s)
	case s.Timing.Calibration != nil:
		return nil, already("the session has its calibration")
	case len(args.Buckets) != eta.Buckets:
		return nil, problem.Field("args.buckets", "%d are not %d buckets", len(args.Buckets), eta.Buckets).Try("send one for each range of places")
	case args.CoveragePPM <= 0 || args.CoveragePPM >= eta.Whole:
		return nil, problem.Field("args.coverage_ppm", "%d is not between 0 and 1,000,000", args.CoveragePPM).Try("send 900000 for 90 %")
	}
	for _, b := range args.Buckets {
		if b.LowPPM > b.MidPPM || b.MidPPM > b.HighPPM || b.LowPPM < -mostOffsetPPM || b.HighPPM > mostOffsetPPM {
			return nil, problem.Field("args.buckets", "%d, %d, %d are not in order and in range", b.LowPPM, b.MidPPM, b.HighPPM).Try("send low, middle and high in this order")
		}
	}
	return []events.Event{&events.EtaCalibrated{
		Name: args.Name, CoveragePPM: args.CoveragePPM, Sessions: args.Sessions, Buckets: slices.Clone(args.Buckets),
	}}, nil
}
