package domain_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

var organiser = sessiontest.Staff(events.Organiser)

func TestASessionOfDefaults(t *testing.T) {
	l := empty(t)
	do(t, l, organiser, "create_session", created)
	r := l.State.Registry
	if !reflect.DeepEqual(r.Modalities, session.DefaultModalities()) {
		t.Errorf("the modalities are %+v", r.Modalities)
	}
	if len(r.Parts) != 1 || !r.Parts[0].HasList || r.Parts[0].Kind != events.Item || r.Parts[0].Minutes != 90 || r.Parts[0].Title != r.Title || r.Parts[0].ID.IsZero() {
		t.Errorf("the parts are %+v", r.Parts)
	}
	if len(r.Code) != 6 || r.Code != domain.Code(l.State.ID) || r.ClockMode != "real" || !reflect.DeepEqual(r.Languages, []string{"en"}) || r.Consultation.IsZero() {
		t.Errorf("the session is %+v", r)
	}
	refuse(t, l, organiser, "create_session", created, problem.Already, "session")
	refuse(t, l, organiser, "create_consultation", command.CreateConsultation{Title: "x"}, problem.Already, "session")
}

func TestWhatIsLeftOutOfModalitiesIsTheDefault(t *testing.T) {
	l := empty(t)
	do(t, l, organiser, "create_session", map[string]any{
		"title": " A \u00a0 title ", "planned_start": created.PlannedStart, "hard_end": created.HardEnd, "zone": "UTC", "languages": []string{"FR", "zh-hans", "fr"},
		"modalities": map[string]any{"maximum_ms": 120_000, "joint_statements": false, "rights": map[string][]string{"*": {"statement", "statement"}, " State ": {"point_of_order"}}},
	})
	want := session.DefaultModalities()
	want.MaximumMS, want.JointStatements = 120_000, false
	want.Rights = map[string][]events.EntryKind{"*": {events.Statement}, "state": {events.PointOfOrder}}
	if r := l.State.Registry; !reflect.DeepEqual(r.Modalities, want) || r.Title != "A title" || !reflect.DeepEqual(r.Languages, []string{"fr", "zh-Hans"}) {
		t.Errorf("the session is %+v", r)
	}
	// A change keeps what it does not name, the matrix included.
	do(t, l, organiser, "change_session", map[string]any{"modalities": map[string]any{"limit": "soft"}})
	want.Limit = events.Soft
	if got := l.State.Registry.Modalities; !reflect.DeepEqual(got, want) {
		t.Errorf("after the change: %+v", got)
	}
	do(t, l, organiser, "change_session", map[string]any{"modalities": map[string]any{"rights": map[string][]string{"*": {"statement", "question"}}}})
	want.Rights = map[string][]events.EntryKind{"*": {events.Statement, events.Question}}
	if got := l.State.Registry.Modalities; !reflect.DeepEqual(got, want) {
		t.Errorf("after the change of rights: %+v", got)
	}
	refuse(t, l, organiser, "change_session", map[string]any{"title": "A title"}, problem.Already, "")
	l.SameAgain()
}

// with is the arguments of a good session with something else.
func with(change map[string]any) map[string]any {
	args := map[string]any{"title": created.Title, "planned_start": created.PlannedStart, "hard_end": created.HardEnd, "zone": created.Zone}
	for k, v := range change {
		if v == nil {
			delete(args, k)
		} else {
			args[k] = v
		}
	}
	return args
}

