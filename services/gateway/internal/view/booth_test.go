package view

import (
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// said is a session in which the booth said something of each kind.
func said(t *testing.T) *session.State {
	t.Helper()
	l := sessiontest.Empty(t)
	l.Sample(2, nil)
	l.StartAt(sessiontest.Item)
	turn := sessiontest.ID[ids.Turn]("turn")
	entry := sessiontest.ID[ids.Entry]("entry")
	chair, interpreter := sessiontest.Staff(events.Chair), sessiontest.Staff(events.Interpreter)
	l.Append(events.Queue, chair, "join", &events.EntryJoined{Entry: entry, Part: sessiontest.Item, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Place: 1})
	l.Append(events.Queue, chair, "next", &events.FloorGiven{Turn: turn, Entry: entry, GivenAt: l.Now, Act: l.Command()})
	l.Append(events.Timing, interpreter, "report_trouble", &events.TroubleReported{Trouble: events.SpeakTooFast, At: l.Now, Turn: turn, Until: l.Now.Add(20_000)})
	l.Append(events.Timing, interpreter, "report_trouble", &events.TroubleReported{Trouble: events.InterpretationLost, At: l.Now, Language: "fr"})
	l.Append(events.Timing, interpreter, "set_interpretation_end", &events.InterpretationEndSet{End: l.Now.Add(600_000)})
	l.Append(events.Registry, chair, "write_note", &events.NoteWritten{Note: events.NoteRef{ID: sessiontest.ID[ids.Note]("kept"), Digest: events.HashBody([]byte("kept"))}})
	gone := sessiontest.ID[ids.Note]("gone")
	l.Append(events.Registry, chair, "write_note", &events.NoteWritten{Note: events.NoteRef{ID: gone, Digest: events.HashBody([]byte("gone"))}})
	l.Append(events.Registry, chair, "remove_note", &events.NoteRemoved{Note: gone})
	return l.State
}

func TestTheBoothIsShownToTheChairAndTheBoothAlone(t *testing.T) {
	s := said(t)
	v := Build(s, NoNames)
	lost := v.Booth.Troubles[events.InterpretationLost]
	if lost.Language != "fr" || lost.By != events.Interpreter || lost.Since.IsZero() || v.Booth.InterpretationEnd.IsZero() || v.Booth.EndSoon {
		t.Errorf("the booth is shown as %+v", v.Booth)
	}
	if m := v.Booth.Microphone; m.Seq != 1 || m.Entry != sessiontest.ID[ids.Entry]("entry") || m.Tally != "" {
		t.Errorf("the microphone is shown as %+v", m)
	}
	if len(v.Notes) != 1 || v.Notes[0].ID != sessiontest.ID[ids.Note]("kept") || v.Notes[0].By != events.Chair {
		t.Errorf("the notes are shown as %+v", v.Notes)
	}
	for _, audience := range api.Audiences() {
		raw, err := v.Encode(audience)
		if err != nil {
			t.Fatal(err)
		}
		booth := audience == api.ForChair || audience == api.ForBooth
		if strings.Contains(string(raw), `"booth":`) != booth || strings.Contains(string(raw), `"notes":`) != (audience == api.ForChair) {
			t.Errorf("%s is shown %.200s", audience, raw)
		}
		// That the clock stands, and why, everybody sees.
		if !strings.Contains(string(raw), `"pause_cause":"interpretation"`) {
			t.Errorf("%s is not told why the clock stands", audience)
		}
	}
}

// "slow down" reaches the holder as a private word, the later of it and the chair's.
func TestTheBoothsWordReachesTheHolderAlone(t *testing.T) {
	s := said(t)
	until := s.Timing.Booth.Troubles[events.SpeakTooFast].Until
	look := func(applicant int) *api.PromptView {
		actor := events.Actor{ID: "token/speaker", Roles: []events.Role{events.Speaker}, Applicant: sessiontest.Applicant(applicant)}
		return Build(s, NoNames).Me(Viewer{Actor: actor, Audience: api.ForParticipant}).Prompt
	}
	if p := look(0); p == nil || p.Kind != events.SlowDown || p.Until != until || p.ID.IsZero() {
		t.Errorf("the holder is shown %+v", p)
	}
	if p := look(1); p != nil {
		t.Errorf("somebody else is shown %+v", p)
	}
	for _, c := range []struct {
		until clock.Instant
		want  events.PromptKind
	}{{until.Add(1), events.PleaseConclude}, {until.Add(-1), events.SlowDown}} {
		s.Queue.Prompt = &session.Prompt{ID: sessiontest.ID[ids.Prompt]("prompt"), Turn: s.Queue.Turn, Kind: events.PleaseConclude, Until: c.until}
		if p := look(0); p == nil || p.Kind != c.want {
			t.Errorf("with the chair's until %s: %+v, want %s", c.until, p, c.want)
		}
	}
	// A word to a turn that is over is nobody's.
	s.Queue.Turn = ids.Turn{}
	if p := look(0); p != nil {
		t.Errorf("after the turn: %+v", p)
	}
}
