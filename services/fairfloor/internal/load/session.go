package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sample"
)

// show is one session under load.
type show struct {
	run       *run
	session   ids.Session
	base      string // where its observers connect
	part      ids.Part
	watching  string // the observers' token
	tracks    []string
	speakers  []*speaker
	writers   []*writer
	observers []*observer
	hold      gate
	acts      acts
	// position is the log position of the last command that was accepted.
	position atomic.Uint64
}

// speaker is a delegate who joins and leaves the list.
type speaker struct {
	live  *client.Live
	entry ids.Entry // zero while they are not on the list
}

// writer is a captioner with a track of their own.
type writer struct {
	show   *show
	live   *client.Live
	track  string
	source ids.Source
	epoch  uint64

	mu   sync.Mutex
	sent []time.Time
	// finals is how many captions are kept, refused how many were not taken.
	finals, refused int
}

// languages are the tracks of the captioners, in this order.
var languages = []string{"en", "fr", "es", "ar", "ru", "zh", "de", "pt", "it", "nl", "pl", "tr", "ja", "ko", "hi", "sw"}

// atOnce is how many sessions are made, and clients connect, side by side: more
// would only wait for each other.
const atOnce = 16

// each does a task for 0 to n-1, atOnce at a time, and gives the first failure.
func each(n int, do func(i int) error) error {
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	next := atomic.Int64{}
	for range min(n, atOnce) {
		all.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// prepare makes the sessions, live and with an open list, and lets speakers and
// captioners connect.
func (r *run) prepare() error {
	base := r.Base
	if r.Proxy {
		var err error
		if r.proxy, base, err = startProxy(r.Base); err != nil {
			return err
		}
	}
	for range r.Sessions {
		r.shows = append(r.shows, &show{run: r, session: ids.New[ids.Session](), base: base})
	}
	var done atomic.Int64
	return each(len(r.shows), func(i int) error {
		err := r.shows[i].prepare()
		r.progress("sessions", int(done.Add(1)), len(r.shows))
		return err
	})
}

func (s *show) prepare() error {
	for _, step := range []func() error{s.create, s.seat, s.caption} {
		if err := step(); err != nil {
			return fmt.Errorf("session %s: %w", s.session, err)
		}
	}
	return nil
}

// patiently asks again while the server says that it was too much at once: one
// organiser prepares everything, and a server in use has a limit for each token.
func (s *show) patiently(ask func() error) error {
	for {
		err := ask()
		if !problem.Is(err, problem.TooMany) && !problem.Is(err, problem.Busy) {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-s.run.ctx.Done():
			return errors.Join(s.run.ctx.Err(), err)
		}
	}
}

// ask is a command of the organiser, over HTTP.
func (s *show) ask(verb string, args any) error { return s.askBy(s.run.http, verb, args) }

func (s *show) askBy(by client.HTTP, verb string, args any) error {
	return s.patiently(func() error {
		_, err := by.Command(s.run.ctx, s.session, verb, nil, args, "")
		if err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
		return nil
	})
}

func (s *show) path(rest string) string { return "/api/v1/sessions/" + s.session.String() + rest }

// create makes the session with its applicants and starts it.
func (s *show) create() error {
	start := clock.Of(time.Now()).Add(60_000)
	tags := languages[:max(1, s.run.Captioners)]
	if err := s.ask("create_session", command.CreateSession{
		Title: "Load", PlannedStart: start, HardEnd: start.Add(24 * 60 * 60_000), Zone: "UTC", Languages: tags,
	}); err != nil {
		return err
	}
	rows := sample.Applicants(max(1, s.run.Speakers))
	for i := range rows {
		rows[i].Accept = true
	}
	if err := s.ask("import", command.Import{Rows: rows}); err != nil {
		return err
	}
	var view api.View
	if err := s.run.http.Do(s.run.ctx, http.MethodGet, s.path(""), nil, &view); err != nil {
		return err
	}
	for _, id := range view.Agenda {
		if view.Parts[id].HasList {
			s.part = id
		}
	}
	for _, a := range view.Applicants {
		if len(s.speakers) < s.run.Speakers {
			link, err := s.link(command.Invite{Roles: []events.Role{events.Speaker}, Applicant: a.ID})
			if err != nil {
				return err
			}
			live, err := s.connect(link)
			if err != nil {
				return err
			}
			s.speakers = append(s.speakers, &speaker{live: live})
		}
	}
	chair, err := s.link(command.Invite{Roles: []events.Role{events.Chair}})
	if err != nil {
		return err
	}
	by := client.HTTP{Base: s.run.Base, Token: chair}
	if err := s.askBy(by, "open_list", command.PartRef{Part: s.part}); err != nil {
		return err
	}
	return s.askBy(by, "start_session", command.None{})
}

// seat lets every speaker join the list, and makes the observers' link.
func (s *show) seat() error {
	for _, one := range s.speakers {
		if err := s.toggle(s.run.ctx, one, false); err != nil {
			return err
		}
	}
	link, err := s.link(command.Invite{Roles: []events.Role{events.Observer}})
	s.watching = link
	return err
}

// caption opens a source for each captioner.
func (s *show) caption() error {
	if s.run.Captioners == 0 {
		return nil
	}
	link, err := s.link(command.Invite{Roles: []events.Role{events.Captioner}})
	if err != nil {
		return err
	}
	for _, tag := range languages[:s.run.Captioners] {
		w := &writer{show: s, track: tag}
		s.writers, s.tracks = append(s.writers, w), append(s.tracks, tag)
		if w.live, err = s.connect(link); err != nil {
			return err
		}
		r, err := w.live.Do(s.run.ctx, "open_source", nil, command.OpenSource{
			Track: tag, Kind: events.TypedSource, Label: "Load", Hears: events.HearsInterpretation,
		})
		if err != nil {
			return fmt.Errorf("open_source: %w", err)
		}
		if w.source, err = ids.Parse[ids.Source](r.Made["source"]); err != nil {
			return err
		}
		if w.epoch, err = strconv.ParseUint(r.Made["epoch"], 10, 64); err != nil {
			return err
		}
	}
	return nil
}

// link makes a signed link and gives its token.
func (s *show) link(args command.Invite) (token string, err error) {
	args.Expires = time.Now().Add(48 * time.Hour).UnixMilli()
	var made api.Invitation
	err = s.patiently(func() error {
		return s.run.http.Do(s.run.ctx, http.MethodPost, s.path("/invitations"), args, &made)
	})
	return made.Token, err
}

// connect connects somebody who does something: always directly, and healthy.
func (s *show) connect(token string) (*client.Live, error) {
	return client.Dial(s.run.ctx, client.Options{
		Base: s.run.Base, Session: s.session, Token: token, Skim: true, Dial: s.run.dialer(&observer{}, nil), FirstBackoff: 50 * time.Millisecond,
	})
}

// lives are all the session's clients.
func (s *show) lives() []*client.Live {
	var all []*client.Live
	for _, one := range s.speakers {
		all = append(all, one.live)
	}
	for _, w := range s.writers {
		if w.live != nil {
			all = append(all, w.live)
		}
	}
	for _, o := range s.observers {
		if o.live != nil {
			all = append(all, o.live)
		}
	}
	return all
}

// writer gives the captioner of a track, nil when it has none.
func (s *show) writer(track string) *writer {
	for _, w := range s.writers {
		if w.track == track {
			return w
		}
	}
	return nil
}

// connect lets the observers join over the ramp.
func (r *run) connect() error {
	n := r.Sessions * r.Observers
	for _, s := range r.shows {
		for i := range r.Observers {
			o := &observer{whole: i < r.Whole}
			// The misbehaving are the last ones, so that those who keep the whole view are healthy.
			switch left := r.Observers - i; {
			case left <= r.Slow:
				o.manner = slow
			case left <= r.Slow+r.Broken:
				o.manner = broken
			case left <= r.Slow+r.Broken+r.Stalled:
				o.manner = stalled
			}
			s.observers = append(s.observers, o)
		}
	}
	begun := time.Now()
	var done atomic.Int64
	return each(n, func(i int) error {
		// In turns over the sessions, so that all of them fill up alike.
		s, at := r.shows[i%r.Sessions], i/r.Sessions
		due := begun.Add(r.Ramp * time.Duration(i) / time.Duration(n))
		select {
		case <-time.After(time.Until(due)):
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
		if err := r.join(s, s.observers[at]); err != nil {
			return fmt.Errorf("observer %d of %d: %w", i+1, n, err)
		}
		r.progress("observers", int(done.Add(1)), n)
		return nil
	})
}

// change lets the session's speakers join and leave the list at the session's
// part of the rate, until ctx ends. Sessions begin at different moments.
func (s *show) change(ctx context.Context, index int) error {
	if s.run.Changes == 0 {
		return nil
	}
	every := time.Duration(float64(time.Second) * float64(s.run.Sessions) / s.run.Changes)
	first := time.NewTimer(every * time.Duration(index) / time.Duration(s.run.Sessions))
	defer first.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-first.C:
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var under sync.WaitGroup
	defer under.Wait()
	busy := make([]atomic.Bool, len(s.speakers))
	for n := 0; ; n++ {
		at := n % len(s.speakers)
		// A speaker whose last command has no receipt yet is passed over, not waited
		// for: the rate is the load's and not the server's. What is not sent is counted.
		if busy[at].CompareAndSwap(false, true) {
			under.Go(func() {
				defer busy[at].Store(false)
				if err := s.toggle(s.run.ctx, s.speakers[at], true); err != nil {
					s.acts.refuse()
				}
			})
		} else {
			s.acts.refuse()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// toggle lets a speaker join the list, or leave it.
func (s *show) toggle(ctx context.Context, one *speaker, counts bool) error {
	sent := time.Now()
	var r command.Receipt
	var err error
	if one.entry.IsZero() {
		if r, err = one.live.Do(ctx, "join", nil, command.Join{Part: s.part}); err == nil {
			one.entry, err = ids.Parse[ids.Entry](r.Made["entry"])
		}
	} else {
		r, err = one.live.Do(ctx, "withdraw", nil, command.EntryRef{Entry: one.entry})
		one.entry = ids.Entry{}
	}
	if err != nil {
		return fmt.Errorf("a speaker's list: %w", err)
	}
	for {
		last := s.position.Load()
		if last >= r.Seq || s.position.CompareAndSwap(last, r.Seq) {
			break
		}
	}
	if counts {
		s.acts.add(r.Seq, sent, time.Since(sent))
	}
	return nil
}

// filler makes a caption's text as long as a line of subtitles is.
var filler = strings.Repeat("and so we thank the delegation for its statement ", 2)

// write lets a captioner write until ctx ends: partials at the rate, and a final
// each FinalEvery.
func (w *writer) write(ctx context.Context) error {
	if w.show.run.Partials == 0 {
		return nil
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / w.show.run.Partials))
	defer tick.Stop()
	segment, due := ids.New[ids.Segment](), time.Now().Add(w.show.run.FinalEvery)
	begun := clock.Of(time.Now())
	for rev := int64(1); ; rev++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		text := strconv.Itoa(w.next()) + " " + filler
		if time.Now().Before(due) {
			if err := w.live.Say(api.PartialWish{Track: w.track, Source: w.source, Epoch: w.epoch, Segment: segment, Rev: rev, Text: text, Start: begun}); err != nil {
				w.refused++
			}
			continue
		}
		_, err := w.live.Do(w.show.run.ctx, "caption", nil, command.Caption{
			Track: w.track, Source: w.source, Epoch: w.epoch, Segments: []command.CaptionSegment{{
				Segment: segment, Rev: rev, Text: text, Start: begun, End: clock.Of(time.Now()), TimeBasis: events.ByAudioTime,
			}},
		})
		if err != nil {
			w.refused++
		} else {
			w.finals++
		}
		segment, due, begun, rev = ids.New[ids.Segment](), time.Now().Add(w.show.run.FinalEvery), clock.Of(time.Now()), 0
	}
}

// next numbers what is sent from now on, and remembers when it was.
func (w *writer) next() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, time.Now())
	return len(w.sent) - 1
}

// sentAt gives when the n-th was sent.
func (w *writer) sentAt(n int) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < 0 || n >= len(w.sent) {
		return time.Time{}, false
	}
	return w.sent[n], true
}
