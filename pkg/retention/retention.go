// Package retention says how long what can be forgotten is kept after a session:
// persons and reasons, written statements, and the words of transcripts.
//
// Guarantee: by default nothing is erased by itself: what an organiser has not
// asked to lose stays until somebody erases it. Where a number of days is set,
// what is kept goes that many days after the adjournment, and never before the
// session is sealed, so that nothing can come after the erasure. Of and Days are
// pure; who erases, and how, is the registry's and the transcript's business.
//
// Days are of session time, as the sealing's are: a rehearsal at 60 times the
// pace forgets 60 times as fast. Sound is never stored, so nothing is set for it.
// A session that was never adjourned is kept: nothing ends by itself.
package retention

import (
	"errors"
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// LeastDays is the shortest time: a session seals itself after as many days
// (decisions.md 12), and can be corrected until then. MostDays is a century.
const LeastDays, MostDays = 7, 36_500

// Settings are days after the adjournment; 0 keeps without end. Replicas of the
// registry should agree: where they do not, the shortest time holds.
type Settings struct {
	People     int64 `flag:"keep-people-days" default:"0" doc:"Days after its adjournment until a session's names, contacts, access needs, reasons and notes are erased for good, 7 to 36500; 0 keeps them until somebody erases them"`
	Statements int64 `flag:"keep-statements-days" default:"0" doc:"Days after its adjournment until a session's written statements are erased for good, 7 to 36500; 0 keeps them"`
	Transcript int64 `flag:"keep-transcript-days" default:"0" doc:"Days after its adjournment until every word of a session's transcripts is erased for good, 7 to 36500; 0 keeps them"`
}

// Check says which setting cannot be used.
func (s Settings) Check() error {
	var wrong []error
	for _, kept := range events.AllKept() {
		if days := s.Days(kept); days != 0 && (days < LeastDays || days > MostDays) {
			wrong = append(wrong, fmt.Errorf("keep-%s-days: %d is neither 0 nor between %d and %d", kept, days, LeastDays, MostDays))
		}
	}
	return errors.Join(wrong...)
}

// Days gives a class's setting, 0 for no end.
func (s Settings) Days(kept events.Kept) int64 {
	switch kept {
	case events.KeptPeople:
		return s.People
	case events.KeptStatements:
		return s.Statements
	case events.KeptTranscript:
		return s.Transcript
	default:
		return 0
	}
}

// Stay says how long a class of a session is kept.
type Stay struct {
	Kept events.Kept `json:"kept" enum:"people,statements,transcript" doc:"What it is: persons and reasons, written statements, or the words of transcripts"`
	// Days is the setting, 0 for no end.
	Days int64 `json:"days" doc:"Days after the adjournment by the settings; 0 keeps it until somebody erases it"`
	// Until is when it goes: session time, 0 where there is no end, or none yet.
	Until clock.Instant `json:"until,omitempty" doc:"When it is erased, session time in ms since 1970; left out where there is no end, or the session is not adjourned"`
	// EndedAt is when it went, 0 where it is still there.
	EndedAt clock.Instant `json:"ended_at,omitempty" doc:"When it was erased, session time in ms since 1970"`
	// Count is how many persons, statements or captions there are of it.
	Count int `json:"count" doc:"How many persons, statements or captions it is"`
}

// Of says for each class how long it is kept in a session.
func (s Settings) Of(state *session.State) []Stay {
	all := make([]Stay, 0, len(events.AllKept()))
	for _, kept := range events.AllKept() {
		stay := Stay{Kept: kept, Days: s.Days(kept), EndedAt: state.Registry.Ended[kept], Count: count(state, kept)}
		if stay.Days > 0 && stay.EndedAt.IsZero() && state.Timing.Phase == session.Adjourned {
			stay.Until = max(Due(state, stay.Days), state.Registry.SealedAt)
		}
		all = append(all, stay)
	}
	return all
}

// Due is the earliest end of a stay of that many days, in session time.
func Due(state *session.State, days int64) clock.Instant {
	return state.Timing.AdjournedAt.Add(days * 24 * 3_600_000)
}

// count is how much of a class is still there.
func count(state *session.State, kept events.Kept) (n int) {
	if !state.Registry.Ended[kept].IsZero() {
		return 0
	}
	switch kept {
	case events.KeptPeople:
		for _, p := range state.Registry.Persons {
			if !p.Erased {
				n++
			}
		}
	case events.KeptStatements:
		n = len(state.Registry.Texts)
	case events.KeptTranscript:
		for _, s := range state.Transcript.Segments {
			if s.State != session.CaptionRedacted {
				n++
			}
		}
	}
	return n
}
