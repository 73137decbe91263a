package gateway

import (
	"context"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// transcripts opens the live transcripts: the facts of the log joined with the
// words of the store that can forget, as both arrive.
func (g *Gateway) transcripts(ctx context.Context) error {
	store, err := g.process.Words(ctx)
	if err != nil {
		return err
	}
	g.captions, err = captions.New(captions.Config{
		Sessions: g.follower, Words: g.said, Conn: g.process.Conn, Logger: g.process.Logger,
	})
	if err != nil {
		return err
	}
	g.spoken, err = store.Watch(ctx, forget.WatchConfig{
		Kinds: []forget.Kind{words.Captions, words.Glossaries, words.Wishes},
		OnChange: func(c forget.Change) {
			segment, err := ids.Parse[ids.Segment](c.Key.ID)
			if c.Key.Kind != words.Captions || err != nil {
				return
			}
			if c.Erased {
				g.captions.Erased(c.Key.Session, segment)
				return
			}
			g.captions.Changed(c.Key.Session)
		},
		OnFault: func(err error) { g.process.Logger.Warn("the words of transcripts", "error", err) },
	})
	return err
}

// said gives the words of a revision.
func (g *Gateway) said(s ids.Session, segment ids.Segment, digest events.Hash) (captions.Said, bool) {
	if g.spoken == nil {
		// The hub is older than the cache by a moment.
		return captions.Said{}, false
	}
	value, state := words.Revision(g.spoken, s, segment, digest)
	if state == forget.Missing {
		return captions.Said{}, false
	}
	out := captions.Said{Text: value.Text, Label: value.Label}
	for _, w := range value.Words {
		out.Words = append(out.Words, api.Word{Text: w.Text, Start: w.Start, End: w.End, Confidence: w.Confidence})
	}
	return out, true
}
