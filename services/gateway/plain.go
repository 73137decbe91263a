package gateway

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/httpapi"
	"github.com/fairfloor/fairfloor/services/gateway/internal/plain"
	"github.com/fairfloor/fairfloor/services/gateway/internal/poll"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// plainWait is how long the page without script waits for the view to show what
// its form did; a slow fold shows it at the next loading.
const plainWait = 5 * time.Second

// plain is what the page without script is made of: the same fold, the same
// doors and the same audiences as the live pages.
func (g *Gateway) plain(names view.Names, asker *ask.Asker) plain.Config {
	return plain.Config{
		ByCode: g.follower.ByCode, Tokens: g.authority, Logger: g.process.Logger,
		Secure: strings.HasPrefix(g.URL(), "https://"),
		Look: func(id ids.Session, actor events.Actor, audience api.Audience) (seen api.View, me api.Me, err error) {
			var built *view.View
			err = g.follower.Read(id, func(state *session.State) {
				built = view.Build(state, names)
			})
			if err != nil {
				return seen, me, err
			}
			// The very bytes that the other pages get, so that nothing else can slip out.
			raw, err := built.Encode(audience)
			if err != nil {
				return seen, me, err
			}
			return seen, built.Me(view.Viewer{Actor: actor, Audience: audience}), json.Unmarshal(raw, &seen)
		},
		Tracks: func(seen *api.View) []string { return slices.Sorted(maps.Keys(seen.Tracks)) },
		Transcript: func(id ids.Session, audience api.Audience, track string) []api.Segment {
			book := g.captions.Of(id)
			all, _, _ := book.Segments(track, 0, book.Sight(audience))
			return all
		},
		Now: func(id ids.Session) (now clock.Instant) {
			_ = g.follower.Read(id, func(state *session.State) { now = state.Clock().Session(g.process.Clock.Now()) })
			return now
		},
		Do: func(ctx context.Context, id ids.Session, actor events.Actor, frame api.CommandFrame) (command.Receipt, error) {
			receipt, err := asker.Do(ctx, id, actor, frame)
			if err == nil && len(receipt.Problem) == 0 {
				_ = g.follower.Wait(ctx, id, receipt.Seq, plainWait)
			}
			return receipt, err
		},
	}
}

// polling is the way round broken websockets: the view, what is personal and the
// clock, as the websocket has them.
func (g *Gateway) polling(names view.Names, look poll.Look) httpapi.Polling {
	hub := poll.New(look)
	g.follower.OnChange(hub.Changed)
	return httpapi.Polling{
		Hub: hub,
		Seq: func(c api.Cursor) uint64 {
			_, seq, _ := view.ParseCursor(c)
			return seq
		},
		Me: func(id ids.Session, actor events.Actor, audience api.Audience) (me api.Me, err error) {
			err = g.follower.Read(id, func(state *session.State) {
				me = view.Build(state, names).Me(view.Viewer{Actor: actor, Audience: audience})
			})
			return me, err
		},
		Clock: func(id ids.Session) (now, speed int64) {
			_ = g.follower.Read(id, func(state *session.State) {
				at, per := state.Reading(g.process.Clock.Now())
				now, speed = int64(at), per
			})
			return now, speed
		},
	}
}
