package session

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// CaptionState is where a segment stands.
type CaptionState string

// The states of a segment that the log knows; a partial is never stored.
const (
	CaptionFinal     CaptionState = "final"
	CaptionCorrected CaptionState = "corrected"
	CaptionRedacted  CaptionState = "redacted"
	CaptionRetracted CaptionState = "retracted"
)

// CaptionSource is something that writes captions.
type CaptionSource struct {
	events.SourceOpened
	// By is the actor who opened it and alone may write with it.
	By string
	// AliveAt is its last sign of life; its lease counts from there.
	AliveAt clock.Instant
	Closed  bool
	// Last is the segment that it wrote last.
	Last ids.Segment
	// PostSeq is the last number of a push source, -1 before the first; Missing
	// counts the numbers that never came, MissingAt is when that was seen last.
	PostSeq   int64
	Missing   int64
	MissingAt clock.Instant
	// Tail commits to the words that a push source can still reach; Open is when
	// its open line was begun, zero for none.
	Tail events.Hash
	Open clock.Instant
}

// CaptionStep is what one seq of a track did.
type CaptionStep struct {
	Segment ids.Segment
	// Rev is the segment's revision after the step.
	Rev int64
	// Type is the event's type.
	Type string
	At   clock.Instant
}

// Track is one language of the transcript.
type Track struct {
	Tag string
	// Source writes it, zero for nobody; Epoch counts the changes of hands.
	Source ids.Source
	Epoch  uint64
	// TakenAt is when the present source took it.
	TakenAt clock.Instant
	// Steps has the step of seq n at n-1.
	Steps []CaptionStep
	// WordsAt is when words came last, in log time.
	WordsAt clock.Instant
	// MissingSince is set while the floor is held and no words come.
	MissingSince clock.Instant
}

// Seq is the track's last seq, 0 for none.
func (t *Track) Seq() uint64 { return uint64(len(t.Steps)) }

// CaptionRevision is one text that a segment had.
type CaptionRevision struct {
	Rev    int64
	Digest events.Hash
	At     clock.Instant
	// By is the actor, Own whether it was the segment's own source.
	By      string
	Own     bool
	Request ids.Correction
}

// Segment is one caption with its revisions. Its words lie in the store.
type Segment struct {
	events.CaptionWritten
	State CaptionState
	// Revisions are the texts that it had, the latest last; none after a redaction.
	Revisions []CaptionRevision
	// ReceivedAt is when its first revision was committed; ChangedAt its last change.
	ReceivedAt, ChangedAt clock.Instant
	Kind                  events.SourceKind
	// Edited is set when its text was changed after it was final.
	Edited bool
	// Stale is set on a translation whose original was changed since.
	Stale bool
	// Translations are the segments that are made of this one.
	Translations []ids.Segment
}

// Gone reports whether nothing is to be shown of the segment's words.
func (s *Segment) Gone() bool { return s.State == CaptionRedacted || s.State == CaptionRetracted }

// CorrectionRequest is a speaker's wish.
type CorrectionRequest struct {
	events.CorrectionRequested
	At       clock.Instant
	By       string
	Answered clock.Instant
	Accepted bool
}

// Passed is what was passed of a holder's statement.
type Passed struct {
	Text ids.Text
	// Sentences and Skipped are in the order of their numbers.
	Sentences, Skipped []int64
}

// Relay is an outgoing caption URL.
type Relay struct {
	events.RelayAdded
	At clock.Instant
	// Post is the relay's last acknowledged number, Through the seq that it carried.
	Post    int64
	Through uint64
	Failing bool
	Status  int64
	Removed bool
}

// Transcript is the transcript's part of the State.
type Transcript struct {
	Tracks map[string]*Track
	// TrackOrder, SourceOrder, RequestOrder and RelayOrder are the orders of making.
	TrackOrder   []string
	Sources      map[ids.Source]*CaptionSource
	SourceOrder  []ids.Source
	Segments     map[ids.Segment]*Segment
	Requests     map[ids.Correction]*CorrectionRequest
	RequestOrder []ids.Correction
	Relays       map[ids.Relay]*Relay
	RelayOrder   []ids.Relay
	// Passed is by turn.
	Passed map[ids.Turn]*Passed
	// Glossary commits to the list of terms; zero for none.
	Glossary events.Hash
	Terms    int64
	// Evidence is the last segment with which a called turn began.
	Evidence   ids.Segment
	EvidenceBy events.Actor
}

func newTranscript() Transcript {
	return Transcript{
		Tracks:   map[string]*Track{},
		Sources:  map[ids.Source]*CaptionSource{},
		Segments: map[ids.Segment]*Segment{},
		Requests: map[ids.Correction]*CorrectionRequest{},
		Relays:   map[ids.Relay]*Relay{},
		Passed:   map[ids.Turn]*Passed{},
	}
}

