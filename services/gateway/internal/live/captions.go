package live

import (
	"context"
	"slices"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// offset is where a connection stands in a track.
type offset struct {
	track string
	at    uint64
}

// follow sets the tracks that a connection is sent, each from the seq after
// which the client is missing what came.
func (c *conn) follow(tracks []string, since map[string]uint64) *problem.Error {
	if len(tracks) > api.MaxTracks {
		return problem.Field("tracks", "%d tracks are named; %d are the most for one connection", len(tracks), api.MaxTracks).
			Try("follow fewer tracks")
	}
	var wanted []offset
	for _, t := range tracks {
		if !captions.ValidTrack(t) {
			return problem.Field("tracks", "%.40q is not the tag of a language", t).Try("send BCP 47 tags, such as en or zh-Hant")
		}
		if !slices.ContainsFunc(wanted, func(o offset) bool { return o.track == t }) {
			wanted = append(wanted, offset{t, since[t]})
		}
	}
	for t := range since {
		if !slices.Contains(tracks, t) {
			return problem.Field("captions_since", "%.40q is not among the tracks", t).Try("name the track in tracks, or leave it out")
		}
	}
	c.socket.mu.Lock()
	c.offsets = wanted
	c.socket.mu.Unlock()
	c.feed.reads(c, len(wanted) > 0)
	c.more()
	return nil
}

// captions is the socket's fetch: the next frame of one of the connection's
// tracks, each track in its turn. The socket's lock is held.
func (c *conn) captions() []byte {
	// Nobody reads a transcript before they are shown the session.
	if c.feed == nil || c.version == 0 {
		return nil
	}
	sight := c.feed.book.Sight(c.audience)
	for range c.offsets {
		o := &c.offsets[0]
		message, to := c.feed.book.Next(o.track, o.at, sight)
		o.at = to
		// The next time the other tracks come first.
		c.offsets = append(c.offsets[1:], c.offsets[0])
		if message != nil {
			return message.Frame(c.packs)
		}
	}
	return nil
}

// reads notes whether a connection follows any track.
func (f *feed) reads(c *conn, any bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listed = nil
	if any {
		f.readers[c] = struct{}{}
	} else {
		delete(f.readers, c)
	}
}

// listReaders lists the connections that follow a track, the chair's first. The
// list is made anew when somebody came or went, not for every word.
func (f *feed) listReaders() []*conn {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listed == nil {
		f.listed = make([]*conn, 0, len(f.readers))
		for _, a := range api.Audiences() {
			for c := range f.readers {
				if c.audience == a {
					f.listed = append(f.listed, c)
				}
			}
		}
	}
	return f.listed
}

// Advanced hands what a transcript gained to its readers (captions.Watcher).
func (f *feed) Advanced() {
	begun := time.Now()
	for _, c := range f.listReaders() {
		c.more()
	}
	f.server.metrics.fanOut.WithLabelValues("captions").Observe(time.Since(begun).Seconds())
}

// type checks that a feed watches a transcript.
var _ captions.Watcher = (*feed)(nil)

// change takes the frame `tracks`.
func (c *conn) change(frame api.TracksFrame) {
	if refused := c.follow(frame.Tracks, frame.CaptionsSince); refused != nil {
		c.complain(ids.Command{}, refused)
	}
}

// say takes the frame `partial`: a captioner's keystrokes, for the service to
// judge. It is answered when it is refused. Of those that wait only the newest
// is sent on: each holds the whole text.
func (c *conn) say(frame api.PartialWish) {
	q := &c.partials
	q.Lock()
	defer q.Unlock()
	q.waiting = &frame
	if q.working {
		return
	}
	q.working = true
	c.server.asks.Go(func() {
		for {
			q.Lock()
			next := q.waiting
			q.waiting = nil
			if next == nil {
				q.working = false
				q.Unlock()
				return
			}
			q.Unlock()
			if err := c.server.config.Asker.Partial(c.server.work, c.session, c.claims.Actor(), *next); err != nil {
				c.put(kept, text(api.ProblemFrame{Type: api.FrameProblem, Problem: problem.From(err).On("partial")}))
			}
		}
	})
}

// confirm sends a beat after a receipt whose commit changed nothing in the view: a
// client that waits for the receipt's position learns that it has everything.
func (c *conn) confirm(seq uint64) {
	f := c.server.config.Follower
	ctx, cancel := context.WithTimeout(c.server.work, behind)
	defer cancel()
	if err := f.Wait(ctx, c.session, seq, behind); err != nil {
		return
	}
	if shown, all := c.feed.reached(); all {
		at, _ := c.feed.clock()
		c.put(beats, text(api.Beat{Type: api.FrameBeat, LogMS: at, Seq: shown}))
	}
}
