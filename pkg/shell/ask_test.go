package shell_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// TestTheFirstAcknowledgementComesWithinASecondWhenAServiceIsKilledWithTheCommandInItsHands
// is "first acknowledgement <= 1 s after any service is killed" for the command
// that the killed replica had taken and never answers: the same id is asked for
// again before the second is over. A log that is slow is not asked more and more.
func TestTheFirstAcknowledgementComesWithinASecondWhenAServiceIsKilledWithTheCommandInItsHands(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		store := logtest.Open(t)
		conn, replica := store.Connect("client"), store.Connect("replica")
		for _, k := range []struct {
			dead   int // how many attempts end in nothing
			within time.Duration
		}{{1, time.Second}, {2, 2 * time.Second}, {4, 10 * time.Second}} {
			r, got := request(ids.New[ids.Session](), delegate(), "join"), 0
			sub, err := replica.Subscribe(events.CommandSubject(events.Queue, r.Session, r.Verb), func(m *nats.Msg) {
				var asked command.Request
				if err := json.Unmarshal(m.Data, &asked); err != nil || asked.ID != r.ID {
					t.Errorf("asked for %s: %v, want %s", asked.ID, err, r.ID)
				}
				if got++; got > k.dead {
					body, err := json.Marshal(command.Receipt{CommandID: asked.ID, Outcome: command.Accepted})
					if err != nil {
						t.Error(err)
					}
					if err := m.Respond(body); err != nil {
						t.Error(err)
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := replica.Flush(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			receipt, err := shell.Ask(context.Background(), conn, events.Queue, r)
			if took := time.Since(begun); err != nil || receipt.CommandID != r.ID || took >= k.within {
				t.Errorf("%d attempts without an answer: %v after %s, want a receipt within %s", k.dead, err, took, k.within)
			}
			if err := sub.Unsubscribe(); err != nil {
				t.Fatal(err)
			}
			if got != k.dead+1 {
				t.Errorf("it was asked %d times, want %d", got, k.dead+1)
			}
		}
	})
}
