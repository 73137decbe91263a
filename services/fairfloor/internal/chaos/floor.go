package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// rest waits, or ends early with the load.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// preside is the chair: gives the floor, lets them begin, ends the turn, and now
// and then takes it back or adds time. Whatever is refused was refused by what the
// others did meanwhile, and the chair looks again.
func (r *run) preside(ctx context.Context, random *rand.Rand) {
	for rest(ctx, time.Duration(200+random.IntN(600))*time.Millisecond) {
		view, err := r.chair.live.View()
		if err != nil {
			continue
		}
		turn := view.Floor.Turn
		if turn.IsZero() {
			if turn = r.give(view, random); turn.IsZero() {
				continue
			}
		}
		_, _ = r.chair.do("begin", &command.Expect{Turn: &turn}, command.Begin{Turn: turn}, false)
		if !rest(ctx, time.Duration(300+random.IntN(1200))*time.Millisecond) {
			return
		}
		if random.IntN(4) == 0 {
			_, _ = r.chair.do("extend_turn", &command.Expect{Turn: &turn}, command.ExtendTurn{Turn: turn, ByMS: 5000}, false)
		}
		ended, err := r.chair.do("end", &command.Expect{Turn: &turn}, command.TurnRef{Turn: turn}, random.IntN(3) == 0)
		if err == nil && random.IntN(6) == 0 {
			_, _ = r.chair.do("undo", &command.Expect{Act: &ended.CommandID}, command.ActRef{Act: ended.CommandID}, false)
		}
		_ = r.chair.live.WaitSeq(ctx, ended.Seq)
	}
}

// give gives the floor to the next, and puts on standby who is away.
func (r *run) give(view *api.View, random *rand.Rand) (turn ids.Turn) {
	list := view.Lists[r.part]
	if len(list) == 0 {
		return turn
	}
	next, free := list[0], ids.Turn{}
	if r.probed(view.Entries[next].Applicant) {
		return turn // they leave again at once, and shall not be kept from it
	}
	if view.Entries[next].Absent {
		_, _ = r.chair.do("to_standby", nil, command.EntryRef{Entry: next}, false)
		return turn
	}
	given, err := r.chair.do("next", &command.Expect{Turn: &free, Entry: &next}, command.None{}, random.IntN(3) == 0)
	if err != nil {
		return turn
	}
	turn, _ = ids.Parse[ids.Turn](given.Made["turn"])
	_ = r.chair.live.WaitSeq(r.ctx, given.Seq)
	return turn
}

// speak is a speaker: joins, leaves, says that they are there or away, steps back,
// exchanges places, comes back from standby, corrects the application.
func (r *run) speak(ctx context.Context, p *person, random *rand.Rand) {
	pause := time.Duration(float64(time.Second) * float64(r.Speakers) / r.Rate)
	for rest(ctx, time.Duration(float64(pause)*(.5+random.Float64()))) {
		r.act(p, random)
	}
}

// act is one step of a speaker.
func (r *run) act(p *person, random *rand.Rand) {
	twice := random.IntN(5) == 0
	if p.entry.IsZero() {
		joined, err := p.do("join", nil, command.Join{Part: r.part}, twice)
		if err == nil {
			p.entry, _ = ids.Parse[ids.Entry](joined.Made["entry"])
			_ = p.live.WaitSeq(r.ctx, joined.Seq)
		} else {
			p.entry = r.mine(p) // an answer may have been lost, or come too late
		}
		return
	}
	ref := command.EntryRef{Entry: p.entry}
	select {
	case swap := <-p.swaps:
		verb := "accept_swap"
		if random.IntN(4) == 0 {
			verb = "decline_swap"
		}
		_, _ = p.do(verb, nil, command.SwapRef{Swap: swap}, twice)
		return
	default:
	}
	view, err := p.live.View()
	if err != nil {
		return
	}
	switch view.Entries[p.entry].State {
	case session.Spoken, session.Gone, session.NotReached:
		p.entry = ids.Entry{}
		return
	case session.Standby:
		_, _ = p.do("return", nil, ref, twice)
		return
	}
	switch n := random.IntN(100); {
	case n < 30:
		_, _ = p.do("check_in", nil, ref, twice)
	case n < 45:
		_, _ = p.do("report_absent", nil, ref, twice)
	case n < 55:
		_, _ = p.do("defer", nil, ref, twice)
	case n < 65:
		if _, err := p.do("withdraw", nil, ref, twice); err == nil {
			p.entry = ids.Entry{}
		}
	case n < 85:
		r.exchange(p, view, random)
	default:
		_, _ = p.do("change_application", nil, command.Apply{
			Applicant: p.applicant, Organisation: view.Applicants[p.applicant].Organisation, RequestedMS: 30_000 + 1000*random.Int64N(200),
		}, twice)
	}
}

// mine is the entry that the view shows for a speaker, none when they have none.
func (r *run) mine(p *person) ids.Entry {
	view, err := p.live.View()
	if err != nil {
		return ids.Entry{}
	}
	for id, e := range view.Entries {
		if e.Applicant == p.applicant && (e.State == session.Waiting || e.State == session.Standby || e.State == session.OnFloor) {
			return id
		}
	}
	return ids.Entry{}
}

// exchange proposes an exchange of places to another speaker who waits.
func (r *run) exchange(p *person, view *api.View, random *rand.Rand) {
	list := view.Lists[r.part]
	if len(list) < 2 {
		return
	}
	with := list[random.IntN(len(list))]
	if with == p.entry {
		return
	}
	proposed, err := p.do("propose_swap", nil, command.ProposeSwap{Entry: p.entry, With: with}, false)
	if err != nil {
		return
	}
	swap, err := ids.Parse[ids.Swap](proposed.Made["swap"])
	if err != nil {
		return
	}
	for _, one := range r.speakers {
		if one.applicant == view.Entries[with].Applicant {
			select {
			case one.swaps <- swap:
			default: // they have enough to think about
			}
		}
	}
}

// stare is a keen observer: writes down who has the floor at each log position shown.
func (r *run) stare(ctx context.Context, p *person) {
	var last uint64
	for {
		var one Sight
		err := p.live.Wait(ctx, func(l *client.Locked) bool {
			if l.Seq() == last || !l.Connected() {
				return false
			}
			v := l.View()
			if v == nil {
				return false
			}
			one = Sight{Client: p.name, Seq: l.Seq(), Turn: v.Floor.Turn}
			for id, turn := range v.Turns {
				if turn.EndedAt.IsZero() && !turn.Void {
					one.Running = append(one.Running, id)
				}
			}
			return true
		})
		if err != nil {
			return
		}
		last = one.Seq
		r.mu.Lock()
		r.history.Sights = append(r.history.Sights, one)
		r.mu.Unlock()
	}
}

// audit reads the stored log again and again, and remembers where each subject stood.
func (r *run) audit(ctx context.Context) {
	wait := auditEvery
	for rest(ctx, wait) {
		one := Read{Client: "auditor", Call: r.now(), Heads: map[string]Head{}}
		log, err := r.export(ctx)
		one.Return = r.now()
		if err != nil {
			continue // nobody answers just now
		}
		// A long log takes its time, which is the servers' and not ours to take.
		wait = max(auditEvery, 20*(one.Return-one.Call))
		for _, line := range log.Lines {
			one.Heads[line.Subject] = Head{Version: one.Heads[line.Subject].Version + 1, Hash: events.HashBody([]byte(line.Body))}
		}
		r.mu.Lock()
		r.history.Reads = append(r.history.Reads, one)
		r.mu.Unlock()
	}
}

const auditEvery = 2 * time.Second
