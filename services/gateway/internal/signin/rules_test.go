package signin

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// TestRulesThatAreWrongSayWhich: a file is taken whole or not at all.
func TestRulesThatAreWrongSayWhich(t *testing.T) {
	for text, want := range map[string]string{
		``:              "EOF",
		`{"rules": []}`: "there is no rule",
		`{"rules": [{"claim":"a","value":"b","roles":["organiser"]}]} {}`:                                                             "more after",
		`{"rules": [{"claim":"a","value":"b","role":["organiser"]}]}`:                                                                 `unknown field "role"`,
		`{"rules": [{"claim":"","value":"b","roles":["organiser"]}]}`:                                                                 "rule 1: give a claim",
		`{"rules": [{"claim":"a","value":"","roles":["organiser"]}]}`:                                                                 "rule 1: give a claim",
		`{"rules": [{"claim":"a","value":"b","roles":[]}]}`:                                                                           "rule 1: give at least one role",
		`{"rules": [{"claim":"a","value":"b","roles":["chair"]}]}`:                                                                    "rule 1: the deployment as a whole",
		`{"rules": [{"claim":"a","value":"b","roles":["organiser","chair"]}]}`:                                                        "rule 1: the deployment as a whole",
		`{"rules": [{"claim":"a","value":"b","roles":["organiser"]},{"claim":"a","value":"b","roles":["speaker"],"sessions":["*"]}]}`: `rule 2: "speaker" is none of`,
		`{"rules": [{"claim":"a","value":"b","roles":["system"],"sessions":["*"]}]}`:                                                  `"system" is none of`,
		`{"rules": [{"claim":"a","value":"b","roles":["chair"],"sessions":[""]}]}`:                                                    "code is empty",
	} {
		if _, err := ReadRules(file(t, text)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "oidc-roles") {
			t.Errorf("%s: %v, wanted %q", text, err, want)
		}
	}
	if _, err := ReadRules(t.TempDir() + "/none"); err == nil {
		t.Error("a file that is not there is taken")
	}
	if all, err := ReadRules(file(t, rules)); err != nil || len(all) != 5 {
		t.Errorf("the good rules: %d, %v", len(all), err)
	}
}

// TestClaimsAreComparedExactly: by name or by path, in a list or alone, and
// never by a part.
func TestClaimsAreComparedExactly(t *testing.T) {
	said := claims{
		"groups": []any{"staff", "Organisers", 7.0}, "role": "chair", "email": "Anna@Example.org", "email_verified": "true",
		"realm_access": map[string]any{"roles": []any{"secretariat"}}, "https://example.org/role": "captioner", "n": 7.0,
	}
	for _, c := range []struct {
		claim, value string
		want         bool
	}{
		{"groups", "staff", true},
		{"groups", "Organisers", true},
		{"groups", "organisers", false},
		{"groups", "staf", false},
		{"groups", "7", false},
		{"n", "7", false},
		{"role", "chair", true},
		{"role", "chai", false},
		{"roles", "chair", false},
		{"realm_access.roles", "secretariat", true},
		{"realm_access", "secretariat", false},
		{"realm_access.roles.x", "secretariat", false},
		{"https://example.org/role", "captioner", true},
		{"email", "anna@example.org", true},
		{"email", "anna@example.or", false},
		{"none", "", false},
	} {
		rule := Rule{Claim: c.claim, Value: c.value, Roles: []events.Role{events.Organiser}}
		if found, _ := (Rules{rule}).of(said); (len(found) == 1) != c.want {
			t.Errorf("%s is %s: %v", c.claim, c.value, !c.want)
		}
	}
	mine := Rules{{Claim: "email", Value: "anna@example.org", Roles: []events.Role{events.Organiser}}}
	for _, verified := range []any{nil, false, "false", "", 1.0, "TRUE"} {
		said["email_verified"] = verified
		if found, unverified := mine.of(said); len(found) != 0 || !unverified {
			t.Errorf("email_verified %v gives %v, %v", verified, found, unverified)
		}
	}
}

