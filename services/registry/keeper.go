package registry

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// How the keeper goes about it, in I/O time.
const (
	keepEvery = time.Hour              // between two looks at everything
	keepRetry = 500 * time.Millisecond // after a fault, doubled each time
	keepTries = 7                      // half a minute in all
	keepFor   = time.Minute            // for one attempt
)

// keeper does what follows from the registry's facts outside of their subject.
// Each task may be repeated; one that is lost with the process is found again by
// the look at everything, at the start and each hour.
type keeper struct {
	s *Service

	mu     sync.Mutex
	tasks  []task
	signal chan struct{}
	// erased are the keys known to be clean, so that they are not asked for each hour.
	erased map[people.Key]bool
}

// task is one thing to do; end tells that it is done, for whoever waits for rest.
type task struct {
	what string
	s    ids.Session
	do   func(ctx context.Context) error
	end  func()
}

func newKeeper(s *Service) *keeper {
	return &keeper{s: s, signal: make(chan struct{}, 1), erased: map[people.Key]bool{}}
}

// folded notes what follows from a commit. It does not block.
func (k *keeper) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		switch e := e.(type) {
		// A person who was only added has no earlier value to overwrite.
		case *events.PersonErased:
			k.add("erase", s, k.erase(people.PersonKey(s, e.Person)))
		case *events.PersonChanged:
			k.add("settle", s, k.settle(people.PersonKey(s, e.Person), e.Digest))
		case *events.TextFiled:
			k.add("settle", s, k.settle(people.TextKey(s, e.Text), e.Digest))
		case *events.SessionCreated:
			k.add("link", s, k.link(s))
		case *events.CreditReckoned:
			k.add("carry", s, k.carry(s))
		case *events.ConsultationSessionAdded:
			k.add("bring", s, k.bring(s, e.Session))
		case *events.CreditCarried:
			k.add("bring", s, k.bringAll(s))
		}
	}
}

// add puts a task into the line.
func (k *keeper) add(what string, s ids.Session, do func(context.Context) error) {
	k.mu.Lock()
	k.tasks = append(k.tasks, task{what: what, s: s, do: do, end: k.s.log.Activity().Begin()})
	k.mu.Unlock()
	select {
	case k.signal <- struct{}{}:
	default:
	}
}

// take gives the next task.
func (k *keeper) take() (task, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.tasks) == 0 {
		k.tasks = nil
		return task{}, false
	}
	t := k.tasks[0]
	k.tasks = k.tasks[1:]
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
}

// finish does one task, again while the store or the log is away, but not for
// ever: others wait behind it, and the next look at everything finds it again.
func (k *keeper) finish(ctx context.Context, t task) {
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
	k.add("drain", ids.Session{}, func(context.Context) error { close(done); return nil })
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		k.s.lines.Warn("shutdown does not wait any longer for the store; the next start finishes it")
	}
}

// erase forgets everything that was ever stored under a key.
func (k *keeper) erase(key people.Key) func(context.Context) error {
	return func(ctx context.Context) error {
		if k.erased[key] {
			return nil
		}
		if _, err := k.s.people.Erase(ctx, key); err != nil {
			return err
		}
		k.erased[key] = true
		k.s.lines.Info("erased", "session", key.Session, "kind", string(key.Kind), "id", key.ID)
		return nil
	}
}

// settle overwrites the values before the one that the log names.
func (k *keeper) settle(key people.Key, digest events.Hash) func(context.Context) error {
	return func(ctx context.Context) error {
		err := k.s.people.Settle(ctx, key, digest)
		if problem.Is(err, problem.NotFound) {
			return nil // erased since
		}
		return err
	}
}

// link adds a session to its consultation, unless it is there.
func (k *keeper) link(session ids.Session) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := k.unlinked(session)
		if request == nil || err != nil {
			return err
		}
		// Another replica may have done it first, and under another title.
		_, err = k.s.shell.Do(ctx, request)
		if problem.Is(err, problem.Already) || problem.Is(err, problem.Reused) {
			return nil
		}
		return err
	}
}

// carry takes a session's reckoning over to its consultation.
func (k *keeper) carry(session ids.Session) func(context.Context) error {
	return k.do(func() (*command.Request, error) { return k.uncarried(session) })
}

// bring tells one session what its consultation carries over.
func (k *keeper) bring(consultation, to ids.Session) func(context.Context) error {
	return k.do(func() (*command.Request, error) { return k.unbrought(consultation, to) })
}

