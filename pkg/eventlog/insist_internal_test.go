package eventlog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestAnAttemptThatNobodyAnswersIsRepeated, in virtual time: what each attempt
// meets, and what comes of all of them.
func TestAnAttemptThatNobodyAnswersIsRepeated(t *testing.T) {
	busy := &jetstream.APIError{Code: 409, ErrorCode: codeInProcess}
	full := &jetstream.APIError{Code: 503, ErrorCode: codeStoreFailed}
	conflict := &jetstream.APIError{Code: 400, ErrorCode: codeWrongLastSequence}
	const never = time.Hour
	type end struct {
		after time.Duration
		err   error
	}
	const ms = time.Millisecond
	for _, tc := range []struct {
		name     string
		ends     []end // of each attempt; those behind are never answered
		kind     Kind
		attempts int
		took     time.Duration
	}{
		{"answered soon: one attempt", []end{{20 * ms, nil}}, Stored, 1, 20 * ms},
		{"the first is lost with its server", []end{{never, nil}, {10 * ms, nil}}, Stored, 2, 110 * ms},
		{"the first is slow and answered after all", []end{{150 * ms, nil}}, Stored, 2, 150 * ms},
		{"two are lost", []end{{never, nil}, {never, nil}, {0, nil}}, Stored, 3, 300 * ms},
		{"a refusal is told at once when nothing else is under way", []end{{5 * ms, nats.ErrNoResponders}}, NotSent, 1, 5 * ms},
		{"nobody there for the second says nothing of the first", []end{{450 * ms, nil}, {0, nats.ErrNoResponders}}, Stored, 3, 450 * ms},
		{"the second is told that the first is in work", []end{{200 * ms, nil}, {5 * ms, busy}}, Stored, 2, 200 * ms},
		{"a conflict is certain", []end{{never, nil}, {5 * ms, conflict}}, Conflict, 2, 105 * ms},
		{"a full disk does not speak for the first", []end{{never, nil}, {0, full}}, Unknown, 12, 5 * time.Second},
		{"of two ends the one that leaves more open", []end{{150 * ms, nats.ErrConnectionClosed}, {80 * ms, nats.ErrNoResponders}}, Unknown, 2, 180 * ms},
		{"nobody ever answers", nil, Unknown, 12, 5 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				begun := time.Now()
				var mu sync.Mutex
				made := 0
				_, attempts, err := insist(ctx, weighAppend, func(ctx context.Context) (struct{}, error) {
					mu.Lock()
					one := end{after: never}
					if made < len(tc.ends) {
						one = tc.ends[made]
					}
					made++
					mu.Unlock()
					select {
					case <-time.After(one.after):
						return struct{}{}, one.err
					case <-ctx.Done():
						return struct{}{}, ctx.Err()
					}
				})
				kind := Stored
				if err != nil {
					kind = classify(err)
				}
				if took := time.Since(begun); kind != tc.kind || attempts != tc.attempts || took != tc.took {
					t.Errorf("%s (%v) after %d attempts and %s, want %s after %d and %s", kind, err, attempts, took, tc.kind, tc.attempts, tc.took)
				}
			})
		})
	}
}

// TestWhatPassesIsWaitedFor: a start goes on over what is over in a moment, and
// ends at once with anything else, and with what the server denies.
func TestWhatPassesIsWaitedFor(t *testing.T) {
	api := func(code jetstream.ErrorCode) error { return &jetstream.APIError{Code: 503, ErrorCode: code} }
	denied := &Denials{}
	denied.note(errors.Join(nats.ErrPermissionViolation, errors.New("publish to x")), false)
	settings := errors.New("other settings")
	for _, tc := range []struct {
		name    string
		meets   []error // one after the other; then all is well
		denials *Denials
		tries   int
		want    error
	}{
		{"at once", nil, nil, 1, nil},
		{"no server, no leader, too few nodes", []error{nats.ErrNoResponders, api(codeNotLeader), api(codeNoPeers), api(codeNotAvailable)}, nil, 5, nil},
		{"no answer", []error{nats.ErrTimeout, context.DeadlineExceeded}, nil, 3, nil},
		{"another process makes the stream at the same moment", []error{jetstream.ErrStreamNotFound, jetstream.ErrStreamNameAlreadyInUse, api(codeInsufficientResources)}, nil, 4, nil},
		{"what does not pass", []error{nats.ErrNoResponders, settings}, nil, 2, settings},
		{"another refusal of the server's", []error{jetstream.ErrConsumerNotFound}, nil, 1, jetstream.ErrConsumerNotFound},
		{"denied, which looks like no answer", []error{nats.ErrTimeout, nats.ErrTimeout}, denied, 1, nats.ErrTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries, meets := 0, slices.Clone(tc.meets)
				err := Patiently(t.Context(), tc.denials, func(context.Context) error {
					tries++
					if len(meets) == 0 {
						return nil
					}
					first := meets[0]
					meets = meets[1:]
					return first
				})
				if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) || tries != tc.tries {
					t.Errorf("%v after %d tries, want %v after %d", err, tries, tc.want, tc.tries)
				}
			})
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Patiently(ended, nil, func(context.Context) error { return nats.ErrNoResponders }); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("nobody wants it any more: %v", err)
	}
}
