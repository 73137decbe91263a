package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	door "github.com/fairfloor/fairfloor/services/gateway/internal/ask"
)

// Page names the pages of the web app, as a link's last part.
var pageOf = []struct {
	role events.Role
	page string
}{
	{events.Organiser, "chair"},
	{events.Chair, "chair"},
	{events.ViceChair, "chair"},
	{events.Secretariat, "chair"},
	{events.Speaker, "speaker"},
	{events.Captioner, "desk"},
	{events.Interpreter, "booth"},
	{events.Technician, "booth"},
	{events.Observer, "live"},
}

// PageFor gives the page for a link with these roles.
func PageFor(roles []events.Role) string {
	actor := events.Actor{Roles: roles}
	for _, p := range pageOf {
		if actor.Has(p.role) {
			return p.page
		}
	}
	return "live"
}

func (s *server) commands() {
	ask := operation("command", http.MethodPost, "/sessions/{session}/commands", "Ask for something: any verb of the table", "commands")
	ask.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.CommandFrame](), true, "")},
	}}
	ask.SkipValidateBody = true // the schema is for readers; the door below is stricter
	huma.Register(s.api, ask,
		func(ctx context.Context, in *struct {
			InSession
			Key     string `header:"Idempotency-Key" doc:"The command's id, when the body has none"`
			RawBody []byte `contentType:"application/json"`
		},
		) (*body[command.Receipt], error) {
			claims, err := s.approach(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			// Read as strictly, and refused in the same words, as on the websocket.
			var asked api.CommandFrame
			if err := door.Decode(in.RawBody, &asked); err != nil {
				return nil, refuse(err)
			}
			if !makes(asked.Verb) {
				if err := s.Sessions.Read(in.Session, func(*session.State) {}); err != nil {
					return nil, refuse(err)
				}
			}
			frame, err := frameOf(asked.Verb, asked.ID, in.Key, asked.Args, asked.Reason)
			if err != nil {
				return nil, refuse(err)
			}
			frame.Expect = asked.Expect
			receipt, err := s.do(ctx, in.Session, claims.Actor(), frame)
			return &body[command.Receipt]{receipt}, refuse(err)
		})

	huma.Register(s.api, operation("invite", http.MethodPost, "/sessions/{session}/invitations", "Make a signed link; it is shown once", "people"),
		func(ctx context.Context, in *struct {
			InSession
			Key  string `header:"Idempotency-Key"`
			Host string `header:"X-Forwarded-Host" hidden:"true"`
			Body command.Invite
		},
		) (*body[api.Invitation], error) {
			claims, err := s.enterAs(in.Bearer, in.Session, staffRoles...)
			if err != nil {
				return nil, refuse(err)
			}
			frame, err := frameOf("invite", ids.Command{}, in.Key, in.Body, "")
			if err != nil {
				return nil, refuse(err)
			}
			receipt, err := s.do(ctx, in.Session, claims.Actor(), frame)
			if err != nil {
				return nil, refuse(err)
			}
			invitation, err := ids.Parse[ids.Invitation](receipt.Made["invitation"])
			if err != nil {
				return nil, refuse(err)
			}
			// The applicant may have been taken from the person.
			err = s.Sessions.Read(in.Session, func(state *session.State) {
				if i := state.Registry.Invitations[invitation]; i != nil {
					in.Body.Applicant = i.Applicant
				}
			})
			if err != nil {
				return nil, refuse(err)
			}
			out, err := s.link(in.Session, invitation, in.Body)
			if err == nil && session.ByCode(out.Roles) {
				out.Code = personalCode(s.Secret(in.Session), invitation)
			}
			return &body[api.Invitation]{out}, refuse(err)
		})
}

// makes reports whether a verb is for what is not there yet.
func makes(verb string) bool { return verb == "create_session" || verb == "create_consultation" }

// link signs the token of an invitation and makes its address.
func (s *server) link(id ids.Session, invitation ids.Invitation, args command.Invite) (api.Invitation, error) {
	claims := token.Claims{
		Subject: "invitation/" + invitation.String(), Session: id, Roles: args.Roles, Applicant: args.Applicant,
		Person: args.Person, Audience: token.WidestFor(args.Roles...), Expires: instant(args.Expires), ID: invitation,
	}
	if !args.Person.IsZero() {
		claims.Subject = "person/" + args.Person.String()
	}
	text, err := s.Tokens.Issue(claims)
	if err != nil {
		return api.Invitation{}, err
	}
	code, err := s.code(id)
	if err != nil {
		return api.Invitation{}, err
	}
	return api.Invitation{
		Invitation: invitation, Roles: args.Roles, Token: text, Expires: args.Expires,
		URL: s.Base + "/s/" + code + "/" + PageFor(args.Roles) + "#" + text,
	}, nil
}
