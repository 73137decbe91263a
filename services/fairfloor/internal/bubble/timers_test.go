package bubble

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// written gives when each fact of a kind about a turn was to happen, and when it
// was written, from the stored bytes.
func (m *meeting) written(turn ids.Turn) (marks map[events.Mark][]clock.Instant, ends []*events.TurnEnded) {
	m.t.Helper()
	raw, _, err := m.stack.raw(m.id)
	if err != nil {
		m.t.Fatalf("reading the log: %v", err)
	}
	marks = map[events.Mark][]clock.Instant{}
	for _, one := range raw {
		var c events.Commit
		if err := c.UnmarshalJSON(one.Body); err != nil {
			m.t.Fatalf("sequence %d: %v", one.Sequence, err)
		}
		for _, event := range c.Events {
			switch e := event.(type) {
			case *events.TurnMarked:
				if e.Turn == turn {
					marks[e.Mark] = append(marks[e.Mark], e.Due)
					// After a pause what was passed before it is noted anew, for the new limit.
					if e.Epoch == 0 && c.At.Sub(e.Due) > 2 {
						m.t.Errorf("%s was due at %s and written at %s", e.Mark, e.Due, c.At)
					}
				}
			case *events.TurnEnded:
				if e.Turn == turn {
					ends = append(ends, e)
				}
			}
		}
	}
	return marks, ends
}

// once checks that a mark was noted at exactly these instants.
func once(m *meeting, marks map[events.Mark][]clock.Instant, mark events.Mark, want ...clock.Instant) {
	m.t.Helper()
	got := marks[mark]
	if len(got) != len(want) {
		m.t.Errorf("%s was noted %d times, at %v; want %v", mark, len(got), got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			m.t.Errorf("%s was noted for %s, want %s", mark, got[i], want[i])
		}
	}
}

// TestTimersOfThreeReplicas: in a session that ends turns at their limit, three
// replicas each of queue and timing arm every timer. The list closes at its time,
// each of warning, expiry and grace is a fact once, at its own millisecond, the
// floor ends with the grace; and a point of order that is admitted one
// millisecond before the limit wins over all of them.
func TestTimersOfThreeReplicas(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		m := newStack(t, builders()).open(t, agenda{
			minutes: 30, applicants: 4, modalities: func(mod *events.Modalities) { mod.Limit = events.Hard },
		})
		w := &whole{meeting: m}
		m.must(office, "open_list", command.PartRef{Part: m.item})
		for _, d := range m.delegates {
			m.must(d, "join", command.Join{Part: m.item})
		}
		m.closesAtItsTime()
		m.must(chair, "start_session", command.None{})
		m.must(chair, "start_part", command.PartRef{Part: m.item})
		m.speaksOn(w)
		m.interruptedBefore(w)
		m.replacedBefore(w)
		m.must(chair, "adjourn", command.None{})
		m.check()
	})
}

// closesAtItsTime lets three replicas close a list: once, at the instant named.
func (m *meeting) closesAtItsTime() {
	m.t.Helper()
	closes := now().Add(90_000)
	m.must(office, "close_list", command.CloseList{Part: m.item, At: closes})
	sleep(closes.Sub(now()) - 1)
	state := func() (l session.List) {
		m.look(func(s *session.State) { l = *s.Queue.List(m.item) })
		return l
	}
	if l := state(); l.State != events.ListClosing {
		m.t.Errorf("1 ms before its time the list is %s", l.State)
	}
	sleep(1)
	if l := state(); l.State != events.ListClosed || l.AtClose != len(m.delegates) {
		m.t.Errorf("at its time the list is %s with %d entries", l.State, l.AtClose)
	}
}

// limits gives when the turn's warning, limit and end of grace are, reckoned from
// what was allotted alone.
func (m *meeting) limits(turn ids.Turn, begun clock.Instant) (warning, limit, grace clock.Instant) {
	m.look(func(s *session.State) {
		allotted := s.Timing.Turns[turn].AllottedMS
		limit = begun.Add(allotted)
		warning = limit.Add(-min(30_000, allotted/5))
		grace = limit.Add(s.Registry.Modalities.GraceMS)
	})
	return warning, limit, grace
}

