package roster

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

var (
	item  = ids.MustParse[ids.Part]("00000000-0000-4000-8000-000000000001")
	pause = ids.MustParse[ids.Part]("00000000-0000-4000-8000-000000000002")
)

// of is a registry of a session with these organisations.
func of(names ...string) *session.Registry {
	r := &session.Registry{
		Languages: []string{"fr", "en"}, Applicants: map[ids.Applicant]*session.Applicant{},
		Parts: []events.Part{{ID: item, HasList: true}, {ID: pause, Kind: events.Break, Title: "Coffee"}},
	}
	for i, name := range names {
		id := ids.MustParse[ids.Applicant](fmt.Sprintf("00000000-0000-4000-9000-%012d", i+1))
		r.Applicants[id] = &session.Applicant{ApplicantApplied: events.ApplicantApplied{Applicant: id, Organisation: name}, State: session.Applied}
		r.ApplicantOrder = append(r.ApplicantOrder, id)
	}
	return r
}

func TestApplyGivesOneWrittenForm(t *testing.T) {
	for _, c := range []struct{ in, want command.Apply }{
		{
			command.Apply{Organisation: " A  b "},
			command.Apply{Organisation: "A b", Category: "unspecified", Group: "unspecified", Region: "unspecified", Language: "fr"},
		},
		{
			command.Apply{Organisation: "x", Category: " STATE ", Group: "NGOs", Region: "latin america", Language: "EN", RequestedMS: 30_000, Parts: []ids.Part{item, item}, FirstTime: true, Remote: true},
			command.Apply{Organisation: "x", Category: "state", Group: "civil society", Region: "GRULAC", Language: "en", RequestedMS: 30_000, Parts: []ids.Part{item}, FirstTime: true, Remote: true},
		},
		{
			command.Apply{Organisation: "x", Group: "n/a", Region: "?", Category: "Observer"},
			command.Apply{Organisation: "x", Category: "observer", Group: "unspecified", Region: "unspecified", Language: "fr"},
		},
		{
			command.Apply{Organisation: "x", Group: "civil_society", Region: "Antarctic  Group"},
			command.Apply{Organisation: "x", Category: "unspecified", Group: "civil society", Region: "antarctic group", Language: "fr"},
		},
	} {
		got, err := Apply(of(), "args.", c.in)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v is\n%+v (%v), want\n%+v", c.in, got, err, c.want)
		}
		if again, err := Apply(of(), "args.", got); err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("%+v is not its own written form: %+v (%v)", got, again, err)
		}
	}
}

