package session

import "github.com/fairfloor/fairfloor/pkg/events"

// captionOnly reports whether a commit leaves the view as it was: it brought
// captions, which have frames of their own, and nothing else.
func captionOnly(c *events.Commit, m Meta) bool {
	return m.Context == events.Transcript && events.CaptionOnly(c)
}