// bringAll tells every session of a consultation that is not over.
func (k *keeper) bringAll(consultation ids.Session) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, to := range k.sessions(consultation) {
			if err := k.bring(consultation, to)(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// do asks for a request and makes it, unless there is none. That another replica
// was first, or that the state has moved on, is no fault: what follows from that
// is another task.
func (k *keeper) do(ask func() (*command.Request, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := ask()
		if request == nil || err != nil {
			return err
		}
		_, err = k.s.shell.Do(ctx, request)
		for _, code := range []problem.Code{problem.Already, problem.Reused, problem.WrongState, problem.Sealed} {
			if problem.Is(err, code) {
				return nil
			}
		}
		return err
	}
}

// sessions lists a consultation's.
func (k *keeper) sessions(consultation ids.Session) (all []ids.Session) {
	k.s.shell.View(consultation, func(s *session.State) {
		if s.Registry.Series != nil {
			all = slices.Clone(s.Registry.Series.Sessions)
		}
	})
	return all
}

// uncarried gives the request that takes a session's reckoning over, or nil when
// its consultation has it.
func (k *keeper) uncarried(id ids.Session) (request *command.Request, err error) {
	var reckoned *events.CreditReckoned
	k.s.shell.View(id, func(s *session.State) {
		reckoned = s.Registry.Reckoned
		request, err = domain.Carry(s)
	})
	if request == nil || err != nil {
		return nil, err
	}
	k.s.shell.View(request.Session, func(s *session.State) {
		if s.Registry.Series == nil {
			return
		}
		for _, c := range s.Registry.Series.Carried {
			if c.Session == id && c.AdjournedAt == reckoned.AdjournedAt && reflect.DeepEqual(c.Rows, reckoned.Rows) {
				request = nil
			}
		}
	})
	return request, nil
}

// unbrought gives the request that tells a session what is carried over, or nil
// when it knows, is over, or its consultation carries nothing over.
func (k *keeper) unbrought(consultation, to ids.Session) (request *command.Request, err error) {
	var credits []events.OrganisationCredit
	k.s.shell.View(consultation, func(s *session.State) {
		if s.Registry.Series != nil && s.Registry.Series.CarryOver {
			credits = s.Registry.Series.Credits
			request, err = domain.Bring(s, to)
		}
	})
	if request == nil || err != nil {
		return nil, err
	}
	k.s.shell.View(to, func(s *session.State) {
		r := &s.Registry
		if !s.Exists() || r.Sealed || s.Timing.Phase == session.Adjourned || r.Credit != nil && slices.Equal(r.Credit.Credits, credits) {
			request = nil
		}
	})
	return request, nil
}

// unlinked gives the request that links a session, or nil when it is linked.
func (k *keeper) unlinked(id ids.Session) (request *command.Request, err error) {
	k.s.shell.View(id, func(s *session.State) {
		if s.Exists() && !s.Registry.Consultation.IsZero() {
			request, err = domain.Link(s)
		}
	})
	if request == nil || err != nil {
		return nil, err
	}
	linked := false
	k.s.shell.View(request.Session, func(s *session.State) {
		linked = s.Registry.Series != nil && slices.Contains(s.Registry.Series.Sessions, id)
	})
	if linked {
		return nil, nil
	}
	return request, nil
}

// everything looks for what is outstanding, whoever left it: erasures, links and
// credit of all sessions, and values that no commit names.
func (k *keeper) everything() {
	for _, id := range k.s.shell.Sessions() {
		k.s.shell.View(id, func(s *session.State) {
			for _, p := range s.Registry.Persons {
				if key := people.PersonKey(id, p.ID); p.Erased && !k.erased[key] {
					k.add("erase", id, k.erase(key))
				}
			}
		})
		if request, err := k.unlinked(id); request != nil && err == nil {
			k.add("link", id, k.link(id))
		}
		if request, err := k.uncarried(id); request != nil && err == nil {
			k.add("carry", id, k.carry(id))
		}
		if len(k.sessions(id)) > 0 {
			k.add("bring", id, k.bringAll(id))
		}
	}
	k.add("sweep", ids.Session{}, k.sweep)
}

// sweep overwrites the values that no commit came to name within a day: of
// commands that were refused in the last moment, and of a crash.
func (k *keeper) sweep(ctx context.Context) error {
	bodies := map[ids.Session][]eventlog.Raw{}
	report, err := k.s.people.Sweep(ctx, people.OrphanAge, func(key people.Key, digest events.Hash) bool {
		return k.named(ctx, bodies, key, digest)
	})
	if len(report.Swept) > 0 || len(report.Unreadable) > 0 {
		k.s.lines.Info("swept", "keys", len(report.Swept), "unreadable", len(report.Unreadable))
	}
	return err
}

// named reports whether the log names a value now. When it cannot be known, it
// is: what is kept a day too long can be swept later, and not the other way.
func (k *keeper) named(ctx context.Context, bodies map[ids.Session][]eventlog.Raw, key people.Key, digest events.Hash) bool {
	if k.s.log.Refusal(key.Session) != nil {
		return true
	}
	is := false
	k.s.shell.View(key.Session, func(s *session.State) {
		switch key.Kind {
		case people.Persons:
			p := s.Registry.Persons[ids.MustParse[ids.Person](key.ID)]
			is = p != nil && !p.Erased && p.Digest == digest
		case people.Texts:
			t := s.Registry.Texts[ids.MustParse[ids.Text](key.ID)]
			is = t != nil && t.Digest == digest
		}
	})
	if key.Kind != people.Notes {
		return is
	}
	// A note is named by the envelope of a commit of any context, which no state
	// keeps: the stored bodies are asked.
	all, read := bodies[key.Session]
	if !read {
		var err error
		if all, err = k.s.log.Read(ctx, key.Session); err != nil {
			return true
		}
		bodies[key.Session] = all
	}
	text := []byte(digest.String())
	return slices.ContainsFunc(all, func(m eventlog.Raw) bool { return bytes.Contains(m.Body, text) })
}
