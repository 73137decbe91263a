package shell_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/run"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// crashFolder and crashSession tell a second run of the test binary that it is
// the process to be killed.
const (
	crashFolder  = "FAIRFLOOR_CRASH_FOLDER"
	crashSession = "FAIRFLOOR_CRASH_SESSION"
)

// crashing runs the victim when this process is one.
func crashing() bool {
	folder := os.Getenv(crashFolder)
	if folder == "" {
		return false
	}
	if err := victim(context.Background(), folder, ids.MustParse[ids.Session](os.Getenv(crashSession))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// victim is a whole process: server, log, queue and registry. It joins without
// end and prints each receipt after it has it.
func victim(ctx context.Context, folder string, s ids.Session) error {
	quiet := slog.New(slog.DiscardHandler)
	server, err := natsembed.Start(ctx, natsembed.Options{Folder: filepath.Join(folder, "store"), Logger: quiet})
	if err != nil {
		return err
	}
	conn, err := server.Connect(eventlog.ConnOptions("victim", quiet, nil)...)
	if err != nil {
		return err
	}
	witness, err := eventlog.OpenWitness(filepath.Join(folder, "witness"), "victim", quiet)
	if err != nil {
		return err
	}
	log, err := eventlog.Open(ctx, conn, eventlog.Options{Name: "victim", Witness: witness, Logger: quiet})
	if err != nil {
		return err
	}
	parts := []run.Part{server}
	for _, service := range []shell.Service{registry, queue} {
		sh, err := shell.New(shell.Config{Service: service, Log: log, Logger: quiet, Creates: func(verb string) bool { return verb == "create_session" }})
		if err != nil {
			return err
		}
		parts = append(parts, sh)
	}
	var out sync.Mutex
	lines := json.NewEncoder(os.Stdout)
	parts = append(parts, run.Func("clients", func(ctx context.Context) error {
		// The session exists already in a later life.
		_, _ = shell.Ask(ctx, conn, events.Registry, request(s, chair, "create_session"))
		var clients sync.WaitGroup
		for range 4 {
			clients.Go(func() {
				for ctx.Err() == nil {
					receipt, err := shell.Ask(ctx, conn, events.Queue, request(s, delegate(), "join"))
					out.Lock()
					if err != nil {
						fmt.Fprintln(os.Stderr, err)
					} else {
						_ = lines.Encode(receipt)
					}
					out.Unlock()
				}
			})
		}
		clients.Wait()
		return nil
	}))
	return run.New(quiet, parts...).Run(ctx)
}

// TestKilledProcessLosesNothing kills a writing process with SIGKILL, three times
// on one folder. What it had acknowledged is in the log as the receipts say, once,
// and the log checks.
func TestKilledProcessLosesNothing(t *testing.T) {
	folder, s := t.TempDir(), ids.New[ids.Session]()
	var acknowledged []*command.Receipt
	for range 3 {
		acknowledged = append(acknowledged, killed(t, folder, s, 60)...)
	}
	store := logtest.OpenIn(t, folder)
	if damage := store.Server.Damage(); len(damage) != 0 {
		t.Errorf("the kill left damage: %v", damage)
	}
	after := start(t, store, "after", nil)
	if refusal := after.log.Refusal(s); refusal != nil {
		t.Fatalf("the session is refused: %v", refusal)
	}
	raw, err := after.log.Read(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	stored := map[uint64]events.Hash{}
	commands := map[ids.Command]bool{}
	for _, r := range raw {
		stored[r.Sequence] = events.HashBody(r.Body)
		c := decode(t, r.Body)
		if commands[c.Command] {
			t.Errorf("command %s is in the log twice", c.Command)
		}
		commands[c.Command] = true
	}
	for _, r := range acknowledged {
		if stored[r.Seq] != r.Hash || !commands[r.CommandID] {
			t.Errorf("acknowledged and lost: %+v", r)
		}
	}
	t.Logf("%d acknowledged, %d stored", len(acknowledged), len(raw))
	// And it goes on.
	if _, err := shell.Ask(context.Background(), store.Connect("client"), events.Queue, request(s, delegate(), "join")); err != nil {
		t.Errorf("after the kills: %v", err)
	}
}

// killed runs a victim until it has printed n receipts and kills it. It gives all
// that it had printed.
func killed(t *testing.T, folder string, s ids.Session, n int) []*command.Receipt {
	t.Helper()
	victim := exec.Command(os.Args[0], "-test.run=^$")
	victim.Env = append(os.Environ(), crashFolder+"="+folder, crashSession+"="+s.String())
	victim.Stderr = t.Output()
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var receipts []*command.Receipt
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		r := &command.Receipt{}
		if json.Unmarshal(lines.Bytes(), r) != nil {
			// The last line was cut by the kill: nobody has that receipt.
			continue
		}
		receipts = append(receipts, r)
		if len(receipts) == n {
			if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = victim.Wait() // it was killed, which is an error by itself
	if len(receipts) < n {
		t.Fatalf("the victim ended by itself after %d receipts", len(receipts))
	}
	return receipts
}
