package captions

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// Watcher is told of what is new in a transcript. Its methods are called outside
// of locks, from several goroutines, and must not wait.
type Watcher interface {
	// Advanced says that Next may have more for any track.
	Advanced()
	// Partial is what is being said now.
	Partial(Partial)
}

// Partial is what is being said in a track.
type Partial struct{ Segment api.Segment }

// Frame encodes the partial for a sight; nil for who sees nothing.
func (p Partial) Frame(sight Sight) []byte {
	if sight == None {
		return nil
	}
	payload, err := json.Marshal(api.PartialFrame{Type: api.FramePartial, Track: p.Segment.Track, Segment: narrow(p.Segment, sight)})
	if err != nil {
		return nil
	}
	return payload
}

// Book is the transcript of one session, kept up with the log.
type Book struct {
	hub     *Hub
	session ids.Session

	// filling lets one goroutine at a time take over what is new.
	filling sync.Mutex
	// floor is the log position up to which attributions were looked at.
	floor uint64

	mu       sync.RWMutex
	tracks   map[string]*track
	watchers map[*watching]struct{}
	used     time.Time
	// publication and over are the session's, as of the last filling.
	publication string
	over        bool
	// erased are segments whose words were erased in the store since the last filling.
	erased []ids.Segment
}

type watching struct{ Watcher }

// Sight says how much of the transcript an audience sees: what is public of
// whom and when is the session's publication (architecture.md).
func (b *Book) Sight(audience api.Audience) Sight {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return sightOf(audience, b.publication, b.over)
}

// sightOf is Sight as a function of what it depends on.
func sightOf(audience api.Audience, publication string, over bool) Sight {
	if audience != api.ForPublic {
		return Whole
	}
	switch publication {
	case "public":
		return Whole
	case "organisation_only":
		return Outside
	case "delayed":
		if over {
			return Whole
		}
	}
	// For those who take part only, or confidential, or a later version's rule.
	return None
}

// Next gives the frame that leads a reader on from a seq, and the seq where they
// stand then; nil when there is nothing more for them.
func (b *Book) Next(tag string, from uint64, sight Sight) (*wire.Message, uint64) {
	t := b.track(tag)
	if t == nil {
		return nil, from
	}
	return t.next(from, sight)
}

// Segments lists what stands of a track after a seq, in order of seq, and the
// seq up to which it goes. False means that there is no such track.
func (b *Book) Segments(tag string, since uint64, sight Sight) ([]api.Segment, uint64, bool) {
	t := b.track(tag)
	if t == nil {
		return []api.Segment{}, 0, false
	}
	all, seq := t.segments(since, sight)
	return all, seq, true
}

// Tracks lists the tags of the tracks.
func (b *Book) Tracks() []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Sorted(maps.Keys(b.tracks))
}

func (b *Book) track(tag string) *track {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.tracks[tag]
}

// Watch tells w of what is new until stop is called. What there is already is
// for w to fetch.
func (b *Book) Watch(w Watcher) (stop func()) {
	one := &watching{w}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[one] = struct{}{}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, one)
		b.used = time.Now()
	}
}

// idle reports whether nobody watches or has asked since.
func (b *Book) idle(since time.Time) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.watchers) == 0 && b.used.Before(since)
}

func (b *Book) touch() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = time.Now()
}

// listening lists the watchers.
func (b *Book) listening() []*watching {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Collect(maps.Keys(b.watchers))
}

// Knows reports whether a segment of a track is in the transcript: nothing that is
// being said in it is shown any more.
func (b *Book) Knows(tag string, segment ids.Segment) bool {
	t := b.track(tag)
	return t != nil && t.has(segment)
}

// partial hands on what is being said, unless it was said to the end meanwhile:
// the last keystrokes may come after the final that they became.
func (b *Book) partial(s api.Segment) {
	if b.Knows(s.Track, s.ID) {
		return
	}
	for _, w := range b.listening() {
		w.Partial(Partial{s})
	}
}

// fill takes over what the log and the words have gained, and tells the watchers.
func (b *Book) fill() {
	b.filling.Lock()
	moved := false
	err := b.hub.config.Sessions.Read(b.session, func(s *session.State) { moved = b.take(s) })
	b.filling.Unlock()
	if err != nil {
		// A session whose log is refused is not answered about any more.
		b.hub.config.Logger.Warn("a transcript is not kept up", "session", b.session.String(), "error", err)
		return
	}
	if !moved {
		return
	}
	for _, w := range b.listening() {
		w.Advanced()
	}
}

// Over reports whether the session was adjourned.
func (b *Book) Over() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.over
}
