// Package load puts a running Fairfloor under load: observers, speakers and
// captioners, each a real client of the public API and websocket that parses
// all it gets, and some that are slow, broken or stalled.
//
// Guarantee: a latency is taken from the moment at which one client sent
// something to the moment at which another had read the frame that shows it, by
// this process's monotonic clock, so no two machines' clocks are compared. A
// client that should have got something and did not is counted, never left out
// of the figures; what the misbehaving ones got is told apart from what the
// healthy ones got.
package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
)

// Config says what load to put on which server.
type Config struct {
	// Base is the server's address and Organiser a token of its organiser.
	Base, Organiser string
	// Sessions is how many live sessions there are, 1 to 500; Observers, Speakers
	// and Captioners are for each of them, up to 20,000, 500 and 16. Every captioner
	// writes a track of their own, and every observer follows all of them.
	Sessions, Observers, Speakers, Captioners int
	// Changes is how many times a second, over all sessions, a speaker joins or
	// leaves a list, 0 to 5,000.
	Changes float64
	// Partials is how many partials a second each captioner sends, 0 to 4; every
	// FinalEvery one of them is final, 5 s when zero.
	Partials   float64
	FinalEvery time.Duration
	// Ramp is over how long the observers connect, Duration how long it is measured.
	Ramp, Duration time.Duration
	// Slow, Broken and Stalled are how many of each session's observers read
	// slowly, lose their line again and again, or stop reading altogether.
	Slow, Broken, Stalled int
	// Storm cuts every observer's line at once in the middle of the measured time.
	Storm bool
	// Proxy puts a buffering proxy between observers and server.
	Proxy bool
	// Whole is how many observers of each session keep the whole view, which is
	// compared with a fresh one in the end; the others skim (client.Options).
	Whole int
	// PID is the server's process, for its CPU and memory; Metrics the address of
	// its Prometheus endpoint instead. Neither leaves them out.
	PID     int
	Metrics string
	// Fsync is a folder in which raw writes are brought to the disk beside the load,
	// as the measure of what a commit cannot be faster than; none when empty.
	Fsync string
	// Progress is told what is going on; may be nil.
	Progress func(text string, done, of int)
}

// Check says which field is out of range.
func (c *Config) Check() error {
	between := func(name string, value, least, most int) error {
		if value < least || value > most {
			return fmt.Errorf("%s: %d is not between %d and %d", name, value, least, most)
		}
		return nil
	}
	err := errors.Join(
		between("sessions", c.Sessions, 1, 500), between("observers", c.Observers, 0, 20_000),
		between("speakers", c.Speakers, 0, 500), between("captioners", c.Captioners, 0, 16),
		between("slow", c.Slow, 0, c.Observers), between("broken", c.Broken, 0, c.Observers-c.Slow),
		between("stalled", c.Stalled, 0, c.Observers-c.Slow-c.Broken), between("whole", c.Whole, 0, c.Observers))
	switch {
	case err != nil:
		return err
	case c.Changes < 0 || c.Changes > 5000:
		return fmt.Errorf("changes: %g is not between 0 and 5000 a second", c.Changes)
	case c.Changes > 0 && c.Speakers == 0:
		return errors.New("changes: nobody can change anything without speakers")
	case c.Partials < 0 || c.Partials > 4:
		return fmt.Errorf("partials: %g is not between 0 and 4 a second", c.Partials)
	case c.Duration < time.Second || c.Duration > 24*time.Hour:
		return fmt.Errorf("duration: %s is not between 1s and 24h", c.Duration)
	case c.Ramp < 0 || c.Ramp > time.Hour:
		return fmt.Errorf("ramp: %s is not between 0s and 1h", c.Ramp)
	case c.PID != 0 && c.Metrics != "":
		return errors.New("pid and metrics: one of them is enough")
	}
	return nil
}

// run is a load as it runs.
type run struct {
	Config
	ctx    context.Context
	http   client.HTTP
	began  time.Time
	proxy  *proxy
	shows  []*show
	report *Report
	// measuring is set while what comes counts.
	measuring atomic.Bool
	// dialled numbers the connections, for their source addresses.
	dialled atomic.Int64
}

