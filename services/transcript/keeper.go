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

// How the keeper goes about it, in I/O time.
const (
	keepEvery = time.Hour              // between two looks at everything
	keepRetry = 500 * time.Millisecond // after a fault, doubled each time
	keepTries = 7                      // half a minute in all
	keepFor   = time.Minute            // for one attempt
	lineIdle  = 2 * time.Second        // after which a pushed line that nobody goes on with is ended
)

// keeper does what follows from the transcript's facts outside of their subject:
// it overwrites what was redacted or replaced, tells the queue that a called turn
// began, and ends pushed lines. Each task may be repeated; one that is lost with
// the process is found again by the look at everything, at the start and each hour.
type keeper struct {
	s *Service

	mu sync.Mutex
	// tasks are in the order in which they came; of two with one name only the
	// later is done, as a settlement covers every one before it.
	tasks  []*task
	named  map[string]*task
	idle   map[ids.Source]*time.Timer
	ended  bool
	signal chan struct{}
	// erased are the keys known to be clean, so that they are not asked for each hour.
	erased map[forget.Key]bool
}

// task is one thing to do; end tells that it is done, for whoever waits for rest.
type task struct {
	what, name string
	s          ids.Session
	do         func(ctx context.Context) error
	end        func()
}

func newKeeper(s *Service) *keeper {
	return &keeper{
		s: s, signal: make(chan struct{}, 1), erased: map[forget.Key]bool{}, named: map[string]*task{}, idle: map[ids.Source]*time.Timer{},
	}
}

// folded notes what follows from a commit. It does not block.
func (k *keeper) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		switch e := e.(type) {
		case *events.CaptionRedacted:
			k.redacted(s, e.Segment)
		case *events.PostTaken:
			k.settle(words.TailKey(s, e.Source), e.Tail)
			k.watch(s, e.Source, !e.Open.IsZero())
		case *events.TailCut:
			k.settle(words.TailKey(s, e.Source), e.Tail)
		case *events.GlossarySet:
			k.settle(words.GlossaryKey(s), e.Digest)
		case *events.RelayRemoved:
			k.erase(words.RelayKey(s, e.Relay))
		case *events.CaptionWritten:
			if !e.Begins.IsZero() {
				k.add("begin", "begin/"+e.Begins.String(), s, k.begin(s, e.Begins, e.Segment, e.Start, c.Actor))
			}
		}
	}
}

