// Package shelltest runs services on a real log for their tests: replicas that
// end with the test, and scribes that write what another service would.
//
// Guarantee: nothing but the decisions of a scribe's service is stood in for;
// log, guard, follower and timers are the real ones, usually in a bubble of
// virtual time.
package shelltest

import (
	"context"
	"encoding/json"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// Bubble runs a test in virtual time. The collections before it free what the
// server's finalizers of an earlier bubble would otherwise touch in this one.
// The package's TestMain must have called nats-server's ats.Register.
func Bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	runtime.GC()
	runtime.GC()
	synctest.Test(t, test)
}

// Scribe is a service that writes the events that a request brings (see
// Write): it stands for a context whose decisions are not what is tested.
func Scribe(c events.Context) shell.Service {
	return shell.Service{Context: c, Decide: func(_ *session.State, r *command.Request, _ clock.Instant) (command.Decision, error) {
		var d command.Decision
		var raw []json.RawMessage
		if err := json.Unmarshal(r.Args, &raw); err != nil {
			return d, err
		}
		for _, one := range raw {
			e, err := events.Decode(one)
			if err != nil {
				return d, err
			}
			d.Events = append(d.Events, e)
		}
		return d, nil
	}}
}

// Replica is a running shell with a log of its own.
type Replica struct {
	*shell.Shell
	Log *eventlog.Log
	// Stop drains it; the end of the test does so otherwise.
	Stop func()
}

// Start runs a service as one more replica, and waits until it is ready. change
// may alter how it is run.
func Start(t testing.TB, store *logtest.Store, name string, service shell.Service, change ...func(*shell.Config)) *Replica {
	t.Helper()
	log := store.Log(eventlog.Options{Name: name, Heartbeat: 30 * time.Second})
	config := shell.Config{
		Service: service, Log: log, Logger: logtest.Logger(t),
		Creates: func(string) bool { return service.Context == events.Registry },
	}
	for _, f := range change {
		f(&config)
	}
	sh, err := shell.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sh.Run(ctx) }()
	select {
	case <-sh.Ready():
	case err := <-done:
		cancel()
		t.Fatalf("%s ended: %v", name, err)
	}
	r := &Replica{Shell: sh, Log: log, Stop: sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
	})}
	t.Cleanup(r.Stop)
	return r
}

// Write lets a context's scribe write events to a session.
func Write(t testing.TB, conn *nats.Conn, s ids.Session, c events.Context, verb string, by events.Actor, all ...events.Event) *command.Receipt {
	t.Helper()
	raw := make([]json.RawMessage, 0, len(all))
	for _, e := range all {
		one, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, one)
	}
	args, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := shell.Ask(context.Background(), conn, c, &command.Request{
		ID: ids.New[ids.Command](), Session: s, Verb: verb, Actor: by, Args: args,
	})
	if err != nil {
		t.Fatalf("writing %s: %v", verb, err)
	}
	return receipt
}
