// Package gateway is the door of Fairfloor: the HTTP API, the websocket of live
// state, tokens, pages and presence.
//
// Guarantee: it holds no truth of its own. What it shows is folded from the log
// and can be thrown away; what it is asked for goes to the services. Identity
// comes from the signed token alone. Any number of gateways may run: each makes
// the same view of the same log position.
package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/notes"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/telemetry"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/audio"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
	"github.com/fairfloor/fairfloor/services/gateway/internal/follow"
	"github.com/fairfloor/fairfloor/services/gateway/internal/forwarded"
	"github.com/fairfloor/fairfloor/services/gateway/internal/httpapi"
	"github.com/fairfloor/fairfloor/services/gateway/internal/live"
	"github.com/fairfloor/fairfloor/services/gateway/internal/pages"
	"github.com/fairfloor/fairfloor/services/gateway/internal/plain"
	"github.com/fairfloor/fairfloor/services/gateway/internal/push"
	"github.com/fairfloor/fairfloor/services/gateway/internal/signin"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
	"github.com/fairfloor/fairfloor/services/gateway/web"
)

// Settings are the gateway's.
type Settings struct {
	Address       string        `flag:"address" default:"127.0.0.1:8080" doc:"Where pages, API and websockets are served"`
	PublicURL     string        `flag:"public-url" default:"" doc:"Address that links begin with; made of the address when empty"`
	Origins       []string      `flag:"origins" default:"" doc:"Further origins whose pages may connect, comma separated"`
	Proxies       []string      `flag:"trusted-proxies" default:"" doc:"Addresses and networks (CIDR) of the reverse proxies before us, comma separated: what they write to X-Forwarded-For is who a request comes from, for the limits by address; nobody's is believed when empty"`
	TLSCert       string        `flag:"tls-cert" default:"" doc:"Certificate chain (PEM) for https"`
	TLSKey        string        `flag:"tls-key" default:"" doc:"Private key (PEM) of tls-cert"`
	ACME          string        `flag:"acme" default:"" doc:"Domain for which to get a certificate by ACME; use with --address :443"`
	ACMEDirectory string        `flag:"acme-directory" default:"" doc:"ACME directory; Let's Encrypt when empty"`
	ACMERoots     string        `flag:"acme-roots" default:"" doc:"Certificates (PEM) by which the ACME directory itself is trusted, for one of your own; the system's when empty"`
	Engines       []string      `flag:"engines" default:"" doc:"Speech engines (vosk-server protocol) by language, comma separated: en=ws://127.0.0.1:2700; none of them is part of Fairfloor"`
	PushServices  []string      `flag:"push-services" default:"fcm.googleapis.com,updates.push.services.mozilla.com,*.push.services.mozilla.com,web.push.apple.com,*.push.apple.com,*.notify.windows.com" doc:"Push services of browsers that may be called to tell delegates of their turn, comma separated; none sends nothing"`
	PushContact   string        `flag:"push-contact" default:"" doc:"Whom a push service may turn to: an e-mail or https address; the public https address when empty"`
	PushRoots     string        `flag:"push-roots" default:"" doc:"Certificates (PEM) by which push services are trusted, for one of your own; the system's when empty"`
	PushTrusted   bool          `flag:"push-trusted" default:"false" doc:"Push services may lie in our own network, for one of your own"`
	Beat          time.Duration `flag:"beat" default:"1s" doc:"How often a silent line is told that it lives; clients count on 1s, less is for tests"`
	PerSecond     int           `flag:"commands-per-second" default:"20" doc:"Commands that one link may send in a second"`
	PerSession    int           `flag:"session-commands-per-second" default:"500" doc:"Commands that a session takes in a second from its delegates and observers together; who runs it is not counted; -1 sets no limit"`
	SignIn        signin.Settings
}

// Check says which settings do not go together.
func (s *Settings) Check() error {
	switch {
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return errors.New("tls-cert and tls-key go together: give both or none")
	case s.Beat < 0 || s.Beat > time.Second:
		return fmt.Errorf("beat: %s is not between 0 and 1s, after which clients wait for one", s.Beat)
	case s.TLSCert != "" && s.ACME != "":
		return errors.New("give either tls-cert and tls-key, or acme, not both")
	default:
		_, err := engines(s.Engines)
		return errors.Join(err, s.checkPush(), s.checkProxies(), s.SignIn.Check())
	}
}

