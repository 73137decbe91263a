package domain

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// SourceID is the id of the source that a command opens.
func SourceID(open ids.Command) ids.Source { return ids.Derive[ids.Source](open, 0) }

// openSource makes a source known. It takes its track when nobody has it, when
// who had it is gone, or when it outranks who has it; otherwise it waits.
func (d *deciding) openSource() error {
	a, err := read[command.OpenSource](d)
	if err != nil {
		return err
	}
	track, ok := roster.Language(a.Track)
	if !ok {
		return problem.Field("args.track", "%q is not a language tag", clip(a.Track)).Try(`use a BCP 47 tag such as "en", "fr" or "zh-Hans"`)
	}
	language := track
	if a.Language != "" {
		if language, ok = roster.Language(a.Language); !ok {
			return problem.Field("args.language", "%q is not a language tag", clip(a.Language)).Try(`use a BCP 47 tag such as "en"`)
		}
	}
	latency := int64(humanLatencyMS)
	if !a.Kind.Human() {
		latency = engineLatencyMS
	}
	if a.LatencyMS != nil {
		latency = *a.LatencyMS
	}
	switch {
	case !slices.Contains([]events.SourceKind{events.TypedSource, events.PushSource, events.EngineSource}, a.Kind):
		return problem.Field("args.kind", "%q is none of typed, push and engine", clip(string(a.Kind))).Try("choose one of them; a script begins by itself with pass")
	case a.Priority < -99 || a.Priority > 99:
		return problem.Field("args.priority", "%d is not between -99 and 99", a.Priority).Try("leave it out")
	case d.s.Timing.Phase == session.Adjourned:
		return problem.New(problem.WrongState, "the session was adjourned").Try("undo the adjournment first, or correct what was written")
	case len(d.t.SourceOrder) >= maxSources:
		return problem.New(problem.TooMany, "a session has at most %d sources", maxSources).Try("go on with one that is open")
	case d.t.Tracks[track] == nil && len(d.t.TrackOrder) >= maxTracks:
		return problem.New(problem.TooMany, "a session has at most %d tracks", maxTracks).On("args.track").Try("use one of its tracks")
	}
	if a.Hears == "" && a.Kind == events.EngineSource {
		a.Hears = events.HearsFloor
	}
	if err := settings(a.Label, a.Hears, latency); err != nil {
		return err
	}
	opened := &events.SourceOpened{
		Source: SourceID(d.r.ID), Track: track, Kind: a.Kind, Label: a.Label, Language: language, Hears: a.Hears,
		LatencyMS: latency, Rank: a.Kind.Rank() + a.Priority,
	}
	d.add(opened)
	d.claim(opened)
	return nil
}

// settings checks what may be changed of a source.
func settings(label string, hears events.Hears, latency int64) error {
	_, clean := roster.CleanText(label)
	switch {
	case utf8.RuneCountInString(label) > maxLabel || label != "" && !clean:
		return problem.Field("args.label", "the label is longer than %d characters or no plain text", maxLabel).Try("name the desk or the service in a few words")
	case hears != "" && hears != events.HearsFloor && hears != events.HearsInterpretation:
		return problem.Field("args.hears", "%q is neither floor nor interpretation", clip(string(hears))).Try("say what the source listens to")
	case latency < 0 || latency > maxLatencyMS:
		return problem.Field("args.latency_ms", "%d ms is not between 0 and %d", latency, maxLatencyMS).Try("4000 is usual for a captioner, 0 for an engine")
	}
	return nil
}

// claim gives a new source its track when it may have it.
func (d *deciding) claim(opened *events.SourceOpened) bool {
	t := d.t.Tracks[opened.Track]
	taken := &events.TrackTaken{Track: opened.Track, Source: opened.Source, Epoch: 1, How: events.TakenFree}
	if t == nil {
		d.add(taken)
		return true
	}
	taken.Epoch, taken.From = t.Epoch+1, t.Source
	switch active := d.t.Sources[t.Source]; {
	case d.gone(active):
	case opened.Rank > active.Rank && opened.Kind.Rank() > active.Kind.Rank():
		taken.How = events.TakenOutranks
	default:
		return false
	}
	d.add(taken)
	return true
}

