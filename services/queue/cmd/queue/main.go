// Command queue runs the service of the list of speakers and the floor by
// itself, over an external NATS server.
package main

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/services/queue"
)

// settings are those of every process and of the queue.
type settings struct {
	Process process.Settings
	Queue   queue.Settings
}

func main() {
	var s settings
	process.MainWith("queue", &s, &s.Process, func(_ context.Context, p *process.Process) error {
		part, err := queue.NewWith(p, s.Queue)
		if err != nil {
			return err
		}
		p.Add(part)
		return nil
	})
}
