package permit_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/permit"
	"github.com/fairfloor/fairfloor/pkg/permit/permittest"
	"github.com/fairfloor/fairfloor/pkg/words"
)

// cluster is one server on the files of Make, with a client per service.
type cluster struct {
	t      *testing.T
	folder string
	url    string
}

func start(t *testing.T) *cluster {
	t.Helper()
	folder, url := permittest.Start(t)
	return &cluster{t: t, folder: folder, url: url}
}

// user is a connection that remembers what it was denied.
type user struct {
	*nats.Conn
	mu     sync.Mutex
	denied []string
}

// as connects with a service's key.
func (c *cluster) as(s permit.Service) *user {
	c.t.Helper()
	u := &user{}
	seed, err := nats.NkeyOptionFromSeed(filepath.Join(c.folder, string(s), permit.SeedFile))
	if err != nil {
		c.t.Fatal(err)
	}
	u.Conn, err = nats.Connect(c.url, seed, nats.RootCAs(filepath.Join(c.folder, string(s), permit.CAFile)), nats.CustomInboxPrefix(permit.Inbox(s)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			u.mu.Lock()
			defer u.mu.Unlock()
			if errors.Is(err, nats.ErrPermissionViolation) {
				u.denied = append(u.denied, err.Error())
			}
		}))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(u.Close)
	return u
}

// refuses reports whether the server denied what do did. A second thing that is
// always denied follows it, so that nobody waits for a time.
func (u *user) refuses(t *testing.T, do func() error) bool {
	t.Helper()
	u.mu.Lock()
	u.denied = nil
	u.mu.Unlock()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	const last = "denied.to.everybody"
	if err := errors.Join(u.Publish(last, nil), u.Flush()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		u.mu.Lock()
		denied := slices.Clone(u.denied)
		u.mu.Unlock()
		if n := len(denied); n > 0 && strings.Contains(denied[n-1], last) {
			return n > 1
		}
	}
	t.Fatal("the server does not say that it denied anything")
	return false
}

// literal gives a subject that a pattern covers.
func literal(pattern string) string {
	return strings.NewReplacer("*", "x", ">", "x.y").Replace(pattern)
}

// covers reports whether a list of patterns covers a literal subject.
func covers(patterns []string, subject string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return server.SubjectsCollide(p, subject) })
}

// TestAServiceWithAnothersKeyIsDeniedWhatIsNotItsOwn tries, with each service's
// key and on a real server, every right of every service: what is its own goes
// through and nothing else does.
func TestAServiceWithAnothersKeyIsDeniedWhatIsNotItsOwn(t *testing.T) {
	c := start(t)
	var publish, subscribe []string
	for _, s := range permit.Services {
		if s != permit.Operator {
			r := permit.Of(s)
			publish, subscribe = append(publish, r.Publish...), append(subscribe, r.Subscribe...)
		}
	}
	// What nobody but the operator may do to the facts.
	stream := events.ShardStream(0)
	publish = append(publish, "$JS.API.STREAM.DELETE."+stream, "$JS.API.STREAM.PURGE."+stream, "$JS.API.STREAM.MSG.DELETE."+stream, "evt.queue.x", "live.evt.queue.x")
	for _, all := range []*[]string{&publish, &subscribe} {
		slices.Sort(*all)
		*all = slices.Compact(*all)
	}
	for _, s := range permit.Services {
		if s == permit.Operator {
			continue
		}
		u, own := c.as(s), permit.Of(s)
		denied := 0
		for _, pattern := range publish {
			subject := literal(pattern)
			want := !covers(own.Publish, subject)
			if got := u.refuses(t, func() error { return u.Publish(subject, nil) }); got != want {
				t.Errorf("%s publishes %s: denied %t", s, subject, got)
			}
			if want {
				denied++
			}
		}
		for _, pattern := range subscribe {
			subject := literal(pattern)
			want := !covers(own.Subscribe, subject)
			if got := u.refuses(t, func() error { _, err := u.SubscribeSync(subject); return err }); got != want {
				t.Errorf("%s subscribes to %s: denied %t", s, subject, got)
			}
			if want {
				denied++
			}
		}
		if denied < len(publish)/4 {
			t.Errorf("%s may do nearly everything: denied %d of %d", s, denied, len(publish)+len(subscribe))
		}
	}
}

