package natsembed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
)

// The form of a record in a block file of nats-server 2.15 (server/filestore.go):
// length with a flag for headers, sequence with flags, time, length of the
// subject; the subject; the length of the headers and the headers; the message;
// a keyed HighwayHash of all but the lengths.
const (
	recordHead  = 22
	recordSum   = 8
	flagHeaders = 1 << 31
	flagErased  = 1 << 63
	flagMarker  = 1 << 62
	// maxRecord is the server's own limit for a sane length, in bytes.
	maxRecord = 32 << 20
	// maxMend bounds the records for which every bit is tried: 16 kB are 130,000 hashes.
	maxMend = 16 << 10
	// maxStep is the largest plausible step from one sequence to the next. The
	// server notes every sequence that was left out, one by one: with a flipped
	// high bit it would do so until the memory is full.
	maxStep = 1 << 24
)

// Damage is a record in a block file that is not as it was written.
type Damage struct {
	Stream string
	// File is the block file; Offset is where the record begins in it, in bytes.
	File   string
	Offset int64
	// Sequence and Subject are what can be read of the record.
	Sequence uint64
	Subject  string
	// Named are the log subjects that stand in the record, for one whose own is
	// damaged.
	Named []string
	// Mended is true when one bit was wrong and was put right: the record's own
	// checksum proves it. Otherwise the server leaves the record out, or, when
	// SetAside is true, the stream could not be given to it at all.
	Mended, SetAside bool
}

// String says what was found and done.
func (d Damage) String() string {
	return fmt.Sprintf("stream %s: sequence %d (%s) at byte %d of %s is damaged; %s", d.Stream, d.Sequence, d.Subject, d.Offset, d.File, d.done())
}

// done says what was done about it.
func (d Damage) done() string {
	switch {
	case d.Mended:
		return "one bit was wrong and is put right, its checksum proves it"
	case d.SetAside:
		return "the stream is set aside"
	default:
		return "the server leaves it out"
	}
}

