package transcript

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/words"
	"github.com/fairfloor/fairfloor/services/transcript/internal/domain"
)

// The subjects of partials: sources ask cap.partial.<session>, which one replica
// answers (nothing, or a problem); what is accepted goes out to everybody on
// live.partial.<session>.<track>. Both are core NATS, so nothing is stored.
const (
	takePartials = "cap.partial."
	givePartials = "live.partial."
)

// partialEvery is the least time between two partials of a track.
const partialEvery = time.Second / api.PartialsPerSecond

// keystroke is what a source writes at present, whole.
type keystroke struct {
	Actor events.Actor `json:"actor"`
	api.PartialWish
}

// lane is one track of one session. The latest partial wins: one that comes too
// soon waits, and is replaced by those that come while it waits.
type lane struct {
	last  time.Time
	next  []byte
	at    clock.Instant // when next was received
	timer *time.Timer
}

// partials passes on what is being said, at most four times a second a track
// whatever the number of replicas: each hears what the others pass on.
type partials struct {
	s *Service

	// offset keeps replicas from sending in the same moment.
	offset time.Duration

	mu    sync.Mutex
	lanes map[string]*lane
	ended bool
}

func newPartials(s *Service) *partials {
	return &partials{s: s, lanes: map[string]*lane{}, offset: rand.N(25 * time.Millisecond)}
}

// serve takes partials until ctx is done.
func (p *partials) serve(ctx context.Context) error {
	taken, err := p.s.conn.QueueSubscribe(takePartials+"*", string(events.Transcript), p.take)
	if err != nil {
		return err
	}
	heard, err := p.s.conn.Subscribe(givePartials+">", p.heard)
	if err != nil {
		_ = taken.Unsubscribe()
		return err
	}
	<-ctx.Done()
	_, _ = taken.Unsubscribe(), heard.Unsubscribe()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, l := range p.lanes {
		if l.timer != nil {
			l.timer.Stop()
		}
	}
	return nil
}

// take judges one partial and passes it on.
func (p *partials) take(m *nats.Msg) {
	var answer []byte
	if err := p.judge(m); err != nil {
		answer, _ = json.Marshal(problem.From(err))
	}
	if m.Reply != "" {
		// A source that hears nothing sends the next one all the same.
		_ = m.Respond(answer)
	}
}

// judge checks a partial as the final would be, and gives it out.
func (p *partials) judge(m *nats.Msg) error {
	var k keystroke
	if err := json.Unmarshal(m.Data, &k); err != nil {
		return problem.New(problem.Malformed, "the partial is not readable")
	}
	id, err := ids.Parse[ids.Session](strings.TrimPrefix(m.Subject, takePartials))
	if err != nil {
		return problem.New(problem.Malformed, "%v", err).On("session")
	}
	if n := utf8.RuneCountInString(k.Text); n > words.MaxText {
		return problem.New(problem.TooLarge, "the text has %d characters; %d are allowed", n, words.MaxText).On("text").Try("end the segment")
	}
	var out *api.Segment
	err = problem.New(problem.NotFound, "there is no session %s", id).On("session")
	p.s.shell.View(id, func(state *session.State) {
		piece := domain.Piece{Segment: k.Segment, Start: k.Start, End: 0}
		if !k.Start.IsZero() {
			piece.Time = events.BySourceTime
		}
		now := max(state.Clock().Session(p.s.clock.Now()), state.At)
		var said domain.Said
		if said, err = domain.Partial(state, k.Actor, k.Source, k.Epoch, piece, now); err == nil {
			out = p.segment(state, k.Source, k.Segment, max(1, k.Rev), strings.TrimLeft(k.Text, " "), said)
		}
	})
	if err != nil {
		return err
	}
	p.give(id, out)
	return nil
}

// segment makes what goes out.
func (p *partials) segment(state *session.State, source ids.Source, id ids.Segment, rev int64, text string, said domain.Said) *api.Segment {
	from := state.Transcript.Sources[source]
	out := &api.Segment{
		Track: from.Track, ID: id, Rev: rev, State: api.SegmentPartial, Text: text, Start: said.Start, End: said.End,
		TimeBasis: string(said.Time), Turn: said.Who.Turn, SpeakerBasis: string(said.Who.Basis), Source: source, SourceKind: string(from.Kind),
		ReceivedAt: said.Now,
	}
	entry, applicant := state.Spoken(said.Who)
	out.Entry, out.Speaker = entry, api.Said{Participant: applicant, Chair: said.Who.Chair}
	if a := state.Registry.Applicants[applicant]; a != nil {
		out.Speaker.Label = a.Organisation
	}
	return out
}

// folded shows the open line of a push source after each of its posts.
func (p *partials) folded(id ids.Session, c *events.Commit) {
	for _, e := range c.Events {
		if post, ok := e.(*events.PostTaken); ok && !post.Open.IsZero() {
			// The fold holds no lock of the state here, but a view of it may wait.
			go p.line(id, post.Source, c.At)
		}
	}
}

// line passes on the open line of a push source.
func (p *partials) line(id ids.Session, source ids.Source, now clock.Instant) {
	var out *api.Segment
	p.s.shell.View(id, func(state *session.State) {
		from := state.Transcript.Sources[source]
		if from == nil {
			return
		}
		segment, text, since := p.s.running(state, from)
		if text == "" {
			return
		}
		said := domain.Opened(state, source, since, now)
		out = p.segment(state, source, segment, 1, text, said)
	})
	if out != nil {
		p.give(id, out)
	}
}

// give passes a partial on, now or as soon as the track may have the next.
func (p *partials) give(id ids.Session, segment *api.Segment) {
	raw, err := json.Marshal(segment)
	if err != nil {
		return
	}
	subject := givePartials + id.String() + "." + strings.ToLower(segment.Track)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	l := p.lanes[subject]
	if l == nil {
		l = &lane{}
		p.lanes[subject] = l
	}
	l.next, l.at = raw, segment.ReceivedAt
	if l.timer != nil {
		return
	}
	if wait := partialEvery - time.Since(l.last); wait > 0 {
		l.timer = time.AfterFunc(wait+p.offset, func() { p.due(subject) })
		return
	}
	p.send(subject, l)
}

// due sends what has waited.
func (p *partials) due(subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[subject]
	l.timer = nil
	switch {
	case p.ended || l.next == nil:
	case time.Since(l.last) < partialEvery: // another replica was quicker
		l.timer = time.AfterFunc(partialEvery-time.Since(l.last)+p.offset, func() { p.due(subject) })
	default:
		p.send(subject, l)
	}
}

// send is called with the lock held.
func (p *partials) send(subject string, l *lane) {
	_ = p.s.conn.Publish(subject, l.next) // the next one is whole again
	l.next, l.last = nil, time.Now()
}

// heard notes that a partial of a track went out, whoever sent it. What waits
// here and is older is of no use any more.
func (p *partials) heard(m *nats.Msg) {
	var sent struct {
		At clock.Instant `json:"received_at"`
	}
	if json.Unmarshal(m.Data, &sent) != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[m.Subject]
	if l == nil {
		l = &lane{}
		p.lanes[m.Subject] = l
	}
	l.last = time.Now()
	if l.at < sent.At {
		l.next = nil
	}
}
