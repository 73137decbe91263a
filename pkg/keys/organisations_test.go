package keys

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// named reads an organisation's name.
func named(t *testing.T, text string) ids.Organisation {
	t.Helper()
	of, err := ids.ParseOrganisation(text)
	must(t, err)
	return of
}

func TestAnOrganisationHasNoKeyBeforeItGetsOne(t *testing.T) {
	path := place(t)
	s := open(t, path, Options{})
	unog := named(t, "unog")
	if _, _, err := s.TokenSigner(unog); err == nil || !strings.Contains(err.Error(), "keys rotate --organisation unog") {
		t.Errorf("without a key: %v", err)
	}
	own, _ := signer(t, s)
	kid, err := s.RotateToken(unog)
	must(t, err)
	got, key, err := s.TokenSigner(unog)
	must(t, err)
	again := open(t, path, Options{})
	public, of, ok := again.TokenKey(kid)
	if got != kid || !ok || of != unog || !public.Equal(key.Public()) {
		t.Errorf("the file gives %x of %q, %v, for a key %s of %x", public, of, ok, got, key.Public())
	}
	if kid, _ := signer(t, again); kid != own {
		t.Error("the deployment's own tokens are signed with another organisation's key")
	}
	if _, of, ok := again.TokenKey(own); !ok || !of.IsZero() {
		t.Errorf("the deployment's own key is %q's, %v", of, ok)
	}
}

// A file in which somebody moved a key to another organisation signs and checks
// with another key.
func TestAKeyIsOfItsOrganisationAlone(t *testing.T) {
	master := bytes.Repeat([]byte{7}, masterSize)
	seen := map[string]string{}
	for _, name := range []string{"", "a", "b", "ab"} {
		k := tokenKey{KID: "ABCDEFGHIJ", Organisation: named(t, name)}
		seed := string(content{Master: master}.sign(k).Seed())
		if other, twice := seen[seed]; twice {
			t.Errorf("%q and %q have the same key", name, other)
		}
		seen[seed] = name
	}
}

func TestAnOrganisationIsShutOutWithoutTheOthers(t *testing.T) {
	s := Ephemeral()
	a, b := named(t, "a"), named(t, "b")
	for _, of := range []ids.Organisation{a, a, b} {
		_, err := s.RotateToken(of)
		must(t, err)
	}
	must(t, s.RemoveOrganisation(a))
	if _, _, err := s.TokenSigner(a); err == nil {
		t.Error("it still signs")
	}
	if _, _, err := s.TokenSigner(b); err != nil || len(s.TokenKeys()) != 2 {
		t.Errorf("the others: %v, %v", err, s.TokenKeys())
	}
	for name, of := range map[string]ids.Organisation{"one that is out": a, "the deployment's own": {}} {
		if err := s.RemoveOrganisation(of); err == nil {
			t.Errorf("%s was shut out", name)
		}
	}
}

func TestAllOrganisationsTogetherHaveABoundOfKeys(t *testing.T) {
	path := place(t)
	s := open(t, path, Options{})
	must(t, s.change(func(c *content) error {
		for i := range MaxTokenKeysInAll - 1 {
			c.Tokens = append(c.Tokens, newTokenKey(named(t, strings.Repeat("o", 30)+string(rune('a'+i/MaxTokenKeys))), time.Unix(1_900_000_000, 0)))
		}
		return nil
	}))
	if _, err := s.RotateToken(named(t, "one-more")); err == nil || !strings.Contains(err.Error(), "remove one first") {
		t.Errorf("one more: %v", err)
	}
	// The largest file is still one that is read.
	if got := len(open(t, path, Options{}).TokenKeys()); got != MaxTokenKeysInAll {
		t.Errorf("%d keys came back", got)
	}
}

// Whatever is rotated and removed: each organisation signs with its newest key,
// every valid key is found as its own, and no other is found at all.
func TestRotationsOfSeveralOrganisations(t *testing.T) {
	organisations := []ids.Organisation{{}, named(t, "a"), named(t, "b")}
	rapid.Check(t, func(rt *rapid.T) {
		s := Ephemeral()
		own, _ := signer(t, s)
		model, gone := map[ids.Organisation][]string{{}: {own}}, []string{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			of := rapid.SampledFrom(organisations).Draw(rt, "of")
			switch rapid.IntRange(0, 2).Draw(rt, "step") {
			case 0:
				kid, err := s.RotateToken(of)
				must(t, err)
				model[of] = append(model[of], kid)
			case 1:
				if keep := model[of]; len(keep) > 1 {
					must(t, s.RemoveToken(keep[0]))
					gone, model[of] = append(gone, keep[0]), keep[1:]
				}
			case 2:
				if !of.IsZero() && len(model[of]) > 0 {
					must(t, s.RemoveOrganisation(of))
					gone, model[of] = append(gone, model[of]...), nil
				}
			}
		}
		var want []string
		for _, of := range organisations {
			want = append(want, model[of]...)
			kid, key, err := s.TokenSigner(of)
			if len(model[of]) == 0 {
				if err == nil {
					rt.Fatalf("%q signs without a key", of)
				}
				continue
			}
			public, whose, ok := s.TokenKey(kid)
			if err != nil || kid != model[of][len(model[of])-1] || !ok || whose != of || !public.Equal(key.Public().(ed25519.PublicKey)) {
				rt.Fatalf("%q signs with %s, %v, of %v", of, kid, err, model[of])
			}
		}
		if got := kids(s); !slices.Equal(got, want) {
			rt.Fatalf("the keys are %v, want %v", got, want)
		}
		for _, kid := range gone {
			if _, _, ok := s.TokenKey(kid); ok {
				rt.Fatalf("the removed key %s is found", kid)
			}
		}
	})
}
