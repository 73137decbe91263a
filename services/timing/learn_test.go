package timing

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/shell/shelltest"
)

var chair = sessiontest.Staff(events.Chair)

// created writes a session of one item.
func created(t *testing.T, conn *nats.Conn) ids.Session {
	t.Helper()
	id, now := ids.New[ids.Session](), clock.Of(time.Now())
	shelltest.Write(t, conn, id, events.Registry, "create_session", chair, &events.SessionCreated{
		Title: "Sample", PlannedStart: now, HardEnd: now.Add(90 * 60_000), Modalities: sessiontest.Modalities(),
		Parts: []events.Part{{ID: sessiontest.Item, Kind: events.Item, Title: "Item", Minutes: 90, HasList: true}},
	})
	return id
}

// finished writes a session in which n were told a start four places away, and
// each began half a cycle later than that (of 100 s, say).
func finished(t *testing.T, conn *nats.Conn, n int) {
	t.Helper()
	id := created(t, conn)
	base := clock.Of(time.Now()).Add(1_000)
	var joined, told, turns []events.Event
	for i := range n {
		entry, turn := ids.Named[ids.Entry](id, fmt.Sprint(i)), ids.Named[ids.Turn](id, fmt.Sprint(i))
		joined = append(joined, &events.EntryJoined{Entry: entry, Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1})
		told = append(told, &events.EtasGiven{Given: []events.EtaGiven{{
			Entry: entry, Places: 4, Base: base, Low: base.Add(400_000), Middle: base.Add(400_000), High: base.Add(400_000),
		}}})
		begun := base.Add(450_000 + int64(i)) // they need not follow one another here
		turns = append(turns, &events.FloorGiven{Turn: turn, Entry: entry, GivenAt: begun.Add(-5_000), Act: ids.Named[ids.Command](id, fmt.Sprint(i))},
			&events.TurnBegun{Turn: turn, BegunAt: begun, Basis: events.ByChair},
			&events.TurnEnded{Turn: turn, EndedAt: begun.Add(60_000), How: events.Yielded, Act: ids.Named[ids.Command](id, fmt.Sprint("end", i))})
	}
	shelltest.Write(t, conn, id, events.Queue, "join", chair, joined...)
	started := []events.Event{&events.SessionStarted{StartedAt: base}, &events.PartStarted{Part: sessiontest.Item, StartedAt: base}}
	shelltest.Write(t, conn, id, events.Timing, "start_session", chair, append(started, told...)...)
	shelltest.Write(t, conn, id, events.Queue, "next", chair, turns...)
	shelltest.Write(t, conn, id, events.Timing, "adjourn", chair, &events.SessionAdjourned{AdjournedAt: base.Add(1_000_000), NotReached: []ids.Entry{}})
}

// folded reads a session's state from the stored log.
func folded(t *testing.T, log *eventlog.Log, id ids.Session) *session.State {
	t.Helper()
	raw, err := log.Read(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(id)
	for _, one := range raw {
		var c events.Commit
		if err := json.Unmarshal(one.Body, &c); err != nil {
			t.Fatal(err)
		}
		of, _, err := events.ParseSubject(one.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(&c, session.Meta{Context: of, Sequence: one.Sequence, Hash: events.HashBody(one.Body)}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// "ETA with conformal ranges, learned from the deployment's own finished
// sessions, and shipped with the simulator's": too few cases change nothing,
// enough of them are told to the next session when its list closes, once,
// whatever the number of replicas.
func TestExpectedStartsAreLearnedFromTheDeploymentsOwnFinishedSessions(t *testing.T) {
	for _, n := range []int{40, 120} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			shelltest.Bubble(t, func(t *testing.T) {
				store := logtest.Open(t)
				reader := shelltest.Start(t, store, "registry", shelltest.Scribe(events.Registry))
				shelltest.Start(t, store, "queue", shelltest.Scribe(events.Queue))
				before := shelltest.Start(t, store, "before", shelltest.Scribe(events.Timing))
				conn := store.Connect("client")
				finished(t, conn, n)
				synctest.Wait()
				before.Stop()
				for _, name := range []string{"one", "two"} {
					l := &learner{lines: logtest.Logger(t)}
					l.shell = shelltest.Start(t, store, name, Service(), func(c *shell.Config) {
						l.log, c.Hooks = c.Log, shell.Hooks{Folded: l.folded}
					}).Shell
				}
				id := created(t, conn)
				var joined []events.Event
				for i := range 8 {
					joined = append(joined, &events.EntryJoined{
						Entry: ids.Named[ids.Entry](id, fmt.Sprint(i)), Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1,
					})
				}
				shelltest.Write(t, conn, id, events.Queue, "join", chair, joined...)
				shelltest.Write(t, conn, id, events.Queue, "close_list", chair, &events.ListStateChanged{Part: sessiontest.Item, State: events.ListClosed})
				synctest.Wait()
				s := folded(t, reader.Log, id)
				if s.Timing.Announced[sessiontest.Item] == nil {
					t.Fatal("the list was not announced")
				}
				c, shipped := s.Calibration(), eta.Shipped(false)
				if n < eta.LeastResiduals {
					if c != shipped {
						t.Errorf("%d cases made the table %s", n, c.Name)
					}
					return
				}
				if c.Name != "own-1" || c.CoveragePPM != 900_000 {
					t.Fatalf("%d cases made the table %s, for %d", n, c.Name, c.CoveragePPM)
				}
				for b := range c.Buckets {
					own := c.Buckets[b].Mid
					// Half a cycle late, against the forecast without the shipped correction.
					late := 500_000 + shipped.Buckets[b].Mid
					if learned := b == eta.Bucket(4); learned && (own < late-60_000 || own > late+60_000) || !learned && c.Buckets[b] != shipped.Buckets[b] {
						t.Errorf("bucket %d: %+v, shipped %+v", b, c.Buckets[b], shipped.Buckets[b])
					}
				}
			})
		})
	}
}
