// Command transcript serves the live transcript against a NATS server of its
// own: sources and tracks, captions, corrections and redactions, and relays.
package main

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/services/transcript"
)

// settings are those of every process and of the transcript.
type settings struct {
	Process    process.Settings
	Transcript transcript.Settings
}

func main() {
	var s settings
	process.MainWith("transcript", &s, &s.Process, func(ctx context.Context, p *process.Process) error {
		part, err := transcript.New(ctx, p, s.Transcript)
		if err == nil {
			p.Add(part)
		}
		return err
	})
}
