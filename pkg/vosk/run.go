package vosk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Bounds of one connection, in I/O time.
const (
	// ahead is how many messages may be unanswered: an engine that is slower than
	// speech shows in our buffer and not in its.
	ahead = 64
	// mostAnswer is the largest message an engine may send; a minute of words with times has some 20 kB.
	mostAnswer = 1 << 20
	mostWait   = 5 * time.Second
	// After Close nobody waits for ever: so much may go wrong, and a connection
	// that does not even stand weighs more than one that breaks.
	mostTrouble, heavyTrouble = 8, 4
)

// Run sends the audio to the engine, over as many connections as it takes, and
// tells emit what comes of it, in order, from this goroutine. It returns nil
// after Close, when the last final is there or cannot be had, and ctx's error
// when that ends first. In both cases what was said in partials is made final,
// and what was not heard is Lost.
func (c *Client) Run(ctx context.Context, emit func(Event)) error {
	s := &stream{client: c, emit: emit}
	wait := c.config.Wait
	for {
		began := time.Now()
		err := s.connection(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		c.again()
		emit(Event{Kind: Down, Reason: reason(err)})
		if time.Since(began) > mostWait {
			wait = c.config.Wait
		}
		if !s.pause(ctx, wait) {
			break
		}
		wait = min(2*wait, mostWait)
	}
	s.finish()
	return context.Cause(ctx)
}

// stream is the state of Run, over all connections.
type stream struct {
	client  *Client
	emit    func(Event)
	saying  utterance
	up      bool // the present connection stands
	trouble int  // what went wrong since Close
}

// pause waits before the next connection, and reports whether to make one.
func (s *stream) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if !s.client.closed {
		return true
	}
	s.trouble += heavyTrouble
	if s.up {
		s.trouble -= heavyTrouble - 1
	}
	return s.trouble < mostTrouble
}

// finish says what will not come any more.
func (s *stream) finish() {
	for _, e := range s.saying.end() {
		s.emit(e)
	}
	s.client.mu.Lock()
	for s.client.next < len(s.client.kept) {
		// What was sent was answered or made final above; the rest nobody heard.
		unsent := s.client.kept[s.client.next]
		if s.client.lost == (span{}) {
			s.client.lost.from = unsent.at
		}
		s.client.lost.to = unsent.at.Add(unsent.ms())
		s.client.next++
	}
	s.client.closed = true
	s.client.mu.Unlock()
	s.tellGap()
}

// tellGap reports audio that was dropped. What was read before it stands.
func (s *stream) tellGap() {
	lost := s.client.gap()
	if lost != (span{}) {
		for _, e := range s.saying.end() {
			s.emit(e)
		}
		s.emit(Event{Kind: Lost, Start: lost.from, End: lost.to})
	}
}

var errSilent = errors.New("the engine does not answer")

// connection serves one connection until it breaks (an error), or the stream ended (nil).
func (s *stream) connection(ctx context.Context) error {
	s.up = false
	dialer := websocket.Dialer{HandshakeTimeout: s.client.config.Patience}
	socket, response, err := dialer.DialContext(ctx, s.client.config.URL, nil)
	if response != nil {
		response.Body.Close()
	}
	if err != nil {
		return refused(response, err)
	}
	socket.SetReadLimit(mostAnswer)
	replies := make(chan answer, ahead+1)
	broken := make(chan error, 1)
	go read(socket, replies, broken)
	// Closing ends the reader, which ends the channel: nothing of this connection is left.
	defer func() {
		socket.Close()
		for range replies {
		}
	}()
	if err := s.write(socket, websocket.TextMessage, s.configuration()); err != nil {
		return err
	}
	s.up = true
	s.emit(Event{Kind: Up})
	return s.talk(ctx, socket, replies, broken)
}

// configuration is the first message.
func (s *stream) configuration() []byte {
	type settings struct {
		SampleRate int      `json:"sample_rate"`
		Words      int      `json:"words"`
		Phrases    []string `json:"phrase_list,omitempty"`
	}
	// Strings and numbers always encode.
	text, _ := json.Marshal(map[string]settings{"config": {SampleRate: SampleRate, Words: 1, Phrases: s.client.config.Phrases}})
	return text
}

