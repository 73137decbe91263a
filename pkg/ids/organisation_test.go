package ids_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

func TestAnOrganisationsNameIsAShortWord(t *testing.T) {
	for text, good := range map[string]bool{
		"": true, "a": true, "unog": true, "un-og": true, "x2": true, "a--b": true, strings.Repeat("a", ids.MaxOrganisation): true,
		strings.Repeat("a", ids.MaxOrganisation+1): false, "-a": false, "a-": false, "2x": false, "UNOG": false, "un og": false,
		"ünog": false, "un.og": false, "un/og": false, "un\nog": false, "a\x00": false, " unog": false,
	} {
		of, err := ids.ParseOrganisation(text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if good && of.String() != text || !good && !of.IsZero() {
			t.Errorf("%q was read as %q", text, of)
		}
	}
}

func TestTheErrorOfAnOrganisationsNameRepeatsLittle(t *testing.T) {
	_, err := ids.ParseOrganisation(strings.Repeat("Z", 10_000))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("%v", err)
	}
}

func TestAnOrganisationsNameComesBackFromJSON(t *testing.T) {
	type wire struct {
		Of ids.Organisation `json:"of,omitzero"`
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z]([a-z0-9-]{0,30}[a-z0-9])?)?`).Draw(t, "name")
		of, err := ids.ParseOrganisation(text)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(wire{of})
		if err != nil {
			t.Fatal(err)
		}
		if left := string(raw) == "{}"; left != of.IsZero() {
			t.Fatalf("%q is written as %s", text, raw)
		}
		var back wire
		if err := json.Unmarshal(raw, &back); err != nil || back.Of != of {
			t.Fatalf("%s comes back as %q, %v", raw, back.Of, err)
		}
	})
	var back wire
	if err := json.Unmarshal([]byte(`{"of":"UN OG"}`), &back); err == nil || !back.Of.IsZero() {
		t.Errorf("a bad name came in: %q, %v", back.Of, err)
	}
}
