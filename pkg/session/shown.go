package session

import "github.com/fairfloor/fairfloor/pkg/events"

// captionOnly reports whether a commit that is about to be applied is captions
// and bookkeeping and nothing else: nothing of it is in the view, so that 10,000
// clients are not sent a patch for every sentence. Captions have frames and a
// seq of their own.
func (s *State) captionOnly(c *events.Commit, m Meta) bool {
	if m.Context != events.Transcript || !events.CaptionOnly(c) {
		return false
	}
	// The first words after a silence end its alarm, and the first post that is
	// taken again ends a relay's; both are shown.
	for _, e := range c.Events {
		switch e := e.(type) {
		case *events.CaptionWritten:
			if t := s.Transcript.Tracks[e.Track]; t != nil && !t.MissingSince.IsZero() {
				return false
			}
		case *events.RelayDelivered:
			if r := s.Transcript.Relays[e.Relay]; r != nil && r.Failing {
				return false
			}
		}
	}
	return true
}
