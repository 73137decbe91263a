package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// contexts are those that acknowledge commands; each has two probes, which begin at
// different gateways.
var contexts = []events.Context{events.Registry, events.Queue, events.Timing, events.Transcript}

// probe is a client that, at each fault, asks one context for something that it
// will always grant, to measure when that is acknowledged.
type probe struct {
	*person
	context events.Context
	track   string
	source  ids.Source
	turns   int // how often it asked
}

// newProbe connects the n-th.
func (r *run) newProbe(n int, applicant ids.Applicant) (*probe, error) {
	p := &probe{context: contexts[n/2], track: tracks[n%2]}
	invite, audience := command.Invite{Roles: []events.Role{events.Speaker}, Applicant: applicant}, api.ForParticipant
	switch p.context {
	case events.Timing:
		invite, audience = command.Invite{Roles: []events.Role{events.Chair}}, api.ForChair
	case events.Transcript:
		invite, audience = command.Invite{Roles: []events.Role{events.Captioner}}, api.ForBooth
	case events.Registry, events.Queue:
	}
	var err error
	if p.person, err = r.join(fmt.Sprintf("probe %d of %s", n%2+1, p.context), audience, invite, n); err != nil {
		return nil, err
	}
	p.applicant = applicant
	return p, nil
}

// ask asks once and gives when it was acknowledged. Where something else stands in
// the way, what was asked for last or what a fault left open, it clears it away and
// asks anew.
func (p *probe) ask(ctx context.Context) (at time.Duration, err error) {
	for ctx.Err() == nil {
		p.turns++
		verb, args := p.wish()
		receipt, refused := p.send(verb, nil, args, false, true)
		if refused == nil {
			at = p.run.now()
			p.clear(receipt)
			return at, nil
		}
		err = refused
		if state, _ := p.live.State(); state == client.Stopped {
			return 0, fmt.Errorf("%s gave up and would need a reload: %w", p.name, err)
		}
		if p.context == events.Queue {
			if entry := p.run.mine(p.person); !entry.IsZero() {
				_, _ = p.do("withdraw", nil, command.EntryRef{Entry: entry}, false)
			}
		}
		p.source = ids.Source{} // its lease may be over
		rest(ctx, 50*time.Millisecond)
	}
	return 0, fmt.Errorf("%s: nothing was acknowledged: %w", p.name, errors.Join(err, ctx.Err()))
}

// clear lets the next wish be granted too.
func (p *probe) clear(receipt command.Receipt) {
	if entry, err := ids.Parse[ids.Entry](receipt.Made["entry"]); err == nil {
		_, _ = p.do("withdraw", nil, command.EntryRef{Entry: entry}, false)
		return
	}
	if p.context == events.Transcript {
		// What was opened is closed the next time, and the other way round.
		p.source, _ = ids.Parse[ids.Source](receipt.Made["source"])
	}
}

// wish is what a probe asks next.
func (p *probe) wish() (verb string, args any) {
	switch p.context {
	case events.Registry:
		return "change_application", map[string]any{"applicant": p.applicant, "requested_ms": 30_000 + 1000*(p.turns%200)}
	case events.Timing:
		by := int64(60_000)
		if p.turns%2 == 0 {
			by = -by
		}
		return "extend_session", command.ExtendSession{ByMS: by}
	case events.Transcript:
		if p.source.IsZero() {
			return "open_source", command.OpenSource{Track: p.track, Kind: events.TypedSource, Label: "Probe", Hears: events.HearsInterpretation}
		}
		return "close_source", command.SourceRef{Source: p.source}
	case events.Queue:
	}
	return "join", command.Join{Part: p.run.part}
}

// probed reports whether an applicant is a probe's.
func (r *run) probed(applicant ids.Applicant) bool {
	return slices.ContainsFunc(r.probes, func(p *probe) bool { return p.applicant == applicant })
}

// probing asks all probes of some contexts at once. It gives when the first probe
// of the slowest context had its acknowledgement, and when the last probe had.
func (r *run) probing(ctx context.Context, of []events.Context) (first, all time.Duration, err error) {
	var mu sync.Mutex
	var failed []error
	soonest := map[events.Context]time.Duration{}
	var group sync.WaitGroup
	for _, p := range r.probes {
		if !slices.Contains(of, p.context) {
			continue
		}
		group.Go(func() {
			at, err := p.ask(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			if known, ok := soonest[p.context]; !ok || at < known {
				soonest[p.context] = at
			}
			all = max(all, at)
		})
	}
	group.Wait()
	for _, at := range soonest {
		first = max(first, at)
	}
	return first, all, errors.Join(failed...)
}
