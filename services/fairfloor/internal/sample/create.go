package sample

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Title is the sample session's, by which a later start finds it again.
const Title = "Sample consultation"

// Links are the addresses that a newcomer opens.
type Links struct {
	Session ids.Session `json:"session"`
	Code    string      `json:"code"`
	Chair   string      `json:"chair"`
	Speaker string      `json:"speaker"`
	Live    string      `json:"live"`
	Room    string      `json:"room"`
	Booth   string      `json:"booth"`
	// Organiser is a token, not a page: for the command line and the API.
	Organiser string `json:"organiser"`
}

// Maker makes the sample session through the public API.
type Maker struct {
	// Base is the server's address; Token gives an organiser's token. Each name
	// has its own allowance of commands.
	Base  string
	Token func(name string) (string, error)
	// Progress is told what is being done; may be nil.
	Progress func(text string, done, of int)
	Minutes  int
}

func (m *Maker) say(text string, done, of int) {
	if m.Progress != nil {
		m.Progress(text, done, of)
	}
}

func (m *Maker) http(name string) (client.HTTP, error) {
	text, err := m.Token(name)
	return client.HTTP{Base: m.Base, Token: text}, err
}

// FindOrCreate gives links to the sample session, which is made when there is
// none that is still going on.
func (m *Maker) FindOrCreate(ctx context.Context) (*Links, error) {
	organiser, err := m.http("sample")
	if err != nil {
		return nil, err
	}
	var known []struct {
		Session ids.Session   `json:"session"`
		Title   string        `json:"title"`
		Code    string        `json:"code"`
		Phase   session.Phase `json:"phase"`
		HardEnd clock.Instant `json:"hard_end"`
	}
	if err := organiser.Do(ctx, http.MethodGet, "/api/v1/sessions", nil, &known); err != nil {
		return nil, err
	}
	links := &Links{Organiser: organiser.Token}
	for _, k := range known {
		// A session that waits past its end has nothing left to try out.
		if k.Title == Title && k.Phase != session.Adjourned && (k.Phase != session.Planned || k.HardEnd > clock.Of(time.Now())) {
			links.Session, links.Code = k.Session, k.Code
		}
	}
	if links.Session.IsZero() {
		links.Session = ids.New[ids.Session]()
		if err := m.create(ctx, organiser, links.Session); err != nil {
			return nil, err
		}
	}
	return links, m.invite(ctx, organiser, links)
}

// create makes the session, its applicants with a person each, and the list.
func (m *Maker) create(ctx context.Context, organiser client.HTTP, id ids.Session) error {
	start := clock.Of(time.Now().Truncate(time.Minute).Add(time.Minute))
	modalities := session.DefaultModalities()
	if _, err := organiser.Command(ctx, id, "create_session", nil, command.CreateSession{
		Title: Title, PlannedStart: start, HardEnd: start.Add(int64(m.Minutes) * 60_000), Zone: "UTC",
		Languages: languages, Modalities: &modalities,
	}, ""); err != nil {
		return fmt.Errorf("the sample session: %w", err)
	}
	rows := Applicants(Of53)
	for i := range rows {
		rows[i].Accept = true
	}
	m.say("applicants", 0, len(rows))
	if _, err := organiser.Command(ctx, id, "import", nil, command.Import{Rows: rows}, ""); err != nil {
		return fmt.Errorf("the sample's applicants: %w", err)
	}
	var view api.View
	if err := organiser.Do(ctx, http.MethodGet, "/api/v1/sessions/"+id.String(), nil, &view); err != nil {
		return err
	}
	part := view.Agenda[0]
	if _, err := organiser.Command(ctx, id, "open_list", nil, command.PartRef{Part: part}, ""); err != nil {
		return err
	}
	applicants := map[string]ids.Applicant{}
	for a, v := range view.Applicants {
		applicants[v.Organisation] = a
	}
	var desk client.HTTP
	var err error
	for i, row := range rows {
		if i%8 == 0 { // within what one link may send in a second
			if desk, err = m.http(fmt.Sprintf("sample-desk-%d", i/8)); err != nil {
				return err
			}
		}
		if err := m.enlist(ctx, desk, id, part, applicants[row.Organisation], i); err != nil {
			return fmt.Errorf("%s: %w", row.Organisation, err)
		}
		m.say("speakers", i+1, len(rows))
	}
	return nil
}

// enlist makes a delegate known and puts their organisation on the list.
func (m *Maker) enlist(ctx context.Context, desk client.HTTP, id ids.Session, part ids.Part, applicant ids.Applicant, i int) error {
	forms := []string{"Ms", "Mr", "Dr", "H.E. Ms", "H.E. Mr"}
	r, err := desk.Command(ctx, id, "add_person", nil, command.AddPerson{
		Applicant: applicant, Roles: []events.Role{events.Speaker},
		Value: &command.PersonValue{Name: fmt.Sprintf("Delegate %02d", i+1), FormOfAddress: forms[i%len(forms)]},
	}, "")
	if err != nil {
		return err
	}
	person, err := ids.Parse[ids.Person](r.Made["person"])
	if err != nil {
		return err
	}
	_, err = desk.Command(ctx, id, "join", nil, command.Join{Part: part, Applicant: applicant, Delegate: person}, "")
	return err
}

// invite makes the links; the speaker's is that of the first on the list.
func (m *Maker) invite(ctx context.Context, organiser client.HTTP, links *Links) error {
	var view api.View
	if err := organiser.Do(ctx, http.MethodGet, "/api/v1/sessions/"+links.Session.String(), nil, &view); err != nil {
		return err
	}
	links.Code = view.Session.Code
	var applicant ids.Applicant
	for _, part := range view.Agenda {
		if list := view.Lists[part]; len(list) > 0 && applicant.IsZero() {
			applicant = view.Entries[list[0]].Applicant
		}
	}
	expires := time.Now().Add(7 * 24 * time.Hour).UnixMilli()
	for _, link := range []struct {
		to   *string
		args command.Invite
	}{
		{&links.Chair, command.Invite{Roles: []events.Role{events.Chair, events.Secretariat}}},
		{&links.Speaker, command.Invite{Roles: []events.Role{events.Speaker}, Applicant: applicant}},
		{&links.Live, command.Invite{Roles: []events.Role{events.Observer}}},
		{&links.Room, command.Invite{Roles: []events.Role{events.Observer}}},
		{&links.Booth, command.Invite{Roles: []events.Role{events.Interpreter, events.Technician}}},
	} {
		if link.to == &links.Speaker && applicant.IsZero() {
			continue // nobody waits any more
		}
		link.args.Expires = expires
		var made api.Invitation
		if err := organiser.Do(ctx, http.MethodPost, "/api/v1/sessions/"+links.Session.String()+"/invitations", link.args, &made); err != nil {
			return err
		}
		*link.to = made.URL
		if link.to == &links.Room {
			// The hall's screen shows what any observer may see, on a page of its own.
			*link.to = strings.Replace(made.URL, "/live#", "/room#", 1)
		}
	}
	return nil
}
