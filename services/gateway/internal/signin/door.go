package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// Outcome says on the first page why somebody is not in: a closed set, whose
// words the page has in each language.
type Outcome string

// The outcomes.
const (
	// Unmapped is somebody whom no rule gives a role where they want to go.
	Unmapped Outcome = "unmapped"
	// Unverified is somebody whose e-mail address the provider has not verified.
	Unverified Outcome = "unverified"
	// Denied is somebody whom the provider did not let in, or who turned back.
	Denied Outcome = "denied"
	// Stale is an answer too late, a second time, or in another browser.
	Stale Outcome = "stale"
	// Untrusted is an answer that is not the provider's to us.
	Untrusted Outcome = "untrusted"
	// Unavailable is a provider that is away, or a fault of the settings.
	Unavailable Outcome = "unavailable"
	// Busy is an address from which too many try.
	Busy Outcome = "busy"
	// NoSession is a code of no session.
	NoSession Outcome = "no_session"
	// Choose is somebody who may go to several sessions: the page shows them.
	Choose Outcome = "choose"
)

// errStale is in the error of an answer that does not belong to this browser's question.
var errStale = errors.New("the answer is too old, was used, or belongs to another browser")

// attempts bounds what one address, which may be a whole conference, may begin and finish.
var attempts = ratelimit.Rate{Name: "sign-in-address", Every: time.Second, Burst: 120}

// choices bounds how many sessions somebody is shown.
const choices = 12

// begin sends somebody to the provider.
func (d *Door) begin(w http.ResponseWriter, r *http.Request) {
	if !d.open(w, r) {
		return
	}
	query := r.URL.Query()
	f := flow{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: d.Now().Add(patience).Unix(),
	}
	if code := query.Get("session"); code != "" {
		if _, ok := d.Sessions.ByCode(code); !ok {
			d.turnAway(w, NoSession, nil)
			return
		}
		f.Session = code
	}
	// Only a page of ours, by its name: no address is taken from a request.
	if page := query.Get("page"); slices.Contains(d.Pages, page) {
		f.Page = page
	}
	to, err := d.provider.ask(r.Context(), f)
	if err != nil {
		d.turnAway(w, Unavailable, err)
		return
	}
	cookie, err := d.seal.put(f)
	if err != nil {
		d.turnAway(w, Unavailable, err)
		return
	}
	http.SetCookie(w, cookie)
	lead(w, to)
}

// finish takes somebody in whom the provider sends back.
func (d *Door) finish(w http.ResponseWriter, r *http.Request) {
	if !d.open(w, r) {
		return
	}
	// Whatever comes of it, this question is answered.
	http.SetCookie(w, d.seal.cookie("", 0))
	query := r.URL.Query()
	f, err := d.seal.take(r)
	switch {
	case err != nil:
		d.turnAway(w, Stale, err)
		return
	case subtle.ConstantTimeCompare([]byte(f.State), []byte(query.Get("state"))) != 1, d.Now().Unix() > f.Until:
		d.turnAway(w, Stale, errStale)
		return
	case query.Has("iss") && query.Get("iss") != d.Issuer:
		// RFC 9207: an answer of another provider.
		d.turnAway(w, Untrusted, errUntrusted)
		return
	case query.Get("error") == "access_denied":
		d.turnAway(w, Denied, nil)
		return
	case query.Get("code") == "":
		d.turnAway(w, Unavailable, errAway)
		return
	}
	to, outcome, err := d.admit(r.Context(), f, query.Get("code"))
	if outcome != "" {
		d.turnAway(w, outcome, err)
		return
	}
	lead(w, to)
}

// open reports whether somebody may try; otherwise it has told them.
func (d *Door) open(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Cache-Control", "no-store")
	if d.Limits.Take(r.Context(), attempts, ratelimit.Address(address(r))) > 0 {
		d.turnAway(w, Busy, nil)
		return false
	}
	select {
	case <-d.Ready:
		return true
	default:
		d.turnAway(w, Unavailable, errors.New("this gateway has just started and still reads the log"))
		return false
	}
}

