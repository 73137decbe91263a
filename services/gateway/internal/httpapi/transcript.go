package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/captions/export"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// TrackBrief is a track in the list of a session's tracks.
type TrackBrief struct {
	Track string `json:"track" doc:"BCP 47 tag"`
	Seq   uint64 `json:"seq" doc:"Where the track stands"`
}

// read gives a session's transcript and how much of it the bearer sees.
func (s *server) read(b Bearer, id ids.Session) (*captions.Book, captions.Sight, error) {
	claims, err := s.look(b, id)
	if err != nil {
		return nil, captions.None, err
	}
	// Also says whether there is such a session, and why one is not answered about.
	if err := s.Sessions.Read(id, func(*session.State) {}); err != nil {
		return nil, captions.None, err
	}
	book := s.Captions.Of(id)
	sight := book.Sight(claims.Audience)
	if sight == captions.None {
		return nil, sight, problem.New(problem.Forbidden, "the transcript of this session is not public").On("header.Authorization").
			Try("open the link of somebody who takes part; what is delayed opens when the session is adjourned")
	}
	return book, sight, nil
}

// transcript is what reads a session's transcript.
func (s *server) transcript() {
	huma.Register(s.api, operation("tracks", http.MethodGet, "/sessions/{session}/transcript", "The tracks of the transcript", "transcript"),
		func(_ context.Context, in *InSession) (*body[[]TrackBrief], error) {
			book, sight, err := s.read(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			out := &body[[]TrackBrief]{Body: []TrackBrief{}}
			for _, tag := range book.Tracks() {
				_, seq, _ := book.Segments(tag, ^uint64(0)>>1, sight)
				out.Body = append(out.Body, TrackBrief{tag, seq})
			}
			return out, nil
		})

	one := operation("transcript", http.MethodGet, "/sessions/{session}/transcript/{track}", "A track as JSON, or with an ending as a download", "transcript")
	one.Description = "`/transcript/en` gives what stands after `since`, as the websocket's frame `caption` does; `/transcript/en.vtt`, `.srt`, `.ttml`, `.txt`, `.md` and `.json` are downloads, " +
		"of the whole, of a stretch of time or of one turn; for those who take part the JSON holds the earlier revisions too. The transcript is an unofficial aid and may be incomplete."
	one.Responses = map[string]*huma.Response{"200": {Description: "The track", Content: map[string]*huma.MediaType{
		"application/json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(captionFrame, true, "")},
	}}}
	for _, f := range export.Formats() {
		if f != export.JSON {
			media, _, _ := strings.Cut(f.ContentType(), ";")
			one.Responses["200"].Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
		}
	}
	huma.Register(s.api, one, func(_ context.Context, in *struct {
		InSession
		Track string        `path:"track" maxLength:"48" doc:"BCP 47 tag of the track; with .vtt, .srt, .ttml, .txt, .md or .json a download"`
		Since uint64        `query:"since" doc:"Only what came after this seq; not for downloads"`
		From  clock.Instant `query:"from" doc:"Downloads: only what was spoken from here on, session time in ms since 1970"`
		To    clock.Instant `query:"to" doc:"Downloads: only what was spoken before, session time in ms since 1970"`
		Turn  string        `query:"turn" doc:"Downloads: only the words of this turn"`
	},
	) (*huma.StreamResponse, error) {
		tag, ending, download := strings.Cut(in.Track, ".")
		if !captions.ValidTrack(tag) {
			return nil, refuse(problem.Field("path.track", "%.40q is not the tag of a language", tag).Try("use a BCP 47 tag such as en or zh-Hant"))
		}
		book, sight, err := s.read(in.Bearer, in.Session)
		if err != nil {
			return nil, refuse(err)
		}
		since := in.Since
		if download {
			since = 0
		}
		claims, err := s.look(in.Bearer, in.Session)
		if err != nil {
			return nil, refuse(err)
		}
		taking := claims.Audience != api.ForPublic
		segments, seq, known := book.Segments(tag, since, sight)
		if !known {
			return nil, refuse(problem.New(problem.NotFound, "the session has no track %s", tag).On("path.track").Try("GET …/transcript lists the tracks"))
		}
		if !download {
			frame := api.CaptionFrame{Type: api.FrameCaption, Track: tag, From: min(since, seq), Seq: seq, Segments: captions.Light(segments)}
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Content-Type", "application/json")
				out.SetHeader("Cache-Control", "no-store")
				_ = encode(out.BodyWriter(), frame)
			}}, nil
		}
		format, err := export.ParseFormat(ending)
		if err != nil {
			return nil, refuse(problem.New(problem.NotFound, "there is no download .%.12s", ending).On("path.track").Try("end it with .vtt, .srt, .ttml, .txt, .md or .json"))
		}
		turn := ids.Turn{}
		if in.Turn != "" {
			if turn, err = ids.Parse[ids.Turn](in.Turn); err != nil {
				return nil, refuse(problem.Field("query.turn", "%s", err).Try("take the turn's id from the view"))
			}
		}
		segments = captions.Cut(segments, in.From, in.To, turn)
		if format == export.JSON && taking {
			// What was corrected is kept, and is not for everybody.
			segments = book.History(segments)
		}
		doc, err := s.export(in.Session, tag, segments)
		if err != nil {
			return nil, refuse(err)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("Content-Type", format.ContentType())
			out.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", doc.name+"."+string(format)))
			out.SetHeader("Cache-Control", "no-store")
			if err := export.Write(out.BodyWriter(), format, doc.Document); err != nil {
				s.Logger.Warn("a transcript was not written to its end", "session", in.Session.String(), "error", err)
			}
		}}, nil
	})

	stream := operation("transcript-text", http.MethodGet, "/sessions/{session}/transcript/{track}/text", "A track as plain text while it is spoken, such as for a Braille display", "transcript")
	stream.Description = "One line for each segment as it becomes final, `>> NAME:` before the first words of each speaker. It goes on until the session is adjourned."
	stream.Responses = map[string]*huma.Response{"200": {Description: "UTF-8, without an end until the adjournment", Content: map[string]*huma.MediaType{
		"text/plain": {Schema: &huma.Schema{Type: "string"}},
	}}}
	huma.Register(s.api, stream, func(ctx context.Context, in *struct {
		InSession
		Track string `path:"track" maxLength:"40"`
		Since int64  `query:"since" default:"-1" doc:"Begin after this seq, 0 for the whole; only what comes from now on when left out"`
	},
	) (*huma.StreamResponse, error) {
		if !captions.ValidTrack(in.Track) {
			return nil, refuse(problem.Field("path.track", "%.40q is not the tag of a language", in.Track).Try("use a BCP 47 tag such as en or zh-Hant"))
		}
		book, _, err := s.read(in.Bearer, in.Session)
		if err != nil {
			return nil, refuse(err)
		}
		claims, err := s.look(in.Bearer, in.Session)
		if err != nil {
			return nil, refuse(err)
		}
		leave, err := s.Captions.Enter()
		if err != nil {
			return nil, refuse(err)
		}
		if claims.Expires.IsZero() {
			claims.Expires = time.Now().Add(visitorLifetime)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			defer leave()
			out.SetHeader("Content-Type", "text/plain; charset=utf-8")
			out.SetHeader("Cache-Control", "no-store")
			out.SetHeader("X-Accel-Buffering", "no")
			s.speak(ctx, out, book, claims, func() bool {
				_, err := s.look(in.Bearer, in.Session)
				return err == nil
			}, in.Track, in.Since)
		}}, nil
	})
}