// TestWhoWritesAndWhoReads is the table of decisions.md, sentence by sentence.
func TestWhoWritesAndWhoReads(t *testing.T) {
	session := ids.New[ids.Session]()
	write := func(c events.Context) string { return eventlog.PublishSubject(c, session) }
	read := func(stream string) string { return "$JS.API.CONSUMER.CREATE." + stream + ".consumer" }
	sessions := events.Stream(session)
	for what, c := range map[string]struct {
		subject string
		who     []permit.Service
	}{
		"registry's facts":          {write(events.Registry), []permit.Service{permit.Registry}},
		"queue's facts":             {write(events.Queue), []permit.Service{permit.Queue}},
		"timing's facts":            {write(events.Timing), []permit.Service{permit.Timing}},
		"transcript's facts":        {write(events.Transcript), []permit.Service{permit.Transcript}},
		"facts, past the guard":     {events.Subject(events.Queue, session), nil},
		"a person's data":           {"person." + session.String() + ".x", []permit.Service{permit.Registry}},
		"words as they are spoken":  {"live.partial." + session.String() + ".en", []permit.Service{permit.Transcript}},
		"a caption's words":         {"caption." + session.String() + ".x", []permit.Service{permit.Transcript}},
		"all facts, read":           {read(sessions), []permit.Service{permit.Registry, permit.Queue, permit.Timing, permit.Transcript, permit.Gateway}},
		"personal data, read":       {read(people.Stream), []permit.Service{permit.Registry, permit.Timing, permit.Transcript, permit.Gateway}},
		"words, read":               {read(words.Stream), []permit.Service{permit.Transcript, permit.Gateway}},
		"a command":                 {events.CommandSubject(events.Queue, session, "give_floor"), []permit.Service{permit.Gateway}},
		"the floor's begin":         {events.CommandSubject(events.Queue, session, "begin"), []permit.Service{permit.Gateway, permit.Transcript}},
		"erasure of a person":       {"$JS.API.STREAM.MSG.DELETE." + people.Stream, []permit.Service{permit.Registry}},
		"redaction of words":        {"$JS.API.STREAM.MSG.DELETE." + words.Stream, []permit.Service{permit.Transcript}},
		"a device's address":        {"device." + session.String() + ".x", []permit.Service{permit.Gateway}},
		"deletion of a fact":        {"$JS.API.STREAM.MSG.DELETE." + sessions, nil},
		"deletion of all facts":     {"$JS.API.STREAM.DELETE." + sessions, nil},
		"deletion of personal data": {"$JS.API.STREAM.DELETE." + people.Stream, nil},
		"purge":                     {"$JS.API.STREAM.PURGE." + sessions, nil},
		"another stream":            {"$JS.API.STREAM.CREATE.ELSEWHERE", nil},
	} {
		for _, s := range permit.Services {
			if want := s == permit.Operator || slices.Contains(c.who, s); covers(permit.Of(s).Publish, c.subject) != want {
				t.Errorf("%s: %s may: %t", what, s, !want)
			}
		}
	}
	if r := permit.Of("elsewhere"); len(r.Publish)+len(r.Subscribe) > 0 {
		t.Errorf("an unknown service may %+v", r)
	}
}

// TestAnAnswerGoesToWhoAskedAndNobodyElseHearsIt: answers need no right of their
// own, and another service cannot listen to them.
func TestAnAnswerGoesToWhoAskedAndNobodyElseHearsIt(t *testing.T) {
	c := start(t)
	gateway, queue, timing := c.as(permit.Gateway), c.as(permit.Queue), c.as(permit.Timing)
	if _, err := queue.Subscribe("cmd.queue.*.*", func(m *nats.Msg) { _ = m.Respond([]byte("accepted")) }); err != nil {
		t.Fatal(err)
	}
	if err := queue.Flush(); err != nil {
		t.Fatal(err)
	}
	reply, err := gateway.Request("cmd.queue.s.join", nil, 30*time.Second)
	if err != nil || string(reply.Data) != "accepted" {
		t.Fatalf("%v, %v", reply, err)
	}
	if !timing.refuses(t, func() error { _, err := timing.SubscribeSync(permit.Inbox(permit.Gateway) + ".>"); return err }) {
		t.Error("timing listens to the gateway's answers")
	}
	// Who was not asked cannot answer.
	if !timing.refuses(t, func() error { return timing.Publish(reply.Subject, []byte("refused")) }) {
		t.Error("timing answers in queue's place")
	}
}

