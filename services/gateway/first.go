package gateway

import (
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/first"
	"github.com/fairfloor/fairfloor/services/gateway/internal/httpapi"
	"github.com/fairfloor/fairfloor/services/gateway/internal/plain"
	"github.com/fairfloor/fairfloor/services/gateway/web"
)

// first is what the pages' first paints are made of: the plain page's view, as
// anybody may see it.
func (g *Gateway) first(simple plain.Config) (*first.Writer, error) {
	return first.New(web.FS(), first.Config{
		ByCode: simple.ByCode, Now: time.Now, Logger: g.process.Logger, SignIn: g.settings.SignIn.On(),
		Look: func(id ids.Session) (api.View, error) {
			seen, _, err := simple.Look(id, events.Actor{}, api.ForPublic)
			return seen, err
		},
		Captions: func(id ids.Session, track string) []api.Segment {
			return simple.Transcript(id, api.ForPublic, track)
		},
		Brief: func(id ids.Session) (out any, err error) {
			err = g.follower.Read(id, func(state *session.State) { out = httpapi.BriefOf(state) })
			return out, err
		},
	})
}
