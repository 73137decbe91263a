// Package push tells delegates whose page is closed where they stand: by Web
// Push (RFC 8030), encrypted for their device (RFC 8291), signed with a key of
// this deployment (RFC 8292).
//
// Guarantee: a device is told only when its delegate asked for it. What is sent
// names nobody and always has the same length, so the browser vendor's push
// service learns that a message came, and not what. Each thing is told once,
// however many gateways follow the log, and no device more often than a person
// could read. Nothing is sent to where the operator's list does not lead, nor
// to an address inside. What a device's subscription holds lies in a store that
// can forget, never in the log: it ends with the person, the link, the session,
// or when the push service says that it is gone. A message that comes too late
// is dropped by the push service; one that is lost costs nothing, since the page
// shows the same from the log.
package push

import (
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/outgoing"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// stream holds the subscriptions, devices is their kind, and claims is the
// bucket in which gateways agree who sends.
const (
	stream              = "PUSH"
	devices forget.Kind = "device"
	claims              = "PUSHED"
)

const (
	// mostDevices bounds the devices of one link, mostInSession those of a session.
	mostDevices, mostInSession = 5, 5000
	// together is how long changes are gathered, in I/O time.
	together = 50 * time.Millisecond
	// tidyEvery is how often subscriptions are looked for that must end.
	tidyEvery = time.Minute
	// afterwards is how long subscriptions outlive the session's end: an end can be
	// undone for ten minutes (decisions.md 12).
	afterwards = time.Hour
	// once is for how long the same thing is told to the same device once only.
	once = time.Minute
)

// Device is one subscription of a browser, as PushSubscription.toJSON() gives
// it, with whom it is for.
type Device struct {
	Endpoint string `json:"endpoint"`
	// P256DH is the device's public key, Auth its secret, both in base64url.
	P256DH string `json:"p256dh"`
	Auth   string `json:"auth"`
	// Invitation is the link by which they asked.
	Invitation ids.Invitation `json:"invitation"`
	Applicant  ids.Applicant  `json:"applicant"`
	Person     ids.Person     `json:"person,omitzero"`
	Entry      ids.Entry      `json:"entry,omitzero"`
	// Expires is the link's end, I/O time, in ms since 1970.
	Expires int64 `json:"expires"`
}

// encoding is that of keys and signatures on the web.
var encoding = base64.RawURLEncoding

// Check says what is wrong with the keys, as a problem that names the field.
func (d Device) Check() error {
	point, err := encoding.DecodeString(d.P256DH)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(point)
	}
	if err != nil {
		return problem.Field("keys.p256dh", "this is not a public key of the curve P-256").Try("send what PushSubscription.toJSON() gives")
	}
	if auth, err := encoding.DecodeString(d.Auth); err != nil || len(auth) != 16 {
		return problem.Field("keys.auth", "this is not a secret of 16 bytes").Try("send what PushSubscription.toJSON() gives")
	}
	return nil
}

// Sessions is what is needed of the gateway's fold.
type Sessions interface {
	Read(s ids.Session, look func(*session.State)) error
	OnChange(watch func(ids.Session))
	Ready() <-chan struct{}
}