// Active gives the source that writes a track, or nil.
func (t *Transcript) Active(track string) *CaptionSource {
	if tr := t.Tracks[track]; tr != nil {
		return t.Sources[tr.Source]
	}
	return nil
}

func (t *Transcript) apply(c *events.Commit, e events.Event) error {
	switch e := e.(type) {
	case *events.SourceOpened, *events.SourceChanged, *events.SourceRenewed, *events.SourceClosed, *events.PostTaken, *events.TailCut:
		return t.source(c, e)
	case *events.TrackTaken:
		return t.hand(c, e.Track, e.Source, e.Epoch)
	case *events.TrackReleased:
		return t.hand(c, e.Track, ids.Source{}, e.Epoch)
	case *events.CaptionsMissing:
		tr, ok := t.Tracks[e.Track]
		if !ok {
			return fmt.Errorf("track %s is not in the log", e.Track)
		}
		tr.MissingSince = e.Since
	case *events.CaptionWritten:
		return t.written(c, e)
	case *events.CaptionCorrected:
		return t.step(c, e, e.Track, e.Seq, e.Segment)
	case *events.CaptionAttributed:
		return t.step(c, e, e.Track, e.Seq, e.Segment)
	case *events.CaptionRetracted:
		return t.step(c, e, e.Track, e.Seq, e.Segment)
	case *events.CaptionRedacted:
		return t.step(c, e, e.Track, e.Seq, e.Segment)
	case *events.CaptionStaled:
		return t.step(c, e, e.Track, e.Seq, e.Segment)
	case *events.SentencesPassed:
		t.passed(e)
	case *events.GlossarySet:
		t.Glossary, t.Terms = e.Digest, e.Terms
	default:
		return t.aside(c, e)
	}
	return nil
}

// aside folds requests and relays.
func (t *Transcript) aside(c *events.Commit, e events.Event) error {
	switch e := e.(type) {
	case *events.CorrectionRequested:
		t.Requests[e.Request] = &CorrectionRequest{CorrectionRequested: *e, At: c.At, By: c.Actor.ID}
		t.RequestOrder = append(t.RequestOrder, e.Request)
		return nil
	case *events.CorrectionAnswered:
		r, ok := t.Requests[e.Request]
		if !ok {
			return errMissing("request", e.Request)
		}
		r.Answered, r.Accepted = c.At, e.Accepted
		return nil
	case *events.RelayAdded:
		t.Relays[e.Relay] = &Relay{RelayAdded: *e, At: c.At, Through: e.After}
		t.RelayOrder = append(t.RelayOrder, e.Relay)
		return nil
	}
	var id ids.Relay
	switch e := e.(type) {
	case *events.RelayDelivered:
		id = e.Relay
	case *events.RelayFailing:
		id = e.Relay
	case *events.RelayRemoved:
		id = e.Relay
	default:
		return fmt.Errorf("not an event of the transcript")
	}
	r, ok := t.Relays[id]
	if !ok {
		return errMissing("relay", id)
	}
	switch e := e.(type) {
	case *events.RelayDelivered:
		if e.Post != r.Post+1 {
			return fmt.Errorf("post %d of relay %s follows %d", e.Post, id, r.Post)
		}
		r.Post, r.Through, r.Failing, r.Status = e.Post, e.Through, false, 0
	case *events.RelayFailing:
		r.Failing, r.Status = true, e.Status
	case *events.RelayRemoved:
		r.Removed = true
	}
	return nil
}

// source folds the events about sources.
func (t *Transcript) source(c *events.Commit, e events.Event) error {
	if opened, ok := e.(*events.SourceOpened); ok {
		t.Sources[opened.Source] = &CaptionSource{
			SourceOpened: *opened, By: c.Actor.ID, AliveAt: c.At, PostSeq: -1,
		}
		t.SourceOrder = append(t.SourceOrder, opened.Source)
		if t.Tracks[opened.Track] == nil {
			t.Tracks[opened.Track] = &Track{Tag: opened.Track}
			t.TrackOrder = append(t.TrackOrder, opened.Track)
		}
		return nil
	}
	var id ids.Source
	switch e := e.(type) {
	case *events.SourceChanged:
		id = e.Source
	case *events.SourceRenewed:
		id = e.Source
	case *events.SourceClosed:
		id = e.Source
	case *events.PostTaken:
		id = e.Source
	case *events.TailCut:
		id = e.Source
	}
	s, ok := t.Sources[id]
	if !ok {
		return errMissing("source", id)
	}
	switch e := e.(type) {
	case *events.SourceChanged:
		s.Label, s.Language, s.Hears, s.LatencyMS = e.Label, e.Language, e.Hears, e.LatencyMS
	case *events.SourceRenewed:
		s.AliveAt = c.At
	case *events.SourceClosed:
		s.Closed, s.Open = true, 0
	case *events.TailCut:
		s.Tail = e.Tail
	case *events.PostTaken:
		s.Tail, s.Open = e.Tail, e.Open
		if !c.Actor.Has(events.System) {
			s.PostSeq, s.AliveAt = e.PostSeq, c.At
		}
		if e.Missing > 0 {
			s.Missing, s.MissingAt = s.Missing+e.Missing, c.At
		}
	}
	return nil
}

