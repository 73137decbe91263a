package faults_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

// TestSIGTERMFinishesTheCommandsInWorkAndARestartGoesOn: a stop that was asked
// for costs nobody a command, and the same clients go on after the next start.
func TestSIGTERMFinishesTheCommandsInWorkAndARestartGoesOn(t *testing.T) {
	const clients, rounds = 12, 3
	s := serve(t, t.TempDir(), "--commands-per-second", "500")
	m := meet(t, s.url(), s.organiser, clients)
	chair := m.chair()
	workers := make([]*client.Live, clients)
	for i := range workers {
		workers[i] = m.delegate(i)
	}
	l := press(t, m, workers, 0)
	l.on()
	for round := range rounds {
		l.more(20)
		if code := s.term(); code != 0 {
			t.Fatalf("the process ended with %d", code)
		}
		if text := s.text(); !strings.Contains(text, "Stopping: commands in work are finished first.") {
			t.Errorf("the process does not say that it stops:\n%s", text)
		}
		if worry := diagnosis(s.text(), `"level":"ERROR"`); worry != "" {
			t.Errorf("an orderly stop is no error:\n%s", worry)
		}
		s.start(t)
		for _, c := range append([]*client.Live{chair}, workers...) {
			connected(t, c, round+1)
		}
	}
	l.more(20)
	l.end()
	log := m.export()
	for _, finding := range proof.Check(log, l.receipts, look(t, chair).Session.PublicKey) {
		t.Error(finding)
	}
	for command, n := range occurrences(t, log) {
		if n != 1 {
			t.Errorf("command %s is %d times in the log", command, n)
		}
	}
	// After an orderly stop the witness knows everything: no start had to warn.
	if warned := diagnosis(s.everything(), "the witness is absent or behind"); warned != "" {
		t.Errorf("the witness was not brought to the disk:\n%s", warned)
	}
}

// TestAFolderIsUsedByOneProcess: the second one says who holds it, and the first
// goes on undisturbed.
func TestAFolderIsUsedByOneProcess(t *testing.T) {
	s := serve(t, t.TempDir())
	m := meet(t, s.url(), s.organiser, 2)
	second := run(t, "second", fairfloor(t), "serve", "--data", s.data, "--address", freeAddress(t))
	if code := second.wait(); code != 1 {
		t.Errorf("the second process ended with %d", code)
	}
	for _, want := range []string{
		"the folder is in use by another process", filepath.Join(s.data, "store"), strconv.Itoa(s.cmd.Process.Pid), "name another folder",
	} {
		if !strings.Contains(second.text(), want) {
			t.Errorf("the second process does not say %q:\n%s", want, second.text())
		}
	}
	m.enlist(m.chair(), 0)
	// A killed process leaves no lock behind.
	s.kill()
	s.start(t)
}

// TestAFolderThatCannotBeWrittenIsNamed: nothing is served from it.
func TestAFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file and no folder")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Root may write into every folder of a disk, but not into the kernel's.
	for name, folder := range map[string]string{"a file": filepath.Join(file, "data"), "a read-only file system": "/proc/sys/fairfloor"} {
		p := run(t, name, fairfloor(t), "serve", "--data", folder, "--address", freeAddress(t))
		if code := p.wait(); code != 1 {
			t.Errorf("%s: it ended with %d", name, code)
		}
		if text := p.text(); !strings.Contains(text, "the folder cannot be written") || !strings.Contains(text, folder) && !strings.Contains(text, file) {
			t.Errorf("%s: it does not say what is wrong with which folder:\n%s", name, text)
		}
	}
}

// TestAnAddressInUseIsNamed: and the folder is free again afterwards.
func TestAnAddressInUseIsNamed(t *testing.T) {
	s := serve(t, t.TempDir())
	p := run(t, "same address", fairfloor(t), "serve", "--data", t.TempDir(), "--address", s.address)
	if code := p.wait(); code != 1 {
		t.Errorf("it ended with %d", code)
	}
	if !strings.Contains(p.text(), s.address) || !strings.Contains(p.text(), syscall.EADDRINUSE.Error()) {
		t.Errorf("it does not name the address:\n%s", p.text())
	}
}

// TestACommandInWorkAtTheEndIsAnsweredOrSentAgain: the answer to every command
// that was sent before the signal comes, from this life or from the next.
func TestACommandInWorkAtTheEndIsAnsweredOrSentAgain(t *testing.T) {
	const clients = 20
	s := serve(t, t.TempDir(), "--commands-per-second", "500")
	m := meet(t, s.url(), s.organiser, clients)
	workers := make([]*client.Live, clients)
	for i := range workers {
		workers[i] = m.delegate(i)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	type result struct {
		receipt command.Receipt
		err     error
	}
	results := make(chan result)
	for i, c := range workers {
		go func() {
			r, err := c.Do(ctx, "join", nil, command.Join{Part: m.part, Applicant: m.applicants[i]})
			results <- result{r, err}
		}()
	}
	first := <-results // some are done, some are in work, some are on their way
	if code := s.term(); code != 0 {
		t.Errorf("the process ended with %d", code)
	}
	s.start(t)
	receipts := []command.Receipt{first.receipt}
	for range clients - 1 {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		receipts = append(receipts, r.receipt)
	}
	places := map[int]bool{}
	for _, r := range receipts {
		places[r.Place] = true
	}
	if len(places) != clients {
		t.Errorf("%d clients got %d different places", clients, len(places))
	}
	for _, finding := range proof.Check(m.export(), receipts, m.view().Session.PublicKey) {
		t.Error(finding)
	}
}
