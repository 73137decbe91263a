package domain

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

var second = events.Actor{ID: "token/second captioner", Roles: []events.Role{events.Captioner}}

// holds compares who writes a track.
func (s *stage) holds(what, track string, source ids.Source, epoch uint64) {
	s.t.Helper()
	if t := s.State.Transcript.Tracks[track]; t.Source != source || t.Epoch != epoch {
		s.t.Fatalf("%s: track %s is with %s at epoch %d, want %s at %d", what, track, t.Source, t.Epoch, source, epoch)
	}
}

func (s *stage) trackOf(by events.Actor, verb string, source ids.Source) *command.Request {
	return sessiontest.Request(by, verb, command.TrackSource{Track: "en", Source: source})
}

func TestTwoSourcesOnATrackNeverMix(t *testing.T) {
	s := newStage(t)
	hears := func(a *command.OpenSource) { a.Hears = events.HearsInterpretation }
	engine := s.open(technician, events.EngineSource, "en", hears)
	s.holds("the first takes it", "en", engine, 1)
	other := s.open(technician, events.EngineSource, "en", hears)
	s.holds("one of the same rank waits", "en", engine, 1)
	s.refused(s.captions(technician, other, s.piece()), problem.Stale)
	s.write(technician, engine, nil)
	// A human before a machine, at once and for everybody to see.
	human := s.open(captioner, events.TypedSource, "en", nil)
	s.holds("a human outranks it", "en", human, 2)
	fenced := s.captions(technician, engine, s.piece())
	s.refused(fenced, problem.Stale)
	late := s.captions(captioner, human, s.piece())
	var args command.Caption
	if err := late.Read(&args); err != nil {
		t.Fatal(err)
	}
	args.Epoch = 1
	old := sessiontest.Request(captioner, "caption", args)
	old.Prepared = late.Prepared
	s.refused(old, problem.Stale)
	// Nobody writes with another's source, staff neither.
	s.refused(s.captions(second, human, s.piece()), problem.Forbidden)
	s.refused(s.captions(chair, human, s.piece()), problem.Forbidden)
	// Another captioner takes it over, explicitly; the first one is fenced.
	relief := s.open(second, events.TypedSource, "en", nil)
	s.holds("a second captioner waits", "en", human, 2)
	s.must(s.trackOf(second, "take_track", relief))
	s.holds("and takes over", "en", relief, 3)
	s.refused(s.captions(captioner, human, s.piece()), problem.Stale)
	s.refused(s.trackOf(second, "take_track", relief), problem.Already)
	// A machine takes nothing from a human who is there; people decide.
	s.refused(s.trackOf(technician, "take_track", engine), problem.Forbidden)
	s.must(s.trackOf(second, "release_track", relief))
	s.holds("released, it goes to the best that waits", "en", human, 4)
	s.refused(s.trackOf(second, "release_track", relief), problem.WrongState)
	s.must(sessiontest.Request(captioner, "close_source", command.SourceRef{Source: human}))
	s.holds("closed, likewise", "en", relief, 5)
	s.refused(s.captions(captioner, human, s.piece()), problem.WrongState)
	s.must(sessiontest.Request(second, "close_source", command.SourceRef{Source: relief}))
	s.holds("then the machine that was first", "en", engine, 6)
	for _, source := range []ids.Source{other, engine} {
		s.must(sessiontest.Request(technician, "close_source", command.SourceRef{Source: source}))
	}
	s.holds("nobody is left", "en", ids.Source{}, 7)
	if state, _ := s.State.TrackState("en"); state != session.TrackIdle {
		t.Errorf("the track is %s", state)
	}
	s.gapless()
}

func TestALeaseEndsAndWhoWaitsGetsTheTrack(t *testing.T) {
	s := newStage(t)
	first := s.open(captioner, events.TypedSource, "en", nil)
	waits := s.open(second, events.TypedSource, "en", nil)
	s.wait(40_000)
	s.must(sessiontest.Request(second, "renew_source", command.SourceRef{Source: waits}))
	s.refused(system("hand_track", command.TrackRef{Track: "en"}), problem.WrongState)
	s.wait(15_000)
	s.settle()
	s.holds("the lease lasts a minute", "en", first, 1)
	s.wait(10_000)
	s.settle()
	s.holds("then it ends", "en", waits, 2)
	s.refused(s.captions(captioner, first, s.piece()), problem.Stale)
	// With nobody waiting the holder keeps it, and loses it to whoever comes.
	s.wait(10 * 60_000)
	s.settle()
	s.holds("nobody waits", "en", waits, 2)
	s.write(second, waits, nil)
	s.wait(2 * 60_000)
	engine := s.open(technician, events.EngineSource, "en", nil)
	s.holds("a machine takes what a human left", "en", engine, 3)
	s.gapless()
}

