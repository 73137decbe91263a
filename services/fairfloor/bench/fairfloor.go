package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/settings"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
)

// fairfloor is the whole program with a live session. What is published goes the
// way of a partial caption behind the transcript's service, which would let four
// a second pass: over NATS to the gateway, which frames it and fans it out.
type fairfloor struct {
	app     *app.App
	folder  string
	subject string // followed by the track
	conn    *nats.Conn
	token   string
}

func (f *fairfloor) start(ctx context.Context) (greeting, error) {
	var s app.Settings
	for _, row := range settings.Rows(&s) {
		if err := settings.Values(&s)[row.Flag].Set(row.Default); err != nil {
			return greeting{}, err
		}
	}
	var err error
	if f.folder, err = os.MkdirTemp("", "fairfloor-bench-"); err != nil {
		return greeting{}, err
	}
	s.Process.Data, s.Process.LogLevel = f.folder, "error"
	s.Gateway.Address, s.Gateway.PerSecond = "127.0.0.1:0", -1
	if f.app, err = app.Start(ctx, s, app.Options{Keys: keys.Ephemeral(), Version: "bench"}); err != nil {
		return greeting{}, err
	}
	if f.token, err = f.app.Organiser("bench"); err != nil {
		return greeting{}, err
	}
	id := ids.New[ids.Session]()
	begin := clock.Of(time.Now())
	open := session.DefaultModalities()
	open.PublicLive = true
	if _, err := (client.HTTP{Base: f.app.URL(), Token: f.token}).Command(ctx, id, "create_session", nil, command.CreateSession{
		Title: "Bench", PlannedStart: begin, HardEnd: begin.Add(90 * 60_000), Zone: "UTC", Languages: tracks, Modalities: &open,
	}, ""); err != nil {
		return greeting{}, err
	}
	hello, err := json.Marshal(api.Hello{Type: api.FrameHello, Token: f.token, Audience: api.ForPublic, Tracks: tracks})
	f.conn, f.subject = f.app.Process.Conn, "live.partial."+id.String()+"."
	return greeting{
		URL:         "ws" + strings.TrimPrefix(f.app.URL(), "http") + "/api/v1/sessions/" + id.String() + "/live",
		Subprotocol: api.Subprotocol, Hello: []string{string(hello)}, Base: f.app.URL(), Token: f.token,
	}, err
}

func (f *fairfloor) publish(s api.Segment) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return f.conn.Publish(f.subject+s.Track, raw)
}

func (f *fairfloor) stop() {
	_ = f.app.Stop()
	_ = os.RemoveAll(f.folder)
}

var _ peer = (*fairfloor)(nil)
