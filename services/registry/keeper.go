package registry

import (
	"bytes"
	"context"
	"reflect"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// keeper does what follows from the registry's facts outside of their subject;
// see forget.Keeper, which does one task after the other.
type keeper struct {
	*forget.Keeper
	s *Service
}

func newKeeper(s *Service) *keeper {
	k := &keeper{s: s}
	k.Keeper = forget.NewKeeper(forget.KeeperConfig{
		Store: s.people.Store, Ready: s.Ready, Begin: func() func() { return s.log.Activity().Begin() }, Everything: k.everything, Named: k.named, Lines: s.lines,
	})
	return k
}

// folded notes what follows from a commit. It does not block.
func (k *keeper) folded(s ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		switch e := e.(type) {
		// A person who was only added has no earlier value to overwrite.
		case *events.PersonErased:
			k.Erase(people.PersonKey(s, e.Person))
		case *events.NoteRemoved:
			k.Erase(people.NoteKey(s, e.Note))
		case *events.RetentionEnded:
			k.EraseAll(s, kinds[e.Kept]...)
		case *events.PersonChanged:
			k.Settle(people.PersonKey(s, e.Person), e.Digest)
		case *events.TextFiled:
			k.Settle(people.TextKey(s, e.Text), e.Digest)
		case *events.SessionCreated:
			k.Add("link", "link/"+s.String(), s, k.link(s))
		case *events.CreditReckoned:
			k.Add("carry", "carry/"+s.String(), s, k.carry(s))
		case *events.ConsultationSessionAdded:
			k.Add("bring", "bring/"+s.String()+"/"+e.Session.String(), s, k.bring(s, e.Session))
		case *events.CreditCarried:
			k.Add("bring", "bring/"+s.String(), s, k.bringAll(s))
		}
	}
}

// kinds are those of the store of people that a class of what is kept is made of;
// the words of transcripts are the service transcript's to erase.
var kinds = map[events.Kept][]people.Kind{
	events.KeptPeople:     {people.Persons, people.Notes},
	events.KeptStatements: {people.Texts},
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
// credit of all sessions.
func (k *keeper) everything() {
	for _, id := range k.s.shell.Sessions() {
		k.s.shell.View(id, func(s *session.State) {
			for kept := range s.Registry.Ended {
				k.EraseAll(id, kinds[kept]...)
			}
			if !s.Registry.Ended[events.KeptPeople].IsZero() {
				return // all of them are erased by that
			}
			for _, p := range s.Registry.Persons {
				if key := people.PersonKey(id, p.ID); p.Erased && !k.Clean(key) {
					k.Erase(key)
				}
			}
			for _, n := range s.Registry.Notes {
				if key := people.NoteKey(id, n.ID); n.Removed && !k.Clean(key) {
					k.Erase(key)
				}
			}
		})
		if request, err := k.unlinked(id); request != nil && err == nil {
			k.Add("link", "link/"+id.String(), id, k.link(id))
		}
		if request, err := k.uncarried(id); request != nil && err == nil {
			k.Add("carry", "carry/"+id.String(), id, k.carry(id))
		}
		if len(k.sessions(id)) > 0 {
			k.Add("bring", "bring/"+id.String(), id, k.bringAll(id))
		}
	}
}

// named reports whether the log names a value now. The stored bodies of a session
// are read once for all values that are asked for.
func (k *keeper) named(ctx context.Context) func(people.Key, events.Hash) bool {
	bodies := map[ids.Session][]eventlog.Raw{}
	return func(key people.Key, digest events.Hash) bool { return k.isNamed(ctx, bodies, key, digest) }
}

// isNamed is named for one value. When it cannot be known, it is.
func (k *keeper) isNamed(ctx context.Context, bodies map[ids.Session][]eventlog.Raw, key people.Key, digest events.Hash) bool {
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
			is = t != nil && t.Digest == digest && s.Registry.Ended[events.KeptStatements].IsZero()
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
