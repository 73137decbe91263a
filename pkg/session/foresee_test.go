package session_test

import (
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	planning "github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// agendaOf is a preset's agenda as a session has it.
func agendaOf(p session.Preset) []events.Part {
	var all []events.Part
	for _, a := range p.Agenda {
		all = append(all, events.Part{Kind: a.Kind, Minutes: a.Minutes, LimitMS: a.LimitMS, HasList: a.HasList})
	}
	return all
}

func TestEachPresetIsAcceptedAsItStandsAndItsAgendaFillsItsMinutes(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range session.Presets() {
		clean, err := session.CheckModalities(p.Modalities)
		if err != nil || !reflect.DeepEqual(clean, p.Modalities) {
			t.Errorf("%s: %v, or its modalities are not in their written form:\n%+v\n%+v", p.ID, err, clean, p.Modalities)
		}
		if err := session.CheckRoom(p.Modalities, 0, clock.Instant(p.Minutes*60_000)); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		var minutes int64
		for _, part := range p.Agenda {
			minutes += part.Minutes
		}
		if minutes != p.Minutes || seen[p.ID] {
			t.Errorf("%s: an agenda of %d minutes in %d, or the name stands there twice", p.ID, minutes, p.Minutes)
		}
		seen[p.ID] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d presets", len(seen))
	}
}

func TestWhatEachPresetSaysIsWhatItsRulesGive(t *testing.T) {
	find := func(id string) session.Preset {
		for _, p := range session.Presets() {
			if p.ID == id {
				return p
			}
		}
		t.Fatalf("there is no preset %s", id)
		return session.Preset{}
	}
	for _, c := range []struct {
		preset         string
		speakers, list int
		level          int64
		notReached     int
		fits           bool
	}{
		// 53 in 90 minutes: 60 s guaranteed (decisions.md 19), 75 s likely.
		{"un_consultation", 53, 0, 75_000, 0, true},
		{"un_consultation", 100, 0, 60_000, 31, false},
		// Two minutes, and less when many come.
		{"public_forum", 10, 0, 120_000, 0, true},
		{"public_forum", 40, 0, 60_000, 0, true},
		// The questions have their own list and their own limit.
		{"panel", 5, 0, 487_000, 0, true},
		{"panel", 10, 1, 90_000, 0, true},
		// No limit: five speakers could have nearly all of the hour.
		{"microphone_line", 1, 0, 3_148_000, 0, true},
		{"topics", 10, 2, 180_000, 0, true},
		// Three minutes whoever comes: never less, never more, and some not at all.
		{"council_hearing", 3, 0, 180_000, 0, true},
		{"council_hearing", 16, 0, 180_000, 0, true},
		{"council_hearing", 30, 0, 180_000, 14, false},
	} {
		p := find(c.preset)
		all, err := session.Foresee(p.Modalities, agendaOf(p), p.Minutes, c.speakers)
		if err != nil {
			t.Fatalf("%s: %v", c.preset, err)
		}
		f := all[c.list]
		if f.LevelMS != c.level || f.NotReached != c.notReached || f.Fits != c.fits || f.Speakers != c.speakers {
			t.Errorf("%s with %d: %+v", c.preset, c.speakers, f)
		}
	}
	hundred, _ := session.Foresee(find("un_consultation").Modalities, nil, 90, 53)
	if hundred[0].GuaranteeMS != 60_000 || !hundred[0].Guaranteed {
		t.Errorf("53 in 90 minutes are promised %+v", hundred[0])
	}
}

func TestForeseeAgreesWithThePlanOfTheCommandLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, minutes := rapid.IntRange(1, 150).Draw(t, "speakers"), rapid.Int64Range(15, 300).Draw(t, "minutes")
		all, err := session.Foresee(session.DefaultModalities(), nil, minutes, n)
		if err != nil {
			t.Fatal(err)
		}
		question := planning.NewQuestion(int64(n), minutes*60_000)
		answer, err := planning.Plan(question)
		if err != nil {
			t.Fatal(err)
		}
		f := all[0]
		// The promise is the theorem's in both, up to the most that a turn may have.
		if want := min(answer.GuaranteedMS, 300_000); f.GuaranteeMS > want && f.Fits {
			t.Fatalf("%d in %d min: promised %d ms, the theorem %d ms", n, minutes, f.GuaranteeMS, want)
		}
		if answer.Fits && !f.Fits {
			t.Fatalf("%d in %d min: certain by the theorem, and not expected: %+v", n, minutes, f)
		}
	})
}

func TestForeseeSaysHowManyFitAndHowMuchTimeIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(session.Presets()).Draw(t, "preset")
		n := rapid.IntRange(0, 300).Draw(t, "speakers")
		at := func(minutes int64, agenda []events.Part, speakers int) session.Foresight {
			all, err := session.Foresee(p.Modalities, agenda, minutes, speakers)
			if err != nil {
				t.Fatal(err)
			}
			return all[len(all)-1]
		}
		f := at(p.Minutes, agendaOf(p), n)
		if f.Fits != (n <= f.Most) || f.Fits != (f.NotReached == 0) {
			t.Fatalf("%s with %d: %+v", p.ID, n, f)
		}
		if f.Fits && f.MissingMinutes != 0 {
			t.Fatalf("%s with %d: fits, and %d min are missing", p.ID, n, f.MissingMinutes)
		}
		if f.MissingMinutes > 0 {
			longer := agendaOf(p)
			longer[f.Part].Minutes += f.MissingMinutes
			if !at(p.Minutes+f.MissingMinutes, longer, n).Fits {
				t.Fatalf("%s with %d: %d min more are not enough", p.ID, n, f.MissingMinutes)
			}
			longer[f.Part].Minutes--
			if at(p.Minutes+f.MissingMinutes-1, longer, n).Fits {
				t.Fatalf("%s with %d: one minute less than %d would do", p.ID, n, f.MissingMinutes)
			}
		}
	})
}

func TestForeseeSaysWhatIsWrong(t *testing.T) {
	rules := session.DefaultModalities()
	wrong := rules
	wrong.MinimumMS = 400_000
	for _, c := range []struct {
		name     string
		m        events.Modalities
		minutes  int64
		speakers int
		field    string
	}{
		{"modalities", wrong, 90, 10, "args.modalities.minimum_ms"},
		{"no time", rules, 0, 10, "args.minutes"},
		{"more than a day", rules, 1441, 10, "args.minutes"},
		{"too many", rules, 90, session.MostForeseen + 1, "args.speakers"},
		{"fewer than none", rules, 90, -1, "args.speakers"},
		{"no room", rules, 5, 10, "args.modalities.opening_ms"},
	} {
		_, err := session.Foresee(c.m, nil, c.minutes, c.speakers)
		var p *problem.Error
		if !errors.As(err, &p) || p.Field != c.field || p.Do == "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
