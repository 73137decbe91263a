package stage_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// answerWithin is what a member that can answer needs at most, and what is waited
// for an answer that must not come.
const (
	answerWithin = 30 * time.Second
	silence      = 700 * time.Millisecond
)

// door gives a client of a gateway without idle connections.
func door(s *stage.Stage, i int) client.HTTP {
	return client.HTTP{Base: s.Gateways()[i], Token: s.Organiser(), Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// create makes a session and gives its id once it is acknowledged.
func create(t *testing.T, through client.HTTP) (ids.Session, error) {
	t.Helper()
	return createWithin(t, through, answerWithin)
}

// createWithin is create with another patience.
func createWithin(t *testing.T, through client.HTTP, limit time.Duration) (ids.Session, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(inTime(t), limit)
	defer cancel()
	session, now := ids.New[ids.Session](), clock.Of(time.Now())
	_, err := through.Command(ctx, session, "create_session", nil, command.CreateSession{
		Title: "A session on a stage", PlannedStart: now, HardEnd: now.Add(90 * 60_000), Zone: "UTC",
	}, "")
	return session, err
}

// known gives the sessions that a gateway knows of.
func known(t *testing.T, through client.HTTP) map[ids.Session]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(inTime(t), answerWithin)
	defer cancel()
	var list []struct {
		Session ids.Session `json:"session"`
	}
	must(t, through.Do(ctx, http.MethodGet, "/api/v1/sessions", nil, &list))
	all := map[ids.Session]bool{}
	for _, one := range list {
		all[one.Session] = true
	}
	return all
}

// answers reports whether a gateway answers at all within a moment.
func answers(t *testing.T, s *stage.Stage, i int) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(inTime(t), silence)
	defer cancel()
	return door(s, i).Do(ctx, http.MethodGet, "/api/v1/sessions", nil, nil) == nil
}

// TestOneProcessIsKilledStoppedPausedAndStartedAgain: each harm is done when its
// method returns, and what was acknowledged before is there afterwards.
func TestOneProcessIsKilledStoppedPausedAndStartedAgain(t *testing.T) {
	s := open(t, stage.Options{Kind: stage.Single})
	if all := s.Members(); len(all) != 1 || all[0] != (stage.Member{Name: stage.Serve, Role: stage.Serve}) {
		t.Fatalf("members %v", all)
	}
	session, err := create(t, door(s, 0))
	must(t, err)
	for _, harm := range []struct {
		name     string
		do, undo func() error
	}{
		{"killed", func() error { return s.Kill(stage.Serve) }, func() error { return s.Start(inTime(t), stage.Serve) }},
		{"stopped", func() error { return s.Stop(inTime(t), stage.Serve) }, func() error { return s.Start(inTime(t), stage.Serve) }},
		{"paused", func() error { return s.Pause(stage.Serve) }, func() error { return s.Resume(stage.Serve) }},
	} {
		must(t, harm.do())
		if answers(t, s, 0) {
			t.Errorf("%s, and it answers", harm.name)
		}
		must(t, harm.undo())
		if !known(t, door(s, 0))[session] {
			t.Errorf("%s and started again, it does not know the session", harm.name)
		}
	}
	if n := strings.Count(s.Logs(stage.Serve), "Organiser's token"); n != 3 {
		t.Errorf("the lines are of %d lives", n)
	}
	if unasked := s.Unasked(); len(unasked) != 0 {
		t.Errorf("ended unasked: %v", unasked)
	}
}

// TestWhatASingleStageCannotDoIsSaid: no harm is left undone in silence.
func TestWhatASingleStageCannotDoIsSaid(t *testing.T) {
	s := open(t, stage.Options{Kind: stage.Single})
	for name, c := range map[string]struct{ err, want error }{
		"kill a stranger":            {s.Kill("queue-1"), stage.ErrUnknown},
		"isolate without a network":  {s.Isolate(stage.Serve), stage.ErrNamespaces},
		"flush what is no Redis":     {s.Flush(inTime(t), stage.Serve), stage.ErrRedis},
		"power cut without a disk":   {s.PowerCut(inTime(t), stage.Serve), stage.ErrLoop},
		"fill without a disk":        {s.Fill(stage.Serve), stage.ErrLoop},
		"free without a disk":        {s.Free(stage.Serve), stage.ErrLoop},
		"rejoin without a network":   {s.Rejoin(stage.Serve), stage.ErrNamespaces},
		"one of two known and not":   {s.Stop(inTime(t), stage.Serve, "nobody"), stage.ErrUnknown},
		"wrong time for a stranger":  {s.Skew(inTime(t), "nats-1", time.Second), stage.ErrUnknown},
		"start what is not there":    {s.Start(inTime(t), "gateway-3"), stage.ErrUnknown},
		"resume what is not there":   {s.Resume("gateway-3"), stage.ErrUnknown},
		"power off without a disk":   {s.PowerOff(stage.Serve), stage.ErrLoop},
		"pause what is not there is": {s.Pause(""), stage.ErrUnknown},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	// A harm that is refused is not done: it answers, however long that takes.
	known(t, door(s, 0))
	if _, err := s.Leader(inTime(t)); err == nil {
		t.Error("a single process has a leader")
	}
	must(t, s.Kill(stage.Serve))
	if s.Pause(stage.Serve) == nil {
		t.Error("what does not run is paused")
	}
}

// logged reports whether a member of the stage in a folder has written some words.
func logged(dir, words string) bool {
	logs, _ := filepath.Glob(filepath.Join(dir, "*", "logs", "*.log"))
	for _, path := range logs {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), words) {
			return true
		}
	}
	return false
}

// TestAStageThatCannotBeOpenedSaysWhy, and leaves nothing behind.
func TestAStageThatCannotBeOpenedSaysWhy(t *testing.T) {
	folder, err := build()
	must(t, err)
	binary := filepath.Join(folder, "fairfloor")
	for want, o := range map[string]stage.Options{
		"neither":    {Kind: "triple", Binary: binary},
		"sync":       {Kind: stage.Single, Binary: binary, Sync: "sometimes"},
		"not there":  {Kind: stage.Single, Binary: binary + ".none"},
		"/none/nats": {Kind: stage.Cluster, Binary: binary, Services: "/none"},
	} {
		o.Dir = t.TempDir()
		s, err := stage.Open(inTime(t), o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if s != nil {
			must(t, s.Close())
		}
		if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
			t.Errorf("%s: it left %v, %v", want, left, err)
		}
	}
	// A program that ends at once is told of with its own words: Open is given up
	// as soon as they are in the log.
	ctx, cancel := context.WithTimeout(inTime(t), 10*time.Second)
	dir := t.TempDir()
	var watch sync.WaitGroup
	watch.Go(func() {
		for ctx.Err() == nil && !logged(dir, "no-such-flag") {
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
	})
	s, err := stage.Open(ctx, stage.Options{Kind: stage.Single, Binary: binary, Dir: dir, Flags: []string{"--no-such-flag"}})
	cancel()
	watch.Wait()
	if !errors.Is(err, stage.ErrNotReady) || !strings.Contains(err.Error(), "no-such-flag") || s != nil {
		t.Errorf("a flag that nobody knows: %v", err)
	}
}
