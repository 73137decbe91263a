// Package timing is the service of the session clock: the clocks of turns,
// what is announced, warnings and ends as facts.
//
// Guarantee: any number of replicas may run; each acts on what the log says is
// due, and the guard on the log lets one of them write it. A replica that
// starts anew arms the same deadlines from the log. It never decides who
// speaks, and it ends nothing by itself.
package timing

import (
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/timing/internal/domain"
)

// New makes the service as a part of a process.
func New(p *process.Process) (*shell.Shell, error) {
	l := &learner{log: p.Log, lines: p.Logger.With("service", "timing")}
	c := p.ShellConfig(Service(), nil)
	c.Hooks = shell.Hooks{Folded: l.folded}
	sh, err := shell.New(c)
	l.shell = sh
	return sh, err
}

// Service is the domain as the shell runs it.
func Service() shell.Service {
	return shell.Service{Context: events.Timing, Decide: domain.Decide, Due: domain.Due}
}