// gone reports whether a source no longer keeps its track from others.
func (d *deciding) gone(s *session.CaptionSource) bool {
	return s == nil || s.Closed || d.now > d.s.LeaseEnds(s)
}

// changeSource changes a source's settings; they count for what comes.
func (d *deciding) changeSource() error {
	a, err := read[command.ChangeSource](d)
	if err != nil {
		return err
	}
	s, err := d.ownSource(a.Source)
	if err != nil {
		return err
	}
	changed := &events.SourceChanged{Source: s.Source, Label: s.Label, Language: s.Language, Hears: s.Hears, LatencyMS: s.LatencyMS}
	before := *changed
	if a.Label != nil {
		changed.Label = *a.Label
	}
	if a.Language != nil {
		tag, ok := roster.Language(*a.Language)
		if !ok {
			return problem.Field("args.language", "%q is not a language tag", clip(*a.Language)).Try(`use a BCP 47 tag such as "en"`)
		}
		changed.Language = tag
	}
	if a.Hears != nil {
		changed.Hears = *a.Hears
	}
	if a.LatencyMS != nil {
		changed.LatencyMS = *a.LatencyMS
	}
	if *changed == before {
		return problem.New(problem.Already, "the source is so already").Try("nothing needs to be done")
	}
	if err := settings(changed.Label, changed.Hears, changed.LatencyMS); err != nil {
		return err
	}
	d.add(changed)
	return nil
}

// renewSource keeps the lease of a source that has nothing to write.
func (d *deciding) renewSource() error {
	a, err := read[command.SourceRef](d)
	if err != nil {
		return err
	}
	s, err := d.ownSource(a.Source)
	if err != nil {
		return err
	}
	d.add(&events.SourceRenewed{Source: s.Source})
	return nil
}

// closeSource ends a source.
func (d *deciding) closeSource() error {
	a, err := read[command.SourceRef](d)
	if err != nil {
		return err
	}
	s, err := d.ownSource(a.Source)
	if err != nil {
		return err
	}
	d.close(s)
	return nil
}

// close ends a source and hands its track on.
func (d *deciding) close(s *session.CaptionSource) {
	d.add(&events.SourceClosed{Source: s.Source})
	if d.t.Tracks[s.Track].Source == s.Source {
		d.letGo(s.Track)
	}
}

// letGo hands a track to the best source that waits, or to nobody.
func (d *deciding) letGo(track string) {
	t := d.t.Tracks[track]
	if next := d.waiting(track); next != nil {
		d.add(&events.TrackTaken{Track: track, Source: next.Source, From: t.Source, Epoch: t.Epoch + 1, How: events.TakenBack})
		return
	}
	d.add(&events.TrackReleased{Track: track, Source: t.Source, Epoch: t.Epoch + 1})
}

// waiting gives the source that should have a track after its present one: of
// those that live, the one of the highest rank that was opened first.
func (d *deciding) waiting(track string) *session.CaptionSource {
	var best *session.CaptionSource
	for _, id := range d.t.SourceOrder {
		s := d.t.Sources[id]
		if s.Track == track && id != d.t.Tracks[track].Source && !d.gone(s) && (best == nil || s.Rank > best.Rank) {
			best = s
		}
	}
	return best
}

// trackSource reads the arguments of take_track and release_track.
func (d *deciding) trackSource() (*session.Track, *session.CaptionSource, error) {
	a, err := read[command.TrackSource](d)
	if err != nil {
		return nil, nil, err
	}
	tag, _ := roster.Language(a.Track)
	t := d.t.Tracks[tag]
	if t == nil {
		return nil, nil, problem.New(problem.NotFound, "there is no track %q in this session", clip(a.Track)).On("args.track").Try("open a source for it")
	}
	s, err := d.ownSource(a.Source)
	if err == nil && s.Track != t.Tag {
		err = problem.Field("args.source", "the source writes track %s", s.Track).Try("name a source of this track")
	}
	return t, s, err
}

