package client

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Transcript is one track as a client has it.
type Transcript struct {
	Track string
	// Seq is where the client stands: everything up to it is here.
	Seq uint64
	// Segments are in the order in which they first came; later revisions stand in
	// the place of the first.
	Segments []api.Segment
	// Partial is what is being said, or nil.
	Partial *api.Segment
	// Finals counts the segments that came in frames, Doubles those that came a
	// second time with the same seq, Gaps the frames that began beyond Seq.
	Finals, Doubles, Gaps int

	places map[ids.Segment]int
}

// Caption is told of each final (and what became of it) as it comes, from the
// goroutine that reads; it must not block. came is when its frame was read.
type Caption func(s api.Segment, came time.Time)

// Follow sets the tracks that are followed; those that were followed before go
// on where they stand.
func (l *Live) Follow(tracks ...string) error {
	l.mu.Lock()
	l.tracks = slices.Clone(tracks)
	conn := l.conn
	frame := api.TracksFrame{Type: api.FrameTracks, Tracks: tracks, CaptionsSince: l.since()}
	l.mu.Unlock()
	if conn == nil {
		return nil // hello will say so
	}
	return l.writeTo(conn, frame)
}

// since gives where the client stands in each track that it follows; the lock is held.
func (l *Live) since() map[string]uint64 {
	at := map[string]uint64{}
	for _, track := range l.tracks {
		if t := l.transcripts[track]; t != nil && t.Seq > 0 {
			at[track] = t.Seq
		}
	}
	return at
}

// Transcript gives a copy of a track as it is here.
func (l *Live) Transcript(track string) Transcript {
	l.mu.Lock()
	defer l.mu.Unlock()
	return (&Locked{l}).Transcript(track)
}

// Transcript gives a copy of a track as it is here.
func (l *Locked) Transcript(track string) Transcript {
	t := l.live.transcripts[track]
	if t == nil {
		return Transcript{Track: track}
	}
	out := *t
	out.Segments, out.places = slices.Clone(t.Segments), nil
	return out
}

// CaptionSeq gives where the client stands in a track, without copying it.
func (l *Locked) CaptionSeq(track string) uint64 {
	if t := l.live.transcripts[track]; t != nil {
		return t.Seq
	}
	return 0
}

// caption takes a frame of finals: what begins beyond the client's own seq is
// not applied but asked for from there.
func (l *Live) caption(conn *websocket.Conn, raw []byte) error {
	var frame api.CaptionFrame
	if err := json.Unmarshal(raw, &frame); err != nil {
		return err
	}
	now := time.Now()
	l.mu.Lock()
	t := l.transcript(frame.Track)
	if frame.From > t.Seq {
		t.Gaps++
		again := api.TracksFrame{Type: api.FrameTracks, Tracks: slices.Clone(l.tracks), CaptionsSince: l.since()}
		l.mu.Unlock()
		return l.writeTo(conn, again)
	}
	fresh := frame.Segments[:0:0]
	for _, s := range frame.Segments {
		if s.Seq <= t.Seq {
			t.Doubles++
			continue
		}
		t.put(s)
		fresh = append(fresh, s)
	}
	t.Seq = max(t.Seq, frame.Seq)
	l.notify()
	l.mu.Unlock()
	if l.options.OnCaption != nil {
		for _, s := range fresh {
			l.options.OnCaption(s, now)
		}
	}
	return nil
}

// put takes a segment over.
func (t *Transcript) put(s api.Segment) {
	t.Finals++
	if t.Partial != nil && t.Partial.ID == s.ID {
		t.Partial = nil
	}
	if at, known := t.places[s.ID]; known {
		t.Segments[at] = s
		return
	}
	t.places[s.ID] = len(t.Segments)
	t.Segments = append(t.Segments, s)
}

// partial takes what is being said, unless it is final already.
func (l *Live) partial(raw []byte) error {
	var frame api.PartialFrame
	if err := json.Unmarshal(raw, &frame); err != nil {
		return err
	}
	now := time.Now()
	l.mu.Lock()
	t := l.transcript(frame.Track)
	if _, final := t.places[frame.Segment.ID]; !final {
		t.Partial = &frame.Segment
	}
	l.stats.Partials++
	l.notify()
	l.mu.Unlock()
	if l.options.OnPartial != nil {
		l.options.OnPartial(frame.Segment, now)
	}
	return nil
}

// transcript gives a track's place; the lock is held.
func (l *Live) transcript(track string) *Transcript {
	t := l.transcripts[track]
	if t == nil {
		t = &Transcript{Track: track, places: map[ids.Segment]int{}}
		l.transcripts[track] = t
	}
	return t
}

// Say sends what a captioner is typing. It is not repeated when the line is
// down: the next one holds the whole text again.
func (l *Live) Say(wish api.PartialWish) error {
	wish.Type = api.FramePartial
	raw, err := json.Marshal(wish)
	if err != nil {
		return err
	}
	return l.WriteRaw(raw)
}
