// Package chaos does harm to a running Fairfloor while a session goes on in it,
// and judges by what its clients recorded whether anything was lost.
//
// Guarantee: the verdict rests on what clients of the public API were told and
// saw, and on the log as anybody may export it; nothing inside the servers is
// asked. Each command is recorded with when it was sent and what was heard of it;
// a command of which nothing was heard counts for nothing, neither as done nor as
// lost. The checker finds each kind of fault that it is there for when a history
// is doctored (its tests), and a system that does lose (the negative control).
// Limits of time are judged apart from loss and order, since a busy machine moves
// the one and never the other.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// Config says what is to go wrong under which load.
type Config struct {
	Kind stage.Kind
	// Speakers and Observers take part, 2 to 500 and 2 to 2,000.
	Speakers, Observers int
	// Rate is how many commands a second the speakers send, in sum, 0.1 to 200.
	Rate float64
	// Faults are the names of those to do, Count how many of each (and of each kind of
	// process), 1 to 1,000. For is how long to go on instead, with one plan after the
	// other; zero: one plan.
	Faults []string
	Count  int
	For    time.Duration
	// Seed draws targets, moments and the people's behaviour.
	Seed uint64
	// Progress is told what is going on; may be nil.
	Progress func(text string, done, of int)
}

// Check says which field is out of range.
func (c *Config) Check() error {
	switch {
	case c.Kind != stage.Single && c.Kind != stage.Cluster:
		return fmt.Errorf("kind: %q is neither %q nor %q", c.Kind, stage.Single, stage.Cluster)
	case c.Speakers < 2 || c.Speakers > 500:
		return fmt.Errorf("speakers: %d is not between 2 and 500", c.Speakers)
	case c.Observers < keen || c.Observers > 2000:
		return fmt.Errorf("observers: %d is not between %d and 2000", c.Observers, keen)
	case c.Rate < .1 || c.Rate > 200:
		return fmt.Errorf("rate: %g is not between 0.1 and 200 a second", c.Rate)
	case c.Count < 1 || c.Count > 1000:
		return fmt.Errorf("count: %d is not between 1 and 1000", c.Count)
	case c.For < 0 || c.For > 48*time.Hour:
		return fmt.Errorf("for: %s is not between 0s and 48h", c.For)
	case len(c.Faults) == 0:
		return errors.New("faults: name at least one")
	}
	for _, name := range c.Faults {
		if !slices.Contains(Names(c.Kind), name) {
			return fmt.Errorf("faults: %q is not one of %v for a %s system", name, Names(c.Kind), c.Kind)
		}
	}
	return nil
}

// Needs gives the options with which a stage can do these faults.
func (c *Config) Needs() stage.Options {
	loop, namespaces := needs(c.Faults)
	return stage.Options{Kind: c.Kind, Loop: loop, Namespaces: namespaces}
}

// run is a session under faults.
type run struct {
	Config
	ctx       context.Context
	ground    Ground
	bases     []string
	http      client.HTTP
	began     time.Time
	session   ids.Session
	part      ids.Part
	publicKey string
	chair     *person
	speakers  []*person
	probes    []*probe
	observers []*person

	mu                             sync.Mutex
	people                         []*person
	acks                           []time.Duration
	acknowledged, refused, unknown int
	changed                        chan struct{}
	history                        History
	incidents                      []*Incident
}

// now is since the run began, by the monotonic clock.
func (r *run) now() time.Duration { return time.Since(r.began) }

func (r *run) progress(text string, done, of int) {
	if r.Progress != nil {
		r.Progress(text, done, of)
	}
}

// Run holds a session on the ground, does the faults, and judges. Its error says
// that it could not be carried through, which a system that does not come up again
// causes too; what is wrong with the history is in the report.
func Run(ctx context.Context, config Config, ground Ground) (*Report, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	ways, err := newDoors(ground.Gateways(), 0)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{
		Config: config, ctx: ctx, ground: ground, bases: ground.Gateways(), began: time.Now(),
		session: ids.New[ids.Session](), changed: make(chan struct{}),
	}
	r.http = client.HTTP{Base: r.bases[0], Token: ground.Organiser(), Client: ways.browser()}
	defer r.leave()
	if err := r.convene(); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	defer watchers.Wait()
	defer stop()
	watchers.Go(func() { r.watch(watching) })
	for _, p := range r.observers[:keen] {
		watchers.Go(func() { r.stare(watching, p) })
	}
	took, err := r.meet()
	if err != nil {
		return nil, err
	}
	if err := r.conclude(); err != nil {
		return nil, err
	}
	stop()
	watchers.Wait()
	return r.judge(took)
}

// meet lets everybody act while the faults are done one after the other.
func (r *run) meet() (took time.Duration, err error) {
	acting, stop := context.WithCancel(r.ctx)
	var everybody sync.WaitGroup
	defer everybody.Wait()
	defer stop()
	everybody.Go(func() { r.preside(acting, rand.New(rand.NewPCG(r.Seed, 1))) })
	everybody.Go(func() { r.audit(acting) })
	for i, p := range r.speakers {
		everybody.Go(func() { r.speak(acting, p, rand.New(rand.NewPCG(r.Seed, uint64(100+i)))) })
	}
	begun := r.now()
	random := rand.New(rand.NewPCG(r.Seed, 2))
	for round := uint64(0); ; round++ {
		plan := Plan(r.Faults, r.Count, r.ground.Members(), r.Seed+round)
		for i, f := range plan {
			if r.For > 0 && r.now()-begun >= r.For {
				break
			}
			r.progress(f.String(), i, len(plan))
			incident, err := r.suffer(f, random)
			if err != nil {
				return 0, err
			}
			r.incidents = append(r.incidents, incident)
		}
		if r.For == 0 || r.now()-begun >= r.For {
			break
		}
	}
	// What comes after the last fault is part of the history too.
	rest(r.ctx, time.Second)
	return r.now() - begun, nil
}

// leave closes every client, all at once: each waits for its own goroutine.
func (r *run) leave() {
	var all sync.WaitGroup
	for _, p := range r.everybody() {
		all.Go(p.live.Close)
	}
	all.Wait()
}

// judge puts the history together and lets the checker look at it.
func (r *run) judge(took time.Duration) (*Report, error) {
	h := &r.history
	h.Session, h.PublicKey = r.session, r.publicKey
	h.Strict = !slices.ContainsFunc(r.Faults, func(name string) bool { return name == Pause || name == Partition })
	for _, p := range r.everybody() {
		p.mu.Lock()
		h.Commands = append(h.Commands, p.commands...)
		p.mu.Unlock()
	}
	findings, err := Check(h)
	if err != nil {
		return nil, err
	}
	return r.report(took, findings), nil
}
