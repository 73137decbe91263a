package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/proof"
)

func (s *server) exports() {
	export := operation("log", http.MethodGet, "/sessions/{session}/log", "The session's log as stored, one commit a line (NDJSON)", "proof")
	export.Responses = map[string]*huma.Response{"200": {
		Description: "One commit a line: subject, seq, and the stored body byte for byte as a string",
		Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: &huma.Schema{Type: "string"}}},
	}}
	huma.Register(s.api, export, func(ctx context.Context, in *InSession) (*huma.StreamResponse, error) {
		if _, err := s.enterAs(in.Bearer, in.Session, staffRoles...); err != nil {
			return nil, refuse(err)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("Content-Type", "application/x-ndjson")
			encoder := json.NewEncoder(out.BodyWriter())
			err := s.Log(ctx, in.Session, func(subject string, seq uint64, body []byte) error {
				return encoder.Encode(proof.Line{Subject: subject, Seq: seq, Body: string(body)})
			})
			if err != nil {
				// The status is out already; a last line that is a problem cannot be
				// taken for a commit, and the reader's hash check fails without it.
				_ = encoder.Encode(Refusal{fromLog(err)})
			}
		}}, nil
	})
}
