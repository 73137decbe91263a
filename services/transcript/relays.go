package transcript

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/fairfloor/fairfloor/pkg/captions/relay"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// redactedPost stands in a relay for a segment whose words were removed before
// they went out: its number must go out all the same, or the numbers behind it
// would mean something else after a crash.
const redactedPost = "[…]"

// relays forwards finals to outgoing caption URLs. What a target has taken is a
// fact in the log, so a post goes out again with the same number after a crash,
// and none is left out.
type relays struct {
	s *Service

	mu      sync.Mutex
	running map[ids.Relay]*relaying
	start   func(ids.Session, ids.Relay)
}

// relaying is one relay at work.
type relaying struct {
	stop context.CancelFunc
	// moved is told that the track may have more.
	moved chan struct{}
}

func newRelays(s *Service) *relays { return &relays{s: s, running: map[ids.Relay]*relaying{}} }

// run serves every relay until ctx is done.
func (r *relays) run(ctx context.Context) {
	select {
	case <-r.s.Ready():
	case <-ctx.Done():
		return
	}
	var group sync.WaitGroup
	defer group.Wait()
	r.mu.Lock()
	r.start = func(s ids.Session, id ids.Relay) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.running[id] != nil || ctx.Err() != nil {
			return
		}
		one, cancel := context.WithCancel(ctx)
		at := &relaying{stop: cancel, moved: make(chan struct{}, 1)}
		r.running[id] = at
		group.Go(func() { r.forward(one, s, id, at) })
	}
	start := r.start
	r.mu.Unlock()
	for _, s := range r.s.shell.Sessions() {
		var open []ids.Relay
		r.s.shell.View(s, func(state *session.State) {
			for _, id := range state.Transcript.RelayOrder {
				if !state.Transcript.Relays[id].Removed {
					open = append(open, id)
				}
			}
		})
		for _, id := range open {
			start(s, id)
		}
	}
	<-ctx.Done()
	r.mu.Lock()
	r.start = nil
	r.mu.Unlock()
}

// folded starts and stops relays, and tells them that there is more.
func (r *relays) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		switch e := e.(type) {
		case *events.RelayAdded:
			r.mu.Lock()
			start := r.start
			r.mu.Unlock()
			if start != nil {
				start(s, e.Relay)
			}
		case *events.RelayRemoved:
			r.mu.Lock()
			if at := r.running[e.Relay]; at != nil {
				at.stop()
			}
			r.mu.Unlock()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.running {
		select {
		case at.moved <- struct{}{}:
		default:
		}
	}
}

// forward serves one relay until ctx is done.
func (r *relays) forward(ctx context.Context, s ids.Session, id ids.Relay, at *relaying) {
	defer func() {
		at.stop()
		r.mu.Lock()
		delete(r.running, id)
		r.mu.Unlock()
	}()
	target, language, err := r.target(s, id)
	if err == nil {
		feed := &feed{r: r, s: s, id: id, at: at, language: language}
		err = relay.Run(ctx, relay.Config{Client: r.s.client, Target: target, Feed: feed, Report: func(status relay.Status) { feed.report(ctx, status) }})
	}
	if err != nil && ctx.Err() == nil {
		r.s.lines.Warn("a relay ended", "session", s, "relay", id, "error", string(problem.From(err).Code))
	}
}

// target reads a relay's address from the store. The allow-list is asked again:
// it may be another one since.
func (r *relays) target(s ids.Session, id ids.Relay) (relay.Target, string, error) {
	var fact session.Relay
	r.s.shell.View(s, func(state *session.State) { fact = *state.Transcript.Relays[id] })
	address, kept := forget.Lookup[words.Relay](r.s.words, words.RelayKey(s, id), fact.Digest)
	if kept != forget.Kept {
		return relay.Target{}, "", errors.New("the address is not in the store")
	}
	target, err := r.s.allow.Target(relay.Form(fact.Form), address.URL)
	return target, fact.Track, err
}

// feed gives a relay its posts.
type feed struct {
	r        *relays
	s        ids.Session
	id       ids.Relay
	at       *relaying
	language string
	item     domain.Item
}

// Next waits for the first final that the target has not acknowledged.
func (f *feed) Next(ctx context.Context) (relay.Post, error) {
	for {
		post, found := relay.Post{}, false
		f.r.s.shell.View(f.s, func(state *session.State) {
			item, more := domain.Outstanding(state, f.id)
			if !more {
				return
			}
			seg := state.Transcript.Segments[item.Segment]
			text := redactedPost
			if !seg.Gone() {
				said, kept := words.Revision(f.r.s.words, f.s, seg.Segment, seg.Digest)
				if kept == forget.Missing {
					return // it is on its way
				}
				text = said.Text
			}
			f.item, found = item, true
			post = relay.Post{Seq: item.Post, Language: f.language, Text: text, At: seg.Start.Time()}
		})
		if found {
			return post, nil
		}
		select {
		case <-f.at.moved:
		case <-ctx.Done():
			return relay.Post{}, ctx.Err()
		}
	}
}

// Delivered notes in the log that the target has a post.
func (f *feed) Delivered(ctx context.Context, p relay.Post) error {
	err := f.note(ctx, "post/"+strconv.FormatInt(p.Seq, 10), command.NoteRelay{Relay: f.id, Post: p.Seq, Through: f.item.Through})
	if problem.Is(err, problem.Already) {
		return nil // another replica delivered it too, with the same number
	}
	return err
}

// report notes that the target takes nothing.
func (f *feed) report(ctx context.Context, status relay.Status) {
	if status.Tries == 0 {
		return // Delivered notes that it goes on
	}
	f.r.s.lines.Warn("a relay's target takes nothing", "session", f.s, "relay", f.id, "tries", status.Tries, "reason", status.Reason)
	name := "failing/" + strconv.FormatInt(status.Seq, 10) + "/" + strconv.Itoa(status.Tries)
	_ = f.note(ctx, name, command.NoteRelay{Relay: f.id, Failing: true})
}

// note writes a fact about the relay.
func (f *feed) note(ctx context.Context, name string, args command.NoteRelay) error {
	request := &command.Request{
		ID: ids.Named[ids.Command](f.id, name), Session: f.s, Verb: "note_relay", Actor: events.ByService(events.Transcript),
	}
	if err := put(request, args); err != nil {
		return err
	}
	for {
		_, err := f.r.s.shell.Do(ctx, request)
		if !problem.Is(err, problem.Busy) && !problem.Is(err, problem.Unknown) || ctx.Err() != nil {
			return err
		}
	}
}
