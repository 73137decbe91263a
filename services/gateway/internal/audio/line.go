package audio

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/pkg/vosk"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
	"github.com/fairfloor/fairfloor/services/gateway/internal/captions"
)

// Times of a line, in I/O time.
const (
	helloWithin = api.HelloSeconds * time.Second
	levelEvery  = 250 * time.Millisecond
	renewEvery  = 20 * time.Second
	// tokenEvery is how often it is asked whether the token is still good.
	tokenEvery = time.Second
	// returns is how long a source whose line broke is kept for its return.
	returns = 30 * time.Second
	// flushes is how long the engine may take for its last words.
	flushes = 10 * time.Second
	// skew is how far the sound's own times may be off its arrival, in ms, before
	// the arrival counts: what a page kept while its line was down is less.
	skew = 30_000
	// pause is how long nothing comes before it is taken for one, in ms.
	pause = 500
)

// line is one microphone.
type line struct {
	server  *Server
	ws      *websocket.Conn
	session ids.Session
	hello   api.AudioHello
	actor   events.Actor
	turn    ids.Turn // a speaker's own, to which the line is bound
	source  ids.Source

	over    atomic.Bool // the token is no longer good
	writing sync.Mutex
	state   string
	at      clock.Instant // of the next sample, zero before the first
	came    clock.Instant // when sound came last
	paused  bool          // the last piece came after a pause
	finals  chan vosk.Event
}

// tell writes a frame; a line that does not take it ends by its reader.
func (l *line) tell(t api.AudioFrame) {
	raw, err := json.Marshal(t)
	if err != nil {
		return
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	_ = l.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_ = l.ws.WriteMessage(websocket.TextMessage, raw)
}

// refuse says why the line ends.
func (l *line) refuse(err error) {
	p := problem.From(err)
	l.tell(api.AudioFrame{Type: api.FrameProblem, Problem: p})
	l.bye(string(p.Code))
}

func (l *line) bye(reason string) {
	l.tell(api.AudioFrame{Type: api.FrameBye, Reason: reason})
	l.writing.Lock()
	defer l.writing.Unlock()
	_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, reason), time.Now().Add(time.Second))
}

// serve is the whole life of a line.
func (l *line) serve() {
	url, err := l.greet()
	if err != nil {
		l.refuse(err)
		return
	}
	var phrases []string
	if l.server.config.Phrases != nil {
		phrases = l.server.config.Phrases(l.session)
	}
	engine, err := vosk.New(vosk.Config{URL: url, Phrases: phrases})
	if err != nil {
		l.refuse(err)
		return
	}
	// The engine outlives the line by its last words.
	listening, deafen := context.WithCancel(context.WithoutCancel(l.server.work))
	defer deafen()
	l.finals = make(chan vosk.Event, 256)
	var parts sync.WaitGroup
	parts.Go(func() { l.write(listening) })
	parts.Go(func() {
		defer close(l.finals)
		_ = engine.Run(listening, func(e vosk.Event) { l.heard(listening, e) })
	})
	hang := context.AfterFunc(l.server.work, func() {
		l.bye("the server restarts")
		_ = l.ws.SetReadDeadline(time.Now())
	})
	listened := make(chan struct{})
	parts.Go(func() { l.watch(listened) })
	err = l.listen(engine)
	close(listened)
	hang()
	engine.Close()
	late := time.AfterFunc(flushes, deafen)
	parts.Wait()
	late.Stop()
	if err == nil {
		// The last words are written, or were said to be lost.
		l.bye("ended")
	}
	l.part(err == nil)
}

// watch ends the line when its token is no longer good, also while nobody speaks.
func (l *line) watch(listened <-chan struct{}) {
	tick := time.NewTicker(tokenEvery)
	defer tick.Stop()
	for {
		select {
		case <-listened:
			return
		case <-tick.C:
		}
		if _, err := l.server.config.Tokens.Verify(l.hello.Token); err != nil {
			l.refuse(err)
			l.over.Store(true)
			_ = l.ws.SetReadDeadline(time.Now())
			return
		}
	}
}

