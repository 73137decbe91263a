// Command queue runs the service of the list of speakers and the floor by
// itself, over an external NATS server.
package main

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/services/queue"
)

func main() {
	process.Main("queue", func(_ context.Context, p *process.Process) error {
		part, err := queue.New(p)
		if err != nil {
			return err
		}
		p.Add(part)
		return nil
	})
}
