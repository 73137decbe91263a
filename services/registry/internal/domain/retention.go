package domain

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// endRetention says that a class is forgotten. Only a sealed session forgets as a
// whole: before, what was erased could come back, and somebody may still correct.
func endRetention(c call) (result, error) {
	a, err := decode(c, command.EndRetention{})
	switch {
	case err != nil:
		return result{}, err
	case !slices.Contains(events.AllKept(), a.Kept):
		return result{}, problem.Field("args.kept", "%q is none of %s", clip(string(a.Kept)), list(events.AllKept())).Try("choose one of them")
	case a.Days < retention.LeastDays || a.Days > retention.MostDays:
		return result{}, problem.Field("args.days", "%d days are not between %d and %d", a.Days, retention.LeastDays, retention.MostDays).Try("give whole days after the adjournment")
	case !c.s.Registry.Sealed:
		return result{}, problem.New(problem.WrongState, "the session is not sealed").Try("seal it first")
	case !c.s.Registry.Ended[a.Kept].IsZero():
		return result{}, unchanged("what was kept")
	case c.now < retention.Due(c.s, a.Days):
		return result{}, problem.New(problem.WrongState, "it is kept until %s", retention.Due(c.s, a.Days)).Try("nothing needs to be done")
	}
	return facts(&events.RetentionEnded{Kept: a.Kept, Days: a.Days})
}

// RetentionDue lists what a session will forget by itself, by the deployment's
// settings. The ids are the same on every replica of the same settings, so that
// one of them writes it, once, however often any of them is started again.
func RetentionDue(s *session.State, settings retention.Settings) []command.Deadline {
	if !s.Exists() || !s.Registry.Sealed {
		return nil
	}
	var all []command.Deadline
	for _, stay := range settings.Of(s) {
		if stay.Until.IsZero() {
			continue
		}
		args, err := json.Marshal(command.EndRetention{Kept: stay.Kept, Days: stay.Days})
		if err != nil {
			panic(fmt.Sprintf("a class and a number have no JSON: %v", err))
		}
		all = append(all, command.Deadline{At: stay.Until, Timer: true, Request: command.Request{
			ID:      ids.Named[ids.Command](s.ID, fmt.Sprintf("end retention %s %d", stay.Kept, stay.Days)),
			Session: s.ID, Verb: "end_retention", Actor: events.ByService(events.Registry), Args: args,
		}})
	}
	return all
}