// lead sends a browser on. It is no redirect that keeps the method, and no page
// that could tell the next one where it came from.
func lead(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// turnAway sends somebody to the first page, which says why.
func (d *Door) turnAway(w http.ResponseWriter, outcome Outcome, err error) {
	if err != nil {
		// A provider's page of an error may be as long as answerSize.
		d.Logger.Warn("a sign-in failed", "reason", string(outcome), "error", fmt.Sprintf("%.300s", err.Error()))
	}
	lead(w, d.first(outcome))
}

// first is the first page's address with what it is to say.
func (d *Door) first(outcome Outcome, sessions ...string) string {
	query := url.Values{"sign-in": {string(outcome)}}
	if len(sessions) > 0 {
		query.Set("sessions", strings.Join(sessions, ","))
	}
	return d.Base + "/?" + query.Encode()
}

// admit gives the link of whoever brought a code, or why there is none.
func (d *Door) admit(ctx context.Context, f flow, code string) (to string, outcome Outcome, err error) {
	// Read anew each time: who is taken out of the file is out at once.
	rules, err := ReadRules(d.Rules)
	if err != nil {
		return "", Unavailable, err
	}
	said, err := d.provider.redeem(ctx, f, code, func(c claims) bool { return !rules.lacks(c) })
	switch {
	case errors.Is(err, errStale):
		return "", Stale, err
	case errors.Is(err, errUntrusted):
		return "", Untrusted, err
	case err != nil:
		return "", Unavailable, err
	}
	subject, _ := said["sub"].(string)
	who := d.pseudonym(subject)
	mine, unverified := rules.of(said)
	refused := Unmapped
	if unverified {
		refused = Unverified
	}
	switch codes := d.codes(f, mine); {
	case f.Session == "" && mine.deployment():
		to, err = d.deployment(who)
	case len(codes) == 1:
		to, err = d.session(ctx, who, codes[0], f.Page, mine.roles(codes[0]))
	case len(codes) > 1:
		return d.first(Choose, codes...), "", nil
	default:
		d.Logger.Info("somebody without a role wanted to sign in", "actor", who, "reason", string(refused))
		return "", refused, nil
	}
	if err != nil {
		return "", Unavailable, err
	}
	return to, "", nil
}

// codes gives the sessions in which somebody has a role: the one that is asked
// for, or those that are not over, the earliest first.
func (d *Door) codes(f flow, mine Rules) (found []string) {
	if f.Session != "" {
		if id, ok := d.Sessions.ByCode(f.Session); ok && len(mine.roles(d.code(id))) > 0 {
			found = append(found, d.code(id))
		}
		return found
	}
	type one struct {
		code string
		at   int64
	}
	var all []one
	for _, id := range d.Sessions.Sessions() {
		// One whose log is refused is not offered, nor another organisation's: the
		// operator's provider lets nobody in there.
		_ = d.Sessions.Read(id, func(s *session.State) {
			r := &s.Registry
			if s.Exists() && r.Organisation.IsZero() && s.Timing.Phase != session.Adjourned && len(mine.roles(r.Code)) > 0 {
				all = append(all, one{r.Code, int64(r.PlannedStart)})
			}
		})
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.code, b.code)) })
	for _, each := range all[:min(len(all), choices)] {
		found = append(found, each.code)
	}
	return found
}

// code gives a session's code as the session writes it.
func (d *Door) code(id ids.Session) (code string) {
	_ = d.Sessions.Read(id, func(s *session.State) { code = s.Registry.Code })
	return code
}

// deployment gives the link of the deployment's organiser. It belongs to no
// session, so no session's log has it: its life is short, and it ends with the
// key that signed it.
func (d *Door) deployment(who string) (string, error) {
	claims := token.Claims{
		Subject: who, Roles: []events.Role{events.Organiser}, Expires: d.Now().Add(d.Lifetime), ID: ids.New[ids.Invitation](),
	}
	text, err := d.Tokens.Issue(claims)
	if err != nil {
		return "", err
	}
	d.Logger.Info("the deployment's organiser signed in", "actor", who, "invitation", claims.ID.String())
	return d.Base + "/organiser#" + text, nil
}

// session gives the link of a session. It is an invitation like any other:
// noted in the session's log, shown to its organisers, withdrawn by them.
func (d *Door) session(ctx context.Context, who, code, page string, roles []events.Role) (string, error) {
	id, ok := d.Sessions.ByCode(code)
	if !ok {
		return "", problem.New(problem.NotFound, "no session has this code")
	}
	until := d.Now().Add(d.Lifetime)
	args, err := json.Marshal(command.Invite{Roles: roles, Expires: until.UnixMilli()})
	if err != nil {
		return "", err
	}
	// The operator's rules give the role, with an organiser's right to.
	actor := events.Actor{ID: who, Roles: []events.Role{events.Organiser}}
	receipt, err := d.Asker.Do(ctx, id, actor, api.CommandFrame{ID: ids.New[ids.Command](), Verb: "invite", Args: args})
	if err != nil {
		return "", err
	}
	invitation, err := ids.Parse[ids.Invitation](receipt.Made["invitation"])
	if err != nil {
		return "", fmt.Errorf("the receipt of an invitation names none: %w", err)
	}
	text, err := d.Tokens.Issue(token.Claims{Subject: who, Session: id, Roles: roles, Expires: until, ID: invitation})
	if err != nil {
		return "", err
	}
	d.Logger.Info("somebody signed in", "actor", who, "session", id.String(), "invitation", invitation.String())
	if page == "" {
		page = d.Page(roles)
	}
	return d.Base + "/s/" + url.PathEscape(code) + "/" + page + "#" + text, nil
}
