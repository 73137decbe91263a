package bubble

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/queue"
)

// recorded is a log that can be altered and written anew, with a chain of hashes
// that is whole: what the auditor finds then is not the chain.
type recorded struct {
	incarnation string
	commits     []*events.Commit
	subjects    []string
	sequences   []uint64
}

func record(t *testing.T, raw []eventlog.Raw, incarnation string) *recorded {
	t.Helper()
	r := &recorded{incarnation: incarnation}
	for _, one := range raw {
		c := &events.Commit{}
		if err := json.Unmarshal(one.Body, c); err != nil {
			t.Fatal(err)
		}
		r.commits, r.subjects, r.sequences = append(r.commits, c), append(r.subjects, one.Subject), append(r.sequences, one.Sequence)
	}
	return r
}

// raw writes the log with versions and hashes that fit.
func (r *recorded) raw(t *testing.T) []eventlog.Raw {
	t.Helper()
	type head struct {
		version uint64
		hash    events.Hash
	}
	heads := map[string]head{}
	var all []eventlog.Raw
	for i, c := range r.commits {
		h, begun := heads[r.subjects[i]]
		if !begun {
			h.hash = events.FirstHash(r.subjects[i], r.incarnation)
		}
		c.Version, c.PrevHash = h.version+1, h.hash
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		heads[r.subjects[i]] = head{c.Version, events.HashBody(body)}
		all = append(all, eventlog.Raw{Subject: r.subjects[i], Sequence: r.sequences[i], Body: body})
	}
	return all
}

// drop takes a message out.
func (r *recorded) drop(i int) {
	r.commits, r.subjects, r.sequences = slices.Delete(r.commits, i, i+1), slices.Delete(r.subjects, i, i+1), slices.Delete(r.sequences, i, i+1)
}

// first finds the first event of a type that suits, and its message.
func first[T events.Event](t *testing.T, r *recorded, suits func(T) bool) (int, T) {
	t.Helper()
	for i, c := range r.commits {
		for _, e := range c.Events {
			if e, ok := e.(T); ok && (suits == nil || suits(e)) {
				return i, e
			}
		}
	}
	var none T
	t.Fatalf("the session has no %s to alter", none.Type())
	return 0, none
}

// sampleSession is a short session in which everything happens that alterations
// are made of.
func sampleSession(t *testing.T) ([]eventlog.Raw, string) {
	var raw []eventlog.Raw
	var incarnation string
	logtest.Bubble(t, func(t *testing.T) {
		m := newStack(t, builders()).open(t, agenda{minutes: 30, applicants: 5})
		w := &whole{meeting: m}
		m.must(office, "open_list", command.PartRef{Part: m.item})
		for _, d := range m.delegates {
			m.must(d, "join", command.Join{Part: m.item})
		}
		m.must(office, "close_list", command.CloseList{Part: m.item})
		m.must(chair, "start_session", command.None{})
		m.must(chair, "start_part", command.PartRef{Part: m.item})
		list := w.waiting()
		m.must(m.of(list[1]), "defer", command.EntryRef{Entry: list[1]})
		turn, _ := w.call(4_000)
		sleep(10_000)
		m.must(chair, "pause_turn", command.TurnRef{Turn: turn})
		sleep(5_000)
		m.must(chair, "resume_turn", command.TurnRef{Turn: turn})
		w.speak(95)
		m.must(chair, "suspend", command.None{})
		sleep(7_000)
		m.must(chair, "resume_session", command.None{})
		turn, _ = w.call(3_000) // ends the one before
		w.speak(50)
		m.must(chair, "end", command.TurnRef{Turn: turn})
		sleep(2_000)
		turn, _ = w.call(3_000)
		sleep(12_000)
		m.must(chair, "end", command.TurnRef{Turn: turn})
		sleep(9_000)
		m.must(chair, "adjourn", command.None{})
		m.check()
		var err error
		if raw, incarnation, err = m.stack.raw(m.id); err != nil {
			t.Fatal(err)
		}
	})
	return raw, incarnation
}