func TestBadSessions(t *testing.T) {
	start := int64(created.PlannedStart)
	part := func(more ...any) map[string]any {
		p := map[string]any{"kind": "item", "title": "Item", "minutes": 80, "has_list": true}
		for i := 0; i < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return map[string]any{"parts": []any{p}}
	}
	rules := func(field string, value any) map[string]any {
		return map[string]any{"modalities": map[string]any{field: value}}
	}
	scaled := func(mode string, m clock.Mapping) map[string]any {
		return map[string]any{"clock_mode": mode, "clock": m}
	}
	good := clock.Mapping{S0: created.PlannedStart, W0: created.PlannedStart, SpeedPermille: 60_000}
	cases := []struct {
		change map[string]any
		code   problem.Code
		field  string
	}{
		{map[string]any{"title": nil}, problem.Invalid, "args.title"},
		{map[string]any{"title": " \t "}, problem.Invalid, "args.title"},
		{map[string]any{"title": strings.Repeat("é", 201)}, problem.Invalid, "args.title"},
		{map[string]any{"title": "a\x00b"}, problem.Invalid, "args.title"},
		{map[string]any{"title": 7}, problem.Malformed, "args.title"},
		{map[string]any{"planned_start": nil}, problem.Invalid, "args.planned_start"},
		{map[string]any{"planned_start": -1}, problem.Invalid, "args.planned_start"},
		{map[string]any{"planned_start": start / 1000}, problem.Invalid, "args.planned_start"}, // seconds
		{map[string]any{"hard_end": int64(math.MaxInt64)}, problem.Invalid, "args.hard_end"},
		{map[string]any{"hard_end": int64(math.MinInt64)}, problem.Invalid, "args.hard_end"},
		{map[string]any{"hard_end": start}, problem.Invalid, "args.hard_end"},
		{map[string]any{"hard_end": start - 1}, problem.Invalid, "args.hard_end"},
		{map[string]any{"hard_end": start + 24*3_600_000 + 1}, problem.Invalid, "args.hard_end"},
		{map[string]any{"hard_end": start + 315_000}, problem.Invalid, "args.modalities.opening_ms"},
		{map[string]any{"zone": nil}, problem.Invalid, "args.zone"},
		{map[string]any{"zone": "Local"}, problem.Invalid, "args.zone"},
		{map[string]any{"zone": "../../etc/passwd"}, problem.Invalid, "args.zone"},
		{map[string]any{"languages": []string{"english"}}, problem.Invalid, "args.languages"},
		{map[string]any{"languages": []string{"und"}}, problem.Invalid, "args.languages"},
		{map[string]any{"languages": strings.Fields(strings.Repeat("en ", 21))}, problem.Invalid, "args.languages"},
		{part("kind", "party"), problem.Invalid, "args.parts[0].kind"},
		{part("title", ""), problem.Invalid, "args.parts[0].title"},
		{part("minutes", 0), problem.Invalid, "args.parts[0].minutes"},
		{part("minutes", -5), problem.Invalid, "args.parts[0].minutes"},
		{part("minutes", 1441), problem.Invalid, "args.parts[0].minutes"},
		{part("limit_ms", -1), problem.Invalid, "args.parts[0].limit_ms"},
		{part("limit_ms", 4_999), problem.Invalid, "args.parts[0].limit_ms"},
		{part("limit_ms", 300_001), problem.Invalid, "args.parts[0].limit_ms"},
		{part("kind", "break"), problem.Invalid, "args.parts[0].has_list"},
		{part("has_list", false, "limit_ms", 60_000), problem.Invalid, "args.parts[0].limit_ms"},
		{part("has_list", false), problem.Invalid, "args.parts"},
		{part("part", sessiontest.Item), problem.Invalid, "args.parts[0].part"},
		{map[string]any{"parts": make([]command.PartArgs, 51)}, problem.Invalid, "args.parts"},
		{rules("minimum_ms", 301_000), problem.Invalid, "args.modalities.minimum_ms"},
		{rules("order", "alphabet"), problem.Invalid, "args.modalities.order"},
		{rules("rights", map[string]any{"*": []string{"dance"}}), problem.Invalid, "args.modalities.rights.*"},
		{scaled("real", good), problem.Invalid, "args.clock"},
		{scaled("gated", good), problem.Invalid, "args.clock"},
		{scaled("scaled", clock.Mapping{}), problem.Invalid, "args.clock.speed_permille"},
		{scaled("scaled", clock.Mapping{S0: good.S0, W0: good.W0, SpeedPermille: 1_000_001}), problem.Invalid, "args.clock.speed_permille"},
		{scaled("scaled", clock.Mapping{S0: math.MaxInt64, W0: good.W0, SpeedPermille: 1000}), problem.Invalid, "args.clock"},
		{scaled("sundial", good), problem.Invalid, "args.clock_mode"},
	}
	for _, c := range cases {
		refuse(t, empty(t), organiser, "create_session", with(c.change), c.code, c.field)
	}
	// And what stands just inside of the bounds is accepted.
	for _, change := range []map[string]any{
		{"title": strings.Repeat("é", 200)},
		{"hard_end": start + 24*3_600_000},
		{"hard_end": start + 315_001},
		part("minutes", 1440, "limit_ms", 300_000),
		scaled("scaled", good), scaled("", good),
		{"clock_mode": "gated"},
	} {
		do(t, empty(t), organiser, "create_session", with(change))
	}
}

