package captions

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Cut gives the segments that were spoken within a stretch of session time and
// in a turn, in the order in which they were spoken. A zero bound, or no turn,
// leaves nothing out.
func Cut(segments []api.Segment, from, to clock.Instant, turn ids.Turn) []api.Segment {
	out := slices.Clone(segments)
	out = slices.DeleteFunc(out, func(s api.Segment) bool {
		return !turn.IsZero() && s.Turn != turn || s.Start < from || !to.IsZero() && s.Start >= to
	})
	slices.SortStableFunc(out, func(a, b api.Segment) int { return int(a.Start - b.Start) })
	return out
}

// Light gives segments without their single words, which nobody needs to read along.
func Light(segments []api.Segment) []api.Segment {
	out := slices.Clone(segments)
	for i := range out {
		out[i].Words = nil
	}
	return out
}
