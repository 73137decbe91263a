package poll_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/gateway/internal/poll"
)

// book is a view that is a number.
type book struct {
	n, looks atomic.Int64
	fail     atomic.Bool
}

func (b *book) look(ids.Session, api.Audience) ([]byte, api.Cursor, error) {
	b.looks.Add(1)
	if b.fail.Load() {
		return nil, "", errors.New("away")
	}
	n := fmt.Sprint(b.n.Load())
	return []byte(n), api.Cursor(n), nil
}

func TestARequestWaitsForAChangeAndNoLongerThanAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, session := &book{}, ids.New[ids.Session]()
		h := poll.New(b.look)
		raw, cursor, err := h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "", Wait: time.Minute})
		if err != nil || string(raw) != "0" || cursor != "0" {
			t.Fatalf("the first answer is %q at %q, %v", raw, cursor, err)
		}
		begin := time.Now()
		if raw, cursor, err = h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "0", Wait: 7 * time.Second}); err != nil || raw != nil || cursor != "0" || time.Since(begin) != 7*time.Second {
			t.Errorf("without a change: %q at %q, %v after %s", raw, cursor, err, time.Since(begin))
		}
		begin = time.Now()
		if raw, _, err = h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "0", Wait: time.Hour}); err != nil || raw != nil || time.Since(begin) != poll.MaxWait {
			t.Errorf("an hour became %s (%q, %v)", time.Since(begin), raw, err)
		}
		go func() {
			time.Sleep(3 * time.Second)
			b.n.Store(1)
			h.Changed(session)
			h.Changed(ids.New[ids.Session]())
		}()
		begin = time.Now()
		if raw, _, err = h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "0", Wait: 20 * time.Second}); err != nil || string(raw) != "1" || time.Since(begin) != 3*time.Second {
			t.Errorf("a change after 3 s: %q, %v after %s", raw, err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err = h.Wait(ctx, poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "1", Wait: 20 * time.Second}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that went away: %v", err)
		}
		// A touch that changes nothing of the view answers nobody.
		go func() { time.Sleep(time.Second); h.Changed(session) }()
		if raw, _, err = h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "1", Wait: 5 * time.Second}); err != nil || raw != nil {
			t.Errorf("a change of nothing: %q, %v", raw, err)
		}
	})
}

func TestAViewIsBuiltOnceForAllThatWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, session := &book{}, ids.New[ids.Session]()
		h := poll.New(b.look)
		var all sync.WaitGroup
		for i := range 500 {
			all.Go(func() {
				since := api.Cursor("")
				for want := range 3 {
					raw, cursor, err := h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: fmt.Sprint(i), Since: since, Wait: 20 * time.Second})
					if err != nil || string(raw) != fmt.Sprint(want) {
						t.Errorf("%q, %v, want %d", raw, err, want)
					}
					since = cursor
				}
			})
		}
		for n := range int64(2) {
			synctest.Wait()
			b.n.Store(n + 1)
			h.Changed(session)
		}
		all.Wait()
		if b.looks.Load() != 3 {
			t.Errorf("500 clients and 3 views: looked %d times", b.looks.Load())
		}
	})
}

// TestNoChangeIsMissed: whatever the moment of a change, who asks with the
// cursor before it gets the view after it.
func TestNoChangeIsMissed(t *testing.T) {
	b, session := &book{}, ids.New[ids.Session]()
	h := poll.New(b.look)
	const changes = 2000
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			var since api.Cursor
			for string(since) != fmt.Sprint(changes) {
				raw, cursor, err := h.Wait(context.Background(), poll.Ask{Session: session, Audience: api.ForPublic, Token: fmt.Sprint(i), Since: since, Wait: 10 * time.Second})
				if err != nil || raw == nil {
					t.Errorf("stuck at %q: %v", since, err)
					return
				}
				since = cursor
			}
		})
	}
	for n := range int64(changes) {
		b.n.Store(n + 1)
		h.Changed(session)
	}
	all.Wait()
}

func TestWaitingRequestsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, session := &book{}, ids.New[ids.Session]()
		h := poll.New(b.look)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range poll.MaxPerToken {
			all.Go(func() {
				_, _, _ = h.Wait(ctx, poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "0", Wait: time.Minute})
			})
		}
		synctest.Wait()
		_, _, err := h.Wait(ctx, poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "0", Wait: 0})
		if p := problem.From(err); p.Code != problem.TooMany || p.RetryAfterMS == 0 {
			t.Errorf("one more of a link: %v", err)
		}
		for i := range poll.MaxWaiting - poll.MaxPerToken {
			all.Go(func() {
				_, _, _ = h.Wait(ctx, poll.Ask{Session: session, Audience: api.ForPublic, Token: fmt.Sprint("b", i), Since: "0", Wait: time.Minute})
			})
		}
		synctest.Wait()
		if _, _, err = h.Wait(ctx, poll.Ask{Session: session, Audience: api.ForPublic, Token: "c", Since: "0", Wait: 0}); !problem.Is(err, problem.TooMany) {
			t.Errorf("one more at the gateway: %v", err)
		}
		cancel()
		all.Wait()
		if raw, _, err := h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "", Wait: 0}); err != nil || raw == nil {
			t.Errorf("after they left: %q, %v", raw, err)
		}
	})
}

// TestWhatIsPersonalEndsTheWait: a private word to the holder is in nobody's view.
func TestWhatIsPersonalEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, session := &book{}, ids.New[ids.Session]()
		h := poll.New(b.look)
		var prompted atomic.Bool
		go func() {
			time.Sleep(time.Second)
			h.Changed(session)
			time.Sleep(time.Second)
			prompted.Store(true)
			h.Changed(session)
		}()
		begin := time.Now()
		raw, _, err := h.Wait(t.Context(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "0", Wait: time.Minute, Moved: prompted.Load})
		if err != nil || string(raw) != "0" || time.Since(begin) != 2*time.Second {
			t.Errorf("%q, %v after %s", raw, err, time.Since(begin))
		}
	})
}

func TestAnErrorIsToldAndNotKept(t *testing.T) {
	b, session := &book{}, ids.New[ids.Session]()
	h := poll.New(b.look)
	b.fail.Store(true)
	if _, _, err := h.Wait(context.Background(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "", Wait: 0}); err == nil {
		t.Error("no error")
	}
	b.fail.Store(false)
	if raw, _, err := h.Wait(context.Background(), poll.Ask{Session: session, Audience: api.ForPublic, Token: "a", Since: "", Wait: 0}); err != nil || string(raw) != "0" {
		t.Errorf("afterwards: %q, %v", raw, err)
	}
}
