// Package permit says which subjects of NATS each service may use, and makes the
// files of a cluster that holds them to it: nkeys, certificates and the servers'
// configurations.
//
// Guarantee: a service writes its own context's facts and nobody else's
// (decisions.md, "Who writes, who reads"; event-log.md 12), reads no store of
// personal data that it does not need, and can answer only whom it was asked by.
// Nobody but the operator may delete or purge a stream of sessions, not even
// the service that writes it. What is not listed is denied.
package permit

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/words"
)

// Service is a client of the cluster with an identity of its own. Its replicas share it.
type Service string

// The services, and the operator, who may do everything: backups and repairs.
const (
	Registry   Service = "registry"
	Queue      Service = "queue"
	Timing     Service = "timing"
	Transcript Service = "transcript"
	Gateway    Service = "gateway"
	Operator   Service = "operator"
)

// Services lists them all.
var Services = []Service{Registry, Queue, Timing, Transcript, Gateway, Operator}

// Rights are the subjects, with NATS's wildcards, that a service may use.
type Rights struct {
	Publish, Subscribe []string
}

// Of gives a service's rights; those of an unknown one are empty.
func Of(s Service) Rights {
	var r Rights
	switch s {
	case Registry:
		r.serve(s, events.Registry)
		r.widens(sessions()...)
		r.reads(people.Stream)
		r.forgets(people.Stream)
		r.publish("person.*.*", "note.*.*", "text.*.*")
		r.subscribe(notes.Subjects)
		r.subscribe("$SRV.*.registry-notes", "$SRV.*.registry-notes.*")
	case Queue:
		r.serve(s, events.Queue)
	case Timing:
		r.serve(s, events.Timing)
		r.reads(people.Stream) // access allowances
	case Transcript:
		r.serve(s, events.Transcript)
		r.reads(words.Stream, people.Stream) // statements, which are the prompter's
		r.forgets(words.Stream)
		r.publish("caption.*.*", "tail.*.*", "wish.*.*", "glossary.*.*", "relay.*.*", "live.partial.*.*")
		r.publish("cmd." + string(events.Queue) + ".*.begin") // a called turn that captions show to have begun
		r.subscribe("cap.partial.*", "live.partial.>")
	case Gateway:
		r.reads(slices.Concat(sessions(), []string{people.Stream, words.Stream})...)
		r.publish("cmd.*.*.*", notes.Subjects, "cap.partial.*")
		// Devices that asked for notices, and which gateway sends one: the package
		// push of the gateway, which nobody else reads.
		r.reads("PUSH", "KV_PUSHED")
		r.forgets("PUSH")
		r.widens("KV_PUSHED")
		r.publish("device.*.*", "$KV.PUSHED.>", "$JS.API.INFO")
		r.subscribe(eventlog.LiveSubjects, "live.partial.>")
	case Operator:
		return Rights{Publish: []string{">"}, Subscribe: []string{">"}}
	default:
		return Rights{}
	}
	r.subscribe(Inbox(s) + ".>")
	slices.Sort(r.Publish)
	slices.Sort(r.Subscribe)
	return Rights{slices.Compact(r.Publish), slices.Compact(r.Subscribe)}
}

// Inbox is the prefix of a service's own reply subjects: nobody else can listen
// to the answers that it gets.
func Inbox(s Service) string { return "_INBOX_" + string(s) }

// sessions are the streams of facts.
func sessions() []string {
	all := make([]string, events.Shards)
	for shard := range all {
		all[shard] = events.ShardStream(shard)
	}
	return all
}

// serve is what each service with a context of its own needs: commands in, facts
// out, everybody's facts to fold.
func (r *Rights) serve(s Service, c events.Context) {
	r.publish(eventlog.PublishSubjects(c))
	r.subscribe("cmd."+string(c)+".*.*", "$SRV.*", "$SRV.*."+string(s), "$SRV.*."+string(s)+".*")
	r.reads(sessions()...)
}

// reads is what an ordered consumer, a leader's and a direct read ask for. Whoever
// reads a stream may also make it: services start in any order, and what is there
// already is not changed by that.
func (r *Rights) reads(streams ...string) {
	for _, stream := range streams {
		r.publish(
			"$JS.API.STREAM.CREATE."+stream, "$JS.API.STREAM.INFO."+stream, "$JS.API.STREAM.MSG.GET."+stream,
			"$JS.API.DIRECT.GET."+stream, "$JS.API.DIRECT.GET."+stream+".>",
			"$JS.API.CONSUMER.CREATE."+stream+".>", "$JS.API.CONSUMER.INFO."+stream+".*",
			"$JS.API.CONSUMER.DELETE."+stream+".*", "$JS.API.CONSUMER.MSG.NEXT."+stream+".*",
		)
	}
}

// widens lets a service add a later version's subjects to a stream. The server
// itself refuses to take back that deletion and purge are denied.
func (r *Rights) widens(streams ...string) {
	for _, stream := range streams {
		r.publish("$JS.API.STREAM.UPDATE." + stream)
	}
}

// forgets lets a service overwrite single messages of a store that can forget.
func (r *Rights) forgets(stream string) { r.publish("$JS.API.STREAM.MSG.DELETE." + stream) }

func (r *Rights) publish(subjects ...string)   { r.Publish = append(r.Publish, subjects...) }
func (r *Rights) subscribe(subjects ...string) { r.Subscribe = append(r.Subscribe, subjects...) }
