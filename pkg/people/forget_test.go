package people_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Decisions 33: after a change the earlier text is in no file, after an erasure
// neither value is, while the server runs and after it stopped.
func TestErasedTextIsInNoFile(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	w, bystander := newWho(), newWho()
	old, present, other := "Quetzalcoatl Oldname", "Quetzalcoatl Newname", "Bystander Unchanged"
	putPerson(t, s, w, people.Person{Name: old})
	otherDigest := putPerson(t, s, bystander, people.Person{Name: other})
	b.wantFiles("after the first value", old, true)
	d := putPerson(t, s, w, people.Person{Name: present})
	b.wantFiles("before the commit", old, true)
	settle(t, s, w.key(), d)
	b.wantFiles("after the change", old, false)
	b.wantFiles("after the change", present, true)

	done, err := s.Erase(t.Context(), w.key())
	if err != nil {
		t.Fatal(err)
	}
	if done.Key != w.key() || done.Mark == 0 || done.Replicas != 1 || len(done.Sequences) != 2 {
		t.Errorf("done: %+v; want the value and the mark of the change overwritten", done)
	}
	for _, text := range []string{old, present} {
		b.wantFiles("after the erasure", text, false)
	}
	if _, err := s.GetPerson(t.Context(), w.session, w.id, d); !errors.Is(err, people.ErrErased) || !problem.Is(err, problem.NotFound) {
		t.Errorf("reading what was erased: %v", err)
	}
	if _, err := s.PutPerson(t.Context(), w.session, w.id, ids.New[ids.Command](), people.Person{Name: old}); !problem.Is(err, problem.WrongState) {
		t.Errorf("writing what was erased: %v", err)
	}
	again, err := s.Erase(t.Context(), w.key())
	if err != nil || len(again.Sequences) != 0 || again.Mark != done.Mark {
		t.Errorf("erasing again: %+v, %v", again, err)
	}
	b.halt()
	for _, text := range []string{old, present} {
		b.wantFiles("after the stop", text, false)
	}
	b.wantFiles("after the stop", other, true)

	b.start()
	s = b.open(people.Config{})
	if got, err := s.GetPerson(t.Context(), bystander.session, bystander.id, otherDigest); err != nil || got.Name != other {
		t.Errorf("a bystander after the restart: %+v, %v", got, err)
	}
	if _, err := s.GetPerson(t.Context(), w.session, w.id, d); !errors.Is(err, people.ErrErased) {
		t.Errorf("what was erased after the restart: %v", err)
	}
}

// The server writes its files in blocks of some megabytes and treats the last
// one apart; long texts in an earlier block must go as well.
func TestErasureReachesEarlierBlocks(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	session := ids.New[ids.Session]()
	const texts = 40
	all, markers := make([]ids.Text, texts), make([]string, texts)
	for i := range all {
		all[i], markers[i] = ids.New[ids.Text](), fmt.Sprintf("%03d-is-my-number", i)
		text := people.StatementText{Text: strings.Repeat("lorem ipsum ", 20000) + markers[i]}
		if _, err := s.PutText(t.Context(), session, all[i], ids.New[ids.Command](), text); err != nil {
			t.Fatal(err)
		}
	}
	before := b.files(markers...)
	if slices.Equal(before[markers[0]], before[markers[texts-1]]) {
		t.Fatalf("all texts lie in one file: %v", before[markers[0]])
	}
	// The first and one within the first block, those around the border, the last.
	erased := []int{0, 11, 33, 34, 35, texts - 1}
	for _, i := range erased {
		if _, err := s.Erase(t.Context(), people.TextKey(session, all[i])); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		t.Helper()
		after := b.files(markers...)
		for i, marker := range markers {
			if there := len(after[marker]) > 0; there == slices.Contains(erased, i) {
				t.Errorf("%s: text %d is in %v", when, i, after[marker])
			}
		}
	}
	check("after the erasure")
	b.halt()
	check("after the stop")
}