func TestChangesOfASession(t *testing.T) {
	start := int64(sessiontest.Start) + 600_000
	l := stage(t)
	do(t, l, organiser, "change_session", map[string]any{"planned_start": start + 60_000, "zone": "Asia/Tokyo", "languages": []string{"es"}})
	if r := l.State.Registry; int64(r.PlannedStart) != start+60_000 || r.Zone != "Asia/Tokyo" || r.Languages[0] != "es" || r.Title != "Sample session" {
		t.Errorf("the session is %+v", r)
	}
	refuse(t, l, organiser, "change_session", map[string]any{"hard_end": start}, problem.Invalid, "args.hard_end")
	refuse(t, l, organiser, "change_session", map[string]any{"zone": ""}, problem.Invalid, "args.zone")
	refuse(t, l, organiser, "change_session", map[string]any{"title": ""}, problem.Invalid, "args.title")
	refuse(t, l, organiser, "change_session", map[string]any{"modalities": map[string]any{"closing_ms": 4 * 3_600_000}}, problem.Invalid, "args.modalities.opening_ms")
	l.StartAt(sessiontest.Item)
	refuse(t, l, organiser, "change_session", map[string]any{"hard_end": start + 7_000_000}, problem.WrongState, "args.hard_end")
	do(t, l, organiser, "change_session", map[string]any{"title": "While it runs"})
	over := adjourned(t)
	for verb, args := range map[string]any{
		"change_session": map[string]any{"title": "Too late"}, "add_part": command.PartArgs{Kind: events.Break, Title: "x", Minutes: 1},
		"change_part": map[string]any{"part": sessiontest.Item, "minutes": 1}, "apply": command.Apply{Organisation: "Late"},
		"import": command.Import{Rows: []command.Apply{{Organisation: "Late"}}}, "accept": command.ApplicantRef{Applicant: sessiontest.Applicant(3)},
		"decline":            command.ApplicantRef{Applicant: sessiontest.Applicant(3), Code: "other"},
		"change_application": map[string]any{"applicant": sessiontest.Applicant(0), "remote": true},
	} {
		refuse(t, over, organiser, verb, args, problem.WrongState, "")
	}
}

func TestParts(t *testing.T) {
	l := stage(t)
	d := do(t, l, organiser, "add_part", command.PartArgs{Kind: events.Panel, Title: "Panel", Minutes: 20, HasList: true, LimitMS: 60_000})
	added := d.Events[0].(*events.PartAdded).Part
	if _, at, ok := l.State.Registry.Part(added.ID); !ok || at != 3 {
		t.Errorf("the part stands at %d", at)
	}
	do(t, l, organiser, "change_part", map[string]any{"part": added.ID, "title": "Round table"})
	if p, _, _ := l.State.Registry.Part(added.ID); p.Title != "Round table" || p.Minutes != 20 || p.LimitMS != 60_000 || !p.HasList {
		t.Errorf("the part is %+v", p)
	}
	refuse(t, l, organiser, "change_part", map[string]any{"part": added.ID}, problem.Already, "")
	refuse(t, l, organiser, "change_part", map[string]any{"minutes": 3}, problem.NotFound, "args.part")
	refuse(t, l, organiser, "add_part", map[string]any{"part": added.ID, "kind": "item", "title": "x", "minutes": 1}, problem.Invalid, "args.part")
	l.Append(events.Queue, organiser, "join", &events.EntryJoined{Entry: sessiontest.ID[ids.Entry]("e"), Part: added.ID, Applicant: sessiontest.Applicant(0), Kind: events.Statement, Place: 1})
	refuse(t, l, organiser, "change_part", map[string]any{"part": added.ID, "has_list": false, "limit_ms": 0}, problem.WrongState, "args.has_list")
	for range 46 {
		do(t, l, organiser, "add_part", command.PartArgs{Kind: events.Break, Title: "Coffee", Minutes: 1})
	}
	refuse(t, l, organiser, "add_part", command.PartArgs{Kind: events.Break, Title: "Coffee", Minutes: 1}, problem.WrongState, "")
}