// TestRolesAreThoseOfTheRulesAlone: in no session has anybody a role that no
// rule of theirs gives there.
func TestRolesAreThoseOfTheRulesAlone(t *testing.T) {
	codes := []string{"AAAAAA", "BBBBBB", "*"}
	rapid.Check(t, func(t *rapid.T) {
		mine := Rules(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Rule {
			if rapid.Bool().Draw(t, "deployment") {
				return Rule{Roles: []events.Role{events.Organiser}}
			}
			return Rule{
				Roles:    rapid.SliceOfNDistinct(rapid.SampledFrom(staff), 1, 3, rapid.ID).Draw(t, "roles"),
				Sessions: rapid.SliceOfNDistinct(rapid.SampledFrom(codes), 1, 2, rapid.ID).Draw(t, "sessions"),
			}
		}), 0, 4).Draw(t, "rules"))
		for _, code := range []string{"AAAAAA", "BBBBBB", "CCCCCC"} {
			given := mine.roles(code)
			for _, role := range events.Roles() {
				want := slices.ContainsFunc(mine, func(r Rule) bool {
					here := len(r.Sessions) == 0 || slices.Contains(r.Sessions, code) || slices.Contains(r.Sessions, "*")
					return here && slices.Contains(r.Roles, role)
				})
				if slices.Contains(given, role) != want {
					t.Fatalf("%s in %s: given %v by %+v", role, code, given, mine)
				}
			}
			if len(slices.Compact(slices.Clone(given))) != len(given) {
				t.Fatalf("a role stands twice: %v", given)
			}
		}
	})
}

// TestTheCookieIsBoundToThisHostAndToTLS, and opens under its own key alone.
func TestTheCookieIsBoundToThisHostAndToTLS(t *testing.T) {
	f := flow{State: "state", Nonce: "nonce", Verifier: "verifier", Session: "K7M2QX", Page: "chair", Until: 7}
	secure, err := newSeal([32]byte{1}, true)
	if err != nil {
		t.Fatal(err)
	}
	cookie, err := secure.put(f)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != int(patience/time.Second) || cookie.Valid() != nil {
		t.Errorf("the cookie is %s", cookie)
	}
	if gone := secure.cookie("", 0); gone.MaxAge >= 0 || gone.Name != cookie.Name {
		t.Errorf("it is taken away by %s", gone)
	}
	request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	request.AddCookie(cookie)
	if got, err := secure.take(request); err != nil || got != f {
		t.Errorf("%+v, %v", got, err)
	}
	if strings.Contains(cookie.Value, "verifier") {
		t.Error("it is not sealed")
	}
	other, err := newSeal([32]byte{2}, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.take(request); err == nil {
		t.Error("another deployment's cookie is taken")
	}
	plain, err := newSeal([32]byte{1}, false)
	if err != nil || plain.name == secure.name {
		t.Errorf("over http the cookie is %q, %v", plain.name, err)
	}
}

// TestSettingsThatDoNotGoTogether say which.
func TestSettingsThatDoNotGoTogether(t *testing.T) {
	good := Settings{Issuer: "https://login.example.org", ClientID: "fairfloor", Rules: "roles.json", Lifetime: time.Hour}
	if err := good.Check(); err != nil || !good.On() {
		t.Fatal(err)
	}
	if err := (&Settings{Lifetime: time.Hour}).Check(); err != nil {
		t.Errorf("off: %v", err)
	}
	for want, change := range map[string]func(*Settings){
		"oidc-issuer:":    func(s *Settings) { s.Issuer = "" },
		"as the provider": func(s *Settings) { s.Issuer = "login.example.org" },
		"http is for":     func(s *Settings) { s.Issuer = "http://login.example.org" },
		"oidc-client-id":  func(s *Settings) { s.ClientID = "" },
		"oidc-roles":      func(s *Settings) { s.Rules = "" },
		"oidc-lifetime":   func(s *Settings) { s.Lifetime = time.Second },
		"and 168h0m0s":    func(s *Settings) { s.Lifetime = 1000 * time.Hour },
	} {
		s := good
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %q", err, want)
		}
	}
	for _, secret := range []string{t.TempDir() + "/none", file(t, " \n")} {
		if _, err := readSecret(secret); err == nil || !strings.Contains(err.Error(), "oidc-client-secret-file") {
			t.Errorf("the secret in %s: %v", secret, err)
		}
	}
	if secret, err := readSecret(""); secret != "" || err != nil {
		t.Errorf("a public client: %q, %v", secret, err)
	}
}
