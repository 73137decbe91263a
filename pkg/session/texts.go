package session

import (
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Delivered reports whether a statement text was delivered: a turn of its
// applicant that stands is over, in the text's part where it names one. It is the
// "delivered" of MayRead. While the turn lasts, what was said of the text is in
// the transcript, sentence by sentence as it is passed, and the rest is nobody's
// yet: it may never be said.
func (s *State) Delivered(text ids.Text) bool {
	t, ok := s.Registry.Texts[text]
	if !ok {
		return false
	}
	for _, turn := range s.Queue.Turns {
		if !turn.Stands() || turn.EndedAt.IsZero() || (!t.Part.IsZero() && turn.Part != t.Part) {
			continue
		}
		if entry := s.Queue.Entries[turn.Entry]; entry != nil && entry.Kind == events.Statement && s.speaksFor(entry, t.Applicant) {
			return true
		}
	}
	return false
}

// speaksFor reports whether an entry is the applicant's, alone or as a member
// of a joint statement.
func (s *State) speaksFor(entry *Entry, applicant ids.Applicant) bool {
	if entry.Applicant == applicant {
		return true
	}
	for _, id := range entry.Members {
		if member := s.Queue.Entries[id]; member != nil && member.Applicant == applicant {
			return true
		}
	}
	return false
}

// MayRead reports whether a reader may have the words of a statement text.
// delivered says whether the speaker is done; see Delivered.
//
//	owner                        the applicant's own delegates, nobody else
//	interpreters_and_captioners  and those two, and the chair's side, which hands texts out to the booth
//	public_at_delivery           the same before delivery, everybody after it
//	public_now                   everybody
//
// Everybody means what the session's publication allows: in a session that is
// confidential or for participants only, nobody without a role beyond
// observer. A text that does not exist may be read by nobody.
func MayRead(s *State, text ids.Text, reader events.Actor, delivered bool) bool {
	t, ok := s.Registry.Texts[text]
	if !ok {
		return false
	}
	if reader.Has(events.Speaker) && !reader.Applicant.IsZero() && reader.Applicant == t.Applicant {
		return true
	}
	booth := reader.Has(events.Interpreter, events.Captioner) || reader.Staff()
	switch t.Visibility {
	case events.BoothOnly:
		return booth
	case events.PublicAtDelivery:
		return booth || delivered && s.everybody(reader)
	case events.PublicNow:
		return booth || s.everybody(reader)
	default: // owner, and whatever a later version may add: closed until known
		return false
	}
}

// everybody reports whether a reader belongs to those for whom "public" is meant here.
func (s *State) everybody(reader events.Actor) bool {
	switch s.Registry.Modalities.Publication {
	case "participants_only", "confidential":
		return reader.Staff() || reader.Has(events.Speaker, events.Captioner, events.Interpreter, events.Technician)
	default:
		return true
	}
}
