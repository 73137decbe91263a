package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// programs is where what the tests run is built.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "fairfloor-chaos-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(programs)
	os.Exit(code)
}

// build builds every program of a cluster, once; the one binary is $FAIRFLOOR_BIN
// where that is given.
var build = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	binary := filepath.Join(programs, "fairfloor")
	// While one works on this package: a folder in which all of them are.
	if given := os.Getenv("STAGE_PROGRAMS"); given != "" {
		return filepath.Join(given, "fairfloor"), nil
	}
	var of []string
	if given := os.Getenv("FAIRFLOOR_BIN"); given == "" {
		of = append(of, "./fairfloor/cmd/fairfloor")
	} else if err := os.Symlink(given, binary); err != nil {
		return "", err
	}
	if long() {
		of = append(of, "./fairfloor/cmd/nats")
		for _, service := range []string{stage.Registry, stage.Queue, stage.Timing, stage.Transcript, stage.Gateway} {
			of = append(of, "./"+service+"/cmd/"+service)
		}
	}
	if len(of) == 0 {
		return binary, nil
	}
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-o", programs + "/"}, of...)...)
	command.Dir = "../../.."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return binary, nil
})

// long reports whether the large counts are asked for.
func long() bool { return os.Getenv("FAIRFLOOR_LONG") != "" }

// suffer runs a plan against the real system and gives the report, with its table
// in the test's log.
func suffer(t *testing.T, config Config) *Report {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	options := config.Needs()
	options.Binary, options.Dir = binary, t.TempDir()
	ground, err := stage.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ground.Close(); err != nil {
			t.Error(err)
		}
	}()
	report, err := Run(t.Context(), config, ground)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := report.Table(&table); err != nil {
		t.Fatal(err)
	}
	t.Log(table.String())
	for _, f := range report.Findings {
		t.Error(f)
	}
	return report
}

// TestChaosSingleLosesDoublesAndReordersNothingAndEveryClientEndsWithTheRightView
// is the bullet "Chaos, … single (3 of each fault in CI): 0 acknowledged commands
// lost, 0 doubled, 0 reordered, never two holders, every client ends with the
// right view without a reload". How long each took is in the table: a busy
// machine may be late without having lost anything.
func TestChaosSingleLosesDoublesAndReordersNothingAndEveryClientEndsWithTheRightView(t *testing.T) {
	// Power cuts and full disks need root and a disk of their own.
	faults := []string{Kill, Stop, Pause}
	if long() {
		faults = Names(stage.Single)
	}
	want, all := map[string]int{}, 3*len(faults)
	for _, name := range faults {
		want[name+stage.Serve] = 3
	}
	var steps []string
	report := suffer(t, Config{
		Kind: stage.Single, Speakers: 8, Observers: 12, Rate: 8, Faults: faults, Count: 3, Seed: 6,
		Progress: func(text string, _, of int) {
			if of == all { // from one goroutine alone
				steps = append(steps, text)
			}
		},
	})
	whole(t, report, want)
	if len(steps) != all || !slices.Contains(steps, "kill of serve") {
		t.Errorf("it told of %v", steps)
	}
	// Each client lost its line at each kill and each stop.
	if report.Reconnects < 6*report.Views {
		t.Errorf("%d reconnects of %d clients", report.Reconnects, report.Views)
	}
}

// TestChaosClusterLosesDoublesAndReordersNothingAndEveryClientEndsWithTheRightView
// is the same bullet for a cluster; with FAIRFLOOR_LONG alone, since it takes seven
// programs and a minute. The other faults and larger counts are for a night
// (.github/CONTRIBUTING.md).
func TestChaosClusterLosesDoublesAndReordersNothingAndEveryClientEndsWithTheRightView(t *testing.T) {
	if !long() {
		// The plan is looked at in any case.
		members := []stage.Member{{Name: "nats-1", Role: stage.NATS}, {Name: "queue-1", Role: stage.Queue}, {Name: "redis", Role: stage.Redis}}
		if plan := Plan(Names(stage.Cluster), 3, members, 1); len(plan) < 3*len(Names(stage.Cluster)) {
			t.Errorf("the plan has %d faults", len(plan))
		}
		return
	}
	config := Config{Kind: stage.Cluster, Speakers: 8, Observers: 20, Rate: 8, Faults: []string{Kill, Leader, Flush, Rolling}, Count: 1, Seed: 6}
	report := suffer(t, config)
	want := map[string]int{Leader + stage.NATS: 1, Flush + stage.Redis: 1, Rolling + everyone: 1}
	for _, role := range []string{stage.NATS, stage.Redis, stage.Registry, stage.Queue, stage.Timing, stage.Transcript, stage.Gateway} {
		want[Kill+role] = 1
	}
	whole(t, report, want)
}

