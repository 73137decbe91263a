package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/gateway/internal/poll"
)

// Polling is what following without a websocket needs.
type Polling struct {
	Hub *poll.Hub
	// Me gives what is personal to an actor.
	Me func(s ids.Session, actor events.Actor, audience api.Audience) (api.Me, error)
	// Seq gives the log position of a cursor.
	Seq func(api.Cursor) uint64
	// Clock gives session time and its speed in thousandths of the wall clock's.
	Clock func(s ids.Session) (sessionMS, speedPermille int64)
}

// Updates is the answer to one poll: what a websocket would have sent.
type Updates struct {
	// Cursor and Me are for the next request: since and me.
	Cursor api.Cursor `json:"cursor"`
	Me     string     `json:"me"`
	// Frames are a snapshot and the personal part when something has changed, and
	// always the clock.
	Frames []json.RawMessage `json:"frames"`
}

// updates registers long polling, the fallback where websockets are broken.
func (s *server) updates() {
	about := operation("updates", http.MethodGet, "/sessions/{session}/updates", "Wait for what has changed, where websockets are broken", "sessions")
	about.Description = "Answers when the view has moved past `since`, or what is personal past `me`, at the latest after `wait` seconds. " +
		"The frames are those of the websocket. Commands go to POST …/commands."
	huma.Register(s.api, about,
		func(ctx context.Context, in *struct {
			InSession
			Since    api.Cursor   `query:"since" maxLength:"200" doc:"The cursor of the last answer"`
			Me       string       `query:"me" maxLength:"40" doc:"The me of the last answer"`
			Wait     int64        `query:"wait" minimum:"0" maximum:"25" default:"25" doc:"Longest wait in s"`
			Audience api.Audience `query:"audience" enum:"chair,booth,participant,public" doc:"Narrows the view"`
		},
		) (*body[Updates], error) {
			received := time.Now()
			claims, err := s.look(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			audience, err := claims.Audience.Narrow(in.Audience)
			if err != nil {
				return nil, refuse(err)
			}
			var me []byte
			mine := func() (string, error) {
				own, err := s.Polling.Me(in.Session, claims.Actor(), audience)
				if err != nil {
					return "", err
				}
				me, err = json.Marshal(api.MeFrame{Type: api.FrameMe, Me: own})
				return strconv.FormatUint(xxhash.Sum64(me), 36), err
			}
			raw, cursor, err := s.Polling.Hub.Wait(ctx, poll.Ask{
				Session: in.Session, Audience: audience, Token: claims.Subject + claims.ID.String(), Since: in.Since,
				Wait:  time.Duration(in.Wait) * time.Second,
				Moved: func() bool { now, err := mine(); return err == nil && now != in.Me },
			})
			if err == nil {
				// The link may have ended while it waited.
				_, err = s.look(in.Bearer, in.Session)
			}
			if err != nil {
				return nil, refuse(err)
			}
			out := &body[Updates]{Body: Updates{Cursor: cursor, Me: in.Me, Frames: []json.RawMessage{}}}
			if raw != nil {
				if out.Body.Me, err = mine(); err != nil {
					return nil, refuse(err)
				}
				snapshot, err := json.Marshal(api.Snapshot{Type: api.FrameSnapshot, At: cursor, Seq: s.Polling.Seq(cursor), Audience: audience, View: raw})
				if err != nil {
					return nil, refuse(err)
				}
				out.Body.Frames = append(out.Body.Frames, snapshot, me)
			}
			// With both times of the server the wait counts for nothing: the client
			// has the two ways alone (RFC 5905).
			at, speed := s.Polling.Clock(in.Session)
			tick, err := json.Marshal(api.ClockFrame{
				Type: api.FrameClock, ReceivedMS: received.UnixMilli(), SentMS: time.Now().UnixMilli(), SessionMS: at, SpeedPermille: speed,
			})
			out.Body.Frames = append(out.Body.Frames, tick)
			return out, refuse(err)
		})
}