// greet reads hello, identifies the bearer and opens the source.
func (l *line) greet() (url string, err error) {
	_ = l.ws.SetReadDeadline(time.Now().Add(helloWithin))
	kind, data, err := l.ws.ReadMessage()
	switch {
	case err != nil:
		return "", problem.New(problem.Busy, "no hello came within %s", helloWithin).Try(`send {"type":"hello","token":"…","track":"en","sample_rate":16000} first`)
	case kind != websocket.TextMessage:
		return "", problem.New(problem.Malformed, "sound came before hello").On("type").Try("send hello first")
	}
	if err := ask.Decode(data, &l.hello); err != nil {
		return "", err
	}
	switch {
	case l.hello.Type != api.FrameHello:
		return "", problem.New(problem.Unauthorised, "the first frame must be hello").On("type")
	case l.hello.SampleRate != vosk.SampleRate:
		return "", problem.Field("sample_rate", "sound of %d Hz is not taken", l.hello.SampleRate).Try("send 16-bit mono PCM at 16000 Hz")
	case !captions.ValidTrack(l.hello.Track):
		return "", problem.Field("track", "%.40q is not the tag of a language", l.hello.Track).Try("use a BCP 47 tag such as en")
	}
	if l.hello.Language == "" {
		l.hello.Language = l.hello.Track
	}
	claims, err := l.server.config.Tokens.Enter(l.hello.Token, l.session)
	if err != nil {
		return "", err
	}
	var may error
	err = l.server.config.Sessions.Read(l.session, func(s *session.State) { l.actor, l.turn, may = whose(s, claims) })
	if err != nil {
		return "", err
	}
	if may != nil {
		return "", may
	}
	if url, err = l.server.engine(l.hello.Language); err != nil {
		return "", err
	}
	return url, l.open()
}

// open takes up the source that the page had before its line broke, or opens one.
func (l *line) open() error {
	if !l.hello.Source.IsZero() {
		l.server.mu.Lock()
		back, parted := l.server.parted[l.hello.Source]
		delete(l.server.parted, l.hello.Source)
		l.server.mu.Unlock()
		if parted {
			back()
		}
		open := false
		err := l.server.config.Sessions.Read(l.session, func(s *session.State) {
			source := s.Transcript.Sources[l.hello.Source]
			open = source != nil && !source.Closed && source.By == l.actor.ID && source.Kind == events.EngineSource && source.Track == l.hello.Track
		})
		if err != nil {
			return err
		}
		if open {
			l.source = l.hello.Source
		}
	}
	if l.source.IsZero() {
		receipt, err := l.command(l.server.work, "open_source", command.OpenSource{
			Track: l.hello.Track, Kind: events.EngineSource, Label: l.hello.Label, Language: l.hello.Language,
		})
		if err != nil {
			return err
		}
		if l.source, err = ids.Parse[ids.Source](receipt.Made["source"]); err != nil {
			return err
		}
		_ = l.server.config.Sessions.Wait(l.server.work, l.session, receipt.Seq, 5*time.Second)
	}
	epoch, _, _ := l.standing()
	l.tell(api.AudioFrame{Type: api.AudioReady, Source: l.source, Epoch: epoch})
	return nil
}

// standing says what happens to sound now: the epoch under which the engine may
// write, or the state in which it may not, and why.
func (l *line) standing() (epoch uint64, state, because string) {
	state = "waiting"
	_ = l.server.config.Sessions.Read(l.session, func(s *session.State) {
		source, track := s.Transcript.Sources[l.source], s.Transcript.Tracks[l.hello.Track]
		switch {
		case source == nil || source.Closed || track == nil:
			state = "ended"
		case !l.turn.IsZero() && s.Queue.Turn != l.turn:
			state = "ended"
		case track.Source != l.source:
		default:
			epoch, state = track.Epoch, "heard"
			if because = s.Held(source, s.Queue.Turn); because != "" {
				state = "held"
			}
		}
	})
	return epoch, state, because
}

