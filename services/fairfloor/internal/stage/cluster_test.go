package stage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// until asks again and again until an answer is true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.Now().Add(patience(t, time.Minute))
	for !is() {
		if time.Now().After(limit) {
			t.Fatalf("it never came true that %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestTheClusterIsHarmedOneByOne on one cluster, for it takes some seconds to
// open: each harm does what its method says, and nothing acknowledged is lost.
func TestTheClusterIsHarmedOneByOne(t *testing.T) {
	s := open(t, stage.Options{Kind: stage.Cluster, Loop: true, Namespaces: true})
	var made []ids.Session
	session := func(i int) ids.Session {
		t.Helper()
		var one ids.Session
		until(t, "a session is made", func() bool {
			var err error
			one, err = create(t, door(s, i))
			return err == nil
		})
		made = append(made, one)
		return one
	}
	first := session(0)
	steps := []struct {
		name string
		do   func(*testing.T)
	}{
		{"it is what a deployment is", func(t *testing.T) {
			roles := map[string]int{}
			for _, m := range s.Members() {
				roles[m.Role]++
			}
			want := map[string]int{stage.NATS: 3, stage.Redis: 1, stage.Registry: 2, stage.Queue: 2, stage.Timing: 2, stage.Transcript: 2, stage.Gateway: 2}
			for role, n := range want {
				if roles[role] != n {
					t.Errorf("%d of %s", roles[role], role)
				}
			}
			if len(s.Gateways()) != 2 || !strings.Contains(s.Logs("nats-1"), "TLS required for client connections") {
				t.Error("there are not two gateways, or NATS is without TLS")
			}
			until(t, "the other gateway knows the session", func() bool { return known(t, door(s, 1))[first] })
		}},
		{"the leader is who leads", func(t *testing.T) {
			leader, err := s.LeaderOf(inTime(t), first)
			must(t, err)
			must(t, s.Stop(inTime(t), leader))
			until(t, "another leads", func() bool {
				now, err := s.LeaderOf(inTime(t), first)
				return err == nil && now != leader
			})
			session(1)
			must(t, s.Start(inTime(t), leader))
			most, err := s.Leader(inTime(t))
			must(t, err)
			if !slices.Contains(s.Members(), stage.Member{Name: most, Role: stage.NATS}) {
				t.Errorf("%q leads", most)
			}
		}},
		{"a partitioned gateway is away from the others until it rejoins", func(t *testing.T) {
			must(t, s.Isolate("gateway-1"))
			if _, err := createWithin(t, door(s, 0), time.Second); err == nil {
				t.Error("a gateway without a cable has a command acknowledged")
			}
			session(1)
			must(t, s.Rejoin("gateway-1"))
			session(0)
		}},
		{"a partitioned leader leads no more", func(t *testing.T) {
			if !long() {
				// An election takes some seconds. That a node is cut off is seen sooner.
				must(t, s.Isolate("nats-2"))
				until(t, "nats-2 notices that it is alone", func() bool { return s.Ready(inTime(t), "nats-2") != nil })
				must(t, s.Rejoin("nats-2"))
				must(t, s.Start(inTime(t), "nats-2"))
				return
			}
			leader, err := s.LeaderOf(inTime(t), first)
			must(t, err)
			must(t, s.Isolate(leader))
			until(t, "another leads", func() bool {
				now, err := s.LeaderOf(inTime(t), first)
				return err == nil && now != leader
			})
			must(t, s.Rejoin(leader))
			must(t, s.Start(inTime(t), leader))
		}},
		{"the power of nodes is cut at once", func(t *testing.T) {
			nodes := []string{"nats-1", "nats-2", "nats-3"}
			if !long() {
				nodes = nodes[:1]
			}
			must(t, s.PowerCut(inTime(t), nodes...))
			session(0)
		}},
		{"a wrong clock is noticed, and set right", func(t *testing.T) {
			must(t, s.Skew(inTime(t), "timing-1", 90*time.Second))
			if !strings.Contains(s.Logs("timing-1"), "the clock is wrong on purpose") {
				t.Error("the process does not say that its clock is wrong on purpose")
			}
			until(t, "timing-1 notices its clock", func() bool {
				err := s.Ready(inTime(t), "timing-1")
				return err != nil && strings.Contains(err.Error(), "the clock is 1m30")
			})
			must(t, s.Skew(inTime(t), "timing-1", 0))
			until(t, "timing-1 is ready with its clock right", func() bool { return s.Ready(inTime(t), "timing-1") == nil })
			if err := s.Skew(inTime(t), "nats-1", time.Second); !errors.Is(err, stage.ErrClock) {
				t.Errorf("a NATS node's clock: %v", err)
			}
		}},
	}
	for _, step := range steps {
		begin := time.Now()
		if !t.Run(step.name, step.do) {
			t.Fatalf("%s failed", step.name)
		}
		t.Logf("%s: %s", step.name, time.Since(begin).Round(time.Millisecond))
	}
	for i := range s.Gateways() {
		until(t, "every acknowledged session is known", func() bool {
			there := known(t, door(s, i))
			return !slices.ContainsFunc(made, func(one ids.Session) bool { return !there[one] })
		})
	}
	t.Logf("ended unasked: %v", s.Unasked())
}
