package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/script"
	"github.com/fairfloor/fairfloor/pkg/session"
	door "github.com/fairfloor/fairfloor/services/gateway/internal/ask"
)

// visitorLifetime is how long an anonymous visitor's token lasts.
const visitorLifetime = 24 * time.Hour

func instant(ms int64) time.Time { return time.UnixMilli(ms) }

// code gives a session's six-character code.
func (s *server) code(id ids.Session) (string, error) {
	var code string
	err := s.Sessions.Read(id, func(state *session.State) { code = state.Registry.Code })
	return code, err
}

// Imported answers an import: what became of each row.
type Imported struct {
	roster.Preview
	// Receipt is there when something was imported.
	Receipt *command.Receipt `json:"receipt,omitempty"`
	// People counts the delegates of the file that were stored.
	People int `json:"people"`
}

// Visitor is an anonymous visitor's token.
type Visitor struct {
	Token   string      `json:"token"`
	Session ids.Session `json:"session"`
	Expires int64       `json:"expires" doc:"ms since 1970"`
}

// Words are the words of a statement text.
type Words struct {
	Text  ids.Text `json:"text"`
	Words string   `json:"words"`
	// Paragraphs are the sentences by which the prompter passes the text: numbered
	// from 1 through the whole of it, as are the paragraphs.
	Paragraphs [][]string `json:"paragraphs"`
	// Marks say of each paragraph what its author said: must, may_drop or nothing.
	Marks []script.Mark `json:"marks"`
	// Passed and Skipped are what was passed so far, in the text's latest turn.
	Passed  []int64 `json:"passed,omitempty"`
	Skipped []int64 `json:"skipped,omitempty"`
}

// cut gives a text as the prompter shows it, with what was passed of it.
func (s *server) cut(id ids.Session, text ids.Text, words string) (Words, error) {
	out := Words{Text: text, Words: words, Paragraphs: [][]string{}, Marks: []script.Mark{}}
	var language string
	err := s.Sessions.Read(id, func(state *session.State) {
		language = state.Registry.Texts[text].Language
		for _, turn := range state.Queue.TurnOrder {
			if p := state.Transcript.Passed[turn]; p != nil && p.Text == text {
				out.Passed, out.Skipped = slices.Clone(p.Sentences), slices.Clone(p.Skipped)
			}
		}
	})
	read := script.Read(words, language)
	for _, p := range read.Paragraphs {
		sentences := []string{}
		for _, sentence := range read.Sentences[p.First-1 : p.Last] {
			sentences = append(sentences, sentence.Text)
		}
		out.Paragraphs, out.Marks = append(out.Paragraphs, sentences), append(out.Marks, p.Mark)
	}
	return out, err
}

func (s *server) people() {
	upload := operation("import", http.MethodPost, "/sessions/{session}/applicants/import", "Import applicants from a CSV file, with a report by row", "people")
	upload.MaxBodyBytes = importLimit
	upload.RequestBody = &huma.RequestBody{Required: true, Description: "UTF-8 or UTF-16; comma, semicolon or tab; a header line", Content: map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: "string"}},
	}}
	huma.Register(s.api, upload, func(ctx context.Context, in *struct {
		InSession
		Key     string `header:"Idempotency-Key"`
		Preview bool   `query:"preview" doc:"Only report; store nothing"`
		Accept  bool   `query:"accept" doc:"Accept the good rows at once"`
		RawBody []byte
	},
	) (*body[Imported], error) {
		claims, err := s.enterAs(in.Bearer, in.Session, staffRoles...)
		if err != nil {
			return nil, refuse(err)
		}
		sheet, err := roster.Read(in.RawBody)
		if err != nil {
			return nil, refuse(err)
		}
		out := &body[Imported]{}
		if err := s.Sessions.Read(in.Session, func(state *session.State) { out.Body.Preview = sheet.Preview(&state.Registry) }); err != nil {
			return nil, refuse(err)
		}
		if in.Preview || out.Body.Accepted == 0 {
			return out, nil
		}
		frame, err := frameOf("import", ids.Command{}, in.Key, out.Body.Import(in.Accept), "")
		if err != nil {
			return nil, refuse(err)
		}
		receipt, err := s.do(ctx, in.Session, claims.Actor(), frame)
		if err != nil {
			return nil, refuse(err)
		}
		out.Body.Receipt = &receipt
		out.Body.People, err = s.delegates(ctx, in.Session, claims.Actor(), frame.ID, out.Body.Delegates)
		return out, refuse(err)
	})

	huma.Register(s.api, operation("visit", http.MethodPost, "/sessions/{session}/visitors", "A token for an anonymous visitor, where observers may follow without a login", "people"),
		func(_ context.Context, in *struct {
			Session ids.Session `path:"session"`
		},
		) (*body[Visitor], error) {
			if _, err := s.look(Bearer{}, in.Session); err != nil {
				return nil, refuse(err)
			}
			text, claims, err := s.Tokens.Visitor(in.Session, visitorLifetime)
			return &body[Visitor]{Visitor{text, in.Session, claims.Expires.UnixMilli()}}, refuse(err)
		})

	huma.Register(s.api, operation("text", http.MethodGet, "/sessions/{session}/texts/{text}", "The words of a statement text, for those who may read it", "people"),
		func(ctx context.Context, in *struct {
			InSession
			Text ids.Text `path:"text"`
		},
		) (*body[Words], error) {
			claims, err := s.look(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			var may, known bool
			err = s.Sessions.Read(in.Session, func(state *session.State) {
				_, known = state.Registry.Texts[in.Text]
				may = session.MayRead(state, in.Text, claims.Actor(), state.Delivered(in.Text))
			})
			switch {
			case err != nil:
				return nil, refuse(err)
			case !known:
				return nil, refuse(problem.New(problem.NotFound, "there is no such text").On("path.text"))
			case !may:
				return nil, refuse(problem.New(problem.Forbidden, "this text is not public yet").Try("it opens as its owner decided, at the latest when it is delivered"))
			}
			words, err := s.Text(ctx, in.Session, in.Text)
			if err != nil {
				return nil, refuse(err)
			}
			out, err := s.cut(in.Session, in.Text, words)
			return &body[Words]{out}, refuse(err)
		})
}

// delegates stores the persons of an import's accepted rows. The applicant of
// the i-th row has the id that the import's command gives it, and each person's
// command id follows from the same, so that a repeated import stores nobody twice.
func (s *server) delegates(ctx context.Context, id ids.Session, actor events.Actor, by ids.Command, all []roster.Delegate) (int, error) {
	stored, ctx := 0, door.Counted(ctx)
	for i, d := range all {
		if d.IsZero() {
			continue
		}
		frame, err := frameOf("add_person", following(by, fmt.Sprintf("delegate/%d", i)), "", command.AddPerson{
			Applicant: ids.Derive[ids.Applicant](by, i), Roles: []events.Role{events.Speaker},
			Value: &command.PersonValue{Name: d.Name, Email: d.Email, FormOfAddress: d.FormOfAddress},
		}, "")
		if err != nil {
			return stored, err
		}
		if _, err := s.do(ctx, id, actor, frame); err != nil {
			return stored, err
		}
		stored++
	}
	return stored, nil
}