// command sends a command until somebody knows what became of it.
func (l *line) command(ctx context.Context, verb string, args any) (command.Receipt, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return command.Receipt{}, err
	}
	frame := api.CommandFrame{ID: ids.New[ids.Command](), Verb: verb, Args: raw}
	for {
		receipt, err := l.server.config.Asker.Do(ctx, l.session, l.actor, frame)
		if err == nil && len(receipt.Problem) > 0 {
			var p problem.Error
			if err := json.Unmarshal(receipt.Problem, &p); err != nil {
				return receipt, err
			}
			return receipt, &p
		}
		p := problem.From(err)
		if err == nil || p.Code != problem.Busy && p.Code != problem.Unknown && p.Code != problem.TooMany {
			return receipt, err
		}
		select {
		case <-ctx.Done():
			return receipt, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// listen reads sound until the line ends: nil when the page said so, or the
// reason. Only sound that may become captions reaches the engine.
func (l *line) listen(engine *vosk.Client) error {
	pace := rate.NewLimiter(perSecond, burst)
	var loud loudness
	var looked, told, renewed time.Time
	renewed = time.Now()
	for {
		_ = l.ws.SetReadDeadline(time.Now().Add(silence))
		if l.over.Load() {
			// Looked at after the deadline was set, so that watch's is never lost.
			return errEnded
		}
		kind, data, err := l.ws.ReadMessage()
		if err != nil {
			return errEnded
		}
		now := time.Now()
		if kind == websocket.TextMessage {
			var end api.AudioStop
			if json.Unmarshal(data, &end) == nil && end.Type == api.AudioEnd {
				return nil
			}
			l.tell(api.AudioFrame{Type: api.FrameProblem, Problem: problem.New(problem.Malformed, "after hello only sound is taken, and end").On("type").Try(`send binary messages of PCM, or {"type":"end"}`)})
			continue
		}
		if !pace.AllowN(now, len(data)) {
			l.refuse(problem.New(problem.TooMany, "more sound came than was spoken").Try("send 32,000 bytes a second"))
			return nil
		}
		if now.Sub(looked) >= levelEvery {
			looked = now
			if ended := l.look(); ended {
				return nil
			}
		}
		at := l.timed(len(data))
		loud.add(data)
		if now.Sub(told) >= levelEvery {
			l.tell(api.AudioFrame{Type: api.AudioLevel, RMS: loud.take()})
			told = now
		}
		if l.state == "heard" || l.state == "down" {
			engine.Write(at, data)
		}
		if now.Sub(renewed) >= renewEvery {
			renewed = now
			l.server.all.Go(func() {
				_, _ = l.command(l.server.work, "renew_source", command.SourceRef{Source: l.source})
			})
		}
	}
}

// look takes over what may happen to the sound, and says it when it changed.
func (l *line) look() (ended bool) {
	epoch, state, because := l.standing()
	if state != l.state {
		l.state = state
		l.tell(api.AudioFrame{Type: api.AudioState, State: state, Because: because, Source: l.source, Epoch: epoch})
	}
	return state == "ended"
}

// timed gives the session time of the first sample of a piece of sound.
func (l *line) timed(bytes int) clock.Instant {
	length := int64(bytes) / 2 * 1000 / vosk.SampleRate
	var now clock.Instant
	_ = l.server.config.Sessions.Read(l.session, func(s *session.State) { now = s.Clock().Session(l.server.config.Clock.Now()) })
	arrived := now.Add(-length)
	if l.at.IsZero() {
		l.at = l.hello.StartMS
	}
	if behind := arrived.Sub(l.at); behind < 0 || behind > skew {
		l.at = arrived
	}
	// After a pause sound comes in a burst when it was kept meanwhile, and at its
	// own pace when there was none: then it is as late as it comes.
	since := now.Sub(l.came)
	switch {
	case l.came.IsZero():
	case since > length+pause:
		l.paused = true
	case l.paused:
		l.paused = false
		if since >= length/2 {
			l.at = max(l.at, arrived)
		}
	}
	l.came = now
	at := l.at
	l.at = l.at.Add(length)
	return at
}

// loudness measures 16-bit samples.
type loudness struct {
	sum float64
	n   int
}

func (l *loudness) add(pcm []byte) {
	for i := 0; i+1 < len(pcm); i += 2 {
		v := float64(int16(uint16(pcm[i])|uint16(pcm[i+1])<<8)) / 32768
		l.sum += v * v
		l.n++
	}
}

// take gives the root mean square since the last call, in thousandths.
func (l *loudness) take() float64 {
	if l.n == 0 {
		return 0
	}
	rms := math.Sqrt(l.sum / float64(l.n))
	*l = loudness{}
	return math.Round(rms*1000) / 1000
}