// redacted forgets a segment's words, and the wishes that repeat them. It runs
// inside the fold, so the state is read when the task is done.
func (k *keeper) redacted(s ids.Session, segment ids.Segment) {
	k.erase(words.CaptionKey(s, segment))
	k.add("wishes", "wishes/"+segment.String(), s, func(ctx context.Context) error {
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

// erase forgets everything that was ever stored under a key.
func (k *keeper) erase(key forget.Key) {
	k.add("erase", "erase/"+key.String(), key.Session, func(ctx context.Context) error {
		k.mu.Lock()
		clean := k.erased[key]
		k.mu.Unlock()
		if clean {
			return nil
		}
		if _, err := k.s.store.Erase(ctx, key); err != nil {
			return err
		}
		k.mu.Lock()
		k.erased[key] = true
		k.mu.Unlock()
		k.s.lines.Info("erased", "session", key.Session, "kind", string(key.Kind), "id", key.ID)
		return nil
	})
}

// settle overwrites the values before the one that the log names.
func (k *keeper) settle(key forget.Key, digest events.Hash) {
	k.add("settle", "settle/"+key.String(), key.Session, func(ctx context.Context) error {
		err := k.s.store.Settle(ctx, key, digest)
		if problem.Is(err, problem.NotFound) {
			return nil // erased since
		}
		return err
	})
}

// add puts a task into the line. One of the same name that waits is replaced.
func (k *keeper) add(what, name string, s ids.Session, do func(context.Context) error) {
	k.mu.Lock()
	if waits := k.named[name]; waits != nil {
		waits.do = do
		k.mu.Unlock()
		return
	}
	t := &task{what: what, name: name, s: s, do: do, end: k.s.log.Activity().Begin()}
	k.named[name] = t
	k.tasks = append(k.tasks, t)
	k.mu.Unlock()
	select {
	case k.signal <- struct{}{}:
	default:
	}
}

// take gives the next task.
func (k *keeper) take() (*task, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.tasks) == 0 {
		k.tasks = nil
		return nil, false
	}
	t := k.tasks[0]
	k.tasks = k.tasks[1:]
	delete(k.named, t.name)
	return t, true
}

// run does the tasks until ctx is done, and looks at everything at the start and
// each hour. begun ends the activity of the start: nobody may take the moment
// before the first look for rest.
func (k *keeper) run(ctx context.Context, begun func()) {
	defer k.abandon()
	select {
	case <-k.s.Ready():
	case <-ctx.Done():
		begun()
		return
	}
	k.everything()
	begun()
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		for t, ok := k.take(); ok; t, ok = k.take() {
			k.finish(ctx, t)
		}
		select {
		case <-k.signal:
		case <-tick.C:
			k.everything()
		case <-ctx.Done():
			return
		}
	}
}

// abandon lets go of what is left at the end; the next start finds it.
func (k *keeper) abandon() {
	for t, ok := k.take(); ok; t, ok = k.take() {
		t.end()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	for _, timer := range k.idle {
		timer.Stop()
	}
}

// finish does one task, again while the store or the log is away, but not for
// ever: others wait behind it, and the next look at everything finds it again.
func (k *keeper) finish(ctx context.Context, t *task) {
	defer t.end()
	wait := keepRetry
	for range keepTries {
		attempt, cancel := context.WithTimeout(ctx, keepFor)
		err := t.do(attempt)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		// The code alone: an error's text might hold what was to be forgotten.
		k.s.lines.Warn("the store is not in step with the log yet", "kind", t.what, "session", t.s, "error", string(problem.From(err).Code))
		timer := time.NewTimer(wait)
		wait *= 2
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// drain waits until what is in line now is done, but not longer than limit.
func (k *keeper) drain(limit time.Duration) {
	select {
	case <-k.s.Ready():
	default:
		return // nothing is in line before the log is folded
	}
	done := make(chan struct{})
	k.add("drain", "drain", ids.Session{}, func(context.Context) error { close(done); return nil })
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		k.s.lines.Warn("shutdown does not wait any longer for the store; the next start finishes it")
	}
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
		k.add("end line", "line/"+source.String(), s, k.endLine(s, source))
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
// lines of all sessions, the evidence of a turn that has not begun, and values
// that no commit names.
func (k *keeper) everything() {
	for _, id := range k.s.shell.Sessions() {
		var do []func()
		k.s.shell.View(id, func(state *session.State) {
			t := &state.Transcript
			for _, seg := range t.Segments {
				if key := words.CaptionKey(id, seg.Segment); seg.State == session.CaptionRedacted && !k.clean(key) {
					do = append(do, func() { k.redacted(id, seg.Segment) })
				}
			}
			for _, r := range t.Relays {
				if key := words.RelayKey(id, r.Relay); r.Removed && !k.clean(key) {
					do = append(do, func() { k.erase(key) })
				}
			}
			for _, source := range t.Sources {
				if !source.Tail.IsZero() {
					do = append(do, func() { k.settle(words.TailKey(id, source.Source), source.Tail) })
				}
				if !source.Open.IsZero() {
					do = append(do, func() { k.watch(id, source.Source, true) })
				}
			}
			if seg, turn := t.Segments[t.Evidence], state.Queue.Running(); seg != nil && turn != nil && turn.ID == seg.Begins && turn.BegunAt.IsZero() {
				by, at := t.EvidenceBy, seg.Start
				do = append(do, func() {
					k.add("begin", "begin/"+turn.ID.String(), id, k.begin(id, turn.ID, seg.Segment, at, by))
				})
			}
		})
		for _, one := range do {
			one()
		}
	}
	k.add("sweep", "sweep", ids.Session{}, k.sweep)
}

// clean reports whether a key is known to be erased.
func (k *keeper) clean(key forget.Key) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.erased[key]
}

// sweep overwrites the values that no commit came to name within a day: of
// commands that were refused in the last moment, and of a crash.
func (k *keeper) sweep(ctx context.Context) error {
	report, err := k.s.store.Sweep(ctx, forget.OrphanAge, k.isNamed)
	if len(report.Swept) > 0 || len(report.Unreadable) > 0 {
		k.s.lines.Info("swept", "keys", len(report.Swept), "unreadable", len(report.Unreadable))
	}
	return err
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
