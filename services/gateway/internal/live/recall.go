package live

import (
	"context"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
	"github.com/fairfloor/fairfloor/services/gateway/internal/wire"
)

// A gateway that goes away leaves thousands of clients to another one, which has
// no ring from before its own start. Views that were shown lately stand in a
// store that all gateways share (package snapshot): of those that clients name
// as theirs the difference to the current one is made, once for all of them.

const (
	// shareEvery is how often one feed's views are put into the store: of quick
	// changes the last one counts.
	shareEvery = 250 * time.Millisecond
	// recalledMost is how many former views of one audience are remembered.
	recalledMost = 8
)

// recalled is a former view that clients come back with.
type recalled struct {
	at   api.Cursor
	json []byte // nil when nobody has it
	// version and patch are the stage up to which the difference was made, and the
	// difference; nil when the whole is smaller.
	version uint64
	patch   *wire.Message
	// asked is closed when the store has answered.
	asked chan struct{}
}

// recall looks for a client's former view in the store, unless the ring holds
// it. Those who come with the same one wait together, no longer than
// redisconn.Within; nothing is given to them here.
func (f *feed) recall(ch *channel, at api.Cursor) {
	store := f.server.config.Snapshots
	if store == nil || at == "" {
		return
	}
	f.mu.Lock()
	current := ch.current.Load()
	if current != nil && current.cursor == at || ch.holds(at) {
		f.mu.Unlock()
		return
	}
	for _, r := range ch.recalled {
		if r.at == at {
			f.mu.Unlock()
			<-r.asked
			return
		}
	}
	r := &recalled{at: at, asked: make(chan struct{})}
	ch.recalled = append(ch.recalled, r)
	if len(ch.recalled) > recalledMost {
		ch.recalled = append(ch.recalled[:0:0], ch.recalled[1:]...)
	}
	f.mu.Unlock()
	defer close(r.asked)
	json, err := store.Get(f.server.work, f.session, at)
	if err != nil {
		f.server.log.Debug("a former view is not known", "session", f.session.String(), "error", err)
	}
	incarnation, seq, _ := view.ParseCursor(at)
	f.mu.Lock()
	defer f.mu.Unlock()
	// The cursor names the bytes and the audience: nothing else is taken for it.
	if json != nil && view.CursorOf(incarnation, seq, f.audienceOf(ch), json) == at {
		r.json = json
		return
	}
	// It may be known a moment later, for the next one who asks.
	for i, other := range ch.recalled {
		if other == r {
			ch.recalled = append(ch.recalled[:i:i], ch.recalled[i+1:]...)
			break
		}
	}
}

// audienceOf is whom a channel is for.
func (f *feed) audienceOf(ch *channel) api.Audience {
	for audience, other := range f.channels {
		if other == ch {
			return audience
		}
	}
	return ""
}

// holds reports whether the ring has a boundary; the lock is held.
func (ch *channel) holds(at api.Cursor) bool {
	for i := range ch.ring {
		if ch.ring[i].from == at {
			return true
		}
	}
	return false
}

// sinceRecalled gives the patch from a former view that was recalled, or false
// when there is none or the whole is smaller. The lock is held.
func (ch *channel) sinceRecalled(at api.Cursor, current *stage) ([]*wire.Message, bool) {
	for _, r := range ch.recalled {
		if r.at != at || r.json == nil {
			continue
		}
		if r.version != current.version {
			r.version, r.patch = current.version, nil
			if patch := view.Diff(r.json, current.encoded.JSON); len(patch) < len(current.encoded.JSON) {
				r.patch = patchMessage(at, current.cursor, current.seq, patch)
			}
		}
		return []*wire.Message{r.patch}, r.patch != nil
	}
	return nil, false
}

// share puts the current views into the store, without waiting, when they
// settled a little.
func (f *feed) share() {
	store := f.server.config.Snapshots
	if store == nil {
		return
	}
	f.mu.Lock()
	sharing := f.sharing
	f.sharing = true
	f.mu.Unlock()
	if sharing {
		return
	}
	f.server.all.Go(func() {
		rest := time.NewTimer(shareEvery)
		defer rest.Stop()
		select {
		case <-rest.C:
		case <-f.server.work.Done():
		}
		f.mu.Lock()
		f.sharing = false
		var stages []*stage
		for _, ch := range f.channels {
			if current := ch.current.Load(); current != nil && current.cursor != ch.shared {
				ch.shared = current.cursor
				stages = append(stages, current)
			}
		}
		f.mu.Unlock()
		// The last views of a gateway that stops are those that its clients have.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(f.server.work), time.Second)
		defer cancel()
		for _, s := range stages {
			if err := store.Put(ctx, f.session, s.cursor, s.encoded.JSON); err != nil {
				f.server.log.Debug("a view is not kept for other gateways", "session", f.session.String(), "error", err)
				return
			}
		}
	})
}