// TestChaosNegativeControlDefaultSyncAndAPowerCutMustLose is "the negative control
// (default sync, power cut) must lose, or the check is blind": a store that brings
// nothing to the disk of its own accord loses what it acknowledged, and that is
// seen, in the checker's verdict or by the server itself, which then refuses.
func TestChaosNegativeControlDefaultSyncAndAPowerCutMustLose(t *testing.T) {
	if !long() {
		// A disk of its own takes root and time; that the options reach the ground is seen here.
		if o := (&Config{Kind: stage.Single, Faults: []string{Power}}).Needs(); !o.Loop || o.Namespaces {
			t.Errorf("%+v", o)
		}
		return
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Kind: stage.Single, Speakers: 4, Observers: 4, Rate: 8, Faults: []string{Power}, Count: 1, Seed: 6}
	options := config.Needs()
	options.Binary, options.Dir, options.Sync = binary, t.TempDir(), stage.SyncDefault
	ground, err := stage.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ground.Close(); err != nil {
			t.Error(err)
		}
	}()
	// A server that says which streams it lost never gets ready, and need not be waited for.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	refused := func() bool {
		return strings.Contains(ground.Logs(stage.Serve), "stream is lost; its sessions are refused")
	}
	var looking sync.WaitGroup
	defer looking.Wait()
	defer cancel()
	looking.Go(func() {
		for rest(ctx, 100*time.Millisecond) {
			if refused() {
				cancel()
			}
		}
	})
	report, err := Run(ctx, config, ground)
	switch {
	case refused():
		t.Log("the server itself says that its streams are lost")
	case err != nil && strings.Contains(err.Error(), "gave up"):
		t.Log("the session is gone for its clients")
	case err != nil:
		t.Fatalf("the system neither came up nor said what it lost: %v", err)
	case report.Count(Lost, Doubled, Reordered, Unordered, Forked, Broken) == 0:
		t.Errorf("a store that brings nothing to the disk lost nothing: the check is blind: %+v", report)
	default:
		t.Log(report.Sound())
	}
}

// whole checks that a report is of a session in which everything happened that is
// judged: a history of nothing has no faults either.
func whole(t *testing.T, report *Report, faults map[string]int) {
	t.Helper()
	for _, row := range report.Rows {
		if faults[row.Fault+row.Role] != row.Count || row.FirstP50 <= 0 || row.FirstP50 > row.FirstMax || row.FirstMax > row.AllMax || row.WholeMax <= 0 {
			t.Errorf("row %+v", row)
		}
		delete(faults, row.Fault+row.Role)
	}
	if len(faults) > 0 {
		t.Errorf("these faults were not done: %v", faults)
	}
	if want := 1 + report.Speakers + report.Observers + 2*len(contexts); report.Views != want {
		t.Errorf("%d views were compared, want %d", report.Views, want)
	}
	if report.Acknowledged < 20 || report.Commits < report.Acknowledged || report.Sights < 10 || report.Readings == 0 || report.Twice == 0 {
		t.Errorf("too little happened: %+v", report)
	}
}

// TestThePlanIsTheSeeds: the same seed gives the same faults, moments and all;
// each is done as often as was asked for on each kind of process that suffers it.
func TestThePlanIsTheSeeds(t *testing.T) {
	var members []stage.Member
	for _, role := range []string{stage.NATS, stage.Registry, stage.Queue, stage.Timing, stage.Transcript, stage.Gateway} {
		members = append(members, stage.Member{Name: role + "-1", Role: role}, stage.Member{Name: role + "-2", Role: role})
	}
	members = append(members, stage.Member{Name: stage.Redis, Role: stage.Redis})
	one, same, other := Plan(Names(stage.Cluster), 3, members, 7), Plan(Names(stage.Cluster), 3, members, 7), Plan(Names(stage.Cluster), 3, members, 8)
	if !slices.Equal(one, same) {
		t.Error("the same seed gives another plan")
	}
	if slices.Equal(one, other) {
		t.Error("another seed gives the same plan")
	}
	counts, targets := map[string]int{}, map[string]bool{}
	for _, f := range one {
		counts[f.Name+" "+f.Role]++
		targets[f.Target] = true
		if f.Before <= 0 || f.Hold <= 0 {
			t.Errorf("%s has no moment: %+v", &f, f)
		}
	}
	for name, n := range counts {
		if n != 3 {
			t.Errorf("%s: %d times, want 3", name, n)
		}
	}
	for _, want := range []string{"kill nats", "kill redis", "kill gateway", "leader nats", "partition queue", "power nats", "power everyone", "full nats", "skew timing", "flush redis", "rolling everyone"} {
		if counts[want] == 0 {
			t.Errorf("there is no %s in %v", want, counts)
		}
	}
	for _, never := range []string{"skew nats", "full queue", "power gateway", "flush nats"} {
		if counts[never] > 0 {
			t.Errorf("there is a %s", never)
		}
	}
	if !targets["queue-1"] || !targets["queue-2"] {
		t.Errorf("only one of two replicas is met: %v", targets)
	}
}

