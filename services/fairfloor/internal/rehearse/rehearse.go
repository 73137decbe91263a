// Package rehearse runs a whole session with simulated speakers, each a real
// client of the public API and websocket, and says what became of everybody.
//
// Guarantee: nothing is done behind the API's back; with a gate (one process)
// session time advances only when every client has its receipts and every
// consumer has caught up, so the same seed gives the same bytes of JSON
// (decisions.md 8); without one the clock is scaled, and the report says so.
package rehearse

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Gate is the gated clock of one process together with the wait until every
// consumer of the log has caught up.
type Gate interface {
	// Now is session time; Next the earliest armed timer.
	Now() time.Time
	Next() (time.Time, bool)
	// Advance moves the clock and fires the timers that are due by then.
	Advance(to time.Time)
	// Settle returns when nothing more can happen while the clock stands.
	Settle(ctx context.Context) error
}

// Config says what to rehearse.
type Config struct {
	// Base is the server's address and Organiser a token of its organiser.
	Base, Organiser string
	// Applicants is how many apply (1 to 500), Minutes how long the session
	// lasts until its hard end (5 to 600).
	Applicants, Minutes int
	Seed                uint64
	// Absent is the share of speakers who are not there when called, 0 to 1; half come late.
	Absent float64
	// Overrun is the mean of the log of prepared over announced length; .03 is
	// texts written to length, .196 texts as measured (fairness.md).
	Overrun float64
	// Drops is how many times a line is dropped in mid-session.
	Drops int
	// Alone lets the secretariat do everything: no delegate ever connects.
	Alone bool
	// LateJoiners is how many of the applicants join after the list closed, put on
	// it by the secretariat.
	LateJoiners int
	// InterruptionS is how long, in s, the session is suspended once, 0 to 3600.
	InterruptionS int
	// NeverRaise makes the chair confirm no raise; else they confirm each at once.
	NeverRaise bool
	// Points is how many points of order are raised.
	Points int
	// Order is the ordering rule, one of session.Orders; empty is the order of
	// joining. Every other rule has its lot drawn before the start.
	Order string
	// Parts makes three parts: opening, an item with its list, questions.
	Parts bool
	// Captions lets the speakers' words be captioned as they speak, in several
	// languages and by several kinds of source.
	Captions bool
	// Gate is nil when the clock is scaled by Speed (1 to 1000).
	Gate  Gate
	Speed float64
	// Pace, with a gate, slows the advance for watching: session seconds for each real one; zero is as fast as it goes.
	Pace float64
	// Progress is told after each turn; may be nil.
	Progress func(done, of int, now clock.Instant)
	// Ready is told the session and its links before it starts; may be nil.
	Ready func(session ids.Session, links map[string]string)
}

// Check says which field is out of range.
func (c *Config) Check() error {
	switch {
	case c.Applicants < 1 || c.Applicants > 500:
		return fmt.Errorf("applicants: %d is not between 1 and 500", c.Applicants)
	case c.Minutes < 5 || c.Minutes > 600:
		return fmt.Errorf("minutes: %d is not between 5 and 600", c.Minutes)
	case c.Absent < 0 || c.Absent > 1:
		return fmt.Errorf("absent: %g is not between 0 and 1", c.Absent)
	case c.Overrun < -1 || c.Overrun > 1:
		return fmt.Errorf("overrun: %g is not between -1 and 1", c.Overrun)
	case c.LateJoiners < 0 || c.LateJoiners >= max(c.Applicants, 1):
		return fmt.Errorf("late-joiners: %d is not between 0 and %d", c.LateJoiners, c.Applicants-1)
	case c.InterruptionS < 0 || c.InterruptionS > 3600:
		return fmt.Errorf("interruption: %d s is not between 0 and 3600", c.InterruptionS)
	case c.Order != "" && !slices.Contains(session.Orders(), c.Order):
		return fmt.Errorf("order: %q is none of %s", c.Order, strings.Join(session.Orders(), ", "))
	case c.Gate == nil && (c.Speed < 1 || c.Speed > 1000):
		return fmt.Errorf("speed: %g is not between 1 and 1000", c.Speed)
	}
	return nil
}