// TestTheAuditorFindsFaults alters a sound log in one way at a time. A check that
// cannot fail proves nothing, so each kind of fault is shown to be found.
func TestTheAuditorFindsFaults(t *testing.T) {
	raw, incarnation := sampleSession(t)
	if a := audit(record(t, raw, incarnation).raw(t), incarnation); len(a.faults) > 0 {
		t.Fatalf("written anew the sound log has faults: %v", a.faults)
	}
	for _, tc := range []struct {
		name, kind string
		alter      func(r *recorded)
	}{
		{"a turn whose end is missing: two holders", "holder", func(r *recorded) {
			i, _ := first(t, r, func(e *events.TurnEnded) bool { return e.How == events.Ended })
			r.drop(i)
		}},
		{"a giving without the end of the turn before", "holder", func(r *recorded) {
			i, _ := first(t, r, func(e *events.TurnEnded) bool { return e.How == events.Followed })
			r.commits[i].Events = r.commits[i].Events[1:]
		}},
		{"a turn that ends 1 ms after the next was given", "holder", func(r *recorded) {
			_, e := first(t, r, func(e *events.TurnEnded) bool { return e.How == events.Followed })
			e.EndedAt++
		}},
		{"a turn that overlaps the next by 1 ms", "time", func(r *recorded) {
			_, e := first(t, r, func(e *events.TurnEnded) bool { return e.How == events.Followed })
			e.EndedAt++
		}},
		{"a turn that begins before it is given", "holder", func(r *recorded) {
			_, e := first[*events.TurnBegun](t, r, nil)
			e.BegunAt -= 10_000
		}},
		{"a turn that begins twice", "holder", func(r *recorded) {
			i, e := first[*events.TurnBegun](t, r, nil)
			r.commits[i].Events = append(r.commits[i].Events, e)
		}},
		{"a turn that outlasts the session", "time", func(r *recorded) {
			_, e := first[*events.SessionAdjourned](t, r, nil)
			e.AdjournedAt -= 15_000
		}},
		{"a pause that ends without having begun", "time", func(r *recorded) {
			i, _ := first(t, r, func(e *events.TurnPaused) bool { return e.Cause == events.PausedByChair })
			r.drop(i)
		}},
		{"an entry that joins twice", "place", func(r *recorded) {
			i, e := first[*events.EntryJoined](t, r, nil)
			r.commits[i].Events = append(r.commits[i].Events, e)
		}},
		{"an entry whose joining is lost", "place", func(r *recorded) {
			_, given := first[*events.FloorGiven](t, r, nil)
			i, _ := first(t, r, func(e *events.EntryJoined) bool { return e.Entry == given.Entry })
			r.drop(i)
		}},
		{"an entry that speaks after it has left", "place", func(r *recorded) {
			i, given := first[*events.FloorGiven](t, r, nil)
			r.commits[i].Events = slices.Insert(r.commits[i].Events, 0, events.Event(&events.EntryWithdrawn{Entry: given.Entry}))
		}},
		{"an entry that is forgotten at the adjournment", "place", func(r *recorded) {
			_, e := first[*events.SessionAdjourned](t, r, nil)
			e.NotReached = e.NotReached[1:]
		}},
		{"an entry that is said not to be reached and spoke", "place", func(r *recorded) {
			_, e := first[*events.SessionAdjourned](t, r, nil)
			_, given := first[*events.FloorGiven](t, r, nil)
			e.NotReached[0] = given.Entry
		}},
		{"a clock that was opened twice", "reaction", func(r *recorded) {
			i, e := first[*events.TurnOpened](t, r, nil)
			r.commits[i].Events = append(r.commits[i].Events, e)
		}},
		{"a clock that was never opened", "reaction", func(r *recorded) {
			i, _ := first[*events.TurnOpened](t, r, nil)
			r.drop(i)
		}},
		{"a clock that was opened late", "reaction", func(r *recorded) {
			i, _ := first[*events.TurnOpened](t, r, nil)
			r.commits[i].At++
		}},
		{"a warning that is noted twice", "mark", func(r *recorded) {
			i, e := first[*events.TurnMarked](t, r, nil)
			r.commits[i].Events = append(r.commits[i].Events, e)
		}},
		{"a warning before it is due", "mark", func(r *recorded) {
			_, e := first[*events.TurnMarked](t, r, nil)
			e.Due += 60_000
		}},
		{"a warning for a limit that is over", "mark", func(r *recorded) {
			_, e := first[*events.TurnMarked](t, r, nil)
			e.Epoch++
		}},
		{"a command that stands twice", "command", func(r *recorded) {
			i, _ := first[*events.TurnBegun](t, r, nil)
			r.commits[i].Command = r.commits[0].Command
		}},
		{"a commit that goes back in time", "chain", func(r *recorded) {
			i, _ := first[*events.TurnBegun](t, r, nil)
			r.commits[i].At -= 60_000
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := record(t, raw, incarnation)
			tc.alter(r)
			if a := audit(r.raw(t), incarnation); !a.found(tc.kind) {
				t.Errorf("no fault of the kind %q was found, only %v", tc.kind, a.faults)
			}
		})
	}
}

