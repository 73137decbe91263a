package gateway

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
)

func TestMain(m *testing.M) { logtest.Main(m) }

// TestTheOperatorsIdentityProviderLetsNobodyIntoAnotherOrganisationsSessions:
// they are neither offered nor found by their code.
func TestTheOperatorsIdentityProviderLetsNobodyIntoAnotherOrganisationsSessions(t *testing.T) {
	log := logtest.Open(t).Log(eventlog.Options{Name: "gateway"})
	follower := follow.New(follow.Config{Log: log, Logger: logtest.Logger(t)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- follower.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	alpha, err := ids.ParseOrganisation("alpha")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]ids.Session{}
	for code, of := range map[string]ids.Organisation{"AAAAAA": {}, "BBBBBB": alpha} {
		id := ids.New[ids.Session]()
		made[code] = id
		commit := &events.Commit{
			V: events.Version, Command: ids.New[ids.Command](), Verb: "test", Actor: events.ByService(events.Registry), At: 1, Version: 1,
			PrevHash: events.FirstHash(events.Subject(events.Registry, id), log.Incarnation(id)),
			Events:   []events.Event{&events.SessionCreated{Title: "T", Code: code, Organisation: of}},
		}
		out := log.Append(ctx, id, events.Registry, commit, 0)
		if out.Kind != eventlog.Stored {
			t.Fatal(out.Err)
		}
		// Until all of it is folded, its code too.
		if err := follower.Wait(ctx, id, out.Sequence, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	sessions := own{follower}
	if got := sessions.Sessions(); !slices.Equal(got, []ids.Session{made["AAAAAA"]}) {
		t.Errorf("offered are %v of %v", got, made)
	}
	if id, ok := sessions.ByCode("aaaaaa"); !ok || id != made["AAAAAA"] {
		t.Errorf("the deployment's own is not found: %v", id)
	}
	if _, ok := sessions.ByCode("BBBBBB"); ok {
		t.Error("another organisation's is found")
	}
}
