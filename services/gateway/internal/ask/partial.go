package ask

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// partials is where the transcript's service takes what is being typed or
// heard: cap.partial.<session>. Any replica judges it; nothing is stored.
const partials = "cap.partial."

// partialWithin bounds the wait for the service's judgement. The next partial
// holds the whole text again, so a lost one is no loss.
const partialWithin = time.Second

// Keystroke is what the service is asked: who says what, as a whole, in which
// segment. Who is taken from the token.
type Keystroke struct {
	Actor events.Actor `json:"actor"`
	api.PartialWish
}

// Partial hands what a source is writing to the service, which refuses one that
// does not have its track. The error is a *problem.Error.
func (a *Asker) Partial(ctx context.Context, s ids.Session, actor events.Actor, wish api.PartialWish) error {
	raw, err := json.Marshal(Keystroke{actor, wish})
	if err != nil {
		return problem.From(err)
	}
	ctx, cancel := context.WithTimeout(ctx, partialWithin)
	defer cancel()
	reply, err := a.config.Conn.RequestWithContext(ctx, partials+s.String(), raw)
	if err != nil {
		busy := problem.New(problem.Busy, "the transcript does not answer; what is being typed is not shown").
			Try("go on: finals wait until it answers again")
		busy.RetryAfterMS = 1000
		return busy
	}
	if len(reply.Data) == 0 {
		return nil
	}
	var refused problem.Error
	if json.Unmarshal(reply.Data, &refused) == nil && refused.Code != "" {
		return &refused
	}
	return nil
}
