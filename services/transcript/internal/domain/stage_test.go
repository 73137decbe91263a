package domain

import (
	"fmt"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

var (
	chair      = sessiontest.Staff(events.Chair)
	captioner  = sessiontest.Staff(events.Captioner)
	technician = sessiontest.Staff(events.Technician)
	item       = sessiontest.Item
)

// stage is a running session with four applicants, of whom the second speaks
// French, each with an entry on the list.
type stage struct {
	*sessiontest.Log
	t sessiontest.TB
	n int
}

func newStage(t sessiontest.TB) *stage {
	s := &stage{Log: sessiontest.Empty(t), t: t}
	s.Sample(4, nil)
	s.StartAt(item)
	for i := range 4 {
		language := "en"
		if i == 1 {
			language = "fr"
		}
		s.Append(events.Queue, sessiontest.Delegate(i), "join", &events.EntryJoined{
			Entry: entry(i), Part: item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Language: language, Place: i + 1,
		})
	}
	s.Now += 10_000
	return s
}

func entry(n int) ids.Entry { return sessiontest.ID[ids.Entry](fmt.Sprintf("entry %d", n)) }
func turn(n int) ids.Turn   { return sessiontest.ID[ids.Turn](fmt.Sprintf("turn %d", n)) }

// wait moves the clock.
func (s *stage) wait(ms int64) { s.Now = s.Now.Add(ms) }

// give gives the floor to the n-th entry as turn n, and begin is its first word.
func (s *stage) give(n int) {
	s.t.Helper()
	s.Append(events.Queue, chair, "give", &events.FloorGiven{Turn: turn(n), Entry: entry(n), GivenAt: s.Now, Act: s.Command()})
}

func (s *stage) begin(n int) {
	s.t.Helper()
	s.Append(events.Queue, chair, "begin", &events.TurnBegun{Turn: turn(n), BegunAt: s.Now, Basis: events.ByChair})
	s.Append(events.Timing, events.ByService(events.Timing), "open_turn", &events.TurnOpened{Turn: turn(n), AllottedMS: 120_000})
}

func (s *stage) end(n int, how events.TurnEnd) {
	s.t.Helper()
	s.Append(events.Queue, chair, "end", &events.TurnEnded{Turn: turn(n), EndedAt: s.Now, How: how, Act: s.Command()})
}

// speak gives the floor and lets the speaker begin after three seconds.
func (s *stage) speak(n int) {
	s.t.Helper()
	s.give(n)
	s.wait(3_000)
	s.begin(n)
}

// open opens a source of a kind and gives its id.
func (s *stage) open(by events.Actor, kind events.SourceKind, track string, change func(*command.OpenSource)) ids.Source {
	s.t.Helper()
	args := command.OpenSource{Track: track, Kind: kind}
	if change != nil {
		change(&args)
	}
	r := sessiontest.Request(by, "open_source", args)
	s.must(r)
	return SourceID(r.ID)
}

// must does a request and the reactions that follow.
func (s *stage) must(r *command.Request) []events.Event {
	s.t.Helper()
	d, err := s.Do(events.Transcript, Decide, r)
	if err != nil {
		s.t.Fatalf("%s: %v", r.Verb, err)
	}
	s.settle()
	return d.Events
}

// refused expects a refusal; refusal gives what is said.
func (s *stage) refused(r *command.Request, code problem.Code) {
	s.t.Helper()
	_ = s.refusal(r, code)
}

func (s *stage) refusal(r *command.Request, code problem.Code) *problem.Error {
	s.t.Helper()
	_, err := s.Do(events.Transcript, Decide, r)
	if !problem.Is(err, code) {
		s.t.Fatalf("%s: %v, want %s", r.Verb, err, code)
	}
	p := problem.From(err)
	if p.Do == "" && code != problem.Internal && !r.Actor.Has(events.System) {
		s.t.Fatalf("%s: %q says nothing of what to do", r.Verb, p.Detail)
	}
	return p
}

// settle does the reactions that are due; timers too, whose time has come.
func (s *stage) settle() {
	s.t.Helper()
	for round := 0; ; round++ {
		var next *command.Deadline
		for _, d := range Due(s.State) {
			if _, done := s.State.Done[d.Request.Key()]; !done && (!d.Timer || d.At <= s.Now) && (next == nil || d.At < next.At) {
				next = &d
			}
		}
		if next == nil {
			return
		}
		if round > 20 {
			s.t.Fatalf("%s is due again and again", next.Request.Verb)
		}
		if _, err := s.Do(events.Transcript, Decide, &next.Request); err != nil {
			s.t.Fatalf("%s was due and refused: %v", next.Request.Verb, err)
		}
	}
}

// next makes a new segment's id.
func (s *stage) next() ids.Segment {
	s.n++
	return sessiontest.ID[ids.Segment](fmt.Sprintf("segment %d", s.n))
}

// piece is a final with words of its own.
func (s *stage) piece() Piece {
	id := s.next()
	return Piece{Segment: id, Digest: events.HashBody([]byte(id.String()))}
}

// captions is the command that writes pieces with a source that has its track.
func (s *stage) captions(by events.Actor, source ids.Source, pieces ...Piece) *command.Request {
	from := s.State.Transcript.Sources[source]
	args := command.Caption{Source: source}
	if from != nil {
		args.Track, args.Epoch = from.Track, s.State.Transcript.Tracks[from.Track].Epoch
	}
	for _, p := range pieces {
		args.Segments = append(args.Segments, command.CaptionSegment{Segment: p.Segment, Rev: p.Rev, Start: p.Start, End: p.End, TimeBasis: p.Time, Of: p.Of})
	}
	r := sessiontest.Request(by, "caption", args)
	r.Prepared = &Prepared{Pieces: pieces}
	return r
}

// write writes one final and gives its segment.
func (s *stage) write(by events.Actor, source ids.Source, change func(*Piece)) ids.Segment {
	s.t.Helper()
	p := s.piece()
	if change != nil {
		change(&p)
	}
	s.must(s.captions(by, source, p))
	return p.Segment
}

// whose gives the number of the applicant whose words a segment holds, -1 for the
// chair's and -2 for nobody's that is known.
func (s *stage) whose(id ids.Segment) int {
	s.t.Helper()
	seg := s.State.Transcript.Segments[id]
	if seg == nil {
		s.t.Fatalf("the segment was not written")
		return -3
	}
	if seg.Speaker.Chair {
		return -1
	}
	_, applicant := s.State.Spoken(seg.Speaker)
	for n := range 4 {
		if sessiontest.Applicant(n) == applicant {
			return n
		}
	}
	return -2
}

// want compares whose the words are.
func (s *stage) want(what string, id ids.Segment, whose int) {
	s.t.Helper()
	if got := s.whose(id); got != whose {
		s.t.Fatalf("%s: the words are %d's, want %d's (%+v)", what, got, whose, s.State.Transcript.Segments[id].Speaker)
	}
}

// system is a request of the service itself.
func system(verb string, args any) *command.Request {
	return sessiontest.Request(events.ByService(events.Transcript), verb, args)
}

// audio gives a piece times in the sound.
func audio(from, to clock.Instant) func(*Piece) {
	return func(p *Piece) { p.Start, p.End, p.Time = from, to, events.ByAudioTime }
}

// gapless ends the test when a track's seq is not gapless, or a segment's newest
// step is not where it should be.
func (s *stage) gapless() {
	s.t.Helper()
	seen := map[string]uint64{}
	for _, m := range s.Stored {
		if m.Meta.Context != events.Transcript {
			continue
		}
		var c events.Commit
		if err := c.UnmarshalJSON(m.Body); err != nil {
			s.t.Fatalf("%v", err)
		}
		for _, e := range c.Events {
			track, seq := seqOf(e)
			if track == "" {
				continue
			}
			if seen[track]++; seq != seen[track] {
				s.t.Fatalf("track %s: seq %d, want %d", track, seq, seen[track])
			}
		}
	}
	for tag, n := range seen {
		if got := s.State.Transcript.Tracks[tag].Seq(); got != n {
			s.t.Fatalf("track %s stands at %d, want %d", tag, got, n)
		}
	}
	s.SameAgain()
}

// seqOf gives the track and seq of a fact about a segment.
func seqOf(e events.Event) (string, uint64) {
	switch e := e.(type) {
	case *events.CaptionWritten:
		return e.Track, e.Seq
	case *events.CaptionCorrected:
		return e.Track, e.Seq
	case *events.CaptionAttributed:
		return e.Track, e.Seq
	case *events.CaptionRetracted:
		return e.Track, e.Seq
	case *events.CaptionRedacted:
		return e.Track, e.Seq
	case *events.CaptionStaled:
		return e.Track, e.Seq
	}
	return "", 0
}

func TestEveryVerbHasItsRule(t *testing.T) {
	in := map[string]bool{}
	for _, v := range command.Verbs() {
		if v.Context == events.Transcript {
			in[v.Name] = true
			if rules[v.Name] == nil {
				t.Errorf("%s has no rule", v.Name)
			}
		}
	}
	for name := range rules {
		if !in[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestNothingIsTakenOfASessionThatIsNotThereOrSealed(t *testing.T) {
	s := &stage{Log: sessiontest.Empty(t), t: t}
	s.refused(sessiontest.Request(captioner, "open_source", command.OpenSource{Track: "en", Kind: events.TypedSource}), problem.NotFound)
	s = newStage(t)
	source := s.open(captioner, events.TypedSource, "en", nil)
	seg := s.write(captioner, source, nil)
	s.Append(events.Timing, chair, "adjourn", &events.SessionAdjourned{AdjournedAt: s.Now})
	s.Append(events.Registry, sessiontest.Staff(events.Secretariat), "seal", &events.SessionSealed{})
	r := sessiontest.Request(captioner, "correct", command.Correct{Segment: seg, Rev: 1})
	r.Prepared = &Prepared{Digest: placeholderDigest}
	s.refused(r, problem.Sealed)
	// What must not be read is removable for ever.
	r = sessiontest.Because(sessiontest.Request(captioner, "redact", command.SegmentRef{Segment: seg, Rev: 1}), "a person asked for it")
	r.Prepared = &Prepared{}
	s.must(r)
	if got := s.State.Transcript.Segments[seg]; got.State != session.CaptionRedacted || got.Revisions != nil || !got.Digest.IsZero() {
		t.Errorf("the segment is %+v", got)
	}
	if len(Due(s.State)) != 0 {
		t.Error("something is due in a sealed session")
	}
}

var placeholderDigest = events.HashBody([]byte("words"))
