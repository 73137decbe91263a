// Package eventlog is the log of facts on JetStream: eight streams, one literal
// subject for each context of each session, one message for each commit.
//
// Guarantee:
//
//   - Nothing is written without the guard "the last message on this subject is
//     the one that I decided on" (Append); the outcome of an append is one of a
//     closed set, and "unknown" is never taken for "not stored".
//   - A Follower hands every message of every stream to its handler once, in
//     stream order, from the first one on; it compares sequences, so a message
//     that the server skipped or lost shows. One session's messages all come
//     from one goroutine.
//   - Every message is checked against the hash chain of its subject, and at the
//     end of the start-up against the witness (decisions.md 32). A session that
//     fails is refused by name (Refusal) and never written to again; the others go on.
//
// Where a refusal lives: in the Log. Services and the gateway ask Log.Refusal
// before they answer about a session; Append asks it too.
//
// JetStream forbids that two streams take the same subject, so a session's
// stream takes put.<shard>.<context>.<session> and stores it, by its subject
// transform, as evt.<context>.<session>. The guard is checked on the stored
// subject, and everybody reads evt.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Options say how a process uses the log. The zero value is that of a single node.
type Options struct {
	// Name says who writes, such as "queue"; it labels metrics and log lines.
	Name string
	// Replicas is the number of copies of streams that are made now: 1 or 3; zero means 1.
	Replicas int
	// Witness remembers heads outside the store; nil means that nothing does.
	Witness *Witness
	// Unrecovered names streams that the server has on its disk but could not read
	// (natsembed.Server.Unrecovered); their sessions are refused.
	Unrecovered []string
	// Incarnation names the life of a stream that is made now; nil takes a random
	// UUID. A rehearsal sets it, because the hash chain starts from it.
	Incarnation func(stream string) string
	// Activity is shared by the logs of one process whose quiet is waited for
	// together; nil makes one of its own.
	Activity *Activity
	// Heartbeat is how often an idle consumer of the server says that it is there;
	// zero means 500 ms, which finds a killed leader quickly. A server inside the
	// process cannot lose its leader and is asked less often.
	Heartbeat time.Duration
	// Now is the clock that MeasureOffset compares with the server's; time.Now when nil.
	Now func() time.Time
	// Denials, when given to ConnOptions too, lets Open fail at once with what the
	// server denies, where it would wait for an answer that never comes.
	Denials *Denials
	// AppendWithin bounds one append, after which its outcome is Unknown; zero means 5 s.
	AppendWithin time.Duration
	// Logger and Registerer take log lines and metrics; nil means slog.Default and none.
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Log is a process's access to the streams. It is safe for concurrent use.
type Log struct {
	options  Options
	conn     *nats.Conn
	js       jetstream.JetStream
	log      *slog.Logger
	metrics  *metrics
	activity *Activity
	// incarnations gives each stream's; a stream that is absent has none.
	incarnations map[string]string

	mu       sync.RWMutex
	refusals map[ids.Session]*Refusal
	// lost gives the reason for which a whole stream is refused.
	lost map[string]string
}

// ConnOptions are the options of a connection to the log's server: it reconnects
// without end, and what the server denies is logged, because a denied JetStream
// call looks like a time-out otherwise (event-log.md 12).
// denials, which may be nil, keeps it.
func ConnOptions(name string, log *slog.Logger, denials *Denials) []nats.Option {
	if log == nil {
		log = slog.Default()
	}
	return []nats.Option{
		nats.Name(name), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(100 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.ErrorHandler(func(conn *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Error("nats", "client", name, "subject", subject, "error", err)
			denials.note(err, conn.Stats().Reconnects > 0)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("nats disconnected", "client", name, "error", err)
			}
		}),
	}
}

// Open makes the streams that are not there yet, checks the settings of those
// that are, and reads their incarnations. It does not read messages. While the
// server does not answer, it waits, until ctx is done.
func Open(ctx context.Context, conn *nats.Conn, o Options) (*Log, error) {
	o = o.withDefaults()
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	l := &Log{
		options: o, conn: conn, js: js, log: o.Logger.With("log", o.Name), activity: o.Activity,
		incarnations: map[string]string{}, refusals: map[ids.Session]*Refusal{}, lost: map[string]string{},
	}
	if l.metrics, err = newMetrics(o.Registerer, o.Name); err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	for shard := range events.Shards {
		if err := Patiently(ctx, o.Denials, func(ctx context.Context) error {
			attempt, cancel := context.WithTimeout(ctx, o.AppendWithin)
			defer cancel()
			return l.openStream(attempt, shard)
		}); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "log"
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Incarnation == nil {
		o.Incarnation = func(string) string { return uuid.NewString() }
	}
	if o.Activity == nil {
		o.Activity = NewActivity()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 500 * time.Millisecond
	}
	if o.AppendWithin == 0 {
		o.AppendWithin = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// openStream finds or makes one stream. A stream that should be there, because
// the witness saw messages in it or because its folder is, is never made anew.
func (l *Log) openStream(ctx context.Context, shard int) error {
	name := events.ShardStream(shard)
	stream, err := l.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		switch {
		case slices.Contains(l.options.Unrecovered, name):
			l.loseStream(name, "its folder is in the store, but the server could not read its description")
			return nil
		case l.options.Witness.knows(name):
			l.loseStream(name, "the witness saw messages in it, and it is gone")
			return nil
		}
		stream, err = l.js.CreateStream(ctx, l.config(shard))
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			// Another process was quicker, and its incarnation stands.
			stream, err = l.js.Stream(ctx, name)
		}
	}
	if err != nil {
		return fmt.Errorf("opening stream %s: %w", name, err)
	}
	info := stream.CachedInfo()
	if wider, behind := l.wider(info.Config, shard); behind {
		// An earlier version made it, which knew fewer contexts.
		if stream, err = l.js.UpdateStream(ctx, wider); err != nil {
			return fmt.Errorf("adding the subjects of this version to stream %s: %w", name, err)
		}
		info = stream.CachedInfo()
	}
	if err := conforms(info.Config, l.config(shard)); err != nil {
		return fmt.Errorf("stream %s has other settings than this program needs: %w", name, err)
	}
	l.incarnations[name] = info.Config.Metadata[incarnationKey]
	l.activity.stored(name, info.State.LastSeq)
	return nil
}

// loseStream refuses every session of a stream.
func (l *Log) loseStream(stream, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[stream] = reason
	l.log.Error("stream is lost; its sessions are refused", "stream", stream, "error", reason)
}

// Streams names the streams that are there, in order.
func (l *Log) Streams() []string { return slices.Sorted(maps.Keys(l.incarnations)) }

// Incarnation names the life of a session's stream: a stream that was dropped
// and made anew has another one. It is empty for a stream that is lost.
func (l *Log) Incarnation(s ids.Session) string { return l.incarnations[events.Stream(s)] }

// Conn is the connection that the log uses.
func (l *Log) Conn() *nats.Conn { return l.conn }

// Activity is what Settled waits for; see there.
func (l *Log) Activity() *Activity { return l.activity }

// Name is the name under which the log was opened.
func (l *Log) Name() string { return l.options.Name }

// Flush brings the witness' notes to the disk.
func (l *Log) Flush() error { return l.options.Witness.Flush() }