// settleWithin is how long the last changes have to arrive after the load ended.
const settleWithin = 15 * time.Second

// Run puts the load on and reports. The context's end ends it with an error.
func Run(ctx context.Context, config Config) (*Report, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if config.FinalEvery == 0 {
		config.FinalEvery = 5 * time.Second
	}
	r := &run{Config: config, ctx: ctx, http: client.HTTP{Base: config.Base, Token: config.Organiser}, began: time.Now(), report: &Report{}}
	// So many clients would be more than the transport keeps.
	defer r.leave()
	for _, step := range []func() error{r.prepare, r.connect, r.measure, r.judge} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.report, nil
}

func (r *run) progress(text string, done, of int) {
	if r.Progress != nil {
		r.Progress(text, done, of)
	}
}

// leave closes every client, all at once: each waits for its own goroutine.
func (r *run) leave() {
	var all sync.WaitGroup
	for _, s := range r.shows {
		for _, l := range s.lives() {
			all.Go(l.Close)
		}
	}
	all.Wait()
	if r.proxy != nil {
		r.proxy.close()
	}
}

// measure lets everybody do what they do for the measured time.
func (r *run) measure() error {
	before, err := r.server()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.Duration)
	defer cancel()
	frames, bytes := r.received()
	begun := time.Now()
	r.measuring.Store(true)
	var all sync.WaitGroup
	failures := make(chan error, 1)
	failed := func(err error) {
		if err == nil || ctx.Err() != nil {
			return
		}
		select {
		case failures <- err:
			cancel()
		default:
		}
	}
	for i, s := range r.shows {
		all.Go(func() { failed(s.change(ctx, i)) })
		for _, w := range s.writers {
			all.Go(func() { failed(w.write(ctx)) })
		}
		all.Go(func() { s.disturb(ctx) })
	}
	if r.Storm {
		all.Go(func() { failed(r.storm(ctx)) })
	}
	disk := r.watchDisk(ctx, &all)
	r.wait(ctx, begun)
	all.Wait()
	r.measuring.Store(false)
	took := time.Since(begun)
	after, err := r.server()
	if err != nil {
		return err
	}
	more, moreBytes := r.received()
	select {
	case err := <-failures:
		return err
	default:
	}
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	r.report.measured(r, took, more-frames, moreBytes-bytes, before, after)
	r.report.Fsync = disk.summary()
	return nil
}

// wait lets the measured time pass.
func (r *run) wait(ctx context.Context, begun time.Time) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.progress("measuring (s)", int(time.Since(begun).Seconds()), int(r.Duration.Seconds()))
		}
	}
}

// received counts the frames and bytes that observers, speakers and captioners have read so far.
func (r *run) received() (frames, bytes int64) {
	for _, s := range r.shows {
		for _, l := range s.lives() {
			stats := l.Stats()
			frames, bytes = frames+stats.Frames, bytes+stats.Bytes
		}
	}
	return frames, bytes
}

// storm cuts every healthy observer's line at the same moment, halfway, and takes
// the time until each has resumed and stands where the others stand.
func (r *run) storm(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(r.Duration / 2):
	}
	begun := time.Now()
	var all sync.WaitGroup
	for _, s := range r.shows {
		position := s.position.Load()
		for _, o := range s.observers {
			if o.manner != healthy {
				continue
			}
			lost := o.live.Stats().Reconnects
			o.live.Drop()
			all.Go(func() {
				// The measured time may end first: whoever is not back is still waited for.
				ctx, cancel := context.WithTimeout(r.ctx, settleWithin)
				defer cancel()
				err := o.live.Wait(ctx, func(l *client.Locked) bool {
					return l.Reconnects() > lost && l.Connected() && l.Seq() >= position
				})
				if err == nil {
					o.resumed = time.Since(begun)
				}
			})
		}
	}
	all.Wait()
	return nil
}
