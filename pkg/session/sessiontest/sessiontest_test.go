package sessiontest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

func TestSampleIsAStartedSession(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(4, func(c *events.SessionCreated) { c.Title = "Another" })
	l.StartAt(sessiontest.Item)
	s := l.State
	if s.Registry.Title != "Another" || len(s.Registry.Applicants) != 4 || len(s.Registry.Persons) != 4 {
		t.Fatalf("the sample is %+v", s.Registry)
	}
	if s.Timing.Phase != session.Running || s.Timing.Part != sessiontest.Item {
		t.Fatalf("the session is %s in part %s", s.Timing.Phase, s.Timing.Part)
	}
	if a := s.Registry.Applicants[sessiontest.Applicant(3)]; a.State != session.AcceptedApplicant || a.Category != "state" {
		t.Fatalf("the fourth applicant is %+v", a)
	}
	l.SameAgain()
}

// recorder is a test that failed.
type recorder struct{ failed string }

func (*recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	panic(r)
}

func failing(f func(t sessiontest.TB)) (failed string) {
	r := &recorder{}
	defer func() {
		if p := recover(); p != nil {
			failed = r.failed
		}
	}()
	f(r)
	return ""
}

func TestFaultsEndTheTest(t *testing.T) {
	cases := map[string]struct {
		do   func(t sessiontest.TB)
		says string
	}{
		"an event about nothing": {func(t sessiontest.TB) {
			sessiontest.Empty(t).Append(events.Queue, sessiontest.Staff(events.Chair), "withdraw", &events.EntryWithdrawn{Entry: sessiontest.ID[ids.Entry]("x")})
		}, "is not in the log"},
		"a state that was changed by hand": {func(t sessiontest.TB) {
			l := sessiontest.Empty(t)
			l.Sample(1, nil)
			l.State.Registry.Title = "changed by hand"
			l.SameAgain()
		}, "folds to another state"},
		"a stored byte that changed": {func(t sessiontest.TB) {
			l := sessiontest.Empty(t)
			l.Sample(1, nil)
			l.Stored[1].Body = []byte("{")
			l.SameAgain()
		}, "message 2"},
		"a decision of nothing": {func(t sessiontest.TB) {
			l := sessiontest.Empty(t)
			_, _ = l.Do(events.Queue, func(*session.State, *command.Request, clock.Instant) (command.Decision, error) {
				return command.Decision{}, nil
			}, sessiontest.Request(sessiontest.Staff(events.Chair), "next", nil))
		}, "decided nothing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if said := failing(c.do); !strings.Contains(said, c.says) {
				t.Errorf("the test ended with %q, which does not say %q", said, c.says)
			}
		})
	}
}

func TestDoPassesTheRefusalOn(t *testing.T) {
	l := sessiontest.Empty(t)
	l.Sample(1, nil)
	before, no := len(l.Stored), errors.New("no")
	_, err := l.Do(events.Queue, func(*session.State, *command.Request, clock.Instant) (command.Decision, error) {
		return command.Decision{}, no
	}, sessiontest.Request(sessiontest.Staff(events.Chair), "next", nil))
	if !errors.Is(err, no) || len(l.Stored) != before {
		t.Errorf("the refusal came back as %v with %d messages stored", err, len(l.Stored)-before)
	}
}

func TestRequestCarriesWhatItIsGiven(t *testing.T) {
	entry, turn := sessiontest.ID[ids.Entry]("e"), sessiontest.ID[ids.Turn]("t")
	r := sessiontest.Request(sessiontest.Delegate(2), "give", command.EntryRef{Entry: entry})
	sessiontest.OnButton(sessiontest.OnTurn(sessiontest.Because(r, "they asked"), turn), entry)
	if *r.Expect.Turn != turn || *r.Expect.Entry != entry || r.Reason == nil || r.Actor.Applicant != sessiontest.Applicant(2) {
		t.Errorf("the request is %+v", r)
	}
	if want := `{"entry":"` + entry.String() + `"}`; string(r.Args) != want {
		t.Errorf("the arguments are %s, not %s", r.Args, want)
	}
}
