package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// TestWhoMayGiveWhichRole is the whole table, for persons and for links.
func TestWhoMayGiveWhichRole(t *testing.T) {
	everything := events.Roles()
	without := func(roles ...events.Role) []events.Role {
		return slices.DeleteFunc(events.Roles(), func(r events.Role) bool { return slices.Contains(roles, r) })
	}
	may := map[events.Role][]events.Role{
		events.Organiser: everything, events.Chair: without(events.Organiser), events.Secretariat: without(events.Organiser),
		events.ViceChair: without(events.Organiser, events.Chair),
	}
	for _, giver := range events.Roles() {
		for _, role := range events.Roles() {
			var applicant ids.Applicant
			if role == events.Speaker {
				applicant = sessiontest.Applicant(0)
			}
			for verb, args := range map[string]any{
				"add_person": command.AddPerson{Roles: []events.Role{role}, Applicant: applicant, Digest: digest},
				"invite":     command.Invite{Roles: []events.Role{role}, Applicant: applicant, Expires: 1 << 50},
			} {
				// A delegate names colleagues of their own organisation, and gives nobody a link.
				colleague := giver == events.Speaker && role == events.Speaker && verb == "add_person"
				if slices.Contains(may[giver], role) || colleague {
					do(t, stage(t), actor(giver), verb, args)
				} else {
					refuse(t, stage(t), actor(giver), verb, args, problem.Forbidden, "")
				}
			}
			l := stage(t)
			link := sessiontest.ID[ids.Invitation]("of a role")
			l.Append(events.Registry, organiser, "invite", &events.InvitationIssued{Invitation: link, Roles: []events.Role{role}, Expires: 1 << 50})
			if slices.Contains(may[giver], role) {
				do(t, l, actor(giver), "revoke_invitation", command.InvitationRef{Invitation: link})
			} else {
				refuse(t, l, actor(giver), "revoke_invitation", command.InvitationRef{Invitation: link}, problem.Forbidden, "")
			}
		}
	}
	for _, role := range []events.Role{events.System, "king", ""} {
		refuse(t, stage(t), organiser, "invite", command.Invite{Roles: []events.Role{role}, Expires: 1}, problem.Invalid, "args.roles")
	}
}

func TestPersons(t *testing.T) {
	l := stage(t)
	own := sessiontest.Applicant(0)
	r := sessiontest.Request(organiser, "add_person", command.AddPerson{Applicant: own, Digest: digest})
	if _, err := l.Do(events.Registry, domain.Decide, r); err != nil {
		t.Fatal(err)
	}
	id := domain.PersonID(r.ID)
	if p := l.State.Registry.Persons[id]; p == nil || p.Applicant != own || !reflect.DeepEqual(p.Roles, []events.Role{events.Speaker}) || p.Digest != digest {
		t.Errorf("the person is %+v", p)
	}
	d := do(t, l, organiser, "add_person", command.AddPerson{Digest: digest})
	if p := d.Events[0].(*events.PersonAdded); !reflect.DeepEqual(p.Roles, []events.Role{events.Observer}) {
		t.Errorf("a person without a role is %+v", p)
	}
	for _, c := range []struct {
		verb  string
		args  command.AddPerson
		code  problem.Code
		field string
	}{
		{"add_person", command.AddPerson{}, problem.Invalid, "args.value"},
		{"add_person", command.AddPerson{Person: id, Digest: digest}, problem.Invalid, "args.person"},
		{"add_person", command.AddPerson{Roles: []events.Role{events.Speaker}, Digest: digest}, problem.Invalid, "args.applicant"},
		{"add_person", command.AddPerson{Roles: []events.Role{events.Chair}, Applicant: own, Digest: digest}, problem.Invalid, "args.applicant"},
		{"add_person", command.AddPerson{Applicant: sessiontest.Applicant(9), Digest: digest}, problem.NotFound, "args.applicant"},
		{"change_person", command.AddPerson{Digest: digest}, problem.Invalid, "args.person"},
		{"change_person", command.AddPerson{Person: sessiontest.Person(9), Digest: digest}, problem.NotFound, "args.person"},
		{"change_person", command.AddPerson{Person: id}, problem.Invalid, "args.value"},
		{"change_person", command.AddPerson{Person: id, Digest: digest}, problem.Already, ""},
		{"change_person", command.AddPerson{Person: id, Roles: []events.Role{events.Chair}, Digest: events.HashBody(nil)}, problem.Invalid, "args.roles"},
		{"change_person", command.AddPerson{Person: id, Applicant: sessiontest.Applicant(1), Digest: events.HashBody(nil)}, problem.Invalid, "args.applicant"},
	} {
		refuse(t, l, organiser, c.verb, c.args, c.code, c.field)
	}
	// A value that was not taken out must never come into the hash of a command.
	for verb, args := range map[string]any{
		"add_person": command.AddPerson{Value: &command.PersonValue{Name: "x"}, Digest: digest},
		"file_text":  command.FileText{Applicant: own, Language: "en", Visibility: events.OwnerOnly, Content: "x", Digest: digest},
	} {
		if _, err := l.Do(events.Registry, domain.Decide, sessiontest.Request(organiser, verb, args)); !problem.Is(err, problem.Internal) {
			t.Errorf("%s with its value: %v", verb, err)
		}
	}
	do(t, l, organiser, "decline", command.ApplicantRef{Applicant: own, Code: "objection"})
	refuse(t, l, organiser, "add_person", command.AddPerson{Applicant: own, Digest: digest}, problem.WrongState, "args.applicant")
	// Their record can be corrected and erased all the same, by themselves too.
	do(t, l, sessiontest.Delegate(0), "change_person", command.AddPerson{Digest: digest})
	do(t, l, sessiontest.Delegate(0), "erase_person", command.PersonRef{})
	refuse(t, l, sessiontest.Delegate(0), "erase_person", command.PersonRef{}, problem.Already, "")
	refuse(t, l, sessiontest.Delegate(0), "change_person", command.AddPerson{Digest: digest}, problem.WrongState, "args.person")
	refuse(t, l, organiser, "erase_person", command.PersonRef{}, problem.Invalid, "args.person")
	refuse(t, l, organiser, "erase_person", command.PersonRef{Person: sessiontest.Person(9)}, problem.NotFound, "args.person")
}

