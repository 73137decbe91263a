// Package redisconn opens the connection to Redis, which holds only what may
// vanish: presence across gateways, rate limits, one-time join codes, snapshots
// of views and a witness of the log's heads (architecture.md).
//
// Guarantee: a Redis that is away, empty, slow or hanging costs its caller at
// most Patience and an error; no call waits longer, none is retried in a loop,
// and no goroutine waits for it. Nothing in Redis is ever the only copy. Times
// are I/O time.
package redisconn

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Patience bounds one call, connecting included. A command to Redis in the same
// network takes less than a millisecond; half a second means that it is ill.
const Patience = 500 * time.Millisecond

// Prefix begins every key, so that Redis can be shared with others.
const Prefix = "fairfloor:"

// Settings say where Redis is. Secrets come from files.
type Settings struct {
	URL          string `flag:"redis" default:"" doc:"Address of Redis, such as redis://127.0.0.1:6379/0 or rediss:// for TLS; presence, limits and one-time codes stay in this process's memory, and there is no second witness, when empty"`
	PasswordFile string `flag:"redis-password-file" default:"" doc:"File with the password of Redis"`
	Roots        string `flag:"redis-roots" default:"" doc:"Certificates (PEM) by which a rediss:// server is trusted; the system's when empty"`
}

// Open makes a client. It does not connect: a Redis that is away at the start
// is as ordinary as one that goes away later. An error names the setting that
// cannot be used.
func Open(s Settings) (*redis.Client, error) {
	o, err := redis.ParseURL(s.URL)
	if err != nil {
		// The address may hold a password: it is not repeated.
		return nil, fmt.Errorf("redis: the address is not of the form redis://host:port/number")
	}
	if s.PasswordFile != "" {
		text, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("redis-password-file: %w", err)
		}
		o.Password = strings.TrimSpace(string(text))
	}
	if s.Roots != "" {
		if o.TLSConfig == nil {
			return nil, fmt.Errorf("redis-roots: the address of Redis does not begin with rediss://")
		}
		pem, err := os.ReadFile(s.Roots)
		if err != nil {
			return nil, fmt.Errorf("redis-roots: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("redis-roots: %s holds no certificate in PEM form", s.Roots)
		}
		o.TLSConfig.RootCAs, o.TLSConfig.MinVersion = roots, tls.VersionTLS12
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = Patience, Patience, Patience, Patience
	// A caller's shorter deadline counts, and a second try would double the wait.
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, -1, 1
	o.ClientName = "fairfloor"
	// Notices of a hosted Redis's maintenance would keep a goroutine per pool.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}
