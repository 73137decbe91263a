// Package natsembed runs a NATS server with JetStream inside the process.
//
// Guarantee: an acknowledged message is on the disk (sync_interval "always",
// event-log.md 1), one folder is used by one process at a time, no port is
// opened unless one is asked for, and a folder that cannot be used is refused at
// the start with a sentence that says what to do. Block files are examined before
// the server reads them: a flipped bit is named and, where the record's checksum
// proves which one it was, put right (Server.Damage). Stop ends every goroutine of
// the server and frees the folder; it can be called twice. The server runs in a
// testing/synctest bubble when the test's TestMain has called ats.Register (of
// nats-server/v2/server/ats) and the server is started and stopped inside it.
package natsembed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The faults of a folder. Start wraps one of them.
var (
	// ErrLocked says that another process uses the folder.
	ErrLocked = errors.New("the folder is in use by another process")
	// ErrNotWritable says that the folder cannot be made or written.
	ErrNotWritable = errors.New("the folder cannot be written")
	// ErrFull says that there is less free space than Options.MinFree.
	ErrFull = errors.New("the disk is full")
	// ErrServer says that the server itself did not come up.
	ErrServer = errors.New("the NATS server did not start")
)

// DefaultMinFree is the free space that a start asks for, in bytes: enough for
// some 100,000 commits, so that a full disk shows before a session and not in it.
const DefaultMinFree = 64 << 20

// Options say where and how to run. Only Folder must be set.
type Options struct {
	// Folder holds the store; it is made when absent. Witnesses lie beside it, never in it.
	Folder string
	// Listen is an address host:port for clients outside the process, such as
	// "127.0.0.1:0"; empty opens no port at all.
	Listen string
	// Name is the server's name in its own log lines; "fairfloor" when empty.
	Name string
	// Logger takes the server's log lines; slog.Default when nil.
	Logger *slog.Logger
	// MinFree is the least free space, in bytes; zero means DefaultMinFree.
	MinFree uint64
	// StartWithin bounds the start with its recovery of the store; zero means 60 s.
	StartWithin time.Duration
	// Tune changes the server's own options last, for clusters and for permissions.
	Tune func(*server.Options)
}

// Server is a running server.
type Server struct {
	server      *server.Server
	lock        *os.File
	log         *slog.Logger
	folder      string
	unrecovered []string
	damage      []Damage
	lost        []Damage
	once        sync.Once
}

// Start checks and locks the folder, starts the server and waits until it serves.
// Its error wraps one of ErrLocked, ErrNotWritable, ErrFull and ErrServer.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.withDefaults()
	lock, err := claim(o.Folder, o.MinFree)
	if err != nil {
		return nil, err
	}
	options, err := o.server()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := Unfinish(filepath.Join(o.Folder, server.JetStreamStoreDir)); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotWritable, err), lock.Close())
	}
	damage, err := examine(o.Folder)
	for _, d := range damage {
		o.Logger.Error("the store is damaged", "stream", d.Stream, "sequence", d.Sequence, "subject", d.Subject,
			"file", d.File, "at", d.Offset, "done", d.done())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotWritable, err), lock.Close())
	}
	lost, err := remember(o.Folder, damage)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotWritable, err), lock.Close())
	}
	inner, err := server.NewServer(options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrServer, err), lock.Close())
	}
	lines := &lines{log: o.Logger.With("component", "nats")}
	inner.SetLoggerV2(lines, false, false, false)
	s := &Server{server: inner, lock: lock, log: o.Logger, folder: o.Folder, damage: damage, lost: lost}
	// Start returns once the store is recovered; a fatal line is its only error.
	inner.Start()
	switch {
	case lines.fatal() != "":
		err = fmt.Errorf("%w: %s", ErrServer, lines.fatal())
	case !inner.ReadyForConnections(o.StartWithin):
		err = fmt.Errorf("%w within %s", ErrServer, o.StartWithin)
	case !inner.JetStreamEnabled():
		err = fmt.Errorf("%w: JetStream is off", ErrServer)
	case options.Cluster.Port == 0:
		// A node of a cluster cannot answer before it has a quorum, and gets from the
		// others what it has lost.
		s.unrecovered, err = s.findUnrecovered(ctx)
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "fairfloor"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MinFree == 0 {
		o.MinFree = DefaultMinFree
	}
	if o.StartWithin == 0 {
		o.StartWithin = time.Minute
	}
	return o
}

