package gateway

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/audio"
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

// engines reads the operator's speech engines: TAG=URL.
func engines(settings []string) (map[string]string, error) {
	all := map[string]string{}
	for _, setting := range settings {
		tag, address, ok := strings.Cut(strings.TrimSpace(setting), "=")
		u, err := url.Parse(address)
		if !ok || err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" || !captions.ValidTrack(tag) {
			return nil, fmt.Errorf("engines: %.60q is not TAG=URL, such as en=ws://127.0.0.1:2700", setting)
		}
		all[tag] = address
	}
	return all, nil
}

// microphones opens the door for sound. Names of the glossary are given to
// engines that take a list.
func (g *Gateway) microphones(asker *ask.Asker) error {
	all, err := engines(g.settings.Engines)
	if err != nil {
		return err
	}
	g.audio = audio.New(audio.Config{
		Sessions: g.follower, Asker: asker, Tokens: g.authority, Engines: all, Clock: g.process.Clock, Allowed: g.live.Allowed,
		Phrases: g.phrases, Logger: g.process.Logger,
	})
	return nil
}

// phrases gives the names and terms of a session's glossary.
func (g *Gateway) phrases(s ids.Session) []string {
	terms, err := g.glossary(s)
	if err != nil {
		return nil
	}
	var all []string
	for _, t := range terms {
		all = append(all, t.Right)
	}
	return all
}

// glossary gives the terms of a session's glossary, none when it has none.
func (g *Gateway) glossary(s ids.Session) ([]words.Term, error) {
	var digest events.Hash
	if err := g.follower.Read(s, func(state *session.State) { digest = state.Transcript.Glossary }); err != nil {
		return nil, err
	}
	value, _ := forget.Lookup[words.Glossary](g.spoken, words.GlossaryKey(s), digest)
	return value.Terms, nil
}

// wish gives the words that a speaker asks for.
func (g *Gateway) wish(s ids.Session, request ids.Correction) (string, error) {
	var digest events.Hash
	if err := g.follower.Read(s, func(state *session.State) {
		if r := state.Transcript.Requests[request]; r != nil {
			digest = r.Digest
		}
	}); err != nil {
		return "", err
	}
	value, _ := forget.Lookup[words.Wish](g.spoken, words.WishKey(s, request), digest)
	return value.Text, nil
}
