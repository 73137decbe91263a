package live_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
	"github.com/fairfloor/fairfloor/services/gateway/internal/live"
)

// desk writes captions into the log by hand, as the transcript's service would,
// and their words into a store that can be late.
type desk struct {
	*stack
	mu     sync.Mutex
	words  map[events.Hash]string
	source map[string]ids.Source
	seq    map[string]uint64
	hub    *captions.Hub
}

// seat opens a stack with a desk for some tracks.
func seat(t testing.TB, tracks ...string) *desk {
	t.Helper()
	d := &desk{words: map[events.Hash]string{}, source: map[string]ids.Source{}, seq: map[string]uint64{}}
	d.stack = open(t, 3, 3, func(c *live.Config) {
		hub, err := captions.New(captions.Config{Sessions: c.Follower, Logger: c.Logger, Words: func(_ ids.Session, _ ids.Segment, digest events.Hash) (captions.Said, bool) {
			d.mu.Lock()
			defer d.mu.Unlock()
			text, ok := d.words[digest]
			return captions.Said{Text: text}, ok
		}})
		if err != nil {
			t.Fatal(err)
		}
		d.hub = hub
		c.Captions = hub
		t.Cleanup(hub.Close)
	})
	for _, track := range tracks {
		d.source[track] = ids.New[ids.Source]()
		d.append(events.Transcript, &events.SourceOpened{Source: d.source[track], Track: track, Kind: events.TypedSource, Language: track, Rank: 300},
			&events.TrackTaken{Track: track, Source: d.source[track], Epoch: 1, How: events.TakenFree})
	}
	return d
}

// say makes the facts of finals and keeps their words, late when they are to be.
func (d *desk) say(track string, late bool, texts ...string) (all []events.Event, digests []events.Hash) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := clock.Of(time.Now())
	for _, text := range texts {
		d.seq[track]++
		segment := ids.New[ids.Segment]()
		digest := events.Hash(sha256.Sum256([]byte(segment.String() + text)))
		if !late {
			d.words[digest] = text
		}
		digests = append(digests, digest)
		all = append(all, &events.CaptionWritten{
			Track: track, Seq: d.seq[track], Segment: segment, Rev: 1, Digest: digest, Source: d.source[track], Epoch: 1,
			Start: now, End: now + 1000, Time: events.ByArrival, Speaker: events.Attribution{Basis: events.ByFloor, Chair: true},
		})
	}
	return all, digests
}

// arrive brings words that were late.
func (d *desk) arrive(digest events.Hash, text string) {
	d.mu.Lock()
	d.words[digest] = text
	d.mu.Unlock()
	d.hub.Changed(d.session)
}

// follower is a client that reads a track by the written protocol.
type follower struct {
	*client
	at    map[string]uint64
	texts map[string][]string
}

func (d *desk) follow(at map[string]uint64, tracks ...string) *follower {
	d.t.Helper()
	f := &follower{at: at, texts: map[string][]string{}}
	f.client = d.join(api.Hello{Tracks: tracks, CaptionsSince: at})
	if f.at == nil {
		f.at = map[string]uint64{}
	}
	return f
}

// take applies a caption frame; every seq must come once and in order.
func (f *follower) take(raw []byte) {
	f.t.Helper()
	frame := read[api.CaptionFrame](f.t, raw)
	if frame.From != f.at[frame.Track] {
		f.t.Fatalf("a frame of %s begins after %d; the client stands at %d", frame.Track, frame.From, f.at[frame.Track])
	}
	last := frame.From
	for _, s := range frame.Segments {
		if s.Seq <= last || s.Seq > frame.Seq {
			f.t.Fatalf("seq %d after %d in a frame up to %d", s.Seq, last, frame.Seq)
		}
		last = s.Seq
		f.texts[frame.Track] = append(f.texts[frame.Track], s.Text)
	}
	f.at[frame.Track] = frame.Seq
}

