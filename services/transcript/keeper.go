package transcript

import (
	"context"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/shell"
	"github.com/fairfloor/fairfloor/pkg/words"
)

// lineIdle is how long a pushed line waits for its next words, in I/O time, until
// it is ended.
const lineIdle = 2 * time.Second

// keeper does what follows from the transcript's facts outside of their subject:
// it overwrites what was redacted or replaced, tells the queue that a called turn
// began, and ends pushed lines. See forget.Keeper, which does one task after the
// other.
type keeper struct {
	*forget.Keeper
	s *Service

	mu    sync.Mutex
	idle  map[ids.Source]*time.Timer
	ended bool
}

func newKeeper(s *Service) *keeper {
	k := &keeper{s: s, idle: map[ids.Source]*time.Timer{}}
	k.Keeper = forget.NewKeeper(forget.KeeperConfig{
		Store: s.store, Ready: s.Ready, Begin: func() func() { return s.log.Activity().Begin() }, Everything: k.everything,
		Named: func(context.Context) func(forget.Key, events.Hash) bool { return k.isNamed }, Lines: s.lines,
	})
	return k
}

// run does the tasks until ctx is done; then no line is ended any more.
func (k *keeper) run(ctx context.Context, begun func()) {
	k.Run(ctx, begun)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	for _, timer := range k.idle {
		timer.Stop()
	}
}

// folded notes what follows from a commit. It does not block.
func (k *keeper) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		switch e := e.(type) {
		case *events.CaptionRedacted:
			k.redacted(s, e.Segment)
		case *events.PostTaken:
			k.Settle(words.TailKey(s, e.Source), e.Tail)
			k.watch(s, e.Source, !e.Open.IsZero())
		case *events.TailCut:
			k.Settle(words.TailKey(s, e.Source), e.Tail)
		case *events.GlossarySet:
			k.Settle(words.GlossaryKey(s), e.Digest)
		case *events.RelayRemoved:
			k.Erase(words.RelayKey(s, e.Relay))
		case *events.CaptionWritten:
			if !e.Begins.IsZero() {
				k.Add("begin", "begin/"+e.Begins.String(), s, k.begin(s, e.Begins, e.Segment, e.Start, c.Actor))
			}
		}
	}
}

// heard notes what follows from the registry's commits. It does not block.
func (k *keeper) heard(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		if ended, ok := e.(*events.RetentionEnded); ok && ended.Kept == events.KeptTranscript {
			k.EraseAll(s, k.s.store.Kinds()...)
		}
	}
}