// examine reads all block files before the server does. The server trusts them in
// ways that a single flipped bit turns into the loss of everything behind it, or
// into a start that never ends; it also cuts what it cannot read. So a wrong bit
// is put right where the checksum proves which one it was, and a stream that the
// server would not survive is set aside. A damaged file is copied first.
func examine(folder string) ([]Damage, error) {
	streams := filepath.Join(folder, server.JetStreamStoreDir, "$G", "streams")
	entries, err := os.ReadDir(streams)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Damage
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		found, err := examineStream(filepath.Join(streams, e.Name()), e.Name(), filepath.Join(folder, damagedFolder))
		if err != nil {
			return all, fmt.Errorf("examining stream %s: %w", e.Name(), err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// damagedFolder, in the store's folder, keeps copies of damaged block files and
// streams that were set aside, for those who restore them.
const damagedFolder = "damaged"

// examineStream examines the block files of one stream in their order.
func examineStream(folder, stream, aside string) ([]Damage, error) {
	blocks, err := filepath.Glob(filepath.Join(folder, "msgs", "*.blk"))
	if err != nil {
		return nil, err
	}
	number := func(path string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".blk"))
		return n
	}
	slices.SortFunc(blocks, func(a, b string) int { return number(a) - number(b) })
	var all []Damage
	for _, path := range blocks {
		b, err := readBlock(path, stream, number(path))
		if err != nil {
			return all, err
		}
		found, hopeless := b.walk()
		all = append(all, found...)
		if len(found) == 0 {
			continue
		}
		if err := keepCopy(path, b.original, filepath.Join(aside, stream+"-"+filepath.Base(path))); err != nil {
			return all, err
		}
		if hopeless {
			all[len(all)-1].SetAside = true
			return all, os.Rename(folder, filepath.Join(aside, stream))
		}
		if err := b.rewrite(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// keepCopy keeps the bytes of a damaged file under a name that says when.
func keepCopy(path string, data []byte, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(to+"."+strconv.FormatInt(time.Now().UnixNano(), 10), data, 0o600); err != nil {
		return fmt.Errorf("keeping a copy of %s: %w", path, err)
	}
	return nil
}

// block is one block file in memory.
type block struct {
	path, stream string
	data         []byte
	original     []byte
	sum          hash.Hash64
}

func readBlock(path, stream string, number int) (*block, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, number))
	sum, err := highwayhash.New64(key[:])
	if err != nil {
		return nil, err
	}
	return &block{path: path, stream: stream, data: data, sum: sum}, nil
}

// walk goes from record to record and mends what it can. It reports hopeless when
// the server could not walk the file either.
func (b *block) walk() (found []Damage, hopeless bool) {
	last := uint64(0)
	for at := 0; at < len(b.data); {
		record := b.data[at:]
		if !b.valid(record) {
			if b.torn(record) {
				// A crash in the middle of a write that nobody was told of: the server cuts it.
				return found, false
			}
			if b.original == nil {
				b.original = bytes.Clone(b.data)
			}
			d := Damage{Stream: b.stream, File: b.path, Offset: int64(at), Mended: b.mend(record)}
			d.Sequence, d.Subject = describe(record, last+1)
			if !d.Mended {
				d.Named = named(record)
			}
			found = append(found, d)
			if !d.Mended && !plausible(record, last) {
				return found, true
			}
		}
		if sequence := sequenceOf(record); sequence&flagMarker == 0 {
			last = max(last, sequence&^flagErased)
		}
		at += lengthOf(record)
	}
	return found, false
}

// lengthOf is a record's length as its head says.
func lengthOf(record []byte) int {
	return int(binary.LittleEndian.Uint32(record) &^ flagHeaders)
}

// sequenceOf is a record's sequence with its flags.
func sequenceOf(record []byte) uint64 { return binary.LittleEndian.Uint64(record[4:]) }

// framed reports whether the lengths in a record's head can be.
func framed(record []byte) bool {
	if len(record) < recordHead+recordSum {
		return false
	}
	length, subject := lengthOf(record), int(binary.LittleEndian.Uint16(record[20:]))
	if binary.LittleEndian.Uint32(record)&flagHeaders != 0 {
		subject += 4
	}
	return length >= recordHead+recordSum+subject && length <= len(record) && length <= maxRecord
}

// valid reports whether a record is as it was written.
func (b *block) valid(record []byte) bool {
	if !framed(record) {
		return false
	}
	length, subject := lengthOf(record), int(binary.LittleEndian.Uint16(record[20:]))
	body, end := recordHead+subject, length-recordSum
	b.sum.Reset()
	_, _ = b.sum.Write(record[4:20])
	_, _ = b.sum.Write(record[recordHead:body])
	if binary.LittleEndian.Uint32(record)&flagHeaders != 0 {
		// The checksum leaves out the length of the headers; their own end shows it.
		headers := int(binary.LittleEndian.Uint32(record[body:]))
		body += 4
		if erased := sequenceOf(record)&flagErased != 0; !erased && (headers > end-body || !headersEnd(record[body:body+max(0, headers)])) {
			return false
		}
	}
	_, _ = b.sum.Write(record[body:end])
	var sum [recordSum]byte
	return bytes.Equal(b.sum.Sum(sum[:0]), record[end:length])
}

// headersEnd reports whether a block of headers ends as one does.
func headersEnd(headers []byte) bool { return bytes.HasSuffix(headers, []byte("\r\n\r\n")) }

// torn reports whether a record is the unfinished last one of its file: its own
// head says that it goes on behind the end, and no flipped bit explains that.
func (b *block) torn(record []byte) bool {
	if len(record) < recordHead+recordSum {
		return true
	}
	return lengthOf(record) > len(record) && lengthOf(record) <= maxRecord && !b.mendable(record)
}

// mendable tries mend on a copy of the head's and the record's bytes.
func (b *block) mendable(record []byte) bool { return b.mend(bytes.Clone(record)) }

// mend looks for the one bit whose flip makes the record valid, and flips it. The
// head comes first: it decides where the record ends. The checksum has 64 bits,
// so that another bit than the right one is found once in 10^14 damages.
func (b *block) mend(record []byte) bool {
	size := min(len(record), maxMend)
	for bit := range recordHead * 8 {
		if b.try(record, bit) {
			return true
		}
	}
	if !framed(record) || lengthOf(record) > maxMend {
		return false
	}
	for bit := recordHead * 8; bit < min(size, lengthOf(record))*8; bit++ {
		if b.try(record, bit) {
			return true
		}
	}
	return false
}

// try flips a bit and leaves it so when the record becomes valid.
func (b *block) try(record []byte, bit int) bool {
	if bit/8 >= len(record) {
		return false
	}
	record[bit/8] ^= 1 << (bit % 8)
	if b.valid(record) {
		return true
	}
	record[bit/8] ^= 1 << (bit % 8)
	return false
}

// plausible reports whether the server can step over a damaged record.
func plausible(record []byte, last uint64) bool {
	if !framed(record) {
		return false
	}
	sequence := sequenceOf(record)
	if sequence&flagMarker != 0 {
		return false
	}
	sequence &^= flagErased
	return sequence > last && (last == 0 && sequence < 1<<40 || sequence-last < maxStep)
}

// describe gives what can be read of a record; expected stands in for a sequence
// that cannot be.
func describe(record []byte, expected uint64) (sequence uint64, subject string) {
	if !framed(record) {
		return expected, "unreadable"
	}
	length := int(binary.LittleEndian.Uint16(record[20:]))
	return sequenceOf(record) &^ (flagErased | flagMarker), strings.ToValidUTF8(string(record[recordHead:recordHead+length]), "?")
}

// rewrite puts the mended bytes in the place of the old ones.
func (b *block) rewrite() error {
	next := b.path + ".mended"
	file, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = file.Write(b.data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(next, b.path)
}

// setAside names the streams that an earlier start set aside.
func setAside(folder string) []string {
	entries, err := os.ReadDir(filepath.Join(folder, damagedFolder))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