// reachTrack reads until a track is here up to a seq.
func (f *follower) reachTrack(track string, seq uint64) {
	f.t.Helper()
	for f.at[track] < seq {
		if kind, raw := f.next(); kind == api.FrameCaption {
			f.take(raw)
		}
	}
}

// TestEveryFinalArrivesExactlyOnceAndInOrder: readers of four tracks, some that
// do not read for a long time and some that come back with where they stood,
// have every final of each track exactly once and in order, though its words
// come late and others' come before them.
func TestEveryFinalArrivesExactlyOnceAndInOrder(t *testing.T) {
	tracks := []string{"ar", "en", "fr", "zh"}
	d := seat(t, tracks...)
	random := rand.New(rand.NewPCG(4, 4))
	const rounds, each = 40, 5
	want := map[string][]string{}
	quick := d.follow(nil, tracks...)
	slow := &follower{client: d.joinNarrow(api.Hello{Tracks: tracks}), at: map[string]uint64{}, texts: map[string][]string{}}
	var back *follower
	for round := range rounds {
		for _, track := range tracks {
			var texts []string
			for i := range each {
				texts = append(texts, fmt.Sprintf("%s %d.%d %s", track, round, i, strings.Repeat("word ", random.IntN(60))))
			}
			late := random.IntN(3) == 0
			all, digests := d.say(track, late, texts...)
			d.append(events.Transcript, all...)
			want[track] = append(want[track], texts...)
			if late {
				for _, i := range random.Perm(len(texts)) {
					d.arrive(digests[i], texts[i])
				}
			}
		}
		switch round {
		case rounds / 4:
			back = d.follow(nil, tracks...)
			back.reachTrack("en", uint64(each))
			back.ws.Close()
		case rounds / 2:
			texts := back.texts
			back = d.follow(back.at, tracks...)
			back.texts = texts
		}
	}
	late := d.follow(nil, tracks...)
	for name, f := range map[string]*follower{"quick": quick, "slow": slow, "back": back, "late": late} {
		for _, track := range tracks {
			f.reachTrack(track, rounds*each)
			if got := f.texts[track]; strings.Join(got, "|") != strings.Join(want[track], "|") {
				t.Errorf("the %s reader has %d finals of %s, and not the %d that were written, in their order", name, len(got), track, len(want[track]))
			}
		}
	}
}

// TestSlowReadersCaptionsWaitInTheTranscript: a reader that does not read at all
// holds no backlog of captions in memory, and gets all of them when it does.
func TestSlowReadersCaptionsWaitInTheTranscript(t *testing.T) {
	d := seat(t, "en")
	slow := &follower{client: d.joinNarrow(api.Hello{Tracks: []string{"en"}}), at: map[string]uint64{}, texts: map[string][]string{}}
	slow.until(api.FrameMe)
	long := strings.Repeat("a long sentence that goes on ", 30)
	const n = 600
	for range n / 20 {
		texts := make([]string, 20)
		for i := range texts {
			texts[i] = long
		}
		all, _ := d.say("en", false, texts...)
		d.append(events.Transcript, all...)
	}
	// All of it is more than half a megabyte; a frame of a backlog is at most 64 captions.
	if waiting := d.server.Waiting(d.session); waiting > 70*len(long)*2 {
		t.Errorf("%d bytes wait for a client that does not read", waiting)
	}
	slow.reachTrack("en", n)
	if len(slow.texts["en"]) != n {
		t.Errorf("the slow reader has %d of %d finals", len(slow.texts["en"]), n)
	}
}

