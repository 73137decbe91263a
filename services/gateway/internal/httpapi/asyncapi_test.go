package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// Every reference of the document leads somewhere, every frame and every event
// type is described. (An independent parser judges the whole in scripts/test.)
func TestAsyncAPIDescribesEveryFrameAndEvent(t *testing.T) {
	raw, err := AsyncAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if at(doc, "components/messages/"+f.name) == nil {
			t.Errorf("the frame %s is not described", f.name)
		}
	}
	for _, kind := range events.Types() {
		if !strings.Contains(string(raw), `"const":"`+kind.Name+`"`) {
			t.Errorf("the event %s is not described", kind.Name)
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
}

func walk(node any, visit func(ref string)) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if ref, ok := value.(string); ok && key == "$ref" {
				visit(ref)
			}
			walk(value, visit)
		}
	case []any:
		for _, value := range node {
			walk(value, visit)
		}
	}
}

func at(doc map[string]any, path string) any {
	var node any = doc
	for _, step := range strings.Split(path, "/") {
		object, ok := node.(map[string]any)
		if !ok {
			return nil
		}
		node = object[step]
	}
	return node
}
