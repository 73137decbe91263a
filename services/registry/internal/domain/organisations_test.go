package domain_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// of is an organiser of one of several organisations.
func of(t *testing.T, name string) events.Actor {
	t.Helper()
	by := organiser
	var err error
	if by.Organisation, err = ids.ParseOrganisation(name); err != nil {
		t.Fatal(err)
	}
	return by
}

// TestASessionIsItsMakersOrganisations for ever, with the consultation that is
// made for it; what the arguments say of it counts for nothing.
func TestASessionIsItsMakersOrganisations(t *testing.T) {
	another := "Another"
	for _, name := range []string{"", "alpha"} {
		by := of(t, name)
		l := empty(t)
		do(t, l, by, "create_session", with(nil))
		if got := l.State.Registry.Organisation; got != by.Organisation {
			t.Errorf("the session that %q made is %q's", name, got)
		}
		do(t, l, of(t, "beta"), "change_session", command.ChangeSession{Title: &another})
		if got := l.State.Registry.Organisation; got != by.Organisation {
			t.Errorf("a change made it %q's", got)
		}
		link, err := domain.Link(l.State)
		if err != nil {
			t.Fatal(err)
		}
		series := empty(t)
		if _, err := series.Do(events.Registry, domain.Decide, link); err != nil {
			t.Fatal(err)
		}
		if got := series.State.Registry.Organisation; got != by.Organisation {
			t.Errorf("the consultation of %q's session is %q's", name, got)
		}
		series.SameAgain()
		l.SameAgain()
	}
}

// TestAConsultationTakesSessionsOfItsOrganisationAlone: their credit would be
// carried from one organisation to the other.
func TestAConsultationTakesSessionsOfItsOrganisationAlone(t *testing.T) {
	alpha, beta := of(t, "alpha"), of(t, "beta")
	l := empty(t)
	do(t, l, alpha, "create_consultation", command.CreateConsultation{Title: "Cyber"})
	for name, c := range map[string]struct {
		of  ids.Organisation
		bad bool
	}{"its own": {alpha.Organisation, false}, "another's": {beta.Organisation, true}, "the deployment's": {ids.Organisation{}, true}} {
		_, err := l.Do(events.Registry, domain.Decide, sessiontest.Request(events.ByService(events.Registry), "link_session", command.LinkSession{Linked: ids.New[ids.Session](), Organisation: c.of}))
		if c.bad != problem.Is(err, problem.NotFound) || !c.bad && err != nil {
			t.Errorf("%s session: %v", name, err)
		}
	}
	if n := len(l.State.Registry.Series.Sessions); n != 1 {
		t.Errorf("%d sessions are linked", n)
	}
}

// TestTheSameCommandOfTwoOrganisationsMakesTwoConsultations: a command's id is
// its sender's to choose.
func TestTheSameCommandOfTwoOrganisationsMakesTwoConsultations(t *testing.T) {
	id := ids.New[ids.Command]()
	seen := map[ids.Consultation]string{}
	for _, name := range []string{"", "alpha", "beta"} {
		made := domain.OwnConsultation(id, of(t, name).Organisation)
		if other, twice := seen[made]; twice {
			t.Errorf("%q and %q share a consultation", name, other)
		}
		seen[made] = name
	}
}
