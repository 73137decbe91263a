package session

import "github.com/fairfloor/fairfloor/pkg/events"

// captionOnly reports whether a commit is captions and nothing else: nothing of
// it is in the view, so that 10,000 clients are not sent a patch for every
// sentence. Captions have frames and a seq of their own.
func captionOnly(c *events.Commit, m Meta) bool {
	if m.Context != events.Transcript {
		return false
	}
	for _, e := range c.Events {
		if !captionTypes[e.Type()] {
			return false
		}
	}
	return true
}

// captionTypes are the events that change no view.
var captionTypes = map[string]bool{}
