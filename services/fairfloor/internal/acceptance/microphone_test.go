package acceptance

import (
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/speechtest"
)

// deaf is an engine's address at which nothing listens: the door says so, and
// everything else about it works.
func deaf(a *app.Settings) { a.Gateway.Engines = []string{"en=ws://127.0.0.1:1"} }

// told is a microphone with all that it was told.
type told struct {
	*client.Microphone
	t      *testing.T
	frames chan api.AudioFrame
}

// microphone dials the door.
func (s *stand) microphone(t *testing.T, hello api.AudioHello) *told {
	t.Helper()
	m := &told{t: t, frames: make(chan api.AudioFrame, 10_000)}
	var err error
	m.Microphone, err = client.DialMicrophone(s.ctx, s.app.URL(), s.session, hello, func(f api.AudioFrame) { m.frames <- f })
	s.must(err)
	t.Cleanup(m.Cut)
	return m
}

// until sends silence until a frame of a type comes for which is holds.
func (m *told) until(kind string, is func(api.AudioFrame) bool) api.AudioFrame {
	m.t.Helper()
	limit, tick := time.After(30*time.Second), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case f := <-m.frames:
			if f.Type == kind && (is == nil || is(f)) {
				return f
			}
		case <-tick.C:
			_ = m.Write(speechtest.Silence(50)) // a line that was closed is told so above
		case <-limit:
			m.t.Fatalf("no frame %s came", kind)
		}
	}
}

// TestWhoMaySendSound: whoever may not, and whatever hello is wrong, is told why
// and what to do; nothing of it opens a source.
func TestWhoMaySendSound(t *testing.T) {
	s := start(t, setup{applicants: 2, listOpen: true, settings: deaf})
	s.askAs(s.as(events.Chair, 0), "start_session", nil, command.None{}, "")
	operator := s.as(events.Technician, 0).Token
	for name, c := range map[string]struct {
		hello api.AudioHello
		want  problem.Code
	}{
		"no token":                    {api.AudioHello{Track: "en"}, problem.Unauthorised},
		"an observer":                 {api.AudioHello{Track: "en", Token: s.as(events.Observer, 0).Token}, problem.Forbidden},
		"a speaker without the floor": {api.AudioHello{Track: "en", Token: s.as(events.Speaker, 0).Token}, problem.Forbidden},
		"no track":                    {api.AudioHello{Token: operator}, problem.Invalid},
		"no tag":                      {api.AudioHello{Token: operator, Track: "en.>"}, problem.Invalid},
		"no engine for it":            {api.AudioHello{Token: operator, Track: "zh"}, problem.NotFound},
	} {
		m := s.microphone(t, c.hello)
		f := m.until(api.FrameProblem, nil)
		if f.Problem == nil || f.Problem.Code != c.want || f.Problem.Detail == "" {
			t.Errorf("%s: %v, not %s", name, f.Problem, c.want)
		}
		m.until(api.FrameBye, nil)
	}
	if sources := s.view().Sources; len(sources) != 0 {
		t.Errorf("%d sources were opened", len(sources))
	}
}

// TestAnEngineForEnglishIsHeldWhileTheTurnIsInFrenchAndThePageSaysWhy is the
// first half of that bullet, at the microphone and in everybody's view; with it
// that a captioner takes the track, and that a line that was cut comes back to
// its own source.
func TestAnEngineForEnglishIsHeldWhileTheTurnIsInFrenchAndThePageSaysWhy(t *testing.T) {
	s := start(t, setup{applicants: 40, listOpen: true, settings: deaf})
	chair := s.as(events.Chair, 0)
	applied := s.view().Applicants
	for _, language := range []string{"fr", "en"} {
		for i, id := range s.applicants {
			if applied[id].Language == language {
				s.join(i)
				break
			}
		}
	}
	s.askAs(chair, "start_session", nil, command.None{}, "")
	m := s.microphone(t, api.AudioHello{Token: s.as(events.Technician, 0).Token, Track: "en"})
	ready := m.until(api.AudioReady, nil)
	m.until(api.AudioState, func(f api.AudioFrame) bool { return f.State == "down" && f.Because != "" })
	french := s.next(chair)
	s.askAs(chair, "begin", turn(french), command.Begin{Turn: french}, "")
	m.until(api.AudioState, func(f api.AudioFrame) bool { return f.State == "held" && strings.HasPrefix(f.Because, "fr") })
	s.quiet()
	if track := s.view().Tracks["en"]; track.State != "held" || !strings.HasPrefix(track.HeldBecause, "fr") {
		t.Errorf("the view says of the track: %+v", track)
	}
	s.askAs(chair, "end", turn(french), command.TurnRef{Turn: french}, "")
	english := s.next(chair)
	s.askAs(chair, "begin", turn(english), command.Begin{Turn: english}, "")
	m.until(api.AudioState, func(f api.AudioFrame) bool { return f.State == "heard" })

	m.Cut()
	back := s.microphone(t, api.AudioHello{Token: s.as(events.Technician, 0).Token, Track: "en", Source: ready.Source})
	if other := back.until(api.AudioReady, nil); other.Source == ready.Source {
		t.Error("somebody else's line came back to this source")
	}
	s.must(back.End())

	desk := s.sit("en")
	if track := s.view().Tracks["en"]; track.Source == nil || track.Source.ID != desk.source {
		t.Errorf("a captioner does not take the track from a machine: %+v", track)
	}
	desk.types("A human writes.")
	if got := s.texts("en"); len(got) != 1 {
		t.Errorf("the track reads %q", got)
	}
}
