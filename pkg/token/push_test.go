package token_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/token"
)

// TestPushKeyOpensItsSourceAlone: the key in a caption push address is no
// person's token, a person's token is no such key, and both are judged by the
// same times and signatures.
func TestPushKeyOpensItsSourceAlone(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	a := token.New(token.Config{Keys: keys.Ephemeral(), Now: func() time.Time { return now }})
	session, source := ids.New[ids.Session](), ids.New[ids.Source]()
	key, err := a.PushKey(session, source, now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	claims, got, err := a.VerifyPush(key)
	if err != nil || got != source || claims.Session != session || claims.Audience != token.ForPublic {
		t.Fatalf("the key gives source %s, claims %+v: %v", got, claims, err)
	}
	if _, err := a.Verify(key); !problem.Is(err, problem.Unauthorised) {
		t.Errorf("a push key used as a person's token: %v", err)
	}
	again, err := a.PushKey(session, source, now, now.Add(time.Hour))
	if err != nil || again != key {
		t.Errorf("the address changed by being asked for again: %v", err)
	}
	person, err := a.Issue(token.Claims{Subject: "invitation/x", Session: session, Roles: []events.Role{events.Captioner}, Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	// The first character after the last dot begins the signature. It is
	// exchanged for a different one: a fixed one would now and then be its own.
	at, other := strings.LastIndexByte(key, '.')+1, "A"
	if key[at] == other[0] {
		other = "B"
	}
	for name, text := range map[string]string{"a person's token": person, "nothing": "", "another": key[:at] + other + key[at+1:]} {
		if _, _, err := a.VerifyPush(text); !problem.Is(err, problem.Unauthorised) {
			t.Errorf("%s used as a push key: %v", name, err)
		}
	}
	now = now.Add(2 * time.Hour)
	if _, _, err := a.VerifyPush(key); !problem.Is(err, problem.Unauthorised) {
		t.Errorf("an expired push key: %v", err)
	}
}
