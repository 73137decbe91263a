package acceptance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/simulate"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	published "github.com/fairfloor/fairfloor/services/fairfloor/internal/record"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sample"
)

// refusal asks for something that must be refused.
func (s *stand) refusal(who client.HTTP, method, path string, in any) *problem.Error {
	s.t.Helper()
	var raw []byte
	err := who.Do(s.ctx, method, "/api/v1"+path, in, &raw)
	var p *problem.Error
	if !errors.As(err, &p) {
		s.t.Fatalf("%s %s: %v, and no refusal: %s", method, path, err, raw)
	}
	return p
}

// until waits for something that comes by itself.
func (s *stand) until(what string, is func() bool) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-s.ctx.Done():
			s.t.Fatalf("it never came: %s", what)
		case <-tick.C:
		}
	}
}

// step is a line of a rehearsal's answer.
type step struct {
	Done, Of int
	Result   *simulate.Rehearsal
	Problem  *problem.Error
}

// steps are the lines of a rehearsal's answer.
func (s *stand) steps(who client.HTTP, in any) []step {
	s.t.Helper()
	var raw []byte
	s.must(who.Do(s.ctx, http.MethodPost, "/api/v1/rehearsals", in, &raw))
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, len(raw)+1)
	var all []step
	for lines.Scan() {
		var one step
		s.must(json.Unmarshal(lines.Bytes(), &one))
		all = append(all, one)
	}
	return all
}

// presets are those of the running program.
func (s *stand) presets() []session.Preset {
	s.t.Helper()
	var all []session.Preset
	s.must(s.organiser.Do(s.ctx, http.MethodGet, "/api/v1/presets", nil, &all))
	return all
}

// partsOf gives a preset's agenda titles, as an organiser would.
func partsOf(p session.Preset) []command.PartArgs {
	var parts []command.PartArgs
	for _, a := range p.Agenda {
		parts = append(parts, command.PartArgs{Kind: a.Kind, Title: "Part", Minutes: a.Minutes, LimitMS: a.LimitMS, HasList: a.HasList})
	}
	return parts
}

func TestASessionFromEachPresetHasItsModalitiesAndItsRehearsalDoesWhatThePresetSays(t *testing.T) {
	s := start(t, setup{})
	presets := s.presets()
	if len(presets) != 6 {
		t.Fatalf("%d presets", len(presets))
	}
	for _, p := range presets {
		id := ids.New[ids.Session]()
		from := clock.Of(time.Now().Add(24 * time.Hour).Truncate(time.Minute))
		var made struct{ Code string }
		s.must(s.organiser.Do(s.ctx, http.MethodPost, "/api/v1/sessions", map[string]any{
			"session": id, "title": "From " + p.ID, "planned_start": from, "hard_end": from.Add(p.Minutes * 60_000), "zone": "Europe/Zurich",
			"modalities": p.Modalities, "parts": partsOf(p),
		}, &made))
		var view api.View
		s.must(s.organiser.Do(s.ctx, http.MethodGet, "/api/v1/sessions/"+id.String(), nil, &view))
		if len(view.Agenda) != len(p.Agenda) || made.Code == "" {
			t.Errorf("%s: %d parts, code %q", p.ID, len(view.Agenda), made.Code)
		}
		if got := view.Session.Modalities; !reflect.DeepEqual(got, p.Modalities) {
			t.Errorf("%s: the session has other modalities:\n%+v\n%+v", p.ID, got, p.Modalities)
		}
	}
	for id, does := range map[string]func(*simulate.Rehearsal) bool{
		"un_consultation": func(r *simulate.Rehearsal) bool {
			return r.Heard == r.Present && r.GuaranteeMS == 60_000 && r.ShortestMS >= 60_000 && r.Many.PromisesBroken == 0
		},
		"public_forum": func(r *simulate.Rehearsal) bool {
			last := len(r.Turns) - 1
			for last > 0 && r.Turns[last].Remote == r.Turns[last-1].Remote {
				last--
			}
			for i := 1; i <= last; i++ {
				if r.Turns[i].Remote == r.Turns[i-1].Remote {
					return false // not in turn
				}
			}
			return r.LongestMS <= 120_000 && last > 2
		},
		"panel":           func(r *simulate.Rehearsal) bool { return r.Heard == r.Present && r.ShortestMS < r.LongestMS },
		"microphone_line": func(r *simulate.Rehearsal) bool { return r.Cut == 0 && r.Many.CutShare == 0 },
		"topics":          func(r *simulate.Rehearsal) bool { return r.LongestMS <= 180_000 && r.Heard > 0 },
		"council_hearing": func(r *simulate.Rehearsal) bool {
			return r.ShortestMS == 180_000 && r.LongestMS == 180_000 && r.Heard < r.Present
		},
	} {
		p := presets[slices.IndexFunc(presets, func(p session.Preset) bool { return p.ID == id })]
		speakers := map[string]int{"un_consultation": 53, "public_forum": 24, "panel": 5, "topics": 12, "microphone_line": 20, "council_hearing": 30}[id]
		steps := s.steps(s.organiser, map[string]any{
			"modalities": p.Modalities, "parts": partsOf(p), "minutes": p.Minutes, "speakers": speakers, "seed": 4,
		})
		last := steps[len(steps)-1]
		if last.Result == nil || last.Problem != nil || !does(last.Result) {
			t.Errorf("%s does not do what it says: %+v", id, last)
		}
	}
}

