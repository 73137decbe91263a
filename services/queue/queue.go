// Package queue is the service of the list of speakers and the floor: who
// stands where, who speaks, and what was put right afterwards.
//
// Guarantee: any number of replicas may run, and any of them answers any
// command; the guard on the log lets one of them write, the others decide anew
// on what it wrote. So the floor has one holder at most, and two chairs who
// press at once make one step. It counts no seconds.
package queue

import (
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/queue/internal/domain"
)

// New makes the service as a part of a process.
func New(p *process.Process) (*shell.Shell, error) { return p.Shell(Service(), nil) }

// Service is the domain as the shell runs it.
func Service() shell.Service {
	return shell.Service{Context: events.Queue, Decide: domain.Decide, Due: domain.Due}
}
