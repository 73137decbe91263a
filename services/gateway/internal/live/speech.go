package live

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// mostSpoken bounds what is sent together, in partials of different tracks.
const mostSpoken = 64

// speech is what is being said in some tracks, on its way to their readers
// together. Its frames are made once for each sight, and put together once for
// each choice of tracks: what all readers get is the same bytes.
type speech struct {
	said   []captions.Partial // of different tracks, in the order in which they came
	sights map[api.Audience]captions.Sight
	made   map[captions.Sight][]*wire.Message // beside said; nil for what a sight does not include
	joined map[choice]words
}

// choice is what one reader gets of a speech: bit i stands for said[i].
type choice struct {
	sight captions.Sight
	packs bool
	mask  uint64
}

// words are the frames of a choice, one by one and in one piece.
type words struct {
	frames []item
	whole  []byte
}

// Partial takes what is being said in a track (captions.Watcher). It is handed to
// the readers by a goroutine that lives while there is something: what comes while
// it writes goes out together, in one write for each reader, and of a track only
// what came last.
func (f *feed) Partial(p captions.Partial) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.ended:
		return
	default:
	}
	for i := range f.said {
		if f.said[i].Segment.Track == p.Segment.Track {
			f.said[i] = p
			return
		}
	}
	f.said = append(f.said, p)
	if !f.speaking {
		f.speaking = true
		f.server.all.Go(f.speak)
	}
}

// speak hands out what is being said until nothing waits.
func (f *feed) speak() {
	for {
		f.mu.Lock()
		if len(f.said) == 0 {
			f.speaking = false
			f.mu.Unlock()
			return
		}
		said := f.said
		f.said = nil
		if len(said) > mostSpoken {
			said, f.said = said[:mostSpoken:mostSpoken], said[mostSpoken:]
		}
		f.mu.Unlock()
		// What became final while it waited is not tentative again.
		said = slices.DeleteFunc(said, func(p captions.Partial) bool { return f.book.Knows(p.Segment.Track, p.Segment.ID) })
		s := newSpeech(f.book, said)
		for _, c := range f.listReaders() {
			c.hear(s)
		}
	}
}

// newSpeech takes the sights once: they belong to the session, not to the reader.
func newSpeech(book *captions.Book, said []captions.Partial) *speech {
	s := &speech{said: said, sights: map[api.Audience]captions.Sight{}, made: map[captions.Sight][]*wire.Message{}, joined: map[choice]words{}}
	for _, a := range api.Audiences() {
		s.sights[a] = book.Sight(a)
	}
	return s
}

// of gives what a choice consists of; nothing for who sees nothing.
func (s *speech) of(c choice) words {
	if w, made := s.joined[c]; made {
		return w
	}
	all, made := s.made[c.sight]
	if !made {
		all = make([]*wire.Message, len(s.said))
		for i, p := range s.said {
			if payload := p.Frame(c.sight); payload != nil {
				all[i] = wire.New(payload)
			}
		}
		s.made[c.sight] = all
	}
	var w words
	for i, one := range all {
		if c.mask&(1<<i) != 0 && one != nil {
			frame := one.Frame(c.packs)
			w.frames = append(w.frames, item{kind: partials, slot: s.said[i].Segment.Track, frame: frame})
			w.whole = append(w.whole, frame...)
		}
	}
	s.joined[c] = w
	return w
}

// hear sends what is said in the tracks that the connection follows.
func (c *conn) hear(s *speech) {
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	if c.version == 0 {
		return // nobody reads a transcript before they are shown the session
	}
	mine := choice{sight: s.sights[c.audience], packs: c.packs}
	for i := range s.said {
		for o := range c.offsets {
			if c.offsets[o].track == s.said[i].Segment.Track {
				mine.mask |= 1 << i
			}
		}
	}
	if mine.mask == 0 {
		return
	}
	if w := s.of(mine); len(w.frames) > 0 {
		c.sendTogether(w.whole, w.frames...)
	}
}
