// Package app is everything in one process: an embedded NATS server and every
// service on it, with its data in one folder.
//
// Guarantee: the same code as the separate processes, over connections inside
// the process; no port is open but the gateway's unless asked for; what was
// acknowledged is on the disk.
package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/natsembed"
	"github.com/fairfloor/fairfloor/pkg/ordeal"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/telemetry"
	"github.com/fairfloor/fairfloor/services/gateway"
	"github.com/fairfloor/fairfloor/services/queue"
	"github.com/fairfloor/fairfloor/services/registry"
	"github.com/fairfloor/fairfloor/services/timing"
	"github.com/fairfloor/fairfloor/services/transcript"
)

// Settings are those of the one process: of every process, of the gateway, and
// of its NATS server.
type Settings struct {
	Process    process.Settings
	Gateway    gateway.Settings
	Transcript transcript.Settings
	Queue      queue.Settings
	NATSListen string `flag:"nats-listen" default:"" doc:"Address at which the embedded NATS server takes other processes; no port when empty"`
}

// Options replace what is otherwise taken from the settings.
type Options struct {
	// Clock is the source of session time; the machine's when nil.
	Clock clock.Clock
	// Keys replaces the key file.
	Keys *keys.Set
	// Logger replaces the one that the settings describe.
	Logger *slog.Logger
	// Version is shown in documents.
	Version string
}

// App is a running Fairfloor.
type App struct {
	Process *process.Process
	Gateway *gateway.Gateway
	cancel  context.CancelFunc
	done    chan error
}

// Start starts everything and returns when it is ready. Stop must be called in
// the end; Done tells when a part failed before.
func Start(ctx context.Context, s Settings, o Options) (*App, error) {
	if o.Logger == nil {
		var err error
		o.Logger, err = telemetry.Logger(telemetry.LogConfig{
			Service: "fairfloor", Format: s.Process.LogFormat, Level: s.Process.LogLevel, Writer: os.Stderr,
		})
		if err != nil {
			return nil, err
		}
	}
	embedded := natsembed.Options{Folder: filepath.Join(s.Process.Data, "store"), Listen: s.NATSListen, Logger: o.Logger}
	put, err := ordeal.Read(s.Process.Data, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	if put.LoseOnPowerCut {
		embedded.Tune = func(o *natsserver.Options) { o.SyncAlways = false }
	}
	server, err := natsembed.Start(ctx, embedded)
	if err != nil {
		return nil, err
	}
	a := &App{done: make(chan error, 1)}
	a.Process, err = process.Open(ctx, "fairfloor", s.Process, process.Options{Server: server, Keys: o.Keys, Clock: o.Clock, Logger: o.Logger})
	if err != nil {
		server.Stop()
		return nil, err
	}
	if err := a.assemble(ctx, server, s, o); err != nil {
		err = errors.Join(err, a.Process.Close())
		server.Stop()
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	go func() { a.done <- a.Process.Run(running) }()
	if err := a.ready(ctx); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

func (a *App) assemble(ctx context.Context, server *natsembed.Server, s Settings, o Options) error {
	registryPart, err := registry.New(ctx, a.Process)
	if err != nil {
		return err
	}
	queuePart, err := queue.NewWith(a.Process, s.Queue)
	if err != nil {
		return err
	}
	timingPart, err := timing.New(ctx, a.Process)
	if err != nil {
		return err
	}
	transcriptPart, err := transcript.New(ctx, a.Process, s.Transcript)
	if err != nil {
		return err
	}
	if a.Gateway, err = gateway.New(ctx, a.Process, s.Gateway, o.Version); err != nil {
		return err
	}
	a.Process.Add(server, registryPart, queuePart, timingPart, transcriptPart, a.Gateway)
	return nil
}

// ready waits until every part is.
func (a *App) ready(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if a.Process.Check() == nil {
			return nil
		}
		select {
		case err := <-a.done:
			a.done <- err
			return err
		case <-ctx.Done():
			return errors.Join(ctx.Err(), a.Process.Check())
		case <-tick.C:
		}
	}
}

// URL is where the pages are.
func (a *App) URL() string { return a.Gateway.URL() }

// Done gives the reason when a part failed by itself.
func (a *App) Done() <-chan error { return a.done }

// Stop stops everything in order: commands in work are finished, the witness is
// brought to the disk.
func (a *App) Stop() error {
	a.cancel()
	err := <-a.done
	a.done <- err
	return errors.Join(err, a.Process.Close())
}

// Organiser signs a token that may act as organiser in every session, for 30
// days. name becomes part of the actor's id in the log.
func (a *App) Organiser(name string) (string, error) { return a.Gateway.Organiser(name) }
