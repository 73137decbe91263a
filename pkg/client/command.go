package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

type receipt = command.Receipt

// answer is a receipt or the reason why there is none.
type answer struct {
	receipt receipt
	err     error
}

// Do asks for something and waits for its receipt. A refusal is a
// *problem.Error; see Send.
func (l *Live) Do(ctx context.Context, verb string, expect *command.Expect, args any) (command.Receipt, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return command.Receipt{}, err
	}
	return l.Send(ctx, api.CommandFrame{ID: ids.New[ids.Command](), Verb: verb, Expect: expect, Args: raw})
}

// Send sends a command and waits for its receipt. It sends the same id again
// after a reconnect and when the server says "not now" or "unknown", until ctx
// ends. The receipt's signature is checked.
func (l *Live) Send(ctx context.Context, frame api.CommandFrame) (command.Receipt, error) {
	frame.Type = api.FrameCommand
	raw, err := json.Marshal(frame)
	if err != nil {
		return command.Receipt{}, err
	}
	for {
		r, err := l.attempt(ctx, frame.ID, raw)
		var p *problem.Error
		if !errors.As(err, &p) {
			if err == nil {
				err = l.check(&r)
			}
			return r, err
		}
		if !again(p) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, err
		case <-time.After(time.Duration(max(50, p.RetryAfterMS)) * time.Millisecond):
		}
	}
}

// again reports whether the same command may be taken later: "not now",
// "unknown", or a rate with a time to wait. A number that is full (too_many
// without a time) stays full.
func again(p *problem.Error) bool {
	return p.Code == problem.Busy || p.Code == problem.Unknown || p.Code == problem.TooMany && p.RetryAfterMS > 0
}

// attempt registers the command, sends it when there is a line, and waits.
func (l *Live) attempt(ctx context.Context, id ids.Command, raw []byte) (command.Receipt, error) {
	p := &pending{frame: raw, answer: make(chan answer, 1)}
	l.mu.Lock()
	if l.failure != nil {
		defer l.mu.Unlock()
		return command.Receipt{}, l.failure
	}
	if _, twice := l.pending[id]; twice {
		l.mu.Unlock()
		return command.Receipt{}, problem.New(problem.Already, "the command %s waits for its receipt already", id)
	}
	l.pending[id] = p
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		if err := l.writeTo(conn, raw); err != nil {
			// The reader sees the same broken line and reconnects; the command
			// is sent again then.
			_ = conn.Close()
		}
	}
	select {
	case a := <-p.answer:
		return a.receipt, a.err
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.pending, id)
		l.mu.Unlock()
		return command.Receipt{}, ctx.Err()
	}
}

// check verifies a receipt against the key that the view names.
func (l *Live) check(r *command.Receipt) error {
	key, err := keys.ParsePublic(l.publicKey())
	if err != nil {
		return err
	}
	if !r.Verify(key) {
		return problem.New(problem.Internal, "the receipt of command %s is not signed by the session's key", r.CommandID).
			Try("keep the receipt and tell the secretariat")
	}
	return nil
}

// publicKey is the session's, as the view names it; the whole view is not
// decoded for it.
func (l *Live) publicKey() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	session, _ := l.doc["session"].(map[string]any)
	key, _ := session["public_key"].(string)
	return key
}

// View gives the present view. It must not be changed.
func (l *Live) View() (*api.View, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.decoded()
}

// decoded is called with the lock held.
func (l *Live) decoded() (*api.View, error) {
	if l.view != nil {
		return l.view, nil
	}
	if l.doc == nil {
		return nil, errors.New("no view has come yet")
	}
	raw, err := json.Marshal(l.doc)
	if err != nil {
		return nil, err
	}
	view := &api.View{}
	if err := json.Unmarshal(raw, view); err != nil {
		return nil, err
	}
	l.view = view
	return view, nil
}

// JSON gives the present view's JSON with sorted keys, to compare clients.
func (l *Live) JSON() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return json.Marshal(l.doc)
}

// Me gives the personal part.
func (l *Live) Me() api.Me {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.me
}

// Presence gives who is connected, as last heard.
func (l *Live) Presence() api.Presence {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.presence
}

// Seq gives the log position of the view.
func (l *Live) Seq() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// State gives what a page would show of the line: live, reconnecting, stale.
func (l *Live) State() (connection Connection, stale bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connection, time.Since(l.heard) > api.StaleSeconds*time.Second
}

// Stats gives the counts so far.
func (l *Live) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Locked is a Live whose lock is held, as a condition of Wait sees it.
type Locked struct{ live *Live }

// View gives the present view, nil before the first.
func (l *Locked) View() *api.View {
	view, _ := l.live.decoded()
	return view
}

// Me gives the personal part.
func (l *Locked) Me() api.Me { return l.live.me }

// Seq gives the log position of the view.
func (l *Locked) Seq() uint64 { return l.live.seq }

// Connected reports whether the line stands and the view has come over it.
func (l *Locked) Connected() bool { return l.live.connection == Connected }

// Reconnects counts how often the line was lost so far.
func (l *Locked) Reconnects() int { return l.live.stats.Reconnects }

// Measured reports whether the clock was measured on the present line, as well as
// that line allows.
func (l *Locked) Measured() bool { return l.live.measured() }

// Wait returns when the condition holds, or with the reason why it cannot.
func (l *Live) Wait(ctx context.Context, condition func(*Locked) bool) error {
	for {
		l.mu.Lock()
		if condition(&Locked{l}) {
			l.mu.Unlock()
			return nil
		}
		changed, failure := l.changed, l.failure
		l.mu.Unlock()
		if failure != nil {
			return failure
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// WaitSeq returns when the view has reached a log position, such as a receipt's.
func (l *Live) WaitSeq(ctx context.Context, seq uint64) error {
	return l.Wait(ctx, func(l *Locked) bool { return l.Seq() >= seq })
}

// Now gives session time as this client knows it; false before the clock was measured.
func (l *Live) Now() (clock.Instant, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	best, ok := best(l.samples)
	if !ok {
		return 0, false
	}
	return best.at(l.options.Now()), true
}
