// Package process is what every process of Fairfloor is made of: settings, log
// lines, metrics, traces, keys, the connection to NATS and the log on it, and
// the runner that holds its parts together.
//
// Guarantee: a service's main is its name and its parts; all processes are set
// up alike; /healthz, /readyz and /metrics are served where asked for; what the
// server denies is logged and fails readiness.
package process

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/trace"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/ordeal"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/pkg/run"
	"github.com/fairfloor/fairfloor/pkg/settings"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/telemetry"
	"github.com/fairfloor/fairfloor/pkg/words"
)

// Settings are those of every process.
type Settings struct {
	NATS       string `flag:"nats" default:"nats://127.0.0.1:4222" doc:"Address of the NATS server or cluster"`
	NATSCreds  string `flag:"nats-creds" default:"" doc:"File with the NATS credentials or nkey seed of this service"`
	NATSCA     string `flag:"nats-ca" default:"" doc:"File with the certificate of the authority that signed the NATS servers' own; the system's authorities when empty"`
	Data       string `flag:"data" default:".data" doc:"Folder of what is kept beside the store: keys and witness"`
	Keys       string `flag:"keys" default:"" doc:"The sealed key file; keys.json in the data folder when empty"`
	Passphrase string `flag:"keys-passphrase-file" default:"" doc:"File whose text seals the key file; none leaves it to file rights"`
	Replicas   int    `flag:"replicas" default:"1" doc:"Copies of each stream: 1, or 3 on a cluster"`
	LogFormat  string `flag:"log-format" default:"json" doc:"Form of log lines: json or text"`
	LogLevel   string `flag:"log-level" default:"info" doc:"Least level of log lines: debug, info, warn or error"`
	Ops        string `flag:"ops" default:"" doc:"Address for /healthz, /readyz and /metrics; none when empty"`
	Redis      redisconn.Settings
	Retention  retention.Settings
}

// Process is what a service is built on.
type Process struct {
	Settings Settings
	Name     string
	Logger   *slog.Logger
	Metrics  *telemetry.Metrics
	Tracer   trace.TracerProvider
	Keys     *keys.Set
	Conn     *nats.Conn
	Log      *eventlog.Log
	// Clock is the source of session time: the machine's, or a rehearsal's gate.
	Clock clock.Clock

	redis   shared
	denials eventlog.Denials
	parts   []run.Part
	closers []func() error
	runner  atomic.Pointer[run.Runner] // set by Run, which Check may be asked beside
}

// Server is what a process needs of a NATS server embedded in it.
type Server interface {
	Connect(options ...nats.Option) (*nats.Conn, error)
	// Unrecovered names streams on the disk that the server could not read.
	Unrecovered() []string
	// Lost gives the subjects of damaged records that could not be put right, with
	// their sequences: the records' own subjects before those that stand in them.
	Lost() iter.Seq2[string, uint64]
}

// Options replace what a process otherwise takes from its settings.
type Options struct {
	// Server is an embedded NATS server of the same process; nil connects to
	// Settings.NATS. It is an interface so that the separate services do not carry
	// a server that they never start.
	Server Server
	// Keys replaces the key file, for tests and rehearsals.
	Keys *keys.Set
	// Clock is the machine's when nil.
	Clock clock.Clock
	// Logger replaces the one that the settings describe.
	Logger *slog.Logger
}

// Open sets a process up. Close must be called in the end, after Run.
func Open(ctx context.Context, name string, s Settings, o Options) (*Process, error) {
	p := &Process{Settings: s, Name: name, Keys: o.Keys, Clock: o.Clock, Logger: o.Logger}
	if p.Clock == nil {
		p.Clock = clock.Real{}
	}
	if err := p.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), p.Close())
	}
	return p, nil
}

