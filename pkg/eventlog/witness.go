package eventlog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
)

// Head is the last commit of a subject.
type Head struct {
	Subject string `json:"subject"`
	// Sequence is the commit's sequence in the stream.
	Sequence uint64 `json:"sequence"`
	// Version counts the subject's commits from 1.
	Version uint64 `json:"version"`
	// Hash is the hash of the stored body.
	Hash events.Hash `json:"hash"`
}

// Witness remembers the heads of subjects in a folder beside the store, so that
// a store that lost its end shows it (decisions.md 32). It is written after the
// acknowledgement and never before: it may be behind the log and is never ahead
// of it. Each process writes a file of its own and reads those of all.
//
// A nil Witness knows nothing and takes notes of nothing.
type Witness struct {
	log  *slog.Logger
	path string

	mu      sync.Mutex
	heads   map[string]Head
	file    *os.File
	out     *bufio.Writer
	pending *time.Timer
	closed  bool
	damaged int
	tell    func(Head)
}

// flushEvery is how long a note may wait until it is on the disk.
const flushEvery = time.Second

// OpenWitness reads the heads that all files of the folder know and opens the
// file name.ndjson for the notes of this process. A line that cannot be read is
// left out with a warning: it is torn by a crash or damaged, and another file or
// an earlier line may know the subject.
func OpenWitness(folder, name string, log *slog.Logger) (*Witness, error) {
	if log == nil {
		log = slog.Default()
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("the witness's folder: %w", err)
	}
	w := &Witness{log: log, path: filepath.Join(folder, name+".ndjson"), heads: map[string]Head{}}
	files, err := filepath.Glob(filepath.Join(folder, "*.ndjson"))
	if err != nil {
		return nil, err
	}
	own := map[string]Head{}
	for _, path := range files {
		heads, err := w.read(path)
		if err != nil {
			return nil, fmt.Errorf("reading the witness: %w", err)
		}
		for _, h := range heads {
			keep(w.heads, h)
			if path == w.path {
				keep(own, h)
			}
		}
	}
	if w.damaged > 0 {
		log.Warn("the witness has lines that cannot be read; they are left out", "folder", folder, "lines", w.damaged)
	}
	if err := w.rewrite(own); err != nil {
		return nil, fmt.Errorf("writing the witness: %w", err)
	}
	return w, nil
}

// keep keeps the higher version.
func keep(heads map[string]Head, h Head) {
	if h.Version > heads[h.Subject].Version {
		heads[h.Subject] = h
	}
}

// read gives the heads of one file in their order.
func (w *Witness) read(path string) ([]Head, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var heads []Head
	for line := range bytes.Lines(data) {
		var h Head
		if json.Unmarshal(line, &h) != nil || h.Subject == "" || h.Version == 0 {
			w.damaged++
			continue
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// rewrite replaces the file by one line for each subject and keeps it open. The
// new file takes the old one's name only when it is on the disk.
func (w *Witness) rewrite(heads map[string]Head) error {
	next := w.path + ".new"
	file, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w.file, w.out = file, bufio.NewWriterSize(file, 64<<10)
	for _, subject := range slices.Sorted(maps.Keys(heads)) {
		w.write(heads[subject])
	}
	if err := errors.Join(w.out.Flush(), file.Sync()); err != nil {
		return errors.Join(err, file.Close())
	}
	return os.Rename(next, w.path)
}

// write adds a line to the buffer; a failed write stays in the writer and shows
// at the next flush.
func (w *Witness) write(h Head) {
	line, err := json.Marshal(h)
	if err == nil {
		_, _ = w.out.Write(append(line, '\n'))
	}
}

// Note takes down a head after its acknowledgement. It reaches the disk within
// a second, or with Flush or Close.
func (w *Witness) Note(h Head) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || h.Version <= w.heads[h.Subject].Version {
		return
	}
	w.heads[h.Subject] = h
	w.write(h)
	if w.tell != nil {
		w.tell(h)
	}
	// A timer instead of a goroutine: an idle process does nothing.
	if w.pending == nil {
		w.pending = time.AfterFunc(flushEvery, func() {
			if err := w.Flush(); err != nil {
				w.log.Error("the witness cannot be written", "error", err)
			}
		})
	}
}

// Learn takes in what another witness knows (package witness), before a log is
// opened: what is higher counts. It is not written to the file, so that each
// witness keeps saying what it saw itself.
func (w *Witness) Learn(heads ...Head) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range heads {
		keep(w.heads, h)
	}
}

// Tell has each new note told on, in order. tell must not wait: a command does.
func (w *Witness) Tell(tell func(Head)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell = tell
}

// Flush brings all notes to the disk.
func (w *Witness) Flush() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	return w.flush()
}

// flush is called with the lock held.
func (w *Witness) flush() error {
	if w.pending != nil {
		w.pending.Stop()
		w.pending = nil
	}
	return errors.Join(w.out.Flush(), w.file.Sync())
}

// Close flushes and closes the file. Later notes are dropped.
func (w *Witness) Close() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return errors.Join(w.flush(), w.file.Close())
}

// of gives the heads that are known of the subjects of one stream, in order.
func (w *Witness) of(stream string) []Head {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []Head
	for _, h := range w.heads {
		if _, s, err := events.ParseSubject(h.Subject); err == nil && events.Stream(s) == stream {
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b Head) int { return strings.Compare(a.Subject, b.Subject) })
	return found
}

// knows reports whether the witness saw a message in a stream.
func (w *Witness) knows(stream string) bool { return len(w.of(stream)) > 0 }

// Len counts the subjects that are known.
func (w *Witness) Len() int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.heads)
}
