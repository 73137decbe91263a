package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// keen is how many observers write down whom they see with the floor.
const keen = 2

// atOnce is how many clients connect side by side.
const atOnce = 16

func (r *run) path(rest string) string { return "/api/v1/sessions/" + r.session.String() + rest }

// patiently asks again while the answer is "not now", and while nobody answers.
func (r *run) patiently(ask func() error) error {
	for {
		err := ask()
		var p *problem.Error
		if err == nil || errors.As(err, &p) && !passing(p) {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-r.ctx.Done():
			return errors.Join(r.ctx.Err(), err)
		}
	}
}

// organise is a command of the organiser, before the faults begin.
func (r *run) organise(verb string, args any) error {
	return r.patiently(func() error {
		if _, err := r.http.Command(r.ctx, r.session, verb, nil, args, ""); err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
		return nil
	})
}

func (r *run) get(path string, out any) error {
	return r.patiently(func() error { return r.http.Do(r.ctx, http.MethodGet, r.path(path), nil, out) })
}

// convene makes the session, running and with an open list, and lets everybody connect.
func (r *run) convene() error {
	now := clock.Of(time.Now())
	if err := r.organise("create_session", command.CreateSession{
		Title: "Chaos", PlannedStart: now, HardEnd: now.Add(23 * 60 * 60_000), Zone: "UTC", Languages: tracks,
	}); err != nil {
		return err
	}
	rows := make([]command.Apply, r.Speakers+2*len(contexts))
	for i := range rows {
		rows[i] = command.Apply{Organisation: fmt.Sprintf("Organisation %03d", i), Accept: true}
	}
	if err := r.organise("import", command.Import{Rows: rows}); err != nil {
		return err
	}
	var view api.View
	if err := r.get("", &view); err != nil {
		return err
	}
	r.publicKey = view.Session.PublicKey
	for _, id := range view.Agenda {
		if view.Parts[id].HasList {
			r.part = id
		}
	}
	byName := map[string]ids.Applicant{}
	for id, a := range view.Applicants {
		byName[a.Organisation] = id
	}
	if err := r.organise("open_list", command.PartRef{Part: r.part}); err != nil {
		return err
	}
	if err := r.seat(rows, byName); err != nil {
		return err
	}
	if _, err := r.chair.do("start_session", nil, command.None{}, false); err != nil {
		return fmt.Errorf("start_session: %w", err)
	}
	return nil
}

// tracks are the languages, one for each probe of the transcript.
var tracks = []string{"en", "fr"}

// seat connects chair, speakers, probes and observers.
func (r *run) seat(rows []command.Apply, applicants map[string]ids.Applicant) error {
	var err error
	if r.chair, err = r.join("chair", api.ForChair, command.Invite{Roles: []events.Role{events.Chair}}, 0); err != nil {
		return err
	}
	r.speakers, r.probes = make([]*person, r.Speakers), make([]*probe, 2*len(contexts))
	watching, err := r.link(command.Invite{Roles: []events.Role{events.Observer}})
	if err != nil {
		return err
	}
	r.observers = make([]*person, r.Observers)
	total := len(rows) + r.Observers
	var done atomic.Int64
	return each(total, func(i int) (err error) {
		switch {
		case i < r.Speakers:
			invite := command.Invite{Roles: []events.Role{events.Speaker}, Applicant: applicants[rows[i].Organisation]}
			if r.speakers[i], err = r.join(fmt.Sprintf("speaker %d", i+1), api.ForParticipant, invite, i); err == nil {
				r.speakers[i].applicant = invite.Applicant
			}
		case i < len(rows):
			n := i - r.Speakers
			r.probes[n], err = r.newProbe(n, applicants[rows[i].Organisation])
		default:
			n := i - len(rows)
			r.observers[n], err = r.dial(fmt.Sprintf("observer %d", n+1), watching, api.ForPublic, n)
		}
		r.progress("connecting", int(done.Add(1)), total)
		return err
	})
}

// join makes a link and connects somebody with it.
func (r *run) join(name string, audience api.Audience, invite command.Invite, n int) (*person, error) {
	token, err := r.link(invite)
	if err != nil {
		return nil, fmt.Errorf("a link for %s: %w", name, err)
	}
	p, err := r.dial(name, token, audience, n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// link makes a signed link and gives its token.
func (r *run) link(args command.Invite) (string, error) {
	args.Expires = time.Now().Add(72 * time.Hour).UnixMilli()
	var made api.Invitation
	err := r.patiently(func() error {
		return r.http.Do(r.ctx, http.MethodPost, r.path("/invitations"), args, &made)
	})
	return made.Token, err
}

// each does a task for 0 to n-1, atOnce at a time, and gives the first failure.
func each(n int, do func(i int) error) error {
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	var next atomic.Int64
	for range min(n, atOnce) {
		all.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// export reads the stored log.
func (r *run) export(ctx context.Context) (*proof.Log, error) {
	var raw []byte
	if err := r.http.Do(ctx, http.MethodGet, r.path("/log"), nil, &raw); err != nil {
		return nil, err
	}
	return proof.ReadLog(bytes.NewReader(raw))
}

// rounds bounds how often the end is looked for, and settled how long a client may
// take to reach it.
const (
	rounds  = 40
	settled = 60 * time.Second
)

// conclude waits until the log stands still and everybody is at its end, and takes
// everybody's view.
func (r *run) conclude() error {
	for range rounds {
		log, err := r.settledLog()
		if err != nil {
			return err
		}
		end := log.Lines[len(log.Lines)-1].Seq
		endings := r.endings(end)
		again, err := r.settledLog()
		if err != nil {
			return err
		}
		if again.Lines[len(again.Lines)-1].Seq == end {
			r.history.Log, r.history.Endings = again, endings
			return nil
		}
	}
	return fmt.Errorf("the log does not come to rest within %d looks", rounds)
}

func (r *run) settledLog() (log *proof.Log, err error) {
	err = r.patiently(func() error {
		ctx, cancel := context.WithTimeout(r.ctx, settled)
		defer cancel()
		log, err = r.export(ctx)
		return err
	})
	return log, err
}

// endings takes everybody's view once it is at the end.
func (r *run) endings(end uint64) []Ending {
	ctx, cancel := context.WithTimeout(r.ctx, settled)
	defer cancel()
	people := r.everybody()
	out := make([]Ending, len(people))
	shared := map[string][]byte{}
	var mu sync.Mutex
	_ = each(len(people), func(i int) error {
		p := people[i]
		failed := p.live.WaitSeq(ctx, end)
		raw, err := p.live.JSON()
		one := Ending{Client: p.name, Audience: p.audience, Seq: p.live.Seq()}
		if state, _ := p.live.State(); state == client.Stopped || err != nil {
			one.Stopped, one.Why = true, fmt.Sprint(errors.Join(failed, err))
		}
		mu.Lock()
		if same, known := shared[string(raw)]; known {
			raw = same
		} else {
			shared[string(raw)] = raw
		}
		mu.Unlock()
		one.View = raw
		out[i] = one
		return nil
	})
	return out
}