// speaksOn lets a speaker go on until the floor ends by itself.
func (m *meeting) speaksOn(w *whole) {
	m.t.Helper()
	turn, _ := w.call(5_000)
	warning, limit, grace := m.limits(turn, m.begun(turn))
	sleep(grace.Sub(now()) - 1)
	if running, _, _ := w.running(); running != turn {
		m.t.Errorf("1 ms before the grace is over turn %s has the floor", running)
	}
	sleep(10)
	if running, _, _ := w.running(); !running.IsZero() {
		m.t.Errorf("after the grace turn %s has the floor", running)
	}
	sleep(60_000)
	marks, ends := m.written(turn)
	once(m, marks, events.MarkWarning, warning)
	once(m, marks, events.MarkExpired, limit)
	once(m, marks, events.MarkGrace, grace)
	if len(ends) != 1 || ends[0].How != events.AtLimit || ends[0].EndedAt != grace {
		m.t.Errorf("the turn ended %+v, want once at %s", ends, grace)
	}
}

// begun is when a turn's first word was.
func (m *meeting) begun(turn ids.Turn) (at clock.Instant) {
	m.look(func(s *session.State) { at = s.Queue.Turns[turn].BegunAt })
	return at
}

// interruptedBefore admits a point of order one millisecond before the limit:
// the limit is not reached, but one millisecond after the ruling.
func (m *meeting) interruptedBefore(w *whole) {
	m.t.Helper()
	turn, entry := w.call(5_000)
	warning, limit, _ := m.limits(turn, m.begun(turn))
	by := m.delegates[0]
	if m.of(entry).ID == by.ID {
		by = m.delegates[1]
	}
	sleep(20_000)
	point := ids.MustParse[ids.Entry](m.must(by, "raise_point", command.RaisePoint{}).Made["entry"])
	sleep(limit.Sub(now()) - 1)
	if r := m.must(chair, "admit_point", command.EntryRef{Entry: point}); r.At != limit.Add(-1) {
		m.t.Errorf("the point was admitted at %s, want 1 ms before the limit %s", r.At, limit)
	}
	sleep(40_000)
	marks, ends := m.written(turn)
	once(m, marks, events.MarkWarning, warning)
	once(m, marks, events.MarkExpired)
	once(m, marks, events.MarkGrace)
	if len(ends) != 0 {
		m.t.Errorf("while the point is heard the turn ended %+v", ends[0])
	}
	ruled := m.must(chair, "rule", command.Rule{Entry: point, Ruling: events.Upheld}).At
	sleep(30_000)
	marks, ends = m.written(turn)
	once(m, marks, events.MarkWarning, warning, warning)
	once(m, marks, events.MarkExpired, ruled.Add(1))
	once(m, marks, events.MarkGrace, ruled.Add(5_001))
	if len(ends) != 1 || ends[0].EndedAt != ruled.Add(5_001) {
		m.t.Errorf("after the ruling at %s the turn ended %+v", ruled, ends)
	}
}

// replacedBefore exchanges every replica in mid-turn: those that come arm the
// timers from the log.
func (m *meeting) replacedBefore(w *whole) {
	m.t.Helper()
	turn, _ := w.call(5_000)
	warning, limit, grace := m.limits(turn, m.begun(turn))
	for _, c := range contexts {
		for range replicas {
			m.stack.replace(c)
		}
	}
	sleep(grace.Sub(now()) + 10)
	marks, ends := m.written(turn)
	once(m, marks, events.MarkWarning, warning)
	once(m, marks, events.MarkExpired, limit)
	once(m, marks, events.MarkGrace, grace)
	if len(ends) != 1 || ends[0].How != events.AtLimit || ends[0].EndedAt != grace {
		m.t.Errorf("the turn ended %+v, want once at %s", ends, grace)
	}
}