func TestSourcesThatCannotBe(t *testing.T) {
	s := newStage(t)
	latency := int64(60_001)
	for name, c := range map[string]struct {
		args  command.OpenSource
		field string
	}{
		"no language":      {command.OpenSource{Track: "klingon language", Kind: events.TypedSource}, "args.track"},
		"a script by hand": {command.OpenSource{Track: "en", Kind: events.ScriptSource}, "args.kind"},
		"no kind":          {command.OpenSource{Track: "en"}, "args.kind"},
		"latency":          {command.OpenSource{Track: "en", Kind: events.TypedSource, LatencyMS: &latency}, "args.latency_ms"},
		"priority":         {command.OpenSource{Track: "en", Kind: events.TypedSource, Priority: 100}, "args.priority"},
		"hears":            {command.OpenSource{Track: "en", Kind: events.TypedSource, Hears: "voices"}, "args.hears"},
		"language":         {command.OpenSource{Track: "en", Kind: events.TypedSource, Language: "-"}, "args.language"},
		"label":            {command.OpenSource{Track: "en", Kind: events.TypedSource, Label: "a\x00b"}, "args.label"},
	} {
		if got := s.refusal(sessiontest.Request(captioner, "open_source", c.args), problem.Invalid); got.Field != c.field {
			t.Errorf("%s: the refusal names %q", name, got.Field)
		}
	}
	s.refused(sessiontest.Request(sessiontest.Delegate(0), "open_source", command.OpenSource{Track: "en", Kind: events.TypedSource}), problem.Forbidden)
	source := s.open(captioner, events.TypedSource, "en", nil)
	s.refused(sessiontest.Request(captioner, "change_source", command.ChangeSource{Source: source}), problem.Already)
	s.refused(sessiontest.Request(technician, "change_source", command.ChangeSource{Source: source}), problem.Forbidden)
	s.refused(sessiontest.Request(captioner, "renew_source", command.SourceRef{}), problem.Invalid)
	s.refused(sessiontest.Request(captioner, "renew_source", command.SourceRef{Source: sessiontest.ID[ids.Source]("none")}), problem.NotFound)
	for i := range maxTracks - 1 {
		s.open(captioner, events.TypedSource, "en-x-n"+string(rune('a'+i)), nil)
	}
	s.refused(sessiontest.Request(captioner, "open_source", command.OpenSource{Track: "pt", Kind: events.TypedSource}), problem.TooMany)
}

func TestFinalsThatCannotBe(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	for name, c := range map[string]func(*Piece){
		"no id":        func(p *Piece) { p.Segment = ids.Segment{} },
		"no times":     func(p *Piece) { p.Time = events.ByAudioTime },
		"backwards":    func(p *Piece) { p.Time, p.Start, p.End = events.ByAudioTime, s.Now, s.Now-1 },
		"in future":    func(p *Piece) { p.Time, p.Start, p.End = events.BySourceTime, s.Now, s.Now+60_000 },
		"another time": func(p *Piece) { p.Time, p.Start, p.End = "moon", s.Now, s.Now },
		"revision":     func(p *Piece) { p.Rev = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := s.piece()
			c(&p)
			s.refused(s.captions(captioner, source, p), problem.Invalid)
		})
	}
	s.refused(s.captions(captioner, source), problem.Invalid)
	seg := s.write(captioner, source, nil)
	p := Piece{Segment: seg, Rev: 1, Digest: placeholderDigest}
	s.refused(s.captions(captioner, source, p), problem.Already)
	// An editor was quicker: the source must look again.
	r := sessiontest.Request(chair, "correct", command.Correct{Segment: seg, Rev: 1})
	r.Prepared = &Prepared{Digest: placeholderDigest}
	s.must(r)
	p.Rev = 2
	s.refused(s.captions(captioner, source, p), problem.Stale)
	p.Rev = 3
	s.must(s.captions(captioner, source, p))
	// A segment belongs to its source.
	other := s.open(captioner, events.TypedSource, "fr", nil)
	s.refused(s.captions(captioner, other, p), problem.Reused)
	// The session ends; what was said before it still comes for a minute.
	s.Append(events.Timing, chair, "adjourn", &events.SessionAdjourned{AdjournedAt: s.Now})
	s.wait(30_000)
	s.write(captioner, source, nil)
	s.wait(31_000)
	s.refused(s.captions(captioner, source, s.piece()), problem.WrongState)
	s.refused(sessiontest.Request(captioner, "open_source", command.OpenSource{Track: "en", Kind: events.TypedSource}), problem.WrongState)
	s.gapless()
}