// TestALateJoinerAtMinute89Has13000WordsInUnderASecond also changes the track
// on the open connection, and gets the live tail after the backlog.
func TestALateJoinerAtMinute89Has13000WordsInUnderASecond(t *testing.T) {
	d := seat(t, "en", "fr")
	const segments, perSegment = 1084, 12 // 13,008 words
	text := strings.TrimSpace(strings.Repeat("delegation ", perSegment))
	for range segments / 4 {
		all, _ := d.say("en", false, text, text, text, text)
		d.append(events.Transcript, all...)
	}
	begun := time.Now()
	f := d.follow(nil, "en")
	f.reachTrack("en", segments)
	took := time.Since(begun)
	words := 0
	for _, s := range f.texts["en"] {
		words += len(strings.Fields(s))
	}
	t.Logf("%d words in %d segments, %s", words, len(f.texts["en"]), took.Round(time.Millisecond))
	if words != segments*perSegment || took > time.Second {
		t.Errorf("%d words after %s; 13,000 in a second are promised", words, took)
	}
	all, _ := d.say("en", false, "the live tail")
	d.append(events.Transcript, all...)
	f.reachTrack("en", segments+1)
	if got := f.texts["en"]; got[len(got)-1] != "the live tail" {
		t.Errorf("the tail is %q", got[len(got)-1])
	}
	all, _ = d.say("fr", false, "en français")
	d.append(events.Transcript, all...)
	f.send(api.TracksFrame{Type: api.FrameTracks, Tracks: []string{"fr"}})
	f.reachTrack("fr", 1)
	all, _ = d.say("en", false, "not for us any more")
	seq := d.append(events.Transcript, all...)
	all, _ = d.say("fr", false, "encore")
	d.append(events.Transcript, all...)
	f.reachTrack("fr", 2)
	if f.at["en"] != segments+1 {
		t.Errorf("after the change of tracks English went on to %d (log %d)", f.at["en"], seq)
	}
}

// TestCaptionsChangeNoView: a commit of captions alone sends no patch, moves no
// cursor, lets a client resume at another gateway without a snapshot, and is
// told by the beat.
func TestCaptionsChangeNoView(t *testing.T) {
	d := seat(t, "en")
	f := d.join(api.Hello{})
	f.until(api.FrameMe)
	before, frames := f.at, len(f.seen)
	var last uint64
	for range 10 {
		all, _ := d.say("en", false, "nothing in the view")
		last = d.append(events.Transcript, all...)
	}
	for f.seq = 0; f.seq < last; {
		if kind, raw := f.next(); kind == api.FrameBeat {
			f.seq = read[api.Beat](t, raw).Seq
		}
	}
	if f.at != before || len(f.seen) != frames {
		t.Errorf("captions sent %v and moved the cursor from %s to %s", f.seen[frames:], before, f.at)
	}
	other, web := d.gateway(nil)
	defer d.close(other, web)
	again := d.joinAt(web, api.Hello{Since: before})
	again.at, again.doc = before, f.doc
	if kind, raw := again.next(); kind != api.FramePatch || read[api.Patch](t, raw).To != before {
		t.Errorf("a gateway that started later answers the cursor with %s", kind)
	}
}

// TestRedactedAndReplacedWordsAreInNoFrame: neither a late joiner nor one that
// resumes before them is sent words that were corrected or redacted.
func TestRedactedAndReplacedWordsAreInNoFrame(t *testing.T) {
	d := seat(t, "en")
	all, _ := d.say("en", false, "public one", "the secret sentence", "a misheard name", "public two")
	d.append(events.Transcript, all...)
	live := d.follow(nil, "en")
	live.reachTrack("en", 4)
	secret, wrong := all[1].(*events.CaptionWritten), all[2].(*events.CaptionWritten)
	right := events.Hash(sha256.Sum256([]byte("right")))
	d.arrive(right, "a corrected name")
	d.append(events.Transcript,
		&events.CaptionRedacted{Track: "en", Seq: 5, Segment: secret.Segment},
		&events.CaptionCorrected{Track: "en", Seq: 6, Segment: wrong.Segment, Rev: 2, Digest: right})
	live.reachTrack("en", 6)
	if got := live.texts["en"]; strings.Join(got[4:], "|") != "|a corrected name" {
		t.Errorf("the reader was sent %q after the redaction and the correction", got[4:])
	}
	for name, at := range map[string]map[string]uint64{"from the beginning": nil, "from seq 1": {"en": 1}, "from seq 4": {"en": 4}} {
		f := d.follow(at, "en")
		f.reachTrack("en", 6)
		if text := strings.Join(f.texts["en"], "|"); strings.Contains(text, "secret") || strings.Contains(text, "misheard") {
			t.Errorf("%s a reader gets %q", name, text)
		}
	}
}

