package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// child is a peer in its own process.
type child struct {
	greeting
	name  string
	packs bool // its clients offer compression
	cmd   *exec.Cmd
	in    io.WriteCloser
}

// packed after a peer's name says that its clients take compressed messages.
const packed = ", packed"

// begin starts a peer with one processor and further environment.
func begin(ctx context.Context, name string, env ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	name, packs := strings.CutSuffix(name, packed)
	c := &child{name: name, packs: packs, cmd: exec.CommandContext(ctx, self, "serve", name)}
	c.cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if err := json.NewDecoder(out).Decode(&c.greeting); err != nil {
		_ = c.end()
		return nil, fmt.Errorf("%s does not start: %w", name, err)
	}
	return c, nil
}

// end closes the child's input, by which it ends.
func (c *child) end() error { return errors.Join(c.in.Close(), c.cmd.Wait()) }

// publish lets the peer send n messages, at a rate a second or at once, and gives
// the number that the next one will have.
func (c *child) publish(ctx context.Context, n, rate, bytes int) (next int, err error) {
	answer, err := c.ask(ctx, fmt.Sprintf("/publish?n=%d&rate=%d&bytes=%d", n, rate, bytes))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(answer))
}

func (c *child) ask(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Control+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, err
}

// crowd are the clients of one peer: the same for each of them, which is why they
// are not pkg/client. They parse each frame whole and note when it came.
type crowd struct {
	peer      *child
	followers []*follower
	all       sync.WaitGroup
}

type follower struct {
	peer string
	conn *websocket.Conn
	// last is the number after the newest message that came, count how many came.
	last, count atomic.Int64
	mu          sync.Mutex
	times       []time.Duration
	err         error
	// hold, when set, is closed by whoever lets the follower read.
	hold chan struct{}
	line *counted
}

// counted counts what is read from a connection.
type counted struct {
	net.Conn
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// perAddress is how many clients come from one address of the loopback.
const perAddress = 1000

// gather connects n clients, of which the last ones do not read.
func gather(ctx context.Context, peer *child, n, stalled int) (*crowd, error) {
	c := &crowd{peer: peer}
	for i := range n {
		f := &follower{peer: peer.name}
		if i >= n-stalled {
			f.hold = make(chan struct{})
		}
		d := websocket.Dialer{HandshakeTimeout: 30 * time.Second, ReadBufferSize: 1024, WriteBufferSize: 512, NetDialContext: f.dialer(i), EnableCompression: peer.packs}
		if peer.Subprotocol != "" {
			d.Subprotocols = []string{peer.Subprotocol}
		}
		conn, answer, err := d.DialContext(ctx, peer.URL, nil)
		if err != nil {
			if answer != nil {
				err = fmt.Errorf("%s: %w", answer.Status, err)
			}
			c.leave()
			return nil, fmt.Errorf("client %d: %w", i, err)
		}
		f.conn = conn
		c.followers = append(c.followers, f)
		for _, hello := range peer.Hello {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(hello)); err != nil {
				c.leave()
				return nil, err
			}
		}
		c.all.Go(f.read)
	}
	// A message that everybody has says that everybody follows: the first ones may
	// come before the last client's hello was read.
	for {
		next, err := peer.publish(ctx, 1, 0, 419)
		if err != nil {
			c.leave()
			return nil, err
		}
		if c.await(ctx, int64(next), 500*time.Millisecond) == nil {
			break
		}
		if ctx.Err() != nil {
			c.leave()
			return nil, ctx.Err()
		}
	}
	c.forget()
	return c, nil
}

func (f *follower) dialer(i int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i/perAddress))}}
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		f.line = &counted{Conn: conn}
		return f.line, nil
	}
}

// read takes frames until the line ends.
func (f *follower) read() {
	for {
		_, frame, err := f.conn.ReadMessage()
		if err != nil {
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
			return
		}
		came := time.Now()
		if err := f.take(frame, came); err != nil {
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
			return
		}
		if hold := f.held(); hold != nil && f.count.Load() > 0 {
			<-hold
		}
	}
}

func (f *follower) held() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hold
}

// take reads a frame of the peer's protocol.
func (f *follower) take(frame []byte, came time.Time) error {
	switch f.peer {
	case "centrifuge":
		return f.centrifuge(frame, came)
	case "nats":
		return f.nats(frame, came)
	default:
		return f.message(frame, came)
	}
}

// message takes one message as Fairfloor frames it.
func (f *follower) message(frame []byte, came time.Time) error {
	n, sent, err := stamp(frame)
	if errors.Is(err, errNoMessage) {
		return nil // a snapshot, a beat, a clock
	}
	if err != nil {
		return err
	}
	f.last.Store(int64(n + 1))
	f.count.Add(1)
	f.mu.Lock()
	f.times = append(f.times, came.Sub(sent))
	f.mu.Unlock()
	return nil
}

