package session_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// heldTurn is a turn of a hand-made history.
func heldTurn(n string, from, to clock.Instant, how events.TurnEnd) *session.Turn {
	return &session.Turn{ID: sessiontest.ID[ids.Turn](n), GivenAt: from, BegunAt: from, EndedAt: to, How: how}
}

// turnsOf makes a state of turns alone.
func turnsOf(turns ...*session.Turn) *session.State {
	s := session.New(sessiontest.ID[ids.Session]("session"))
	for _, t := range turns {
		s.Queue.Turns[t.ID] = t
		s.Queue.TurnOrder = append(s.Queue.TurnOrder, t.ID)
	}
	return s
}

func TestFloorHistorySaysWhoseWordsTheyAre(t *testing.T) {
	undone := heldTurn("undone", 300, 400, "")
	undone.Void = true
	s := turnsOf(heldTurn("a", 100, 0, ""), undone, heldTurn("b", 600, 700, events.AtLimit), heldTurn("c", 800, 900, events.Ended))
	s.Queue.Turns[sessiontest.ID[ids.Turn]("a")].EndedAt = 500
	s.Queue.PointSpans = []session.Span{{From: 150, To: 160}}
	s.Timing.Suspensions = []session.Span{{From: 840, To: 850}}
	h := s.FloorHistory()
	for name, c := range map[string]struct {
		from, to clock.Instant
		whose    string // "" is the chair
	}{
		"before all":                   {10, 20, ""},
		"the first word":               {100, 100, "a"},
		"in a point of order":          {152, 158, ""},
		"mostly around it":             {140, 190, "a"},
		"a turn that was undone":       {310, 320, "undone"},
		"the one that it interrupted":  {410, 420, "a"},
		"the moment of the end":        {500, 500, ""},
		"between turns":                {510, 590, ""},
		"to the limit":                 {690, 690, "b"},
		"after the limit":              {750, 760, "b"},
		"until the next begins":        {800, 800, "c"},
		"in a suspension":              {841, 845, ""},
		"half and half is the first's": {495, 505, "a"},
		"most counts":                  {590, 620, "b"},
		"after the last":               {900, 950, ""},
		"backwards is an instant":      {110, 90, "a"},
	} {
		want := events.Attribution{Basis: events.ByFloor, Chair: c.whose == ""}
		if c.whose != "" {
			want.Turn = sessiontest.ID[ids.Turn](c.whose)
		}
		if got := h.At(c.from, c.to); got != want {
			t.Errorf("%s: %+v, want %s", name, got, c.whose)
		}
	}
	if !h.Changes(690, 810) || h.Changes(690, 790) || h.Changes(110, 110) {
		t.Error("changes of hands are seen wrongly")
	}
}

// What is painted over a history is what stands there afterwards, and nothing
// else is changed: compared with a history kept millisecond by millisecond.
func TestFloorHistoryAgreesWithOneKeptByTheMillisecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var turns []*session.Turn
		slow := make([]ids.Turn, 64)
		at := clock.Instant(1)
		for i := range rapid.IntRange(0, 6).Draw(t, "turns") {
			at += clock.Instant(rapid.IntRange(0, 9).Draw(t, "gap"))
			to := at + clock.Instant(rapid.IntRange(1, 20).Draw(t, "length"))
			turn := heldTurn(string(rune('a'+i)), at, to, events.Ended)
			turns = append(turns, turn)
			for ms := at; ms < to && int(ms) < len(slow); ms++ {
				slow[ms] = turn.ID
			}
		}
		h := turnsOf(turns...).FloorHistory()
		for ms := range slow {
			if got := h.At(clock.Instant(ms), clock.Instant(ms)).Turn; got != slow[ms] {
				t.Fatalf("at %d it is %s's, want %s's", ms, got, slow[ms])
			}
		}
	})
}

func TestSameLanguageLooksAtTheLanguageAlone(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"en", "en-GB", true}, {"EN_us", "en", true}, {"en", "fr", false}, {"zh-Hans", "zh-Hant", true}, {"", "en", false}} {
		if session.SameLanguage(c.a, c.b) != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, !c.want)
		}
	}
}

func TestATranscriptThatCannotBeIsNotFolded(t *testing.T) {
	source, segment := sessiontest.ID[ids.Source]("source"), sessiontest.ID[ids.Segment]("segment")
	open := []events.Event{
		&events.SourceOpened{Source: source, Track: "en", Kind: events.TypedSource, Language: "en", Rank: 300},
		&events.TrackTaken{Track: "en", Source: source, Epoch: 1, How: events.TakenFree},
		&events.CaptionWritten{Track: "en", Seq: 1, Segment: segment, Rev: 1, Source: source, Epoch: 1},
	}
	for name, wrong := range map[string]events.Event{
		"a seq that is left out":      &events.CaptionWritten{Track: "en", Seq: 3, Segment: sessiontest.ID[ids.Segment]("x"), Rev: 1, Source: source},
		"a seq twice":                 &events.CaptionCorrected{Track: "en", Seq: 1, Segment: segment, Rev: 2},
		"a segment twice":             &events.CaptionWritten{Track: "en", Seq: 2, Segment: segment, Rev: 1, Source: source},
		"a segment that is not there": &events.CaptionRedacted{Track: "en", Seq: 2, Segment: sessiontest.ID[ids.Segment]("x")},
		"another track's segment":     &events.CaptionRedacted{Track: "fr", Seq: 1, Segment: segment},
		"an epoch twice":              &events.TrackTaken{Track: "en", Source: source, Epoch: 1},
		"a track that is not there":   &events.TrackTaken{Track: "fr", Source: source, Epoch: 1},
		"a source that is not there":  &events.SourceClosed{Source: sessiontest.ID[ids.Source]("x")},
		"a revision that was":         &events.CaptionCorrected{Track: "en", Seq: 2, Segment: segment, Rev: 1},
		"a request that is not there": &events.CorrectionAnswered{Request: sessiontest.ID[ids.Correction]("x")},
		"a relay that is not there":   &events.RelayDelivered{Relay: sessiontest.ID[ids.Relay]("x"), Post: 1},
		"another context's event":     &events.TurnBegun{},
	} {
		l := sessiontest.Empty(t)
		l.Sample(1, nil)
		l.Append(events.Transcript, sessiontest.Staff(events.Captioner), "open_source", open...)
		if err := l.Commit(events.Transcript, &events.Commit{Command: l.Command(), Verb: "test", Actor: sessiontest.Staff(events.Captioner), Events: []events.Event{wrong}}); err == nil {
			t.Errorf("%s is folded", name)
		}
	}
}

// Only what changes nothing that a view shows is captions alone.
func TestCaptionOnlyCommits(t *testing.T) {
	for name, c := range map[string]struct {
		e    events.Event
		want bool
	}{
		"a final":                   {&events.CaptionWritten{}, true},
		"one that ends a silence":   {&events.CaptionWritten{Resumes: true}, false},
		"a post":                    {&events.PostTaken{}, true},
		"one after a gap":           {&events.PostTaken{Missing: 1}, false},
		"a delivery":                {&events.RelayDelivered{}, true},
		"one that recovers":         {&events.RelayDelivered{Recovered: true}, false},
		"an accepted wish":          {&events.CaptionCorrected{Request: sessiontest.ID[ids.Correction]("x")}, false},
		"a redaction":               {&events.CaptionRedacted{}, true},
		"a takeover":                {&events.TrackTaken{}, false},
		"something of other places": {&events.TurnBegun{}, false},
	} {
		if got := events.CaptionOnly(&events.Commit{Events: []events.Event{c.e}}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
