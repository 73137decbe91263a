package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// CorrectionID and RelayID are the ids of what a command makes.
func CorrectionID(request ids.Command) ids.Correction { return ids.Derive[ids.Correction](request, 0) }

// RelayID is the id of the relay that a command adds.
func RelayID(add ids.Command) ids.Relay { return ids.Derive[ids.Relay](add, 0) }

// requestCorrection is a speaker's wish that their own words read otherwise.
func (d *deciding) requestCorrection() error {
	a, err := read[command.Correct](d)
	if err != nil {
		return err
	}
	seg, err := d.segment(a.Segment, a.Rev)
	if err != nil {
		return err
	}
	_, whose := d.s.Spoken(seg.Speaker)
	switch {
	case !d.editor() && (whose.IsZero() || whose != d.r.Actor.Applicant):
		return problem.New(problem.Forbidden, "these are not your organisation's words").On("args.segment").Try("ask for corrections of your own words only")
	case d.now > seg.ReceivedAt.Add(wishMS):
		return problem.New(problem.WrongState, "corrections may be asked for within 7 days").On("args.segment").Try("write to the secretariat")
	case d.prepared == nil || d.prepared.Digest.IsZero():
		return problem.New(problem.Internal, "the words were not taken out")
	}
	d.add(&events.CorrectionRequested{
		Request: CorrectionID(d.r.ID), Segment: seg.Segment, Rev: seg.Rev, Applicant: whose, Digest: d.prepared.Digest,
	})
	return nil
}

// answerCorrection accepts or declines a wish; accepted, it is a correction.
func (d *deciding) answerCorrection() error {
	a, err := read[command.AnswerCorrection](d)
	if err != nil {
		return err
	}
	request, ok := d.t.Requests[a.Request]
	switch {
	case !ok:
		return problem.New(problem.NotFound, "there is no request %s in this session", a.Request).On("args.request").Try("read the requests again")
	case !request.Answered.IsZero():
		return problem.New(problem.Already, "the request was answered").On("args.request").Try("correct the segment by hand where that is needed")
	}
	if !a.Accept {
		d.add(&events.CorrectionAnswered{Request: a.Request})
		return nil
	}
	seg, err := d.segment(request.Segment, request.Rev)
	if err != nil {
		return err
	}
	d.add(&events.CorrectionAnswered{Request: a.Request, Accepted: true})
	return d.corrected(seg, a.Request)
}

// setGlossary replaces the list of names and terms.
func (d *deciding) setGlossary() error {
	if _, err := read[command.SetGlossary](d); err != nil {
		return err
	}
	if d.prepared == nil {
		return problem.New(problem.Internal, "the words were not taken out")
	}
	d.add(&events.GlossarySet{Digest: d.prepared.Digest, Terms: d.prepared.Terms})
	return nil
}

// addRelay forwards a track from here on.
func (d *deciding) addRelay() error {
	a, err := read[command.AddRelay](d)
	if err != nil {
		return err
	}
	tag, _ := roster.Language(a.Track)
	t := d.t.Tracks[tag]
	open := 0
	for _, r := range d.t.Relays {
		if !r.Removed {
			open++
		}
	}
	switch {
	case t == nil:
		return problem.New(problem.NotFound, "there is no track %q in this session", clip(a.Track)).On("args.track").Try("open a source for it first")
	case !slices.Contains(events.RelayForms(), a.Form):
		return problem.Field("args.target", "%q is neither zoom nor youtube", clip(string(a.Form))).Try("choose one of them")
	case open >= maxRelays:
		return problem.New(problem.TooMany, "a session has at most %d relays", maxRelays).Try("remove one")
	case d.prepared == nil || d.prepared.Digest.IsZero():
		return problem.New(problem.Internal, "the address was not taken out")
	}
	d.add(&events.RelayAdded{Relay: RelayID(d.r.ID), Track: tag, Form: a.Form, Host: d.prepared.Host, Digest: d.prepared.Digest, After: t.Seq()})
	return nil
}

// relay gives a relay that was not removed.
func (d *deciding) relay(id ids.Relay) (*session.Relay, error) {
	r, ok := d.t.Relays[id]
	if !ok || r.Removed {
		return nil, problem.New(problem.NotFound, "there is no relay %s in this session", id).On("args.relay").Try("read the relays again")
	}
	return r, nil
}

// removeRelay ends a relay.
func (d *deciding) removeRelay() error {
	a, err := read[command.RelayRef](d)
	if err != nil {
		return err
	}
	r, err := d.relay(a.Relay)
	if err != nil {
		return err
	}
	d.add(&events.RelayRemoved{Relay: r.Relay})
	return nil
}

// noteRelay notes what a relay's target has taken, or that it takes nothing.
func (d *deciding) noteRelay() error {
	a, err := read[command.NoteRelay](d)
	if err != nil {
		return err
	}
	r, err := d.relay(a.Relay)
	switch {
	case err != nil:
		return err
	case a.Failing && r.Failing && r.Status == a.Status:
		return problem.New(problem.Already, "that is noted").On("args.relay")
	case a.Failing:
		d.add(&events.RelayFailing{Relay: r.Relay, Status: a.Status})
		return nil
	case a.Post != r.Post+1:
		return problem.New(problem.Already, "post %d follows %d", a.Post, r.Post).On("args.post")
	}
	d.add(&events.RelayDelivered{Relay: r.Relay, Post: a.Post, Through: a.Through, Recovered: r.Failing})
	return nil
}

// Item is one post of a relay.
type Item struct {
	Post    int64
	Through uint64
	Segment ids.Segment
}

// Outstanding gives the first post that a relay's target has not acknowledged:
// the finals of its track in their order, each one post, whatever became of it
// since, so that a post's number means the same after a crash.
func Outstanding(s *session.State, id ids.Relay) (Item, bool) {
	r := s.Transcript.Relays[id]
	if r == nil || r.Removed {
		return Item{}, false
	}
	t := s.Transcript.Tracks[r.Track]
	for i := r.Through; i < t.Seq(); i++ {
		if step := t.Steps[i]; step.Type == captionWritten {
			return Item{Post: r.Post + 1, Through: i + 1, Segment: step.Segment}, true
		}
	}
	return Item{}, false
}