func (s *Settings) checkProxies() error {
	if _, err := forwarded.Parse(s.Proxies); err != nil {
		return fmt.Errorf("trusted-proxies: %w", err)
	}
	return nil
}

// Secure reports whether the gateway itself serves https.
func (s *Settings) Secure() bool { return s.TLSCert != "" || s.ACME != "" }

// Gateway is one gateway. Use New, then Run.
type Gateway struct {
	settings  Settings
	process   *process.Process
	follower  *follow.Follower
	live      *live.Server
	authority *token.Authority
	cache     *people.Cache
	captions  *captions.Hub
	audio     *audio.Server
	push      *push.Service
	spoken    *forget.Cache
	listener  net.Listener
	handler   http.Handler
}

// New makes a gateway that listens already and serves once it runs.
func New(ctx context.Context, p *process.Process, s Settings, version string) (*Gateway, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	g := &Gateway{settings: s, process: p}
	g.follower = follow.New(follow.Config{Log: p.Log, Logger: p.Logger})
	g.authority = token.New(token.Config{Keys: p.Keys, Now: time.Now, Revoked: g.follower.Revoked, Owner: g.follower.Owner})
	store, err := p.People(ctx)
	if err != nil {
		return nil, err
	}
	g.cache, err = store.Watch(ctx, people.WatchConfig{OnChange: func(c people.Change) { g.follower.Touch(c.Key.Session) }})
	if err != nil {
		return nil, err
	}
	names := follow.Names(g.cache)
	limits, err := p.Limits()
	if err != nil {
		return nil, err
	}
	asker, err := ask.New(ask.Config{
		Conn: p.Conn, Notes: notes.Put(p.Conn), PerSecond: s.PerSecond, PerSession: s.PerSession, Limits: limits, Logger: p.Logger, Tracer: p.Tracer, Registerer: p.Metrics.Registry,
	})
	if err != nil {
		return nil, err
	}
	present, err := p.Presence()
	if err != nil {
		return nil, err
	}
	shown, err := p.Snapshots()
	if err != nil {
		return nil, err
	}
	joining, err := p.JoinCodes()
	if err != nil {
		return nil, err
	}
	if err := g.transcripts(ctx); err != nil {
		return nil, err
	}
	g.live, err = live.New(live.Config{
		Follower: g.follower, Asker: asker, Tokens: g.authority, Captions: g.captions, Presence: present, Snapshots: shown, Clock: p.Clock,
		Names: names, Beat: s.Beat, Origins: s.Origins, Logger: p.Logger, Registerer: p.Metrics.Registry,
	})
	if err != nil {
		return nil, err
	}
	if err := g.microphones(asker); err != nil {
		return nil, err
	}
	if g.listener, err = net.Listen("tcp", s.Address); err != nil {
		return nil, fmt.Errorf("listening on %s: %w", s.Address, err)
	}
	if err := g.devices(ctx); err != nil {
		return nil, errors.Join(err, g.listener.Close())
	}
	look := func(id ids.Session, audience api.Audience) (raw []byte, cursor api.Cursor, err error) {
		var inner error
		err = g.follower.Read(id, func(state *session.State) { raw, cursor, inner = view.Of(state, names, audience) })
		return raw, cursor, errors.Join(err, inner)
	}
	door, err := g.door(asker, limits)
	if err != nil {
		return nil, errors.Join(err, g.listener.Close())
	}
	return g, g.mount(g.plain(names, asker), door, httpapi.Config{
		Sessions: g.follower, Captions: g.captions, Glossary: g.glossary, Wish: g.wish,
		Devices: g.push, Asker: asker, Tokens: g.authority, Base: g.URL(), Version: version, Logger: p.Logger,
		View: look, Polling: g.polling(names, look),
		Text: func(ctx context.Context, id ids.Session, text ids.Text) (string, error) {
			return g.words(ctx, store, id, text)
		},
		Log: g.export,
		Note: func(ctx context.Context, id ids.Session, ref events.NoteRef) (string, error) {
			note, err := store.GetNote(ctx, id, ref)
			if errors.Is(err, forget.ErrErased) || problem.Is(err, problem.NotFound) {
				return "", nil
			}
			return note.Text, err
		},
		Person: store.GetPerson, Retention: p.Settings.Retention,
		Secret: func(id ids.Session) [32]byte { return p.Keys.Secret("codes", id) },
		Limits: limits, JoinCodes: joining,
	})
}

