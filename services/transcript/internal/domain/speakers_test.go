package domain

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// "A captioner 4 s behind while the floor changes hands: text goes to the one
// who said it."
func TestACaptionerFourSecondsBehindWhileTheFloorChangesHands(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	s.speak(0)
	s.wait(20_000)
	own := s.write(captioner, source, nil)
	s.end(0, events.Ended)
	s.give(2)
	s.wait(500)
	s.begin(2)
	// Three seconds into the new turn the captioner writes what was said before it.
	s.wait(3_000)
	late := s.write(captioner, source, nil)
	s.wait(4_000)
	next := s.write(captioner, source, nil)
	s.want("in the turn", own, 0)
	s.want("written late", late, 0)
	s.want("of the next one", next, 2)
	// Live: from now on they are two seconds behind.
	two := int64(2_000)
	s.must(sessiontest.Request(captioner, "change_source", command.ChangeSource{Source: source, LatencyMS: &two}))
	s.wait(10_000)
	s.end(2, events.Ended)
	s.give(3)
	s.begin(3)
	s.wait(2_500)
	quicker := s.write(captioner, source, nil)
	s.want("by the new latency", quicker, 3)
	s.want("what was written before stays", late, 0)
	s.gapless()
}

// "An engine": audio times are looked up as they are, whatever the delay.
func TestAudioTimesSayWhoSpoke(t *testing.T) {
	s := newStage(t)
	source := s.open(technician, events.EngineSource, "en", func(a *command.OpenSource) { a.Hears = events.HearsInterpretation })
	s.speak(0)
	first := s.Now
	s.wait(10_000)
	s.end(0, events.Ended)
	s.give(2)
	s.wait(2_000)
	s.begin(2)
	begun := s.Now
	s.wait(6_000)
	old := s.write(technician, source, audio(first.Add(5_000), first.Add(9_000)))
	most := s.write(technician, source, audio(begun.Add(-1_000), begun.Add(4_000)))
	s.want("from the first turn", old, 0)
	s.want("most of it in the second", most, 2)
}

func TestANameInTheMarkOverridesTheFloor(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	s.speak(0)
	s.wait(10_000)
	named := func(who events.Attribution) func(*Piece) {
		return func(p *Piece) { p.Change, p.Named, p.Who = true, true, who }
	}
	other := s.write(captioner, source, named(events.Attribution{Applicant: sessiontest.Applicant(3)}))
	goes := s.write(captioner, source, nil)
	chairs := s.write(captioner, source, named(events.Attribution{Chair: true}))
	back := s.write(captioner, source, named(events.Attribution{Applicant: sessiontest.Applicant(0)}))
	nobody := s.write(captioner, source, named(events.Attribution{}))
	s.want(">> NAME:", other, 3)
	s.want("who was named goes on", goes, 3)
	s.want(">> CHAIR:", chairs, -1)
	s.want("the holder by name", back, 0)
	if got := s.State.Transcript.Segments[back].Speaker; got.Turn != turn(0) || got.Basis != events.ByChevron {
		t.Errorf("the holder's turn is not named: %+v", got)
	}
	s.want("a name that nobody has", nobody, -2)
	// The change of floor ends what the mark said.
	s.end(0, events.Ended)
	s.speak(2)
	s.wait(10_000)
	s.want("after the floor changed", s.write(captioner, source, nil), 2)
	s.gapless()
}

func TestABareMarkMovesToTheNextTurn(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	mark := func(p *Piece) { p.Change = true }
	s.speak(0)
	s.wait(10_000)
	s.want("the holder", s.write(captioner, source, nil), 0)
	s.end(0, events.Ended)
	s.give(2)
	// A quick captioner is ahead of their latency: by the clock it is still turn 0.
	s.wait(1_000)
	ahead := s.write(captioner, source, mark)
	s.want("moved on by the mark", ahead, 2)
	s.want("and stays there", s.write(captioner, source, nil), 2)
	s.begin(2)
	s.wait(10_000)
	s.want("the same by the clock", s.write(captioner, source, nil), 2)
	// Nobody follows yet: somebody else speaks, and that is the chair.
	s.want("the chair interjects", s.write(captioner, source, mark), -1)
	s.want("still the chair", s.write(captioner, source, nil), -1)
	s.want("and back", s.write(captioner, source, mark), 2)
	s.gapless()
}