// takeTrack takes a track over, which everybody sees. A machine does not take it
// from a human who is there; people decide that.
func (d *deciding) takeTrack() error {
	t, s, err := d.trackSource()
	if err != nil {
		return err
	}
	active := d.t.Sources[t.Source]
	switch {
	case t.Source == s.Source:
		return problem.New(problem.Already, "the source has the track").On("args.source").Try("go on with epoch of the track as it is")
	case !d.gone(active) && active.Kind.Rank() > s.Kind.Rank() && !d.editor():
		return problem.New(problem.Forbidden, "a source of a higher rank writes track %s", t.Tag).On("args.track").Try("ask its captioner to release it")
	}
	how := events.TakenOver
	if d.gone(active) {
		how = events.TakenFree
	}
	d.add(&events.TrackTaken{Track: t.Tag, Source: s.Source, From: t.Source, Epoch: t.Epoch + 1, How: how})
	return nil
}

// releaseTrack lets a track go without ending the source.
func (d *deciding) releaseTrack() error {
	t, s, err := d.trackSource()
	if err != nil {
		return err
	}
	if t.Source != s.Source {
		return problem.New(problem.WrongState, "the source does not have track %s", t.Tag).On("args.source").Try("nothing needs to be done")
	}
	d.letGo(t.Tag)
	return nil
}

// handTrack gives a track whose source is gone to one that waits.
func (d *deciding) handTrack() error {
	a, err := read[command.TrackRef](d)
	if err != nil {
		return err
	}
	t := d.t.Tracks[a.Track]
	if t == nil || !d.gone(d.t.Sources[t.Source]) || d.waiting(a.Track) == nil {
		return problem.New(problem.WrongState, "the track has its source, or nobody waits for it").On("args.track")
	}
	d.letGo(a.Track)
	return nil
}

// endScripts ends the scripts of turns that are over.
func (d *deciding) endScripts() error {
	for _, s := range overScripts(d.s) {
		d.close(s)
	}
	if len(d.facts) == 0 {
		return problem.New(problem.WrongState, "no script is over")
	}
	return nil
}

// overScripts gives the open scripts whose turn does not have the floor.
func overScripts(s *session.State) []*session.CaptionSource {
	var all []*session.CaptionSource
	for _, id := range s.Transcript.SourceOrder {
		source := s.Transcript.Sources[id]
		if source.Kind == events.ScriptSource && !source.Closed && source.Turn != s.Queue.Turn {
			all = append(all, source)
		}
	}
	return all
}

// writes gives the source of a command that writes words, fenced: only who has
// the track writes it, and only with the track's present epoch.
func (d *deciding) writes(id ids.Source, track string, epoch uint64) (*session.CaptionSource, error) {
	s, err := d.source(id)
	switch {
	case err != nil:
		return nil, err
	case s.By != d.r.Actor.ID:
		return nil, problem.New(problem.Forbidden, "somebody else opened this source").On("args.source").Try("open one of your own")
	}
	if tag, _ := roster.Language(track); track != "" && tag != s.Track && !strings.EqualFold(track, s.Track) {
		return nil, problem.Field("args.track", "the source writes track %s", s.Track).Try("name its track")
	}
	t := d.t.Tracks[s.Track]
	if t.Source != s.Source {
		who := "nobody has it"
		if a := d.t.Sources[t.Source]; a != nil {
			who = "a source of kind " + string(a.Kind) + " has it"
		}
		return nil, problem.New(problem.Stale, "the source does not have track %s; %s, epoch %d", t.Tag, who, t.Epoch).On("args.source").
			Try("take the track over (take_track), or keep what was written until it is released")
	}
	if epoch != t.Epoch {
		return nil, problem.New(problem.Stale, "track %s is at epoch %d, not %d", t.Tag, t.Epoch, epoch).On("args.epoch").
			Try("go on with the epoch of the track as it is now")
	}
	return s, nil
}

// open refuses words before the session starts and after it ends. late allows
// those from before the adjournment a moment to arrive.
func (d *deciding) open(late bool) error {
	switch {
	case d.s.Timing.StartedAt.IsZero():
		return problem.New(problem.WrongState, "the session has not started").Try("wait until the chair starts it")
	case d.s.Timing.Phase == session.Adjourned && !(late && d.now <= d.s.Timing.AdjournedAt.Add(lateMS)):
		return problem.New(problem.WrongState, "the session was adjourned at %s", d.s.Timing.AdjournedAt).Try("nothing more is taken; captions can still be corrected")
	}
	return nil
}
