package httpapi

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/command"
)

func TestOpenAPIDescribesEveryVerbAndEveryReferenceLeadsSomewhere(t *testing.T) {
	raw, err := Document("test")
	if err != nil {
		t.Fatal(err)
	}
	if path := os.Getenv("FAIRFLOOR_WRITE_OPENAPI"); path != "" {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi %v", doc["openapi"])
	}
	verbs, _ := json.Marshal(at(doc, "components/schemas/CommandFrame/properties/verb/enum"))
	for _, verb := range command.Verbs() {
		if has := strings.Contains(string(verbs), `"`+verb.Name+`"`); has == verb.Internal() {
			t.Errorf("%s: described %v, internal %v", verb.Name, has, verb.Internal())
		}
	}
	refs := 0
	walk(doc, func(ref string) {
		refs++
		if at(doc, strings.TrimPrefix(ref, "#/")) == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	})
	if refs < 40 {
		t.Errorf("only %d references: the walk is blind", refs)
	}
	for path, item := range doc["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			responses := operation.(map[string]any)["responses"].(map[string]any)
			if responses["default"] == nil || at(responses, "default/content/application~1problem+json") == nil && at(responses, "default/content") == nil {
				t.Errorf("%s %s does not say how it refuses", method, path)
			}
		}
	}
}
