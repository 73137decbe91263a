package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// maxRules bounds the file of rules, in bytes.
const maxRules = 1 << 20

// everySession in a rule's sessions means all that there are, and will be.
const everySession = "*"

// staff are the roles that a rule may give. Speakers are somebody's delegates
// and come by their links; observers need no sign-in.
var staff = []events.Role{
	events.Organiser, events.Chair, events.ViceChair, events.Secretariat, events.Captioner, events.Interpreter, events.Technician,
}

// Rule gives roles to everybody for whom the provider says a thing.
type Rule struct {
	// Claim names what the provider says, such as "groups", "email" or "sub";
	// realm_access.roles is the member roles of the claim realm_access.
	Claim string `json:"claim"`
	// Value is what the claim must be, or hold when it is a list: exactly, but
	// e-mail addresses in any case of letters.
	Value string `json:"value"`
	// Roles are given to them: without Sessions only organiser, of the deployment.
	Roles []events.Role `json:"roles"`
	// Sessions are codes of sessions, or "*" for every one; none means the deployment.
	Sessions []string `json:"sessions,omitempty"`
}

// Rules say who gets which roles.
type Rules []Rule

// ReadRules reads a file of rules. The error names the rule that is wrong.
func ReadRules(file string) (Rules, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("oidc-roles: %w", err)
	}
	defer f.Close()
	var read struct {
		Rules Rules `json:"rules"`
	}
	from := json.NewDecoder(io.LimitReader(f, maxRules))
	from.DisallowUnknownFields()
	if err := from.Decode(&read); err != nil {
		return nil, fmt.Errorf("oidc-roles: %s: %w", file, err)
	}
	if from.More() {
		return nil, fmt.Errorf("oidc-roles: %s: there is more after the rules", file)
	}
	if len(read.Rules) == 0 {
		return nil, fmt.Errorf("oidc-roles: %s: there is no rule, so nobody would get a role", file)
	}
	for i, rule := range read.Rules {
		if err := rule.check(); err != nil {
			return nil, fmt.Errorf("oidc-roles: %s: rule %d: %w", file, i+1, err)
		}
	}
	return read.Rules, nil
}

func (r Rule) check() error {
	switch {
	case r.Claim == "" || r.Value == "":
		return errors.New("give a claim and its value")
	case len(r.Roles) == 0:
		return errors.New("give at least one role")
	case len(r.Sessions) == 0 && !slices.Equal(r.Roles, []events.Role{events.Organiser}):
		return errors.New(`the deployment as a whole has the role organiser alone; for other roles say in which sessions, or ["*"]`)
	}
	for _, role := range r.Roles {
		if !slices.Contains(staff, role) {
			return fmt.Errorf("%.40q is none of the roles %v", string(role), staff)
		}
	}
	if slices.Contains(r.Sessions, "") {
		return errors.New("a session's code is empty")
	}
	return nil
}

// within reports whether the rule is about the session of a code.
func (r Rule) within(code string) bool {
	return slices.ContainsFunc(r.Sessions, func(s string) bool { return s == everySession || strings.EqualFold(s, code) })
}

// claims are what the provider says about somebody.
type claims map[string]any

// lacks reports whether the rules look at a claim that is not there.
func (rules Rules) lacks(c claims) bool {
	return slices.ContainsFunc(rules, func(r Rule) bool {
		return c.at(r.Claim) == nil || r.Claim == "email" && c["email_verified"] == nil
	})
}

// of gives the rules that speak of somebody, and whether one would if their
// e-mail address had been verified.
func (rules Rules) of(c claims) (found Rules, unverified bool) {
	for _, rule := range rules {
		switch {
		case !c.has(rule):
		case rule.Claim == "email" && !c.verified():
			// Whoever types somebody's address at the provider is not yet them.
			unverified = true
		default:
			found = append(found, rule)
		}
	}
	return found, unverified
}

// deployment reports whether they make somebody the deployment's organiser.
func (rules Rules) deployment() bool {
	return slices.ContainsFunc(rules, func(r Rule) bool { return len(r.Sessions) == 0 })
}

// roles gives those in a session, in the order of events.Roles. The deployment's
// organiser is one in every session.
func (rules Rules) roles(code string) (given []events.Role) {
	for _, role := range staff {
		if slices.ContainsFunc(rules, func(r Rule) bool {
			return slices.Contains(r.Roles, role) && (len(r.Sessions) == 0 || r.within(code))
		}) {
			given = append(given, role)
		}
	}
	return given
}

// at gives a claim by its name, which may itself hold dots, or by a path.
func (c claims) at(name string) any {
	if value, ok := c[name]; ok {
		return value
	}
	first, rest, ok := strings.Cut(name, ".")
	below, is := c[first].(map[string]any)
	if !ok || !is {
		return nil
	}
	return claims(below).at(rest)
}

// has reports whether a claim is what a rule wants.
func (c claims) has(r Rule) bool {
	is := func(one any) bool {
		text, ok := one.(string)
		return ok && (text == r.Value || r.Claim == "email" && strings.EqualFold(text, r.Value))
	}
	value := c.at(r.Claim)
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, is)
	}
	return is(value)
}

// verified reports whether the provider has made sure of the e-mail address.
// Some write the truth as a text.
func (c claims) verified() bool { return c["email_verified"] == true || c["email_verified"] == "true" }