// TestDenialsSurfaceAtOnce: the log opened with another service's key ends with
// what was denied, and not with a time-out.
func TestDenialsSurfaceAtOnce(t *testing.T) {
	c := start(t)
	var denials eventlog.Denials
	seed, err := nats.NkeyOptionFromSeed(filepath.Join(c.folder, string(permit.Gateway), permit.SeedFile))
	if err != nil {
		t.Fatal(err)
	}
	options := append(eventlog.ConnOptions("queue", nil, &denials), seed, nats.RootCAs(filepath.Join(c.folder, permittest.Node, permit.CAFile)),
		nats.CustomInboxPrefix(permit.Inbox(permit.Queue)))
	conn, err := nats.Connect(c.url, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := eventlog.Open(t.Context(), conn, eventlog.Options{Name: "queue", Replicas: 1, Denials: &denials}); err == nil || !strings.Contains(err.Error(), "Permissions Violation") {
		t.Errorf("the log opens with another's key: %v", err)
	}
	if err := denials.Check(); err == nil || !strings.Contains(err.Error(), "pkg/permit") {
		t.Errorf("readiness says %v", err)
	}
	var none *eventlog.Denials
	if err := errors.Join(none.Check(), (&eventlog.Denials{}).Check()); err != nil {
		t.Errorf("nothing was denied: %v", err)
	}
}

// TestAnAnswerThatLostItsConnectionIsNoLackOfRights: after a node is lost, what
// was asked before is answered over another connection, and denied there.
// Readiness says nothing of it, and still says what else is denied; on a
// connection that was never lost, an answer to nobody's question counts.
func TestAnAnswerThatLostItsConnectionIsNoLackOfRights(t *testing.T) {
	c := start(t)
	var denials eventlog.Denials
	seed, err := nats.NkeyOptionFromSeed(filepath.Join(c.folder, string(permit.Queue), permit.SeedFile))
	if err != nil {
		t.Fatal(err)
	}
	back := make(chan struct{}, 1)
	connect := func(denials *eventlog.Denials) *nats.Conn {
		conn, err := nats.Connect(c.url, append(eventlog.ConnOptions("queue", nil, denials), seed,
			nats.RootCAs(filepath.Join(c.folder, permittest.Node, permit.CAFile)), nats.CustomInboxPrefix(permit.Inbox(permit.Queue)),
			nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		return conn
	}
	queue, gateway := connect(&denials), c.as(permit.Gateway)
	asked := make(chan *nats.Msg, 1)
	if _, err := queue.Subscribe("cmd.queue.*.*", func(m *nats.Msg) { asked <- m }); err != nil {
		t.Fatal(err)
	}
	if err := queue.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := gateway.PublishRequest("cmd.queue.s.join", permit.Inbox(permit.Gateway)+".1", nil); err != nil {
		t.Fatal(err)
	}
	question := <-asked
	if err := queue.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	<-back
	// Denials are told in their order: when the second is there, the first was heard.
	if err := errors.Join(question.Respond([]byte("accepted")), queue.Publish("evt.timing.s", nil)); err != nil {
		t.Fatal(err)
	}
	said := denied(t, &denials)
	if !strings.Contains(said, "evt.timing.s") || strings.Contains(said, "_INBOX") || !strings.Contains(said, "denied this service 1 times") {
		t.Errorf("readiness says %s", said)
	}
	var fresh eventlog.Denials
	if err := connect(&fresh).Publish(permit.Inbox(permit.Gateway)+".2", nil); err != nil {
		t.Fatal(err)
	}
	if said := denied(t, &fresh); !strings.Contains(said, "_INBOX") {
		t.Errorf("readiness says %s", said)
	}
}

// denied waits for something that was denied, and gives what readiness says.
func denied(t *testing.T, d *eventlog.Denials) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if err := d.Check(); err != nil {
			return err.Error()
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nothing was denied within a minute")
	return ""
}

// TestTheFactsCannotBeMadeDeletable: the one who may widen a stream cannot take
// back what protects it.
func TestTheFactsCannotBeMadeDeletable(t *testing.T) {
	c := start(t)
	u := c.as(permit.Registry)
	log, err := eventlog.Open(t.Context(), u.Conn, eventlog.Options{Name: "registry", Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(u.Conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), log.Streams()[0])
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.DenyDelete, config.DenyPurge = false, false
	if _, err := js.UpdateStream(t.Context(), config); err == nil {
		t.Error("deletion is allowed now")
	}
}
