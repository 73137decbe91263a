package captions

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// reader is what a client does with the frames: apply what begins at or before
// where it stands, keep the newest of each segment.
type reader struct {
	at   uint64
	have map[ids.Segment]api.Segment
	seqs map[uint64]int
}

func (r *reader) take(t *rapid.T, payload []byte, want map[ids.Segment]api.Segment) {
	var f api.CaptionFrame
	if err := json.Unmarshal(payload, &f); err != nil {
		t.Fatal(err)
	}
	if f.From != r.at || f.Seq <= f.From {
		t.Fatalf("a frame leads from %d to %d; the reader stands at %d", f.From, f.Seq, r.at)
	}
	last := f.From
	for _, s := range f.Segments {
		if s.Seq <= last || s.Seq > f.Seq {
			t.Fatalf("seq %d after %d in a frame from %d to %d", s.Seq, last, f.From, f.Seq)
		}
		last = s.Seq
		if s.Text != want[s.ID].Text {
			t.Fatalf("%q was replaced and is in a frame", s.Text)
		}
		r.seqs[s.Seq]++
		r.have[s.ID] = s
	}
	r.at = f.Seq
}

// TestEveryFinalExactlyOnceAndInOrder: whatever steps come, however late their
// words, and wherever a reader begins or returns, the reader ends with the
// newest revision of every segment, has seen no seq twice, and has never been
// sent the words of a revision after it was replaced.
func TestEveryFinalExactlyOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := newTrack("en")
		// One draw for what is drawn many times: a draw of each would take minutes.
		chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		readers := []*reader{}
		want := map[ids.Segment]api.Segment{}
		var known []ids.Segment
		write := func() {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			if len(tr.steps) == 3*blockSteps {
				return // enough for whole blocks, and for what lies between them
			}
			s := api.Segment{Track: "en", Seq: uint64(len(tr.steps) + 1), Rev: 1, State: api.SegmentFinal}
			if len(known) > 0 && chance.IntN(4) == 0 {
				s.ID = known[chance.IntN(len(known))]
				s.Rev, s.State = want[s.ID].Rev+1, api.SegmentCorrected
			} else {
				s.ID = ids.New[ids.Segment]()
				known = append(known, s.ID)
			}
			s.Text = fmt.Sprintf("words of seq %d", s.Seq)
			want[s.ID] = s
			tr.add(step{segment: s, waits: chance.IntN(2) == 0})
		}
		arrive := func() {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			for i := range tr.steps {
				if chance.IntN(2) == 0 {
					tr.steps[i].waits = false
				}
			}
			tr.advance()
		}
		read := func(r *reader, most int) {
			for range most {
				message, to := tr.next(r.at, Whole)
				if message == nil {
					return
				}
				r.take(t, message.Payload(), want)
				if r.at != to {
					t.Fatalf("the frame leads to %d, it was said to lead to %d", r.at, to)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(*rapid.T) { write() },
			"many": func(*rapid.T) {
				for range 50 {
					write()
				}
			},
			"arrive": func(*rapid.T) { arrive() },
			"join": func(*rapid.T) {
				readers = append(readers, &reader{have: map[ids.Segment]api.Segment{}, seqs: map[uint64]int{}})
			},
			"read": func(*rapid.T) {
				for _, r := range readers {
					read(r, chance.IntN(4))
				}
			},
		})
		tr.mu.Lock()
		for i := range tr.steps {
			tr.steps[i].waits = false
		}
		tr.advance()
		tr.mu.Unlock()
		for _, r := range append(readers, &reader{have: map[ids.Segment]api.Segment{}, seqs: map[uint64]int{}}) {
			read(r, 1<<20)
			if len(r.have) != len(want) || r.at != uint64(len(tr.steps)) {
				t.Fatalf("a reader has %d of %d segments and stands at %d of %d", len(r.have), len(want), r.at, len(tr.steps))
			}
			for id, s := range want {
				if r.have[id].Text != s.Text || r.have[id].Rev != s.Rev {
					t.Fatalf("a reader has %q of revision %d, the track %q of %d", r.have[id].Text, r.have[id].Rev, s.Text, s.Rev)
				}
			}
			for seq, n := range r.seqs {
				if n != 1 {
					t.Fatalf("seq %d came %d times", seq, n)
				}
			}
		}
	})
}