// mount puts API, websocket, pages and checks on one handler.
func (g *Gateway) mount(simple plain.Config, door *signin.Door, config httpapi.Config) error {
	mux := http.NewServeMux()
	if _, err := httpapi.Mount(mux, config); err != nil {
		return err
	}
	asyncapi, err := httpapi.AsyncAPI(config.Version)
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /asyncapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.aai.asyncapi+json;version=3.0.0")
		_, _ = w.Write(asyncapi)
	})
	for name, serve := range map[string]func(http.ResponseWriter, *http.Request, ids.Session){"live": g.live.Serve, "audio": g.audio.Serve} {
		mux.HandleFunc("GET /api/v1/sessions/{session}/"+name, func(w http.ResponseWriter, r *http.Request) {
			id, err := ids.Parse[ids.Session](r.PathValue("session"))
			if err != nil || id.IsZero() {
				httpapi.Refuse(w, problem.New(problem.Malformed, "the path names no session").On("path.session").Try("take the address from your link"))
				return
			}
			serve(w, r, id)
		})
	}
	ops := g.process.OpsHandler()
	mux.Handle("GET /healthz", ops)
	mux.Handle("GET /readyz", ops)
	mux.Handle("GET /metrics", ops)
	plain.Mount(mux, simple)
	if door != nil {
		door.Mount(mux)
	}
	shells, err := g.first(simple)
	if err != nil {
		return err
	}
	pages.Mount(mux, web.FS(), web.Built(), shells.Fill)
	proxies, err := forwarded.Parse(g.settings.Proxies)
	if err != nil {
		return err
	}
	g.handler = proxies.Resolve(hurried(pages.Protect(traced(g.process.Tracer, g.whenFolded(mux)))), func() {
		g.process.Logger.Warn("somebody who is none of trusted-proxies sends X-Forwarded-For: name the proxy there if it is yours, or all its clients count as one")
	})
	return nil
}

