package timing_test

import (
	"context"
	"encoding/json"
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
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/shell/shelltest"
	"github.com/fairfloor/fairfloor/services/timing"
)

// TestMain keeps nats-server's access-time goroutine out of the bubbles and ends
// with a look for goroutines that a test left behind.
func TestMain(m *testing.M) { logtest.Main(m) }

// meeting is a session on a real log.
type meeting struct {
	t    *testing.T
	conn *nats.Conn
	log  *eventlog.Log
	id   ids.Session
}

var chair = sessiontest.Staff(events.Chair)

// write lets a scribe write events: it stands for registry and queue, whose
// decisions are not what is tested here.
func (m *meeting) write(c events.Context, verb string, all ...events.Event) {
	m.t.Helper()
	shelltest.Write(m.t, m.conn, m.id, c, verb, chair, all...)
	synctest.Wait()
}

// ask sends a command and ends the test when it is refused.
func (m *meeting) ask(c events.Context, r *command.Request) *command.Receipt {
	m.t.Helper()
	r.ID, r.Session = ids.New[ids.Command](), m.id
	receipt, err := shell.Ask(context.Background(), m.conn, c, r)
	if err != nil {
		m.t.Fatalf("%s: %v", r.Verb, err)
	}
	synctest.Wait()
	return receipt
}

// state folds the stored log.
func (m *meeting) state() (*session.State, map[string]int) {
	m.t.Helper()
	raw, err := m.log.Read(context.Background(), m.id)
	if err != nil {
		m.t.Fatal(err)
	}
	s, verbs := session.New(m.id), map[string]int{}
	for _, one := range raw {
		var c events.Commit
		if err := json.Unmarshal(one.Body, &c); err != nil {
			m.t.Fatal(err)
		}
		of, _, err := events.ParseSubject(one.Subject)
		if err != nil {
			m.t.Fatal(err)
		}
		if err := s.Apply(&c, session.Meta{Context: of, Sequence: one.Sequence, Hash: events.HashBody(one.Body)}); err != nil {
			m.t.Fatal(err)
		}
		if of == events.Timing {
			verbs[c.Verb]++
			if c.Verb == "open_turn" && (c.Cause == nil || c.At != s.Queue.Turns[c.Events[0].(*events.TurnOpened).Turn].GivenAt) {
				m.t.Errorf("a turn was opened at %s with cause %+v", c.At, c.Cause)
			}
		}
	}
	return s, verbs
}

// TestThreeReplicasOnARealLog: three replicas react to what the queue wrote and
// arm the same timers; every fact is written once, at its own instant, also
// when replicas stop and start in mid-turn.
func TestThreeReplicasOnARealLog(t *testing.T) {
	shelltest.Bubble(t, func(t *testing.T) {
		store := logtest.Open(t)
		reader := shelltest.Start(t, store, "registry", shelltest.Scribe(events.Registry))
		shelltest.Start(t, store, "queue", shelltest.Scribe(events.Queue))
		one := shelltest.Start(t, store, "one", timing.Service())
		shelltest.Start(t, store, "two", timing.Service())
		shelltest.Start(t, store, "three", timing.Service())
		m := &meeting{t: t, conn: store.Connect("client"), log: reader.Log, id: ids.New[ids.Session]()}

		now := clock.Of(time.Now())
		m.write(events.Registry, "create_session", &events.SessionCreated{
			Title: "Sample", PlannedStart: now, HardEnd: now.Add(30 * 60_000), Modalities: sessiontest.Modalities(),
			Parts: []events.Part{{ID: sessiontest.Item, Kind: events.Item, Title: "Item", Minutes: 30, HasList: true}},
		})
		var entries []ids.Entry
		for i := range 4 {
			entries = append(entries, ids.New[ids.Entry]())
			m.write(events.Queue, "join", &events.EntryJoined{
				Entry: entries[i], Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
			})
		}
		m.write(events.Queue, "close_list", &events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed})
		if s, verbs := m.state(); verbs["announce"] != 1 || verbs["give_etas"] != 1 || s.Timing.Announced[sessiontest.Item] == nil || len(s.Timing.Etas) != 4 {
			t.Fatalf("after the list was closed: %v, %d were told", verbs, len(s.Timing.Etas))
		}
		m.ask(events.Timing, sessiontest.Request(chair, "start_session", nil))
		turn := ids.New[ids.Turn]()
		given := clock.Of(time.Now())
		m.write(events.Queue, "next", &events.FloorGiven{Turn: turn, Entry: entries[0], GivenAt: given, Act: ids.New[ids.Command]()})
		time.Sleep(6 * time.Second)
		begun := clock.Of(time.Now())
		m.write(events.Queue, "begin", &events.TurnBegun{Turn: turn, BegunAt: begun, Basis: events.ByChair})
		s, verbs := m.state()
		allotted, ok := s.Allotted(s.Queue.Turns[turn])
		if verbs["open_turn"] != 1 || !ok {
			t.Fatalf("the turn was opened %d times (%v)", verbs["open_turn"], ok)
		}
		// A replica goes, and another comes and arms the timers from the log.
		one.Stop()
		shelltest.Start(t, store, "four", timing.Service())
		time.Sleep(time.Duration(allotted)*time.Millisecond + 10*time.Second)
		synctest.Wait()
		s, verbs = m.state()
		tc := s.Timing.Turns[turn]
		if verbs["mark"] != 3 || !tc.Marked(events.MarkWarning) || !tc.Marked(events.MarkExpired) || !tc.Marked(events.MarkGrace) {
			t.Errorf("%d marks: %v, want warning, expired and the grace's end once", verbs["mark"], tc.Marks)
		}
		if limit, _ := s.Limit(s.Queue.Turns[turn]); limit != begun.Add(allotted) {
			t.Errorf("the limit is %s, want %s", limit, begun.Add(allotted))
		}
		if verbs["open_turn"] != 1 || verbs["announce"] != 1 {
			t.Errorf("written more than once: %v", verbs)
		}
	})
}
