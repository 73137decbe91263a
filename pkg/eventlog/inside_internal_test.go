package eventlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// TestClassify: the closed set, from the server's own codes. What is not known is
// never taken for "not stored".
func TestClassify(t *testing.T) {
	api := func(code, api int) error {
		return fmt.Errorf("nats: %w", &jetstream.APIError{Code: code, ErrorCode: jetstream.ErrorCode(api)})
	}
	for _, tc := range []struct {
		name string
		err  error
		want Kind
	}{
		{"wrong last sequence", api(400, 10071), Conflict},
		{"wrong last sequence in flight", api(400, 10164), Busy},
		{"same id in flight", api(409, 10158), Busy},
		{"no leader", api(503, 10008), NotSent},
		{"no responder", nats.ErrNoResponders, NotSent},
		{"no stream", jetstream.ErrNoStreamResponse, NotSent},
		{"disk full", api(503, 10077), Failed},
		{"no resources", api(503, 10023), Failed},
		{"another stream", api(400, 10060), Failed},
		{"a code of tomorrow", api(500, 19999), Unknown},
		{"time-out", context.DeadlineExceeded, Unknown},
		{"connection lost", nats.ErrConnectionClosed, Unknown},
		{"an answer that is none", jetstream.ErrInvalidJSAck, Unknown},
	} {
		if got := classify(tc.err); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// step is one message as the chain sees it; version 0 is one that cannot be read,
// and hole leaves out sequences before it.
type step struct {
	subject string
	version uint64
	prev    string // the body that it names as the one before; "" is the right one
	hole    uint64
}

// TestChain: what each fault refuses, and that it refuses nobody else.
func TestChain(t *testing.T) {
	a, b := ids.New[ids.Session](), ids.New[ids.Session]()
	qa, qb := events.Subject(events.Queue, a), events.Subject(events.Queue, b)
	seen := func(subject string, version, sequence uint64) Head {
		return Head{Subject: subject, Sequence: sequence, Version: version, Hash: events.HashBody([]byte(fmt.Sprint(subject, version)))}
	}
	sound := []step{{subject: qa, version: 1}, {subject: qb, version: 1}, {subject: qa, version: 2}}
	for _, tc := range []struct {
		name    string
		steps   []step
		witness []Head
		last    uint64
		refused []ids.Session
		says    string
	}{
		{"sound", sound, nil, 3, nil, ""},
		{"sound, with its witness", sound, []Head{seen(qa, 2, 3), seen(qb, 1, 2)}, 3, nil, ""},
		{"the witness is behind", sound, []Head{seen(qa, 1, 1)}, 3, nil, ""},
		{
			"a version is missing",
			[]step{{subject: qa, version: 1}, {subject: qb, version: 1}, {subject: qa, version: 3, hole: 1}},
			nil, 4,
			[]ids.Session{a},
			"versions 2 to 2 before sequence 4 are missing",
		},
		{
			"a version twice",
			[]step{{subject: qa, version: 1}, {subject: qb, version: 1}, {subject: qa, version: 1}},
			nil, 3,
			[]ids.Session{a},
			"where version 2 should follow",
		},
		{"the first is not the first", []step{{subject: qa, version: 2}, {subject: qb, version: 1}}, nil, 2, []ids.Session{a}, "no version of it checks"},
		{
			"another predecessor",
			[]step{{subject: qa, version: 1}, {subject: qb, version: 1}, {subject: qa, version: 2, prev: "x"}},
			nil, 3,
			[]ids.Session{a},
			"names another commit before it",
		},
		{"another stream's begin", []step{{subject: qa, version: 1, prev: "x"}, {subject: qb, version: 1}}, nil, 2, []ids.Session{a}, "names another commit"},
		{"unreadable", []step{{subject: qa, version: 1}, {subject: qb, version: 1}, {subject: qa}}, nil, 3, []ids.Session{a}, "sequence 3 cannot be read"},
		{"the end is missing", sound, []Head{seen(qa, 4, 7)}, 3, []ids.Session{a}, "versions 3 to 4, up to sequence 7, are missing"},
		{"all of it is missing", []step{{subject: qb, version: 1}}, []Head{seen(qa, 1, 2)}, 1, []ids.Session{a}, "no version of it checks"},
		{"another commit than the witness saw", sound, []Head{{Subject: qa, Sequence: 3, Version: 2}}, 3, []ids.Session{a}, "another commit"},
		{"the same at another place", sound, []Head{seen(qa, 2, 4)}, 3, []ids.Session{a}, "another commit"},
		{"a hole of nobody's", []step{{subject: qa, version: 1}, {subject: qb, version: 1, hole: 1}}, nil, 3, []ids.Session{a, b}, "sequences [2] cannot be read"},
		{
			"a hole that is proven not to be one's own",
			[]step{{subject: qa, version: 1}, {subject: qb, version: 1, hole: 1}},
			[]Head{seen(qb, 1, 3)},
			3,
			[]ids.Session{a},
			"sequences [2] cannot be read",
		},
		{
			"a hole that a witness explains",
			[]step{{subject: qa, version: 1}, {subject: qb, version: 1, hole: 1}},
			[]Head{seen(qa, 2, 2)},
			3,
			[]ids.Session{a},
			"versions 2 to 2, up to sequence 2, are missing",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refused := map[ids.Session]string{}
			c := newChain("S", "life", tc.witness, func(r Refusal) {
				if refused[r.Session] == "" {
					refused[r.Session] = r.Error()
				}
			})
			sequence, bodies := uint64(0), map[string]string{}
			for _, s := range tc.steps {
				if s.hole > 0 {
					c.gap(sequence+1, sequence+s.hole)
				}
				sequence += s.hole + 1
				_, owner, err := events.ParseSubject(s.subject)
				if err != nil {
					t.Fatal(err)
				}
				body := fmt.Sprint(s.subject, s.version)
				m := &Message{Subject: s.subject, Session: owner, Sequence: sequence, Hash: events.HashBody([]byte(body)), Commit: &events.Commit{Version: s.version}}
				m.Commit.PrevHash = events.FirstHash(s.subject, "life")
				if before := bodies[s.subject]; before != "" {
					m.Commit.PrevHash = events.HashBody([]byte(before))
				}
				if s.prev != "" {
					m.Commit.PrevHash = events.HashBody([]byte(s.prev))
				}
				bodies[s.subject] = body
				if s.version == 0 {
					c.unreadable(m, errors.New("no JSON"))
				} else {
					c.check(m)
				}
			}
			c.settle(tc.last)
			for _, s := range []ids.Session{a, b} {
				if _, is := refused[s]; is != slices.Contains(tc.refused, s) {
					t.Errorf("session %s: refused is %t: %s", s, is, refused[s])
				}
			}
			if tc.says != "" && !strings.Contains(refused[tc.refused[0]], tc.says) {
				t.Errorf("it says %q, not %q", refused[tc.refused[0]], tc.says)
			}
		})
	}
}

// TestSettled: quiet is no work and no follower behind, at one moment.
func TestSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, f := NewActivity(), &Follower{}
		quiet := func() bool {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return a.Settled(ctx) == nil
		}
		if !quiet() {
			t.Error("not quiet at first")
		}
		end := a.Begin()
		if quiet() {
			t.Error("quiet during work")
		}
		end()
		end()
		if !quiet() {
			t.Error("not quiet after the work")
		}
		a.stored("S", 3)
		a.passed(f, "S", 2)
		if quiet() {
			t.Error("quiet although a follower is behind")
		}
		done := make(chan error, 1)
		go func() { done <- a.Settled(context.Background()) }()
		synctest.Wait()
		a.passed(f, "S", 3)
		if err := <-done; err != nil {
			t.Error(err)
		}
		a.stored("S", 4)
		a.leave(f)
		if !quiet() {
			t.Error("a follower that has left is waited for")
		}
	})
}
