package session_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

// TestMayRead is the whole table: visibility x reader x delivered x publication.
func TestMayRead(t *testing.T) {
	readers := map[string]events.Actor{
		"owner": sessiontest.Delegate(0), "delegate": sessiontest.Delegate(1), "visitor": {ID: "visitor/x", Roles: []events.Role{events.Observer}}, "nobody": {},
	}
	for _, role := range []events.Role{events.Organiser, events.Chair, events.ViceChair, events.Secretariat, events.Interpreter, events.Captioner, events.Technician} {
		readers[string(role)] = sessiontest.Staff(role)
	}
	// A speaker of no organisation is not the owner of a text of none.
	readers["stray"] = events.Actor{ID: "token/stray", Roles: []events.Role{events.Speaker}}
	owner := []string{"owner"}
	booth := append(owner, "organiser", "chair", "vice_chair", "secretariat", "interpreter", "captioner")
	taking := append(booth, "delegate", "technician", "stray")
	all := append(taking, "visitor", "nobody")
	for _, publication := range session.Publications() {
		public := all
		if publication == "participants_only" || publication == "confidential" {
			public = taking
		}
		for _, c := range []struct {
			visibility events.Visibility
			delivered  bool
			may        []string
		}{
			{events.OwnerOnly, false, owner},
			{events.OwnerOnly, true, owner},
			{events.BoothOnly, false, booth},
			{events.BoothOnly, true, booth},
			{events.PublicAtDelivery, false, booth},
			{events.PublicAtDelivery, true, public},
			{events.PublicNow, false, public},
			{events.PublicNow, true, public},
			{"something later", true, owner},
		} {
			l := sessiontest.Empty(t)
			l.Sample(2, func(created *events.SessionCreated) { created.Modalities.Publication = publication })
			text := sessiontest.ID[ids.Text]("text")
			l.Append(events.Registry, readers["owner"], "file_text", &events.TextFiled{Text: text, Applicant: sessiontest.Applicant(0), Language: "en", Visibility: c.visibility})
			allowed := map[string]bool{}
			for _, name := range c.may {
				allowed[name] = true
			}
			for name, reader := range readers {
				if got := session.MayRead(l.State, text, reader, c.delivered); got != allowed[name] {
					t.Errorf("%s, %s, delivered %v: %s may read: %v", publication, c.visibility, c.delivered, name, got)
				}
				if session.MayRead(l.State, sessiontest.ID[ids.Text]("none"), reader, true) {
					t.Errorf("%s may read a text that does not exist", name)
				}
			}
		}
	}
}

func TestDelivered(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(3, nil)
	chair := sessiontest.Staff(events.Chair)
	file := func(name string, applicant int, part ids.Part) ids.Text {
		id := sessiontest.ID[ids.Text](name)
		l.Append(events.Registry, chair, "file_text", &events.TextFiled{Text: id, Applicant: sessiontest.Applicant(applicant), Part: part, Language: "en", Visibility: events.PublicAtDelivery})
		return id
	}
	here, anywhere, elsewhere := file("here", 0, sessiontest.Item), file("anywhere", 0, ids.Part{}), file("elsewhere", 0, sessiontest.Questions)
	other, member := file("other", 1, sessiontest.Item), file("member", 2, sessiontest.Item)
	delivered := func(when string, want ...ids.Text) {
		t.Helper()
		for _, text := range []ids.Text{here, anywhere, elsewhere, other, member, {}} {
			is := false
			for _, w := range want {
				is = is || w == text
			}
			if got := l.State.Delivered(text); got != is {
				t.Errorf("%s: %s delivered: %v", when, text, got)
			}
		}
	}
	delivered("before")
	l.StartAt(sessiontest.Item)
	lead, joined := sessiontest.ID[ids.Entry]("lead"), sessiontest.ID[ids.Entry]("joined")
	for place, e := range []events.EntryJoined{{Entry: lead, Applicant: sessiontest.Applicant(0)}, {Entry: joined, Applicant: sessiontest.Applicant(2)}} {
		e.Part, e.Kind, e.Place = sessiontest.Item, events.Statement, place+1
		l.Append(events.Queue, chair, "join", &e)
	}
	l.Append(events.Queue, chair, "merge", &events.EntriesMerged{Lead: lead, Members: []ids.Entry{joined}})
	turn := sessiontest.ID[ids.Turn]("turn")
	l.Append(events.Queue, chair, "next", &events.FloorGiven{Turn: turn, Entry: lead, GivenAt: l.Now, Act: l.Command()})
	delivered("called and silent")
	l.Append(events.Queue, chair, "begin", &events.TurnBegun{Turn: turn, BegunAt: l.Now, Basis: events.ByChair})
	// While the turn lasts, a sentence that was not passed yet is nobody's to read.
	delivered("at the first word")
	l.Append(events.Queue, chair, "end", &events.TurnEnded{Turn: turn, EndedAt: l.Now, How: events.Ended, Act: l.Command()})
	delivered("at the last word", here, anywhere, member)
}