func TestInvitations(t *testing.T) {
	l := stage(t)
	d := do(t, l, organiser, "invite", command.Invite{Roles: []events.Role{events.Speaker, events.Speaker}, Person: sessiontest.Person(1), Expires: 1 << 50})
	issued := d.Events[0].(*events.InvitationIssued)
	if issued.Applicant != sessiontest.Applicant(1) || len(issued.Roles) != 1 || issued.Expires != 1<<50 {
		t.Errorf("the invitation is %+v", issued)
	}
	if d := do(t, l, organiser, "invite", command.Invite{Roles: []events.Role{events.Chair}, Person: sessiontest.Person(1), Expires: 1 << 50}); !d.Events[0].(*events.InvitationIssued).Applicant.IsZero() {
		t.Errorf("a chair's link speaks for %+v", d.Events[0])
	}
	do(t, l, organiser, "erase_person", command.PersonRef{Person: sessiontest.Person(2)})
	for _, c := range []struct {
		args  command.Invite
		code  problem.Code
		field string
	}{
		{command.Invite{Expires: 1}, problem.Invalid, "args.roles"},
		{command.Invite{Roles: []events.Role{events.Chair}}, problem.Invalid, "args.expires"},
		{command.Invite{Roles: []events.Role{events.Chair}, Expires: -1}, problem.Invalid, "args.expires"},
		{command.Invite{Roles: []events.Role{events.Speaker}, Expires: 1}, problem.Invalid, "args.applicant"},
		{command.Invite{Roles: []events.Role{events.Speaker}, Applicant: sessiontest.Applicant(9), Expires: 1}, problem.NotFound, "args.applicant"},
		{command.Invite{Roles: []events.Role{events.Speaker}, Applicant: sessiontest.Applicant(1), Person: sessiontest.Person(0), Expires: 1}, problem.Invalid, "args.applicant"},
		{command.Invite{Roles: []events.Role{events.Chair}, Person: sessiontest.Person(9), Expires: 1}, problem.NotFound, "args.person"},
		{command.Invite{Roles: []events.Role{events.Chair}, Person: sessiontest.Person(2), Expires: 1}, problem.WrongState, "args.person"},
	} {
		refuse(t, l, organiser, "invite", c.args, c.code, c.field)
	}
	do(t, l, organiser, "revoke_invitation", command.InvitationRef{Invitation: link})
	refuse(t, l, organiser, "revoke_invitation", command.InvitationRef{Invitation: link}, problem.Already, "")
	refuse(t, l, organiser, "revoke_invitation", command.InvitationRef{}, problem.NotFound, "args.invitation")
}

