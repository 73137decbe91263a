package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	form "github.com/fairfloor/fairfloor/pkg/captions"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// pushKeyLifetime is how long a caption push address is good for unless its
// source ends before: a tool is set up days ahead.
const pushKeyLifetime = 30 * 24 * time.Hour

// plainPost is how many bytes of a post travel as they are: with escapes, each
// could become six.
const plainPost = 64 << 10

// PushAddress is where a captioner's tool posts to.
type PushAddress struct {
	URL     string `json:"url" doc:"Post captions here, with ?seq=N and, if it changes, &lang=TAG; GET the address with /seq for the last number accepted"`
	Expires int64  `json:"expires" doc:"ms since 1970; the address ends with its source at the latest"`
}

// push is the door for tools that post captions, in the form that Zoom made
// common (transcripts.md). It answers with plain text, as these tools expect,
// and with statuses of its own: 400 before the session starts, 403 for a key
// that does not open or a post without its number, 405 for a wrong method.
func (s *server) push(mux *http.ServeMux) {
	huma.Register(s.api, operation("push-address", http.MethodGet, "/sessions/{session}/sources/{source}/url", "The address to which a captioner's tool pushes; it ends with its source", "transcript"),
		func(_ context.Context, in *struct {
			InSession
			Source ids.Source `path:"source"`
		},
		) (*body[PushAddress], error) {
			if _, err := s.enterAs(in.Bearer, in.Session, append([]events.Role{events.Captioner, events.Technician}, staffRoles...)...); err != nil {
				return nil, refuse(err)
			}
			var opened time.Time
			found := problem.New(problem.NotFound, "there is no open push source of this id").On("path.source").Try("open a source of the kind push first")
			err := s.Sessions.Read(in.Session, func(state *session.State) {
				if source := state.Transcript.Sources[in.Source]; source != nil && source.Kind == events.PushSource && !source.Closed {
					found = nil
				}
			})
			if err != nil {
				return nil, refuse(err)
			}
			if found != nil {
				return nil, refuse(found)
			}
			// The same address for a whole day, whoever asks for it.
			opened = time.Now().UTC().Truncate(24 * time.Hour)
			expires := opened.Add(pushKeyLifetime)
			key, err := s.Tokens.PushKey(in.Session, in.Source, opened, expires)
			if err != nil {
				return nil, refuse(err)
			}
			return &body[PushAddress]{PushAddress{
				URL: s.Base + "/api/v1/sessions/" + in.Session.String() + "/captions/" + key, Expires: expires.UnixMilli(),
			}}, nil
		})

	const path = "/api/v1/sessions/{session}/captions/{key}"
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		post, last := s.wrongMethod(http.MethodPost), s.wrongMethod(http.MethodGet)
		if method == http.MethodPost {
			post = s.post
		}
		if method == http.MethodGet {
			last = s.lastPost
		}
		mux.HandleFunc(method+" "+path, post)
		mux.HandleFunc(method+" "+path+"/seq", last)
	}
	s.documentPush(path)
}

// wrongMethod refuses a request with the one method that would do.
func (s *server) wrongMethod(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allowed)
		answer(w, http.StatusMethodNotAllowed, "send "+allowed)
	}
}

// answer writes what a captioner's tool shows: a status and a line of text.
func answer(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, line+"\n")
}

// decline answers a refusal in this door's statuses.
func decline(w http.ResponseWriter, err error) {
	p := problem.From(err)
	status := p.Status()
	switch p.Code {
	case problem.Unauthorised, problem.Forbidden, problem.NotFound:
		// A wrong key, one of another session, and a source that was ended are one
		// thing to the tool: this address does not open.
		status = http.StatusForbidden
	case problem.Malformed, problem.Invalid, problem.WrongState, problem.Sealed, problem.Stale:
		status = http.StatusBadRequest
	case problem.Busy, problem.Unknown, problem.TooMany:
		w.Header().Set("Retry-After", strconv.FormatInt(max(1, (p.RetryAfterMS+999)/1000), 10))
	}
	line := p.Detail
	if p.Do != "" {
		line += "; " + p.Do
	}
	answer(w, status, line)
}

// opens gives what the key in the path opens, or why it does not.
func (s *server) opens(r *http.Request) (token.Claims, ids.Source, error) {
	id, err := ids.Parse[ids.Session](r.PathValue("session"))
	if err != nil {
		return token.Claims{}, ids.Source{}, problem.New(problem.Forbidden, "the address names no session")
	}
	claims, source, err := s.Tokens.VerifyPush(r.PathValue("key"))
	if err != nil {
		return claims, source, err
	}
	if claims.Session != id {
		return claims, source, problem.New(problem.Forbidden, "this address is of another session")
	}
	open := false
	err = s.Sessions.Read(id, func(state *session.State) {
		known := state.Transcript.Sources[source]
		open = known != nil && !known.Closed
	})
	if err == nil && !open {
		err = problem.New(problem.Forbidden, "this source was ended").Try("ask the captions desk for a new address")
	}
	return claims, source, err
}

// lastPost answers GET …/seq: the number of the last post that was taken, -1
// before the first, as tools ask for after they were restarted.
func (s *server) lastPost(w http.ResponseWriter, r *http.Request) {
	claims, source, err := s.opens(r)
	if err != nil {
		decline(w, err)
		return
	}
	var last int64
	err = s.Sessions.Read(claims.Session, func(state *session.State) { last = state.Transcript.Sources[source].PostSeq })
	if err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, strconv.FormatInt(last, 10))
}

