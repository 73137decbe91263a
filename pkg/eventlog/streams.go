package eventlog

import (
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// LiveSubjects is where the server publishes every stored message again, over
// core NATS: the stored subject behind "live.".
const LiveSubjects = "live.evt.>"

// incarnationKey is the member of a stream's metadata that names its life. It is
// part of the stream's description, so it survives restarts, backups and the
// replacement of nodes, which the time of creation does not in all cases.
const incarnationKey = "fairfloor_incarnation"

// contexts are the contexts that write to the sessions' streams.
var contexts = []events.Context{events.Registry, events.Queue, events.Timing, events.Transcript}

// PublishSubject is where a commit is sent; the stream stores it as events.Subject.
func PublishSubject(c events.Context, s ids.Session) string {
	return fmt.Sprintf("put.%d.%s.%s", events.Shard(s), c, s)
}

// PublishSubjects is the pattern that a context's service must be allowed to publish.
func PublishSubjects(c events.Context) string { return "put.*." + string(c) + ".*" }

// config gives the settings of event-log.md's table. What is not named there is
// off by its zero value: rollup, schedules, message TTL, limits of age or count.
func (l *Log) config(shard int) jetstream.StreamConfig {
	name := events.ShardStream(shard)
	subjects := make([]string, 0, len(contexts))
	for _, c := range contexts {
		subjects = append(subjects, fmt.Sprintf("put.%d.%s.*", shard, c))
	}
	return jetstream.StreamConfig{
		Name: name, Subjects: subjects,
		SubjectTransform: &jetstream.SubjectTransformConfig{
			Source: fmt.Sprintf("put.%d.*.*", shard), Destination: "evt.{{wildcard(1)}}.{{wildcard(2)}}",
		},
		Storage: jetstream.FileStorage, Replicas: l.options.Replicas,
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxConsumers: -1, MaxMsgSize: -1,
		DenyDelete: true, DenyPurge: true, AllowDirect: true,
		RePublish: &jetstream.RePublish{Source: "evt.>", Destination: LiveSubjects},
		Metadata:  map[string]string{incarnationKey: l.options.Incarnation(name)},
	}
}

// wider gives a stream's settings with the subjects of this version, and whether
// some of them are missing. A subject that this version does not know stays: it
// is for conforms to refuse.
func (l *Log) wider(is jetstream.StreamConfig, shard int) (jetstream.StreamConfig, bool) {
	behind := false
	is.Subjects = slices.Clone(is.Subjects)
	for _, subject := range l.config(shard).Subjects {
		if !slices.Contains(is.Subjects, subject) {
			is.Subjects, behind = append(is.Subjects, subject), true
		}
	}
	return is, behind
}

// conforms compares the settings on which the guarantees rest. The number of
// copies is the operator's, and the server adds metadata of its own.
func conforms(is, want jetstream.StreamConfig) error {
	slices.Sort(is.Subjects)
	slices.Sort(want.Subjects)
	switch {
	case !slices.Equal(is.Subjects, want.Subjects):
		return fmt.Errorf("subjects are %q, not %q", is.Subjects, want.Subjects)
	case is.SubjectTransform == nil || *is.SubjectTransform != *want.SubjectTransform:
		return fmt.Errorf("the subject transform is not %s to %s", want.SubjectTransform.Source, want.SubjectTransform.Destination)
	case is.Storage != want.Storage:
		return fmt.Errorf("storage is %s, not %s", is.Storage, want.Storage)
	case is.Retention != want.Retention || is.Discard != want.Discard:
		return fmt.Errorf("retention and discard are %s and %s, not %s and %s", is.Retention, is.Discard, want.Retention, want.Discard)
	case is.MaxAge != 0 || is.MaxMsgs > 0 || is.MaxMsgsPerSubject > 0:
		return fmt.Errorf("a limit of age or count would drop facts")
	case !is.DenyDelete || !is.DenyPurge:
		return fmt.Errorf("deletion and purge are not denied")
	case is.AllowRollup || is.AllowMsgTTL || is.AllowMsgSchedules:
		return fmt.Errorf("rollup, message TTL or schedules are allowed")
	case is.NoAck:
		return fmt.Errorf("acknowledgements are off")
	case is.PersistMode != jetstream.DefaultPersistMode:
		return fmt.Errorf("the persist mode is asynchronous")
	case is.RePublish == nil || is.RePublish.Source != want.RePublish.Source || is.RePublish.Destination != want.RePublish.Destination:
		return fmt.Errorf("stored messages are not published again to %s", LiveSubjects)
	case is.Metadata[incarnationKey] == "":
		return fmt.Errorf("the metadata do not name its incarnation (%s)", incarnationKey)
	}
	return nil
}
