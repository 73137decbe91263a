package natsembed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// lostFile, beside the copies of damaged block files, lists the records that
// could not be put right. The server leaves such a record out, and may compact
// its file, so that a later start finds nothing wrong; only this list still says
// that something is missing. Whoever restores the store from a copy removes it.
const lostFile = "lost.ndjson"

// subjects finds the names of log subjects in a record: in its own, and in the
// id of its message, which repeats it.
var subjects = regexp.MustCompile(`evt\.[a-z]+\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(\.[A-Za-z0-9-]+)?`)

// named lists the log subjects that a record names.
func named(record []byte) []string {
	if framed(record) {
		record = record[:lengthOf(record)]
	} else {
		record = record[:min(len(record), recordHead+256)]
	}
	found := map[string]bool{}
	for _, s := range subjects.FindAll(record, -1) {
		found[string(s)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// remember adds what was found and not mended to the list, and gives the list.
func remember(folder string, found []Damage) ([]Damage, error) {
	path := filepath.Join(folder, damagedFolder, lostFile)
	var lines bytes.Buffer
	for _, d := range found {
		if d.Mended {
			continue
		}
		line, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		lines.Write(append(line, '\n'))
	}
	if lines.Len() > 0 {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		_, err = file.Write(lines.Bytes())
		if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Damage
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		var d Damage
		if err := json.Unmarshal(scanner.Bytes(), &d); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// Lost gives the subjects of records that were damaged, at this start or a former
// one, and could not be put right, with their sequences. What they held is not in
// the log any more, however sound it looks. The records' own subjects come first:
// the others stand in them, and matter when a record's own was what was damaged.
func (s *Server) Lost() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, d := range s.lost {
			if !yield(d.Subject, d.Sequence) {
				return
			}
		}
		for _, d := range s.lost {
			for _, subject := range d.Named {
				if !yield(subject, d.Sequence) {
					return
				}
			}
		}
	}
}
