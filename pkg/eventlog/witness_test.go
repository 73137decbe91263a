package eventlog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/eventlog/logtest"
	"github.com/fairfloor/fairfloor/pkg/events"
)

func head(subject string, version uint64) eventlog.Head {
	return eventlog.Head{Subject: subject, Sequence: 10 * version, Version: version, Hash: events.HashBody([]byte(subject))}
}

func witness(t *testing.T, folder, name string) *eventlog.Witness {
	t.Helper()
	w, err := eventlog.OpenWitness(folder, name, logtest.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// TestWitnessFlushes: within a second by itself, at once when asked or closed.
func TestWitnessFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		path := filepath.Join(folder, "one.ndjson")
		w := witness(t, folder, "one")
		w.Note(head("evt.queue.a", 1))
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if got := lines(t, path); len(got) != 1 || !strings.Contains(got[0], `"version":1`) {
			t.Errorf("after a second: %q", got)
		}
		w.Note(head("evt.queue.a", 2))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := lines(t, path); len(got) != 2 {
			t.Errorf("after a flush: %q", got)
		}
		w.Note(head("evt.queue.a", 3))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := lines(t, path); len(got) != 3 {
			t.Errorf("after the close: %q", got)
		}
		w.Note(head("evt.queue.a", 4))
		if err := w.Flush(); err != nil {
			t.Errorf("a closed witness: %v", err)
		}
	})
}

// TestWitnessReadsAllFiles: each process writes its own file and knows them all;
// lines that cannot be read are left out, wherever they stand.
func TestWitnessReadsAllFiles(t *testing.T) {
	folder := t.TempDir()
	one, two := witness(t, folder, "one"), witness(t, folder, "two")
	one.Note(head("evt.queue.a", 4))
	one.Note(head("evt.queue.b", 1))
	two.Note(head("evt.timing.a", 9))
	for _, w := range []*eventlog.Witness{one, two} {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "one.ndjson")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte("no json\n{}\n"), data...)
	torn = append(torn, `{"subject":"evt.queue.c","sequ`...)
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	again := witness(t, folder, "one")
	if n := again.Len(); n != 3 {
		t.Errorf("%d subjects are known, want 3", n)
	}
	// The own file is written anew, one line for each subject of its own.
	if got := lines(t, path); len(got) != 2 {
		t.Errorf("the file after its rewriting: %q", got)
	}
	if got := lines(t, filepath.Join(folder, "two.ndjson")); len(got) != 1 {
		t.Errorf("another process' file was changed: %q", got)
	}
}

// TestWitnessNeverForgets is a property: whatever is noted in whatever order, over
// several lives, the highest version of each subject is what is known.
func TestWitnessNeverForgets(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		here, err := os.MkdirTemp(folder, "life")
		if err != nil {
			r.Fatal(err)
		}
		highest := map[string]uint64{}
		for range rapid.IntRange(1, 4).Draw(r, "lives") {
			w, err := eventlog.OpenWitness(here, rapid.SampledFrom([]string{"one", "two"}).Draw(r, "process"), logtest.Logger(t))
			if err != nil {
				r.Fatal(err)
			}
			if w.Len() != len(highest) {
				r.Fatalf("%d subjects are known at the start, want %d", w.Len(), len(highest))
			}
			for range rapid.IntRange(0, 10).Draw(r, "notes") {
				h := head(rapid.SampledFrom([]string{"evt.queue.a", "evt.queue.b", "evt.timing.a"}).Draw(r, "subject"),
					rapid.Uint64Range(1, 20).Draw(r, "version"))
				w.Note(h)
				highest[h.Subject] = max(highest[h.Subject], h.Version)
			}
			if err := w.Close(); err != nil {
				r.Fatal(err)
			}
		}
		got := map[string]uint64{}
		files, err := filepath.Glob(filepath.Join(here, "*.ndjson"))
		if err != nil {
			r.Fatal(err)
		}
		for _, path := range files {
			for _, line := range lines(t, path) {
				for subject, version := range highest {
					if strings.Contains(line, subject+`"`) && strings.Contains(line, `"version":`+itoa(version)+`,`) {
						got[subject] = version
					}
				}
			}
		}
		if len(got) != len(highest) {
			r.Fatalf("on the disk %v, noted %v", got, highest)
		}
	})
}

// TestNoWitness: a nil witness is one that knows nothing.
func TestNoWitness(t *testing.T) {
	var w *eventlog.Witness
	w.Note(head("evt.queue.a", 1))
	if w.Len() != 0 || w.Flush() != nil || w.Close() != nil {
		t.Error("a nil witness does something")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := eventlog.OpenWitness(filepath.Join(file, "witness"), "x", nil); err == nil {
		t.Error("a witness below a file was opened")
	}
}
