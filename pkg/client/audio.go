package client

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Microphone is one line that takes sound to the operator's speech engine. It
// does not come back by itself: a new one with the same Source in its hello goes
// on where the other was cut.
type Microphone struct {
	conn *websocket.Conn
	done chan struct{}
	mu   sync.Mutex
}

// DialMicrophone connects and says hello; told is called with each frame of the
// server, from one goroutine.
func DialMicrophone(ctx context.Context, base string, session ids.Session, hello api.AudioHello, told func(api.AudioFrame)) (*Microphone, error) {
	dialer := websocket.Dialer{Subprotocols: []string{api.AudioSubprotocol}, HandshakeTimeout: 10 * time.Second}
	address := "ws" + strings.TrimPrefix(strings.TrimSuffix(base, "/"), "http") + "/api/v1/sessions/" + session.String() + "/audio"
	conn, response, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		if response != nil {
			defer func() { _ = response.Body.Close() }()
			return nil, refusal(response)
		}
		return nil, err
	}
	hello.Type, hello.SampleRate = api.FrameHello, api.AudioSampleRate
	m := &Microphone{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(m.done)
		for {
			_, raw, err := conn.ReadMessage()
			if err != nil {
				return
			}
			var frame api.AudioFrame
			if json.Unmarshal(raw, &frame) == nil {
				told(frame)
			}
		}
	}()
	raw, err := json.Marshal(hello)
	if err == nil {
		err = m.write(websocket.TextMessage, raw)
	}
	if err != nil {
		m.Cut()
		return nil, err
	}
	return m, nil
}

func (m *Microphone) write(kind int, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	return m.conn.WriteMessage(kind, data)
}

// Write sends sound: 16-bit little-endian mono PCM at api.AudioSampleRate.
func (m *Microphone) Write(pcm []byte) error { return m.write(websocket.BinaryMessage, pcm) }

// End says that no more sound comes, and returns when the server has closed.
func (m *Microphone) End() error {
	err := m.write(websocket.TextMessage, []byte(`{"type":"`+api.AudioEnd+`"}`))
	select {
	case <-m.done:
	case <-time.After(30 * time.Second):
	}
	m.Cut()
	return err
}

// Cut breaks the line without a word.
func (m *Microphone) Cut() {
	_ = m.conn.Close()
	<-m.done
}
