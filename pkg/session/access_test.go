package session_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// TestASealedAllowanceIsPaidByTheReserveAndCountsInNoFigure: of a turn of 60 s
// with 20 s more, what lies beyond the allotment is the reserve's, up to the 20 s;
// what the chair adds comes first and stays the speaker's.
func TestASealedAllowanceIsPaidByTheReserveAndCountsInNoFigure(t *testing.T) {
	for name, c := range map[string]struct{ added, used, charged int64 }{
		"shorter than its allotment": {0, 50_000, 0},
		"exactly its allotment":      {0, 60_000, 0},
		"into the allowance":         {0, 75_000, 15_000},
		"all of it":                  {0, 80_000, 20_000},
		"beyond it":                  {0, 95_000, 20_000},
		"with what the chair added":  {30_000, 95_000, 5_000},
	} {
		t.Run(name, func(t *testing.T) {
			l := sessiontest.Empty(t)
			l.Sample(2, nil)
			l.StartAt(sessiontest.Item)
			entry, turn := sessiontest.ID[ids.Entry]("one"), sessiontest.ID[ids.Turn]("one")
			chair, timing := sessiontest.Staff(events.Chair), events.ByService(events.Timing)
			l.Append(events.Queue, chair, "join", &events.EntryJoined{Entry: entry, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Place: 1})
			l.Append(events.Queue, chair, "next", &events.FloorGiven{Turn: turn, Entry: entry, GivenAt: l.Now, Act: ids.New[ids.Command]()})
			l.Append(events.Timing, timing, "open_turn", &events.TurnOpened{Turn: turn, AllottedMS: 60_000})
			before := l.State.ReserveSpent(l.State.Timing.StartedAt, l.Now)
			l.Append(events.Timing, timing, "lengthen_turn", &events.TurnLengthened{Turn: turn, AddedMS: 20_000, Commitment: events.HashBody([]byte("sealed"))})
			if c.added > 0 {
				l.Append(events.Timing, chair, "extend_turn", &events.TurnExtended{Turn: turn, AddedMS: c.added})
			}
			begun := l.Now
			l.Append(events.Queue, chair, "begin", &events.TurnBegun{Turn: turn, BegunAt: begun, Basis: events.ByChair})
			held := l.State.Queue.Turns[turn]
			if allotted, _ := l.State.Allotted(held); allotted != 80_000+c.added {
				t.Errorf("allotted %d", allotted)
			}
			l.Now = begun.Add(c.used)
			l.Append(events.Queue, chair, "end", &events.TurnEnded{Turn: turn, EndedAt: l.Now, How: events.Ended, Act: ids.New[ids.Command]()})
			s := l.State
			if got := s.Charged(held, l.Now); got != c.charged {
				t.Errorf("charged %d, want %d", got, c.charged)
			}
			if s.Reckoned(held, l.Now) != c.used-c.charged || s.AccessCharged(l.Now) != c.charged {
				t.Errorf("reckoned %d, in all charged %d", s.Reckoned(held, l.Now), s.AccessCharged(l.Now))
			}
			if spent := s.ReserveSpent(s.Timing.StartedAt, l.Now); spent-before != c.charged {
				t.Errorf("the reserve paid %d", spent-before)
			}
			if held.Void = true; s.Charged(held, l.Now) != 0 {
				t.Error("a turn that was undone is charged")
			}
		})
	}
}
