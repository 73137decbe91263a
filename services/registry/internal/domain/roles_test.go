package domain_test

import (
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// digest stands for the commitment to a stored value.
var digest = events.HashBody([]byte("a value"))

// The things of the stage, by name.
var (
	link    = sessiontest.ID[ids.Invitation]("link")
	text    = sessiontest.ID[ids.Text]("text")
	created = command.CreateSession{
		Title: "First meeting", PlannedStart: sessiontest.Start.Add(600_000), HardEnd: sessiontest.Start.Add(6_000_000), Zone: "Europe/Zurich",
	}
)

// stage is a planned session with open applications: applicants 0 to 2 are
// accepted and have a delegate, applicant 3 has applied; one link and one text.
func stage(t sessiontest.TB) *sessiontest.Log {
	l := sessiontest.Empty(t)
	l.Sample(3, func(c *events.SessionCreated) { c.Modalities.OpenApplications, c.ClockMode = true, "gated" })
	office := sessiontest.Staff(events.Secretariat)
	l.Append(events.Registry, office, "apply", &events.ApplicantApplied{
		Applicant: sessiontest.Applicant(3), Organisation: "Organisation 3", Category: "stakeholder", Group: "academia", Region: "unspecified", Language: "en",
	})
	l.Append(events.Registry, office, "invite", &events.InvitationIssued{Invitation: link, Roles: []events.Role{events.Captioner}, Expires: 1 << 50})
	l.Append(events.Registry, office, "file_text", &events.TextFiled{
		Text: text, Applicant: sessiontest.Applicant(0), Language: "en", Visibility: events.OwnerOnly, Words: 2, Digest: digest,
	})
	return l
}

// adjourned is the stage after the end.
func adjourned(t sessiontest.TB) *sessiontest.Log {
	l := stage(t)
	l.StartAt(sessiontest.Item)
	l.Append(events.Timing, sessiontest.Staff(events.Chair), "adjourn", &events.SessionAdjourned{AdjournedAt: l.Now})
	return l
}

// actor is somebody with one role; a speaker is the delegate of applicant 0.
func actor(role events.Role) events.Actor {
	switch role {
	case events.Speaker:
		return sessiontest.Delegate(0)
	case events.System:
		return events.ByService(events.Registry)
	default:
		return sessiontest.Staff(role)
	}
}

// TestEveryVerbByEveryRole has an explicit table of who may do what, both ways.
// "speaker" acts for their own organisation or record.
func TestEveryVerbByEveryRole(t *testing.T) {
	const (
		office    = "organiser secretariat"
		staff     = "organiser chair vice_chair secretariat"
		delegates = staff + " speaker"
	)
	own := sessiontest.Applicant(0)
	cases := map[string]struct {
		on    func(sessiontest.TB) *sessiontest.Log
		args  any
		roles string
	}{
		"create_consultation":    {empty, command.CreateConsultation{Title: "Cyber"}, office},
		"link_session":           {empty, command.LinkSession{Linked: sessiontest.ID[ids.Session]("linked"), Title: "Cyber"}, "system"},
		"create_session":         {empty, created, office},
		"change_session":         {stage, map[string]any{"title": "Another title"}, staff},
		"set_clock":              {stage, command.SetClock{Mode: "gated"}, office},
		"add_part":               {stage, command.PartArgs{Kind: events.Break, Title: "Coffee", Minutes: 10}, staff},
		"change_part":            {stage, map[string]any{"part": sessiontest.Item, "minutes": 70}, staff},
		"apply":                  {stage, command.Apply{Organisation: "Newcomer"}, staff + " observer"},
		"change_application":     {stage, map[string]any{"applicant": own, "requested_ms": 90_000}, delegates},
		"accept":                 {stage, command.ApplicantRef{Applicant: sessiontest.Applicant(3)}, staff},
		"decline":                {stage, command.ApplicantRef{Applicant: sessiontest.Applicant(3), Code: "too_late"}, staff},
		"object":                 {stage, command.Object{Applicant: sessiontest.Applicant(3)}, delegates},
		"appeal":                 {refused, command.ApplicantRef{Applicant: own}, delegates},
		"withdraw_application":   {stage, command.ApplicantRef{Applicant: own}, delegates},
		"import":                 {stage, command.Import{Rows: []command.Apply{{Organisation: "Newcomer"}}}, staff},
		"add_person":             {stage, command.AddPerson{Applicant: own, Digest: digest}, delegates},
		"change_person":          {stage, command.AddPerson{Person: sessiontest.Person(0), Digest: digest}, delegates},
		"erase_person":           {stage, command.PersonRef{Person: sessiontest.Person(0)}, delegates},
		"invite":                 {stage, command.Invite{Roles: []events.Role{events.Interpreter}, Expires: 1 << 50}, staff},
		"revoke_invitation":      {stage, command.InvitationRef{Invitation: link}, staff},
		"make_code":              {stage, command.InvitationRef{Invitation: link}, staff},
		"file_text":              {stage, command.FileText{Applicant: own, Language: "en", Visibility: events.PublicNow, Digest: digest}, delegates},
		"change_text_visibility": {stage, command.TextVisibility{Text: text, Visibility: events.BoothOnly}, delegates},
		"commit_lot":             {closedList, commitment, staff},
		"fix_list":               {committed, command.PartRef{Part: sessiontest.Item}, staff},
		"draw_lot":               {fixed, draw, staff},
		"set_order":              {ownList, command.SetOrder{Part: sessiontest.Item, Entries: []ids.Entry{entryOf(2), entryOf(0)}}, staff},
		"bring_credit":           {stage, brought(1, 5_000), "system"},
		"reckon_credit":          {overdue, nil, "system"},
		"carry_credit":           {series, command.CarryCredit{From: linkedSession}, "system"},
		"end_retention":          {kept, command.EndRetention{Kept: events.KeptPeople, Days: 30}, "system"},
		"seal":                   {adjourned, nil, office + " system"},
		"write_note":             {stage, nil, "chair vice_chair secretariat"},
		"remove_note":            {noted, command.NoteArgs{Note: privately.ID}, "chair vice_chair secretariat"},
	}
	for _, verb := range command.Verbs() {
		if verb.Context != events.Registry {
			continue
		}
		c, ok := cases[verb.Name]
		if !ok {
			t.Errorf("%s has no row", verb.Name)
			continue
		}
		for _, role := range append(events.Roles(), events.System) {
			allowed := strings.Contains(" "+c.roles+" ", " "+string(role)+" ")
			l := c.on(t)
			_, err := l.Do(events.Registry, domain.Decide, asked(actor(role), verb.Name, c.args))
			switch {
			case allowed && err != nil:
				t.Errorf("%s by %s: %v", verb.Name, role, err)
			case !allowed && err == nil:
				t.Errorf("%s by %s was accepted", verb.Name, role)
			case !allowed && !problem.Is(err, problem.Forbidden) && !problem.Is(err, problem.Already):
				t.Errorf("%s by %s is refused with %v", verb.Name, role, err)
			}
			l.SameAgain()
		}
		l := c.on(t)
		if _, err := l.Do(events.Registry, domain.Decide, asked(events.Actor{ID: "nobody"}, verb.Name, c.args)); !problem.Is(err, problem.Forbidden) {
			t.Errorf("%s by somebody without a role: %v", verb.Name, err)
		}
	}
}

func kept(t sessiontest.TB) *sessiontest.Log { return sealed(t, 30) }

func empty(t sessiontest.TB) *sessiontest.Log { return sessiontest.Empty(t) }

// TestADelegateTouchesNothingOfOthers: what is allowed for one's own is refused for others'.
func TestADelegateTouchesNothingOfOthers(t *testing.T) {
	other := sessiontest.Applicant(1)
	for verb, args := range map[string]any{
		"change_application":     map[string]any{"applicant": other, "requested_ms": 90_000},
		"withdraw_application":   command.ApplicantRef{Applicant: other},
		"change_person":          command.AddPerson{Person: sessiontest.Person(1), Digest: digest},
		"erase_person":           command.PersonRef{Person: sessiontest.Person(1)},
		"file_text":              command.FileText{Applicant: other, Language: "en", Visibility: events.PublicNow, Digest: digest},
		"change_text_visibility": command.TextVisibility{Text: text, Visibility: events.PublicNow},
	} {
		by := sessiontest.Delegate(0)
		if verb == "change_text_visibility" {
			by = sessiontest.Delegate(1) // the stage's text is applicant 0's
		}
		refuse(t, stage(t), by, verb, args, problem.Forbidden, "")
	}
	// A new version of another's text, in one's own name.
	refuse(t, stage(t), sessiontest.Delegate(1), "file_text",
		command.FileText{Text: text, Applicant: other, Language: "en", Visibility: events.PublicNow, Digest: digest}, problem.Forbidden, "args.text")
}

// TestOnBehalf: what the chair's side does for a delegate says for whom.
func TestOnBehalf(t *testing.T) {
	own := sessiontest.Applicant(0)
	for verb, args := range map[string]any{
		"change_application":     map[string]any{"applicant": own, "requested_ms": 90_000},
		"withdraw_application":   command.ApplicantRef{Applicant: own},
		"change_person":          command.AddPerson{Person: sessiontest.Person(0), Digest: digest},
		"erase_person":           command.PersonRef{Person: sessiontest.Person(0)},
		"file_text":              command.FileText{Applicant: own, Language: "en", Visibility: events.PublicNow, Digest: digest},
		"change_text_visibility": command.TextVisibility{Text: text, Visibility: events.PublicNow},
	} {
		if d := do(t, stage(t), sessiontest.Staff(events.Secretariat), verb, args); d.OnBehalf != own {
			t.Errorf("%s by the secretariat is on behalf of %q", verb, d.OnBehalf)
		}
		if d := do(t, stage(t), sessiontest.Delegate(0), verb, args); !d.OnBehalf.IsZero() {
			t.Errorf("%s by the delegate is on behalf of %q", verb, d.OnBehalf)
		}
	}
}

// TestNothingBeforeCreationOrAfterSealing: every verb of a session.
func TestNothingBeforeCreationOrAfterSealing(t *testing.T) {
	for _, verb := range command.Verbs() {
		if verb.Context != events.Registry || strings.HasPrefix(verb.Name, "create_") || verb.Name == "link_session" {
			continue
		}
		by := sessiontest.Staff(events.Organiser)
		if verb.Internal() {
			by = events.ByService(events.Registry)
		}
		if private(verb.Name) {
			by = sessiontest.Staff(events.Chair)
		}
		refuse(t, empty(t), by, verb.Name, nil, problem.NotFound, "session")
		if verb.Name == "carry_credit" {
			continue // a consultation is never sealed
		}
		sealed := adjourned(t)
		do(t, sealed, sessiontest.Staff(events.Organiser), "seal", nil)
		switch verb.Name {
		case "erase_person":
			do(t, sealed, sessiontest.Staff(events.Organiser), verb.Name, command.PersonRef{Person: sessiontest.Person(0)})
		case "revoke_invitation":
			do(t, sealed, sessiontest.Staff(events.Organiser), verb.Name, command.InvitationRef{Invitation: link})
		case "end_retention":
			sealed.Now = sealed.Now.Add(30 * day)
			do(t, sealed, by, verb.Name, command.EndRetention{Kept: events.KeptTranscript, Days: 30})
		default:
			refuse(t, sealed, by, verb.Name, nil, problem.Sealed, "")
		}
	}
}

// TestUnknownArguments: every verb refuses a member that it does not know, and names it.
func TestUnknownArguments(t *testing.T) {
	for _, verb := range command.Verbs() {
		if verb.Context != events.Registry || verb.Name == "seal" {
			continue
		}
		l, by := stage(t), sessiontest.Staff(events.Organiser)
		switch verb.Name {
		case "create_consultation", "create_session":
			l = empty(t)
		case "link_session":
			l, by = empty(t), events.ByService(events.Registry)
		case "carry_credit":
			l, by = series(t), events.ByService(events.Registry)
		case "reckon_credit", "bring_credit", "end_retention":
			by = events.ByService(events.Registry)
		case "write_note", "remove_note":
			by = sessiontest.Staff(events.Chair)
		}
		refuse(t, l, by, verb.Name, map[string]any{"colour": "red"}, problem.Malformed, "args.colour")
	}
}

// asked is a request, with a reason where its verb needs one.
func asked(by events.Actor, verb string, args any) *command.Request {
	r := sessiontest.Request(by, verb, args)
	if v, _ := command.Lookup(verb); v.Reason {
		sessiontest.Because(r, "why")
	}
	return r
}

// refused is the stage after applicant 0's application was declined.
func refused(t sessiontest.TB) *sessiontest.Log {
	l := stage(t)
	l.Append(events.Registry, organiser, "decline", &events.ApplicantDeclined{Applicant: sessiontest.Applicant(0), Reason: "objection"})
	return l
}

// do wants a request to be accepted.
func do(t sessiontest.TB, l *sessiontest.Log, by events.Actor, verb string, args any) command.Decision {
	t.Helper()
	d, err := l.Do(events.Registry, domain.Decide, asked(by, verb, args))
	if err != nil {
		t.Fatalf("%s is refused: %v", verb, err)
	}
	return d
}

// refuse wants a request to be refused with a code and a field, with a hint,
// and to leave the session as it was.
func refuse(t *testing.T, l *sessiontest.Log, by events.Actor, verb string, args any, code problem.Code, field string) {
	t.Helper()
	stored := len(l.Stored)
	_, err := l.Do(events.Registry, domain.Decide, asked(by, verb, args))
	if err == nil {
		t.Errorf("%s %v is accepted", verb, args)
		return
	}
	p := problem.From(err)
	if p.Code != code || (field != "" && p.Field != field) {
		t.Errorf("%s %v is refused with %v, not %s on %q", verb, args, err, code, field)
	}
	if p.Do == "" {
		t.Errorf("%s %v: %q does not say what to do", verb, args, p.Detail)
	}
	if len(l.Stored) != stored {
		t.Errorf("%s was refused and stored", verb)
	}
	l.SameAgain()
}

// decideAt decides without writing.
func decideAt(s *session.State, r *command.Request, now clock.Instant) error {
	_, err := domain.Decide(s, r, now)
	return err
}
