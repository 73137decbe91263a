package transcript

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/forget"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// prepareFor bounds, in I/O time, how long the store may take to keep words.
const prepareFor = 10 * time.Second

// placeholder stands for a digest while it is asked whether a command would be
// accepted at all: words of those that are not are never stored.
var placeholder = events.HashBody([]byte("placeholder"))

// value is something to be stored before the decision, with where its digest goes.
type value struct {
	key forget.Key
	of  forget.Value
	set func(events.Hash)
}

// work is what a command's words become in a state of the session.
type work struct {
	prepared *domain.Prepared
	values   []value
}

// keep adds a value to the work.
func (w *work) keep(key forget.Key, of forget.Value, set func(events.Hash)) {
	set(placeholder)
	w.values = append(w.values, value{key, of, set})
}

// taker reads a command's words out of its arguments: it gives the arguments
// without them, and what to do with the words in a state.
type taker func(s *Service, r *command.Request) (args any, build func(*session.State) (*work, error), err error)

var takers = map[string]taker{
	"caption": takeCaption, "push": takePost, "end_line": takeEnd, "pass": takePass,
	"correct": takeCorrect, "request_correction": takeCorrect, "answer_correction": takeAnswer,
	"redact": takeRedaction, "set_glossary": takeGlossary, "add_relay": takeRelay,
}

// prepare takes words out of a command before it is looked at. From here on
// nothing of the process has them: neither the hash of the command, nor the log.
func (s *Service) prepare(ctx context.Context, r *command.Request) error {
	take := takers[r.Verb]
	if take == nil {
		return nil
	}
	// Nothing of what the table refuses comes near the store.
	if _, err := command.Admit(r, events.Transcript); err != nil {
		return err
	}
	args, build, err := take(s, r)
	if err != nil {
		return err
	}
	if err := put(r, args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, prepareFor)
	defer cancel()
	w, err := s.try(ctx, r, build)
	if err != nil || w == nil {
		return err
	}
	for _, v := range w.values {
		if err := v.of.Check(); err != nil {
			return under(err)
		}
	}
	for _, v := range w.values {
		// The store's own idempotency: the same words of the same command once.
		raw, err := json.Marshal(v.of)
		if err != nil {
			return err
		}
		put := ids.Named[ids.Command](r.ID, s.fingerprint(r.Session, raw))
		digest, err := s.store.Put(ctx, v.key, put, v.of)
		if err != nil {
			return under(err)
		}
		v.set(digest)
	}
	r.Prepared = w.prepared
	return nil
}

// try asks whether a command would be accepted, or was: then there is nothing to
// keep, and the shell gives the first receipt. The refusal is confirmed by a
// leader read, as every refusal is.
func (s *Service) try(ctx context.Context, r *command.Request, build func(*session.State) (*work, error)) (*work, error) {
	var w *work
	refusal := error(problem.New(problem.NotFound, "there is no session %s", r.Session).On("session").Try("check the link"))
	look := func(state *session.State) {
		w = nil
		if _, done := state.Done[r.Key()]; done {
			refusal = nil
			return
		}
		if refusal = state.UsedByAnother(r); refusal != nil {
			return
		}
		if w, refusal = build(state); refusal != nil {
			return
		}
		trial := *r
		trial.Prepared = w.prepared
		now := max(state.Clock().Session(s.clock.Now()), state.At)
		_, refusal = domain.Decide(state, &trial, now)
	}
	// What this replica knows is enough for a yes; a no needs the leader.
	if s.shell.View(r.Session, look); refusal == nil {
		return w, nil
	}
	if _, err := s.shell.Current(ctx, r.Session, look); err != nil {
		return nil, err
	}
	return w, refusal
}

// fingerprint tells words apart without telling them: without the deployment's
// secret it is nothing to guess at.
func (s *Service) fingerprint(session ids.Session, raw []byte) string {
	secret := s.secret(session)
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(raw)
	return hex.EncodeToString(mac.Sum(nil))
}

// put exchanges the arguments of a request.
func put(r *command.Request, args any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	r.Args = raw
	return nil
}

// under puts the field of a refusal under the arguments. It makes a new one: what
// the store gives may be shared.
func under(err error) error {
	var p *problem.Error
	if !errors.As(err, &p) || p.Field == "" {
		return err
	}
	moved := *p
	moved.Field = "args." + p.Field
	return &moved
}