func TestClocks(t *testing.T) {
	real := empty(t)
	do(t, real, organiser, "create_session", created)
	good := clock.Mapping{S0: real.Now.Add(1000), W0: real.Now, SpeedPermille: 60_000}
	refuse(t, real, organiser, "set_clock", command.SetClock{Clock: good, Mode: "scaled"}, problem.WrongState, "")
	l := stage(t)
	good.S0 = l.Now
	do(t, l, organiser, "set_clock", command.SetClock{Clock: good, Mode: "scaled"})
	if l.State.Clock() != good || l.State.Registry.ClockMode != "scaled" {
		t.Errorf("the clock is %+v", l.State.Clock())
	}
	good.S0 = l.State.At.Add(-1)
	refuse(t, l, organiser, "set_clock", command.SetClock{Clock: good, Mode: "scaled"}, problem.Invalid, "args.clock.s0")
	refuse(t, l, organiser, "set_clock", command.SetClock{Mode: "real"}, problem.Invalid, "args.mode")
	refuse(t, l, organiser, "set_clock", command.SetClock{Mode: ""}, problem.Invalid, "args.mode")
}

func TestConsultations(t *testing.T) {
	system := events.ByService(events.Registry)
	l := empty(t)
	do(t, l, organiser, "create_consultation", command.CreateConsultation{Title: "Cyber", CarryOver: true})
	one, two := sessiontest.ID[ids.Session]("one"), sessiontest.ID[ids.Session]("two")
	for _, s := range []ids.Session{one, two} {
		do(t, l, system, "link_session", command.LinkSession{Linked: s, Title: "ignored"})
	}
	refuse(t, l, organiser, "create_session", created, problem.Already, "session")
	series := l.State.Registry.Series
	if series == nil || series.Title != "Cyber" || !series.CarryOver || !reflect.DeepEqual(series.Sessions, []ids.Session{one, two}) || series.ID.String() != l.State.ID.String() {
		t.Errorf("the consultation is %+v", series)
	}
	if l.State.Exists() {
		t.Error("a consultation is no session")
	}
	if _, err := l.Do(events.Registry, domain.Decide, sessiontest.Request(system, "link_session", command.LinkSession{Linked: one})); !problem.Is(err, problem.Already) {
		t.Errorf("linked twice: %v", err)
	}
	// A consultation that was made for one session comes into being with it.
	own := empty(t)
	do(t, own, system, "link_session", command.LinkSession{Linked: one, Title: "First meeting"})
	if s := own.State.Registry.Series; s == nil || s.Title != "First meeting" || s.CarryOver || len(s.Sessions) != 1 {
		t.Errorf("the consultation is %+v", s)
	}
	own.SameAgain()
	refuse(t, empty(t), organiser, "create_consultation", command.CreateConsultation{}, problem.Invalid, "args.title")
	if _, err := stage(t).Do(events.Registry, domain.Decide, sessiontest.Request(system, "link_session", command.LinkSession{Linked: one})); !problem.Is(err, problem.WrongState) {
		t.Errorf("linked to a session: %v", err)
	}
}

