package view

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// planted is a view in which every field holds something that stands nowhere
// else, with the audiences that may find it.
type planted struct {
	next  int
	marks []mark
}

type mark struct {
	path, text string
	audiences  []api.Audience
}

// fill plants a mark in every field below v. who may see it is the meet of the
// tags on the way down.
func (p *planted) fill(t *testing.T, v reflect.Value, path string, who []api.Audience) {
	t.Helper()
	p.next++
	plant := func(text string) { p.marks = append(p.marks, mark{path, text, who}) }
	if v.CanAddr() {
		// Identifiers have no fields that could be filled one by one.
		if id, ok := v.Addr().Interface().(interface{ UnmarshalText([]byte) error }); ok && v.Kind() == reflect.Struct {
			text := fmt.Sprintf("77777777-0000-7000-8000-%012d", p.next)
			if err := id.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			plant(text)
			return
		}
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("mark-%04d", p.next))
		plant(v.String())
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(888_000_000 + p.next))
		plant(fmt.Sprint(v.Int()))
	case reflect.Uint64:
		v.SetUint(uint64(888_000_000 + p.next))
		plant(fmt.Sprint(v.Uint()))
	case reflect.Float64:
		v.SetFloat(float64(888_000_000 + p.next))
		number, err := json.Marshal(v.Float())
		if err != nil {
			panic(err)
		}
		plant(string(number))
	case reflect.Bool:
		// Two values cannot be unique; the key is what is looked for.
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		p.fill(t, v.Elem(), path, who)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		p.fill(t, v.Index(0), path+"[]", who)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		p.fill(t, key, path+"{key}", who)
		p.fill(t, value, path+"{}", who)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			may := slices.DeleteFunc(slices.Clone(who), func(a api.Audience) bool { return !api.Sees(field, a) })
			p.fill(t, v.Field(i), path+"."+field.Name, may)
		}
	default:
		t.Fatalf("%s: the test does not know how to fill a %s", path, v.Kind())
	}
}

// plantedView is a View whose fields are all marked; what depends on more than
// the field is set so that it restricts nothing.
func plantedView(t *testing.T) (*View, []mark) {
	t.Helper()
	v, p := &View{publication: "public"}, &planted{}
	p.fill(t, reflect.ValueOf(&v.View).Elem(), "View", api.Audiences())
	return v, p.marks
}

// TestNoFieldReachesAnotherAudience is decisions.md 29: field x audience,
// searched in the bytes that each audience is sent.
func TestNoFieldReachesAnotherAudience(t *testing.T) {
	v, marks := plantedView(t)
	if len(marks) < 150 {
		t.Fatalf("only %d fields were marked", len(marks))
	}
	limited := 0
	for _, audience := range api.Audiences() {
		raw, err := v.Encode(audience)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range marks {
			found, may := strings.Contains(string(raw), m.text), slices.Contains(m.audiences, audience)
			if found != may {
				t.Errorf("%s: in the view of %s: %v, allowed: %v", m.path, audience, found, may)
			}
			if !may {
				limited++
			}
		}
	}
	if limited < 30 {
		t.Errorf("only %d pairs of field and audience are limited: the tags were not read", limited)
	}
}

// TestPatchesKeepToTheAudience: what a patch adds to an empty view is the whole
// view, so a search of it is a search of every patch.
func TestPatchesKeepToTheAudience(t *testing.T) {
	for _, audience := range api.Audiences() {
		empty, err := (&View{publication: "public"}).Encode(audience)
		if err != nil {
			t.Fatal(err)
		}
		v, marks := plantedView(t)
		raw, err := v.Encode(audience)
		if err != nil {
			t.Fatal(err)
		}
		patch := string(Diff(empty, raw))
		for _, m := range marks {
			if found, may := strings.Contains(patch, m.text), slices.Contains(m.audiences, audience); found != may {
				t.Errorf("%s: in a patch for %s: %v, allowed: %v", m.path, audience, found, may)
			}
		}
	}
}

// TestAudiencesAreNested: hello may only narrow the audience, which is right only
// when a field for a narrow audience is for every wider one.
func TestAudiencesAreNested(t *testing.T) {
	_, marks := plantedView(t)
	for _, m := range marks {
		for i, a := range api.Audiences() {
			if slices.Contains(m.audiences, a) != (i < len(m.audiences)) {
				t.Errorf("%s is for %v, which leaves out a wider audience", m.path, m.audiences)
			}
		}
	}
}