func (p *Process) open(ctx context.Context, o Options) error {
	var err error
	if p.Logger == nil {
		p.Logger, err = telemetry.Logger(telemetry.LogConfig{Service: p.Name, Format: p.Settings.LogFormat, Level: p.Settings.LogLevel, Writer: os.Stderr})
		if err != nil {
			return err
		}
	}
	put, err := ordeal.Read(p.Settings.Data, os.LookupEnv)
	if err != nil {
		return err
	}
	put.Say(p.Logger)
	p.Clock = put.Clock(p.Clock)
	p.Metrics = telemetry.NewMetrics(p.Name)
	tracer, shutdown, err := telemetry.Tracing(ctx, telemetry.TraceConfig{Service: p.Name})
	if err != nil {
		return err
	}
	p.Tracer = tracer
	p.closers = append(p.closers, func() error {
		// What is not sent within two seconds of the end is not worth waiting for.
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		return shutdown(ctx)
	})
	if p.Keys == nil {
		path := p.Settings.Keys
		if path == "" {
			path = filepath.Join(p.Settings.Data, "keys.json")
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("the folder of the key file: %w", err)
		}
		if p.Keys, err = keys.Open(path, keys.Options{PassphraseFile: p.Settings.Passphrase}); err != nil {
			return err
		}
	}
	if err := p.connect(o); err != nil {
		return err
	}
	witness, err := eventlog.OpenWitness(filepath.Join(p.Settings.Data, "witness"), p.Name, p.Logger)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, witness.Close)
	if err := p.secondWitness(ctx, witness); err != nil {
		return err
	}
	options := eventlog.Options{
		Name: p.Name, Replicas: p.Settings.Replicas, Witness: witness, Logger: p.Logger, Registerer: p.Metrics.Registry,
		Denials: &p.denials, Now: put.Clock(clock.Real{}).Now,
	}
	if o.Server != nil {
		// A server in the same process has no leader to lose.
		options.Unrecovered, options.Heartbeat = o.Server.Unrecovered(), 30*time.Second
	}
	if p.Log, err = eventlog.Open(ctx, p.Conn, options); err != nil {
		return err
	}
	if o.Server != nil {
		refuse(p.Log, o.Server.Lost())
	}
	return nil
}

// refuse stops the sessions of which the server lost a record. A record at the
// very end leaves a log that checks, and the witness may not have had it yet.
func refuse(log *eventlog.Log, lost iter.Seq2[string, uint64]) {
	for subject, sequence := range lost {
		if _, session, err := events.ParseSubject(subject); err == nil {
			log.Refuse(eventlog.Refusal{Session: session, Subject: subject, Lost: true, Missing: fmt.Sprintf(
				"sequence %d was not as it was written when the server started, and could not be put right", sequence)})
		}
	}
}

// connect opens the connection to the embedded or the external server.
func (p *Process) connect(o Options) error {
	// Answers come to subjects that nobody else may listen to (package permit).
	options := append(eventlog.ConnOptions(p.Name, p.Logger, &p.denials), nats.CustomInboxPrefix("_INBOX_"+p.Name))
	var err error
	if o.Server != nil {
		p.Conn, err = o.Server.Connect(options...)
	} else {
		var own []nats.Option
		if own, err = identity(p.Settings); err != nil {
			return err
		}
		p.Conn, err = nats.Connect(p.Settings.NATS, append(options, own...)...)
	}
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() error { p.Conn.Close(); return nil })
	return nil
}

// identity is how a process proves to an external server who it is, and how the
// server proves it in turn.
func identity(s Settings) ([]nats.Option, error) {
	var options []nats.Option
	if s.NATSCA != "" {
		options = append(options, nats.RootCAs(s.NATSCA))
	}
	if s.NATSCreds == "" {
		return options, nil
	}
	text, err := os.ReadFile(s.NATSCreds)
	if err != nil {
		return nil, fmt.Errorf("--nats-creds: %w", err)
	}
	if !strings.HasPrefix(string(text), "SU") {
		return append(options, nats.UserCredentials(s.NATSCreds)), nil
	}
	seed, err := nats.NkeyOptionFromSeed(s.NATSCreds)
	if err != nil {
		return nil, fmt.Errorf("--nats-creds: %s is not an nkey seed: %w", s.NATSCreds, err)
	}
	return append(options, seed), nil
}

// Shell makes the shell of a service. creates may be nil.
func (p *Process) Shell(service shell.Service, creates func(verb string) bool) (*shell.Shell, error) {
	return shell.New(p.ShellConfig(service, creates))
}

// ShellConfig is what Shell makes a shell of, for a service that changes some of it.
func (p *Process) ShellConfig(service shell.Service, creates func(verb string) bool) shell.Config {
	return shell.Config{
		Service: service, Log: p.Log, Clock: p.Clock, Creates: creates, Logger: p.Logger,
		Registerer: p.Metrics.Registry, Tracer: p.Tracer,
		Sign: func(s ids.Session, r *command.Receipt) { r.Sign(p.Keys.SessionKey(s)) },
	}
}

// People opens the store that can forget.
func (p *Process) People(ctx context.Context) (*people.Store, error) {
	js, err := jetstream.New(p.Conn)
	if err != nil {
		return nil, err
	}
	return opened(ctx, p, func(ctx context.Context) (*people.Store, error) {
		return people.Open(ctx, js, people.Config{Replicas: p.Settings.Replicas})
	})
}

