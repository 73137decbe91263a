package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/record"
)

// record gives the session's record and what is drawn of it, made anew of the
// log for each request: nothing is kept that could differ from the log.
func (s *server) record() {
	published := operation("record", http.MethodGet, "/sessions/{session}/record", "The session's record so far, as it is published", "proof")
	published.Responses = map[string]*huma.Response{"200": {
		Description: "What `fairfloor verify` checks; complete once the session is adjourned",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object"}}},
	}}
	huma.Register(s.api, published, func(ctx context.Context, in *InSession) (*huma.StreamResponse, error) {
		lines, err := s.lines(ctx, in)
		if err != nil {
			return nil, refuse(err)
		}
		made, err := record.Build(lines)
		if err != nil {
			return nil, refuse(err)
		}
		raw, err := made.JSON()
		if err != nil {
			return nil, refuse(err)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("Content-Type", "application/json")
			_, _ = out.BodyWriter().Write(raw)
		}}, nil
	})

	huma.Register(s.api, operation("eta-errors", http.MethodGet, "/sessions/{session}/record/eta", "By how much each turn began later than was first announced", "proof"),
		func(ctx context.Context, in *InSession) (*body[[]record.EtaError], error) {
			lines, err := s.lines(ctx, in)
			if err != nil {
				return nil, refuse(err)
			}
			all, err := record.EtaErrors(lines)
			return &body[[]record.EtaError]{all}, refuse(err)
		})
}

// lines are the session's log for staff, who alone may see all of it.
func (s *server) lines(ctx context.Context, in *InSession) ([]proof.Line, error) {
	if _, err := s.enterAs(in.Bearer, in.Session, staffRoles...); err != nil {
		return nil, err
	}
	var lines []proof.Line
	err := s.Log(ctx, in.Session, func(subject string, seq uint64, body []byte) error {
		lines = append(lines, proof.Line{Subject: subject, Seq: seq, Body: string(body)})
		return nil
	})
	return lines, err
}
