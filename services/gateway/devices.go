package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/outgoing"
	"github.com/fairfloor/fairfloor/services/gateway/internal/push"
)

// pushConnects is how long a connection to a push service may take to be made.
const pushConnects = 10 * time.Second

// project is whom a push service may turn to when this deployment has no
// address of its own that others could open.
const project = "https://github.com/fairfloor/fairfloor"

// devices opens what tells delegates' devices where they stand.
func (g *Gateway) devices(ctx context.Context) error {
	js, err := jetstream.New(g.process.Conn)
	if err != nil {
		return err
	}
	allowed := outgoing.List{Private: g.settings.PushTrusted}
	for _, host := range g.settings.PushServices {
		if host = strings.TrimSpace(host); host != "" && host != "none" {
			allowed.Hosts = append(allowed.Hosts, host)
		}
	}
	contact := g.settings.PushContact
	if contact == "" {
		contact = project
		if strings.HasPrefix(g.URL(), "https://") {
			contact = g.URL()
		}
	}
	transport := allowed.Transport(pushConnects)
	if g.settings.PushRoots != "" {
		roots, err := certificates("push-roots", g.settings.PushRoots)
		if err != nil {
			return err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	g.push, err = push.New(ctx, push.Config{
		Sessions: g.follower, Stream: js, Patiently: g.process.Patiently, Replicas: g.process.Settings.Replicas, Keys: g.process.Keys, Services: allowed,
		Transport: transport, Contact: strings.TrimPrefix(contact, "mailto:"), Logger: g.process.Logger, Registerer: g.process.Metrics.Registry,
	})
	return err
}

// checkPush says what is wrong with the settings of push messages.
func (s *Settings) checkPush() error {
	if c := s.PushContact; c != "" && !strings.HasPrefix(c, "https://") && !strings.Contains(c, "@") {
		return errors.New("push-contact: give an https address or an e-mail address")
	}
	return nil
}
