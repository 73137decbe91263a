package registry

import (
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/registry/internal/domain"
)

// prepareFor bounds, in I/O time, how long the store may take to keep a value.
const prepareFor = 10 * time.Second

// placeholder stands for a digest while it is asked whether a command would be
// accepted at all: the values of those that are not are never stored.
var placeholder = events.HashBody([]byte("placeholder"))

// prepare takes values out of a command before it is looked at. From here on
// nothing of the process has them: neither the hash of the command, nor the log.
func (s *Service) prepare(ctx context.Context, r *command.Request) error {
	ctx, cancel := context.WithTimeout(ctx, prepareFor)
	defer cancel()
	switch r.Verb {
	case "add_person", "change_person":
		return s.takePerson(ctx, r)
	case "file_text":
		return s.takeText(ctx, r)
	case "create_session":
		return s.consultation(ctx, r)
	case "commit_lot", "draw_lot":
		return s.takeLot(r)
	default:
		return nil
	}
}

// takePerson stores the value of add_person and change_person.
func (s *Service) takePerson(ctx context.Context, r *command.Request) error {
	var a command.AddPerson
	if err := readable(r, &a); err != nil {
		return err
	}
	if a.Value == nil {
		return problem.Field("args.value", "what is known of the person is missing").Try("send at least value.name")
	}
	value := people.Person(*a.Value)
	// An allowance is granted, not taken: a delegate's own word gives none.
	if r.Verb == "add_person" && !r.Actor.Staff() && (value.AccessSeconds != 0 || value.AccessPercent != 0) {
		return problem.New(problem.Forbidden, "an access allowance is the secretariat's to grant").On("args.value.access_seconds").
			Try("say in access_needs what you need")
	}
	// What a client says about the digest counts for nothing.
	a.Value, a.Digest = nil, placeholder
	if err := value.Check(); err != nil {
		return under("args.value.", err)
	}
	if err := s.try(ctx, r, a); err != nil {
		return err
	}
	// The value lies under the id that the decision will give, or was given.
	id := domain.PersonID(r.ID)
	if r.Verb == "change_person" {
		if id = a.Person; id.IsZero() {
			id = r.Actor.Person
		}
	}
	if r.Verb == "change_person" && !r.Actor.Staff() {
		if err := s.keepGrants(ctx, r.Session, id, &value); err != nil {
			return err
		}
	}
	digest, err := s.people.PutPerson(ctx, r.Session, id, r.ID, value)
	if err != nil {
		return under("args.value.", err)
	}
	a.Digest = digest
	return put(r, a)
}

// keepGrants leaves a person's allowances as they are in the store, whatever the
// delegate's own correction says: nobody grants themselves time, or loses what
// they were granted because their form does not show it.
func (s *Service) keepGrants(ctx context.Context, id ids.Session, who ids.Person, value *people.Person) error {
	var digest events.Hash
	if _, err := s.shell.Current(ctx, id, func(state *session.State) {
		if p := state.Registry.Persons[who]; p != nil {
			digest = p.Digest
		}
	}); err != nil {
		return err
	}
	stored, err := s.people.GetPerson(ctx, id, who, digest)
	if err != nil {
		return err
	}
	value.AccessSeconds, value.AccessPercent = stored.AccessSeconds, stored.AccessPercent
	return nil
}

// takeText stores the words of file_text and counts them.
func (s *Service) takeText(ctx context.Context, r *command.Request) error {
	var a command.FileText
	if err := readable(r, &a); err != nil {
		return err
	}
	value := people.StatementText{Text: a.Content}
	// What a client says about words and digest counts for nothing.
	a.Words, a.Content, a.Digest = Words(a.Content), "", placeholder
	if err := value.Check(); err != nil {
		return content(err)
	}
	if err := s.try(ctx, r, a); err != nil {
		return err
	}
	digest, err := s.people.PutText(ctx, r.Session, domain.TextID(r.ID, a), r.ID, value)
	if err != nil {
		return content(err)
	}
	a.Digest = digest
	return put(r, a)
}

// readable checks the request against the table and reads its arguments. Nothing
// of what it refuses comes near the store.
func readable(r *command.Request, into any) error {
	if _, err := command.Admit(r, events.Registry); err != nil {
		return err
	}
	return r.Read(into)
}

// put exchanges the arguments for those without the value.
func put(r *command.Request, args any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	r.Args = raw
	return nil
}

// try asks whether a command would be accepted, or was: values of commands that
// are refused do not get into the store. The refusal is confirmed by a leader
// read, as every refusal is.
func (s *Service) try(ctx context.Context, r *command.Request, args any) error {
	trial := *r
	if err := put(&trial, args); err != nil {
		return err
	}
	refusal := error(problem.New(problem.NotFound, "there is no session %s", r.Session).On("session").Try("check the link"))
	look := func(state *session.State) {
		if _, done := state.Done[r.Key()]; done {
			refusal = nil // the store gives the same digest again, and the shell the first receipt
			return
		}
		// The shell asks this too, but what is stored here lies under an id that
		// follows from the command's, and must not take another's place.
		if refusal = state.UsedByAnother(r); refusal == nil {
			_, refusal = s.decide(state, &trial, state.At)
		}
	}
	// What this replica knows is enough for a yes; a no needs the leader.
	if s.shell.View(r.Session, look); refusal == nil {
		return nil
	}
	if _, err := s.shell.Current(ctx, r.Session, look); err != nil {
		return err
	}
	return refusal
}

// consultation checks that the consultation that a new session names is there,
// and is of the same organisation: another's is answered like one that is not.
// It lies on another subject than the session, perhaps in another stream, so the
// decision itself cannot see it; consultations are never deleted, so looking
// before the decision is enough.
func (s *Service) consultation(ctx context.Context, r *command.Request) error {
	var a command.CreateSession
	if err := readable(r, &a); err != nil || a.Consultation.IsZero() {
		return err
	}
	there := false
	look := func(state *session.State) {
		there = state.Registry.Series != nil && state.Registry.Organisation == r.Actor.Organisation
	}
	id := ids.MustParse[ids.Session](a.Consultation.String())
	if s.shell.View(id, look); there {
		return nil
	}
	if _, err := s.shell.Current(ctx, id, look); err != nil {
		return err
	}
	if !there {
		return problem.New(problem.NotFound, "there is no consultation %s", a.Consultation).On("args.consultation").
			Try("create it first, or leave it out for one of the session's title")
	}
	return nil
}

// under puts the field of a refusal under the arguments. It makes a new one:
// what the store gives may be shared.
func under(prefix string, err error) error {
	var p *problem.Error
	if !errors.As(err, &p) {
		return err
	}
	moved := *p
	if moved.Field != "" {
		moved.Field = prefix + moved.Field
	}
	return &moved
}

// content is under for the one field of a statement.
func content(err error) error {
	var p *problem.Error
	if !errors.As(err, &p) {
		return err
	}
	moved := *p
	moved.Field = "args.content"
	return &moved
}

// Words counts the words of a statement as the prompter does: runs of letters
// and digits by Unicode's word boundaries (UAX #29), so that an ideograph, which
// has no spaces around it, counts as one.
func Words(text string) int64 {
	var n int64
	for all := words.FromString(text); all.Next(); {
		for _, r := range all.Value() {
			if unicode.IsLetter(r) || unicode.IsNumber(r) {
				n++
				break
			}
		}
	}
	return n
}
