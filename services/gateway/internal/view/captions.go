package view

import (
	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// captions fills in what there is about the transcript besides its words. It
// must hold nothing that a commit of captions alone changes (State.ViewSequence).
func (v *View) captions(s *session.State) {
	t := &s.Transcript
	v.Tracks = make(map[string]api.TrackView, len(t.Tracks))
	for tag, track := range t.Tracks {
		out := api.TrackView{Track: tag, Epoch: track.Epoch}
		out.State, out.HeldBecause = s.TrackState(tag)
		if out.State == session.TrackInterrupted {
			out.Since = track.MissingSince
		}
		if source := t.Active(tag); source != nil {
			out.Source = &api.TrackSourceView{ID: source.Source, Kind: source.Kind, Label: source.Label, Language: source.Language}
		}
		v.Tracks[tag] = out
	}
	v.Sources = map[ids.Source]api.SourceView{}
	for id, source := range t.Sources {
		if source.Closed {
			continue
		}
		active := t.Active(source.Track)
		v.Sources[id] = api.SourceView{
			ID: id, Track: source.Track, Kind: source.Kind, Label: source.Label, Language: source.Language, Hears: source.Hears,
			LatencyMS: source.LatencyMS, Rank: source.Rank, Turn: source.Turn, By: source.By, Active: active != nil && active.Source == id,
			Missing: source.Missing, MissingAt: source.MissingAt,
		}
	}
	if !t.Glossary.IsZero() {
		v.Glossary = &api.GlossaryView{Terms: t.Terms, Digest: t.Glossary.String()}
	}
	v.Corrections = make(map[ids.Correction]api.CorrectionView, len(t.Requests))
	for id, r := range t.Requests {
		v.Corrections[id] = api.CorrectionView{
			ID: id, Segment: r.Segment, Rev: r.Rev, Applicant: r.Applicant, At: r.At, AnsweredAt: r.Answered, Accepted: r.Accepted,
		}
	}
	v.Relays = map[ids.Relay]api.RelayView{}
	for id, r := range t.Relays {
		if !r.Removed {
			v.Relays[id] = api.RelayView{ID: id, Track: r.Track, Form: r.Form, Host: r.Host, Failing: r.Failing, Status: r.Status}
		}
	}
}
