package audio

import (
	"context"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/vosk"
)

// heard takes what the engine says, in the order of speech. Finals wait for the
// one that is on its way; partials do not.
func (l *line) heard(ctx context.Context, e vosk.Event) {
	switch e.Kind {
	case vosk.Partial, vosk.Withdrawn:
		epoch, state, _ := l.standing()
		if state != "heard" {
			return
		}
		err := l.server.config.Asker.Partial(ctx, l.session, l.actor, api.PartialWish{
			Type: api.FramePartial, Track: l.hello.Track, Source: l.source, Epoch: epoch, Segment: e.Segment, Rev: 1, Text: e.Text, Start: l.since(e.Start),
		})
		// What is not shown now is final in a moment: only what the page can mend is said.
		if err != nil && !problem.Is(err, problem.Busy) && !problem.Is(err, problem.WrongState) && !problem.Is(err, problem.Stale) {
			l.tell(api.AudioFrame{Type: api.FrameProblem, Problem: problem.From(err)})
		}
	case vosk.Final:
		select {
		case l.finals <- e:
		case <-ctx.Done():
			l.lost(e, "the line ended before it was sent")
		}
	case vosk.Lost:
		l.tell(api.AudioFrame{Type: api.AudioLost, From: e.Start, To: e.End, Because: e.Reason})
	case vosk.Down:
		l.tell(api.AudioFrame{Type: api.AudioState, State: "down", Because: e.Reason, Source: l.source})
	case vosk.Up:
		l.tell(api.AudioFrame{Type: api.AudioState, State: "heard", Source: l.source})
	}
}

// since gives when what is being said was begun, for the one who has the floor
// now: an engine hears no change of hands, and goes on with its utterance.
func (l *line) since(start clock.Instant) clock.Instant {
	_ = l.server.config.Sessions.Read(l.session, func(s *session.State) {
		if turn := s.Queue.Running(); turn != nil {
			start = max(start, turn.BegunAt)
		}
	})
	return start
}

// write sends finals, one after the other, until there are no more.
func (l *line) write(ctx context.Context) {
	for e := range l.finals {
		epoch, state, because := l.standing()
		switch state {
		case "heard", "held":
			// Words that were spoken before the language changed are the log's to judge.
		default:
			l.lost(e, "somebody else writes this track"+because)
			continue
		}
		if _, err := l.command(ctx, "caption", command.Caption{
			Track: l.hello.Track, Source: l.source, Epoch: epoch, Segments: []command.CaptionSegment{segment(e)},
		}); err != nil {
			l.server.config.Logger.Warn("a final of an engine was not taken", "session", l.session.String(), "segment", e.Segment.String(), "error", err)
			l.lost(e, problem.From(err).Detail)
		}
	}
}

// lost says what could not be sent, with its words: nothing disappears in silence.
func (l *line) lost(e vosk.Event, why string) {
	l.tell(api.AudioFrame{Type: api.AudioLost, From: e.Start, To: e.End, Text: e.Text, Because: why})
}

// segment is a final as its command has it.
func segment(e vosk.Event) command.CaptionSegment {
	out := command.CaptionSegment{
		Segment: e.Segment, Rev: 1, Text: e.Text, Start: e.Start, End: e.End, TimeBasis: events.ByAudioTime, Confidence: e.Confidence,
	}
	for _, w := range e.Words {
		out.Words = append(out.Words, command.CaptionWord{Text: w.Text, Start: clock.Instant(w.StartMS), End: clock.Instant(w.EndMS), Confidence: w.Confidence})
	}
	return out
}

// part ends the source when the page said so, and otherwise when it does not
// come back for a while.
func (l *line) part(ended bool) {
	s := l.server
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.work))
	end := func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if _, err := l.command(ctx, "close_source", command.SourceRef{Source: l.source}); err != nil && !problem.Is(err, problem.Already) && ctx.Err() == nil {
			s.config.Logger.Debug("an engine's source was not ended", "session", l.session.String(), "source", l.source.String(), "error", err)
		}
	}
	if ended || s.work.Err() != nil {
		end()
		cancel()
		return
	}
	s.mu.Lock()
	s.parted[l.source] = cancel
	s.mu.Unlock()
	s.all.Go(func() {
		defer cancel()
		select {
		case <-time.After(returns):
		case <-s.work.Done():
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		delete(s.parted, l.source)
		s.mu.Unlock()
		end()
	})
}