// TestLimitsAreThoseOfTheIssue: what exceeds one is late, and says by how much.
func TestLimitsAreThoseOfTheIssue(t *testing.T) {
	incident := func(kind stage.Kind, name, role string, firstMS, awayMS float64) *Incident {
		f := Fault{Name: name, Role: role, Target: role + "-1"}
		return &Incident{Fault: f, FirstMS: firstMS, AwayMS: awayMS, LimitMS: ms(limit(kind, &f))}
	}
	for _, k := range []struct {
		incident *Incident
		late     string
	}{
		{incident(stage.Cluster, Leader, stage.NATS, 12_000, 0), ""},
		{incident(stage.Cluster, Leader, stage.NATS, 12_001, 0), "limit 12000 ms"},
		{incident(stage.Cluster, Kill, stage.Queue, 1000, 9000), ""},
		{incident(stage.Cluster, Kill, stage.Queue, 1001, 0), "limit 1000 ms"},
		{incident(stage.Cluster, Kill, stage.Gateway, 1001, 0), "limit 1000 ms"},
		{incident(stage.Cluster, Stop, stage.Timing, 250, 0), ""},
		{incident(stage.Cluster, Stop, stage.Timing, 251, 0), "limit 250 ms"},
		{incident(stage.Cluster, Rolling, everyone, 60_000, 1000), ""},
		{incident(stage.Cluster, Rolling, everyone, 0, 1001), "limit 1000 ms"},
		{incident(stage.Cluster, Pause, stage.Queue, 60_000, 60_000), ""},
		{incident(stage.Single, Kill, stage.Serve, 60_000, 60_000), ""},
	} {
		rows, late := summarise([]*Incident{k.incident})
		if len(rows) != 1 || (len(late) == 0) != (k.late == "") || len(late) > 0 && !strings.Contains(late[0], k.late) {
			t.Errorf("%+v: %v, want %q", k.incident, late, k.late)
		}
	}
	rows, _ := summarise([]*Incident{incident(stage.Cluster, Kill, "queue", 3, 1), incident(stage.Cluster, Kill, "queue", 1, 3), incident(stage.Cluster, Kill, "queue", 2, 2)})
	if len(rows) != 1 || rows[0].Count != 3 || rows[0].FirstP50 != 2 || rows[0].FirstMax != 3 || rows[0].AwayP50 != 2 || rows[0].AwayMax != 3 {
		t.Errorf("%+v", rows)
	}
}

// TestTheReportSaysWhatIsBrokenAndWhatIsLate: in the table, as JSON and as errors.
func TestTheReportSaysWhatIsBrokenAndWhatIsLate(t *testing.T) {
	fine := &Report{Kind: stage.Single}
	if fine.Sound() != nil || fine.Soon() != nil {
		t.Error("nothing is broken, and it says so")
	}
	bad := &Report{Kind: stage.Single, Findings: []Finding{{Lost, "join x of speaker 1"}, {TwoHolders, "turn y"}}, Late: []string{"stop of queue-1"}, Unasked: []string{"queue-1: exit status 1"}}
	var table bytes.Buffer
	if err := bad.Table(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lost 1, doubled 0, reordered 0", "two holders 1", "BROKEN  lost: join x of speaker 1", "LATE    stop of queue-1", "ENDED   queue-1"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, table.String())
		}
	}
	if err := bad.Sound(); err == nil || !strings.Contains(err.Error(), "2 invariants") {
		t.Error(err)
	}
	if err := bad.Soon(); err == nil || !strings.Contains(err.Error(), "stop of queue-1") {
		t.Error(err)
	}
	raw, err := json.Marshal(bad)
	if err != nil || !bytes.Contains(raw, []byte(`"kind":"lost"`)) {
		t.Errorf("%s: %v", raw, err)
	}
}

// TestWhatCannotBeIsRefusedBeforeAnythingStarts: each field that is out of range is named.
func TestWhatCannotBeIsRefusedBeforeAnythingStarts(t *testing.T) {
	good := Config{Kind: stage.Single, Speakers: 2, Observers: 2, Rate: 1, Faults: []string{Kill}, Count: 1}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Config){
		"kind":      func(c *Config) { c.Kind = "double" },
		"speakers":  func(c *Config) { c.Speakers = 1 },
		"observers": func(c *Config) { c.Observers = 2001 },
		"rate":      func(c *Config) { c.Rate = 0 },
		"count":     func(c *Config) { c.Count = 0 },
		"for":       func(c *Config) { c.For = -1 },
		"faults":    func(c *Config) { c.Faults = []string{Leader} },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