func TestModalitiesThatAreImportedAreCheckedByFieldWithWhatToDo(t *testing.T) {
	s := start(t, setup{})
	var clean events.Modalities
	s.must(s.organiser.Do(s.ctx, http.MethodPost, "/api/v1/modalities", map[string]any{"limit": "hard", "maximum_ms": 120_000}, &clean))
	if clean.Limit != events.Hard || clean.MaximumMS != 120_000 || clean.MinimumMS != 60_000 || len(clean.Rights) == 0 {
		t.Errorf("what is left out is not as usual: %+v", clean)
	}
	for name, c := range map[string]struct {
		in    any
		field string
	}{
		"a slip in a name":        {map[string]any{"minimum": 60_000}, "minimum"},
		"a text for a number":     {map[string]any{"grace_ms": "5 s"}, "grace_ms"},
		"seconds for ms":          {map[string]any{"maximum_ms": 300}, "args.modalities.maximum_ms"},
		"an unknown rule":         {map[string]any{"order": "by_height"}, "args.modalities.order"},
		"a minimum over the most": {map[string]any{"minimum_ms": 200_000, "maximum_ms": 100_000}, "args.modalities.minimum_ms"},
	} {
		if p := s.refusal(s.organiser, http.MethodPost, "/modalities", c.in); p.Field != c.field || p.Do == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestTheMeterIsThePlanThatTheSessionItselfShows(t *testing.T) {
	s := start(t, setup{listOpen: true})
	rows := sample.Applicants(53)
	for i := range rows {
		// The meter reckons with people who ask for no length of their own.
		rows[i].Accept, rows[i].RequestedMS = true, 0
	}
	s.ask("import", nil, command.Import{Rows: rows})
	for id := range s.view().Applicants {
		s.ask("join", nil, command.Join{Part: s.part, Applicant: id})
	}
	for _, entry := range s.view().Lists[s.part] {
		s.ask("note_presence", nil, map[string]any{"entry": entry, "basis": "room"})
	}
	var foreseen []session.Foresight
	s.must(s.organiser.Do(s.ctx, http.MethodPost, "/api/v1/foresight", map[string]any{"minutes": 90, "speakers": 53}, &foreseen))
	plan, f := s.view().Plan, foreseen[0]
	if f.GuaranteeMS != plan.GuaranteeMS || f.GuaranteeMS != 60_000 || f.Fits != plan.Fits || f.NotReached != plan.NotReached {
		t.Errorf("the meter says %+v, the session %+v", f, plan)
	}
	if offered := s.view().Entries[s.view().Lists[s.part][0]].AllotmentMS; offered != f.LevelMS {
		t.Errorf("the meter says %d ms, the session offers %d ms", f.LevelMS, offered)
	}
}

func TestPlanningIsForOrganisersAndRehearsalsAreLimited(t *testing.T) {
	s := start(t, setup{})
	observer := s.as(events.Observer, 0)
	question := map[string]any{"minutes": 90, "speakers": 10}
	for _, path := range []string{"/foresight", "/rehearsals", "/modalities"} {
		if p := s.refusal(observer, http.MethodPost, path, question); p.Code != problem.Forbidden {
			t.Errorf("an observer at %s: %v", path, p)
		}
		if p := s.refusal(client.HTTP{Base: s.app.URL()}, http.MethodPost, path, question); p.Code != problem.Unauthorised {
			t.Errorf("nobody at %s: %v", path, p)
		}
	}
	if p := s.refusal(s.organiser, http.MethodPost, "/rehearsals", map[string]any{"minutes": 90, "speakers": 501}); p.Field == "" {
		t.Errorf("too many speakers: %v", p)
	}
	secretariat := s.as(events.Secretariat, 0)
	if steps := s.steps(secretariat, question); steps[len(steps)-1].Result == nil {
		t.Errorf("the secretariat's rehearsal: %+v", steps)
	}
	// More than any minute allows: the last ones are told when to come again.
	for range 40 {
		var raw []byte
		err := s.organiser.Do(s.ctx, http.MethodPost, "/api/v1/rehearsals", question, &raw)
		var p *problem.Error
		if errors.As(err, &p) {
			if p.Code != problem.TooMany || p.RetryAfterMS <= 0 {
				t.Errorf("refused otherwise: %+v", p)
			}
			return
		}
		s.must(err)
	}
	t.Error("40 rehearsals without a pause")
}

func TestTheCalendarFeedFollowsTheSessionsAndShowsVisitorsWhatVisitorsMaySee(t *testing.T) {
	s := start(t, setup{modalities: func(m *events.Modalities) { m.PublicLive = true }})
	var consultations []struct {
		Consultation ids.Consultation
		Title        string
		Sessions     []ids.Session
	}
	// A session is linked to its consultation right after it was made.
	s.until("the consultation", func() bool {
		s.must(s.organiser.Do(s.ctx, http.MethodGet, "/api/v1/consultations", nil, &consultations))
		return len(consultations) > 0 && len(consultations[0].Sessions) > 0
	})
	if len(consultations) != 1 || consultations[0].Title != "Acceptance" || !slices.Equal(consultations[0].Sessions, []ids.Session{s.session}) {
		t.Fatalf("consultations: %+v", consultations)
	}
	path := "/api/v1/consultations/" + consultations[0].Consultation.String() + "/calendar.ics"
	// A second session, which is not open to visitors.
	closed := ids.New[ids.Session]()
	from := s.now().Add(86_400_000)
	rules := session.DefaultModalities()
	rules.PublicLive = false
	s.must(s.organiser.Do(s.ctx, http.MethodPost, "/api/v1/sessions", map[string]any{
		"session": closed, "consultation": consultations[0].Consultation, "title": "Behind closed doors", "planned_start": from,
		"hard_end": from.Add(3_600_000), "zone": "UTC", "modalities": rules,
	}, nil))
	feed := func(who client.HTTP) []*ics.VEvent {
		t.Helper()
		var raw []byte
		s.must(who.Do(s.ctx, http.MethodGet, path, nil, &raw))
		parsed, err := ics.ParseCalendar(bytes.NewReader(raw))
		s.must(err)
		return parsed.Events()
	}
	visitor := client.HTTP{Base: s.app.URL()}
	value := func(e *ics.VEvent, p ics.ComponentProperty) string { return e.GetProperty(p).Value }
	s.until("the second session in the feed", func() bool { return len(feed(s.organiser)) == 2 })
	seen := feed(visitor)
	if len(seen) != 1 || value(seen[0], ics.ComponentPropertySummary) != "Acceptance" {
		t.Fatalf("a visitor sees %d events", len(seen))
	}
	uid, sequence := seen[0].Id(), value(seen[0], ics.ComponentPropertySequence)
	start, err := seen[0].GetStartAt()
	s.must(err)
	later := clock.Of(start).Add(3_600_000)
	end := later.Add(90 * 60_000)
	title := "Moved; by an hour, at least"
	s.ask("change_session", nil, command.ChangeSession{Title: &title, PlannedStart: &later, HardEnd: &end})
	moved := feed(visitor)[0]
	at, err := moved.GetStartAt()
	s.must(err)
	if moved.Id() != uid || value(moved, ics.ComponentPropertySequence) <= sequence || !at.Equal(start.Add(time.Hour)) || value(moved, ics.ComponentPropertySummary) != title {
		t.Errorf("after the change: %s, sequence %s, %s, %q", moved.Id(), value(moved, ics.ComponentPropertySequence), at, value(moved, ics.ComponentPropertySummary))
	}
	if !strings.HasPrefix(value(moved, ics.ComponentPropertyUrl), s.app.URL()+"/s/") {
		t.Errorf("leads to %s", value(moved, ics.ComponentPropertyUrl))
	}
	// With the last public session its feed is closed to visitors, and nothing says that there is one.
	s.ask("change_session", nil, map[string]any{"modalities": map[string]any{"public_live": false}})
	if p := s.refusal(visitor, http.MethodGet, strings.TrimPrefix(path, "/api/v1"), nil); p.Code != problem.NotFound {
		t.Errorf("a feed of closed sessions: %v", p)
	}
	if n := len(feed(s.organiser)); n != 2 {
		t.Errorf("the organiser sees %d", n)
	}
	other := "/consultations/" + ids.New[ids.Consultation]().String() + "/calendar.ics"
	if p := s.refusal(visitor, http.MethodGet, other, nil); p.Code != problem.NotFound {
		t.Errorf("no such consultation: %v", p)
	}
}

func TestTheRecordOfThePageIsTheOneThatVerifyAccepts(t *testing.T) {
	s := start(t, setup{applicants: 2, listOpen: true})
	s.join(0)
	s.join(1)
	chair := s.as(events.Chair, 0)
	s.askAs(chair, "close_list", nil, command.CloseList{Part: s.part}, "")
	s.askAs(chair, "start_session", nil, command.None{}, "")
	for range 2 {
		view := s.view()
		s.askAs(chair, "next", &command.Expect{Turn: ptrTo(view.Floor.Turn), Entry: ptrTo(view.Floor.Next)}, command.None{}, "")
		held := s.view().Floor.Turn
		s.askAs(chair, "begin", turn(held), command.Begin{Turn: held}, "")
		s.askAs(chair, "end", turn(held), command.TurnRef{Turn: held}, "")
	}
	var raw []byte
	s.must(s.organiser.Do(s.ctx, http.MethodGet, s.path("/record"), nil, &raw))
	var made published.Record
	s.must(json.Unmarshal(raw, &made))
	if len(made.Turns) != 2 || made.Figures.Heard != 2 {
		t.Errorf("%d turns, %d heard", len(made.Turns), made.Figures.Heard)
	}
	if differences := published.Verify(&made); len(differences) != 0 {
		t.Errorf("the record does not verify: %v", differences)
	}
	var errors []struct{ Number, MS int64 }
	s.must(s.organiser.Do(s.ctx, http.MethodGet, s.path("/record/eta"), nil, &errors))
	if len(errors) != 2 || errors[0].Number != 1 || errors[1].Number != 2 {
		t.Errorf("announced times were off by %v", errors)
	}
	for _, path := range []string{"/record", "/record/eta"} {
		if p := s.refusal(s.as(events.Observer, 0), http.MethodGet, strings.TrimPrefix(s.path(path), "/api/v1"), nil); p.Code != problem.Forbidden {
			t.Errorf("an observer at %s: %v", path, p)
		}
	}
}

func ptrTo[T any](value T) *T { return &value }
