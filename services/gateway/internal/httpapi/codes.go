package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/joincode"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// A personal code is what somebody types who cannot open a link: six characters
// that follow from the deployment's secret and the invitation, so nothing is
// stored, and revoking the invitation ends the code. They have 30 bits: guessing
// is slow by the limits below, and links that could run a session have none.
//
// A one-time code (package joincode) is for somebody who stands before the
// secretariat: eight characters, good once and for ten minutes.

// personalCode gives the code of an invitation under a session's secret.
func personalCode(secret [32]byte, invitation ids.Invitation) string {
	raw := invitation.Bytes()
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(raw[:])
	return joincode.Spell(mac.Sum(nil)[:6])
}

// Wrong codes are bounded by address, which may be a whole conference; for
// everybody who names a session together, and for everybody who names none.
// With 10,000 personal codes in use one hit takes 30 hours at that bound, and
// with 1,000 one-time codes thirty years. Whoever uses a bound up stops those who type
// on the first page, and not those who do on a session's own.
var (
	wrongOfAll     = ratelimit.Rate{Name: "wrong-codes", Every: time.Second, Burst: 120}
	wrongOfSession = ratelimit.Rate{Name: "wrong-codes-session", Every: time.Second, Burst: 120}
	wrongOfAddress = ratelimit.Rate{Name: "wrong-codes-address", Every: 5 * time.Second, Burst: 30}
)

// guess is a try of a code, as the limits count it.
type guess struct {
	address string
	// session is the one whose codes are tried; zero tries those of all.
	session ids.Session
}

// total is the bound of everybody who tries the same codes, and its key.
func (g guess) total() (ratelimit.Rate, string) {
	if g.session.IsZero() {
		return wrongOfAll, ""
	}
	return wrongOfSession, g.session.String()
}

// mayGuess reports whether somebody may try a code.
func (s *server) mayGuess(ctx context.Context, g guess) error {
	rate, key := g.total()
	wait := max(s.Limits.Look(ctx, rate, key), s.Limits.Look(ctx, wrongOfAddress, g.address))
	if wait == 0 {
		return nil
	}
	p := problem.New(problem.TooMany, "too many wrong codes were tried").Try("wait a minute, or open the link of your invitation")
	p.RetryAfterMS = 60_000
	return p
}

