// Package sphinx puts a recogniser behind the vosk-server websocket protocol,
// so that the way from a microphone to captions can be tested and rehearsed
// with real speech, by Debian's pocketsphinx, which a package manager installs.
//
// It is for tests and rehearsals only and is never offered in a real session:
// pocketsphinx gets one word in ten of a synthetic voice wrong, and a third to
// a half of what real speakers say. No service imports it, and the program
// below cmd listens on this machine alone.
//
// Guarantee: each message of audio has exactly one answer, words carry the
// times of the stream, and a connection's decoder hears nobody else.
//
// The decoder is compiled only with the build tag pocketsphinx, where
// libpocketsphinx-dev is installed; the protocol here is compiled always.
package sphinx

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// SampleRate is the only one that the English model takes, in Hz.
const SampleRate = 16_000

// Recogniser hears one stream. It is used by one goroutine.
type Recogniser interface {
	// Hear takes in audio and gives what is heard so far of the present
	// utterance, or all of it when it has ended.
	Hear(samples []int16) (Heard, error)
	// End ends the stream; the Recogniser can then be used for another.
	End() (Heard, error)
}

// Heard is what a recogniser makes of an utterance.
type Heard struct {
	// Final tells that the utterance has ended.
	Final bool
	Text  string
	Words []Word
}

// Word is a word with its place in the stream, in seconds from its beginning.
type Word struct {
	Text       string  `json:"word"`
	Start      float64 `json:"start"`
	End        float64 `json:"end"`
	Confidence float64 `json:"conf"`
}

// Server is the protocol over recognisers that Open makes. They are used again
// by later connections, since loading a model takes a second.
type Server struct {
	// Open makes a recogniser.
	Open func() (Recogniser, error)

	mu   sync.Mutex
	idle []Recogniser
}

// Warm makes a recogniser before the first connection needs it.
func (s *Server) Warm() error {
	r, err := s.take()
	if err != nil {
		return err
	}
	s.give(r)
	return nil
}

func (s *Server) take() (Recogniser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		r := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return r, nil
	}
	return s.Open()
}

func (s *Server) give(r Recogniser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, r)
}

// mostMessage is a minute of audio.
const mostMessage = 60 * SampleRate * 2

// ServeHTTP serves one stream.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer socket.Close()
	socket.SetReadLimit(mostMessage)
	recogniser, err := s.take()
	if err != nil {
		bye(socket, websocket.CloseInternalServerErr, "there is no recogniser")
		return
	}
	err = serve(socket, recogniser)
	if _, ended := recogniser.End(); ended == nil {
		// One that cannot end its utterance is not used again.
		s.give(recogniser)
	}
	var wrong protocolError
	if errors.As(err, &wrong) {
		bye(socket, websocket.ClosePolicyViolation, string(wrong))
	}
}

// protocolError says what a client did wrong.
type protocolError string

func (e protocolError) Error() string { return string(e) }

func bye(socket *websocket.Conn, code int, text string) {
	// The connection ends either way.
	_ = socket.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(code, text))
}

// serve answers each message until the end; nil after {"eof" : 1}.
func serve(socket *websocket.Conn, recogniser Recogniser) error {
	for {
		kind, data, err := socket.ReadMessage()
		if err != nil {
			return err
		}
		if kind == websocket.TextMessage {
			end, err := told(data)
			if err != nil {
				return err
			}
			if !end {
				continue // a configuration has no answer
			}
			heard, err := recogniser.End()
			if err != nil {
				return err
			}
			heard.Final = true
			return socket.WriteJSON(answer(heard))
		}
		if len(data)%2 != 0 {
			return protocolError("a message ends with half a sample")
		}
		samples := make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		heard, err := recogniser.Hear(samples)
		if err != nil {
			return err
		}
		if err := socket.WriteJSON(answer(heard)); err != nil {
			return err
		}
	}
}

// told reads a text message: a configuration or the end.
func told(data []byte) (end bool, err error) {
	var message struct {
		EOF    int `json:"eof"`
		Config *struct {
			SampleRate float64 `json:"sample_rate"`
		} `json:"config"`
	}
	if json.Unmarshal(data, &message) != nil || message.EOF == 0 && message.Config == nil {
		return false, protocolError("a text message is neither a config nor the end")
	}
	if c := message.Config; c != nil && c.SampleRate != 0 && c.SampleRate != SampleRate {
		return false, protocolError(fmt.Sprintf("the sample rate is %d Hz only", SampleRate))
	}
	return message.EOF != 0, nil
}

// answer is the form of an answer: "partial", or "text" with "result" where there are words.
func answer(heard Heard) map[string]any {
	text := strings.Join(strings.Fields(heard.Text), " ")
	switch {
	case !heard.Final:
		return map[string]any{"partial": text}
	case len(heard.Words) == 0:
		return map[string]any{"text": text}
	default:
		return map[string]any{"text": text, "result": heard.Words}
	}
}
