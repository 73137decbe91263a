package stage

import (
	"os/exec"
	"runtime"
)

// launcher starts all processes from one thread, which lives as long as they do:
// they are told to end when the thread that started them ends, so that nothing
// is left when a test is killed. A member's process begins in its network, since
// the thread is in it for that moment.
type launcher struct {
	orders chan order
	done   chan struct{}
}

type order struct {
	cmd  *exec.Cmd
	link *link
	err  chan error
}

func newLauncher() *launcher {
	l := &launcher{orders: make(chan order), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		// Never unlocked: the thread has been elsewhere, and ends with the goroutine.
		runtime.LockOSThread()
		for o := range l.orders {
			o.err <- o.link.within(func() error {
				endWithParent(o.cmd)
				return o.cmd.Start()
			})
		}
	}()
	return l
}

// start starts a process inside the network behind a link, nil for this process' own.
func (l *launcher) start(cmd *exec.Cmd, in *link) error {
	o := order{cmd, in, make(chan error, 1)}
	l.orders <- o
	return <-o.err
}

// close ends the thread, and with it whatever it started and still runs.
func (l *launcher) close() {
	close(l.orders)
	<-l.done
}
