// Command timing runs the service of the session clock by itself, over an
// external NATS server.
package main

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/services/timing"
)

func main() {
	process.Main("timing", func(ctx context.Context, p *process.Process) error {
		part, err := timing.New(ctx, p)
		if err != nil {
			return err
		}
		p.Add(part)
		return nil
	})
}
