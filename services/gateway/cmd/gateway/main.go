// Command gateway runs the door of Fairfloor by itself, over an external NATS
// server: the HTTP API, the websocket of live state, and the pages.
//
// It guarantees nothing by itself; package gateway does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/services/gateway"
)

// settings are those of every process, of the gateway, and of this main.
type settings struct {
	Process       process.Settings
	Gateway       gateway.Settings
	OrganiserFile string `flag:"organiser-file" default:"" doc:"File to which an organiser's token (30 days) is written at the start, readable by its owner alone"`
}

func main() {
	var s settings
	process.MainWith("gateway", &s, &s.Process, func(ctx context.Context, p *process.Process) error {
		g, err := gateway.New(ctx, p, s.Gateway, process.Version())
		if err != nil {
			return err
		}
		if s.OrganiserFile != "" {
			token, err := g.Organiser("console")
			if err == nil {
				// The token is a key: nobody else on the machine may read it.
				err = os.WriteFile(s.OrganiserFile, append([]byte(token), '\n'), 0o600)
			}
			if err != nil {
				return fmt.Errorf("organiser-file: %w", err)
			}
		}
		p.Add(g)
		return nil
	})
}