// Terms are the names and terms of a session.
type Terms struct {
	Terms []words.Term `json:"terms"`
}

// Wish is what a speaker asks their own words to read.
type Wish struct {
	Request ids.Correction `json:"request"`
	Text    string         `json:"text"`
}

// booth may see what lies around the transcript: those who write it and the chair's side.
var booth = append([]events.Role{events.Captioner, events.Interpreter, events.Technician}, staffRoles...)

// aids are what the captions desk reads beside the transcript.
func (s *server) aids() {
	huma.Register(s.api, operation("glossary", http.MethodGet, "/sessions/{session}/glossary", "The names and terms in force, for the captions desk", "transcript"),
		func(_ context.Context, in *InSession) (*body[Terms], error) {
			if _, err := s.enterAs(in.Bearer, in.Session, booth...); err != nil {
				return nil, refuse(err)
			}
			terms, err := s.Glossary(in.Session)
			return &body[Terms]{Terms{append([]words.Term{}, terms...)}}, refuse(err)
		})

	huma.Register(s.api, operation("correction", http.MethodGet, "/sessions/{session}/corrections/{request}", "What a speaker asks their own words to read", "transcript"),
		func(_ context.Context, in *struct {
			InSession
			Request ids.Correction `path:"request"`
		},
		) (*body[Wish], error) {
			claims, err := s.enter(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			missing := problem.New(problem.NotFound, "there is no such request, or it is not yours").On("path.request")
			err = s.Sessions.Read(in.Session, func(state *session.State) {
				r, actor := state.Transcript.Requests[in.Request], claims.Actor()
				if r != nil && (actor.Has(booth...) || !actor.Applicant.IsZero() && actor.Applicant == r.Applicant) {
					missing = nil
				}
			})
			switch {
			case err != nil:
				return nil, refuse(err)
			case missing != nil:
				return nil, refuse(missing)
			}
			text, err := s.Wish(in.Session, in.Request)
			return &body[Wish]{Wish{in.Request, text}}, refuse(err)
		})
}

// exported is a document with the name of its file.
type exported struct {
	export.Document
	name string
}

// export makes a document of segments.
func (s *server) export(id ids.Session, tag string, segments []api.Segment) (exported, error) {
	var out exported
	err := s.Sessions.Read(id, func(state *session.State) {
		start := state.Timing.StartedAt
		if start.IsZero() {
			start = state.Registry.PlannedStart
		}
		out = exported{
			Document: export.Document{Title: state.Registry.Title, Language: tag, Zero: start, Segments: segments},
			name:     "transcript-" + strings.ToLower(state.Registry.Code) + "-" + tag,
		}
	})
	return out, err
}
