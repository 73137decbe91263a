package faults_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
)

// TestRedisMayVanishAtAnyTimeWithoutLossReorderingOrAStop is the bullet "Redis
// may vanish at any time (FLUSHALL, kill, hang) without loss, reordering or a
// stop: only a slower reconnect". A real redis-server is emptied, killed, stopped
// in its tracks and brought back under a load of commands, each of which asks it
// for its rate; somebody new joins each time, and the floor is given.
func TestRedisMayVanishAtAnyTimeWithoutLossReorderingOrAStop(t *testing.T) {
	const workers, each = 6, 60
	rounds := 1
	if long() {
		rounds = 10
	}
	redis := redistest.Start(t)
	settings := redis.Settings()
	s := serve(t, t.TempDir(), "--commands-per-second", "500", "--redis", settings.URL)
	m := meet(t, s.url(), s.organiser, workers+4*rounds)
	chair := m.chair()
	for i := range 4 * rounds {
		m.enlist(chair, workers+i)
	}
	delegates := make([]*client.Live, workers)
	for i := range delegates {
		delegates[i] = m.delegate(i)
	}
	ask(t, chair, "start_session", nil, command.None{})
	l := press(t, m, delegates, 0)
	l.on()

	// busy is how long the median of so many further commands takes.
	busy := func() time.Duration {
		l.mu.Lock()
		from := len(l.took)
		l.mu.Unlock()
		l.more(each)
		l.mu.Lock()
		defer l.mu.Unlock()
		took := slices.Clone(l.took[from:])
		slices.Sort(took)
		return took[len(took)/2]
	}
	slowest := time.Duration(0)
	during := func(fault string, usual time.Duration) {
		t.Helper()
		begin := time.Now()
		took := busy()
		turn := m.give(chair)
		observer := m.join(command.Invite{Roles: []events.Role{events.Observer}})
		if v := look(t, observer); v.Floor.Turn != turn {
			t.Errorf("%s: who joins sees the floor with turn %s, and it was given in %s", fault, v.Floor.Turn, turn)
		}
		observer.Close()
		ask(t, chair, "end", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
		slowest = max(slowest, time.Since(begin))
		// If each command waited for Redis, half of them would take half a second and
		// more; a circuit asks it once a second for 25 ms.
		t.Logf("%s: the median command took %s, and %s before", fault, took, usual)
		if took > 3*usual+250*time.Millisecond {
			t.Errorf("%s: the median command took %s, and %s before", fault, took, usual)
		}
	}
	for range rounds {
		usual := busy()
		redis.Empty()
		during("emptied", usual)
		redis.Freeze()
		during("frozen", usual)
		redis.Thaw()
		redis.Kill()
		during("killed", usual)
		redis.Restart()
		during("back", usual)
	}
	l.off()
	for _, c := range append([]*client.Live{chair}, delegates...) {
		if n := c.Stats().Reconnects; n != 0 {
			t.Errorf("a client lost its connection %d times because of Redis", n)
		}
	}
	l.end()

	log := m.export()
	for _, finding := range proof.Check(log, l.receipts, look(t, chair).Session.PublicKey) {
		t.Error(finding)
	}
	stored := occurrences(t, log)
	for _, r := range l.receipts {
		if n := stored[r.CommandID]; n != 1 {
			t.Errorf("command %s was acknowledged and is %d times in the log", r.CommandID, n)
		}
	}
	t.Logf("Redis lost %d times; %d commands acknowledged, none lost or doubled; the slowest fault with a turn, a join and %d commands took %s",
		3*rounds, len(l.receipts), each, slowest)

	// A start does not depend on Redis either: there, frozen, emptied and gone, the
	// session is what it was.
	for _, k := range []struct {
		how    string
		change func()
	}{{"there", func() {}}, {"frozen", redis.Freeze}, {"emptied", func() { redis.Thaw(); redis.Empty() }}, {"gone", redis.Kill}} {
		before := chair.Stats().Reconnects
		s.kill()
		k.change()
		s.start(t)
		connected(t, chair, before+1)
		// What timing still had to say may have come after the export.
		if after := m.export(); len(after.Lines) < len(log.Lines) || !slices.Equal(after.Lines[:len(log.Lines)], log.Lines) {
			t.Errorf("Redis %s: after a start the log is not what it was", k.how)
		}
		for _, finding := range proof.Check(m.export(), nil, look(t, chair).Session.PublicKey) {
			t.Errorf("Redis %s: %s", k.how, finding)
		}
	}
}
