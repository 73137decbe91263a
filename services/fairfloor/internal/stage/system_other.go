//go:build !linux

package stage

import (
	"errors"
	"os"
	"os/exec"
)

// errSystem says that a stage needs Linux.
var errSystem = errors.New("only on Linux can processes be stopped, partitioned and cut from their power as chaos tests need it")

// The signals that are never sent: Open gives errSystem.
var sigStop, sigCont, sigTerm os.Signal = os.Interrupt, os.Interrupt, os.Interrupt

func supported(Options) error { return errSystem }

func alive(int) bool { return true }

func stands(int) bool { return true }

func endWithParent(*exec.Cmd) {}

func cutPower(string) error { return errSystem }

func occupy(string) error { return errSystem }

func (l *link) within(do func() error) error {
	if l == nil {
		return do()
	}
	return errSystem
}

func (l *link) visit(func() error) error { return errSystem }