// TestTheAuditorFindsAlteredBytes: what is changed behind the services' back
// breaks the chain, and a receipt names what is missing.
func TestTheAuditorFindsAlteredBytes(t *testing.T) {
	raw, incarnation := sampleSession(t)
	for name, alter := range map[string]func([]eventlog.Raw) []eventlog.Raw{
		"a bit": func(all []eventlog.Raw) []eventlog.Raw {
			body := slices.Clone(all[4].Body)
			body[len(body)-4] ^= 1
			all[4].Body = body
			return all
		},
		"a message that is missing": func(all []eventlog.Raw) []eventlog.Raw { return slices.Delete(all, 5, 6) },
		"two that changed places": func(all []eventlog.Raw) []eventlog.Raw {
			all[5], all[6] = all[6], all[5]
			return all
		},
		"another stream's log": func(all []eventlog.Raw) []eventlog.Raw {
			incarnation := "another"
			return record(t, all, incarnation).raw(t)
		},
	} {
		if a := audit(alter(slices.Clone(raw)), incarnation); !a.found("chain") {
			t.Errorf("%s: no fault was found", name)
		}
	}
	// The last message of a subject has no successor that would miss it: only who
	// keeps a receipt can tell.
	cut := raw[:len(raw)-1]
	last := raw[len(raw)-1]
	var c events.Commit
	if err := json.Unmarshal(last.Body, &c); err != nil {
		t.Fatal(err)
	}
	kept := &command.Receipt{CommandID: c.Command, Seq: last.Sequence, Subject: last.Subject, Version: c.Version, At: c.At, Hash: events.HashBody(last.Body)}
	a := audit(cut, incarnation)
	if a.found("chain") {
		t.Errorf("the cut log has faults in its chain: %v", a.faults)
	}
	if a.receipts(cut, []*command.Receipt{kept}); !a.found("receipt") {
		t.Error("nobody misses the last message")
	}
}

// broken is the real queue but for one thing: giving the floor does not end the
// turn that has it.
func broken(_ context.Context, p *process.Process) (part, error) {
	service := queue.Service()
	decide := service.Decide
	service.Decide = func(s *session.State, r *command.Request, now clock.Instant) (command.Decision, error) {
		d, err := decide(s, r, now)
		if r.Verb == "next" {
			d.Events = slices.DeleteFunc(d.Events, func(e events.Event) bool { return e.Type() == (&events.TurnEnded{}).Type() })
		}
		return d, err
	}
	return p.Shell(service, nil)
}

// TestABrokenQueueIsFound: the same stack, with three replicas of a queue that
// lets two hold the floor. Guard, chain and fold see nothing wrong with it; the
// auditor does.
func TestABrokenQueueIsFound(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		build := builders()
		build[events.Queue] = broken
		m := newStack(t, build).open(t, agenda{minutes: 30, applicants: 3})
		w := &whole{meeting: m}
		m.must(office, "open_list", command.PartRef{Part: m.item})
		for _, d := range m.delegates {
			m.must(d, "join", command.Join{Part: m.item})
		}
		m.must(chair, "start_session", command.None{})
		m.must(chair, "start_part", command.PartRef{Part: m.item})
		w.call(3_000)
		sleep(20_000)
		turn, _ := w.call(3_000)
		sleep(20_000)
		m.must(chair, "end", command.TurnRef{Turn: turn})
		m.must(chair, "adjourn", command.None{})
		raw, incarnation, err := m.stack.raw(m.id)
		if err != nil {
			t.Fatal(err)
		}
		a := audit(raw, incarnation)
		for _, kind := range []string{"holder", "time"} {
			if !a.found(kind) {
				t.Errorf("two hold the floor, and no fault of the kind %q was found: %v", kind, a.faults)
			}
		}
		if a.found("chain") || a.found("command") {
			t.Errorf("the log itself is sound: %v", a.faults)
		}
	})
}

// TestADifferentStateIsFound: the comparison of states names each field in which
// two differ, however deep.
func TestADifferentStateIsFound(t *testing.T) {
	logtest.Bubble(t, func(t *testing.T) {
		m := newStack(t, builders()).open(t, agenda{minutes: 30, applicants: 2})
		m.must(office, "open_list", command.PartRef{Part: m.item})
		entry := ids.MustParse[ids.Entry](m.must(m.delegates[0], "join", command.Join{Part: m.item}).Made["entry"])
		synctest.Wait()
		for name, alter := range map[string]func(*session.State){
			"state.Queue.Entries": func(s *session.State) { s.Queue.Entries[entry].CheckedIn = true },
			"state.Queue.Lists":   func(s *session.State) { s.Queue.Lists[m.item].Order[0] = ids.New[ids.Entry]() },
			"state.Registry":      func(s *session.State) { s.Registry.Title += "." },
			"state.Timing.Marks":  func(s *session.State) { s.Timing.Marks[events.MarkHardEnd] = 1 },
			"state.Heads":         func(s *session.State) { s.Heads[events.Queue] = session.Head{Sequence: 1} },
			"state.Queue.Undo":    func(s *session.State) { s.Queue.Undo = &session.Undoable{} },
		} {
			one, other := m.fold(), m.fold()
			if found := differ(one, other); len(found) > 0 {
				t.Errorf("two folds of one log differ: %v", found)
			}
			alter(other)
			found := differ(one, other)
			if len(found) == 0 || slices.ContainsFunc(found, func(d string) bool { return !strings.HasPrefix(d, name) }) {
				t.Errorf("%s was altered, and found is %v", name, found)
			}
		}
	})
}