// redacted forgets a segment's words, and the wishes that repeat them. It runs
// inside the fold, so the state is read when the task is done.
func (k *keeper) redacted(s ids.Session, segment ids.Segment) {
	k.Erase(words.CaptionKey(s, segment))
	k.Add("wishes", "wishes/"+segment.String(), s, func(ctx context.Context) error {
		var wishes []ids.Correction
		k.s.shell.View(s, func(state *session.State) {
			for _, id := range state.Transcript.RequestOrder {
				if state.Transcript.Requests[id].Segment == segment {
					wishes = append(wishes, id)
				}
			}
		})
		for _, id := range wishes {
			if _, err := k.s.store.Erase(ctx, words.WishKey(s, id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// begin tells the queue that a called turn began with a caption (decisions.md
// 13). Whoever was quicker is right, and so is a chair who called somebody else.
func (k *keeper) begin(s ids.Session, turn ids.Turn, segment ids.Segment, at clock.Instant, by events.Actor) func(context.Context) error {
	return func(ctx context.Context) error {
		request := &command.Request{
			ID: ids.Named[ids.Command](segment, "begin/"+turn.String()), Session: s, Verb: "begin",
			// What counts is that words were captioned, not who may press a key.
			Actor:  events.Actor{ID: by.ID, Roles: []events.Role{events.Captioner}},
			Expect: &command.Expect{Turn: &turn},
		}
		if by.Has(events.System) {
			return nil
		}
		k.s.shell.View(s, func(state *session.State) {
			if t := state.Queue.Turns[turn]; t != nil {
				at = max(at, t.GivenAt)
			}
		})
		args := command.Begin{Turn: turn, At: at, Basis: events.ByCaption}
		if err := put(request, args); err != nil {
			return err
		}
		_, err := shell.Ask(ctx, k.s.conn, events.Queue, request)
		switch problem.From(err).Code {
		case problem.Busy, problem.Unknown:
			return err
		default:
			return nil
		}
	}
}

// watch ends a pushed line that nobody goes on with for a while.
func (k *keeper) watch(s ids.Session, source ids.Source, open bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if timer := k.idle[source]; timer != nil {
		timer.Stop()
		delete(k.idle, source)
	}
	if !open || k.ended {
		return
	}
	k.idle[source] = time.AfterFunc(lineIdle, func() {
		k.Add("end line", "line/"+source.String(), s, k.endLine(s, source))
	})
}

// endLine ends a source's open line, unless it was ended or gone on with.
func (k *keeper) endLine(s ids.Session, source ids.Source) func(context.Context) error {
	return func(ctx context.Context) error {
		var request *command.Request
		k.s.shell.View(s, func(state *session.State) {
			from := state.Transcript.Sources[source]
			if from == nil || from.Open.IsZero() {
				return
			}
			request = &command.Request{
				// Of the tail that is ended: each replica that does it asks for the same.
				ID:      ids.Named[ids.Command](source, "end/"+from.Tail.String()),
				Session: s, Verb: "end_line", Actor: events.ByService(events.Transcript),
			}
		})
		if request == nil {
			return nil
		}
		if err := put(request, command.SourceRef{Source: source}); err != nil {
			return err
		}
		_, err := k.s.shell.Do(ctx, request)
		switch problem.From(err).Code {
		case problem.Busy, problem.Unknown:
			return err
		default:
			return nil
		}
	}
}

// everything looks for what is outstanding, whoever left it: redactions and open
// lines of all sessions, and the evidence of a turn that has not begun.
func (k *keeper) everything() {
	for _, id := range k.s.shell.Sessions() {
		var do []func()
		k.s.shell.View(id, func(state *session.State) {
			t := &state.Transcript
			if !state.Registry.Ended[events.KeptTranscript].IsZero() {
				do = append(do, func() { k.EraseAll(id, k.s.store.Kinds()...) })
				return
			}
			for _, seg := range t.Segments {
				if key := words.CaptionKey(id, seg.Segment); seg.State == session.CaptionRedacted && !k.Clean(key) {
					do = append(do, func() { k.redacted(id, seg.Segment) })
				}
			}
			for _, r := range t.Relays {
				if key := words.RelayKey(id, r.Relay); r.Removed && !k.Clean(key) {
					do = append(do, func() { k.Erase(key) })
				}
			}
			for _, source := range t.Sources {
				if !source.Tail.IsZero() {
					do = append(do, func() { k.Settle(words.TailKey(id, source.Source), source.Tail) })
				}
				if !source.Open.IsZero() {
					do = append(do, func() { k.watch(id, source.Source, true) })
				}
			}
			if seg, turn := t.Segments[t.Evidence], state.Queue.Running(); seg != nil && turn != nil && turn.ID == seg.Begins && turn.BegunAt.IsZero() {
				by, at := t.EvidenceBy, seg.Start
				do = append(do, func() {
					k.Add("begin", "begin/"+turn.ID.String(), id, k.begin(id, turn.ID, seg.Segment, at, by))
				})
			}
		})
		for _, one := range do {
			one()
		}
	}
}

// isNamed reports whether the log names a value now. When it cannot be known, it
// is: what is kept a day too long can be swept later, and not the other way.
func (k *keeper) isNamed(key forget.Key, digest events.Hash) bool {
	if k.s.log.Refusal(key.Session) != nil {
		return true
	}
	is := false
	k.s.shell.View(key.Session, func(state *session.State) { is = names(&state.Transcript, key, digest) })
	return is
}

// names reports whether a transcript names a value.
func names(t *session.Transcript, key forget.Key, digest events.Hash) bool {
	switch key.Kind {
	case words.Captions:
		seg := t.Segments[ids.MustParse[ids.Segment](key.ID)]
		if seg == nil {
			return false
		}
		for _, r := range seg.Revisions {
			if r.Digest == digest {
				return true
			}
		}
	case words.Tails:
		source := t.Sources[ids.MustParse[ids.Source](key.ID)]
		return source != nil && source.Tail == digest
	case words.Wishes:
		request := t.Requests[ids.MustParse[ids.Correction](key.ID)]
		return request != nil && request.Digest == digest
	case words.Glossaries:
		return t.Glossary == digest
	case words.Relays:
		r := t.Relays[ids.MustParse[ids.Relay](key.ID)]
		return r != nil && !r.Removed && r.Digest == digest
	}
	return false
}
