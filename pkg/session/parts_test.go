package session_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// closingPart is a part behind the questions.
var closingPart = sessiontest.ID[ids.Part]("closing")

// agenda is a session of 90 minutes from 0 to 5400 s: opening 5, item 60,
// questions 25, of which the closing minute is the questions' to give.
func agenda(change func(*session.State)) *session.State {
	s := session.New(sessiontest.ID[ids.Session]("session"))
	s.Registry.Created = true
	s.Registry.Modalities = sessiontest.Modalities()
	s.Registry.PlannedStart, s.Registry.HardEnd = at(0), at(5400)
	s.Registry.Parts = []events.Part{
		{ID: sessiontest.Opening, Kind: events.Opening, Minutes: 5},
		{ID: sessiontest.Item, Kind: events.Item, Minutes: 60, HasList: true},
		{ID: sessiontest.Questions, Kind: events.Questions, Minutes: 25, HasList: true},
	}
	if change != nil {
		change(s)
	}
	return s
}

// ran says that a part ran.
func ran(s *session.State, part ids.Part, from, to int64) {
	s.Timing.Parts[part] = &session.PartClock{StartedAt: at(from)}
	s.Timing.Part = part
	if to > 0 {
		s.Timing.Parts[part].EndedAt = at(to)
		s.Timing.Part = ids.Part{}
	}
}

func TestWindows(t *testing.T) {
	type window struct{ from, until, end int64 }
	for name, c := range map[string]struct {
		change                   func(*session.State)
		opening, item, questions window
	}{
		"as planned": {nil, window{0, 300, 300}, window{300, 3900, 3900}, window{3900, 5340, 5400}},
		"started ten late": {
			func(s *session.State) { s.Timing.StartedAt = at(600) },
			// 80 minutes for 90: the parts that are left share what is missing.
			window{600, 866, 866},
			window{866, 4066, 4066},
			window{4066, 5340, 5400},
		},
		"started ten early": {func(s *session.State) { s.Timing.StartedAt = at(-600) }, window{-600, -300, -300}, window{-300, 3300, 3300}, window{3300, 5340, 5400}},
		"the opening was short": {func(s *session.State) {
			s.Timing.StartedAt = at(0)
			ran(s, sessiontest.Opening, 0, 120)
			ran(s, sessiontest.Item, 120, 0)
		}, window{0, 300, 300}, window{120, 3900, 3900}, window{3900, 5340, 5400}},
		"the item was short": {func(s *session.State) {
			s.Timing.StartedAt = at(0)
			ran(s, sessiontest.Item, 300, 3000)
			ran(s, sessiontest.Questions, 3000, 0)
		}, window{0, 300, 300}, window{300, 3900, 3900}, window{3000, 5340, 5400}},
		"the opening took too long": {func(s *session.State) {
			s.Timing.StartedAt = at(0)
			ran(s, sessiontest.Item, 900, 0)
		}, window{0, 300, 300}, window{900, 3900, 3900}, window{3900, 5340, 5400}},
		"suspended for ten": {func(s *session.State) {
			s.Timing.StartedAt = at(0)
			s.Timing.Suspensions = []session.Span{span(1000, 1600, events.PausedBySuspension)}
			// 80 minutes for 90 again, but from the shifted start of each part.
		}, window{600, 866, 866}, window{866, 4066, 4066}, window{4066, 5340, 5400}},
		"suspended for ten and extended by as much": {func(s *session.State) {
			s.Timing.StartedAt, s.Timing.HardEnd = at(0), at(6000)
			s.Timing.Suspensions = []session.Span{span(1000, 1600, events.PausedBySuspension)}
		}, window{600, 900, 900}, window{900, 4500, 4500}, window{4500, 5940, 6000}},
		// The opening is not longer for it, and the item does not begin later.
		"extended by ten": {func(s *session.State) { s.Timing.HardEnd = at(6000) }, window{0, 300, 300}, window{300, 4500, 4500}, window{4500, 5940, 6000}},
		"cut by thirty":   {func(s *session.State) { s.Timing.HardEnd = at(3600) }, window{0, 200, 200}, window{200, 2600, 2600}, window{2600, 3540, 3600}},
		"with a closing of five": {func(s *session.State) {
			s.Registry.Parts = append(s.Registry.Parts, events.Part{ID: closingPart, Kind: events.Closing, Minutes: 5})
			s.Registry.HardEnd = at(5700)
		}, window{0, 300, 300}, window{300, 3900, 3900}, window{3900, 5400, 5700}},
	} {
		t.Run(name, func(t *testing.T) {
			s := agenda(c.change)
			for part, want := range map[ids.Part]window{sessiontest.Opening: c.opening, sessiontest.Item: c.item, sessiontest.Questions: c.questions} {
				w, ok := s.Window(part)
				p, _, _ := s.Registry.Part(part)
				// Shares of a shortage are rounded to the millisecond; the table to the second.
				if !ok || w.From.Sub(at(want.from))/1000 != 0 || w.Until.Sub(at(want.until))/1000 != 0 || w.End.Sub(at(want.end))/1000 != 0 {
					t.Errorf("%s: from %d until %d end %d s, want %+v", p.Kind, w.From.Sub(at(0))/1000, w.Until.Sub(at(0))/1000, w.End.Sub(at(0))/1000, want)
				}
				if w.End > s.HardEnd() || w.Until > w.End {
					t.Errorf("%s: until %s, end %s, hard end %s", p.Kind, w.Until, w.End, s.HardEnd())
				}
				if w.Last != (part == sessiontest.Questions) {
					t.Errorf("%s: last %v", p.Kind, w.Last)
				}
			}
		})
	}
	s := agenda(nil)
	if _, ok := s.Window(closingPart); ok {
		t.Error("a window for a part that the agenda does not have")
	}
	if s.ClosingMS() != 60_000 {
		t.Errorf("%d ms kept for the closing, want the modalities' minute", s.ClosingMS())
	}
}

