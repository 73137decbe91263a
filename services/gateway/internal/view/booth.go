package view

import (
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// booth fills in what the booth says, and whose microphone is called for.
func (v *View) booth(s *session.State) {
	b, m := &s.Timing.Booth, &s.Queue.Microphone
	v.Booth = &api.BoothView{
		Troubles: make(map[events.Trouble]api.TroubleView, len(b.Troubles)), InterpretationEnd: b.End, Asked: b.Asked, Declined: b.Declined,
		Microphone: api.MicrophoneView{Seq: m.Seq, Entry: m.Entry, Since: m.At, ConfirmedAt: m.ConfirmedAt},
	}
	_, v.Booth.EndSoon = s.Timing.Marks[events.MarkInterpretationSoon]
	_, v.Booth.EndOver = s.Timing.Marks[events.MarkInterpretationEnd]
	switch {
	case m.NotedAt.IsZero():
	case m.Delivered:
		v.Booth.Microphone.Tally = api.TallyDelivered
	default:
		v.Booth.Microphone.Tally, v.Booth.Microphone.Status = api.TallyFailing, m.Status
	}
	for kind, t := range b.Troubles {
		// Who was asked to slow down may have lost the floor since.
		if kind == events.SpeakTooFast && t.Turn != s.Queue.Turn {
			continue
		}
		v.Booth.Troubles[kind] = api.TroubleView{Since: t.At, Language: t.Language, By: t.By, Turn: t.Turn, Until: t.Until}
	}
	for _, n := range s.Registry.Notes {
		if !n.Removed {
			v.Notes = append(v.Notes, api.NoteView{ID: n.ID, At: n.At, By: n.By})
		}
	}
}

// slower is the booth's word to the holder, shown as the chair's prompts are;
// nil when there is none. The later of the two is shown.
func (v *View) slower() *api.PromptView {
	t, asked := v.Booth.Troubles[events.SpeakTooFast]
	if !asked || v.Floor.Prompt != nil && v.Floor.Prompt.Until > t.Until {
		return nil
	}
	return &api.PromptView{
		ID: ids.Named[ids.Prompt](t.Turn, fmt.Sprintf("booth/%d", t.Since)), Kind: events.SlowDown, Until: t.Until,
	}
}
