package push

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/outgoing"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
)

func TestMain(m *testing.M) { logtest.Main(m) }

// stack is a log with a session of seven applicants in a list, and gateways' parts.
type stack struct {
	t        *testing.T
	store    *logtest.Store
	log      *eventlog.Log
	follower *follow.Follower
	keys     *keys.Set
	session  ids.Session
	ctx      context.Context
	last     clock.Instant
}

func open(t *testing.T) *stack {
	t.Helper()
	s := &stack{t: t, store: logtest.Open(t), session: ids.New[ids.Session](), keys: keys.Ephemeral()}
	s.log = s.store.Log(eventlog.Options{Name: "gateway"})
	ctx, cancel := context.WithCancel(context.Background())
	s.ctx = ctx
	s.follower = follow.New(follow.Config{Log: s.log, Logger: logtest.Logger(t)})
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := s.follower.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		parts.Wait()
	})
	<-s.follower.Ready()
	start := clock.Of(time.Now()).Add(-60_000)
	s.append(events.Registry, &events.SessionCreated{
		Title: "Consultation", PlannedStart: start, HardEnd: start + 90*60_000, Zone: "UTC", Languages: []string{"en"},
		Modalities: sessiontest.Modalities(), Code: "PUSH22",
		Parts: []events.Part{{ID: sessiontest.Item, Kind: events.Item, Title: "Item", Minutes: 90, HasList: true}},
	})
	var all []events.Event
	for i := range 7 {
		all = append(all, &events.ApplicantApplied{Applicant: sessiontest.Applicant(i), Organisation: fmt.Sprintf("Organisation %d", i)},
			&events.ApplicantAccepted{Applicant: sessiontest.Applicant(i)})
	}
	s.append(events.Registry, all...)
	all = []events.Event{&events.ListStateChanged{Part: sessiontest.Item, State: events.ListOpen}}
	for i := range 7 {
		all = append(all, &events.EntryJoined{Entry: entry(i), Part: sessiontest.Item, Applicant: sessiontest.Applicant(i), Kind: events.Statement, Place: i + 1})
	}
	s.append(events.Queue, all...)
	s.append(events.Timing, &events.SessionStarted{StartedAt: start}, &events.PartStarted{Part: sessiontest.Item, StartedAt: start})
	return s
}

func entry(n int) ids.Entry { return sessiontest.ID[ids.Entry](fmt.Sprintf("entry %d", n)) }

// append writes one commit by hand, as its service would.
func (s *stack) append(c events.Context, all ...events.Event) {
	s.t.Helper()
	var head session.Head
	at := clock.Of(time.Now())
	if err := s.follower.Read(s.session, func(st *session.State) { head, at = st.Heads[c], max(at, st.At+1) }); err != nil && !problem.Is(err, problem.NotFound) {
		s.t.Fatal(err)
	}
	previous := head.Hash
	if head.Version == 0 {
		previous = events.FirstHash(events.Subject(c, s.session), s.log.Incarnation(s.session))
	}
	s.last = max(s.last+1, at)
	out := s.log.Append(s.ctx, s.session, c, &events.Commit{
		V: events.Version, Command: ids.New[ids.Command](), Verb: "test", Actor: events.ByService(c), At: s.last,
		Version: head.Version + 1, PrevHash: previous, Events: all,
	}, head.Sequence)
	if out.Kind != eventlog.Stored {
		s.t.Fatalf("append: %s: %v", out.Kind, out.Err)
	}
	if err := s.follower.Wait(s.ctx, s.session, out.Sequence, 10*time.Second); err != nil {
		s.t.Fatal(err)
	}
}

