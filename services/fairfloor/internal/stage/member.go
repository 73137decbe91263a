package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// readyWithin bounds a start: what takes longer on a busy machine is stuck.
	readyWithin = 90 * time.Second
	// stoppedWithin is how long the threads of a stopped process may go on.
	stoppedWithin = 10 * time.Second
	// stopWithin bounds a graceful end: package run's patience, and some more.
	stopWithin = 40 * time.Second
	// againAfter is how long a member that ended unasked stays down.
	againAfter = 500 * time.Millisecond
	// readyEvery is how often a member is asked whether it is ready, and nodeEvery
	// how often a NATS node is, which writes a line each time that it is not.
	readyEvery = 10 * time.Millisecond
	nodeEvery  = 100 * time.Millisecond
)

// member is one process of the stage through all its lives.
type member struct {
	Member
	stage *Stage
	path  string
	args  []string
	// address is the host of all its ports.
	address string
	// ready is the URL that answers with 200 when it is; Redis has none.
	ready string
	// data is its folder, and the place where its disk is mounted.
	data  string
	disk  *disk // nil without Options.Loop
	link  *link // nil without Options.Namespaces
	log   string
	tests bool // it takes the settings for tests of package ordeal

	// mu is held by whoever changes whether it runs.
	mu   sync.Mutex
	skew time.Duration
	life *life // nil when it does not run, and nobody wants it to
}

// life is one start of a member and those that follow it by themselves.
type life struct {
	stopped chan struct{} // closed to say that no other start may follow
	done    chan struct{} // closed when it has ended, and no other start follows

	mu      sync.Mutex
	running *exec.Cmd
	err     error // how the last process ended
}

// prepare makes its folder, and its disk where it has one.
func (m *member) prepare(ctx context.Context) error {
	if err := os.MkdirAll(m.data, 0o755); err != nil {
		return err
	}
	if m.stage.options.Loop && m.Role != Redis {
		m.disk = &disk{image: filepath.Join(m.stage.root, m.Name+".img"), mount: m.data}
		if err := m.disk.make(ctx); err != nil {
			return err
		}
	}
	if m.tests {
		return allowHarm(m.data)
	}
	return nil
}

// start launches the process, unless it runs, and waits until it is ready.
func (m *member) start(ctx context.Context) error {
	if m.life == nil {
		if m.disk != nil {
			if err := m.disk.attach(ctx); err != nil {
				return err
			}
		}
		l := &life{stopped: make(chan struct{}), done: make(chan struct{})}
		if err := m.spawn(l); err != nil {
			return err
		}
		m.life = l
		go m.keep(l)
	}
	return m.await(ctx)
}

// spawn starts one process of a life.
func (m *member) spawn(l *life) error {
	output, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }()
	cmd := exec.Command(m.path, m.args...)
	// One file for both, so that lines keep their order.
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = m.environment()
	if err := m.stage.launch.start(cmd, m.link); err != nil {
		return err
	}
	l.mu.Lock()
	l.running = cmd
	l.mu.Unlock()
	return nil
}

// environment is this process' own without the settings in it, which are not
// meant for the stage, and with those that do harm.
func (m *member) environment() []string {
	all := slices.DeleteFunc(os.Environ(), func(line string) bool { return strings.HasPrefix(line, "FAIRFLOOR_") })
	if m.tests {
		all = append(all, harm(m.skew, m.Role == Serve && m.stage.options.Sync == SyncDefault)...)
	}
	return all
}

// keep starts the process again whenever it ends unasked, until the life is over.
func (m *member) keep(l *life) {
	defer close(l.done)
	for {
		err := l.running.Wait()
		l.mu.Lock()
		l.err = err
		l.mu.Unlock()
		select {
		case <-l.stopped:
			return
		default:
		}
		m.stage.unasked.Lock()
		m.stage.unasked.all = append(m.stage.unasked.all, fmt.Sprintf("%s: %v", m.Name, err))
		m.stage.unasked.Unlock()
		for {
			select {
			case <-l.stopped:
				return
			case <-time.After(againAfter):
			}
			if m.spawn(l) == nil {
				break
			}
		}
		// It may have been ended between the look and the start.
		select {
		case <-l.stopped:
			l.kill()
		default:
		}
	}
}

// kill sends SIGKILL to what runs of a life.
func (l *life) kill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.running.Process.Kill()
}

// end kills the process and waits for its end.
func (m *member) end() {
	if m.life == nil {
		return
	}
	close(m.life.stopped)
	m.life.kill()
	<-m.life.done
	m.life = nil
}

// stop ends the process gracefully.
func (m *member) stop(ctx context.Context) error {
	if m.life == nil {
		return nil
	}
	l := m.life
	close(l.stopped)
	l.mu.Lock()
	err := l.running.Process.Signal(sigTerm)
	l.mu.Unlock()
	limit := time.NewTimer(stopWithin)
	defer limit.Stop()
	m.life = nil
	switch {
	case errors.Is(err, os.ErrProcessDone):
	case err != nil:
		return err
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-limit.C:
		err = fmt.Errorf("it does not end within %s of SIGTERM", stopWithin)
	}
	if err != nil {
		l.kill()
		<-l.done
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil && !m.endsBySignal(l.err) {
		return fmt.Errorf("after SIGTERM: %w:\n%s", l.err, tail(m.stage.Logs(m.Name), 2000))
	}
	return nil
}

// endsBySignal tells nats-server's way of ending: it gives exit code 1 back to
// a SIGTERM that it obeyed.
func (m *member) endsBySignal(err error) bool {
	var exit *exec.ExitError
	return m.Role == NATS && errors.As(err, &exit) && exit.ExitCode() == 1
}

// signal sends a signal to the running process.
func (m *member) signal(which os.Signal) error {
	if m.life == nil {
		return errors.New("it does not run")
	}
	m.life.mu.Lock()
	defer m.life.mu.Unlock()
	return m.life.running.Process.Signal(which)
}

// pause stops the process. The signal is only sent when the call returns: on a busy
// machine its threads may go on for a while.
func (m *member) pause() error {
	if err := m.signal(sigStop); err != nil {
		return err
	}
	for end := time.Now().Add(stoppedWithin); !stands(m.life.running.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("it goes on %s after it was stopped", stoppedWithin)
		}
	}
	return nil
}

// await asks the member until it is ready.
func (m *member) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	every := readyEvery
	if m.Role == NATS {
		every = nodeEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := m.isReady(ctx)
		if err == nil || m.skew != 0 && strings.Contains(err.Error(), "the clock is") {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w:\n%s", ErrNotReady, err, tail(m.stage.Logs(m.Name), 3000))
		}
	}
}

// isReady asks the member once.
func (m *member) isReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if m.Role == Redis {
		conn, err := m.stage.dial(ctx, m, net.JoinHostPort(m.address, redisPort))
		if err != nil {
			return err
		}
		return conn.Close()
	}
	status, body, err := m.get(ctx, m.ready)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answers with status %d: %s", m.ready, status, body)
	}
	return err
}