func TestErasingWhatWasNeverWrittenClosesIt(t *testing.T) {
	s := newBench(t).open(people.Config{})
	w := newWho()
	if done, err := s.Erase(t.Context(), w.key()); err != nil || len(done.Sequences) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := s.PutPerson(t.Context(), w.session, w.id, ids.New[ids.Command](), people.Person{Name: "Late"}); !problem.Is(err, problem.WrongState) {
		t.Errorf("a value that was on its way: %v", err)
	}
}

func TestSettle(t *testing.T) {
	s := newBench(t).open(people.Config{})
	w := newWho()
	d1 := putPerson(t, s, w, people.Person{Name: "First"})
	d2 := putPerson(t, s, w, people.Person{Name: "Second"})
	d3 := putPerson(t, s, w, people.Person{Name: "Third"})
	has := func(d events.Hash) bool {
		_, err := s.GetPerson(t.Context(), w.session, w.id, d)
		if err != nil && !problem.Is(err, problem.NotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	want := func(when string, wanted ...bool) {
		t.Helper()
		if got := []bool{has(d1), has(d2), has(d3)}; !slices.Equal(got, wanted) {
			t.Errorf("%s: held %v, want %v", when, got, wanted)
		}
	}
	want("before", true, true, true)
	settle(t, s, w.key(), d2)
	// The third value is of a command that may be about to be committed.
	want("after the second was committed", false, true, true)
	settle(t, s, w.key(), d2)
	settle(t, s, w.key(), d1)
	want("after repetitions", false, true, true)
	settle(t, s, w.key(), d3)
	want("after the third was committed", false, false, true)
	if err := s.Settle(t.Context(), w.key(), events.Hash{9}); !problem.Is(err, problem.NotFound) {
		t.Errorf("settling on a value that never was: %v", err)
	}
	if _, err := s.Erase(t.Context(), w.key()); err != nil {
		t.Fatal(err)
	}
	settle(t, s, w.key(), d3)
	want("after the erasure", false, false, false)
}

func TestSweep(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	s := b.open(people.Config{Now: func() time.Time { return now }})
	kept, orphan, replaced, erased := newWho(), newWho(), newWho(), newWho()
	committed := map[events.Hash]bool{}
	commit := func(d events.Hash) events.Hash { committed[d] = true; return d }
	keptDigest := commit(putPerson(t, s, kept, people.Person{Name: "Kept Person"}))
	putPerson(t, s, kept, people.Person{Name: "Refused Change"})
	putPerson(t, s, orphan, people.Person{Name: "Refused Person"})
	putPerson(t, s, replaced, people.Person{Name: "Replaced Person"})
	replacedDigest := commit(putPerson(t, s, replaced, people.Person{Name: "Replacing Person"}))
	putPerson(t, s, erased, people.Person{Name: "Erased Person"})
	if _, err := s.Erase(t.Context(), erased.key()); err != nil {
		t.Fatal(err)
	}
	ask := func(_ people.Key, d events.Hash) bool { return committed[d] }

	young, err := s.Sweep(t.Context(), people.OrphanAge, ask)
	if err != nil || len(young.Swept) != 0 || young.Keys != 4 || young.Messages != 6 {
		t.Fatalf("before a day has passed: %+v, %v", young, err)
	}
	now = now.Add(people.OrphanAge + time.Minute)
	old, err := s.Sweep(t.Context(), people.OrphanAge, ask)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []who{kept, orphan, replaced} {
		if !slices.Contains(old.Swept, w.key()) {
			t.Errorf("nothing was swept of %s", w.key())
		}
	}
	if len(old.Swept) != 3 || len(old.Unreadable) != 0 {
		t.Errorf("swept %+v", old)
	}
	for text, there := range map[string]bool{
		"Kept Person": true, "Refused Change": false, "Refused Person": false, "Replaced Person": false, "Replacing Person": true, "Erased Person": false,
	} {
		b.wantFiles("after the sweep", text, there)
	}
	if _, err := s.GetPerson(t.Context(), kept.session, kept.id, keptDigest); err != nil {
		t.Errorf("the kept person: %v", err)
	}
	if _, err := s.GetPerson(t.Context(), replaced.session, replaced.id, replacedDigest); err != nil {
		t.Errorf("the replacing person: %v", err)
	}
	if _, err := s.PutPerson(t.Context(), orphan.session, orphan.id, ids.New[ids.Command](), people.Person{Name: "Back"}); !problem.Is(err, problem.WrongState) {
		t.Errorf("an orphan's key can be written again: %v", err)
	}
	if again, err := s.Sweep(t.Context(), people.OrphanAge, ask); err != nil || len(again.Swept) != 0 {
		t.Errorf("sweeping again: %+v, %v", again, err)
	}
}

// An erasure whose process died between the mark and the overwriting: nobody
// can read the value any more, and the next sweep finishes it at any age.
func TestSweepFinishesAnInterruptedErasure(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	w := newWho()
	d := putPerson(t, s, w, people.Person{Name: "Half Erased"})
	if _, err := b.js().Publish(t.Context(), w.key().String(), []byte(`{"v":1,"mark":{"erased":true}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetPerson(t.Context(), w.session, w.id, d); !errors.Is(err, people.ErrErased) {
		t.Errorf("reading it: %v", err)
	}
	b.wantFiles("before the sweep", "Half Erased", true)
	report, err := s.Sweep(t.Context(), people.OrphanAge, func(people.Key, events.Hash) bool { return true })
	if err != nil || !slices.Equal(report.Swept, []people.Key{w.key()}) {
		t.Fatalf("%+v, %v", report, err)
	}
	b.wantFiles("after the sweep", "Half Erased", false)
}

func TestDamagedRecordsAreNamedAndCanBeErased(t *testing.T) {
	b := newBench(t)
	s := b.open(people.Config{})
	for name, body := range map[string]string{
		"no JSON": "Damaged Secret", "another version": `{"v":2,"value":"Damaged Secret"}`,
		"a wrong digest": `{"v":1,"salt":"AAAA","value":{"name":"Damaged Secret"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWho()
			if _, err := b.js().Publish(t.Context(), w.key().String(), []byte(body)); err != nil {
				t.Fatal(err)
			}
			report, err := s.Sweep(t.Context(), people.OrphanAge, func(people.Key, events.Hash) bool { return true })
			if err != nil || !slices.Contains(report.Unreadable, w.key()) {
				t.Fatalf("%+v, %v", report, err)
			}
			faults := make(chan error, 8)
			cache, err := s.Watch(t.Context(), people.WatchConfig{OnFault: func(err error) { faults <- err }})
			if err != nil {
				t.Fatal(err)
			}
			defer cache.Close()
			select {
			case err := <-faults:
				if strings.Contains(err.Error(), "Secret") {
					t.Errorf("the fault repeats the value: %v", err)
				}
			default:
				t.Error("the cache reported no fault")
			}
			b.wantFiles("before", "Damaged Secret", true)
			if _, err := s.Erase(t.Context(), w.key()); err != nil {
				t.Fatal(err)
			}
			b.wantFiles("after", "Damaged Secret", false)
		})
	}
}

func TestErasureWinsAgainstWriters(t *testing.T) {
	b := newBench(t)
	w := newWho()
	eraser := b.open(people.Config{})
	var wait sync.WaitGroup
	for range 4 {
		s := b.open(people.Config{})
		wait.Go(func() {
			for range 5 {
				_, err := s.PutPerson(context.Background(), w.session, w.id, ids.New[ids.Command](), people.Person{Name: "Racing Person"})
				if err != nil && !problem.Is(err, problem.WrongState) && !problem.Is(err, problem.Busy) {
					t.Error(err)
				}
			}
		})
	}
	var err error
	for range 50 {
		if _, err = eraser.Erase(t.Context(), w.key()); !problem.Is(err, problem.Busy) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	b.wantFiles("after the race", "Racing Person", false)
}
