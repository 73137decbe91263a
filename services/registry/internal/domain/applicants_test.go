package domain_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

func TestApplications(t *testing.T) {
	observer := sessiontest.Staff(events.Observer)
	l := stage(t)
	d := do(t, l, organiser, "apply", command.Apply{Organisation: "Société Ouverte", Group: "NGO", Region: "WEOG", RequestedMS: 120_000, Accept: true})
	id := d.Events[0].(*events.ApplicantApplied).Applicant
	if a := l.State.Registry.Applicants[id]; a.State != session.AcceptedApplicant || a.Group != "civil society" || a.Language != "en" || a.Category != "unspecified" {
		t.Errorf("the applicant is %+v", a)
	}
	if d := do(t, l, observer, "apply", command.Apply{Organisation: "From the public"}); len(d.Events) != 1 {
		t.Errorf("an application from the public is %v", d.Events)
	}
	refuse(t, l, observer, "apply", command.Apply{Organisation: "Accept me", Accept: true}, problem.Forbidden, "args.accept")
	refuse(t, l, organiser, "apply", command.Apply{Organisation: "SOCIETE  OUVERTE"}, problem.Already, "args.organisation")
	refuse(t, l, organiser, "apply", command.Apply{Organisation: ""}, problem.Invalid, "args.organisation")
	refuse(t, l, organiser, "apply", command.Apply{Organisation: "x", RequestedMS: 1}, problem.Invalid, "args.requested_ms")
	refuse(t, l, organiser, "apply", command.Apply{Organisation: "x", Parts: []ids.Part{sessiontest.Opening}}, problem.Invalid, "args.parts")
	refuse(t, l, organiser, "apply", command.Apply{Organisation: "x", Applicant: id}, problem.Invalid, "args.applicant")
	refuse(t, l, sessiontest.Delegate(0), "apply", command.Apply{Organisation: "A second one"}, problem.Already, "")
	closed := sessiontest.Empty(t)
	closed.Sample(0, nil)
	refuse(t, closed, observer, "apply", command.Apply{Organisation: "From the public"}, problem.Forbidden, "")
	refuse(t, closed, events.Actor{ID: "s", Roles: []events.Role{events.Speaker}}, "apply", command.Apply{Organisation: "From the public"}, problem.Forbidden, "")
}

// TestTheStatesOfAnApplicant is the whole table: from each state, each act.
func TestTheStatesOfAnApplicant(t *testing.T) {
	who := sessiontest.Applicant(3) // it has applied
	act := map[string]command.ApplicantRef{
		"accept": {Applicant: who}, "decline": {Applicant: who, Code: "too_late"}, "withdraw_application": {Applicant: who},
	}
	to := map[session.ApplicantState][]string{
		session.Applied: nil, session.AcceptedApplicant: {"accept"}, session.Declined: {"decline"}, session.WithdrawnApplicant: {"withdraw_application"},
	}
	refusals := map[session.ApplicantState]map[string]problem.Code{
		session.Applied:            {},
		session.AcceptedApplicant:  {"accept": problem.Already},
		session.Declined:           {"decline": problem.Already, "withdraw_application": problem.WrongState},
		session.WithdrawnApplicant: {"accept": problem.WrongState, "decline": problem.WrongState, "withdraw_application": problem.Already},
	}
	for state, acts := range to {
		for verb, args := range act {
			l := stage(t)
			for _, before := range acts {
				do(t, l, organiser, before, act[before])
			}
			if got := l.State.Registry.Applicants[who].State; got != state {
				t.Fatalf("the applicant is %s, not %s", got, state)
			}
			if code, no := refusals[state][verb]; no {
				refuse(t, l, organiser, verb, args, code, "")
			} else {
				do(t, l, organiser, verb, args)
			}
			l.SameAgain()
		}
	}
	l := stage(t)
	refuse(t, l, organiser, "accept", command.ApplicantRef{Applicant: who, Code: "too_late"}, problem.Invalid, "args.code")
	refuse(t, l, organiser, "withdraw_application", command.ApplicantRef{Applicant: who, Code: "too_late"}, problem.Invalid, "args.code")
	refuse(t, l, organiser, "accept", command.ApplicantRef{}, problem.Invalid, "args.applicant")
	refuse(t, l, organiser, "accept", command.ApplicantRef{Applicant: sessiontest.Applicant(99)}, problem.NotFound, "args.applicant")
	for _, code := range []string{"", "ugly", "Too_late"} {
		refuse(t, l, organiser, "decline", command.ApplicantRef{Applicant: who, Code: code}, problem.Invalid, "args.code")
	}
	for _, code := range events.DeclineReasons() {
		do(t, stage(t), organiser, "decline", command.ApplicantRef{Applicant: who, Code: code})
	}
}