// whenFolded answers "not now" to whoever asks about sessions before the log is
// folded: "there is no such session" would be a lie then, and one that ends a
// client's reconnecting.
func (g *Gateway) whenFolded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			select {
			case <-g.follower.Ready():
			default:
				busy := problem.New(problem.Busy, "this gateway has just started and still reads the log").Try("ask again")
				busy.RetryAfterMS = 100
				w.Header().Set("Retry-After", "1")
				httpapi.Refuse(w, busy)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// traced starts a trace for each request, or goes on with the caller's.
func traced(provider trace.TracerProvider, next http.Handler) http.Handler {
	tracer := provider.Tracer("fairfloor/gateway")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") || strings.HasSuffix(r.URL.Path, "/live") || strings.HasSuffix(r.URL.Path, "/audio") {
			next.ServeHTTP(w, r)
			return
		}
		ctx, span := tracer.Start(telemetry.ExtractHTTP(r.Context(), r.Header), "http."+r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// words gives a statement text; who may read it was checked before.
func (g *Gateway) words(ctx context.Context, store *people.Store, id ids.Session, text ids.Text) (string, error) {
	var filed *session.Text
	if err := g.follower.Read(id, func(state *session.State) { filed = state.Registry.Texts[text] }); err != nil {
		return "", err
	}
	if filed == nil {
		return "", problem.New(problem.NotFound, "there is no such text").On("path.text")
	}
	value, err := store.GetText(ctx, id, text, filed.Digest)
	return value.Text, err
}

// export gives a session's raw commits in stream order.
func (g *Gateway) export(ctx context.Context, id ids.Session, write func(subject string, seq uint64, body []byte) error) error {
	if refusal := g.process.Log.Refusal(id); refusal != nil {
		return refusal
	}
	all, err := g.process.Log.Read(ctx, id)
	if err != nil {
		return err
	}
	for _, raw := range all {
		if err := write(raw.Subject, raw.Sequence, raw.Body); err != nil {
			return err
		}
	}
	return nil
}

// Name is the part's name.
func (g *Gateway) Name() string { return "gateway" }

// Authority signs and checks this deployment's tokens.
func (g *Gateway) Authority() *token.Authority { return g.authority }

// organiserLifetime is how long an organiser's token made at the start is good for.
const organiserLifetime = 30 * 24 * time.Hour

// Organiser signs a token that may act as organiser in every session of the
// deployment's own organisation. name becomes part of the actor's id in the log.
func (g *Gateway) Organiser(name string) (string, error) {
	return g.authority.Issue(token.ForOrganiser(name, ids.Organisation{}, time.Now().Add(organiserLifetime)))
}

// Address is where the gateway listens.
func (g *Gateway) Address() string { return g.listener.Addr().String() }

// URL is the address that links begin with.
func (g *Gateway) URL() string {
	if g.settings.PublicURL != "" {
		return strings.TrimSuffix(g.settings.PublicURL, "/")
	}
	if g.settings.ACME != "" {
		return "https://" + g.settings.ACME
	}
	scheme := "http://"
	if g.settings.Secure() {
		scheme = "https://"
	}
	return scheme + g.Address()
}

// Ready is closed when the log is folded.
func (g *Gateway) Ready() <-chan struct{} { return g.follower.Ready() }

// Check says why the gateway is not ready, or nil.
func (g *Gateway) Check() error { return g.follower.Check() }

// Run follows the log and serves until ctx is done; then everybody gets a
// goodbye and requests in work are finished.
func (g *Gateway) Run(ctx context.Context) error {
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	folded := make(chan error, 1)
	go func() { folded <- g.follower.Run(following) }()

	listener, err := g.secure()
	if err != nil {
		return errors.Join(err, g.listener.Close())
	}
	telling, untell := context.WithCancel(context.WithoutCancel(ctx))
	defer untell()
	told := make(chan error, 1)
	go func() { told <- g.push.Run(telling) }()
	served := make(chan error, 1)
	serving, unserve := context.WithCancel(context.WithoutCancel(ctx))
	defer unserve()
	go func() { served <- process.Serve(serving, listener, g.handler) }()

	select {
	case <-ctx.Done():
	case err = <-folded:
		folded <- nil
	case err = <-served:
		served <- nil
	}
	// Goodbye first, while the connections still stand.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	g.audio.Close()
	err = errors.Join(err, g.live.Close(ending))
	g.captions.Close()
	g.spoken.Close()
	unserve()
	err = errors.Join(err, <-served)
	untell()
	err = errors.Join(err, <-told)
	stop()
	err = errors.Join(err, <-folded)
	g.cache.Close()
	return err
}

// secure wraps the listener in TLS where the settings ask for it.
func (g *Gateway) secure() (net.Listener, error) {
	switch {
	case g.settings.ACME != "":
		manager := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(g.settings.ACME),
			Cache: autocert.DirCache(filepath.Join(g.process.Settings.Data, "acme")),
		}
		if g.settings.ACMEDirectory != "" {
			manager.Client = &acme.Client{DirectoryURL: g.settings.ACMEDirectory}
			if err := g.trust(manager.Client); err != nil {
				return nil, err
			}
		}
		// Certificates come over this same listener (TLS-ALPN-01, RFC 8737).
		return tls.NewListener(g.listener, websocketTLS(manager.TLSConfig())), nil
	case g.settings.TLSCert != "":
		pair, err := tls.LoadX509KeyPair(g.settings.TLSCert, g.settings.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("tls-cert and tls-key: %w", err)
		}
		return tls.NewListener(g.listener, websocketTLS(&tls.Config{Certificates: []tls.Certificate{pair}})), nil
	default:
		return g.listener, nil
	}
}

// trust lets an ACME client believe a directory whose certificate is not public.
func (g *Gateway) trust(client *acme.Client) error {
	if g.settings.ACMERoots == "" {
		return nil
	}
	roots, err := certificates("acme-roots", g.settings.ACMERoots)
	if err != nil {
		return err
	}
	client.HTTPClient = &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}
	return nil
}

// certificates reads those that a setting names.
func certificates(setting, file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no certificate in PEM form", setting, file)
	}
	return roots, nil
}

// websocketTLS keeps connections on HTTP/1.1, which websockets of RFC 6455 need.
func websocketTLS(config *tls.Config) *tls.Config {
	config.MinVersion = tls.VersionTLS12
	protocols := []string{"http/1.1"}
	for _, p := range config.NextProtos {
		if p == acme.ALPNProto {
			protocols = append(protocols, p)
		}
	}
	config.NextProtos = protocols
	return config
}