// guessedWrong counts a code that was none.
func (s *server) guessedWrong(ctx context.Context, g guess) {
	rate, key := g.total()
	s.Limits.Take(ctx, rate, key)
	s.Limits.Take(ctx, wrongOfAddress, g.address)
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

// Typed is a code as somebody typed it.
type Typed struct {
	Code string `json:"code" maxLength:"20" doc:"A personal code of six characters, or a one-time code of eight; in any case, grouped or not"`
	// Session narrows the codes that it may be, and whose limit of wrong ones counts.
	Session ids.Session `json:"session,omitzero" doc:"The session whose page it is typed on; none tries the codes of all"`
}

// OneTime is a one-time code as it is read out.
type OneTime struct {
	Code    string `json:"code" doc:"Eight characters; say them in two groups of four"`
	Expires int64  `json:"expires" doc:"ms since 1970"`
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
	Codes      int            `json:"codes,omitempty" doc:"How many one-time codes were made for it"`
}

func (s *server) codes() {
	huma.Register(s.api, operation("join-by-code", http.MethodPost, "/join", "The link of a personal code, or of a one-time code", "people"),
		func(ctx context.Context, in *struct {
			From
			Body Typed
		},
		) (*kept[Link], error) {
			g := guess{in.address, in.Body.Session}
			if !g.session.IsZero() {
				// A session that is not there would have a bound of its own.
				if _, err := s.code(g.session); err != nil {
					return nil, refuse(err)
				}
			}
			if err := s.mayGuess(ctx, g); err != nil {
				return nil, refuse(err)
			}
			in.Body.Code = joincode.Tidy(in.Body.Code)
			found, err := s.invited(ctx, in.Body, time.Now().UnixMilli())
			if err != nil {
				return nil, refuse(err)
			}
			if len(found) != 1 {
				// Two with the same code, once in many thousands: their links tell them apart.
				s.guessedWrong(ctx, g)
				return nil, refuse(problem.New(problem.NotFound, "this code is wrong, or it was used already, or its time is over").On("code").
					Try("type it again, open your link, or ask the secretariat for a new code"))
			}
			made, err := s.link(found[0].session, found[0].ID, found[0].args())
			return &kept[Link]{"no-store", Link{made.URL, made.Roles}}, refuse(err)
		})

	huma.Register(s.api, operation("make-code", http.MethodPost, "/sessions/{session}/invitations/{invitation}/code", "Make a one-time code that opens a link from the first page, good once and for ten minutes", "people"),
		func(ctx context.Context, in *struct {
			InSession
			Invitation ids.Invitation `path:"invitation"`
			Key        string         `header:"Idempotency-Key"`
		},
		) (*kept[OneTime], error) {
			claims, err := s.enterAs(in.Bearer, in.Session, staffRoles...)
			if err != nil {
				return nil, refuse(err)
			}
			out, err := s.oneTime(ctx, in.Session, in.Invitation, claims.Actor(), in.Key)
			return &kept[OneTime]{"no-store", out}, refuse(err)
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

// oneTime notes in the log that a code is made, and makes it: nobody holds one
// that the log does not tell of. One that cannot be kept is a fact without a
// code, and harms nobody.
func (s *server) oneTime(ctx context.Context, id ids.Session, invitation ids.Invitation, actor events.Actor, key string) (OneTime, error) {
	var until int64
	err := s.Sessions.Read(id, func(state *session.State) {
		if i := state.Registry.Invitations[invitation]; i != nil {
			until = i.Expires
		}
	})
	switch {
	case err != nil:
		return OneTime{}, err
	case until != 0 && until <= time.Now().UnixMilli():
		return OneTime{}, problem.New(problem.WrongState, "the link has expired").On("path.invitation").Try("make a new link and hand it over")
	}
	frame, err := frameOf("make_code", ids.Command{}, key, command.InvitationRef{Invitation: invitation}, "")
	if err != nil {
		return OneTime{}, err
	}
	receipt, err := s.do(ctx, id, actor, frame)
	switch {
	case err != nil:
		return OneTime{}, err
	case receipt.Outcome == command.Duplicate && key != "":
		// Without a key the id is new, and only our own asking again can have done it.
		return OneTime{}, problem.New(problem.Already, "this code was shown already").Try("make another one")
	}
	begun := time.Now()
	code, err := joincode.Make(ctx, s.JoinCodes, joincode.Guest{Session: id, Invitation: invitation})
	if err != nil {
		return OneTime{}, s.noCodes(err)
	}
	return OneTime{code, begun.Add(joincode.Lifetime).UnixMilli()}, nil
}

// noCodes is the refusal while one-time codes cannot be made or checked.
func (s *server) noCodes(err error) error {
	s.Logger.Warn("a one-time code could not be made or checked", "error", err)
	return problem.New(problem.Busy, "one-time codes do not work at present").Try("open your link, or ask the secretariat")
}

// invited finds the invitations of a code that are good now, I/O time in ms.
func (s *server) invited(ctx context.Context, typed Typed, now int64) (found []guest, err error) {
	if len(typed.Code) == joincode.Length {
		return s.visitor(ctx, typed, now)
	}
	for _, id := range s.Sessions.Sessions() {
		if !typed.Session.IsZero() && id != typed.Session {
			continue
		}
		secret := s.Secret(id)
		// A session whose log is refused lets nobody in.
		_ = s.Sessions.Read(id, func(state *session.State) {
			for _, i := range state.Registry.Invitations {
				if guestOf(i, now) && personalCode(secret, i.ID) == typed.Code {
					found = append(found, guest{*i, id})
				}
			}
		})
	}
	return found, nil
}

// visitor takes a one-time code. What it stood for may have ended since it was made.
func (s *server) visitor(ctx context.Context, typed Typed, now int64) (found []guest, err error) {
	of, err := s.JoinCodes.Take(ctx, typed.Code)
	switch {
	case errors.Is(err, joincode.ErrUnknown):
		return nil, nil
	case err != nil:
		return nil, s.noCodes(err)
	case !typed.Session.IsZero() && of.Session != typed.Session:
		// Typed on the page of another session: it was used all the same.
		return nil, nil
	}
	_ = s.Sessions.Read(of.Session, func(state *session.State) {
		if i := state.Registry.Invitations[of.Invitation]; i != nil && guestOf(i, now) {
			found = append(found, guest{*i, of.Session})
		}
	})
	return found, nil
}

// guestOf reports whether an invitation may be opened by a code now.
func guestOf(i *session.Invitation, now int64) bool {
	return !i.Revoked && i.Expires > now && session.ByCode(i.Roles)
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
		one := Issued{Invitation: i.ID, Roles: i.Roles, Person: i.Person, Applicant: i.Applicant, Expires: i.Expires, Revoked: i.Revoked, Codes: i.Codes}
		if guestOf(&i.Invitation, now) {
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