func TestFifteenSilentSecondsUnderAHeldFloorAreAnAlarm(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	missing := func(want bool) {
		t.Helper()
		s.settle()
		if state, _ := s.State.TrackState("en"); (state == session.TrackInterrupted) != want {
			t.Fatalf("the track is %s; interrupted should be %v", state, want)
		}
	}
	s.wait(60_000)
	missing(false) // nobody holds the floor
	s.must(sessiontest.Request(captioner, "renew_source", command.SourceRef{Source: source}))
	s.give(0)
	s.wait(20_000)
	missing(false) // called, and not begun
	s.begin(0)
	s.wait(14_990)
	missing(false)
	s.wait(10)
	missing(true)
	if since := s.State.Transcript.Tracks["en"].MissingSince; since != s.State.Queue.Turns[turn(0)].BegunAt {
		t.Errorf("it is silent since %s", since)
	}
	s.refused(system("note_missing", command.TrackRef{Track: "en"}), problem.WrongState)
	// The next words end it, and are the only ones of their kind that a view shows.
	p := s.piece()
	facts := s.must(s.captions(captioner, source, p))
	if w := facts[0].(*events.CaptionWritten); !w.Resumes || events.CaptionOnly(&events.Commit{Events: facts}) {
		t.Errorf("the first words are %+v", w)
	}
	missing(false)
	s.wait(10_000)
	s.write(captioner, source, nil)
	s.wait(10_000)
	missing(false)
	// A paused clock is no silence, and it counts anew after it.
	s.Append(events.Timing, chair, "pause_turn", &events.TurnPaused{Turn: turn(0), At: s.Now, Cause: events.PausedByChair})
	s.wait(60_000)
	missing(false)
	s.Append(events.Timing, chair, "resume_turn", &events.TurnResumed{Turn: turn(0), At: s.Now})
	s.wait(14_000)
	missing(false)
	s.wait(2_000)
	missing(true)
	s.end(0, events.Ended)
	missing(false) // the floor is free
	// A source that is held by the language guard is not silent: it may not write.
	hears := events.HearsFloor
	s.must(sessiontest.Request(captioner, "change_source", command.ChangeSource{Source: source, Hears: &hears}))
	s.speak(1)
	s.wait(40_000)
	missing(false)
	if state, because := s.State.TrackState("en"); state != session.TrackHeld || because != "fr" {
		t.Errorf("the track is %s (%s)", state, because)
	}
	s.gapless()
}

func TestACorrectionMarksTranslationsStale(t *testing.T) {
	s := newStage(t)
	english := s.open(captioner, events.TypedSource, "en", nil)
	french := s.open(second, events.TypedSource, "fr", nil)
	original := s.write(captioner, english, nil)
	translated := s.write(second, french, func(p *Piece) { p.Of = &events.Revision{Segment: original, Rev: 1} })
	fix := func(rev int64) {
		r := sessiontest.Request(captioner, "correct", command.Correct{Segment: original, Rev: rev})
		r.Prepared = &Prepared{Digest: placeholderDigest}
		s.must(r)
	}
	fix(1)
	if seg := s.State.Transcript.Segments[translated]; !seg.Stale || seg.Of.Rev != 1 {
		t.Errorf("the translation is %+v", seg)
	}
	steps := s.State.Transcript.Tracks["fr"].Seq()
	fix(2)
	if got := s.State.Transcript.Tracks["fr"].Seq(); got != steps {
		t.Error("it is marked twice")
	}
	// Taken back, by the captioner, and only once.
	s.must(sessiontest.Request(captioner, "retract", command.SegmentRef{Segment: original, Rev: 3}))
	s.refused(sessiontest.Request(captioner, "retract", command.SegmentRef{Segment: original, Rev: 3}), problem.Already)
	// A redaction takes the translation along.
	r := sessiontest.Because(sessiontest.Request(chair, "redact", command.SegmentRef{Segment: original, Rev: 3}), "personal data")
	r.Prepared = &Prepared{}
	s.must(r)
	if seg := s.State.Transcript.Segments[translated]; seg.State != session.CaptionRedacted {
		t.Errorf("the translation is %s", seg.State)
	}
	s.refused(r, problem.WrongState)
	s.gapless()
}

func TestAWishMayComeForSevenDays(t *testing.T) {
	s := newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	s.speak(0)
	s.wait(10_000)
	seg := s.write(captioner, source, nil)
	wish := func() *command.Request {
		r := sessiontest.Request(sessiontest.Delegate(0), "request_correction", command.Correct{Segment: seg, Rev: 1})
		r.Prepared = &Prepared{Digest: placeholderDigest}
		return r
	}
	s.Append(events.Timing, chair, "adjourn", &events.SessionAdjourned{AdjournedAt: s.Now})
	s.wait(wishMS - 60_000)
	s.must(wish())
	s.wait(120_000)
	s.refused(wish(), problem.WrongState)
}
