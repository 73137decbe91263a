package shell_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
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

// TestOfTwoReplicasAnswersTheTruerOneIsTold: the first replica is slow and was asked
// past; both answer in the end. Who did the command says so, whatever the other one
// says of it, and whichever answers first.
func TestOfTwoReplicasAnswersTheTruerOneIsTold(t *testing.T) {
	type answer struct {
		after time.Duration // from when the attempt was made; 0 for none at all
		says  command.Outcome
	}
	for name, k := range map[string]struct {
		attempts []answer
		want     command.Outcome
		within   time.Duration
	}{
		"accepted after duplicate":        {[]answer{{600 * time.Millisecond, command.Accepted}, {50 * time.Millisecond, command.Duplicate}}, command.Accepted, 700 * time.Millisecond},
		"accepted before duplicate":       {[]answer{{450 * time.Millisecond, command.Accepted}, {200 * time.Millisecond, command.Duplicate}}, command.Accepted, 500 * time.Millisecond},
		"accepted after a refusal":        {[]answer{{600 * time.Millisecond, command.Accepted}, {50 * time.Millisecond, command.RefusedBy}}, command.Accepted, 700 * time.Millisecond},
		"duplicate after a refusal":       {[]answer{{600 * time.Millisecond, command.Duplicate}, {50 * time.Millisecond, command.RefusedBy}}, command.Duplicate, 700 * time.Millisecond},
		"a refusal after duplicate":       {[]answer{{600 * time.Millisecond, command.RefusedBy}, {50 * time.Millisecond, command.Duplicate}}, command.Duplicate, 700 * time.Millisecond},
		"done by who was killed after":    {[]answer{{0, ""}, {50 * time.Millisecond, command.Duplicate}}, command.Duplicate, time.Second},
		"refused past who was killed":     {[]answer{{0, ""}, {50 * time.Millisecond, command.RefusedBy}}, command.RefusedBy, time.Second},
		"refused at once by the only one": {[]answer{{50 * time.Millisecond, command.RefusedBy}}, command.RefusedBy, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			logtest.Bubble(t, func(t *testing.T) {
				store := logtest.Open(t)
				conn, replica := store.Connect("client"), store.Connect("replica")
				r, got := request(ids.New[ids.Session](), delegate(), "join"), 0
				var late sync.WaitGroup
				sub, err := replica.Subscribe(events.CommandSubject(events.Queue, r.Session, r.Verb), func(m *nats.Msg) {
					if got++; got > len(k.attempts) {
						t.Errorf("it was asked %d times", got)
						return
					}
					a := k.attempts[got-1]
					if a.after == 0 {
						return
					}
					late.Go(func() {
						time.Sleep(a.after)
						receipt := command.Receipt{CommandID: r.ID, Outcome: a.says}
						if a.says == command.RefusedBy {
							receipt.Problem, _ = json.Marshal(problem.New(problem.WrongState, "not now"))
						}
						body, err := json.Marshal(receipt)
						if err != nil {
							t.Error(err)
						}
						_ = m.Respond(body)
					})
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := replica.Flush(); err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				receipt, err := shell.Ask(context.Background(), conn, events.Queue, r)
				said := command.RefusedBy
				if err == nil {
					said = receipt.Outcome
				} else if !problem.Is(err, problem.WrongState) {
					t.Errorf("the answer is %v", err)
				}
				if took := time.Since(begun); said != k.want || took > k.within {
					t.Errorf("%s after %s, want %s within %s", said, took, k.want, k.within)
				}
				late.Wait()
				if err := sub.Unsubscribe(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
