package timing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/eta"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
)

// coveragePPM is the part of starts that the ranges are made to cover.
const coveragePPM = 900_000

// patience bounds one attempt to calibrate a session, in I/O time.
const patience = 30 * time.Second

// learner tells a session, when its list has closed, what the deployment's own
// finished sessions taught about expected starts. What is told is a fact in the
// session's log: replicas need not have learned the same, the first one's stands,
// and a verifier computes with it. Where that fails, or too little was learned,
// the shipped table stays.
type learner struct {
	shell *shell.Shell
	log   *eventlog.Log
	lines *slog.Logger
}

// sender is not the service itself: what it says follows from other sessions,
// not from this one's facts, so that a verifier does not look for it there.
var sender = events.Actor{ID: "system/eta", Roles: []events.Role{events.System}}

// folded hears of timing's commits. It does not block.
func (l *learner) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		if _, closed := e.(*events.AllotmentsAnnounced); closed {
			end := l.log.Activity().Begin()
			go func() {
				defer end()
				if err := l.calibrate(s); err != nil {
					l.lines.Warn("a session keeps the shipped calibration", "session", s, "error", err)
				}
			}()
			return
		}
	}
}

// calibrate learns, and tells the session once.
func (l *learner) calibrate(s ids.Session) error {
	var mode string
	var hard, done bool
	l.shell.View(s, func(state *session.State) {
		mode, hard = state.Registry.ClockMode, state.Registry.Modalities.Limit == events.Hard
		done = state.Timing.Calibration != nil || state.Timing.Phase == session.Adjourned
	})
	args, ok := l.learn(mode, hard)
	if done || !ok {
		return nil
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = l.shell.Do(ctx, &command.Request{
		ID: ids.Named[ids.Command](s, "calibrate"), Session: s, Verb: "calibrate", Actor: sender, Args: raw,
	})
	return err
}

// learn makes the table of all sessions that are over, of the same kind of clock
// (rehearsals learn from rehearsals) and of limit. ok is false while no bucket
// has enough cases; one that has too few keeps the shipped offsets.
func (l *learner) learn(mode string, hard bool) (args command.Calibrate, ok bool) {
	var learned eta.Learner
	var cases [eta.Buckets]int
	for _, id := range l.shell.Sessions() {
		l.shell.View(id, func(s *session.State) {
			if s.Timing.Phase != session.Adjourned || s.Registry.ClockMode != mode || (s.Registry.Modalities.Limit == events.Hard) != hard {
				return
			}
			args.Sessions++
			s.Residuals(func(lead int, residualPPM int64) {
				cases[eta.Bucket(lead)]++
				learned.Add(lead, residualPPM)
			})
		})
	}
	table, shipped := learned.Calibrate("", coveragePPM), eta.Shipped(hard)
	for b, n := range cases {
		o := table.Buckets[b]
		if n < eta.LeastResiduals {
			o = shipped.Buckets[b]
		}
		ok = ok || n >= eta.LeastResiduals
		args.Buckets = append(args.Buckets, events.EtaOffsets{LowPPM: min(o.Low, o.Mid), MidPPM: o.Mid, HighPPM: max(o.High, o.Mid)})
	}
	args.Name, args.CoveragePPM = fmt.Sprintf("own-%d", args.Sessions), coveragePPM
	return args, ok
}