// Config is what a Service is made of.
type Config struct {
	Sessions Sessions
	Stream   jetstream.JetStream
	// Patiently does what the start needs of the server while its fault may be over in
	// a moment (process.Process); nil does it once.
	Patiently func(ctx context.Context, do func(context.Context) error) error
	// Replicas is the number of copies of the subscriptions.
	Replicas int
	Keys     *keys.Set
	// Services says which push services may be called.
	Services outgoing.List
	// Transport makes the calls; nil makes one of Services.
	Transport Transport
	// Contact is whom a push service may turn to: an https URL or an e-mail address.
	Contact    string
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Service follows the log and tells devices. Make it with New, then Run it.
type Service struct {
	Config
	store   *forget.Store
	told    jetstream.KeyValue
	private string
	public  string
	sender  *sender
	dirty   chan struct{}

	mu sync.Mutex
	// cache is there when it holds what the store held at the start; early are the
	// changes that came before.
	cache *forget.Cache
	early []forget.Change
	// known are the subscriptions, standing is what each device was told last, and
	// touched are the sessions that changed since they were looked at.
	known    map[ids.Session]map[string]Device
	standing map[string]Standing
	touched  map[ids.Session]bool
}

// New opens the stores. Nothing is sent before Run.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{
		Config: c, dirty: make(chan struct{}, 1), known: map[ids.Session]map[string]Device{},
		standing: map[string]Standing{}, touched: map[ids.Session]bool{},
	}
	s.private, s.public = vapid(c.Keys)
	var err error
	if c.Patiently == nil {
		c.Patiently = func(ctx context.Context, do func(context.Context) error) error { return do(ctx) }
	}
	err = c.Patiently(ctx, func(ctx context.Context) (err error) {
		s.store, err = forget.Open(ctx, c.Stream, forget.Config{
			Stream: stream, Name: "push", Description: "devices that asked to be told when their turn comes", Shown: "the store of devices",
			Kinds: map[forget.Kind]forget.Decode{devices: forget.As[Device]}, MaxValue: 8 << 10, Replicas: c.Replicas,
		})
		if err != nil {
			return err
		}
		s.told, err = c.Stream.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: claims, Description: "who tells a device", TTL: once, Storage: jetstream.MemoryStorage, Replicas: max(1, c.Replicas),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.sender, err = newSender(s); err != nil {
		return nil, err
	}
	cache, err := s.store.Watch(ctx, forget.WatchConfig{
		OnChange: s.changed, OnFault: func(err error) { c.Logger.Warn("devices to be told", "error", err) },
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	early := s.early
	s.cache, s.early = cache, nil
	s.mu.Unlock()
	for _, change := range early {
		s.changed(change)
	}
	c.Sessions.OnChange(s.touch)
	return s, nil
}

// vapid gives the deployment's key pair for push services: a scalar of P-256 and
// its point, in base64url.
func vapid(set *keys.Set) (private, public string) {
	seed := set.Secret(keys.Push, ids.Session{})
	for {
		// All but one of 2^32 seeds are a scalar of the curve; the next one is as good.
		if key, err := ecdh.P256().NewPrivateKey(seed[:]); err == nil {
			return encoding.EncodeToString(seed[:]), encoding.EncodeToString(key.PublicKey().Bytes())
		}
		seed = sha256.Sum256(seed[:])
	}
}

// Key is the deployment's public key, which browsers need to subscribe; empty
// when the operator allows no push service.
func (s *Service) Key() string {
	if len(s.Services.Hosts) == 0 {
		return ""
	}
	return s.public
}

// Subscribe has a device told what concerns a link's delegate, and gives the
// subscription's id. The same device again is no error; of more devices than
// one person has, the oldest gives way.
func (s *Service) Subscribe(ctx context.Context, id ids.Session, who token.Claims, d Device) (string, error) {
	if who.Applicant.IsZero() {
		return "", problem.New(problem.Forbidden, "only delegates are told of their turn").Try("open your personal link")
	}
	target, err := url.Parse(d.Endpoint)
	if err != nil || len(d.Endpoint) > 2000 || !s.Services.Allows(target) {
		return "", problem.Field("endpoint", "this push service is not on the operator's list").
			Try("keep the page open instead; it tells you by sound and vibration")
	}
	d.Invitation, d.Applicant, d.Person, d.Entry, d.Expires = who.ID, who.Applicant, who.Person, who.Entry, who.Expires.UnixMilli()
	if err := d.Check(); err != nil {
		return "", err
	}
	var own []string
	s.mu.Lock()
	all := len(s.known[id])
	for key, other := range s.known[id] {
		if other == d {
			s.mu.Unlock()
			return key, nil
		}
		if other.Invitation == d.Invitation {
			own = append(own, key)
		}
	}
	s.mu.Unlock()
	if all >= mostInSession {
		return "", problem.New(problem.TooMany, "%d devices are told in this session already", all).Try("keep the page open instead")
	}
	// Ids are in order of time.
	slices.Sort(own)
	for len(own) >= mostDevices {
		if err := s.forget(ctx, id, own[0]); err != nil {
			return "", err
		}
		own = own[1:]
	}
	command := ids.New[ids.Command]()
	// Where they stand now they see on the page: told is what changes from here on.
	now := s.look(id, []Device{d})[0]
	s.mu.Lock()
	s.standing[command.String()] = now
	s.mu.Unlock()
	_, err = s.store.Put(ctx, key(id, command.String()), command, d)
	return command.String(), err
}

// Unsubscribe ends a link's own subscription; one that is not there is no error.
func (s *Service) Unsubscribe(ctx context.Context, id ids.Session, who token.Claims, subscription string) error {
	s.mu.Lock()
	d, there := s.known[id][subscription]
	s.mu.Unlock()
	if !there || d.Invitation != who.ID {
		return nil
	}
	return s.forget(ctx, id, subscription)
}

func key(s ids.Session, id string) forget.Key { return forget.Key{Kind: devices, Session: s, ID: id} }

// forget erases a subscription. It is finished although the process is ending:
// half of it leaves the device's address on the disk.
func (s *Service) forget(ctx context.Context, id ids.Session, subscription string) error {
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	_, err := s.store.Erase(whole, key(id, subscription))
	return err
}

// finish does what an earlier process left of its erasing.
func (s *Service) finish(ctx context.Context) {
	// No log names these values: each is as good as named until it is erased.
	named := func(forget.Key, events.Hash) bool { return true }
	if _, err := s.store.Sweep(ctx, forget.OrphanAge, named); err != nil && ctx.Err() == nil {
		s.Logger.Warn("what was erased may still lie in the store of devices", "error", err)
	}
}

// changed follows the store: what another gateway took is told by this one too.
func (s *Service) changed(c forget.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache == nil {
		s.early = append(s.early, c)
		return
	}
	d, state := forget.Newest[Device](s.cache, c.Key)
	if state != forget.Kept {
		delete(s.known[c.Key.Session], c.Key.ID)
		if len(s.known[c.Key.Session]) == 0 {
			delete(s.known, c.Key.Session)
		}
		delete(s.standing, c.Key.ID)
		s.sender.drop(c.Key.ID)
		return
	}
	if s.known[c.Key.Session] == nil {
		s.known[c.Key.Session] = map[string]Device{}
	}
	s.known[c.Key.Session][c.Key.ID] = d
}

// touch notes that a session changed. It does not wait.
func (s *Service) touch(id ids.Session) {
	s.mu.Lock()
	wanted := len(s.known[id]) > 0
	if wanted {
		s.touched[id] = true
	}
	s.mu.Unlock()
	if wanted {
		select {
		case s.dirty <- struct{}{}:
		default:
		}
	}
}

// look gives where the delegates of devices stand; zero for a session that is
// not there.
func (s *Service) look(id ids.Session, all []Device) []Standing {
	out := make([]Standing, len(all))
	_ = s.Sessions.Read(id, func(state *session.State) {
		// Nobody's name is needed, so none is looked up.
		v := view.Build(state, view.NoNames)
		for i, d := range all {
			out[i] = Of(v, d.Applicant, d.Entry)
		}
	})
	return out
}

// Run follows until ctx is done. Whoever was called while no gateway ran is told
// now; where others stand is taken as known.
func (s *Service) Run(ctx context.Context) error {
	defer s.cache.Close()
	defer s.sender.close()
	select {
	case <-s.Sessions.Ready():
	case <-ctx.Done():
		return nil
	}
	for _, id := range s.sessions() {
		s.tell(ctx, id, true)
	}
	tidy := time.NewTicker(tidyEvery)
	defer tidy.Stop()
	s.finish(ctx)
	s.tidy(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tidy.C:
			s.tidy(ctx)
		case <-s.dirty:
			s.mu.Lock()
			touched := slices.SortedFunc(maps.Keys(s.touched), ids.Session.Compare)
			clear(s.touched)
			s.mu.Unlock()
			for _, id := range touched {
				s.end(ctx, id)
				s.tell(ctx, id, false)
			}
			select {
			case <-time.After(together):
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func (s *Service) sessions() []ids.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Keys(s.known), ids.Session.Compare)
}

// of gives a session's subscriptions in order.
func (s *Service) of(id ids.Session) ([]string, []Device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Sorted(maps.Keys(s.known[id]))
	all := make([]Device, len(names))
	for i, name := range names {
		all[i] = s.known[id][name]
	}
	return names, all
}

// tell compares where each delegate stands with what their device was told. At
// the start only a call is told.
func (s *Service) tell(ctx context.Context, id ids.Session, start bool) {
	names, all := s.of(id)
	if len(all) == 0 {
		return
	}
	var code string
	if err := s.Sessions.Read(id, func(state *session.State) { code = state.Registry.Code }); err != nil {
		return
	}
	for i, now := range s.look(id, all) {
		s.mu.Lock()
		before, seen := s.standing[names[i]]
		s.standing[names[i]] = now
		s.mu.Unlock()
		message, news := Tell(before, now)
		if !news || message.Kind != Called && (start || !seen) {
			continue
		}
		message.Code, message.Tag = code, tag(id, now.Entry)
		s.sender.send(ctx, post{session: id, name: names[i], device: all[i], message: message, turn: now.Turn})
	}
}

// tag names the messages about one entry, in at most 32 characters of base64url
// (RFC 8030, 5.4), and tells nobody which.
func tag(s ids.Session, entry ids.Entry) string {
	sum := sha256.Sum256([]byte(s.String() + "/" + entry.String()))
	return encoding.EncodeToString(sum[:18])
}

// tidy ends what has come to its end in any session.
func (s *Service) tidy(ctx context.Context) {
	for _, id := range s.sessions() {
		s.end(ctx, id)
	}
}

// end forgets the subscriptions of a session whose person was erased, whose link
// was withdrawn or has expired, and all of them when the session is long over.
func (s *Service) end(ctx context.Context, id ids.Session) {
	names, all := s.of(id)
	now := time.Now()
	over := make([]bool, len(all))
	err := s.Sessions.Read(id, func(state *session.State) {
		adjourned := state.Timing.Phase == session.Adjourned && now.Sub(state.Timing.AdjournedAt.Time()) > afterwards
		for i, d := range all {
			over[i] = adjourned || state.Registry.Sealed || d.Expires < now.UnixMilli()
			if p := state.Registry.Persons[d.Person]; p != nil && p.Erased {
				over[i] = true
			}
			if link := state.Registry.Invitations[d.Invitation]; link != nil && link.Revoked {
				over[i] = true
			}
		}
	})
	if err != nil {
		return // the log is behind the store for a moment, or refused
	}
	for i, name := range names {
		if !over[i] {
			continue
		}
		if err := s.forget(ctx, id, name); err != nil && !errors.Is(err, context.Canceled) {
			s.Logger.Warn("a device's subscription is not erased yet", "session", id.String(), "error", err)
		}
	}
}