// PlannedStart is the session time of every rehearsal's start, so that reports
// of the same seed are equal: 16 December 2021, 14:00 UTC.
var PlannedStart = clock.Of(time.Date(2021, 12, 16, 14, 0, 0, 0, time.UTC))

// Lead is how long before the planned start a rehearsal's time begins, in ms.
const Lead = 600_000

// Begin is the session time at which a rehearsal begins; a gate must stand there.
func Begin() time.Time { return PlannedStart.Add(-Lead).Time() }

// delegate is one simulated speaker.
type delegate struct {
	index        int
	organisation string
	applicant    ids.Applicant
	entry        ids.Entry
	live         *client.Live // nil when they never connect
	absent, late bool
	// spread is the delegate's own factor of prepared over announced length.
	spread float64
	// handoverMS is the time from the end of the last turn to their first word.
	handoverMS int64
	// patienceMS is how long after the grace the chair lets them run, negative
	// when the chair does not end the overrun.
	patienceMS int64
	joinedAt   clock.Instant
}

// stage is a rehearsal as it runs.
type stage struct {
	Config
	ctx       context.Context
	http      client.HTTP
	session   ids.Session
	item      ids.Part
	random    *rand.Rand
	mapping   clock.Mapping
	delegates []*delegate
	byEntry   map[ids.Entry]*delegate
	chair     *client.Live
	observer  *client.Live
	voice     voice
	hardEnd   clock.Instant
	opening   int64
	drops     []clock.Instant
	points    []clock.Instant
	// outside are those who join late, joiners when; interruption is when the
	// session is interrupted, zero for never (again).
	outside      []*delegate
	joiners      []clock.Instant
	interruption clock.Instant
	chairToken   string
	// rungs counts the choices from the ladder.
	rungs int
	done  int
}

// Run rehearses and reports. The context's end ends it with an error.
func Run(ctx context.Context, config Config) (*Report, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	s := &stage{
		Config: config, ctx: ctx, http: client.HTTP{Base: config.Base, Token: config.Organiser},
		random:  rand.New(rand.NewPCG(config.Seed, 0x9e3779b97f4a7c15)), //nolint:gosec // a seeded rehearsal, not a secret
		byEntry: map[ids.Entry]*delegate{},
	}
	defer s.leave()
	for _, step := range []func() error{s.create, s.invite, s.join, s.speech, s.open, s.run, s.close} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.report()
}

// leave closes every client.
func (s *stage) leave() {
	for _, d := range s.delegates {
		if d.live != nil {
			d.live.Close()
		}
	}
	for _, l := range []*client.Live{s.chair, s.observer, s.voice.desk} {
		if l != nil {
			l.Close()
		}
	}
}

// draw makes the delegates' behaviour, all of it before the session starts,
// so that it does not depend on what happens.
func (s *stage) draw(d *delegate) {
	// fairness.md: sd .10 within and .05 between sessions for texts written to length.
	d.spread = math.Exp(s.Overrun + 0.10*s.random.NormFloat64())
	d.handoverMS = 5000 + s.random.Int64N(10_001)
	d.patienceMS = -1
	if s.random.Float64() < 0.7 {
		d.patienceMS = s.random.Int64N(15_001)
	}
	if s.random.Float64() < s.Absent {
		d.absent = true
		d.late = s.random.Float64() < 0.5
	}
}

// now is session time.
func (s *stage) now() clock.Instant {
	if s.Gate != nil {
		return clock.Of(s.Gate.Now())
	}
	return s.mapping.Session(time.Now())
}

// until lets session time pass to an instant. What was planned for a time in
// between (dropped lines) happens on the way.
func (s *stage) until(at clock.Instant) error {
	for len(s.drops) > 0 && s.drops[0] <= at {
		due := s.drops[0]
		s.drops = s.drops[1:]
		if err := s.pass(due); err != nil {
			return err
		}
		s.drop()
	}
	return s.pass(at)
}