// post takes one post of captions.
func (s *server) post(w http.ResponseWriter, r *http.Request) {
	claims, source, err := s.opens(r)
	if err != nil {
		decline(w, err)
		return
	}
	query := r.URL.Query()
	number, err := strconv.ParseInt(query.Get("seq"), 10, 64)
	if err != nil || number < 0 {
		answer(w, http.StatusForbidden, "the post has no number; add ?seq=N, one more with each post")
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" && (err != nil || !strings.HasPrefix(kind, "text/") && kind != "application/octet-stream" && kind != "application/x-www-form-urlencoded") {
		answer(w, http.StatusUnsupportedMediaType, "send the captions as text/plain in UTF-8")
		return
	}
	var phase session.Phase
	var last int64
	// The tool writes as whoever opened its source: the address is theirs.
	tool := events.Actor{Roles: []events.Role{events.Captioner}}
	err = s.Sessions.Read(claims.Session, func(state *session.State) {
		phase, last, tool.ID = state.Timing.Phase, state.Transcript.Sources[source].PostSeq, state.Transcript.Sources[source].By
	})
	switch {
	case err != nil:
		decline(w, err)
		return
	case phase == session.Planned:
		answer(w, http.StatusBadRequest, "the session has not started; send the same post again when it has")
		return
	case number <= last:
		// A tool that heard no answer sends the same again.
		answer(w, http.StatusOK, strconv.FormatInt(last, 10))
		return
	}
	words, err := io.ReadAll(http.MaxBytesReader(w, r.Body, form.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		answer(w, http.StatusRequestEntityTooLarge, "a post may have "+strconv.Itoa(form.MaxBody)+" bytes; send less at a time")
		return
	case err != nil:
		answer(w, http.StatusBadRequest, "the post ended before its end; send it again with the same seq")
		return
	case !utf8.Valid(words):
		answer(w, http.StatusBadRequest, "the post is not UTF-8; set the tool to UTF-8")
		return
	}
	language := query.Get("lang")
	if language != "" && !captions.ValidTrack(language) {
		answer(w, http.StatusBadRequest, "lang is not the tag of a language; send a BCP 47 tag such as en-US, or leave it out")
		return
	}
	args := command.Push{Source: source, Seq: number, Language: language, Body: string(words)}
	if len(words) > plainPost {
		args.Body, args.Packed = "", command.Pack(words)
	}
	if err := s.pushed(r.Context(), claims.Session, tool, args); err != nil {
		decline(w, err)
		return
	}
	answer(w, http.StatusOK, strconv.FormatInt(number, 10))
}

// pushed sends a post to the transcript. One that was taken meanwhile, by
// another connection of the same tool, is taken.
func (s *server) pushed(ctx context.Context, id ids.Session, tool events.Actor, args command.Push) error {
	frame, err := frameOf("push", ids.Command{}, "", args, "")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_, err = s.do(ctx, id, tool, frame)
	if problem.Is(err, problem.Already) {
		return nil
	}
	return err
}

// documentPush describes the door, which the framework does not serve.
func (s *server) documentPush(path string) {
	text := map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string"}}}
	parameters := []*huma.Param{
		{Name: "session", In: "path", Required: true, Schema: &huma.Schema{Type: "string", Format: "uuid"}},
		{Name: "key", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}, Description: "The signed key of one source; see push-address"},
	}
	responses := map[string]*huma.Response{
		"200": {Description: "Taken, or taken before: the number of the post", Content: text},
		"400": {Description: "The session has not started or is over, or the post is not UTF-8", Content: text},
		"403": {Description: "The key does not open, its source was ended, or the post has no seq", Content: text},
		"405": {Description: "Another method than POST", Content: text},
		"413": {Description: "More than 1 MiB", Content: text},
	}
	zero := 0.0
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "push", Method: http.MethodPost, Path: path, Tags: []string{"transcript"},
		Summary: "Push captions, in the form that Zoom and StreamText made common",
		Description: "CR, LF or CRLF ends a line; a backspace (0x08) deletes the character before it, also of earlier posts. " +
			"A repeated seq is answered with 200 and does nothing; a gap is taken, and raises an alarm.",
		Parameters: append(append([]*huma.Param{}, parameters...),
			&huma.Param{Name: "seq", In: "query", Required: true, Schema: &huma.Schema{Type: "integer", Minimum: &zero}, Description: "One more with each post; the same for a retry"},
			&huma.Param{Name: "lang", In: "query", Schema: &huma.Schema{Type: "string"}, Description: "BCP 47 tag, such as en-US"}),
		RequestBody: &huma.RequestBody{Required: true, Description: "UTF-8, at most 1 MiB", Content: text},
		Responses:   responses, Security: []map[string][]string{},
	})
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "push-seq", Method: http.MethodGet, Path: path + "/seq", Tags: []string{"transcript"},
		Summary: "The number of the last post that was taken, -1 before the first", Parameters: parameters,
		Responses: map[string]*huma.Response{"200": {Description: "The number", Content: text}}, Security: []map[string][]string{},
	})
}
