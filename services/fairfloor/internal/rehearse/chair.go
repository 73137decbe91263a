package rehearse

import (
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/fairness/plan"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// interruptAt is when the interruption comes, as a share of the session.
const interruptAt = 40

// disturb draws what comes between: late applicants join from the first tenth
// of the session to its half, the interruption comes at two fifths.
func (s *stage) disturb(length int64) {
	for range s.LateJoiners {
		s.joiners = append(s.joiners, PlannedStart.Add(length/10+s.random.Int64N(length*4/10)))
	}
	sortInstants(s.joiners)
	if s.InterruptionS > 0 {
		s.interruption = PlannedStart.Add(length * interruptAt / 100)
	}
}

// between does what is due between two turns: late applicants join, the
// session is interrupted, and the chair looks at the plan.
func (s *stage) between() error {
	for len(s.joiners) > 0 && s.joiners[0] <= s.now() && len(s.outside) > 0 {
		d := s.outside[0]
		s.joiners, s.outside = s.joiners[1:], s.outside[1:]
		if err := s.joinLate(d); err != nil {
			return err
		}
	}
	if !s.interruption.IsZero() && s.now() >= s.interruption {
		s.interruption = 0
		if err := s.interrupt(); err != nil {
			return err
		}
	}
	return s.steer()
}

// joinLate lets the secretariat put somebody on the closed list.
func (s *stage) joinLate(d *delegate) error {
	r, err := s.ask("join", nil, command.Join{Part: s.item, Applicant: d.applicant})
	if err != nil {
		return err
	}
	if d.entry, err = ids.Parse[ids.Entry](r.Made["entry"]); err != nil {
		return err
	}
	d.joinedAt = r.At
	s.byEntry[d.entry] = d
	// Without a place they wait on standby, and come as soon as the chair lets them.
	d.late = r.Place == 0
	return nil
}

// interrupt suspends the session for as long as was asked for: an alarm in the
// building, say.
func (s *stage) interrupt() error {
	if _, err := s.ask("suspend", nil, command.None{}); err != nil {
		return err
	}
	if err := s.until(s.now().Add(int64(s.InterruptionS) * 1000)); err != nil {
		return err
	}
	_, err := s.ask("resume_session", nil, command.None{})
	return err
}

// steer is the chair looking at the plan: where somebody would not be reached
// they choose from the ladder, and a raise that is proposed they confirm at
// once, unless they never do.
func (s *stage) steer() error {
	view, err := s.view()
	if err != nil {
		return err
	}
	p := view.Parts[s.item].Plan
	if p == nil || p.Waiting == 0 {
		return nil
	}
	if !p.Fits || p.AtRisk && len(p.Ladder) > 0 {
		if rung := choose(p.Ladder); rung != nil {
			return s.decide(rung, p.Digest)
		}
	}
	if p.RaiseToMS > 0 && !s.NeverRaise {
		// Without a number: the raise as it is at the moment of deciding.
		_, err := s.ask("announce", nil, command.Announce{Part: s.item})
		// What was proposed as of the last commit may not fit any more when it is
		// confirmed: the chair is told so, and goes on.
		if problem.Is(err, problem.WrongState) {
			return nil
		}
		return err
	}
	return nil
}

// choose takes the mildest rung with which everybody is heard on time: none
// that breaks a promise where another does, and no longer session.
func choose(ladder []api.RungView) *api.RungView {
	for _, broken := range []bool{false, true} {
		i := slices.IndexFunc(ladder, func(r api.RungView) bool {
			return r.Fits && r.NeedsReason == broken && (r.Kind == plan.LowerMinimum || r.Kind == plan.UseReserves)
		})
		if i >= 0 {
			return &ladder[i]
		}
	}
	return nil
}

// decide makes a rung's one command, with a reason, which lowering a promise
// takes; commands with a reason go over HTTP.
func (s *stage) decide(rung *api.RungView, digest string) error {
	chair := client.HTTP{Base: s.Base, Token: s.chairToken}
	r, err := chair.Command(s.ctx, s.session, rung.Verb, &command.Expect{Plan: digest}, rung.Args, "so that everybody is heard")
	if err != nil {
		return fmt.Errorf("%s: %w", rung.Verb, err)
	}
	s.rungs++
	if err := s.settle(); err != nil {
		return err
	}
	return s.chair.WaitSeq(s.ctx, r.Seq)
}
