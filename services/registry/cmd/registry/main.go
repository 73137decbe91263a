// Command registry serves the registry against a NATS server of its own: sessions,
// applicants, persons, invitations and statement texts.
package main

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/services/registry"
)

func main() {
	process.Main("registry", func(ctx context.Context, p *process.Process) error {
		part, err := registry.New(ctx, p)
		if err == nil {
			p.Add(part)
		}
		return err
	})
}
