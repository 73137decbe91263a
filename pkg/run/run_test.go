package run_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/run"
)

// mode tells a second run of the test binary which program to be.
const mode = "FAIRFLOOR_RUN_MODE"

func TestMain(m *testing.M) {
	if program := os.Getenv(mode); program != "" {
		os.Exit(run.Main(programs[program]))
	}
	goleak.VerifyTestMain(m)
}

// programs are what the signal tests send signals to.
var programs = map[string]func(context.Context) error{
	"polite": func(ctx context.Context) error {
		fmt.Println("up")
		<-ctx.Done()
		fmt.Println("drained")
		return nil
	},
	"failing": func(context.Context) error { return errors.New("it does not work") },
	"deaf": func(ctx context.Context) error {
		fmt.Println("up")
		<-ctx.Done()
		fmt.Println("stuck")
		select {}
	},
}

// history notes what happened in which order.
type history struct {
	mu   sync.Mutex
	list []string
}

func (h *history) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, what)
}

func (h *history) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list)
}

// part runs until it is stopped, or ends by itself with what end gives.
type part struct {
	name  string
	h     *history
	end   func() error
	slow  time.Duration
	check error
}

func (p part) Name() string { return p.name }
func (p part) Check() error { return p.check }

func (p part) Run(ctx context.Context) error {
	if p.end != nil {
		return p.end()
	}
	<-ctx.Done()
	time.Sleep(p.slow)
	p.h.note(p.name)
	return nil
}

var quiet = slog.New(slog.DiscardHandler)

// TestStopsInReverseOrder: a part that others rely on ends after them, however
// long they take.
func TestStopsInReverseOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{}
		ctx, cancel := context.WithCancel(context.Background())
		r := run.New(quiet, part{name: "server", h: h}, part{name: "service", h: h, slow: 5 * time.Second}, part{name: "gateway", h: h, slow: time.Second})
		time.AfterFunc(time.Minute, cancel)
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
		if want := []string{"gateway", "service", "server"}; !slices.Equal(h.seen(), want) {
			t.Errorf("stopped as %v, want %v", h.seen(), want)
		}
	})
}

// TestEnds: what ends a runner, and what it says then.
func TestEnds(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func() error
		says string
		at   time.Duration
	}{
		{"a failure stops all", func() error { return errors.New("no disk") }, "b: no disk", 0},
		{"a panic stops all", func() error { panic("lost its head") }, "b: failed: lost its head", 0},
		{"a part that has finished stops nobody", func() error { return nil }, "", time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &history{}
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				defer cancel()
				began := time.Now()
				err := run.New(quiet, part{name: "a", h: h}, part{name: "b", h: h, end: tc.end}, part{name: "c", h: h}).Run(ctx)
				if (err == nil) != (tc.says == "") || err != nil && err.Error() != tc.says {
					t.Errorf("ended with %v, want %q", err, tc.says)
				}
				if took := time.Since(began); took != tc.at {
					t.Errorf("ended after %s, want %s", took, tc.at)
				}
				if want := []string{"c", "a"}; !slices.Equal(h.seen(), want) {
					t.Errorf("stopped %v, want %v", h.seen(), want)
				}
			})
		})
	}
}

// TestPatience: a part that does not stop is named and left behind, and the others
// still stop.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &history{}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r := run.New(quiet, part{name: "good", h: h}, part{name: "stuck", h: h, slow: time.Hour})
		r.Patience = time.Second
		err := r.Run(ctx)
		if err == nil || !strings.Contains(err.Error(), "stuck: did not stop within 1s") {
			t.Errorf("ended with %v", err)
		}
		if !slices.Equal(h.seen(), []string{"good"}) {
			t.Errorf("stopped %v", h.seen())
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestCheck names all that are not ready.
func TestCheck(t *testing.T) {
	h := &history{}
	plain := run.Func("plain", func(context.Context) error { return nil })
	if err := run.New(nil, plain, part{name: "a", h: h}).Check(); err != nil {
		t.Errorf("ready parts: %v", err)
	}
	err := run.New(nil, plain, part{name: "a", h: h, check: errors.New("reading")}, part{name: "b", h: h, check: errors.New("off")}).Check()
	if err == nil || !strings.Contains(err.Error(), "a is not ready: reading") || !strings.Contains(err.Error(), "b is not ready: off") {
		t.Errorf("readiness is %v", err)
	}
}

// TestSignals sends real signals to real processes.
func TestSignals(t *testing.T) {
	for _, tc := range []struct {
		program string
		signals []os.Signal
		says    string
		code    int
	}{
		{"polite", []os.Signal{syscall.SIGTERM}, "drained", 0},
		{"polite", []os.Signal{os.Interrupt}, "drained", 0},
		{"failing", nil, "", 1},
		{"deaf", []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, "stuck", -1},
	} {
		t.Run(fmt.Sprintf("%s %v", tc.program, tc.signals), func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), mode+"="+tc.program)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := ""
			buffer := make([]byte, 64)
			for _, s := range tc.signals {
				// Each signal is sent after the program has said its next word.
				n, err := out.Read(buffer)
				if err != nil {
					t.Fatalf("after %q: %v", said, err)
				}
				said += string(buffer[:n])
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			for {
				n, err := out.Read(buffer)
				said += string(buffer[:n])
				if err != nil {
					break
				}
			}
			_ = cmd.Wait() // the exit code is looked at below
			if !strings.Contains(said, tc.says) || cmd.ProcessState.ExitCode() != tc.code {
				t.Errorf("said %q and ended with %d; want %q and %d", said, cmd.ProcessState.ExitCode(), tc.says, tc.code)
			}
		})
	}
}