// Words opens the store of the transcripts' words, which can forget too.
func (p *Process) Words(ctx context.Context) (*forget.Store, error) {
	js, err := jetstream.New(p.Conn)
	if err != nil {
		return nil, err
	}
	return opened(ctx, p, func(ctx context.Context) (*forget.Store, error) {
		return words.Open(ctx, js, words.Config{Replicas: p.Settings.Replicas})
	})
}

// Patiently does what a start needs of the NATS server until it succeeds, while
// its fault may be over in a moment (eventlog.Patiently).
func (p *Process) Patiently(ctx context.Context, do func(context.Context) error) error {
	return eventlog.Patiently(ctx, &p.denials, do)
}

// opened opens a store patiently.
func opened[T any](ctx context.Context, p *Process, open func(context.Context) (T, error)) (store T, err error) {
	err = p.Patiently(ctx, func(ctx context.Context) error {
		store, err = open(ctx)
		return err
	})
	return store, err
}

// OnClose has something closed when the process is, before the connection is.
func (p *Process) OnClose(close func()) {
	p.closers = append(p.closers, func() error { close(); return nil })
}

// Add adds parts, to be started in this order.
func (p *Process) Add(parts ...run.Part) { p.parts = append(p.parts, parts...) }

// Check is nil when every part is ready.
func (p *Process) Check() error {
	runner := p.runner.Load()
	if runner == nil {
		return errors.New("not started")
	}
	return errors.Join(p.denials.Check(), runner.Check())
}

// Run runs the parts until ctx is done or one fails.
func (p *Process) Run(ctx context.Context) error {
	parts := p.parts
	if p.Settings.Ops != "" {
		listener, err := net.Listen("tcp", p.Settings.Ops)
		if err != nil {
			return fmt.Errorf("listening for health checks: %w", err)
		}
		// Last to start, first to stop: what it says is about the others.
		parts = append(parts, run.Func("ops", func(ctx context.Context) error { return Serve(ctx, listener, p.OpsHandler()) }))
	}
	runner := run.New(p.Logger, parts...)
	p.runner.Store(runner)
	return runner.Run(ctx)
}

// Close closes what Open opened, in reverse order.
func (p *Process) Close() error {
	var all []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		all = append(all, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(all...)
}

// OpsHandler serves /healthz (the process lives), /readyz (it can serve; 503
// with the reason otherwise) and /metrics (Prometheus).
func (p *Process) OpsHandler() http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, body map[string]string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive", "service": p.Name})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := p.Check(); err != nil {
			answer(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "service": p.Name, "reason": err.Error()})
			return
		}
		answer(w, http.StatusOK, map[string]string{"status": "ready", "service": p.Name})
	})
	mux.Handle("GET /metrics", p.Metrics.Handler())
	return mux
}

// Serve serves HTTP on a listener until ctx is done, then lets requests in work
// finish for five seconds.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := server.Shutdown(ending)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // somebody holds a connection open; they reconnect elsewhere
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Main is a service's whole main: settings from flags and environment, a
// process of that name, and the parts that build adds.
func Main(name string, build func(ctx context.Context, p *Process) error) {
	var s Settings
	MainWith(name, &s, &s, build)
}

// MainWith is Main for a service with settings of its own: all points to a
// struct of them, and common to the part of it that every process has. With the
// argument "health" it only asks the process that runs with the same settings
// whether it is ready, for containers that hold no other program.
func MainWith(name string, all any, common *Settings, build func(ctx context.Context, p *Process) error) {
	os.Exit(run.Main(func(ctx context.Context) error {
		rest, err := settings.Read(name, all, os.Args[1:])
		if errors.Is(err, flag.ErrHelp) {
			return nil // the flags are printed already
		}
		if err == nil && len(rest) == 1 && rest[0] == "health" {
			_, err := Health(ctx, common.Ops, false)
			return err
		}
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("%s takes settings and no argument but \"health\", and was given %q", name, rest)
		}
		if err != nil {
			return err
		}
		p, err := Open(ctx, name, *common, Options{})
		if err != nil {
			return err
		}
		if err := build(ctx, p); err != nil {
			return errors.Join(err, p.Close())
		}
		return errors.Join(p.Run(ctx), p.Close())
	}))
}

// Version is the version that the build recorded: the module's, or the commit.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 && (version == "" || version == "(devel)") {
			version = setting.Value[:12]
		}
	}
	return version
}
