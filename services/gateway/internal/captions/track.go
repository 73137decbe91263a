package captions

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// Sight is how much of a transcript somebody sees.
type Sight uint8

// The sights. Whole is for those who take part; Outside is for the public where
// the session publishes organisations only: a label that may be a person's name
// is left out.
const (
	None Sight = iota
	Whole
	Outside
)

const (
	// blockSteps is how many steps of a track one frame of a backlog covers: some
	// 1,000 words, 30 kB.
	blockSteps = 64
	// freshFrames is how many of the newest frames are kept for those who are a
	// little behind.
	freshFrames = 32
)

// step is what one seq of a track brought: a revision of a segment, and what is
// to be said of it today.
type step struct {
	segment api.Segment
	// waits is set while the segment's words have not arrived.
	waits bool
	// replaced is set when a later step brought another revision: nothing of this
	// one is kept, its words least of all.
	replaced bool
}

// track is one language of a session's transcript, ready to be sent.
type track struct {
	tag string

	mu     sync.RWMutex
	steps  []step // of seq i+1
	newest map[ids.Segment]int
	// head is the seq up to which everything can be sent.
	head uint64
	// fresh are the newest frames, by the seq from which they lead on, and blocks
	// those of a backlog; both for each sight.
	fresh  map[frameKey]frame
	recent []frameKey
	blocks map[frameKey]frame
}

type frameKey struct {
	from  uint64
	sight Sight
}

// frame is an encoded api.CaptionFrame, and the seq up to which it goes. Everybody
// who stands at the same seq gets the same one.
type frame struct {
	message *wire.Message
	to      uint64
}

func newTrack(tag string) *track {
	return &track{tag: tag, newest: map[ids.Segment]int{}, fresh: map[frameKey]frame{}, blocks: map[frameKey]frame{}}
}

// add takes the next step. The lock is held.
func (t *track) add(s step) {
	if before, known := t.newest[s.segment.ID]; known {
		old := &t.steps[before]
		*old = step{segment: api.Segment{ID: old.segment.ID, Seq: old.segment.Seq}, replaced: true}
		t.forget(uint64(before + 1))
	}
	t.steps = append(t.steps, s)
	t.newest[s.segment.ID] = len(t.steps) - 1
}

// change takes over what is said today of a step that was sent already, such as
// a speaker's label. The lock is held.
func (t *track) change(at int, s api.Segment) {
	t.steps[at].segment = s
	t.forget(uint64(at + 1))
}

// advance moves the head over everything whose words are here, and reports
// whether it moved. The lock is held.
func (t *track) advance() bool {
	before := t.head
	for t.head < uint64(len(t.steps)) && !t.steps[t.head].waits {
		t.head++
	}
	return t.head != before
}

// forget drops every frame that holds a seq. The lock is held.
func (t *track) forget(seq uint64) {
	for _, kept := range []map[frameKey]frame{t.fresh, t.blocks} {
		for key, f := range kept {
			if key.from < seq && seq <= f.to {
				delete(kept, key)
			}
		}
	}
}

// next gives the frame that leads on from a seq, and where it leads; nil when
// there is nothing more. Everybody who stands at the same seq is given the same
// bytes.
func (t *track) next(from uint64, sight Sight) (*wire.Message, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sight == None || from >= t.head {
		return nil, from
	}
	key := frameKey{from, sight}
	if f, ok := t.fresh[key]; ok {
		return f.message, f.to
	}
	if f, ok := t.blocks[key]; ok {
		return f.message, f.to
	}
	boundary := (from/blockSteps + 1) * blockSteps
	f := frame{to: min(t.head, boundary)}
	f.message = wire.New(t.encode(from, f.to, sight))
	switch {
	case f.to == t.head:
		t.keepFresh(key, f)
	case from%blockSteps == 0:
		t.blocks[key] = f
	}
	return f.message, f.to
}

// keepFresh remembers one of the newest frames. The lock is held.
func (t *track) keepFresh(key frameKey, f frame) {
	t.fresh[key] = f
	t.recent = append(t.recent, key)
	for len(t.recent) > freshFrames {
		delete(t.fresh, t.recent[0])
		t.recent = t.recent[1:]
	}
}

// encode writes the frame of a stretch. The lock is held.
func (t *track) encode(from, to uint64, sight Sight) []byte {
	payload, err := json.Marshal(api.CaptionFrame{
		Type: api.FrameCaption, Track: t.tag, From: from, Seq: to, Segments: Light(t.stretch(from, to, sight)),
	})
	if err != nil {
		// Only our own types come here; a confidence that is no number would be the
		// one exception, and the service refuses it.
		panic(fmt.Sprintf("captions: a frame without JSON: %v", err))
	}
	return payload
}

// stretch lists what stands of the steps after from, up to and with to. The
// lock is held.
func (t *track) stretch(from, to uint64, sight Sight) []api.Segment {
	out := make([]api.Segment, 0, to-from)
	for i := from; i < to; i++ {
		if s := &t.steps[i]; !s.replaced {
			out = append(out, narrow(s.segment, sight))
		}
	}
	return out
}

// segments lists what stands after a seq, and the seq up to which it goes.
func (t *track) segments(since uint64, sight Sight) ([]api.Segment, uint64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if sight == None || since >= t.head {
		return []api.Segment{}, t.head
	}
	return t.stretch(since, t.head, sight), t.head
}

// narrow leaves out what a sight does not include.
func narrow(s api.Segment, sight Sight) api.Segment {
	if sight == Outside && s.Speaker.Participant.IsZero() && !s.Speaker.Chair {
		// Nobody's organisation: the label is what somebody typed after a chevron.
		s.Speaker.Label = ""
	}
	return s
}

// has reports whether a step of the track is about a segment.
func (t *track) has(segment ids.Segment) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	_, known := t.newest[segment]
	return known
}
