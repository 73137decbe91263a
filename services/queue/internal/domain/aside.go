package domain

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// setAside is the choice of a rung that does not hear everybody in this
// session: the end of the list goes to a second session, or the places that fit
// are apportioned to the groups. It is refused while everybody can be heard,
// and where it would leave out more than has to be.
func (d *deciding) setAside() ([]events.Event, error) {
	args, err := read[command.SetAside](d)
	if err != nil {
		return nil, err
	}
	if err := d.expectPlan(); err != nil {
		return nil, err
	}
	if !slices.Contains(events.AsideHows(), args.How) {
		return nil, problem.Field("args.how", "%q is neither second_session nor apportion", args.How).Try("choose one of them")
	}
	waiting := len(d.q.List(args.Part).Order)
	aside, ok := d.s.SettingAside(args.Part, args.How, int(args.Places), d.now)
	if !ok {
		return nil, problem.Field("args.places", "%d is not between 1 and %d: %d wait on this list", args.Places, waiting-1, waiting).
			Try("send the number of places of the rung that was shown")
	}
	plan := session.PlanOf(d.s, args.Part, d.now)
	switch fit := waiting - plan.NotReached; {
	case plan.Fits:
		return nil, problem.New(problem.WrongState, "all %d who wait can be heard", waiting).Try("nothing needs to be chosen")
	case args.How == events.ByApportionment && int(args.Places) < fit:
		return nil, problem.Field("args.places", "%d places fit by now, and %d were asked for", fit, args.Places).
			Try("look at the ladder as it is now: nobody is set aside who can be heard")
	}
	return []events.Event{&aside}, nil
}

// callBack takes the setting aside of a list's entries back.
func (d *deciding) callBack() ([]events.Event, error) {
	args, err := read[command.PartRef](d)
	if err != nil {
		return nil, err
	}
	if err := d.expectPlan(); err != nil {
		return nil, err
	}
	aside := d.s.AsideOf(args.Part)
	if len(aside) == 0 {
		return nil, problem.New(problem.Already, "nobody is set aside on this list").On("args.part").Try("nothing needs to be done")
	}
	return []events.Event{&events.EntriesCalledBack{Part: args.Part, Entries: aside}}, nil
}

// expectPlan checks that the plan that the chair saw still is the plan.
func (d *deciding) expectPlan() error {
	expect, must := d.expected()
	switch {
	case expect.Plan == "" && must:
		return problem.Field("expect.plan", "%s must say which plan was on the screen", d.verb.Name).Try("send the plan's digest as it was shown")
	case expect.Plan == "" || expect.Plan == d.s.PlanDigest():
		return nil
	}
	return problem.New(problem.Stale, "the list, the minimum or the end changed since this plan was shown; %d now wait", len(d.s.StillWaiting())).
		On("expect.plan").Try("look at the plan as it is now, and decide again")
}
