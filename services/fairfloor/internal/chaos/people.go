package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// doors are the gateways as a reverse proxy before them would offer them: each new
// connection goes to the next one, and to the one after it when nobody answers.
type doors struct {
	addresses []string
	next      atomic.Int64
}

// newDoors begins with the n-th gateway.
func newDoors(bases []string, n int) (*doors, error) {
	d := &doors{}
	for _, base := range bases {
		u, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		d.addresses = append(d.addresses, u.Host)
	}
	d.next.Store(int64(n))
	return d, nil
}

// dial is for client.Options and http.Transport.
func (d *doors) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	first := int(d.next.Add(1) - 1)
	var failed error
	for i := range d.addresses {
		dialer := net.Dialer{Timeout: dialWithin}
		conn, err := dialer.DialContext(ctx, network, d.addresses[(first+i)%len(d.addresses)])
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// dialWithin is how long a gateway may take to accept a connection before the next is tried.
const dialWithin = time.Second

// browser is an HTTP client through doors.
func (d *doors) browser() *http.Client {
	// No idle connection: one to a gateway that is gone would be tried first.
	return &http.Client{Transport: &http.Transport{DialContext: d.dial, DisableKeepAlives: true}, Timeout: 15 * time.Second}
}

// gap is a time without a line that shows the present.
type gap struct{ from, to time.Duration }

// person is one client with what it recorded.
type person struct {
	run       *run
	name      string
	audience  api.Audience
	live      *client.Live
	token     string
	other     client.HTTP // the same person by another way, beginning at the other gateway
	applicant ids.Applicant
	entry     ids.Entry
	swaps     chan ids.Swap // proposals that were made to them

	mu       sync.Mutex
	commands []Command
	gaps     []gap
	lost     time.Duration // since when the line is lost, -1 while it stands
}

// dial connects somebody, through the n-th gateway first.
func (r *run) dial(name, token string, audience api.Audience, n int) (*person, error) {
	d, err := newDoors(r.bases, n)
	if err != nil {
		return nil, err
	}
	back, err := newDoors(r.bases, n+1)
	if err != nil {
		return nil, err
	}
	p := &person{
		run: r, name: name, token: token, audience: audience, lost: -1, swaps: make(chan ids.Swap, 4),
		other: client.HTTP{Base: r.bases[0], Token: token, Client: back.browser()},
	}
	p.live, err = client.Dial(r.ctx, client.Options{
		Base: r.bases[0], Session: r.session, Token: token, Dial: d.dial,
		// As a page waits (live.ts), but not so long in the end: a fault is over by then.
		FirstBackoff: 250 * time.Millisecond, MostBackoff: 2 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.people = append(r.people, p)
	r.mu.Unlock()
	return p, nil
}

// giveUp is after how long a client takes a command's outcome for unknown.
const giveUp = 90 * time.Second

// do asks for something over the live connection, and at the same time over HTTP
// when twice is set: one id, so that it may happen once. It records what it heard.
func (p *person) do(verb string, expect *command.Expect, args any, twice bool) (command.Receipt, error) {
	return p.send(verb, expect, args, twice, false)
}

func (p *person) send(verb string, expect *command.Expect, args any, twice, probe bool) (command.Receipt, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return command.Receipt{}, err
	}
	frame := api.CommandFrame{Type: api.FrameCommand, ID: ids.New[ids.Command](), Verb: verb, Expect: expect, Args: raw}
	ctx, cancel := context.WithTimeout(p.run.ctx, giveUp)
	defer cancel()
	one := Command{Client: p.name, Verb: verb, ID: frame.ID, Call: p.run.now(), Probe: probe}
	var by sync.WaitGroup
	var copied command.Receipt
	var failed error
	if twice {
		by.Go(func() {
			failed = p.other.Do(ctx, http.MethodPost, p.run.path("/commands"), frame, &copied)
		})
	}
	r, err := p.live.Send(ctx, frame)
	one.Return = p.run.now()
	by.Wait()
	var refused *problem.Error
	switch {
	case err == nil:
		one.Outcome, one.Receipts = Acknowledged, []command.Receipt{r}
	case errors.As(err, &refused) && !passing(refused):
		one.Outcome, one.Refusal = Refused, refused.Code
	default:
		one.Outcome = Unknown
	}
	if twice && failed == nil && copied.Outcome == command.Accepted {
		// What was refused here at first may have been possible there a moment later.
		one.Outcome, one.Refusal = Acknowledged, ""
		one.Receipts = append(one.Receipts, copied)
		one.Return = max(one.Return, p.run.now())
		if err != nil {
			r, err = copied, nil
		}
	}
	p.mu.Lock()
	p.commands = append(p.commands, one)
	p.mu.Unlock()
	p.run.answered(&one)
	return r, err
}

// passing reports whether a refusal says nothing about what became of the command.
func passing(p *problem.Error) bool {
	return slices.Contains([]problem.Code{problem.Busy, problem.Unknown, problem.TooMany}, p.Code)
}

// lookEvery is how often each line is looked at: how exact the gaps are.
const lookEvery = 20 * time.Millisecond

// watch notes when somebody's line is lost, or shows nothing new for so long that a
// page would call it stale, until ctx ends.
func (r *run) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.look(true)
			return
		case <-tick.C:
			r.look(false)
		}
	}
}

func (r *run) look(last bool) {
	now := r.now()
	for _, p := range r.everybody() {
		state, stale := p.live.State()
		away := state != client.Connected || stale
		p.mu.Lock()
		switch {
		case away && p.lost < 0:
			p.lost = now
		case p.lost >= 0 && (!away || last):
			p.gaps = append(p.gaps, gap{p.lost, now})
			p.lost = -1
		}
		p.mu.Unlock()
	}
}

// away gives the longest gap that any client had in a time, and how many had one.
func (r *run) away(from, to time.Duration) (longest time.Duration, clients int) {
	for _, p := range r.everybody() {
		p.mu.Lock()
		all := p.gaps
		if p.lost >= 0 {
			all = append(slices.Clone(all), gap{p.lost, to})
		}
		had := false
		for _, g := range all {
			if g.to > from && g.from < to {
				longest, had = max(longest, g.to-max(g.from, from)), true
			}
		}
		p.mu.Unlock()
		if had {
			clients++
		}
	}
	return longest, clients
}

// everybody is who is connected.
func (r *run) everybody() []*person {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.people)
}

// answered tells who waits for acknowledgements.
func (r *run) answered(one *Command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch one.Outcome {
	case Acknowledged:
		r.acknowledged++
		if !one.Probe {
			r.acks = append(r.acks, one.Return)
		}
	case Unknown:
		r.unknown++
	case Refused:
		r.refused++
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// silence is the longest time within from and to in which nothing was acknowledged.
func (r *run) silence(from, to time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, longest := from, time.Duration(0)
	// Only the end of the list can lie in the time.
	at := len(r.acks)
	for at > 0 && r.acks[at-1] > from-giveUp {
		at--
	}
	recent := slices.Clone(r.acks[at:])
	slices.SortFunc(recent, cmp.Compare[time.Duration])
	for _, ack := range recent {
		if ack > from && ack <= to {
			longest, last = max(longest, ack-last), ack
		}
	}
	return max(longest, to-last)
}