// TestEncodingChangesNothing: in whatever order audiences are served, each gets
// what it would have got alone.
func TestEncodingChangesNothing(t *testing.T) {
	together, _ := plantedView(t)
	order := api.Audiences()
	slices.Reverse(order)
	for _, audience := range append(order, api.Audiences()...) {
		alone, _ := plantedView(t)
		want, err := alone.Encode(audience)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := together.Encode(audience); err != nil || string(got) != string(want) {
			t.Errorf("%s gets another view after others (%v):\n%s\n%s", audience, err, got, want)
		}
	}
	if _, err := together.Encode("everybody"); err == nil {
		t.Error("an audience that does not exist was encoded")
	}
}

// TestMeIsPersonal: nothing but one's own reaches the personal part.
func TestMeIsPersonal(t *testing.T) {
	v, marks := plantedView(t)
	stranger := Viewer{Audience: api.ForParticipant, Actor: events.Actor{
		ID: "token/stranger", Roles: []events.Role{events.Speaker}, Applicant: ids.New[ids.Applicant](), Person: ids.New[ids.Person](),
	}}
	raw, err := json.Marshal(v.Me(stranger))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		if strings.Contains(string(raw), m.text) {
			t.Errorf("%s is in the personal part of a stranger", m.path)
		}
	}
}

func TestPublicationIsKept(t *testing.T) {
	cases := []struct {
		publication string
		phase       session.Phase
		organisations,
		title bool
	}{
		{"public", session.Running, true, true},
		{"organisation_only", session.Running, true, true},
		{"delayed", session.Running, false, true},
		{"delayed", session.Adjourned, true, true},
		{"participants_only", session.Running, false, true},
		{"participants_only", session.Adjourned, false, true},
		{"confidential", session.Running, false, false},
		{"confidential", session.Adjourned, false, false},
		{"of a later version", session.Adjourned, false, false},
	}
	for _, c := range cases {
		t.Run(c.publication+" "+string(c.phase), func(t *testing.T) {
			for _, audience := range api.Audiences() {
				l := started(t, 4)
				s := l.State
				s.Registry.Modalities.Publication, s.Timing.Phase = c.publication, c.phase
				raw, _, err := Of(s, named, audience)
				if err != nil {
					t.Fatal(err)
				}
				text := string(raw)
				public := audience == api.ForPublic
				if found, want := strings.Contains(text, "Organisation 2"), !public || c.organisations; found != want {
					t.Errorf("%s finds an organisation: %v, want %v", audience, found, want)
				}
				if found, want := strings.Contains(text, s.Registry.Title), !public || c.title; found != want {
					t.Errorf("%s finds the title: %v, want %v", audience, found, want)
				}
				if found, want := strings.Contains(text, "Name of "), audience == api.ForChair || audience == api.ForBooth; found != want {
					t.Errorf("%s finds a person's name: %v, want %v", audience, found, want)
				}
				if strings.Contains(text, ":null") {
					t.Errorf("%s: a member is null: %s", audience, text)
				}
			}
		})
	}
}

// TestTextsAreShownToThoseWhoMayReadThem: even the fact that a text exists is
// kept from those who may not read it, outside chair and booth.
func TestTextsAreShownToThoseWhoMayReadThem(t *testing.T) {
	cases := map[events.Visibility]bool{
		events.OwnerOnly: false, events.BoothOnly: false, events.PublicAtDelivery: false, events.PublicNow: true,
	}
	for visibility, public := range cases {
		for _, audience := range api.Audiences() {
			l := started(t, 2)
			filed := &events.TextFiled{Text: ids.New[ids.Text](), Applicant: applicant(1), Language: "en", Visibility: visibility, Words: 5}
			l.Append(events.Registry, delegate(1), "file_text", filed)
			raw, _, err := Of(l.State, named, audience)
			if err != nil {
				t.Fatal(err)
			}
			want := public || audience == api.ForChair || audience == api.ForBooth
			if found := strings.Contains(string(raw), filed.Text.String()); found != want {
				t.Errorf("%s: a text of visibility %s is shown: %v, want %v", audience, visibility, found, want)
			}
			// Its own applicant knows of it always, another never by their own part.
			v := Build(l.State, named)
			for i, owner := range []bool{false, true} {
				if _, found := v.Me(Viewer{Actor: delegate(i), Audience: api.ForParticipant}).Texts[filed.Text]; found != owner {
					t.Errorf("delegate %d's own part has the text of delegate 1: %v", i, found)
				}
			}
		}
	}
}
