package command

import (
	"strconv"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// Made names what a commit's events made, and the place on the list that a
// join got (from 1; zero when none). Receipts carry it, and a repeated command
// gets it again.
func Made(all []events.Event) (map[string]string, int) {
	made, place := map[string]string{}, 0
	for _, e := range all {
		switch e := e.(type) {
		case *events.ApplicantApplied:
			made["applicant"] = e.Applicant.String()
		case *events.PersonAdded:
			made["person"] = e.Person.String()
		case *events.InvitationIssued:
			made["invitation"] = e.Invitation.String()
		case *events.TextFiled:
			made["text"] = e.Text.String()
		case *events.PartAdded:
			made["part"] = e.Part.ID.String()
		case *events.ConsultationCreated:
			made["consultation"] = e.Consultation.String()
		case *events.ConsultationSessionAdded:
			made["session"] = e.Session.String()
		case *events.EntryJoined:
			made["entry"], place = e.Entry.String(), e.Place
		case *events.EntryReturned:
			made["entry"], place = e.Entry.String(), e.Place
		case *events.PointRaised:
			made["entry"] = e.Entry.String()
		case *events.FloorGiven:
			made["turn"] = e.Turn.String()
		case *events.TurnEntered:
			made["turn"] = e.Turn.String()
		case *events.SwapProposed:
			made["swap"] = e.Swap.String()
		case *events.HolderPrompted:
			made["prompt"] = e.Prompt.String()
		case *events.SourceOpened:
			made["source"] = e.Source.String()
		case *events.TrackTaken:
			made["epoch"] = strconv.FormatUint(e.Epoch, 10)
		case *events.CorrectionRequested:
			made["request"] = e.Request.String()
		case *events.RelayAdded:
			made["relay"] = e.Relay.String()
		}
	}
	if len(made) == 0 {
		return nil, place
	}
	return made, place
}
