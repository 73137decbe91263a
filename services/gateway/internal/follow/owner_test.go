package follow_test

import (
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// TestASessionThatAnotherGatewayHasJustMadeIsKnown, with whose it is, as soon as
// it was reached: a gateway that is behind lets nobody past it.
func TestASessionThatAnotherGatewayHasJustMadeIsKnown(t *testing.T) {
	store := logtest.Open(t)
	log := store.Log(eventlog.Options{Name: "gateway"})
	f := start(t, log)
	alpha, err := ids.ParseOrganisation("alpha")
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, log: log, states: map[ids.Session]*session.State{}}
	for range 20 {
		s, series := ids.New[ids.Session](), ids.New[ids.Session]()
		fact := created("ABCDEF")
		fact.Organisation = alpha
		w.append(s, events.Registry, fact)
		w.append(series, events.Registry, &events.ConsultationCreated{
			Consultation: ids.MustParse[ids.Consultation](series.String()), Title: "T", Organisation: alpha,
		})
		for _, id := range []ids.Session{s, series} {
			if err := f.Reach(id, time.Minute); err != nil {
				t.Fatal(err)
			}
			if of, known := f.Owner(id); !known || of != alpha {
				t.Fatalf("reached, and %q's, known %v", of, known)
			}
		}
	}
	nowhere := ids.New[ids.Session]()
	if err := f.Reach(nowhere, time.Minute); err != nil {
		t.Errorf("one that is nowhere: %v", err)
	}
	if of, known := f.Owner(nowhere); known || !of.IsZero() {
		t.Errorf("one that is nowhere is known as %q's", of)
	}
}