func TestApplyNamesTheField(t *testing.T) {
	long := strings.Repeat("é", 61)
	for _, c := range []struct {
		in    command.Apply
		field string
	}{
		{command.Apply{}, "organisation"},
		{command.Apply{Organisation: "\u200b"}, "organisation"},
		{command.Apply{Organisation: "???"}, "organisation"},
		{command.Apply{Organisation: "a\x00"}, "organisation"},
		{command.Apply{Organisation: "\xff\xfe"}, "organisation"},
		{command.Apply{Organisation: strings.Repeat("é", 301)}, "organisation"},
		{command.Apply{Organisation: "x", Category: long}, "category"},
		{command.Apply{Organisation: "x", Group: long}, "group"},
		{command.Apply{Organisation: "x", Region: "a\x07"}, "region"},
		{command.Apply{Organisation: "x", Language: "Klingonese"}, "language"},
		{command.Apply{Organisation: "x", RequestedMS: 29_999}, "requested_ms"},
		{command.Apply{Organisation: "x", RequestedMS: 600_001}, "requested_ms"},
		{command.Apply{Organisation: "x", RequestedMS: -1}, "requested_ms"},
		{command.Apply{Organisation: "x", RequestedMS: 1 << 62}, "requested_ms"},
		{command.Apply{Organisation: "x", Parts: []ids.Part{pause}}, "parts"},
		{command.Apply{Organisation: "x", Parts: []ids.Part{{}}}, "parts"},
	} {
		_, err := Apply(of(), "args.rows[3].", c.in)
		if err == nil || err.Field != "args.rows[3]."+c.field || err.Code != problem.Invalid || err.Do == "" {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
	for _, ms := range []int64{0, 30_000, 600_000} {
		if _, err := Apply(of(), "", command.Apply{Organisation: strings.Repeat("é", 300), RequestedMS: ms}); err != nil {
			t.Errorf("%d ms: %v", ms, err)
		}
	}
}

func TestFind(t *testing.T) {
	r := of("Access Now", "Article 19")
	first := r.ApplicantOrder[0]
	if a, ok := Find(r, "ACCESS NOW", ids.Applicant{}); !ok || a.Applicant != first {
		t.Errorf("found %+v", a)
	}
	if a, ok := Find(r, "ACCESS NOW", first); ok {
		t.Errorf("found %+v beside itself", a)
	}
	for _, state := range []session.ApplicantState{session.Declined, session.WithdrawnApplicant} {
		r.Applicants[first].State = state
		if a, ok := Find(r, "Access Now", ids.Applicant{}); ok {
			t.Errorf("found %+v, which is %s", a, state)
		}
	}
	r.Applicants[first].State = session.AcceptedApplicant
	a, _ := Find(r, "access now", ids.Applicant{})
	if p := Taken("args.", "access now", a); p.Code != problem.Already || p.Field != "args.organisation" || !strings.Contains(p.Detail, `"Access Now"`) || p.Do == "" {
		t.Errorf("the refusal is %v", p)
	}
}

func TestCheckJudgesEveryRow(t *testing.T) {
	r := of("Access Now")
	got := Check(r, []command.Apply{
		{Organisation: "ACCESS NOW"},
		{Organisation: "New"},
		{Organisation: ""},
		{Organisation: "NEW"},
		{Organisation: "Other", RequestedMS: 5},
		{Organisation: "other"},
		{Organisation: "Third", Applicant: r.ApplicantOrder[0]},
		{Organisation: strings.Repeat("x", 5000)},
	})
	want := []struct {
		outcome Outcome
		ofRow   int
		of      string
		field   string
	}{
		{Duplicate, -1, "Access Now", ""},
		{Accepted, -1, "", ""},
		{Faulty, -1, "", "organisation"},
		{Duplicate, 1, "New", ""},
		{Faulty, -1, "", "requested_ms"},
		{Accepted, -1, "", ""},
		{Faulty, -1, "", "applicant"},
		{Faulty, -1, "", "organisation"},
	}
	for i, w := range want {
		f := got[i]
		field := ""
		if f.Problem != nil {
			field = f.Problem.Field
		}
		if f.Row != i || f.Outcome != w.outcome || f.OfRow != w.ofRow || f.Of != w.of || field != w.field || len(f.Organisation) > 400 {
			t.Errorf("row %d: %+v", i, f)
		}
	}
	if got[0].Applicant != r.ApplicantOrder[0] {
		t.Errorf("the duplicate names %s", got[0].Applicant)
	}
}

func TestASessionIsFull(t *testing.T) {
	r := of("First")
	for len(r.ApplicantOrder) < MaxApplicants-1 {
		r.ApplicantOrder = append(r.ApplicantOrder, ids.Applicant{})
	}
	got := Check(r, []command.Apply{{Organisation: "Last"}, {Organisation: "Too many"}, {Organisation: "first"}, {Organisation: "Too many"}})
	if got[0].Outcome != Accepted || got[1].Outcome != Faulty || got[1].Problem.Code != problem.WrongState || got[2].Outcome != Duplicate || got[3].Outcome != Faulty {
		t.Errorf("%+v", got)
	}
}

// TestRealNames reads a copy of 188 rows with names in many alphabets.
func TestRealNames(t *testing.T) {
	data, err := os.ReadFile("testdata/organisations.csv")
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	p := sheet.Preview(of())
	if len(p.Findings) < 150 || p.Errors != 0 {
		t.Errorf("%d rows, %d accepted, %d duplicates, %d errors", len(p.Findings), p.Accepted, p.Duplicates, p.Errors)
	}
	for _, f := range p.Findings {
		if f.Outcome != Accepted {
			t.Errorf("line %d, %q: %s of %q (%v)", f.Line, f.Organisation, f.Outcome, f.Of, f.Problem)
		}
	}
	args := p.Import(true)
	if len(args.Rows) != p.Accepted || !args.Rows[0].Accept || len(p.Delegates) != p.Accepted {
		t.Errorf("the import has %d rows", len(args.Rows))
	}
	// A second time everything is there.
	var names []string
	for _, row := range args.Rows {
		names = append(names, strings.ToUpper(row.Organisation))
	}
	if again := sheet.Preview(of(names...)); again.Accepted != 0 || again.Duplicates != len(p.Findings) {
		t.Errorf("again: %d accepted, %d duplicates of %d", again.Accepted, again.Duplicates, len(p.Findings))
	}
}

func BenchmarkFind(b *testing.B) {
	var names []string
	for i := range MaxApplicants {
		names = append(names, fmt.Sprintf("Organisation of the nth kind, number %d", i))
	}
	r := of(names...)
	for b.Loop() {
		if _, ok := Find(r, "Nobody knows it yet", ids.Applicant{}); ok {
			b.Fatal("found")
		}
	}
}