func (s *stream) write(socket *websocket.Conn, kind int, data []byte) error {
	if err := socket.SetWriteDeadline(time.Now().Add(s.client.config.Patience)); err != nil {
		return err
	}
	return socket.WriteMessage(kind, data)
}

// read hands the engine's answers on until the connection ends.
func read(socket *websocket.Conn, replies chan<- answer, broken chan<- error) {
	defer close(replies)
	for {
		kind, data, err := socket.ReadMessage()
		if err != nil {
			broken <- err
			return
		}
		var a answer
		if kind != websocket.TextMessage || json.Unmarshal(data, &a) != nil {
			broken <- errors.New("the engine sent something that is not its protocol")
			return
		}
		replies <- a
	}
}

// talk sends audio and takes answers. Each message has one answer, so the
// first unanswered message tells how far into the stream an answer is.
func (s *stream) talk(ctx context.Context, socket *websocket.Conn, replies <-chan answer, broken <-chan error) error {
	line := &timeline{}
	// This connection has heard nothing yet, nor what was made final of a long utterance.
	s.saying.given = nil
	var unanswered []int64 // ms of the stream at the end of each message
	ended := false         // {"eof" : 1} was sent
	silent := time.NewTimer(s.client.config.Patience)
	defer silent.Stop()
	for {
		for len(unanswered) < ahead && !ended {
			s.tellGap()
			if line.length == 0 {
				s.saying.given = nil
			}
			piece, some, end := s.client.take()
			if end {
				if err := s.write(socket, websocket.TextMessage, []byte(`{"eof" : 1}`)); err != nil {
					return err
				}
				ended = true
				unanswered = append(unanswered, line.length)
				break
			}
			if !some {
				break
			}
			if len(unanswered) == 0 {
				silent.Reset(s.client.config.Patience)
			}
			line.add(piece.at, piece.ms())
			if err := s.write(socket, websocket.BinaryMessage, piece.pcm); err != nil {
				return err
			}
			unanswered = append(unanswered, line.length)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.client.wake:
		case <-silent.C:
			if len(unanswered) > 0 {
				return errSilent
			}
		case a, open := <-replies:
			if !open {
				err := <-broken
				if ended && len(unanswered) <= 1 {
					// All audio was answered; some engines close instead of answering the end.
					return nil
				}
				return err
			}
			silent.Reset(s.client.config.Patience)
			s.answered(a, line, &unanswered)
			if ended && len(unanswered) == 0 {
				return nil
			}
		}
	}
}

// answered takes in the answer to the first unanswered message.
func (s *stream) answered(a answer, line *timeline, unanswered *[]int64) {
	position := line.length
	if len(*unanswered) > 0 {
		position = (*unanswered)[0]
		*unanswered = (*unanswered)[1:]
	}
	heard := s.saying.hear(a, line, line.at(position-1).Add(1), ids.New[ids.Segment])
	for _, e := range heard.events {
		s.emit(e)
	}
	if heard.settled {
		// What was sent after the answered message is kept too: nothing is settled about it.
		s.client.heard(heard.keep + line.length - position)
	}
}

// refused says why there is no connection, without the address.
func refused(response *http.Response, err error) error {
	if response != nil && errors.Is(err, websocket.ErrBadHandshake) {
		return fmt.Errorf("the engine's address answers %d and not as a speech engine", response.StatusCode)
	}
	return fmt.Errorf("the engine cannot be reached: %w", err)
}

// reason is for people; a library's error may hold addresses.
func reason(err error) string {
	var closed *websocket.CloseError
	switch {
	case errors.Is(err, errSilent):
		return errSilent.Error()
	case errors.As(err, &closed):
		return fmt.Sprintf("the engine closed the connection (%d)", closed.Code)
	case errors.Unwrap(err) == nil:
		return err.Error()
	default:
		return "the engine cannot be reached, or the connection to it broke"
	}
}
