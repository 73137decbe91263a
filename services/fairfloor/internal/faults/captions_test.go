package faults_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// desk is a captioner with the source that writes a track.
type desk struct {
	live   *client.Live
	track  string
	source ids.Source
	epoch  uint64
}

// captioner opens a typed source on a track over a live connection.
func (m *meeting) captioner(track string) *desk {
	m.t.Helper()
	link := m.link(command.Invite{Roles: []events.Role{events.Captioner}})
	d := &desk{track: track, live: m.dial(client.Options{Token: link.Token, FirstBackoff: 20 * time.Millisecond, MostBackoff: 200 * time.Millisecond})}
	r, err := d.live.Do(timeout(m.t), "open_source", nil, command.OpenSource{Track: track, Kind: events.TypedSource, Hears: events.HearsInterpretation})
	if err != nil {
		m.t.Fatal(err)
	}
	if d.source, err = ids.Parse[ids.Source](r.Made["source"]); err != nil {
		m.t.Fatal(err)
	}
	if d.epoch, err = strconv.ParseUint(r.Made["epoch"], 10, 64); err != nil {
		m.t.Fatal(err)
	}
	return d
}

// say writes one final; it is sent again, with the same id, until it is on the disk.
func (d *desk) say(ctx context.Context, text string) error {
	_, err := d.live.Do(ctx, "caption", nil, command.Caption{
		Track: d.track, Source: d.source, Epoch: d.epoch,
		Segments: []command.CaptionSegment{{Segment: ids.New[ids.Segment](), Rev: 1, Text: text}},
	})
	return err
}

// observed is what one observer was sent of the tracks, as it came.
type observed struct {
	live *client.Live
	mu   sync.Mutex
	// heard are the finals of each track in the order in which they came; wrong is
	// the first thing that should not have come.
	heard map[string][]string
	last  map[string]uint64
	wrong string
}

func (o *observed) take(s api.Segment, _ time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.Seq != o.last[s.Track]+1 && o.wrong == "" {
		o.wrong = fmt.Sprintf("seq %d of %s came after %d", s.Seq, s.Track, o.last[s.Track])
	}
	o.last[s.Track] = s.Seq
	o.heard[s.Track] = append(o.heard[s.Track], s.Text)
}

// Test200ObserversHaveEveryFinalExactlyOnceAndInOrderThroughAKill9OfTheTranscriptServiceAndOfTheGateway
// is the bullet "200 observers, 4 tracks: … every final arrives exactly once and
// in order at each observer, through a kill -9 of the transcript service and of
// the gateway".
func Test200ObserversHaveEveryFinalExactlyOnceAndInOrderThroughAKill9OfTheTranscriptServiceAndOfTheGateway(t *testing.T) {
	const observers = 200
	finals := 30
	if long() {
		finals = 300
	}
	tracks := []string{"ar", "en", "fr", "zh"}
	d := deploy(t)
	d.start("queue", "queue")
	d.start("timing", "timing")
	transcript := d.start("transcript", "transcript")
	m := meet(t, d.gateway, d.token(), 2)
	ask(t, m.chair(), "start_session", nil, command.None{})
	link := m.link(command.Invite{Roles: []events.Role{events.Observer}})
	all := make([]*observed, observers)
	for i := range all {
		o := &observed{heard: map[string][]string{}, last: map[string]uint64{}}
		o.live = m.dial(client.Options{Token: link.Token, Tracks: tracks, OnCaption: o.take, FirstBackoff: 20 * time.Millisecond, MostBackoff: 500 * time.Millisecond})
		all[i] = o
	}
	desks := make([]*desk, len(tracks))
	for i, track := range tracks {
		desks[i] = m.captioner(track)
	}
	// Each desk writes on, whatever is killed; the kills come when so many finals
	// are acknowledged.
	var written sync.WaitGroup
	acknowledged := make(chan struct{}, len(tracks)*finals)
	failures := make(chan error, len(tracks))
	for _, desk := range desks {
		written.Go(func() {
			for n := range finals {
				if err := desk.say(timeout(t), fmt.Sprintf("%s %d", desk.track, n)); err != nil {
					failures <- fmt.Errorf("final %d of %s: %w", n, desk.track, err)
					return
				}
				acknowledged <- struct{}{}
			}
		})
	}
	kills := map[int]func(){
		len(tracks) * finals / 3: func() {
			transcript.kill()
			transcript = d.start("transcript", "transcript")
		},
		len(tracks) * finals * 2 / 3: d.killGateway,
	}
	limit := time.After(patience)
	for n := 1; n <= len(tracks)*finals; n++ {
		select {
		case <-acknowledged:
		case err := <-failures:
			t.Fatal(err)
		case <-limit:
			t.Fatalf("%d of %d finals were acknowledged", n-1, len(tracks)*finals)
		}
		if kill := kills[n]; kill != nil {
			kill()
			limit = time.After(patience)
		}
	}
	written.Wait()
	reconnects := 0
	for i, o := range all {
		err := o.live.Wait(timeout(t), func(l *client.Locked) bool {
			for _, track := range tracks {
				if l.CaptionSeq(track) < uint64(finals) {
					return false
				}
			}
			return true
		})
		o.mu.Lock()
		if err != nil || o.wrong != "" {
			t.Errorf("observer %d: %v %s; it stands at %v", i, err, o.wrong, o.last)
		}
		for _, track := range tracks {
			if got, want := strings.Join(o.heard[track], "|"), numbered(track, finals); got != want {
				t.Errorf("observer %d heard of %s: %.200s", i, track, got)
			}
		}
		o.mu.Unlock()
		reconnects += o.live.Stats().Reconnects
	}
	if reconnects < observers {
		t.Errorf("%d observers lost their line when the gateway was killed", reconnects)
	}
	t.Logf("%d observers, %d finals on %d tracks, %d reconnects", observers, len(tracks)*finals, len(tracks), reconnects)
}

// numbered is what a track reads when every final of it came once and in order.
func numbered(track string, finals int) string {
	all := make([]string, finals)
	for n := range all {
		all[n] = fmt.Sprintf("%s %d", track, n)
	}
	return strings.Join(all, "|")
}
