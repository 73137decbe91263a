package faults_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// killSeed draws the moments of the kills.
const killSeed = 20211216

// load is a number of clients that send commands without a pause, and what was
// acknowledged to them.
type load struct {
	t    *testing.T
	stop context.CancelFunc
	all  sync.WaitGroup

	mu       sync.Mutex
	receipts []command.Receipt
	took     []time.Duration // of each receipt, in the same order
	signal   chan struct{}
	// open is closed while the clients may send.
	open chan struct{}
}

// press prepares the load: once it is on, each client's speaker says that they are away and then
// that they are here, over and over; the kill falls between any two steps of it.
// The entries stay the same, so that the load does not grow.
func press(t *testing.T, m *meeting, clients []*client.Live, first int) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{t: t, stop: cancel, signal: make(chan struct{}), open: make(chan struct{})}
	entries := make([]ids.Entry, len(clients))
	for i, c := range clients {
		entries[i] = m.enlist(c, first+i)
	}
	for i, c := range clients {
		l.all.Go(func() {
			for here := false; ctx.Err() == nil; here = !here {
				verb := "report_absent"
				if here {
					verb = "check_in"
				}
				l.mu.Lock()
				open := l.open
				l.mu.Unlock()
				select {
				case <-open:
				case <-ctx.Done():
					return
				}
				l.send(ctx, c, verb, command.EntryRef{Entry: entries[i]})
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

// on lets the clients send; off lets them finish what they sent and wait.
func (l *load) on() { close(l.open) }

func (l *load) off() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = make(chan struct{})
}

// send sends one command and keeps its receipt. Every command is allowed when it
// is sent, so that only the end of the test may leave one without an answer.
func (l *load) send(ctx context.Context, c *client.Live, verb string, args any) {
	begin := time.Now()
	r, err := c.Do(ctx, verb, nil, args)
	if err != nil {
		if ctx.Err() == nil {
			l.t.Errorf("%s: %v", verb, err)
			l.stop()
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receipts, l.took = append(l.receipts, r), append(l.took, time.Since(begin))
	close(l.signal)
	l.signal = make(chan struct{})
}

// more waits until so many more commands were acknowledged.
func (l *load) more(n int) {
	l.t.Helper()
	limit := time.After(patience)
	want := -1
	for {
		l.mu.Lock()
		have, signal := len(l.receipts), l.signal
		l.mu.Unlock()
		if want < 0 {
			want = have + n
		}
		if have >= want {
			return
		}
		select {
		case <-signal:
		case <-limit:
			l.t.Fatalf("of %d further commands only %d were acknowledged", n, n-(want-have))
		}
	}
}

// end stops the load and waits for its clients.
func (l *load) end() {
	l.stop()
	l.all.Wait()
}

// countdown gives what a client shows at this moment of its turn, in ms.
func countdown(t *testing.T, c *client.Live, turn ids.Turn) (shown int64, at time.Time) {
	t.Helper()
	at = time.Now()
	now, ok := c.Now()
	if !ok {
		t.Fatal("the client's clock was not measured")
	}
	v := look(t, c).Turns[turn]
	if v == nil {
		t.Fatalf("the client does not see turn %s", turn)
	}
	return left(v, now), at
}

// connected waits until a client is live again with a measured clock.
func connected(t *testing.T, c *client.Live, reconnects int) {
	t.Helper()
	until(t, "a client resumes", func() bool {
		state, _ := c.State()
		_, measured := c.Now()
		return state == client.Connected && measured && c.Stats().Reconnects >= reconnects
	})
}

// TestKillInMidTurnTenTimesUnderLoad is the bullet "kill -9 of the process in
// mid-turn, ten times at random moments under load, then restart on the same
// folder: nothing acknowledged is missing, the same holder, countdown within
// 100 ms of where it should be, clients resume without a reload".
func TestKillInMidTurnTenTimesUnderLoad(t *testing.T) {
	const kills, speakers, clients = 10, 11, 16
	t.Logf("seed %d", killSeed)
	random := rand.New(rand.NewPCG(killSeed, 1))
	s := serve(t, t.TempDir(), "--commands-per-second", "500")
	m := meet(t, s.url(), s.organiser, speakers+clients)
	chair := m.chair()
	observer := m.join(command.Invite{Roles: []events.Role{events.Observer}})
	for i := range speakers {
		m.enlist(chair, i)
	}
	workers := make([]*client.Live, clients)
	for i := range workers {
		workers[i] = m.delegate(speakers + i)
	}
	ask(t, chair, "start_session", nil, command.None{})
	everyone := append([]*client.Live{chair, observer}, workers...)
	l := press(t, m, workers, speakers)

	worst := int64(0)
	for kill := range kills {
		turn := m.give(chair)
		holder := look(t, chair).Turns[turn].Entry
		if err := observer.Wait(timeout(t), func(l *client.Locked) bool {
			v := l.View().Turns[turn]
			return v != nil && v.AllottedMS > 0 && !v.BegunAt.IsZero()
		}); err != nil {
			t.Fatal(err)
		}
		shown, at := countdown(t, observer, turn)
		before := make([]int, len(everyone))
		for i, c := range everyone {
			before[i] = c.Stats().Reconnects
		}

		l.on()
		// The moment: after some receipts, and then anywhere between two steps.
		l.more(5 + random.IntN(40))
		time.Sleep(time.Duration(random.Int64N(int64(15 * time.Millisecond))))
		s.kill()
		s.start(t)

		for i, c := range everyone {
			connected(t, c, before[i]+1)
		}
		l.off()
		// What was measured in the middle of the load may be better known now.
		if err := observer.Wait(timeout(t), func(l *client.Locked) bool { return l.Measured() }); err != nil {
			t.Fatal(err)
		}
		view := look(t, observer)
		if view.Floor.Turn != turn || view.Turns[turn].Entry != holder {
			t.Fatalf("kill %d: the floor is with %v of turn %s, and was with %s of %s",
				kill+1, view.Turns[view.Floor.Turn], view.Floor.Turn, holder, turn)
		}
		again, then := countdown(t, observer, turn)
		off := again - (shown - then.Sub(at).Milliseconds())
		worst = max(worst, off, -off)
		if off > 100 || off < -100 {
			t.Errorf("kill %d: the countdown shows %d ms and should show %d", kill+1, again, again-off)
		}
		ask(t, chair, "end", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn})
	}
	l.end()

	// The log as an outsider checks it: chain, signatures, and every receipt.
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
	// All views are the log's: the chair's and every delegate's.
	head := log.Lines[len(log.Lines)-1].Seq
	var same string
	for _, c := range workers {
		if err := c.WaitSeq(timeout(t), head); err != nil {
			t.Fatal(err)
		}
		raw, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if same == "" {
			same = string(raw)
		}
		if string(raw) != same {
			t.Error("two delegates see different views")
		}
	}
	t.Logf("%d kills, %d commands acknowledged, %d stored, countdown at most %d ms off", kills, len(l.receipts), len(log.Lines), worst)
}

// occurrences counts the commits of each client's command.
func occurrences(t *testing.T, log *proof.Log) map[ids.Command]int {
	t.Helper()
	count := map[ids.Command]int{}
	for _, line := range log.Lines {
		var commit events.Commit
		if err := json.Unmarshal([]byte(line.Body), &commit); err != nil {
			t.Fatal(err)
		}
		if commit.Cause == nil {
			count[commit.Command]++
		}
	}
	return count
}

// TestABitFlippedInTheStoredLogIsDetectedAtStartAndNamed is the second half of
// the bullet. One wrong bit is put right, since the record's checksum proves
// which it was; what cannot be put right is not served.
func TestABitFlippedInTheStoredLogIsDetectedAtStartAndNamed(t *testing.T) {
	s := serve(t, t.TempDir())
	m := meet(t, s.url(), s.organiser, 3)
	chair := m.chair()
	entry := m.enlist(chair, 0)
	m.enlist(chair, 1)
	before := m.export()
	subject := events.Subject(events.Queue, m.id)
	chair.Close()
	// A second later the witness knows the head (decisions.md 32).
	until(t, "the witness knows the last commit", func() bool {
		raw, err := os.ReadFile(filepath.Join(s.data, "witness", "fairfloor.ndjson"))
		return err == nil && witnessed(t, raw, before)
	})

	s.kill()
	path, at := stored(t, s.data, `"command":"`+commandOf(t, before, entry)+`"`)
	flip(t, path, at+12, 1)
	s.start(t)
	named := diagnosis(s.text(), "damaged")
	for _, want := range []string{subject, "one bit was wrong and is put right", filepath.Base(path)} {
		if !strings.Contains(named, want) {
			t.Errorf("the start does not name %q:\n%s", want, s.text())
		}
	}
	if after := m.export(); !equal(before, after) {
		t.Error("the log is not what it was")
	}

	// Two wrong bits in one record cannot be put right: nothing may go on there.
	s.kill()
	flip(t, path, at+12, 1)
	flip(t, path, at+14, 4)
	s.start(t)
	if named := diagnosis(s.text(), "damaged"); !strings.Contains(named, subject) {
		t.Errorf("the start does not name %s:\n%s", subject, s.text())
	}
	if named := diagnosis(s.text(), "refus"); !strings.Contains(named, m.id.String()) {
		t.Errorf("the start does not say that session %s is refused:\n%s", m.id, s.text())
	}
	_, err := m.http.Command(timeout(t), m.id, "open_list", nil, command.PartRef{Part: m.part}, "")
	if err == nil || !strings.Contains(err.Error(), subject) {
		t.Errorf("a command on the damaged session got %v, which does not name %s", err, subject)
	}
	// Others go on.
	other := meet(t, s.url(), s.organiser, 2)
	if got := other.view().Session.Title; got == "" {
		t.Error("another session has no view")
	}
}

// witnessed reports whether a witness's file knows the last commit of a log.
func witnessed(t *testing.T, file []byte, log *proof.Log) bool {
	t.Helper()
	end := log.Lines[len(log.Lines)-1]
	return strings.Contains(string(file), events.HashBody([]byte(end.Body)).String())
}

// commandOf gives the command that made an entry.
func commandOf(t *testing.T, log *proof.Log, entry ids.Entry) string {
	t.Helper()
	for _, line := range log.Lines {
		if strings.Contains(line.Body, entry.String()) {
			var commit events.Commit
			if err := json.Unmarshal([]byte(line.Body), &commit); err != nil {
				t.Fatal(err)
			}
			return commit.Command.String()
		}
	}
	t.Fatalf("entry %s is not in the log", entry)
	return ""
}

// stored finds where a text lies in the streams' block files.
func stored(t *testing.T, data, text string) (path string, at int) {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(data, "store/jetstream/$G/streams/SESSIONS_*/msgs/*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range blocks {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(string(raw), text); at >= 0 {
			return path, at
		}
	}
	t.Fatalf("%s is in none of %d block files", text, len(blocks))
	return "", 0
}

// flip flips bits of one byte of a file.
func flip(t *testing.T, path string, at int, mask byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[at] ^= mask
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// diagnosis gives the lines that hold a word.
func diagnosis(text, word string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, word) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func equal(a, b *proof.Log) bool {
	if len(a.Lines) != len(b.Lines) {
		return false
	}
	for i := range a.Lines {
		if a.Lines[i] != b.Lines[i] {
			return false
		}
	}
	return true
}
