package fairness

import (
	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Flow is where time goes that a part did not use, and where it comes from
// when a part took more than planned.
type Flow string

const (
	// FlowNext passes it on to the next part. The default.
	FlowNext Flow = "next"
	// FlowShared shares it among all parts that are still to come, by their
	// planned lengths.
	FlowShared Flow = "shared"
	// FlowLast keeps the planned lengths of the parts between and leaves it to
	// the last part.
	FlowLast Flow = "last"
)

// Part is a stretch of a session, for Windows. Durations in ms.
type Part struct {
	// PlannedMS is its planned length.
	PlannedMS int64 `json:"planned_ms"`
	// StartedMS and EndedMS are when it began and ended, in Unix ms; zero when
	// it has not.
	StartedMS int64 `json:"started_ms"`
	EndedMS   int64 `json:"ended_ms"`
}

// Window is when a part is to begin and to end, in Unix ms: what the part's
// own Situation takes as StartMS and HardEndMS.
type Window struct {
	StartMS int64 `json:"start_ms"`
	EndMS   int64 `json:"end_ms"`
}

// Windows divides a session among its parts. Parts that have ended keep the
// time they took; the running part and those to come share what is left until
// the hard end by the rule, each getting its planned length when the session
// runs as planned. The windows follow each other without a gap and the last
// one ends at the hard end; a part for which nothing is left has an empty one.
func Windows(parts []Part, nowMS, hardEndMS int64, flow Flow) ([]Window, error) {
	if flow != "" && flow != FlowNext && flow != FlowShared && flow != FlowLast {
		return nil, problem.Field("flow", "%q is not next, shared or last", flow)
	}
	windows := make([]Window, len(parts))
	first := 0
	for ; first < len(parts) && parts[first].EndedMS > 0; first++ {
		windows[first] = Window{StartMS: parts[first].StartedMS, EndMS: parts[first].EndedMS}
	}
	var planned int64
	for i := first; i < len(parts); i++ {
		if parts[i].PlannedMS < 0 || parts[i].PlannedMS > allocate.MostMS {
			return nil, problem.Field("parts", "the length of part %d is not between 0 and 24 hours", i+1)
		}
		planned += parts[i].PlannedMS
	}
	if first == len(parts) {
		return windows, nil
	}
	at := nowMS
	if parts[first].StartedMS > 0 {
		at = parts[first].StartedMS
	}
	left := max(0, hardEndMS-at)
	extra := left - planned // what the parts before left over, or took
	for i := first; i < len(parts); i++ {
		length := parts[i].PlannedMS
		switch {
		case i == len(parts)-1:
			length = left // whatever rounding or rule kept back
		case flow == FlowShared && planned > 0:
			length += extra * parts[i].PlannedMS / planned
		case flow == FlowLast:
			// Only the last one is shortened or lengthened, while it lasts.
		default:
			if i == first {
				length += extra
			}
		}
		length = max(0, min(length, left))
		windows[i] = Window{StartMS: at, EndMS: at + length}
		at, left = at+length, left-length
	}
	return windows, nil
}
