package stage_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// write writes a file, and brings it to the disk where asked.
func write(t *testing.T, path, text string, sync bool) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	_, err = file.WriteString(text)
	must(t, err)
	if sync {
		must(t, file.Sync())
	}
	must(t, file.Close())
}

// TestAPowerCutKeepsWhatWasSyncedAndLosesWhatWasNot: otherwise the cut is blind.
// A kill alone keeps both, since the system still has them.
func TestAPowerCutKeepsWhatWasSyncedAndLosesWhatWasNot(t *testing.T) {
	s := open(t, stage.Options{Kind: stage.Single, Loop: true})
	session, err := create(t, door(s, 0))
	must(t, err)
	path := func(name string) string { return filepath.Join(s.Folder(stage.Serve), name) }
	harms := map[string]func() error{
		"kill": func() error { must(t, s.Kill(stage.Serve)); return s.Start(inTime(t), stage.Serve) },
		"power cut": func() error {
			// Someone has it open for a moment, as a process does that is being started.
			held, err := os.Open(path(""))
			must(t, err)
			time.AfterFunc(300*time.Millisecond, func() { _ = held.Close() })
			return s.PowerCut(inTime(t), stage.Serve)
		},
	}
	for _, harm := range []string{"kill", "power cut"} {
		write(t, path(harm+" synced"), "synced", true)
		write(t, path(harm+" grown"), "synced", true)
		write(t, path(harm+" grown"), " and not", false)
		write(t, path(harm+" not"), "not", false)
		must(t, harms[harm]())
		for name, want := range map[string]string{" synced": "synced", " grown": "synced", " not": ""} {
			if harm == "kill" {
				want = map[string]string{" synced": "synced", " grown": "synced and not", " not": "not"}[name]
			}
			text, err := os.ReadFile(path(harm + name))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
			if string(text) != want {
				t.Errorf("after the %s the file%s holds %q, want %q", harm, name, text, want)
			}
		}
		if !known(t, door(s, 0))[session] {
			t.Errorf("after the %s the session is not known", harm)
		}
	}
}

// TestTheNegativeControlLosesWhatWasAcknowledgedAndAlwaysDoesNot: sessions are
// made and acknowledged right before the power goes.
func TestTheNegativeControlLosesWhatWasAcknowledgedAndAlwaysDoesNot(t *testing.T) {
	const sessions = 5
	for _, sync := range []string{stage.SyncAlways, stage.SyncDefault} {
		s := open(t, stage.Options{Kind: stage.Single, Loop: true, Sync: sync})
		var made []ids.Session
		for range sessions {
			session, err := create(t, door(s, 0))
			must(t, err)
			made = append(made, session)
		}
		kept := 0
		err := s.PowerCut(inTime(t), stage.Serve)
		if err == nil {
			there := known(t, door(s, 0))
			for _, session := range made {
				if there[session] {
					kept++
				}
			}
		}
		switch {
		case sync == stage.SyncAlways && (err != nil || kept != sessions):
			t.Errorf("sync always: %d of %d acknowledged sessions are there: %v", kept, sessions, err)
		case sync == stage.SyncDefault && err == nil && kept == sessions:
			t.Errorf("the negative control lost nothing: the power cut is blind")
		}
		t.Logf("sync %s: %d of %d acknowledged sessions are there; %v", sync, kept, sessions, err)
	}
}

// TestAFullDiskTakesNothingUntilItIsFreed: what is acknowledged meanwhile, if
// anything is, is there afterwards.
func TestAFullDiskTakesNothingUntilItIsFreed(t *testing.T) {
	s := open(t, stage.Options{Kind: stage.Single, Loop: true})
	before, err := create(t, door(s, 0))
	must(t, err)
	must(t, s.Fill(stage.Serve))
	path := filepath.Join(s.Folder(stage.Serve), "one more")
	if err := os.WriteFile(path, make([]byte, 8192), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a file on the full disk: %v", err)
	}
	must(t, os.Remove(path))
	acknowledged := []ids.Session{before}
	refused := 0
	for range 3 {
		session, err := createWithin(t, door(s, 0), time.Second)
		if err == nil {
			acknowledged = append(acknowledged, session)
			continue
		}
		refused++
	}
	must(t, s.Free(stage.Serve))
	write(t, path, "there is room", true)
	must(t, s.Kill(stage.Serve))
	must(t, s.Start(inTime(t), stage.Serve))
	there := known(t, door(s, 0))
	for _, session := range acknowledged {
		if !there[session] {
			t.Errorf("session %s was acknowledged and is not there", session)
		}
	}
	if _, err := create(t, door(s, 0)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	t.Logf("%d of 3 commands were not acknowledged while the disk was full", refused)
}
