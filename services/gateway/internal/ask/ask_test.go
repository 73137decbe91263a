package ask_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
)

func TestMain(m *testing.M) { logtest.Main(m) }

var (
	chair    = events.Actor{ID: "token/chair", Roles: []events.Role{events.Chair}}
	delegate = events.Actor{ID: "token/delegate", Roles: []events.Role{events.Speaker}, Applicant: ids.New[ids.Applicant]()}
)

// service runs the real shell of a context over a real log with a small
// decision, and remembers the requests.
type service struct {
	store *logtest.Store
	mu    sync.Mutex
	asked []command.Request
}

func (s *service) decide(_ *session.State, r *command.Request, _ clock.Instant) (command.Decision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, *r)
	if r.Verb == "withdraw" {
		return command.Decision{}, problem.New(problem.WrongState, "it has spoken").On("args.entry").Try("nothing needs to be done")
	}
	if r.Verb == "note_presence" {
		return command.Decision{}, problem.New(problem.Already, "known")
	}
	part := ids.Derive[ids.Part](r.ID, 0)
	return command.Decision{Events: []events.Event{&events.ListStateChanged{Part: part, State: events.ListOpen}}}, nil
}

func (s *service) requests() []command.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]command.Request{}, s.asked...)
}

func serve(t *testing.T) *service {
	t.Helper()
	s := &service{store: logtest.Open(t)}
	sh, err := shell.New(shell.Config{
		Service: shell.Service{Context: events.Queue, Decide: s.decide}, Log: s.store.Log(eventlog.Options{Name: "queue"}),
		Creates: func(string) bool { return true }, Logger: logtest.Logger(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sh.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-sh.Ready()
	return s
}

func asker(t *testing.T, conn *nats.Conn, change func(*ask.Config)) *ask.Asker {
	t.Helper()
	c := ask.Config{Conn: conn, PerSecond: -1, Logger: logtest.Logger(t), Registerer: prometheus.NewRegistry()}
	if change != nil {
		change(&c)
	}
	a, err := ask.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func frame(verb, args string) api.CommandFrame {
	return api.CommandFrame{ID: ids.New[ids.Command](), Verb: verb, Args: json.RawMessage(args)}
}

func TestCommandsReachTheirService(t *testing.T) {
	s := serve(t)
	recorder := tracetest.NewSpanRecorder()
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))
	var noted []string
	a := asker(t, s.store.Connect("ask"), func(c *ask.Config) {
		c.Tracer = tracer
		c.Notes = func(_ context.Context, _ ids.Session, actor events.Actor, id ids.Command, text string) (events.NoteRef, error) {
			noted = append(noted, actor.ID+": "+text)
			return events.NoteRef{ID: ids.Named[ids.Note](id, "note")}, nil
		}
	})
	sid := ids.New[ids.Session]()
	f := frame("open_list", ` { "part" : "" } `)
	f.Reason = "they asked for it"
	receipt, err := a.Do(context.Background(), sid, chair, f)
	if err != nil || receipt.Outcome != command.Accepted || receipt.CommandID != f.ID {
		t.Fatalf("the receipt is %+v (%v)", receipt, err)
	}
	again, err := a.Do(context.Background(), sid, chair, f)
	if err != nil || again.Outcome != command.Duplicate || again.Seq != receipt.Seq {
		t.Errorf("the same again: %+v (%v)", again, err)
	}
	request := s.requests()[0]
	if request.Actor.ID != chair.ID || request.Reason == nil || request.Reason.ID != ids.Named[ids.Note](f.ID, "note") || request.Session != sid {
		t.Errorf("the service was asked %+v", request)
	}
	if len(noted) != 2 || noted[0] != "token/chair: they asked for it" {
		t.Errorf("the notes are %q", noted)
	}
	if raw, err := json.Marshal(request); err != nil || strings.Contains(string(raw), "they asked") {
		t.Errorf("the reason travels with the command: %s", raw)
	}
	spans := recorder.Ended()
	if len(spans) != 2 || spans[0].Name() != "gateway.open_list" {
		t.Errorf("the spans are %v", spans)
	}
}

func TestRefusalsAreReceipts(t *testing.T) {
	s := serve(t)
	a := asker(t, s.store.Connect("ask"), nil)
	receipt, err := a.Do(context.Background(), ids.New[ids.Session](), delegate, frame("withdraw", `{"entry":""}`))
	var p problem.Error
	if err != nil || receipt.Outcome != command.RefusedBy || json.Unmarshal(receipt.Problem, &p) != nil || p.Code != problem.WrongState || p.Field != "args.entry" {
		t.Errorf("the receipt is %+v (%v)", receipt, err)
	}
	// What the gateway notes itself is satisfied by "already".
	if err := a.Noted(context.Background(), ids.New[ids.Session](), "note_presence", ids.New[ids.Command](), command.NotePresence{Basis: events.Seen}); err != nil {
		t.Errorf("noting what is known: %v", err)
	}
	if err := a.Noted(context.Background(), ids.New[ids.Session](), "fly", ids.New[ids.Command](), nil); err == nil {
		t.Error("a command that does not exist was noted")
	}
}

// TestWhatIsNotSent: every command that the table does not allow is refused
// here, names the field, says what to do, and nothing reaches a service.
func TestWhatIsNotSent(t *testing.T) {
	s := serve(t)
	a := asker(t, s.store.Connect("ask"), nil)
	derived := frame("open_list", `{}`)
	derived.ID = ids.Named[ids.Command](derived.ID, "five")
	long := frame("open_list", `{}`)
	long.Reason = strings.Repeat("é", ask.MaxReason+1)
	withReason := frame("open_list", `{}`)
	withReason.Reason = "notes are not to be had here"
	cases := map[string]struct {
		actor events.Actor
		frame api.CommandFrame
		code  problem.Code
		field string
	}{
		"no id":                    {chair, api.CommandFrame{Verb: "next"}, problem.Invalid, "id"},
		"a derived id":             {chair, derived, problem.Invalid, "id"},
		"no verb":                  {chair, frame("", ""), problem.Invalid, "verb"},
		"an unknown verb":          {chair, frame("fly", ""), problem.Invalid, "verb"},
		"another role's verb":      {delegate, frame("open_list", `{}`), problem.Forbidden, "verb"},
		"a service's verb":         {chair, frame("open_turn", `{}`), problem.Forbidden, "verb"},
		"nobody's":                 {events.Actor{ID: "token/x"}, frame("join", `{}`), problem.Forbidden, "verb"},
		"no reason where one must": {chair, frame("move", `{}`), problem.Invalid, "reason"},
		"a long reason":            {chair, long, problem.Invalid, "reason"},
		"a reason without a store": {chair, withReason, problem.Busy, "reason"},
		"an unknown argument":      {chair, frame("open_list", `{"list":"x"}`), problem.Malformed, "args.list"},
		"a wrong type":             {chair, frame("open_list", `{"part":[]}`), problem.Malformed, "args.part"},
		"no object":                {chair, frame("open_list", `7`), problem.Malformed, "args"},
		"two objects":              {chair, frame("open_list", `{} {}`), problem.Malformed, "args"},
		"too much":                 {chair, frame("open_list", `{"part":"`+strings.Repeat("x", command.MaxArgs)+`"}`), problem.TooLarge, "args"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := a.Do(context.Background(), ids.New[ids.Session](), k.actor, k.frame)
			var p *problem.Error
			if !errors.As(err, &p) || p.Code != k.code || p.Field != k.field || p.Do == "" {
				t.Errorf("refused by %v", err)
			}
		})
	}
	if asked := s.requests(); len(asked) != 0 {
		t.Errorf("a service was asked %+v", asked)
	}
}

// TestNobodyAnswers: without a service the same id is repeated for 10 s, and a
// service that comes meanwhile gets it.
func TestNobodyAnswers(t *testing.T) {
	store := logtest.Open(t)
	a := asker(t, store.Connect("ask"), nil)
	begun := time.Now()
	_, err := a.Do(context.Background(), ids.New[ids.Session](), chair, frame("open_list", `{}`))
	if took := time.Since(begun); !problem.Is(err, problem.Busy) || took < 9*time.Second || took > 13*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	if p := problem.From(err); !strings.Contains(p.Do, "same id") || p.RetryAfterMS == 0 {
		t.Errorf("it says %q", p.Do)
	}
}

// TestLimitsPerTokenAndSession: the delegates of one session, each with a link of
// their own, together send no more than a session takes; those of another session
// and whoever runs this one do not wait for them. What one link was refused is not
// counted, nor what nobody may send: strangers cannot use the delegates' share up.
func TestLimitsPerTokenAndSession(t *testing.T) {
	entry := `{"entry":"` + ids.New[ids.Entry]().String() + `"}`
	// Whoever asks has gone already: nothing is sent, and no time passes.
	gone, leave := context.WithCancel(context.Background())
	leave()
	synctest.Test(t, func(t *testing.T) {
		a, err := ask.New(ask.Config{Conn: &nats.Conn{}, PerSession: 100})
		if err != nil {
			t.Fatal(err)
		}
		one, two := ids.New[ids.Session](), ids.New[ids.Session]()
		send := func(s ids.Session, id string, roles ...events.Role) error {
			_, err := a.Do(gone, s, events.Actor{ID: id, Roles: roles, Applicant: ids.New[ids.Applicant]()}, frame("check_in", entry))
			return err
		}
		taken := func(how string, err error) {
			t.Helper()
			if !problem.Is(err, problem.Busy) && !problem.Is(err, problem.Unknown) {
				t.Fatalf("%s: %v", how, err)
			}
		}
		for i := range 10 * 100 {
			_, err := a.Do(gone, one, events.Actor{ID: fmt.Sprint("stranger ", i), Roles: []events.Role{events.Observer}}, frame("check_in", entry))
			if err == nil || problem.Is(err, problem.TooMany) || problem.Is(err, problem.Busy) || problem.Is(err, problem.Unknown) {
				t.Fatalf("a stranger's command: %v", err)
			}
			if _, err := a.Do(gone, one, events.Actor{ID: fmt.Sprint("delegate ", i), Roles: []events.Role{events.Speaker}}, frame("fly", "")); !problem.Is(err, problem.Invalid) {
				t.Fatalf("a command that is none: %v", err)
			}
		}
		for range api.CommandsPerSecond {
			taken("the first delegate", send(one, "first", events.Speaker))
		}
		for range 50 {
			if err := send(one, "first", events.Speaker); !problem.Is(err, problem.TooMany) || !strings.Contains(err.Error(), "one link") {
				t.Fatalf("over one link's allowance: %v", err)
			}
		}
		for i := api.CommandsPerSecond; i < 100; i++ {
			taken("everybody", send(one, fmt.Sprint("other ", i), events.Speaker))
		}
		err = send(one, "last", events.Speaker)
		if p := problem.From(err); p.Code != problem.TooMany || p.RetryAfterMS != 10 || !strings.Contains(p.Detail, "a session takes") || !strings.Contains(p.Do, "same id") {
			t.Fatalf("over the session's: %v", err)
		}
		for _, role := range []events.Role{events.Chair, events.ViceChair, events.Secretariat} {
			taken(string(role), send(one, string(role), role))
		}
		taken("a delegate who is the chair too", send(one, "both", events.Speaker, events.Chair))
		taken("another session", send(two, "delegate", events.Speaker))
		time.Sleep(10 * time.Millisecond)
		taken("after the time that it said", send(one, "later", events.Speaker))
	})
	unlimited, err := ask.New(ask.Config{Conn: &nats.Conn{}, PerSession: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := ids.New[ids.Session]()
	for i := range 2 * ask.CommandsPerSession {
		if _, err := unlimited.Do(gone, s, events.Actor{ID: fmt.Sprint(i), Roles: []events.Role{events.Speaker}}, frame("check_in", entry)); problem.Is(err, problem.TooMany) {
			t.Fatalf("without a limit: %v", err)
		}
	}
}

func TestRateOfOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Nothing is sent: the frames are refused after the allowance was asked.
		a, err := ask.New(ask.Config{Conn: &nats.Conn{}})
		if err != nil {
			t.Fatal(err)
		}
		send := func(actor events.Actor) error {
			_, err := a.Do(context.Background(), ids.New[ids.Session](), actor, frame("fly", ""))
			return err
		}
		for i := range api.CommandsPerSecond {
			if err := send(chair); !problem.Is(err, problem.Invalid) {
				t.Fatalf("command %d: %v", i, err)
			}
		}
		err = send(chair)
		if p := problem.From(err); p.Code != problem.TooMany || p.RetryAfterMS != 50 || !strings.Contains(p.Do, "same id") {
			t.Errorf("one too many: %v", err)
		}
		// Parts of a request that was counted already, such as an import's delegates.
		if _, err := a.Do(ask.Counted(context.Background()), ids.New[ids.Session](), chair, frame("fly", "")); !problem.Is(err, problem.Invalid) {
			t.Errorf("a part of a request: %v", err)
		}
		if err := send(delegate); !problem.Is(err, problem.Invalid) {
			t.Errorf("another token: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
		if err := send(chair); !problem.Is(err, problem.Invalid) {
			t.Errorf("after the time that it said: %v", err)
		}
		time.Sleep(3 * time.Minute)
		if err := send(delegate); !problem.Is(err, problem.Invalid) {
			t.Errorf("after a long time: %v", err)
		}
	})
}