// centrifuge takes replies and pushes, one a line; an empty one is a ping.
func (f *follower) centrifuge(frame []byte, came time.Time) error {
	for line := range bytes.SplitSeq(frame, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var reply struct {
			ID    int                       `json:"id"`
			Error *struct{ Message string } `json:"error"`
			Push  *struct {
				Pub *struct {
					Data json.RawMessage `json:"data"`
				} `json:"pub"`
			} `json:"push"`
		}
		if err := json.Unmarshal(line, &reply); err != nil {
			return err
		}
		switch {
		case reply.Error != nil:
			return errors.New("centrifuge: " + reply.Error.Message)
		case reply.Push != nil && reply.Push.Pub != nil:
			if err := f.message(reply.Push.Pub.Data, came); err != nil {
				return err
			}
		case reply.ID == 0 && reply.Push == nil:
			if err := f.conn.WriteMessage(websocket.TextMessage, []byte("{}")); err != nil {
				return err
			}
		}
	}
	return nil
}

// nats takes the lines of the NATS protocol: a frame has whole ones.
func (f *follower) nats(frame []byte, came time.Time) error {
	for len(frame) > 0 {
		line, rest, whole := bytes.Cut(frame, []byte("\r\n"))
		if !whole {
			return fmt.Errorf("nats: half a line: %.60q", frame)
		}
		frame = rest
		switch {
		case bytes.HasPrefix(line, []byte("MSG ")):
			fields := bytes.Fields(line)
			n, err := strconv.Atoi(string(fields[len(fields)-1]))
			if err != nil || len(frame) < n+2 {
				return fmt.Errorf("nats: %q with %d bytes behind it", line, len(frame))
			}
			if err := f.message(frame[:n], came); err != nil {
				return err
			}
			frame = frame[n+2:]
		case bytes.HasPrefix(line, []byte("PING")):
			if err := f.conn.WriteMessage(websocket.BinaryMessage, []byte("PONG\r\n")); err != nil {
				return err
			}
		case bytes.HasPrefix(line, []byte("-ERR")):
			return errors.New("nats: " + string(line))
		}
	}
	return nil
}

// await returns when every client that reads has the message before next.
func (c *crowd) await(ctx context.Context, next int64, within time.Duration) error {
	end := time.Now().Add(within)
	for _, f := range c.followers {
		for f.last.Load() < next && f.held() == nil {
			f.mu.Lock()
			err := f.err
			f.mu.Unlock()
			if err != nil {
				return fmt.Errorf("%s: a client lost its line: %w", c.peer.name, err)
			}
			if time.Now().After(end) {
				return fmt.Errorf("%s: a client has no message %d after %s", c.peer.name, next-1, within)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond):
			}
		}
	}
	return nil
}

// forget empties what was measured so far.
func (c *crowd) forget() {
	for _, f := range c.followers {
		f.mu.Lock()
		f.times = nil
		f.mu.Unlock()
	}
}

// times gives the latencies at those who read.
func (c *crowd) times() []time.Duration {
	var all []time.Duration
	for _, f := range c.followers {
		f.mu.Lock()
		if f.hold == nil {
			all = append(all, f.times...)
		}
		f.mu.Unlock()
	}
	return all
}

// delivered counts the messages that came so far to those who read.
func (c *crowd) delivered() (n int64) {
	for _, f := range c.followers {
		if f.held() == nil {
			n += f.count.Load()
		}
	}
	return n
}

// backlog lets those who did not read do so, and gives the most bytes that any had
// to read until it had the message before next: what waited in server and kernels.
func (c *crowd) backlog(next int64) (most int64) {
	for _, f := range c.followers {
		hold := f.held()
		if hold == nil {
			continue
		}
		before := f.line.n.Load()
		f.mu.Lock()
		f.hold = nil
		f.mu.Unlock()
		close(hold)
		for end := time.Now().Add(30 * time.Second); f.last.Load() < next && time.Now().Before(end); time.Sleep(time.Millisecond) {
			f.mu.Lock()
			gone := f.err != nil
			f.mu.Unlock()
			if gone {
				break // it was given up, and has read what was on its way
			}
		}
		most = max(most, f.line.n.Load()-before)
	}
	return most
}

// read counts the bytes that came so far.
func (c *crowd) read() (n int64) {
	for _, f := range c.followers {
		n += f.line.n.Load()
	}
	return n
}

// leave closes every client and waits for it.
func (c *crowd) leave() {
	for _, f := range c.followers {
		f.conn.Close()
		if hold := f.held(); hold != nil {
			f.mu.Lock()
			f.hold = nil
			f.mu.Unlock()
			close(hold)
		}
	}
	c.all.Wait()
}