func (s *stage) pass(at clock.Instant) error {
	if s.Gate == nil {
		select {
		case <-time.After(s.mapping.Wall(time.Now(), at)):
			return nil
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	for {
		if err := s.settle(); err != nil {
			return err
		}
		to := at.Time()
		if next, armed := s.Gate.Next(); armed && next.Before(to) {
			to = next
		}
		if s.Pace > 0 {
			if err := s.watch(to); err != nil {
				return err
			}
		}
		s.Gate.Advance(to)
		if !to.Before(at.Time()) {
			return s.settle()
		}
	}
}

// watch waits as long as a watcher at the pace would see the time pass.
func (s *stage) watch(to time.Time) error {
	wait := time.Duration(float64(to.Sub(s.Gate.Now())) / s.Pace)
	select {
	case <-time.After(wait):
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// heads is what GET .../heads answers, as far as it is needed here.
type heads struct {
	Sequence uint64 `json:"sequence"`
	// View is up to where the views change: captions come after it.
	View uint64 `json:"view"`
}

// settle waits, while the gate's clock stands, until the services have nothing
// more to do and every client's view has reached the end of the log. A view that
// arrives may itself cause something (a delegate's socket is noted as seen), so
// it is over only when the log did not grow meanwhile.
func (s *stage) settle() error {
	if s.Gate == nil {
		return nil
	}
	for last := uint64(0); ; {
		if err := s.Gate.Settle(s.ctx); err != nil {
			return err
		}
		if s.chair == nil {
			return nil
		}
		var h heads
		if err := s.http.Do(s.ctx, http.MethodGet, "/api/v1/sessions/"+s.session.String()+"/heads", nil, &h); err != nil {
			return err
		}
		for _, l := range append([]*client.Live{s.chair, s.observer}, s.lives()...) {
			if err := l.WaitSeq(s.ctx, h.View); err != nil {
				return err
			}
		}
		if h.Sequence == last {
			return nil
		}
		last = h.Sequence
	}
}

func (s *stage) lives() []*client.Live {
	lives := make([]*client.Live, 0, len(s.delegates))
	for _, d := range s.delegates {
		if d.live != nil {
			lives = append(lives, d.live)
		}
	}
	return lives
}

// drop cuts a waiting delegate's line; the client comes back by itself, and the
// place on the list must still be theirs.
func (s *stage) drop() {
	if lives := s.lives(); len(lives) > 0 {
		lives[s.random.IntN(len(lives))].Drop()
	}
}

// ask is the chair's command; its view then stands at the receipt or later.
func (s *stage) ask(verb string, expect *command.Expect, args any) (command.Receipt, error) {
	return s.through(s.chair, verb, expect, args)
}

func (s *stage) through(l *client.Live, verb string, expect *command.Expect, args any) (command.Receipt, error) {
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	r, err := l.Do(ctx, verb, expect, args)
	if err != nil {
		return r, fmt.Errorf("%s: %w", verb, err)
	}
	if err := s.settle(); err != nil {
		return r, err
	}
	return r, s.chair.WaitSeq(ctx, r.Seq)
}

// view is the chair's.
func (s *stage) view() (*api.View, error) {
	if s.chair == nil {
		return nil, errors.New("the chair is not connected")
	}
	return s.chair.View()
}

// delegateDo lets a delegate act, or the secretariat on their behalf when they
// are not connected.
func (s *stage) delegateDo(d *delegate, verb string, expect *command.Expect, args any) (command.Receipt, error) {
	if d.live == nil {
		return s.ask(verb, expect, args)
	}
	return s.through(d.live, verb, expect, args)
}

// expectTurn is what a command about the running turn expects.
func expectTurn(turn ids.Turn) *command.Expect { return &command.Expect{Turn: &turn} }

// roles of the links that are made.
var linkRoles = map[string]events.Role{"chair": events.Chair, "observer": events.Observer}
