package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/SherClockHolmes/webpush-go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

const (
	// timeout bounds one call, in I/O time.
	timeout = 10 * time.Second
	// mostAtOnce bounds the calls under way, so that a push service that hangs holds
	// up no more than that.
	mostAtOnce = 64
	// tries is how often a busy push service is asked, while the message is worth it.
	tries = 3
	// burst and refill bound how often a device is told.
	burst, refill = 12, 20 * time.Second
)

// lifetimes say for how long a message is worth being delivered, and how urgent
// it is: a phone in the pocket is woken for a call, and not for place five.
var lifetimes = map[Kind]struct {
	ttl     time.Duration
	urgency webpush.Urgency
}{
	Called:     {time.Minute, webpush.UrgencyHigh},
	Next:       {2 * time.Minute, webpush.UrgencyHigh},
	Near:       {5 * time.Minute, webpush.UrgencyNormal},
	Moved:      {5 * time.Minute, webpush.UrgencyNormal},
	Standby:    {10 * time.Minute, webpush.UrgencyHigh},
	NotReached: {time.Hour, webpush.UrgencyLow},
}

// Transport makes the calls.
type Transport = http.RoundTripper

// post is one message to one device.
type post struct {
	session ids.Session
	name    string
	device  Device
	message Message
	turn    ids.Turn
}

// sender makes the calls, each in a goroutine of its own, at most mostAtOnce.
type sender struct {
	service *Service
	client  *http.Client
	slots   chan struct{}
	sent    *prometheus.CounterVec
	calls   sync.WaitGroup

	mu     sync.Mutex
	limits map[string]*rate.Limiter
}

func newSender(s *Service) (*sender, error) {
	out := &sender{
		service: s, slots: make(chan struct{}, mostAtOnce), limits: map[string]*rate.Limiter{},
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fairfloor_push_messages_total", Help: "Messages to delegates' devices, by outcome: sent, gone, refused, failed, held (told too often), elsewhere (another gateway's).",
		}, []string{"outcome"}),
	}
	transport := s.Transport
	if transport == nil {
		transport = s.Services.Transport(timeout)
	}
	out.client = &http.Client{
		Transport: transport, Timeout: timeout,
		// A push service answers itself; one that sends us on is not followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if s.Registerer == nil {
		return out, nil
	}
	return out, s.Registerer.Register(out.sent)
}

func (s *sender) close() {
	s.calls.Wait()
	s.client.CloseIdleConnections()
}

func (s *sender) count(outcome string) { s.sent.WithLabelValues(outcome).Inc() }

// send tells a device. It waits only when too many calls are under way.
func (s *sender) send(ctx context.Context, p post) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	s.calls.Go(func() {
		defer func() { <-s.slots }()
		if !s.claim(ctx, p) {
			s.count("elsewhere")
			return
		}
		if !s.may(p.name) {
			s.count("held")
			return
		}
		s.deliver(ctx, p)
	})
}

// claim reports whether this gateway is the one that tells it: the first that
// writes the message's name into the bucket is. The names there end after a
// minute, so that what becomes so again later is told again.
func (s *sender) claim(ctx context.Context, p post) bool {
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	name := fmt.Sprintf("%s.%s.%d", p.name, p.message.Kind, p.message.Place)
	if !p.turn.IsZero() {
		name = p.name + "." + p.turn.String()
	}
	_, err := s.service.told.Create(within, name, nil)
	if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		// Rather not told than told by every gateway: the page shows it all the same.
		s.service.Logger.Warn("a device is not told, as the bucket of claims does not answer", "session", p.session.String(), "error", err)
	}
	return err == nil
}

// may reports whether a device may be told once more.
func (s *sender) may(device string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.limits[device]
	if limit == nil {
		limit = rate.NewLimiter(rate.Every(refill), burst)
		s.limits[device] = limit
	}
	return limit.Allow()
}

// drop forgets how often a device was told.
func (s *sender) drop(device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.limits, device)
}

// deliver calls the push service, again while it is busy and the message is
// still worth it.
func (s *sender) deliver(ctx context.Context, p post) {
	until := time.Now().Add(lifetimes[p.message.Kind].ttl)
	for try := 1; ; try++ {
		status, wait, err := s.call(ctx, p, time.Until(until))
		switch {
		case err == nil && status < 300:
			s.count("sent")
			return
		case status == http.StatusNotFound || status == http.StatusGone:
			s.count("gone")
			if err := s.service.forget(ctx, p.session, p.name); err != nil {
				s.service.Logger.Warn("a device that is gone is not erased yet", "session", p.session.String(), "error", err)
			}
			return
		case err == nil && status != http.StatusTooManyRequests && status < 500:
			s.count("refused")
			s.service.Logger.Warn("a push service refuses a message", "session", p.session.String(), "status", status)
			return
		}
		wait = max(wait, time.Duration(try)*time.Second)
		if try == tries || time.Now().Add(wait).After(until) {
			s.count("failed")
			// The error would name the endpoint, which is the device's address.
			s.service.Logger.Warn("a push service does not take a message", "session", p.session.String(), "status", status)
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// call makes one call and gives the status and how long the push service wants
// us to wait.
func (s *sender) call(ctx context.Context, p post, ttl time.Duration) (status int, wait time.Duration, err error) {
	target, err := url.Parse(p.device.Endpoint)
	if err != nil || !s.service.Services.Allows(target) {
		// The list may have changed since they subscribed.
		return http.StatusGone, 0, nil
	}
	body, err := json.Marshal(p.message)
	if err != nil {
		return 0, 0, err
	}
	answer, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{
		Endpoint: p.device.Endpoint, Keys: webpush.Keys{Auth: p.device.Auth, P256dh: p.device.P256DH},
	}, &webpush.Options{
		HTTPClient: s.client, Subscriber: s.service.Contact, Topic: p.message.Tag, TTL: int(ttl / time.Second),
		Urgency: lifetimes[p.message.Kind].urgency, VAPIDPublicKey: s.service.public, VAPIDPrivateKey: s.service.private,
		// Less than the greatest record: all messages are padded to this length, and
		// some push services take no more than 4096 bytes in all.
		RecordSize: recordSize,
	})
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10)
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return answer.StatusCode, time.Duration(min(max(seconds, 0), 3600)) * time.Second, nil
}

// recordSize is the length of every message, in bytes.
const recordSize = 512