// TestPublicationDecidesWhoReads: captions are not sent to the public where the
// session does not publish them, at no seq and by no change of tracks.
func TestPublicationDecidesWhoReads(t *testing.T) {
	for publication, want := range map[string]bool{"public": true, "organisation_only": true, "delayed": false, "participants_only": false, "confidential": false, "later": false} {
		got := captionsSight(t, publication)
		if got != want {
			t.Errorf("%s: the public reads captions: %t", publication, got)
		}
	}
}

// publish sets what of the transcript is public.
func (d *desk) publish(publication string) {
	m := sessiontest.Modalities()
	m.PublicLive, m.Publication = true, publication
	start := clock.Of(time.Now()).Add(-60_000)
	d.append(events.Registry, &events.SessionChanged{
		Title: "Live", PlannedStart: start, HardEnd: start + 90*60_000, Zone: "UTC", Languages: []string{"en"}, Modalities: m,
	})
}

func captionsSight(t *testing.T, publication string) bool {
	t.Helper()
	d := seat(t, "en")
	d.publish(publication)
	all, _ := d.say("en", false, "who reads this?")
	d.append(events.Transcript, all...)
	inside := d.join(api.Hello{Token: d.token(events.Speaker, 0), Tracks: []string{"en"}})
	(&follower{client: inside, at: map[string]uint64{}, texts: map[string][]string{}}).reachTrack("en", 1)
	outside := d.follow(nil, "en")
	outside.until(api.FrameMe)
	outside.send(api.TracksFrame{Type: api.FrameTracks, Tracks: []string{"en"}})
	outside.send(api.ClockFrame{Type: api.FrameClock, ClientMS: 1})
	for {
		kind, raw := outside.next()
		if kind == api.FrameCaption {
			// The change of tracks asks for everything again.
			outside.at = map[string]uint64{}
			outside.take(raw)
		}
		if kind == api.FrameClock {
			return len(outside.texts["en"]) > 0
		}
	}
}

// TestTracksThatCannotBe: bad choices of tracks are answered, and end nothing.
func TestTracksThatCannotBe(t *testing.T) {
	d := seat(t, "en")
	f := d.join(api.Hello{})
	f.until(api.FrameMe)
	many := make([]string, api.MaxTracks+1)
	for i := range many {
		many[i] = "en"
	}
	for name, frame := range map[string]api.TracksFrame{
		"too many":        {Type: api.FrameTracks, Tracks: many},
		"no tag":          {Type: api.FrameTracks, Tracks: []string{"english please"}},
		"a subject":       {Type: api.FrameTracks, Tracks: []string{"en.>"}},
		"since of others": {Type: api.FrameTracks, Tracks: []string{"en"}, CaptionsSince: map[string]uint64{"fr": 3}},
	} {
		f.send(frame)
		if p := read[api.ProblemFrame](t, f.until(api.FrameProblem)).Problem; p.Code != problem.Invalid {
			t.Errorf("%s: %v", name, p)
		}
	}
	f.send(api.TracksFrame{Type: api.FrameTracks, Tracks: []string{"en"}, CaptionsSince: map[string]uint64{"en": 1 << 60}})
	all, _ := d.say("en", false, "beyond")
	d.append(events.Transcript, all...)
	f.send(api.TracksFrame{Type: api.FrameTracks, Tracks: []string{"en"}})
	read[api.CaptionFrame](t, f.until(api.FrameCaption))
}