// gateway runs one gateway's part until the test ends, or until the function
// that it gives is called.
func (s *stack) gateway(phones ...*phone) (*Service, func()) {
	s.t.Helper()
	js, err := jetstream.New(s.store.Connect("push"))
	if err != nil {
		s.t.Fatal(err)
	}
	allowed := outgoing.List{Private: true}
	transport := allowed.Transport(timeout)
	for _, p := range phones {
		allowed.Hosts = append(allowed.Hosts, p.server.Listener.Addr().String())
		transport.TLSClientConfig = p.server.Client().Transport.(*http.Transport).TLSClientConfig
	}
	service, err := New(s.ctx, Config{
		Sessions: s.follower, Stream: js, Keys: s.keys, Services: allowed, Transport: transport, Contact: "https://fairfloor.example", Logger: logtest.Logger(s.t),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(stop)
	return service, stop
}

// who is a delegate's link.
func (s *stack) who(n int) token.Claims {
	return token.Claims{
		Subject: "speaker/" + strconv.Itoa(n), Session: s.session, Roles: []events.Role{events.Speaker}, Applicant: sessiontest.Applicant(n),
		Person: sessiontest.ID[ids.Person](fmt.Sprintf("person %d", n)), Expires: time.Now().Add(time.Hour), ID: ids.New[ids.Invitation](),
	}
}

func (s *stack) subscribe(service *Service, who token.Claims, p *phone) string {
	s.t.Helper()
	id, err := service.Subscribe(s.ctx, s.session, who, p.device())
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// give gives the floor to an entry, and ends the turn that was.
func (s *stack) give(n int) ids.Turn {
	s.t.Helper()
	given := ids.New[ids.Turn]()
	var ending ids.Turn
	if err := s.follower.Read(s.session, func(st *session.State) { ending = st.Queue.Turn }); err != nil {
		s.t.Fatal(err)
	}
	var all []events.Event
	if !ending.IsZero() {
		all = append(all, &events.TurnEnded{Turn: ending, EndedAt: clock.Of(time.Now()), How: events.Followed})
	}
	s.append(events.Queue, append(all, &events.FloorGiven{Turn: given, Entry: entry(n), GivenAt: clock.Of(time.Now()), Act: ids.New[ids.Command]()})...)
	return given
}

func (s *stack) known(service *Service) int {
	_, all := service.of(s.session)
	return len(all)
}

// until waits for a condition that follows from what was done.
func (s *stack) until(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not so within 30 s: %s", what)
		}
	}
}

func TestADelegateIsToldByAnEncryptedMessageWithoutNames(t *testing.T) {
	t.Parallel()
	s, p := open(t), newPhone(t)
	service, _ := s.gateway(p)
	s.subscribe(service, s.who(3), p)
	// Fourth; those before them go.
	s.give(0)
	p.wait(1)
	s.give(1)
	s.give(2)
	p.wait(2)
	s.give(3)
	calls := p.wait(3)
	var kinds []string
	for _, c := range calls {
		kinds = append(kinds, fmt.Sprintf("%s %d", c.read.Kind, c.read.Place))
	}
	if got := strings.Join(kinds, ", "); got != "near 3, next 1, called 0" {
		t.Errorf("told %s", got)
	}
	lengths := map[int]bool{}
	for _, c := range calls {
		lengths[len(c.body)] = true
		if c.read.Code != "PUSH22" || c.read.Tag == "" || c.header.Get("Topic") != c.read.Tag || len(c.read.Tag) > 32 {
			t.Errorf("code %q, tag %q, topic %q", c.read.Code, c.read.Tag, c.header.Get("Topic"))
		}
		if ttl, err := strconv.Atoi(c.header.Get("TTL")); err != nil || ttl < 1 || ttl > 300 {
			t.Errorf("TTL %q: a message about a turn must not come tomorrow", c.header.Get("TTL"))
		}
		for name, values := range c.header {
			if strings.Contains(strings.Join(values, " "), "Organisation") || strings.Contains(strings.Join(values, " "), "PUSH22") {
				t.Errorf("the header %s tells the vendor whom it is about", name)
			}
		}
		if strings.Contains(string(c.body), "PUSH22") || strings.Contains(string(c.body), "called") {
			t.Error("the body is not encrypted")
		}
		s.signed(service, p, c)
	}
	if len(lengths) != 1 {
		t.Errorf("messages have the lengths %v: the vendor can tell them apart", lengths)
	}
	if urgency := calls[len(calls)-1].header.Get("Urgency"); urgency != "high" {
		t.Errorf("a call has the urgency %q", urgency)
	}
}

// signed checks the VAPID header by the public key that browsers are given.
func (s *stack) signed(service *Service, p *phone, c call) {
	s.t.Helper()
	text, key, ok := strings.Cut(strings.TrimPrefix(c.header.Get("Authorization"), "vapid t="), ", k=")
	if !ok || key != service.Key() {
		s.t.Errorf("signed with %q, browsers were given %q", key, service.Key())
	}
	point, err := encoding.DecodeString(key)
	if err != nil || len(point) != 65 {
		s.t.Fatalf("the key %q: %v", key, err)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		s.t.Fatal(err)
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return public, nil }, jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(p.server.URL)); err != nil {
		s.t.Errorf("the signature: %v", err)
	}
	if claims["sub"] != "https://fairfloor.example" {
		s.t.Errorf("the push service can turn to %v", claims["sub"])
	}
}

