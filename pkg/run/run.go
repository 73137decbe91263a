// Package run holds the parts of a process together.
//
// Guarantee: every part is started, the first that fails stops all, SIGTERM and
// SIGINT stop them gracefully, and they stop in the reverse order of their
// start, each waiting for the one started after it: a part can rely on those
// before it until it has ended. The process is ready when all parts are.
package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Part is something that runs until its context is done. Run returns nil then,
// and an error when it ends for another reason; a part that returns nil although
// its context is not done has finished its work and stops nobody.
type Part interface {
	Name() string
	Run(ctx context.Context) error
}

// Checker is a Part that can say why it is not ready, or nil.
type Checker interface {
	Check() error
}

// Runner runs parts together.
type Runner struct {
	// Patience is how long one part may take to stop before it is reported and left
	// behind; zero means 30 s.
	Patience time.Duration

	log   *slog.Logger
	parts []Part
}

// DefaultPatience is Runner.Patience when it is zero.
const DefaultPatience = 30 * time.Second

// New makes a runner of parts in the order of their start.
func New(log *slog.Logger, parts ...Part) *Runner {
	if log == nil {
		log = slog.Default()
	}
	return &Runner{log: log, parts: parts}
}

// running is one part on its way.
type running struct {
	part   Part
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// Run runs all parts until ctx is done or one of them fails, stops them in
// reverse order, and gives what failed.
func (r *Runner) Run(ctx context.Context) error {
	failed := make(chan struct{}, len(r.parts))
	started := make([]*running, 0, len(r.parts))
	for _, p := range r.parts {
		// Not derived from ctx: each part is stopped when its turn has come.
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		one := &running{part: p, cancel: cancel, done: make(chan struct{})}
		started = append(started, one)
		go func() {
			defer close(one.done)
			if err := guard(own, p); err != nil {
				one.err = fmt.Errorf("%s: %w", p.Name(), err)
				failed <- struct{}{}
			}
		}()
	}
	select {
	case <-ctx.Done():
	case <-failed:
	}
	return r.stop(started)
}

// guard runs a part; a panic in it stops the process in order, with its text.
func guard(ctx context.Context, p Part) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("failed: %v", fault)
		}
	}()
	return p.Run(ctx)
}

// stop ends the parts, the last first.
func (r *Runner) stop(started []*running) error {
	patience := r.Patience
	if patience == 0 {
		patience = DefaultPatience
	}
	var all []error
	for i := len(started) - 1; i >= 0; i-- {
		one := started[i]
		one.cancel()
		limit := time.NewTimer(patience)
		select {
		case <-one.done:
			all = append(all, one.err)
		case <-limit.C:
			all = append(all, fmt.Errorf("%s: did not stop within %s", one.part.Name(), patience))
		}
		limit.Stop()
		r.log.Debug("stopped", "part", one.part.Name())
	}
	return errors.Join(all...)
}

// Check is nil when every part is ready, and says otherwise which is not, by name.
func (r *Runner) Check() error {
	var all []error
	for _, p := range r.parts {
		if c, ok := p.(Checker); ok {
			if err := c.Check(); err != nil {
				all = append(all, fmt.Errorf("%s is not ready: %w", p.Name(), err))
			}
		}
	}
	return errors.Join(all...)
}

// Func makes a Part of a function.
func Func(name string, run func(context.Context) error) Part { return function{name, run} }

type function struct {
	name string
	run  func(context.Context) error
}

// Name is the part's name.
func (f function) Name() string { return f.name }

// Run calls the function.
func (f function) Run(ctx context.Context) error { return f.run(ctx) }

// Main is a program's main: it runs real with a context that ends at SIGTERM or
// SIGINT, and gives the exit code: 0, or 1 after an error, which goes to stderr.
// A second signal ends the process at once.
func Main(real func(ctx context.Context) error) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			// Given back before anybody hears of the first signal, so that the second
			// one ends the process whenever it comes.
			signal.Stop(signals)
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := real(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
