package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// fromLog gives the problem of a failed export.
func fromLog(err error) *problem.Error { return problem.From(err) }

// problemSchema describes problem details as this program writes them.
func problemSchema() *huma.Schema {
	codes := make([]any, 0, len(problem.Codes()))
	for _, code := range problem.Codes() {
		codes = append(codes, string(code))
	}
	text := &huma.Schema{Type: "string"}
	sentence := &huma.Schema{
		Type: "object", Required: []string{"key"},
		Description: "detail and do for a page that speaks another language: the sentence's key and what stands in it",
		Properties: map[string]*huma.Schema{
			"key":  text,
			"args": {Type: "array", Items: &huma.Schema{}, Description: "A number, a text, {words: [...]} of the program's own names, or another sentence"},
		},
	}
	return &huma.Schema{
		Type: "object", Description: "Problem details (RFC 9457)", Required: []string{"type", "title", "status", "code"},
		Properties: map[string]*huma.Schema{
			"type": text, "title": text, "detail": text, "field": text, "do": text, "why": sentence, "how": sentence,
			"status":         {Type: "integer"},
			"code":           {Type: "string", Enum: codes},
			"since":          {Type: "array", Items: &huma.Schema{Type: "object"}, Description: "The acts since what a stale command expected, at most 20"},
			"retry_after_ms": {Type: "integer"},
		},
	}
}

// document completes what the framework cannot know (the verbs with their
// arguments, and our problems) and encodes it.
func (s *server) document() ([]byte, error) {
	doc := s.api.OpenAPI()
	schemas := doc.Components.Schemas
	schemas.Map()["Problem"] = problemSchema()
	refusal := &huma.Response{
		Description: "A refusal: what was wrong, which field, what to do",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}},
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			for status := range op.Responses {
				if !strings.HasPrefix(status, "2") {
					delete(op.Responses, status)
				}
			}
			op.Responses["default"] = refusal
		}
	}
	frame := schemas.Map()["CommandFrame"]
	var verbs []any
	var args []*huma.Schema
	var about strings.Builder
	seen := map[reflect.Type]bool{}
	about.WriteString("The verb; its arguments have the schema named here:\n")
	for _, verb := range command.Verbs() {
		if verb.Internal() {
			continue
		}
		verbs = append(verbs, verb.Name)
		kind := reflect.TypeOf(verb.Args()).Elem()
		ref := schemas.Schema(kind, true, kind.Name())
		about.WriteString("\n- `" + verb.Name + "` (" + kind.Name() + "): " + verb.Summary)
		if !seen[kind] {
			seen[kind] = true
			args = append(args, ref)
		}
	}
	frame.Properties["verb"] = &huma.Schema{Type: "string", Enum: verbs, Description: about.String()}
	frame.Properties["args"] = &huma.Schema{AnyOf: args, Description: "The verb's arguments"}
	return json.Marshal(doc)
}

// Document makes the OpenAPI document without a running gateway.
func Document(version string) ([]byte, error) {
	return Mount(http.NewServeMux(), Config{Version: version})
}