func TestTwoGatewaysTellOnce(t *testing.T) {
	t.Parallel()
	s, p := open(t), newPhone(t)
	first, _ := s.gateway(p)
	second, _ := s.gateway(p)
	s.subscribe(first, s.who(1), p)
	s.until("the second gateway knows the device too", func() bool { return s.known(second) == 1 })
	s.give(0)
	p.wait(1)
	s.give(1)
	// The second took the device's first standing as known, so it is called that both tell.
	s.until("both gateways have told of the call, or left it to the other", func() bool {
		sent, elsewhere := 0.0, 0.0
		for _, service := range []*Service{first, second} {
			sent += testutil.ToFloat64(service.sender.sent.WithLabelValues("sent"))
			elsewhere += testutil.ToFloat64(service.sender.sent.WithLabelValues("elsewhere"))
		}
		return sent == 2 && elsewhere == 1
	})
	var kinds []Kind
	for _, c := range p.wait(2) {
		kinds = append(kinds, c.read.Kind)
	}
	if fmt.Sprint(kinds) != fmt.Sprint([]Kind{Next, Called}) {
		t.Errorf("told %v, want each once", kinds)
	}
}

func TestADeviceThatIsGoneIsErased(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			s, p := open(t), newPhone(t)
			p.status = []int{status}
			service, _ := s.gateway(p)
			s.subscribe(service, s.who(0), p)
			s.give(0)
			p.wait(1)
			s.until("the device is erased", func() bool { return s.known(service) == 0 })
			s.clean(p)
		})
	}
}

func TestABusyPushServiceIsAskedAgain(t *testing.T) {
	t.Parallel()
	s, p := open(t), newPhone(t)
	p.status = []int{http.StatusServiceUnavailable}
	service, _ := s.gateway(p)
	s.subscribe(service, s.who(0), p)
	s.give(0)
	if calls := p.wait(2); calls[1].read.Kind != Called || s.known(service) != 1 {
		t.Errorf("told %v, %d devices", calls[1].read, s.known(service))
	}
}

func TestASubscriptionIsErasedWithThePersonAndWithTheLink(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(s *stack, who token.Claims)
	}{
		{"person", func(s *stack, who token.Claims) { s.append(events.Registry, &events.PersonErased{Person: who.Person}) }},
		{"link", func(s *stack, who token.Claims) {
			s.append(events.Registry, &events.InvitationRevoked{Invitation: who.ID})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, p := open(t), newPhone(t)
			service, stop := s.gateway(p)
			who := s.who(6)
			s.append(events.Registry, &events.PersonAdded{Person: who.Person, Applicant: who.Applicant, Roles: who.Roles, Digest: events.Hash{1}})
			s.append(events.Registry, &events.InvitationIssued{Invitation: who.ID, Roles: who.Roles, Applicant: who.Applicant, Person: who.Person, Expires: who.Expires.UnixMilli()})
			s.subscribe(service, who, p)
			c.end(s, who)
			s.until("the subscription is erased", func() bool { return s.known(service) == 0 })
			stop()
			s.clean(p)
			// Another gateway that starts later finds nothing either.
			again, _ := s.gateway(p)
			if n := s.known(again); n != 0 {
				t.Errorf("%d devices after a start", n)
			}
		})
	}
}

// clean searches every file of the store for what was erased.
func (s *stack) clean(p *phone) {
	s.t.Helper()
	secrets := []string{p.device().Endpoint, p.device().Auth, p.device().P256DH}
	found := func() (where string) {
		_ = filepath.WalkDir(s.store.Folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // a file that the store has just replaced
			}
			raw, err := os.ReadFile(path)
			for _, secret := range secrets {
				if err == nil && strings.Contains(string(raw), secret) {
					where = path
				}
			}
			return nil
		})
		return where
	}
	s.until("no file of the store holds it", func() bool { return found() == "" })
}