func TestANameIsFreeAgainAfterwards(t *testing.T) {
	l := stage(t)
	who := sessiontest.Applicant(3)
	do(t, l, organiser, "decline", command.ApplicantRef{Applicant: who, Code: "duplicate"})
	do(t, l, organiser, "apply", command.Apply{Organisation: "ORGANISATION 3", Accept: true})
	// And the declined one cannot come back beside it.
	refuse(t, l, organiser, "accept", command.ApplicantRef{Applicant: who}, problem.Already, "args.applicant")
}

func TestWhoIsOnAListStays(t *testing.T) {
	own := sessiontest.Applicant(0)
	entry := sessiontest.ID[ids.Entry]("e")
	l := stage(t)
	l.Append(events.Queue, organiser, "join", &events.EntryJoined{Entry: entry, Part: sessiontest.Item, Applicant: own, Kind: events.Statement, Place: 1})
	refuse(t, l, sessiontest.Delegate(0), "withdraw_application", command.ApplicantRef{}, problem.WrongState, "args.applicant")
	refuse(t, l, organiser, "decline", command.ApplicantRef{Applicant: own, Code: "objection"}, problem.WrongState, "args.applicant")
	l.Append(events.Queue, organiser, "withdraw", &events.EntryWithdrawn{Entry: entry})
	do(t, l, sessiontest.Delegate(0), "withdraw_application", command.ApplicantRef{})
}

func TestChangesOfAnApplication(t *testing.T) {
	l, delegate := stage(t), sessiontest.Delegate(0)
	d := do(t, l, delegate, "change_application", map[string]any{"requested_ms": 60_000, "language": "FR", "remote": true})
	changed := d.Events[0].(*events.ApplicantChanged)
	if changed.RequestedMS != 60_000 || changed.Language != "fr" || !changed.Remote || changed.Organisation != "Organisation 0" || changed.Category != "state" {
		t.Errorf("the change is %+v", changed)
	}
	for field, value := range map[string]any{
		"organisation": "Another", "category": "observer", "group": "academia", "region": "EEG", "parts": []ids.Part{sessiontest.Item}, "first_time": true,
	} {
		refuse(t, l, delegate, "change_application", map[string]any{field: value}, problem.Forbidden, "args."+field)
		do(t, stage(t), organiser, "change_application", map[string]any{"applicant": sessiontest.Applicant(0), field: value})
	}
	refuse(t, l, delegate, "change_application", map[string]any{"requested_ms": 60_000}, problem.Already, "")
	refuse(t, l, delegate, "change_application", map[string]any{"requested_ms": 601_000}, problem.Invalid, "args.requested_ms")
	refuse(t, l, delegate, "change_application", map[string]any{"accept": true}, problem.Invalid, "args.accept")
	refuse(t, l, organiser, "change_application", map[string]any{"applicant": sessiontest.Applicant(0), "organisation": "organisation 1"}, problem.Already, "args.organisation")
	do(t, l, organiser, "change_application", map[string]any{"applicant": sessiontest.Applicant(0), "organisation": "ORGANISATION 0"})
	do(t, l, organiser, "withdraw_application", command.ApplicantRef{Applicant: sessiontest.Applicant(0)})
	refuse(t, l, delegate, "change_application", map[string]any{"remote": false}, problem.WrongState, "")
	refuse(t, l, organiser, "change_application", map[string]any{}, problem.Invalid, "args.applicant")
}

