// Package domain decides what the transcript writes: sources and their tracks,
// captions and what becomes of them, whose words they are.
//
// Guarantee: Decide and Due are functions of the folded State and their
// arguments: no clock, no randomness, no I/O, so every replica decides alike. No
// word comes here, only digests of words. A segment's speaker follows from when
// it was spoken and from the floor's history as it is known now, unless the
// captioner or an editor said otherwise; a track is written by one source at a
// time, and every change of hands raises the track's epoch; a track's seq is
// gapless. What Due asks for, Decide accepts in the same State once its time has
// come, and the State after it no longer asks for it.
//
// The rules are those of transcripts.md, and of decisions.md 7 (leases), 13 (a
// caption is evidence that a turn began) and 15 (attribution follows the
// corrected history).
package domain

import (
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

const (
	// lateMS is how long after the adjournment words from before it still come.
	lateMS = 60_000
	// wishMS is how long a speaker may ask for a correction.
	wishMS = 7 * 24 * 60 * 60_000
	// maxLatencyMS bounds a source's latency.
	maxLatencyMS = 60_000
	// The latencies that are assumed of a human and of a machine (transcripts.md).
	humanLatencyMS, engineLatencyMS = 4_000, 0
	// callTailMS is how long after a call what is heard is taken for the end of it
	// and not for the called speaker's first words.
	callTailMS = 3_000
	// aheadMS is how far a source's clock may be ahead of the log's.
	aheadMS = 5_000

	maxTracks, maxSources, maxLabel = 16, 1_000, 60
	maxSegments, maxRelays          = 64, 8
)

// deciding is one decision on its way.
type deciding struct {
	s   *session.State
	t   *session.Transcript
	r   *command.Request
	now clock.Instant
	// prepared is what the service made of the words.
	prepared *Prepared
	floor    session.FloorHistory
	// facts are what is decided so far, seqs the next seq of each track.
	facts []events.Event
	seqs  map[string]uint64
}

type rule func(*deciding) error

// rules has one rule for each verb of the context; a test compares the two.
var rules = map[string]rule{
	"open_source": (*deciding).openSource, "change_source": (*deciding).changeSource, "renew_source": (*deciding).renewSource,
	"close_source": (*deciding).closeSource, "take_track": (*deciding).takeTrack, "release_track": (*deciding).releaseTrack,
	"caption": (*deciding).caption, "push": (*deciding).push, "end_line": (*deciding).endLine, "pass": (*deciding).pass,
	"retract": (*deciding).retract, "correct": (*deciding).correct, "attribute": (*deciding).attribute, "redact": (*deciding).redact,
	"request_correction": (*deciding).requestCorrection, "answer_correction": (*deciding).answerCorrection,
	"set_glossary": (*deciding).setGlossary, "add_relay": (*deciding).addRelay, "remove_relay": (*deciding).removeRelay,
	"note_relay": (*deciding).noteRelay, "follow_floor": (*deciding).followFloor, "end_scripts": (*deciding).endScripts,
	"hand_track": (*deciding).handTrack, "note_missing": (*deciding).noteMissing,
}

// afterSealing are the verbs that a sealed session still takes: what must not be
// read must be removable for ever.
var afterSealing = map[string]bool{"redact": true}

// Decide decides a request of the context transcript at an instant of session
// time. The error is always a *problem.Error.
func Decide(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
	if _, err := command.Admit(r, events.Transcript); err != nil {
		return command.Decision{}, err
	}
	switch {
	case !s.Exists():
		return command.Decision{}, problem.New(problem.NotFound, "there is no session %s", s.ID).On("session").Try("check the link")
	case s.Registry.Sealed && !afterSealing[r.Verb]:
		return command.Decision{}, problem.New(problem.Sealed, "the session was sealed: its log takes nothing more").Try("publish an amendment to the record")
	}
	decide, ok := rules[r.Verb]
	if !ok {
		return command.Decision{}, problem.New(problem.Internal, "nobody decides %s", r.Verb)
	}
	d := &deciding{s: s, t: &s.Transcript, r: r, now: now, floor: s.FloorHistory(), seqs: map[string]uint64{}}
	d.prepared, _ = r.Prepared.(*Prepared)
	if err := decide(d); err != nil {
		return command.Decision{}, err
	}
	return command.Decision{Events: d.facts}, nil
}

// add adds facts to the decision.
func (d *deciding) add(facts ...events.Event) { d.facts = append(d.facts, facts...) }

// seq gives a track's next seq.
func (d *deciding) seq(track string) uint64 {
	next, begun := d.seqs[track]
	if !begun {
		next = 1
		if t := d.t.Tracks[track]; t != nil {
			next = t.Seq() + 1
		}
	}
	d.seqs[track] = next + 1
	return next
}

// system reports whether the program itself acts.
func (d *deciding) system() bool { return d.r.Actor.Has(events.System) }

// editor reports whether the actor may act for the whole transcript.
func (d *deciding) editor() bool { return d.r.Actor.Staff() || d.r.Actor.Has(events.Captioner) }

// read is a verb's arguments, read strictly.
func read[T any](d *deciding) (T, error) {
	var args T
	err := d.r.Read(&args)
	return args, err
}

// source gives a source that is open.
func (d *deciding) source(id ids.Source) (*session.CaptionSource, error) {
	if id.IsZero() {
		return nil, problem.Field("args.source", "the source is missing").Try("open a source and name it")
	}
	s, ok := d.t.Sources[id]
	switch {
	case !ok:
		return nil, problem.New(problem.NotFound, "there is no source %s in this session", id).On("args.source").Try("open a source")
	case s.Closed:
		return nil, problem.New(problem.WrongState, "the source was closed").On("args.source").Try("open another")
	}
	return s, nil
}

// ownSource gives an open source that the actor opened, or may act for.
func (d *deciding) ownSource(id ids.Source) (*session.CaptionSource, error) {
	s, err := d.source(id)
	if err == nil && s.By != d.r.Actor.ID && !d.editor() && !d.system() {
		return nil, problem.New(problem.Forbidden, "somebody else opened this source").On("args.source").Try("open one of your own")
	}
	return s, err
}

// segment gives a segment that still has words, in the revision that was seen.
func (d *deciding) segment(id ids.Segment, rev int64) (*session.Segment, error) {
	s, ok := d.t.Segments[id]
	switch {
	case id.IsZero():
		return nil, problem.Field("args.segment", "the segment is missing").Try("name it")
	case !ok:
		return nil, problem.New(problem.NotFound, "there is no segment %s in this session", id).On("args.segment").Try("read the transcript again")
	case s.State == session.CaptionRedacted:
		return nil, problem.New(problem.WrongState, "the segment was redacted: it has no words any more").On("args.segment").Try("leave it")
	case s.Rev != rev:
		return nil, problem.New(problem.Stale, "the segment is at revision %d, not %d", s.Rev, rev).On("args.rev").Try("look at its present text and decide again")
	}
	return s, nil
}

// clip bounds what an answer repeats of a caller's text.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