func TestWordsBetweenTurnsAndInInterruptionsAreTheChairs(t *testing.T) {
	s := newStage(t)
	engine := s.open(technician, events.EngineSource, "en", nil)
	now := func(p *Piece) { p.Start, p.End, p.Time = s.Now-500, s.Now, events.ByAudioTime }
	s.wait(5_000)
	s.want("before the first turn", s.write(technician, engine, now), -1)
	s.give(0)
	s.wait(1_000)
	s.want("the call itself", s.write(technician, engine, now), -1)
	s.begin(0)
	s.wait(5_000)
	s.want("the holder", s.write(technician, engine, now), 0)
	s.Append(events.Queue, sessiontest.Delegate(3), "raise_point", &events.PointRaised{Entry: entry(9), Part: item, Applicant: sessiontest.Applicant(3), Turn: turn(0)})
	s.Append(events.Queue, chair, "admit_point", &events.PointAdmitted{Entry: entry(9), Suspended: turn(0)})
	s.wait(5_000)
	s.want("in a point of order", s.write(technician, engine, now), -1)
	s.Append(events.Queue, chair, "rule", &events.PointRuled{Entry: entry(9), Ruling: events.Noted, Resumed: turn(0)})
	s.wait(5_000)
	s.want("the turn goes on", s.write(technician, engine, now), 0)
	s.Append(events.Timing, chair, "pause_turn", &events.TurnPaused{Turn: turn(0), At: s.Now, Cause: events.PausedByChair})
	s.wait(5_000)
	s.want("in a pause", s.write(technician, engine, now), -1)
	s.Append(events.Timing, chair, "resume_turn", &events.TurnResumed{Turn: turn(0), At: s.Now})
	s.Append(events.Timing, chair, "suspend", &events.SessionSuspended{Since: s.Now})
	s.wait(5_000)
	s.want("in a suspension", s.write(technician, engine, now), -1)
	s.Append(events.Timing, chair, "resume_session", &events.SessionResumed{ResumedAt: s.Now})
	s.end(0, events.Ended)
	s.wait(5_000)
	s.want("after the turn", s.write(technician, engine, now), -1)
	s.gapless()
}

func TestAfterTheLimitWordsStayWithTheLastHolder(t *testing.T) {
	s := newStage(t)
	engine := s.open(technician, events.EngineSource, "en", nil)
	now := func(p *Piece) { p.Start, p.End, p.Time = s.Now-500, s.Now, events.ByAudioTime }
	s.speak(0)
	s.wait(20_000)
	s.end(0, events.AtLimit)
	s.wait(8_000)
	s.want("after the limit", s.write(technician, engine, now), 0)
	s.give(2)
	s.wait(2_000)
	s.want("until the next begins", s.write(technician, engine, now), 0)
	s.begin(2)
	s.wait(2_000)
	s.want("and then not", s.write(technician, engine, now), 2)
	s.gapless()
}

func TestAttributionFollowsTheCorrectedHistory(t *testing.T) {
	s := newStage(t)
	engine := s.open(technician, events.EngineSource, "en", nil)
	now := func(p *Piece) { p.Start, p.End, p.Time = s.Now-500, s.Now, events.ByAudioTime }
	s.speak(0)
	s.wait(10_000)
	held := s.write(technician, engine, now)
	// The chair presses Next too early, the second one says a sentence, and it is undone.
	act := s.Command()
	s.Append(events.Queue, chair, "next", &events.TurnEnded{Turn: turn(0), EndedAt: s.Now, How: events.Followed, Act: act},
		&events.FloorGiven{Turn: turn(2), Entry: entry(2), GivenAt: s.Now, Act: act})
	s.wait(1_000)
	s.begin(2)
	s.wait(2_000)
	void := s.write(technician, engine, now)
	s.wait(1_000)
	s.Append(events.Queue, chair, "undo", &events.ActUndone{Undone: act, Voided: turn(2), Resumed: turn(0), PressedAt: s.Now - 4_000, GapMS: 4_000})
	s.wait(2_000)
	resumed := s.write(technician, engine, now)
	s.want("before", held, 0)
	s.want("a void turn keeps its words", void, 2)
	s.want("the resumed turn", resumed, 0)
	// Someone else is speaking.
	s.Append(events.Queue, chair, "reassign", &events.TurnReassigned{Turn: turn(0), From: entry(0), To: entry(3)})
	s.settle()
	s.want("reassigned", held, 3)
	s.want("reassigned too", resumed, 3)
	s.want("the void turn is somebody else's", void, 2)
	// A past turn is corrected: it ended before the last sentence.
	s.wait(5_000)
	s.end(0, events.Ended)
	s.Append(events.Queue, chair, "correct_turn", &events.TurnCorrected{Turn: turn(0), EndedAt: s.State.Transcript.Segments[resumed].Start})
	s.settle()
	s.want("after the corrected end", resumed, -1)
	s.Append(events.Queue, chair, "correct_turn", &events.TurnCorrected{Turn: turn(0), Entry: entry(1)})
	s.settle()
	s.want("the corrected holder", held, 1)
	s.gapless()
}

