package faults_test

import (
	"bufio"
	"context"
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
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests: what takes longer on a busy machine
// is stuck.
const patience = 60 * time.Second

// proc is a running program with all that it writes.
type proc struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it is over and its output is read

	mu      sync.Mutex
	out     []string
	changed chan struct{}
	err     error
}

// run starts a program. It is killed at the end of the test if it still runs.
func run(t *testing.T, name, path string, args ...string) *proc {
	t.Helper()
	p := &proc{t: t, name: name, cmd: exec.Command(path, args...), done: make(chan struct{}), changed: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// One pipe for both, so that lines keep their order.
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	_ = writer.Close()
	go func() {
		defer close(p.done)
		lines := bufio.NewReader(reader)
		for {
			line, err := lines.ReadString('\n')
			if line != "" {
				p.mu.Lock()
				p.out = append(p.out, strings.TrimSuffix(line, "\n"))
				close(p.changed)
				p.changed = make(chan struct{})
				p.mu.Unlock()
			}
			if err != nil {
				break
			}
		}
		_ = reader.Close()
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", name, last(p.text(), 6000))
		}
	})
	return p
}

// last gives the end of a text.
func last(text string, bytes int) string { return text[max(0, len(text)-bytes):] }

// kill ends the process as a power cut would, and waits for its end.
func (p *proc) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// term asks the process to stop and gives its exit code.
func (p *proc) term() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return p.wait()
}

// wait gives the exit code of a process that ends by itself.
func (p *proc) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
	var exit *exec.ExitError
	switch {
	case p.err == nil:
		return 0
	case errors.As(p.err, &exit):
		return exit.ExitCode()
	default:
		p.t.Fatalf("%s: %v", p.name, p.err)
		return -1
	}
}

// text gives everything written so far.
func (p *proc) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.out, "\n")
}

// line waits for a line with the prefix and gives it with those behind it.
func (p *proc) line(prefix string) []string {
	p.t.Helper()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		out, changed := p.out, p.changed
		p.mu.Unlock()
		for i, line := range out {
			if strings.HasPrefix(line, prefix) {
				return out[i:]
			}
		}
		select {
		case <-changed:
		case <-p.done:
			// What was written last may have come between the look and the end.
			if text := p.text(); !strings.Contains("\n"+text, "\n"+prefix) {
				p.t.Fatalf("%s ended without a line %q:\n%s", p.name, prefix, last(text, 3000))
			}
		case <-limit:
			p.t.Fatalf("%s does not write a line %q:\n%s", p.name, prefix, last(p.text(), 3000))
		}
	}
}

// server is `fairfloor serve` on a data folder. It can be ended and started
// again at the same address.
type server struct {
	*proc
	data, address string
	flags         []string
	// organiser is a token for every session.
	organiser string
	// earlier is what its earlier lives wrote.
	earlier strings.Builder
}

// serve starts everything in one process and returns when it is ready.
func serve(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	s := &server{data: data, address: freeAddress(t), flags: flags}
	s.start(t)
	return s
}

func (s *server) args() []string {
	return append([]string{"serve", "--data", s.data, "--address", s.address}, s.flags...)
}

// start starts it again on the same folder and address.
func (s *server) start(t *testing.T) {
	t.Helper()
	if s.proc != nil {
		s.earlier.WriteString(s.text())
	}
	s.proc = run(t, "serve", fairfloor(t), s.args()...)
	s.line("Organiser's token")
	limit := time.Now().Add(patience)
	for lines := s.line("Organiser's token"); len(lines) < 2; lines = s.line("Organiser's token") {
		if time.Now().After(limit) {
			t.Fatal("no token follows")
		}
		time.Sleep(time.Millisecond)
	}
	s.organiser = s.line("Organiser's token")[1]
}

// everything is what the process wrote in all its lives.
func (s *server) everything() string { return s.earlier.String() + s.text() }

func (s *server) url() string { return "http://" + s.address }

// metric reads one metric without labels from /metrics.
func (s *server) metric(name string) float64 {
	s.t.Helper()
	_, text := get(s.t, http.DefaultClient, s.url()+"/metrics")
	for line := range strings.SplitSeq(text, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return number
		}
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

// get gives status and body of an address.
func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true // no idle connection is left behind
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// until asks again and again until an answer is true; the tests' only wait for
// what tells nobody of its end.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.Now().Add(patience)
	for !is() {
		if time.Now().After(limit) {
			t.Fatalf("it never came true that %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// freeAddress gives an address of this machine for a process that must be found
// there again after a restart. Its port is below those that the kernel gives to
// outgoing connections: one of those could be taken while the process is down,
// even by a client that tries to reach it.
func freeAddress(t *testing.T) string {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for ; ports.next < 32_000; ports.next++ {
		address := fmt.Sprintf("127.0.0.1:%d", ports.next)
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		_ = listener.Close()
		ports.next++
		return address
	}
	t.Fatal("no port is free")
	return ""
}

// ports begins elsewhere in each test process, so that two do not meet.
var ports = struct {
	sync.Mutex
	next int
}{next: 20_000 + os.Getpid()%100*100}

// timeout gives a context for one step of a test.
func timeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
