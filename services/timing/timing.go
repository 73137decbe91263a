// Package timing is the service of the session clock: the clocks of turns,
// what is announced, warnings and ends as facts.
//
// Guarantee: any number of replicas may run; each acts on what the log says is
// due, and the guard on the log lets one of them write it. A replica that
// starts anew arms the same deadlines from the log. It never decides who
// speaks, and it ends nothing by itself.
package timing

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/timing/internal/domain"
)

// New makes the service as a part of a process.
func New(ctx context.Context, p *process.Process) (*shell.Shell, error) {
	lines := p.Logger.With("service", "timing")
	store, err := p.People(ctx)
	if err != nil {
		return nil, err
	}
	persons, err := store.Watch(ctx, people.WatchConfig{Kinds: []people.Kind{people.Persons}})
	if err != nil {
		return nil, err
	}
	p.OnClose(persons.Close)
	l := &learner{log: p.Log, lines: lines}
	g := &granter{log: p.Log, keys: p.Keys, people: persons, lines: lines}
	c := p.ShellConfig(Service(), nil)
	c.Hooks = shell.Hooks{Folded: func(s ids.Session, c *events.Commit) {
		l.folded(s, c)
		g.folded(s, c)
	}}
	sh, err := shell.New(c)
	l.shell, g.shell = sh, sh
	return sh, err
}

// Service is the domain as the shell runs it.
func Service() shell.Service {
	return shell.Service{Context: events.Timing, Decide: domain.Decide, Due: domain.Due}
}