// What an editor said stays, whatever is corrected in the floor's history.
func TestAnEditorsAttributionStays(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	s.speak(0)
	s.wait(10_000)
	seg := s.write(captioner, source, nil)
	attribute := func(change func(*command.Attribute)) *command.Request {
		a := command.Attribute{Segment: seg, Rev: 1}
		change(&a)
		return sessiontest.Request(captioner, "attribute", a)
	}
	s.must(attribute(func(a *command.Attribute) { a.Applicant = sessiontest.Applicant(2) }))
	s.Append(events.Queue, chair, "correct_turn", &events.TurnCorrected{Turn: turn(0), BegunAt: s.Now - 1})
	s.settle()
	s.want("said by an editor", seg, 2)
	s.must(attribute(func(a *command.Attribute) { a.Chair = true }))
	s.must(attribute(func(a *command.Attribute) { a.Turn = turn(0) }))
	s.want("and again", seg, 0)
	s.refused(attribute(func(a *command.Attribute) { a.Turn = turn(0) }), problem.Already)
	s.refused(attribute(func(a *command.Attribute) { a.Turn, a.Chair = turn(0), true }), problem.Invalid)
	s.refused(attribute(func(*command.Attribute) {}), problem.Invalid)
	s.refused(attribute(func(a *command.Attribute) { a.Turn = turn(3) }), problem.NotFound)
	s.refused(attribute(func(a *command.Attribute) { a.Chair, a.Rev = true, 2 }), problem.Stale)
	s.gapless()
}

func TestACaptionIsEvidenceThatTheTurnBegan(t *testing.T) {
	begins := func(s *stage, r *command.Request) bool {
		for _, e := range s.must(r) {
			if w, ok := e.(*events.CaptionWritten); ok && !w.Begins.IsZero() {
				return w.Begins == s.State.Queue.Turn
			}
		}
		return false
	}
	for name, c := range map[string]struct {
		after int64
		piece func(*stage, *Piece)
		want  bool
	}{
		"a mark":                              {2_000, func(_ *stage, p *Piece) { p.Change = true }, true},
		"their name":                          {2_000, func(_ *stage, p *Piece) { p.Change, p.Named, p.Who.Applicant = true, true, sessiontest.Applicant(0) }, true},
		"the chair's name":                    {2_000, func(_ *stage, p *Piece) { p.Change, p.Named, p.Who.Chair = true, true, true }, false},
		"plain words that are still the call": {2_000, func(s *stage, p *Piece) { audio(s.Now-1_000, s.Now)(p) }, false},
		"plain words long after it":           {6_000, func(s *stage, p *Piece) { audio(s.Now-1_000, s.Now)(p) }, true},
		"words from before the call":          {6_000, func(s *stage, p *Piece) { audio(s.Now-9_000, s.Now-8_000)(p) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			source := s.open(captioner, events.TypedSource, "en", func(a *command.OpenSource) { zero := int64(0); a.LatencyMS = &zero })
			s.wait(10_000)
			s.give(0)
			s.wait(c.after)
			p := s.piece()
			c.piece(s, &p)
			if got := begins(s, s.captions(captioner, source, p)); got != c.want {
				t.Errorf("it begins the turn: %v", got)
			}
		})
	}
	// A turn begins once, and words in a point of order begin nothing.
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	s.speak(0)
	s.wait(10_000)
	p := s.piece()
	p.Change = true
	if begins(s, s.captions(captioner, source, p)) {
		t.Error("a turn that has begun begins again")
	}
}