func TestImportTakesTheGoodRows(t *testing.T) {
	l := stage(t)
	rows := []command.Apply{{Organisation: "One", Accept: true}, {Organisation: ""}, {Organisation: "ONE"}, {Organisation: "Two"}, {Organisation: "organisation 1"}}
	r := sessiontest.Request(organiser, "import", command.Import{Rows: rows})
	if _, err := l.Do(events.Registry, domain.Decide, r); err != nil {
		t.Fatal(err)
	}
	reg := l.State.Registry
	one, two := ids.Derive[ids.Applicant](r.ID, 0), ids.Derive[ids.Applicant](r.ID, 3)
	if len(reg.ApplicantOrder) != 6 || reg.Applicants[one].State != session.AcceptedApplicant || reg.Applicants[two].State != session.Applied {
		t.Errorf("%d applicants: %+v %+v", len(reg.ApplicantOrder), reg.Applicants[one], reg.Applicants[two])
	}
	refuse(t, l, organiser, "import", command.Import{Rows: rows}, problem.Already, "args.rows[0].organisation")
	refuse(t, l, organiser, "import", command.Import{Rows: rows[1:2]}, problem.Invalid, "args.rows[0].organisation")
	refuse(t, l, organiser, "import", command.Import{}, problem.Invalid, "args.rows")
	refuse(t, l, organiser, "import", command.Import{Rows: make([]command.Apply, 2001)}, problem.TooLarge, "args.rows")
	big, full := make([]command.Apply, 2000), make([]command.Apply, 2000)
	for i := range big {
		big[i] = command.Apply{Organisation: fmt.Sprintf("%s %d", strings.Repeat("x", 290), i), Accept: true}
		full[i] = command.Apply{Organisation: fmt.Sprintf("The National Association of Something and Others %d", i), Category: "stakeholder", Group: "civil society", Region: "Asia-Pacific", RequestedMS: 120_000, Accept: true}
	}
	refuse(t, l, organiser, "import", command.Import{Rows: big}, problem.TooLarge, "args.rows")
	do(t, l, organiser, "import", command.Import{Rows: full})
	if body := l.Stored[len(l.Stored)-1].Body; len(body) > 1<<20-8<<10 || len(l.State.Registry.ApplicantOrder) != 2006 {
		t.Errorf("%d bytes, %d applicants", len(body), len(l.State.Registry.ApplicantOrder))
	}
}

// TestImportAgreesWithItsPreview: the decision takes exactly the rows that
// Check accepts, whatever the rows are, and no organisation ever stands twice.
func TestImportAgreesWithItsPreview(t *testing.T) {
	names := []string{"", "?", "One", "ONE", "Two", "Тwo", "two ", "Organisation 0", "organisation  1", "a\x00", "Three", "Thrée"}
	rapid.Check(t, func(rt *rapid.T) {
		l := stage(rt)
		for range 3 {
			var rows []command.Apply
			for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 8).Draw(rt, "names") {
				rows = append(rows, command.Apply{Organisation: name, RequestedMS: rapid.SampledFrom([]int64{0, 60_000, 1}).Draw(rt, "ms"), Accept: rapid.Bool().Draw(rt, "accept")})
			}
			want := map[ids.Applicant]string{}
			r := sessiontest.Request(organiser, "import", command.Import{Rows: rows})
			r.ID = l.Command()
			for _, f := range roster.Check(&l.State.Registry, rows) {
				if f.Outcome == roster.Accepted {
					want[ids.Derive[ids.Applicant](r.ID, f.Row)] = f.Organisation
				}
			}
			d, err := l.Do(events.Registry, domain.Decide, r)
			got := map[ids.Applicant]string{}
			for _, e := range d.Events {
				if applied, ok := e.(*events.ApplicantApplied); ok {
					got[applied.Applicant] = applied.Organisation
				}
			}
			if (err != nil) != (len(want) == 0) || !reflect.DeepEqual(got, want) {
				rt.Fatalf("the preview says %v, the decision %v (%v)", want, got, err)
			}
			seen := []string{}
			for _, a := range l.State.Registry.Applicants {
				for _, other := range seen {
					if roster.KeysOf(other).Same(roster.KeysOf(a.Organisation)) {
						rt.Fatalf("%q and %q stand there both", other, a.Organisation)
					}
				}
				seen = append(seen, a.Organisation)
			}
		}
		l.SameAgain()
	})
}