func TestPartsStandAlone(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(10, func(c *events.SessionCreated) { c.Parts[1].Minutes, c.Parts[2].Minutes = 60, 26 })
	listed(l, sessiontest.Item, 10)
	listed(l, sessiontest.Questions, 4)
	item := session.PlanOf(l.State, sessiontest.Item, l.State.At)
	questions := session.PlanOf(l.State, sessiontest.Questions, l.State.At)
	if item.Fault != nil || questions.Fault != nil || item.Waiting != 10 || questions.Waiting != 4 || !item.Fits || !questions.Fits {
		t.Fatalf("item %+v, questions %+v", item, questions)
	}
	first := questions.Entries[0]
	if w, _ := l.State.Window(sessiontest.Questions); !first.HasETA || first.Middle < w.From || item.Until > w.From {
		t.Errorf("the first question is expected at %s, the questions begin at %s, the item ends at %s", first.Middle, w.From, item.Until)
	}
	for _, v := range []session.View{item, questions} {
		w, _ := l.State.Window(v.Part)
		b := v.Budget
		if sum := b.ElapsedMS + b.RunningMS + b.ReservedMS + b.PromisedMS + b.FreeMS - b.ShortMS; sum != w.End.Sub(w.From) {
			t.Errorf("the bar's parts sum to %d of %d ms", sum, w.End.Sub(w.From))
		}
	}
	// A part that is over reaches nobody; nobody's place on another list changes.
	l.StartAt(sessiontest.Item)
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "start_part",
		&events.PartEnded{Part: sessiontest.Item, EndedAt: l.Now}, &events.PartStarted{Part: sessiontest.Questions, StartedAt: l.Now})
	if v := session.PlanOf(l.State, sessiontest.Item, l.Now); v.NotReached != 10 || v.Entries[9].Reached || v.Entries[9].Place != 10 {
		t.Errorf("a part that is over: %+v", v)
	}
}
