package live_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// partial is the n-th thing that is being said in a track.
func partial(track string, n int, text string) captions.Partial {
	return captions.Partial{Segment: api.Segment{
		Track: track, ID: ids.New[ids.Segment](), Rev: int64(n), State: api.SegmentPartial, Text: text, SourceKind: "typed", TimeBasis: "arrival",
	}}
}

// heard reads until the last of what was said is here in every track, and fails on
// a track that was not asked for and on one that goes backwards.
func heard(c *client, last int64, tracks ...string) (frames int) {
	c.t.Helper()
	at := map[string]int64{}
	for _, track := range tracks {
		for at[track] < last {
			kind, raw := c.next()
			if kind != api.FramePartial {
				continue
			}
			frames++
			got := read[api.PartialFrame](c.t, raw)
			if !slices.Contains(tracks, got.Track) || got.Segment.Track != got.Track {
				c.t.Fatalf("%s is said to a reader of %v", got.Track, tracks)
			}
			if got.Segment.Rev <= at[got.Track] {
				c.t.Fatalf("%s: %d after %d", got.Track, got.Segment.Rev, at[got.Track])
			}
			at[got.Track] = got.Segment.Rev
		}
	}
	return frames
}

// TestWhatIsSaidReachesEachReaderInTheirTracksAndTheLatestAlways: several tracks
// are spoken in at once and faster than sockets are written to. Everybody gets
// what they follow and nothing else, never something older after something newer,
// and in the end the last of each.
func TestWhatIsSaidReachesEachReaderInTheirTracksAndTheLatestAlways(t *testing.T) {
	tracks := []string{"en", "fr", "ar"}
	d := seat(t, tracks...)
	join := func(narrow bool, tracks ...string) *client {
		hello := api.Hello{Tracks: tracks, Token: d.token(events.Observer, 0)}
		c := d.join
		if narrow {
			c = d.joinNarrow
		}
		one := c(hello)
		one.until(api.FrameMe)
		return one
	}
	all, some, none := join(false, tracks...), join(false, "ar", "en"), join(false)
	slow := join(true, tracks...)
	const said = 400
	long := strings.Repeat("what is being said ", 50)
	var speakers sync.WaitGroup
	for _, track := range tracks {
		speakers.Go(func() {
			for n := range said {
				d.server.Say(d.session, partial(track, n+1, long))
			}
		})
	}
	speakers.Wait()
	heard(all, said, tracks...)
	heard(some, said, "ar", "en")
	if frames := heard(slow, said, tracks...); frames == said*len(tracks) {
		t.Error("a reader who did not read was sent all that was replaced meanwhile")
	}
	// Whoever follows nothing was told nothing.
	none.reach(d.change(1))
	if slices.Contains(none.seen, api.FramePartial) {
		t.Error("who follows no track is told what is said")
	}
	// A reader who comes later gets what is said from then on.
	late := join(false, "fr")
	d.server.Say(d.session, partial("fr", said+1, "and now"))
	heard(late, said+1, "fr")
}

// TestWhatIsSaidIsShownToWhomThePublicationShowsIt: those who take part read
// everything, the public what is published while it is said.
func TestWhatIsSaidIsShownToWhomThePublicationShowsIt(t *testing.T) {
	for publication, want := range map[string]bool{"public": true, "organisation_only": true, "delayed": false, "participants_only": false, "later": false} {
		t.Run(publication, func(t *testing.T) {
			d := seat(t, "en")
			d.publish(publication)
			inside := &follower{client: d.join(api.Hello{Tracks: []string{"en"}, Token: d.token(events.Chair, 0)}), at: map[string]uint64{}, texts: map[string][]string{}}
			outside := d.join(api.Hello{Tracks: []string{"en"}})
			outside.until(api.FrameMe)
			// When a final is here, the transcript knows the publication.
			all, _ := d.say("en", false, "a final")
			d.append(events.Transcript, all...)
			inside.reachTrack("en", 1)
			d.server.Say(d.session, partial("en", 1, "what is being said"))
			heard(inside.client, 1, "en")
			// Whoever reads it was handed it before the next change.
			d.server.Spoken(d.session)
			outside.reach(d.change(1))
			if got := slices.Contains(outside.seen, api.FramePartial); got != want {
				t.Errorf("the public reads what is being said: %t", got)
			}
		})
	}
}

