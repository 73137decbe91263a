package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// Ground is the system under test, and the harm that may be done to it; *stage.Stage
// is one.
type Ground interface {
	Gateways() []string
	Organiser() string
	Members() []stage.Member
	LeaderOf(ctx context.Context, session ids.Session) (string, error)
	Kill(names ...string) error
	Stop(ctx context.Context, names ...string) error
	Start(ctx context.Context, names ...string) error
	Pause(names ...string) error
	Resume(names ...string) error
	Isolate(names ...string) error
	Rejoin(names ...string) error
	PowerOff(names ...string) error
	Fill(names ...string) error
	Free(names ...string) error
	Skew(ctx context.Context, name string, by time.Duration) error
	Flush(ctx context.Context, name string) error
	Unasked() []string
	Logs(name string) string
}

// Incident is a fault that was done, with what it cost. Times are in ms.
type Incident struct {
	Fault
	// AtS is when, in seconds since the clients were connected.
	AtS float64 `json:"at_s"`
	// FirstMS is from the fault until something sent after it was acknowledged, by each
	// context that the fault concerns; AllMS until every probe had its acknowledgement.
	FirstMS float64 `json:"first_ack_ms"`
	AllMS   float64 `json:"every_probe_ms"`
	// SilenceMS is the longest time in which no client at all was acknowledged.
	SilenceMS float64 `json:"silence_ms"`
	// AwayMS is the longest time that any client showed "reconnecting" or nothing new,
	// Away how many clients did.
	AwayMS float64 `json:"away_ms"`
	Away   int     `json:"away_clients"`
	// WholeMS is from the fault until everything ran and everybody was connected again.
	WholeMS float64 `json:"whole_again_ms"`
	// Limit is that of the issue, zero for none.
	LimitMS float64 `json:"limit_ms,omitempty"`
}

// recovery bounds how long the system may take to be whole again after a fault.
const recovery = 2 * time.Minute

// suffer does a fault, measures what it costs, and waits until all is well again.
func (r *run) suffer(f Fault, random *rand.Rand) (*Incident, error) {
	if !rest(r.ctx, f.Before) {
		return nil, r.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(r.ctx, recovery)
	defer cancel()
	if f.Name == Leader {
		// Between two leaders there is none to kill; the next is there soon.
		for {
			var err error
			if f.Target, err = r.ground.LeaderOf(ctx, r.session); err == nil {
				break
			}
			if !rest(ctx, 100*time.Millisecond) {
				return nil, err
			}
		}
	}
	i := &Incident{Fault: f, LimitMS: ms(limit(r.Kind, &f))}
	begun := r.now()
	i.AtS = begun.Seconds()
	var first, all time.Duration
	probed := make(chan error, 1)
	// The clocks run from the moment at which the harm is done, and the probes ask then.
	struck := func() {
		begun = r.now()
		go func() {
			var err error
			first, all, err = r.probing(ctx, concerns(f.Role))
			probed <- err
		}()
	}
	if err := r.harm(ctx, &f, struck, random); err != nil {
		return nil, fmt.Errorf("%s: %w%s", &f, err, r.lastWords(f.Target))
	}
	if err := <-probed; err != nil {
		return nil, fmt.Errorf("%s: %w%s", &f, err, r.lastWords(f.Target))
	}
	if err := r.whole(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w%s", &f, err, r.lastWords(f.Target))
	}
	end := r.now()
	i.FirstMS, i.AllMS, i.WholeMS = ms(first-begun), ms(all-begun), ms(end-begun)
	i.SilenceMS = ms(r.silence(begun, end))
	away, clients := r.away(begun, end)
	i.AwayMS, i.Away = ms(away), clients
	return i, nil
}

// harm does the harm, calls struck as it is done, and undoes it.
func (r *run) harm(ctx context.Context, f *Fault, struck func(), random *rand.Rand) error {
	hold := func() { rest(ctx, f.Hold) }
	g := r.ground
	switch f.Name {
	case Kill, Leader:
		struck()
		return errors.Join(g.Kill(f.Target), g.Start(ctx, f.Target))
	case Stop:
		struck()
		return errors.Join(g.Stop(ctx, f.Target), g.Start(ctx, f.Target))
	case Pause:
		struck()
		if err := g.Pause(f.Target); err != nil {
			return err
		}
		hold()
		return g.Resume(f.Target)
	case Partition:
		struck()
		if err := g.Isolate(f.Target); err != nil {
			return err
		}
		hold()
		return g.Rejoin(f.Target)
	case Power:
		targets := []string{f.Target}
		if f.Role == everyone {
			targets = nil
			for _, m := range g.Members() {
				if stores(m.Role) {
					targets = append(targets, m.Name)
				}
			}
		}
		struck()
		return errors.Join(g.PowerOff(targets...), g.Start(ctx, targets...))
	case Full:
		struck()
		if err := g.Fill(f.Target); err != nil {
			return err
		}
		hold()
		// NATS takes a store that could not write out of service until it is started again
		// (deploy/playbooks).
		return errors.Join(g.Free(f.Target), g.Kill(f.Target), g.Start(ctx, f.Target))
	case Skew:
		// Enough to arm no timers by (decisions.md 9), ahead or behind.
		by := time.Duration(300+random.IntN(4700)) * time.Millisecond
		if random.IntN(2) == 0 {
			by = -by
		}
		struck()
		if err := g.Skew(ctx, f.Target, by); err != nil {
			return err
		}
		hold()
		return g.Skew(ctx, f.Target, 0)
	case Flush:
		struck()
		return g.Flush(ctx, f.Target)
	case Rolling:
		struck()
		for _, m := range g.Members() {
			if err := errors.Join(g.Stop(ctx, m.Name), g.Start(ctx, m.Name)); err != nil {
				return fmt.Errorf("%s: %w", m.Name, err)
			}
		}
		return nil
	}
	return fmt.Errorf("there is no fault %q", f.Name)
}

// whole waits until every client is connected.
func (r *run) whole(ctx context.Context) error {
	for _, p := range r.everybody() {
		err := p.live.Wait(ctx, func(l *client.Locked) bool { return l.Connected() })
		if err != nil {
			return fmt.Errorf("%s is not connected again: %w", p.name, err)
		}
	}
	return nil
}

// lastWords is the end of what a member wrote.
func (r *run) lastWords(name string) string {
	text := r.ground.Logs(name)
	if text == "" {
		return ""
	}
	return "\n" + name + " wrote:\n" + text[max(0, len(text)-3000):]
}

// ms is a duration in ms.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
