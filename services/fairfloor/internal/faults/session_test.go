package faults_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// meeting is a session that a test made through the public API.
type meeting struct {
	t          *testing.T
	http       client.HTTP
	id         ids.Session
	part       ids.Part
	applicants []ids.Applicant
	// trust is for a server with a certificate of its own.
	trust *tls.Config
}

// meet makes a session of an hour and a half with accepted applicants and an
// open list.
func meet(t *testing.T, base, organiser string, applicants int) *meeting {
	t.Helper()
	return meetOver(t, nil, base, organiser, applicants)
}

// meetOver is meet over https, with this trust.
func meetOver(t *testing.T, trust *tls.Config, base, organiser string, applicants int) *meeting {
	t.Helper()
	m := &meeting{
		t: t, id: ids.New[ids.Session](), trust: trust,
		http: client.HTTP{Base: base, Token: organiser, Client: browser(trust)},
	}
	now := clock.Of(time.Now())
	m.do("create_session", command.CreateSession{
		Title: "A session with faults", PlannedStart: now, HardEnd: now.Add(90 * 60_000), Zone: "UTC",
	})
	rows := make([]command.Apply, applicants)
	for i := range rows {
		rows[i] = command.Apply{Organisation: fmt.Sprintf("Organisation %03d", i), Accept: true, Remote: i%2 == 0}
	}
	m.do("import", command.Import{Rows: rows})
	view := m.view()
	m.part = view.Agenda[0]
	byName := map[string]ids.Applicant{}
	for id, a := range view.Applicants {
		byName[a.Organisation] = id
	}
	for _, row := range rows {
		m.applicants = append(m.applicants, byName[row.Organisation])
	}
	m.do("open_list", command.PartRef{Part: m.part})
	return m
}

// browser makes an HTTP client without idle connections: they would count as
// goroutines, here and in the server.
func browser(trust *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: trust}, Timeout: patience}
}

// do sends one of the organiser's commands over HTTP.
func (m *meeting) do(verb string, args any) command.Receipt {
	m.t.Helper()
	r, err := m.http.Command(timeout(m.t), m.id, verb, nil, args, "")
	if err != nil {
		m.t.Fatalf("%s: %v", verb, err)
	}
	return r
}

// view gives the chair's view over HTTP.
func (m *meeting) view() *api.View {
	m.t.Helper()
	var view api.View
	if err := m.http.Do(timeout(m.t), http.MethodGet, "/api/v1/sessions/"+m.id.String(), nil, &view); err != nil {
		m.t.Fatal(err)
	}
	return &view
}

// link makes a signed link.
func (m *meeting) link(args command.Invite) api.Invitation {
	m.t.Helper()
	args.Expires = time.Now().Add(24 * time.Hour).UnixMilli()
	var link api.Invitation
	if err := m.http.Do(timeout(m.t), http.MethodPost, "/api/v1/sessions/"+m.id.String()+"/invitations", args, &link); err != nil {
		m.t.Fatal(err)
	}
	return link
}

// join connects a client with a new link; it is closed at the end of the test.
func (m *meeting) join(args command.Invite) *client.Live {
	m.t.Helper()
	return m.dial(client.Options{Token: m.link(args).Token})
}

func (m *meeting) dial(options client.Options) *client.Live {
	m.t.Helper()
	options.Base, options.Session, options.TLS = m.http.Base, m.id, m.trust
	options.FirstBackoff, options.MostBackoff = 20*time.Millisecond, 200*time.Millisecond
	l, err := client.Dial(timeout(m.t), options)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(l.Close)
	return l
}

// delegate connects a speaker of the i-th applicant.
func (m *meeting) delegate(i int) *client.Live {
	m.t.Helper()
	return m.join(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: m.applicants[i]})
}

// chair connects a chair.
func (m *meeting) chair() *client.Live {
	m.t.Helper()
	return m.join(command.Invite{Roles: []events.Role{events.Chair}})
}

// enlist puts an applicant on the list.
func (m *meeting) enlist(l *client.Live, i int) ids.Entry {
	m.t.Helper()
	r := ask(m.t, l, "join", nil, command.Join{Part: m.part, Applicant: m.applicants[i]})
	return parse[ids.Entry](m.t, r.Made["entry"])
}

// ask sends a command over a live connection.
func ask(t *testing.T, l *client.Live, verb string, expect *command.Expect, args any) command.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := l.Do(ctx, verb, expect, args)
	if err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
	if err := l.WaitSeq(ctx, r.Seq); err != nil {
		t.Fatalf("the view after %s: %v", verb, err)
	}
	return r
}

// give gives the floor to the next and lets them begin; it returns when the
// chair's view shows the turn with its allotment.
func (m *meeting) give(chair *client.Live) ids.Turn {
	m.t.Helper()
	view := look(m.t, chair)
	if len(view.Lists[m.part]) == 0 {
		m.t.Fatal("nobody waits")
	}
	running, next := view.Floor.Turn, view.Lists[m.part][0]
	r := ask(m.t, chair, "next", &command.Expect{Turn: &running, Entry: &next}, command.None{})
	turn := parse[ids.Turn](m.t, r.Made["turn"])
	ask(m.t, chair, "begin", &command.Expect{Turn: &turn}, command.Begin{Turn: turn})
	err := chair.Wait(timeout(m.t), func(l *client.Locked) bool {
		t := l.View().Turns[turn]
		return t != nil && t.AllottedMS > 0 && !t.BegunAt.IsZero()
	})
	if err != nil {
		m.t.Fatalf("the turn never opened: %v", err)
	}
	return turn
}

// export gives the stored log over the API.
func (m *meeting) export() *proof.Log {
	m.t.Helper()
	var raw []byte
	if err := m.http.Do(timeout(m.t), http.MethodGet, "/api/v1/sessions/"+m.id.String()+"/log", nil, &raw); err != nil {
		m.t.Fatal(err)
	}
	log, err := proof.ReadLog(bytes.NewReader(raw))
	if err != nil {
		m.t.Fatal(err)
	}
	return log
}

// look gives a client's view.
func look(t *testing.T, l *client.Live) *api.View {
	t.Helper()
	view, err := l.View()
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func parse[ID ids.Any](t *testing.T, text string) ID {
	t.Helper()
	id, err := ids.Parse[ID](text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// left is the countdown of a turn at a session time, in ms (see api.TurnView).
func left(turn *api.TurnView, now clock.Instant) int64 {
	if !turn.PausedSince.IsZero() {
		now = turn.PausedSince
	}
	return turn.AllottedMS + turn.AddedMS - (now.Sub(turn.BegunAt) - turn.PausedMS)
}
