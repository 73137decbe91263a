package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// HTTP speaks the HTTP API under /api/v1 with one token.
type HTTP struct {
	// Base is the server's address, Token the bearer token.
	Base, Token string
	// Client is the transport; nil is http.DefaultClient.
	Client *http.Client
}

// Do sends a request and reads the answer's JSON into out (unless nil). in may
// be nil, []byte (sent as it is, as text/csv when it is not JSON) or a value. A
// refusal is a *problem.Error.
func (h HTTP) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	kind := "application/json"
	switch in := in.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(in)
		if !json.Valid(in) {
			kind = "text/csv; charset=utf-8"
		}
	default:
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(h.Base, "/")+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	if h.Token != "" {
		request.Header.Set("Authorization", "Bearer "+h.Token)
	}
	client := h.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		var p problem.Error
		if json.Unmarshal(raw, &p) == nil && p.Code != "" {
			return &p
		}
		return fmt.Errorf("%s %s: the server answered %s", method, path, response.Status)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = raw
		return nil
	default:
		return json.Unmarshal(raw, out)
	}
}

// Command sends one command over HTTP, again with the same id while the server
// says "not now" or "unknown", until ctx ends.
func (h HTTP) Command(ctx context.Context, session ids.Session, verb string, expect *command.Expect, args any, reason string) (command.Receipt, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return command.Receipt{}, err
	}
	frame := api.CommandFrame{ID: ids.New[ids.Command](), Verb: verb, Expect: expect, Args: raw, Reason: reason}
	for {
		var r command.Receipt
		err := h.Do(ctx, http.MethodPost, "/api/v1/sessions/"+session.String()+"/commands", frame, &r)
		var p *problem.Error
		if !errors.As(err, &p) || !again(p) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
