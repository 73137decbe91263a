package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/settings"
	"github.com/fairfloor/fairfloor/pkg/telemetry"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sample"
)

// patience bounds every wait: only a test that fails gets there.
const patience = 5 * time.Minute

// begin is where a gated clock stands at first, ten minutes before the session.
var begin = time.Date(2021, 12, 16, 13, 50, 0, 0, time.UTC)

// setup says what a test needs.
type setup struct {
	applicants int
	parts      []command.PartArgs
	// listOpen opens the list of the first part that has one.
	listOpen bool
	// gated lets session time stand until the test moves it.
	gated bool
	// limited keeps the usual number of commands in a second for each link.
	limited    bool
	modalities func(*events.Modalities)
	settings   func(*app.Settings)
}

// stand is a running Fairfloor with one session.
type stand struct {
	t          testing.TB
	ctx        context.Context
	settings   app.Settings
	keys       *keys.Set
	app        *app.App
	gate       *clock.Gated
	lines      *lines
	organiser  client.HTTP
	session    ids.Session
	part       ids.Part
	applicants []ids.Applicant
}

// lines keeps the log lines of the process.
type lines struct {
	sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) text() string {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.String()
}

// start starts Fairfloor on an empty folder with a session as set up.
func start(t testing.TB, o setup) *stand {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if _, long := t.(*testing.F); !long { // as long as the fuzzer likes
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), patience)
	}
	t.Cleanup(cancel)
	s := &stand{t: t, ctx: ctx, keys: keys.Ephemeral(), lines: &lines{}}
	for _, row := range settings.Rows(&s.settings) {
		s.must(settings.Values(&s.settings)[row.Flag].Set(row.Default))
	}
	s.settings.Process.Data, s.settings.Gateway.Address = t.TempDir(), "127.0.0.1:0"
	if !o.limited {
		s.settings.Gateway.PerSecond = -1
	}
	if o.settings != nil {
		o.settings(&s.settings)
	}
	if o.gated {
		s.gate = clock.NewGated(begin)
	}
	s.serve()
	t.Cleanup(func() {
		if err := s.app.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	s.create(o)
	return s
}

// serve starts the program on the stand's folder.
func (s *stand) serve() {
	s.t.Helper()
	logger, err := telemetry.Logger(telemetry.LogConfig{Service: "fairfloor", Format: "json", Level: "debug", Writer: s.lines})
	s.must(err)
	o := app.Options{Keys: s.keys, Logger: logger, Version: "acceptance"}
	if s.gate != nil {
		o.Clock = s.gate
	}
	s.app, err = app.Start(s.ctx, s.settings, o)
	s.must(err)
	s.organiser = client.HTTP{Base: s.app.URL(), Token: s.token("test")}
}

// in is the same stand for one run of a fuzz target.
func (s *stand) in(t *testing.T) *stand {
	own := *s
	own.t = t
	return &own
}

// restart stops the program and starts it on the same folder.
func (s *stand) restart() {
	s.t.Helper()
	s.must(s.app.Stop())
	s.serve()
}

func (s *stand) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) token(name string) string {
	s.t.Helper()
	text, err := s.app.Organiser(name)
	s.must(err)
	return text
}

// now is session time.
func (s *stand) now() clock.Instant {
	if s.gate != nil {
		return clock.Of(s.gate.Now())
	}
	return clock.Of(time.Now())
}

// create makes a session with its applicants.
func (s *stand) create(o setup) {
	s.t.Helper()
	s.session = ids.New[ids.Session]()
	first := s.now().Add(600_000)
	modalities := session.DefaultModalities()
	if o.modalities != nil {
		o.modalities(&modalities)
	}
	args := command.CreateSession{
		Title: "Acceptance", PlannedStart: first, HardEnd: first.Add(90 * 60_000), Zone: "Europe/Zurich",
		Languages: []string{"en", "fr"}, Modalities: &modalities, Parts: o.parts,
	}
	if s.gate != nil {
		args.ClockMode = "gated"
	}
	s.ask("create_session", nil, args)
	if o.applicants > 0 {
		rows := sample.Applicants(o.applicants)
		for i := range rows {
			rows[i].Accept = true
		}
		s.ask("import", nil, command.Import{Rows: rows})
		view := s.view()
		names := map[string]ids.Applicant{}
		for id, a := range view.Applicants {
			names[a.Organisation] = id
		}
		for _, row := range rows {
			s.applicants = append(s.applicants, names[row.Organisation])
		}
	}
	view := s.view()
	for _, id := range view.Agenda {
		if s.part.IsZero() && view.Parts[id].HasList {
			s.part = id
		}
	}
	if o.listOpen {
		s.ask("open_list", nil, command.PartRef{Part: s.part})
	}
}

// path is an address of the API below the session's.
func (s *stand) path(rest string) string { return "/api/v1/sessions/" + s.session.String() + rest }