// TestPongsOfAnyKindLeaveTheLineOpenAndBadOnesEndIt: the connection reads them
// itself, so each form of one is tried, alone, in pieces and before a frame.
func TestPongsOfAnyKindLeaveTheLineOpenAndBadOnesEndIt(t *testing.T) {
	s := open(t, 1, 1, nil)
	pong := func(n int) []byte {
		return append([]byte{0x8A, 0x80 | byte(n), 1, 2, 3, 4}, make([]byte, n)...)
	}
	for _, n := range []int{0, 1, 125} {
		t.Run(fmt.Sprintf("%d bytes", n), func(t *testing.T) {
			c := s.join(api.Hello{})
			c.until(api.FrameMe)
			for _, parts := range [][][]byte{{pong(n)}, {pong(n)[:1], pong(n)[1:]}, {pong(n)[:5], pong(n)[5:]}, {append(pong(n), pong(n)...)}} {
				for _, part := range parts {
					if _, err := c.ws.NetConn().Write(part); err != nil {
						t.Fatal(err)
					}
				}
				c.send(api.ClockFrame{Type: api.FrameClock, ClientMS: 1})
				c.until(api.FrameClock)
			}
		})
	}
	for name, bytes := range map[string][]byte{
		"unmasked": {0x8A, 0}, "in parts": {0x0A, 0x80, 1, 2, 3, 4}, "too long": {0x8A, 0xFE, 0, 126, 1, 2, 3, 4}, "with a reserved bit": {0xCA, 0x80, 1, 2, 3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.join(api.Hello{})
			c.until(api.FrameMe)
			if _, err := c.ws.NetConn().Write(append(bytes, make([]byte, 200)...)); err != nil {
				t.Fatal(err)
			}
			for {
				_, _, err := c.try()
				if err == nil {
					continue
				}
				if websocket.IsUnexpectedCloseError(err) || websocket.IsCloseError(err, websocket.CloseProtocolError) {
					return
				}
				t.Fatalf("not a close but %v", err)
			}
		})
	}
}

// TestAnIdleConnectionCostsAShallowStack: what waits for a client's next frame is a
// goroutine whose stack is the dearest part of an idle connection. A stack's size is a
// power of two: after a hello and an answer to a ping 4 kB are enough, and one that went
// down into the websocket library keeps 8 kB.
func TestAnIdleConnectionCostsAShallowStack(t *testing.T) {
	s := open(t, 1, 1, nil)
	// One collection halves a stack that is too large, and goroutines of what was
	// before this end a moment later: the least of some readings that changes no more.
	stacks := func() int64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
		for last, same := int64(-1), 0; ; {
			runtime.GC()
			metrics.Read(sample)
			now := int64(sample[0].Value.Uint64())
			if same++; now != last {
				same = 0
			}
			if last = now; same == 6 {
				return now
			}
		}
	}
	const n = 200
	before := stacks()
	for range n {
		c := s.join(api.Hello{})
		c.until(api.FrameMe)
		if _, err := c.ws.NetConn().Write([]byte{0x8A, 0x80, 1, 2, 3, 4}); err != nil {
			t.Fatal(err)
		}
	}
	each := (stacks() - before) / n
	if s.server.Sockets() != n {
		t.Fatalf("%d of %d connections are left", s.server.Sockets(), n)
	}
	if each > 6<<10 {
		t.Errorf("%d bytes of stack for each connection", each)
	}
}