// TestAOneTimeCodeIsForALinkThatMayBeSeenAgain: it is a fact with its actor; a
// link that can run the session, one that was withdrawn and one that is not
// there get none, and the link stays as it is.
func TestAOneTimeCodeIsForALinkThatMayBeSeenAgain(t *testing.T) {
	l := stage(t)
	give := func(roles ...events.Role) command.InvitationRef {
		t.Helper()
		invitation := command.Invite{Roles: roles, Expires: 1 << 50}
		if slices.Contains(roles, events.Speaker) {
			invitation.Applicant = sessiontest.Applicant(0)
		}
		d := do(t, l, organiser, "invite", invitation)
		return command.InvitationRef{Invitation: d.Events[0].(*events.InvitationIssued).Invitation}
	}
	speaker := give(events.Speaker)
	for range 2 {
		d := do(t, l, sessiontest.Staff(events.Secretariat), "make_code", speaker)
		if made, ok := d.Events[0].(*events.JoinCodeMade); !ok || len(d.Events) != 1 || made.Invitation != speaker.Invitation {
			t.Errorf("the facts are %+v", d.Events)
		}
	}
	if i := l.State.Registry.Invitations[speaker.Invitation]; i.Codes != 2 || i.Revoked || i.Expires != 1<<50 {
		t.Errorf("the link is %+v", i)
	}
	for _, role := range events.Roles() {
		switch role {
		case events.Organiser, events.Chair, events.ViceChair, events.Secretariat:
			refuse(t, l, organiser, "make_code", give(role), problem.Forbidden, "args.invitation")
			refuse(t, l, organiser, "make_code", give(role, events.Observer), problem.Forbidden, "args.invitation")
		default:
			do(t, l, organiser, "make_code", give(role))
		}
	}
	do(t, l, organiser, "revoke_invitation", speaker)
	refuse(t, l, organiser, "make_code", speaker, problem.WrongState, "args.invitation")
	refuse(t, l, organiser, "make_code", command.InvitationRef{}, problem.NotFound, "args.invitation")
}

func TestTexts(t *testing.T) {
	l, delegate := stage(t), sessiontest.Delegate(0)
	good := command.FileText{Part: sessiontest.Item, Language: "EN-gb", Visibility: events.PublicAtDelivery, Words: 120, Digest: digest}
	d := do(t, l, delegate, "file_text", good)
	filed := d.Events[0].(*events.TextFiled)
	if filed.Applicant != sessiontest.Applicant(0) || filed.Language != "en-GB" || filed.Words != 120 || filed.Text.IsZero() {
		t.Errorf("the text is %+v", filed)
	}
	version := good
	version.Text, version.Part, version.Language = filed.Text, ids.Part{}, "fr"
	if d := do(t, l, organiser, "file_text", version); d.Events[0].(*events.TextFiled).Applicant != sessiontest.Applicant(0) || d.OnBehalf != sessiontest.Applicant(0) {
		t.Errorf("the new version is %+v", d)
	}
	for field, change := range map[string]func(*command.FileText){
		"text":       func(a *command.FileText) { a.Text = sessiontest.ID[ids.Text]("none") },
		"part":       func(a *command.FileText) { a.Part = sessiontest.ID[ids.Part]("none") },
		"language":   func(a *command.FileText) { a.Language = "" },
		"visibility": func(a *command.FileText) { a.Visibility = "" },
		"content":    func(a *command.FileText) { a.Digest = events.Hash{} },
	} {
		bad := good
		change(&bad)
		code := problem.Invalid
		if field == "text" || field == "part" {
			code = problem.NotFound
		}
		refuse(t, l, delegate, "file_text", bad, code, "args."+field)
	}
	refuse(t, l, organiser, "file_text", good, problem.Invalid, "args.applicant")
	refuse(t, l, delegate, "change_text_visibility", command.TextVisibility{Text: text, Visibility: events.OwnerOnly}, problem.Already, "")
	refuse(t, l, delegate, "change_text_visibility", command.TextVisibility{Text: text, Visibility: "secret"}, problem.Invalid, "args.visibility")
	refuse(t, l, delegate, "change_text_visibility", command.TextVisibility{Visibility: events.PublicNow}, problem.NotFound, "args.text")
	do(t, l, organiser, "withdraw_application", command.ApplicantRef{Applicant: sessiontest.Applicant(0)})
	refuse(t, l, delegate, "file_text", good, problem.WrongState, "args.applicant")
}