// hand gives a track to a source, or to nobody.
func (t *Transcript) hand(c *events.Commit, track string, to ids.Source, epoch uint64) error {
	tr, ok := t.Tracks[track]
	switch {
	case !ok:
		return fmt.Errorf("track %s is not in the log", track)
	case epoch != tr.Epoch+1:
		return fmt.Errorf("epoch %d of track %s follows %d", epoch, track, tr.Epoch)
	case !to.IsZero() && t.Sources[to] == nil:
		return errMissing("source", to)
	}
	tr.Source, tr.Epoch, tr.TakenAt = to, epoch, c.At
	if s := t.Sources[to]; s != nil {
		s.AliveAt = c.At
	}
	return nil
}

// written folds a new segment.
func (t *Transcript) written(c *events.Commit, e *events.CaptionWritten) error {
	tr, s := t.Tracks[e.Track], t.Sources[e.Source]
	switch {
	case tr == nil || s == nil:
		return errMissing("source", e.Source)
	case e.Seq != tr.Seq()+1:
		return fmt.Errorf("seq %d of track %s follows %d", e.Seq, e.Track, tr.Seq())
	case t.Segments[e.Segment] != nil:
		return fmt.Errorf("segment %s is there already", e.Segment)
	}
	t.Segments[e.Segment] = &Segment{
		CaptionWritten: *e, State: CaptionFinal, Kind: s.Kind, ReceivedAt: c.At, ChangedAt: c.At,
		Revisions: []CaptionRevision{{Rev: e.Rev, Digest: e.Digest, At: c.At, By: c.Actor.ID, Own: true}},
	}
	if e.Of != nil {
		if of := t.Segments[e.Of.Segment]; of != nil {
			of.Translations = append(of.Translations, e.Segment)
		}
	}
	tr.Steps = append(tr.Steps, CaptionStep{Segment: e.Segment, Rev: e.Rev, Type: e.Type(), At: c.At})
	tr.WordsAt, tr.MissingSince = c.At, 0
	s.Last = e.Segment
	if !c.Actor.Has(events.System) {
		s.AliveAt = c.At
	}
	if !e.Begins.IsZero() {
		t.Evidence, t.EvidenceBy = e.Segment, c.Actor
	}
	return nil
}

// step folds what happens to a segment that is there.
func (t *Transcript) step(c *events.Commit, e events.Event, track string, seq uint64, id ids.Segment) error {
	tr, s := t.Tracks[track], t.Segments[id]
	switch {
	case tr == nil || s == nil || s.Track != track:
		return errMissing("segment", id)
	case seq != tr.Seq()+1:
		return fmt.Errorf("seq %d of track %s follows %d", seq, track, tr.Seq())
	}
	switch e := e.(type) {
	case *events.CaptionCorrected:
		if e.Rev <= s.Rev {
			return fmt.Errorf("revision %d of segment %s follows %d", e.Rev, id, s.Rev)
		}
		s.Rev, s.Digest, s.State, s.Edited = e.Rev, e.Digest, CaptionCorrected, true
		s.Revisions = append(s.Revisions, CaptionRevision{Rev: e.Rev, Digest: e.Digest, At: c.At, By: c.Actor.ID, Own: e.Own, Request: e.Request})
		if e.Own {
			tr.WordsAt = c.At
		}
	case *events.CaptionAttributed:
		s.Speaker = e.Speaker
	case *events.CaptionRetracted:
		s.State = CaptionRetracted
	case *events.CaptionRedacted:
		s.State, s.Digest, s.Revisions = CaptionRedacted, events.Hash{}, nil
	case *events.CaptionStaled:
		s.Stale = true
	}
	s.ChangedAt = c.At
	tr.Steps = append(tr.Steps, CaptionStep{Segment: id, Rev: s.Rev, Type: e.Type(), At: c.At})
	return nil
}

// passed folds what was passed of a statement.
func (t *Transcript) passed(e *events.SentencesPassed) {
	p := t.Passed[e.Turn]
	if p == nil {
		p = &Passed{}
		t.Passed[e.Turn] = p
	}
	if p.Text != e.Text {
		*p = Passed{Text: e.Text}
	}
	p.Sentences = join(p.Sentences, e.Sentences)
	p.Skipped = join(p.Skipped, e.Skipped)
}

// join adds numbers to an ordered list without those that it has.
func join(all, more []int64) []int64 {
	for _, n := range more {
		if at, there := slices.BinarySearch(all, n); !there {
			all = slices.Insert(all, at, n)
		}
	}
	return all
}