// A process that was killed in the middle of erasing left the address on the disk:
// the next one finishes it.
func TestWhatWasHalfErasedIsFinishedAtTheNextStart(t *testing.T) {
	t.Parallel()
	s, p := open(t), newPhone(t)
	service, stop := s.gateway(p)
	id := s.subscribe(service, s.who(4), p)
	stop()
	// An erasing that ends when its mark is written, and before anything is overwritten.
	ctx, cancel := context.WithCancel(s.ctx)
	store, err := forget.Open(s.ctx, service.Stream, forget.Config{
		Stream: stream, Name: "push", Shown: "devices", Kinds: map[forget.Kind]forget.Decode{devices: forget.As[Device]}, MaxValue: 8 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Watch(s.ctx, forget.WatchConfig{OnChange: func(c forget.Change) {
		if c.Erased {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	if _, err := store.Erase(ctx, key(s.session, id)); err == nil {
		t.Fatal("the erasing was not interrupted, so this test shows nothing")
	}
	s.gateway(p)
	s.clean(p)
}

func TestSubscribing(t *testing.T) {
	t.Parallel()
	s, p := open(t), newPhone(t)
	service, _ := s.gateway(p)
	who := s.who(2)
	id := s.subscribe(service, who, p)
	if again := s.subscribe(service, who, p); again != id || s.known(service) != 1 {
		t.Errorf("the same device again is %s beside %s, %d devices", again, id, s.known(service))
	}
	good := p.device()
	for _, c := range []struct {
		name, field string
		change      func(d *Device)
	}{
		{"plain http", "endpoint", func(d *Device) { d.Endpoint = strings.Replace(d.Endpoint, "https", "http", 1) }},
		{"another host", "endpoint", func(d *Device) { d.Endpoint = "https://inside.example/push" }},
		{"our own network", "endpoint", func(d *Device) { d.Endpoint = "https://169.254.169.254/latest/meta-data" }},
		{"no URL", "endpoint", func(d *Device) { d.Endpoint = "::" }},
		{"a long one", "endpoint", func(d *Device) { d.Endpoint += strings.Repeat("x", 2000) }},
		{"no key", "keys.p256dh", func(d *Device) { d.P256DH = "" }},
		{"a point off the curve", "keys.p256dh", func(d *Device) { d.P256DH = encoding.EncodeToString(make([]byte, 65)) }},
		{"a short secret", "keys.auth", func(d *Device) { d.Auth = "AAAA" }},
	} {
		d := good
		c.change(&d)
		_, err := service.Subscribe(s.ctx, s.session, who, d)
		if refused := problem.From(err); err == nil || refused.Field != c.field || refused.Do == "" {
			t.Errorf("%s: %v, want a refusal of %s that says what to do", c.name, err, c.field)
		}
	}
	observer := who
	observer.Applicant = ids.Applicant{}
	if _, err := service.Subscribe(s.ctx, s.session, observer, good); !problem.Is(err, problem.Forbidden) {
		t.Errorf("an observer subscribes: %v", err)
	}
	// Somebody else cannot end it; they themselves can, twice.
	if err := service.Unsubscribe(s.ctx, s.session, s.who(2), id); err != nil || s.known(service) != 1 {
		t.Errorf("another link: %v, %d devices", err, s.known(service))
	}
	for range 2 {
		if err := service.Unsubscribe(s.ctx, s.session, who, id); err != nil || s.known(service) != 0 {
			t.Errorf("their own: %v, %d devices", err, s.known(service))
		}
	}
	s.clean(p)
}

func TestOfTooManyDevicesTheOldestGivesWay(t *testing.T) {
	t.Parallel()
	s := open(t)
	phones := make([]*phone, mostDevices+2)
	for i := range phones {
		phones[i] = newPhone(t)
	}
	service, _ := s.gateway(phones...)
	who := s.who(5)
	for _, p := range phones {
		s.subscribe(service, who, p)
	}
	_, all := service.of(s.session)
	if len(all) != mostDevices || all[0].Endpoint != phones[2].device().Endpoint {
		t.Errorf("%d devices are left, the first is %s", len(all), all[0].Endpoint)
	}
}

func TestADeviceIsToldNoMoreOftenThanAPersonReads(t *testing.T) {
	t.Parallel()
	s, p := open(t), newPhone(t)
	service, _ := s.gateway(p)
	told := 0
	for range 3 * burst {
		if service.sender.may("device") {
			told++
		}
	}
	if told != burst || !service.sender.may("another") {
		t.Errorf("%d at once, want %d, and another device is free", told, burst)
	}
}

func TestTheKeyIsTheSameAfterEveryStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	var before string
	for range 2 {
		set, err := keys.Open(path, keys.Options{})
		if err != nil {
			t.Fatal(err)
		}
		private, public := vapid(set)
		if before != "" && public != before {
			t.Error("browsers that subscribed before a restart would be lost")
		}
		scalar, err := encoding.DecodeString(private)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ecdh.P256().NewPrivateKey(scalar)
		if err != nil || encoding.EncodeToString(key.PublicKey().Bytes()) != public {
			t.Errorf("the two halves are no pair: %v", err)
		}
		before = public
	}
	if _, other := vapid(keys.Ephemeral()); other == before {
		t.Error("another deployment has the same key")
	}
}

func TestNoPushServiceNoKey(t *testing.T) {
	t.Parallel()
	if key := (&Service{public: "x"}).Key(); key != "" {
		t.Errorf("browsers are given %q to subscribe with, and nothing is sent", key)
	}
}