// ask is the organiser's command over HTTP; it must be accepted.
func (s *stand) ask(verb string, expect *command.Expect, args any) command.Receipt {
	s.t.Helper()
	return s.askAs(s.organiser, verb, expect, args, "")
}

// askAs is a command over HTTP that must be accepted.
func (s *stand) askAs(who client.HTTP, verb string, expect *command.Expect, args any, reason string) command.Receipt {
	s.t.Helper()
	r, err := who.Command(s.ctx, s.session, verb, expect, args, reason)
	if err != nil {
		s.t.Fatalf("%s: %v", verb, err)
	}
	return r
}

// view is the organiser's view.
func (s *stand) view() *api.View {
	s.t.Helper()
	view := &api.View{}
	s.must(s.organiser.Do(s.ctx, http.MethodGet, s.path(""), nil, view))
	return view
}

// heads is where the log stands, when nothing is going on any more: equal texts
// mean that nothing was changed in between.
func (s *stand) heads() string {
	s.t.Helper()
	s.quiet()
	var raw []byte
	s.must(s.organiser.Do(s.ctx, http.MethodGet, s.path("/heads"), nil, &raw))
	return string(raw)
}

// quiet waits until nothing more happens while the clock stands.
func (s *stand) quiet() {
	s.t.Helper()
	s.must(s.app.Process.Log.Activity().Settled(s.ctx))
}

// pass lets session time pass on the gated clock, with every timer on the way.
func (s *stand) pass(ms int64) {
	s.t.Helper()
	to := s.now().Add(ms).Time()
	for s.gate.Now().Before(to) {
		s.quiet()
		step := to
		if next, armed := s.gate.Next(); armed && next.Before(to) {
			step = next
		}
		s.gate.Advance(step)
	}
	s.quiet()
}

// link makes a signed link.
func (s *stand) link(args command.Invite) api.Invitation {
	s.t.Helper()
	if args.Expires == 0 {
		args.Expires = time.Now().Add(time.Hour).UnixMilli()
	}
	var made api.Invitation
	s.must(s.organiser.Do(s.ctx, http.MethodPost, s.path("/invitations"), args, &made))
	return made
}

// as gives the HTTP door for a role; for a speaker, of the i-th applicant.
func (s *stand) as(role events.Role, i int) client.HTTP {
	s.t.Helper()
	args := command.Invite{Roles: []events.Role{role}}
	if role == events.Speaker {
		args.Applicant = s.applicants[i]
	}
	return client.HTTP{Base: s.app.URL(), Token: s.link(args).Token}
}

// connect opens a live connection with a token, closed at the test's end.
func (s *stand) connect(token string, change ...func(*client.Options)) *client.Live {
	s.t.Helper()
	o := client.Options{Base: s.app.URL(), Session: s.session, Token: token, FirstBackoff: 20 * time.Millisecond, MostBackoff: 200 * time.Millisecond}
	for _, f := range change {
		f(&o)
	}
	l, err := client.Dial(s.ctx, o)
	s.must(err)
	s.t.Cleanup(l.Close)
	return l
}

// join puts the i-th applicant on the list, by the secretariat.
func (s *stand) join(i int) ids.Entry {
	s.t.Helper()
	return made[ids.Entry](s.t, s.ask("join", nil, command.Join{Part: s.part, Applicant: s.applicants[i]}), "entry")
}

// export reads the session's log as the API gives it.
func (s *stand) export() *proof.Log {
	s.t.Helper()
	var raw []byte
	s.must(s.organiser.Do(s.ctx, http.MethodGet, s.path("/log"), nil, &raw))
	log, err := proof.ReadLog(bytes.NewReader(raw))
	s.must(err)
	return log
}

// commits are the commits of an exported log.
func (s *stand) commits(log *proof.Log) []*events.Commit {
	s.t.Helper()
	var all []*events.Commit
	for _, line := range log.Lines {
		c := &events.Commit{}
		s.must(json.Unmarshal([]byte(line.Body), c))
		all = append(all, c)
	}
	return all
}

// turn is what a command about a turn expects.
func turn(id ids.Turn) *command.Expect { return &command.Expect{Turn: &id} }

// next presses the button as it shows.
func (s *stand) next(who client.HTTP) ids.Turn {
	s.t.Helper()
	view := s.view()
	id := view.Floor.Turn
	entry := view.Lists[s.part][0]
	r := s.askAs(who, "next", &command.Expect{Turn: &id, Entry: &entry}, command.None{}, "")
	s.quiet()
	return made[ids.Turn](s.t, r, "turn")
}

// made reads the id of what a command made from its receipt.
func made[T ids.Any](t testing.TB, r command.Receipt, name string) T {
	t.Helper()
	id, err := ids.Parse[T](r.Made[name])
	if err != nil {
		t.Fatalf("the receipt names no %s: %v", name, err)
	}
	return id
}

// together runs f for each at the same instant, and returns when all are done.
func together(n int, f func(i int)) {
	var done sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		done.Go(func() {
			<-gate
			f(i)
		})
	}
	close(gate)
	done.Wait()
}