func TestSealing(t *testing.T) {
	refuse(t, stage(t), organiser, "seal", nil, problem.WrongState, "")
	for _, l := range []*sessiontest.Log{empty(t), stage(t)} {
		if due := domain.Due(l.State); len(due) != 0 {
			t.Errorf("%v is due in a session that is not adjourned", due)
		}
	}
	l := adjourned(t)
	due := domain.Due(l.State)
	if len(due) != 1 || due[0].At != l.State.Timing.AdjournedAt.Add(7*24*3_600_000) {
		t.Fatalf("due is %+v", due)
	}
	if _, err := l.Do(events.Registry, domain.Decide, &due[0].Request); err != nil {
		t.Errorf("the session does not seal itself: %v", err)
	}
	if due := domain.Due(l.State); len(due) != 0 || !l.State.Registry.Sealed {
		t.Errorf("a sealed session has %v due", due)
	}
	do(t, adjourned(t), organiser, "seal", nil)
}

func TestCodesAreShortAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for i := range 2000 {
		code := domain.Code(sessiontest.ID[ids.Session](fmt.Sprint(i)))
		if len(code) != 6 || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
			t.Fatalf("the code %q", code)
		}
		seen[code] = true
	}
	if len(seen) < 1998 {
		t.Errorf("%d codes of 2000 differ", len(seen))
	}
}

// TestDecideIsPure: whatever is asked, deciding twice gives the same, changes
// no state, never panics, and refuses with a problem that has a known code.
func TestDecideIsPure(t *testing.T) {
	verbs := []string{}
	for _, v := range command.Verbs() {
		if v.Context == events.Registry {
			verbs = append(verbs, v.Name)
		}
	}
	members := []string{
		"title", "planned_start", "hard_end", "zone", "languages", "modalities", "parts", "clock", "clock_mode", "mode", "part", "kind", "minutes", "limit_ms",
		"has_list", "applicant", "organisation", "category", "group", "requested_ms", "accept", "rows", "code", "person", "roles", "digest", "value", "invitation",
		"expires", "text", "language", "visibility", "content", "words", "linked", "source", "labels", "commitment", "randomness",
	}
	values := []any{
		nil, "", "x", -1, 0, 1 << 62, true,
		[]any{},
		[]any{nil},
		map[string]any{},
		sessiontest.Applicant(0), sessiontest.Person(0), sessiontest.Item, text, link, digest,
		[]string{"speaker"},
		[]string{"organiser"},
		"en", "owner", "scaled", "item", "other", strings.Repeat("a", 400),
		[]any{map[string]any{"organisation": "New"}},
	}
	rapid.Check(t, func(rt *rapid.T) {
		l := rapid.SampledFrom([]func(sessiontest.TB) *sessiontest.Log{empty, stage, adjourned}).Draw(rt, "stage")(rt)
		args := map[string]any{}
		for _, m := range rapid.SliceOfNDistinct(rapid.SampledFrom(members), 0, 6, rapid.ID).Draw(rt, "members") {
			args[m] = rapid.SampledFrom(values).Draw(rt, m)
		}
		r := sessiontest.Request(actor(rapid.SampledFrom(append(events.Roles(), events.System)).Draw(rt, "role")), rapid.SampledFrom(verbs).Draw(rt, "verb"), args)
		r.ID, r.Session = l.Command(), l.State.ID
		one, first := domain.Decide(l.State, r, l.Now)
		two, second := domain.Decide(l.State, r, l.Now)
		if !reflect.DeepEqual(one, two) || !reflect.DeepEqual(problem.From(first), problem.From(second)) || (first == nil) != (second == nil) {
			rt.Fatalf("two decisions differ: %+v %v, %+v %v", one, first, two, second)
		}
		l.SameAgain()
		if first != nil {
			if p := problem.From(first); p.Code == problem.Internal && args["value"] == nil && args["content"] == nil {
				rt.Fatalf("%s %v: %v", r.Verb, args, first)
			}
			return
		}
		if _, err := l.Do(events.Registry, domain.Decide, r); err != nil {
			rt.Fatalf("%v", err)
		}
		l.SameAgain()
	})
	if err := decideAt(session.New(sessiontest.ID[ids.Session]("none")), &command.Request{Verb: "next", Actor: organiser}, 0); !problem.Is(err, problem.NotFound) {
		t.Errorf("a verb of the queue: %v", err)
	}
}
