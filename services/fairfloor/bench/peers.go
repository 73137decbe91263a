package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/gorilla/websocket"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/api"
)

// web is the HTTP side that the peers share.
type web struct{ server *http.Server }

func (w *web) listen(handler http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.server = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = w.server.Serve(l) }()
	return "ws://" + l.Addr().String() + "/", nil
}

func (w *web) stop() { _ = w.server.Close() }

// channel is the one that everybody follows.
const channel = "en"

// centrifugal is the library github.com/centrifugal/centrifuge as its own example
// uses it, with JSON, a write buffer pool and subscriptions by the server.
type centrifugal struct {
	web
	node *centrifuge.Node
}

func (c *centrifugal) start(context.Context) (greeting, error) {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError, LogHandler: func(e centrifuge.LogEntry) { slog.Error(e.Message) }})
	if err != nil {
		return greeting{}, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials: &centrifuge.Credentials{}, Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {}},
		}, nil
	})
	if err := node.Run(); err != nil {
		return greeting{}, err
	}
	c.node = node
	url, err := c.listen(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin: func(*http.Request) bool { return true }, ReadBufferSize: 512, UseWriteBufferPool: true,
	}))
	return greeting{URL: url, Hello: []string{`{"id":1,"connect":{}}`}}, err
}

func (c *centrifugal) publish(s api.Segment) error {
	_, err := c.node.Publish(channel, payload(s))
	return err
}

// natsPeer is nats-server's own websocket listener.
type natsPeer struct {
	server *server.Server
	conn   *nats.Conn
}

func (p *natsPeer) start(context.Context) (greeting, error) {
	o := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, MaxConn: 30_000}
	o.Websocket.Host, o.Websocket.Port, o.Websocket.NoTLS = "127.0.0.1", server.RANDOM_PORT, true
	s, err := server.NewServer(o)
	if err != nil {
		return greeting{}, err
	}
	p.server = s
	go s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return greeting{}, errors.New("the NATS server does not start")
	}
	p.conn, err = nats.Connect("", nats.InProcessServer(s))
	return greeting{
		URL: s.WebsocketURL() + "/", Hello: []string{"CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + channel + " 1\r\n"},
	}, err
}

func (p *natsPeer) publish(s api.Segment) error {
	if err := p.conn.Publish(channel, payload(s)); err != nil {
		return err
	}
	return p.conn.Flush()
}

func (p *natsPeer) stop() {
	p.conn.Close()
	p.server.Shutdown()
}

// gorilla is the hub of gorilla/websocket's chat example with prepared messages:
// a goroutine and a channel for each client.
type gorilla struct {
	web
	mu      sync.Mutex
	clients map[chan *websocket.PreparedMessage]struct{}
}

func (g *gorilla) start(context.Context) (greeting, error) {
	g.clients = map[chan *websocket.PreparedMessage]struct{}{}
	upgrader := websocket.Upgrader{ReadBufferSize: 512, WriteBufferPool: &sync.Pool{}}
	url, err := g.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		send := make(chan *websocket.PreparedMessage, 256)
		g.mu.Lock()
		g.clients[send] = struct{}{}
		g.mu.Unlock()
		go func() {
			for m := range send {
				if conn.WritePreparedMessage(m) != nil {
					break
				}
			}
			conn.Close()
		}()
		for {
			if _, _, err := conn.NextReader(); err != nil {
				break
			}
		}
		g.drop(send)
	}))
	return greeting{URL: url}, err
}

func (g *gorilla) drop(send chan *websocket.PreparedMessage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, here := g.clients[send]; here {
		delete(g.clients, send)
		close(send)
	}
}

func (g *gorilla) publish(s api.Segment) error {
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, payload(s))
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for send := range g.clients {
		select {
		case send <- m:
		default:
			// The example's answer to who does not read.
			delete(g.clients, send)
			close(send)
		}
	}
	return nil
}

// raw is the limit: the same bytes, framed once, written to one socket after the
// other, with nobody in between.
type raw struct {
	web
	mu      sync.Mutex
	clients []net.Conn
}

func (p *raw) start(context.Context) (greeting, error) {
	upgrader := websocket.Upgrader{ReadBufferSize: 512, WriteBufferPool: &sync.Pool{}}
	url, err := p.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.clients = append(p.clients, conn.NetConn())
		p.mu.Unlock()
		go func() { _, _ = io.Copy(io.Discard, conn.NetConn()) }()
	}))
	return greeting{URL: url}, err
}

func (p *raw) publish(s api.Segment) error {
	body := payload(s)
	frame := append([]byte{0x81, 126}, binary.BigEndian.AppendUint16(nil, uint16(len(body)))...)
	frame = append(frame, body...)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		// A client that is gone costs its error and nothing else.
		_, _ = c.Write(frame)
	}
	return nil
}

// Every one of them is a peer.
var (
	_ peer = (*centrifugal)(nil)
	_ peer = (*natsPeer)(nil)
	_ peer = (*gorilla)(nil)
	_ peer = (*raw)(nil)
)