func TestAnEngineForEnglishIsHeldWhileTheTurnIsInFrench(t *testing.T) {
	s := newStage(t)
	engine := s.open(technician, events.EngineSource, "en", nil)
	now := func(p *Piece) { p.Start, p.End, p.Time = s.Now-500, s.Now, events.ByAudioTime }
	s.speak(1)
	s.wait(5_000)
	if state, because := s.State.TrackState("en"); state != "held" || because != "fr" {
		t.Errorf("the track is %s because of %q", state, because)
	}
	p := s.piece()
	now(&p)
	if refusal := s.refusal(s.captions(technician, engine, p), problem.WrongState); refusal.Detail != "the source hears the floor and writes en, and the turn is in fr: it is held" {
		t.Errorf("it says %q", refusal.Detail)
	}
	if _, err := Partial(s.State, technician, engine, 1, Piece{Start: s.Now - 500, End: s.Now, Time: events.ByAudioTime}, s.Now); !problem.Is(err, problem.WrongState) {
		t.Errorf("its partial is not held: %v", err)
	}
	// What was said before the turn, by the chair, is not held.
	before := p
	before.Segment, before.Start, before.End = s.next(), s.Now-12_000, s.Now-11_000
	s.must(s.captions(technician, engine, before))
	// An engine that hears the interpretation is not held.
	hears := events.HearsInterpretation
	s.must(sessiontest.Request(technician, "change_source", command.ChangeSource{Source: engine, Hears: &hears}))
	s.want("the interpretation", s.write(technician, engine, now), 1)
	floor := events.HearsFloor
	s.must(sessiontest.Request(technician, "change_source", command.ChangeSource{Source: engine, Hears: &floor}))
	// Nor is one that writes French, in whatever country.
	french := "fr-CH"
	s.must(sessiontest.Request(technician, "change_source", command.ChangeSource{Source: engine, Language: &french}))
	s.want("the same language", s.write(technician, engine, now), 1)
	s.end(1, events.Ended)
	if state, _ := s.State.TrackState("en"); state != "live" {
		t.Errorf("the track is %s", state)
	}
	s.gapless()
}

// Whatever happens on the floor and in whatever order: what is due is accepted
// and then no longer due, and every segment is with whom the history says.
func TestAttributionIsAFunctionOfTheHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStage(t)
		source := s.open(captioner, events.TypedSource, "en", nil)
		given := 0
		for range rapid.IntRange(5, 15).Draw(t, "steps") {
			s.wait(rapid.Int64Range(1, 9_000).Draw(t, "wait"))
			running := s.State.Queue.Running()
			switch act := rapid.IntRange(0, 5).Draw(t, "act"); {
			case act == 0 && running == nil && given < 4:
				s.give(given)
				given++
			case act == 1 && running != nil && running.BegunAt.IsZero():
				s.begin(given - 1)
			case act == 2 && running != nil && !running.BegunAt.IsZero():
				s.end(given-1, rapid.SampledFrom([]events.TurnEnd{events.Ended, events.AtLimit, events.Yielded}).Draw(t, "how"))
			case act == 3 && given > 0:
				if past := s.State.Queue.Turns[turn(rapid.IntRange(0, given-1).Draw(t, "turn"))]; !past.EndedAt.IsZero() {
					s.Append(events.Queue, chair, "correct_turn", &events.TurnCorrected{Turn: past.ID, BegunAt: past.BegunAt + 1, EndedAt: past.EndedAt + 500})
				}
			default:
				p := s.piece()
				p.Change = rapid.IntRange(0, 4).Draw(t, "mark") == 0
				s.must(s.captions(captioner, source, p))
			}
			s.settle()
			floor := s.State.FloorHistory()
			for _, seg := range s.State.Transcript.Segments {
				if want := floor.At(seg.Start, seg.End); seg.Speaker.Basis == events.ByFloor && seg.Speaker != want {
					t.Fatalf("a segment is with %+v, the history says %+v", seg.Speaker, want)
				}
			}
		}
		s.gapless()
	})
}
