package eventlog_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
)

// cluster starts three nodes on ports of this machine.
func cluster(t *testing.T) []*natsembed.Server {
	t.Helper()
	var ports []int
	var routes []*url.URL
	for range 3 {
		// The port is free again when the node takes it; nobody else asks for it by number.
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	nodes := make([]*natsembed.Server, len(ports))
	var all sync.WaitGroup
	for i, port := range ports {
		all.Go(func() {
			node, err := natsembed.Start(context.Background(), natsembed.Options{
				Folder: t.TempDir(), Name: fmt.Sprintf("n%d", i), Logger: logtest.Logger(t), Listen: "127.0.0.1:0",
				Tune: func(o *server.Options) {
					o.Cluster = server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: port}
					o.Routes = routes
				},
			})
			if err != nil {
				t.Errorf("node %d: %v", i, err)
				return
			}
			nodes[i] = node
		})
	}
	all.Wait()
	for _, node := range nodes {
		if node != nil {
			t.Cleanup(node.Stop)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return nodes
}

// TestGuardOnThreeNodes: of rivals that write at the same moment on the same head,
// through three nodes of a replicated log, exactly one gets in, round after round.
// The guard is on the stored subject, which is not the one that is published to.
func TestGuardOnThreeNodes(t *testing.T) {
	nodes := cluster(t)
	var logs []*eventlog.Log
	for i, node := range nodes {
		conn, err := node.Connect()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		log, err := eventlog.Open(within(t, time.Minute), conn, eventlog.Options{Name: fmt.Sprint("n", i), Replicas: 3, AppendWithin: 2 * time.Second, Logger: logtest.Logger(t)})
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, log)
	}
	s := sessionIn(1)
	head := newWriter(logs[0], s, events.Queue)
	counted := map[eventlog.Kind]int{}
	const rounds = 100
	for round := range rounds {
		type result struct {
			out    eventlog.Outcome
			commit *events.Commit
		}
		results := make(chan result, 2*len(logs))
		for _, log := range logs {
			for range 2 {
				commit := head.commit()
				go func() {
					out := log.Append(context.Background(), s, events.Queue, commit, head.head.Sequence)
					results <- result{out, commit}
				}()
			}
		}
		var winner *result
		for range 2 * len(logs) {
			r := <-results
			counted[r.out.Kind]++
			switch r.out.Kind {
			case eventlog.Stored:
				if winner != nil {
					t.Fatalf("round %d: sequences %d and %d both follow on %d", round, winner.out.Sequence, r.out.Sequence, head.head.Sequence)
				}
				winner = &r
			case eventlog.Conflict, eventlog.Busy:
			default:
				t.Fatalf("round %d: %s: %v", round, r.out.Kind, r.out.Err)
			}
		}
		if winner == nil {
			// All were told to come again: nobody's commit may be there.
			continue
		}
		head.head = eventlog.Head{Sequence: winner.out.Sequence, Version: winner.commit.Version, Hash: winner.out.Hash}
	}
	t.Logf("outcomes: %v", counted)
	if counted[eventlog.Stored] < rounds/2 {
		t.Errorf("only %d of %d rounds had a winner", counted[eventlog.Stored], rounds)
	}
	// A reader on another node sees one sound chain of exactly these.
	got := &collector{}
	f := logs[2].NewFollower("reader", got.handle)
	follow(t, f)
	ready(t, f)
	if err := f.Await(within(t, testPatience), s, head.head.Sequence); err != nil {
		t.Fatal(err)
	}
	if n := len(got.of(s)); n != counted[eventlog.Stored] || logs[2].Refusal(s) != nil {
		t.Errorf("%d of %d commits were read; %v", n, counted[eventlog.Stored], logs[2].Refusal(s))
	}
}
