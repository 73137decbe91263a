package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// A personal code is what somebody types who cannot open a link: six characters
// that follow from the deployment's secret and the invitation, so nothing is
// stored, and revoking the invitation ends the code. They have 30 bits: guessing
// is slow by the limits below, and links that could run a session have none.

// codeLetters leave out what is mistaken for another: I, L, O and U.
const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// lesserRoles are those whose links may be seen again and opened by a code.
var lesserRoles = []events.Role{events.Speaker, events.Observer, events.Captioner, events.Interpreter, events.Technician}

// lesser reports whether all roles are lesser ones.
func lesser(roles []events.Role) bool {
	return !slices.ContainsFunc(roles, func(r events.Role) bool { return !slices.Contains(lesserRoles, r) })
}

// personalCode gives the code of an invitation under a session's secret.
func personalCode(secret [32]byte, invitation ids.Invitation) string {
	raw := invitation.Bytes()
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(raw[:])
	sum := mac.Sum(nil)
	code := make([]byte, 6)
	for i := range code {
		code[i] = codeLetters[sum[i]%32]
	}
	return string(code)
}

// tidy gives a typed code its one form: capitals, digits for what looks like them.
func tidy(typed string) string {
	return strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
}

// Wrong codes are bounded by address, which may be a whole conference, and for
// everybody together: with 10,000 codes in use one hit takes 30 hours at the
// bound of all.
var (
	wrongOfAll     = ratelimit.Rate{Name: "wrong-codes", Every: time.Second, Burst: 120}
	wrongOfAddress = ratelimit.Rate{Name: "wrong-codes-address", Every: 5 * time.Second, Burst: 30}
)

// mayGuess reports whether somebody at an address may try a code.
func (s *server) mayGuess(ctx context.Context, address string) error {
	wait := max(s.Limits.Look(ctx, wrongOfAll, ""), s.Limits.Look(ctx, wrongOfAddress, address))
	if wait == 0 {
		return nil
	}
	p := problem.New(problem.TooMany, "too many wrong codes were tried").Try("wait a minute, or open the link of your invitation")
	p.RetryAfterMS = 60_000
	return p
}

// guessedWrong counts a code that was none.
func (s *server) guessedWrong(ctx context.Context, address string) {
	s.Limits.Take(ctx, wrongOfAll, "")
	s.Limits.Take(ctx, wrongOfAddress, address)
}

// From is the address that a request comes from, as limits count it.
type From struct{ address string }

// Resolve takes the address (huma.Resolver).
func (f *From) Resolve(ctx huma.Context) []error {
	host, _, err := net.SplitHostPort(ctx.RemoteAddr())
	if err != nil {
		host = ctx.RemoteAddr()
	}
	f.address = ratelimit.Address(host)
	return nil
}

// Typed is a personal code as somebody typed it.
type Typed struct {
	Code string `json:"code" maxLength:"20" doc:"Six characters, in any case"`
}

// Link is a link that a code stands for.
type Link struct {
	URL   string        `json:"url"`
	Roles []events.Role `json:"roles"`
}

// Issued is an invitation as the chair's side sees it later. Links and codes of
// those who run the session are not shown again.
type Issued struct {
	Invitation ids.Invitation `json:"invitation"`
	Roles      []events.Role  `json:"roles"`
	Person     ids.Person     `json:"person,omitzero"`
	Applicant  ids.Applicant  `json:"applicant,omitzero"`
	Expires    int64          `json:"expires" doc:"ms since 1970"`
	Revoked    bool           `json:"revoked,omitempty"`
	URL        string         `json:"url,omitempty"`
	Code       string         `json:"code,omitempty" doc:"Six characters that open the link from the first page"`
}

func (s *server) codes() {
	huma.Register(s.api, operation("join-by-code", http.MethodPost, "/join", "The link of a personal code of six characters", "people"),
		func(ctx context.Context, in *struct {
			From
			Body Typed
		},
		) (*body[Link], error) {
			if err := s.mayGuess(ctx, in.address); err != nil {
				return nil, refuse(err)
			}
			found := s.invited(tidy(in.Body.Code), time.Now().UnixMilli())
			if len(found) != 1 {
				// Two with the same code, once in many thousands: their links tell them apart.
				s.guessedWrong(ctx, in.address)
				return nil, refuse(problem.New(problem.NotFound, "no invitation has this code").On("code").Try("check the six characters, or open the link of your invitation"))
			}
			made, err := s.link(found[0].session, found[0].ID, found[0].args())
			return &body[Link]{Link{made.URL, made.Roles}}, refuse(err)
		})

	huma.Register(s.api, operation("invitations", http.MethodGet, "/sessions/{session}/invitations", "The signed links that were made, for the chair's side", "people"),
		func(_ context.Context, in *InSession) (*kept[[]Issued], error) {
			if _, err := s.enterAs(in.Bearer, in.Session, staffRoles...); err != nil {
				return nil, refuse(err)
			}
			out, err := s.issued(in.Session, time.Now().UnixMilli())
			return &kept[[]Issued]{"no-store", out}, refuse(err)
		})
}

// kept is an answer that nobody on the way may keep.
type kept[T any] struct {
	Cache string `header:"Cache-Control"`
	Body  T
}

// guest is an invitation with its session.
type guest struct {
	session.Invitation
	session ids.Session
}

func (g guest) args() command.Invite {
	return command.Invite{Roles: g.Roles, Person: g.Person, Applicant: g.Applicant, Expires: g.Expires}
}

// invited finds the invitations of a code that are good now, I/O time in ms.
func (s *server) invited(code string, now int64) (found []guest) {
	for _, id := range s.Sessions.Sessions() {
		secret := s.Secret(id)
		// A session whose log is refused lets nobody in.
		_ = s.Sessions.Read(id, func(state *session.State) {
			for _, i := range state.Registry.Invitations {
				if !i.Revoked && i.Expires > now && lesser(i.Roles) && personalCode(secret, i.ID) == code {
					found = append(found, guest{*i, id})
				}
			}
		})
	}
	return found
}

// issued lists a session's invitations, the oldest first.
func (s *server) issued(id ids.Session, now int64) ([]Issued, error) {
	all, secret := []guest{}, s.Secret(id)
	err := s.Sessions.Read(id, func(state *session.State) {
		for _, i := range state.Registry.Invitations {
			all = append(all, guest{*i, id})
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b guest) int { return a.ID.Compare(b.ID) })
	out := make([]Issued, 0, len(all))
	for _, i := range all {
		one := Issued{Invitation: i.ID, Roles: i.Roles, Person: i.Person, Applicant: i.Applicant, Expires: i.Expires, Revoked: i.Revoked}
		if !i.Revoked && i.Expires > now && lesser(i.Roles) {
			made, err := s.link(id, i.ID, i.args())
			if err != nil {
				return nil, err
			}
			one.URL, one.Code = made.URL, personalCode(secret, i.ID)
		}
		out = append(out, one)
	}
	return out, nil
}