// server gives the options of nats-server.
func (o Options) server() (*server.Options, error) {
	options := &server.Options{
		ServerName: o.Name, DontListen: true, NoSigs: true, NoLog: false,
		JetStream: true, StoreDir: o.Folder,
		// The one setting on which "acknowledged means stored" rests.
		SyncAlways:             true,
		DisableJetStreamBanner: true,
		MaxPayload:             1 << 20,
	}
	if o.Listen != "" {
		host, port, err := net.SplitHostPort(o.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen address %q is not host:port: %w", o.Listen, err)
		}
		number, err := strconv.Atoi(port)
		if err != nil || number < 0 || number > 65535 {
			return nil, fmt.Errorf("listen address %q: the port is not between 0 and 65535", o.Listen)
		}
		options.DontListen, options.Host, options.Port = false, host, number
		if number == 0 {
			options.Port = server.RANDOM_PORT
		}
	}
	if o.Tune != nil {
		o.Tune(options)
	}
	return options, nil
}

// Connect opens a connection inside the process. The caller closes it before Stop.
func (s *Server) Connect(options ...nats.Option) (*nats.Conn, error) {
	all := append([]nats.Option{nats.InProcessServer(s.server)}, options...)
	conn, err := nats.Connect("", all...)
	if err != nil {
		return nil, fmt.Errorf("connecting inside the process: %w", err)
	}
	return conn, nil
}

// URL is the address for clients outside the process; empty when no port is open.
func (s *Server) URL() string {
	if s.server.Addr() == nil {
		return ""
	}
	return s.server.ClientURL()
}

// Folder is the store's folder.
func (s *Server) Folder() string { return s.folder }

// Unrecovered names the streams whose folders are in the store but which the
// server could not recover, for instance because their description is damaged.
// They must not be made anew: what is left in them would be lost.
func (s *Server) Unrecovered() []string { return slices.Clone(s.unrecovered) }

// Damage lists the records that were not as written when the server started, with
// what was done about each.
func (s *Server) Damage() []Damage { return slices.Clone(s.damage) }

// Name is the server's name for package run.
func (s *Server) Name() string { return "nats" }

// Run holds the server until ctx is done and stops it then.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.Stop()
	return nil
}

// Check says why the server cannot store, or nil.
func (s *Server) Check() error {
	if !s.server.Running() {
		return fmt.Errorf("the NATS server is stopped")
	}
	if !s.server.JetStreamEnabled() {
		return fmt.Errorf("%w or failing: JetStream has switched itself off; free space in %s and start again", ErrFull, s.folder)
	}
	return nil
}

// Stop shuts the server down gracefully, waits for all of it and frees the folder.
func (s *Server) Stop() {
	s.once.Do(func() {
		s.server.Shutdown()
		s.server.WaitForShutdown()
		// Closing releases the lock; the file stays, for a removed lock file
		// could be locked by two processes at once.
		if err := s.lock.Close(); err != nil {
			s.log.Warn("lock file not closed", "error", err)
		}
	})
}

// findUnrecovered compares the folders of streams with the streams that are there.
func (s *Server) findUnrecovered(ctx context.Context) ([]string, error) {
	folders, err := os.ReadDir(filepath.Join(s.folder, server.JetStreamStoreDir, "$G", "streams"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	names := setAside(s.folder)
	for _, f := range folders {
		if f.IsDir() {
			names = append(names, f.Name())
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	conn, err := s.Connect(nats.Name("natsembed"))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	list := js.StreamNames(ctx)
	for name := range list.Name() {
		there[name] = true
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("%w: listing streams: %w", ErrServer, err)
	}
	var missing []string
	for _, name := range names {
		if !there[name] {
			missing = append(missing, name)
		}
	}
	return missing, nil
}
