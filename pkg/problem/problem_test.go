package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryCodeHasStatusAndTitle(t *testing.T) {
	titles := map[string]Code{}
	for _, code := range Codes() {
		e := New(code, "detail")
		if kind, ok := kinds[code]; !ok || kind.status < 400 || kind.status > 599 || e.Status() != kind.status {
			t.Errorf("%s has the status %d", code, e.Status())
		}
		if e.Title() == "" {
			t.Errorf("%s has no title", code)
		}
		if twin, twice := titles[e.Title()]; twice {
			t.Errorf("%s and %s have the same title", code, twin)
		}
		titles[e.Title()] = code
	}
	if len(Codes()) != len(kinds) {
		t.Errorf("%d codes are listed, %d have a kind", len(Codes()), len(kinds))
	}
	if e := New("never_heard_of", "x"); e.Status() != 500 || e.Title() != "" {
		t.Errorf("a code that does not exist has the status %d", e.Status())
	}
}

// Codes must list each constant of the source: documents are generated from it.
func TestCodesListsEveryConstant(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			kind, _ := constant.Type.(*ast.Ident)
			literal, _ := constant.Values[0].(*ast.BasicLit)
			if kind == nil || kind.Name != "Code" || literal == nil {
				continue
			}
			found++
			if code := Code(strings.Trim(literal.Value, `"`)); !slices.Contains(Codes(), code) {
				t.Errorf("Codes leaves out %s (%s)", constant.Names[0].Name, code)
			}
		}
	}
	if found != len(Codes()) {
		t.Errorf("%d constants, %d codes", found, len(Codes()))
	}
}

// Clients rely on these statuses: busy and unknown mean "the same id again".
func TestStatuses(t *testing.T) {
	for code, want := range map[Code]int{
		Malformed: 400, Unauthorised: 401, Forbidden: 403, NotFound: 404, Stale: 409, Reused: 409, WrongState: 409,
		Already: 409, Sealed: 409, TooLarge: 413, Invalid: 422, TooMany: 429, Internal: 500, Busy: 503, Refused: 503, Unknown: 504,
	} {
		if got := New(code, "x").Status(); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		e    *Error
		want string
	}{
		{New(Busy, "no leader for %s", "evt.queue.x"), "busy: no leader for evt.queue.x"},
		{Field("args.by_ms", "%d is too much", 7), "invalid: args.by_ms: 7 is too much"},
		{New(Stale, "changed").On("expect.turn").Try("look again"), "stale: expect.turn: changed"},
		{New(Internal, "100%% sure"), "internal_error: 100% sure"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if e := New(Stale, "changed").Try("look again"); e.Do != "look again" {
		t.Errorf("what to do: %q", e.Do)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &Error{
			Code: rapid.SampledFrom(Codes()).Draw(t, "code"), Detail: rapid.String().Draw(t, "detail"),
			Field: rapid.String().Draw(t, "field"), Do: rapid.String().Draw(t, "do"),
			RetryAfterMS: rapid.Int64().Draw(t, "retry"),
		}
		if rapid.Bool().Draw(t, "acts") {
			want.Since = []any{map[string]any{"verb": rapid.String().Draw(t, "verb"), "seq": 7.0}}
		}
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got *Error
		if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	})
}

// RFC 9457, 3.1: type, title, status and detail under exactly these names.
func TestProblemDetailsMembers(t *testing.T) {
	e := Field("args.by_ms", "%d ms is not between %d and %d", 900_001, 1, 600_000).Try("ask for less")
	e.RetryAfterMS = 500
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"urn:fairfloor:problem:invalid","title":"A value is not allowed","status":422,` +
		`"detail":"900001 ms is not between 1 and 600000","code":"invalid","field":"args.by_ms","do":"ask for less",` +
		`"why":{"key":"x_ms_is_not_between_x_and_x","args":[900001,1,600000]},"how":{"key":"ask_for_less"},"retry_after_ms":500}`
	if string(raw) != want {
		t.Errorf("%s\nwant %s", raw, want)
	}
	bare, err := json.Marshal(New(NotFound, ""))
	if err != nil || string(bare) != `{"type":"urn:fairfloor:problem:not_found","title":"There is no such thing","status":404,"code":"not_found"}` {
		t.Errorf("%s, %v", bare, err)
	}
}

func TestUnmarshalRefusesOtherShapes(t *testing.T) {
	for _, text := range []string{`[]`, `"busy"`, `{"code":7}`, `{"retry_after_ms":"soon"}`, `{`} {
		e := &Error{Code: Busy, Detail: "before"}
		if err := json.Unmarshal([]byte(text), e); err == nil || e.Code != Busy || e.Detail != "before" {
			t.Errorf("%s was read as %+v, %v", text, e, err)
		}
	}
}

func TestFrom(t *testing.T) {
	refusal := Field("name", "too long")
	for name, err := range map[string]error{
		"itself": refusal, "wrapped": fmt.Errorf("join: %w", refusal), "joined": errors.Join(errors.New("other"), refusal),
		"with a cause": fmt.Errorf("%w: %w", refusal, fs.ErrNotExist),
	} {
		if got := From(err); got != refusal {
			t.Errorf("%s: %+v", name, got)
		}
		if !Is(err, Invalid) || Is(err, Busy) {
			t.Errorf("%s: Is sees another code", name)
		}
	}
	if Is(nil, Invalid) || Is(errors.New("x"), Internal) {
		t.Error("Is sees a code where there is none")
	}
}

// What a library said may hold names, paths or addresses: none of it is shown.
func TestFromLeaksNothingOfForeignErrors(t *testing.T) {
	foreign := []error{
		errors.New("dial tcp 10.1.2.3:4222: refused"),
		fmt.Errorf("read: %w", &fs.PathError{Op: "open", Path: "/var/lib/fairfloor/keys", Err: fs.ErrPermission}),
		errors.Join(errors.New("Ada Lovelace"), errors.New("ada@example.org")),
		json.Unmarshal([]byte(`{"name":"Ada Lovelace"`), &struct{}{}),
	}
	for _, err := range foreign {
		got := From(err)
		raw, jsonErr := json.Marshal(got)
		if jsonErr != nil {
			t.Fatal(jsonErr)
		}
		if got.Code != Internal || got.Status() != 500 || got.Do == "" {
			t.Errorf("%v: %+v", err, got)
		}
		for _, secret := range []string{"10.1.2.3", "/var/lib", "Ada", "ada@", "unexpected end", err.Error()} {
			if strings.Contains(string(raw), secret) || strings.Contains(got.Error(), secret) {
				t.Errorf("%q is shown: %s", secret, raw)
			}
		}
	}
	// Each gets its own: one caller's additions must not show in another's answer.
	first := From(foreign[0])
	first.Field = "x"
	if again := From(foreign[0]); again.Field != "" {
		t.Errorf("the answer is shared: %+v", again)
	}
}
