package eta

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Speech is one row of past debates.
type Speech struct {
	// Sitting groups the speeches that followed each other.
	Sitting string
	// Start is when it began.
	Start time.Time
	// Government marks members of the government, who speak longer.
	Government bool
	// GrossMS is from its first word to the next one's first word; LimitMS is
	// what was announced.
	GrossMS, LimitMS int64
}

// columns are those read; government is the index of the one that may be
// missing.
var columns = [5]string{"sitting", "start", "gross_s", "limit_s", "is_government"}

const government = 4

// MostSpeeches is how many rows are read.
const MostSpeeches = 1_000_000

// ReadSpeeches reads rows of comma-separated values with a header that names
// at least sitting, start, gross_s and limit_s, in any order; is_government is
// used where it is there, other columns are left alone. Empty lines, both kinds
// of line ends and a byte order mark are understood.
func ReadSpeeches(r io.Reader) ([]Speech, error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		// A byte order mark in front of a quote would make it part of the cell.
		_, _ = text.Discard(len(mark))
	}
	in := csv.NewReader(text)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, problem.Field("data", "there is no header: %v", err).Try("give a file with the columns of debate-durations.csv")
	}
	var at [5]int
	for k := range header {
		header[k] = strings.TrimSpace(header[k])
	}
	for k, name := range columns {
		if at[k] = slices.Index(header, name); at[k] < 0 && name != columns[government] {
			return nil, problem.Field("data", "the column %s is missing", name).
				Try("give the columns of debate-durations.csv: %s", strings.Join(columns[:], ", "))
		}
	}
	var speeches []Speech
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return speeches, nil
		}
		line, _ := in.FieldPos(0)
		if err != nil {
			return nil, problem.Field("data", "%v", err)
		}
		if len(speeches) == MostSpeeches {
			return nil, problem.Field("data", "there are more than %d rows", MostSpeeches)
		}
		s, err := speech(row, at)
		if err != nil {
			return nil, problem.Field("data", "line %d: %v", line, err)
		}
		speeches = append(speeches, s)
	}
}

// speech reads one row; at holds the place of each column.
func speech(row []string, at [5]int) (Speech, error) {
	cell := func(k int) string { return strings.TrimSpace(row[at[k]]) }
	start, err := time.Parse(time.RFC3339, cell(1))
	if err != nil {
		return Speech{}, fmt.Errorf("start %q is not an RFC 3339 time", cell(1))
	}
	s := Speech{Sitting: cell(0), Start: start}
	if s.Sitting == "" {
		return Speech{}, errors.New("sitting is empty")
	}
	for k, into := range []*int64{2: &s.GrossMS, 3: &s.LimitMS} {
		if into == nil {
			continue
		}
		v, err := strconv.ParseFloat(cell(k), 64)
		if err != nil || !(v >= 0 && v <= 86_400) { // also refuses what is not a number
			return Speech{}, fmt.Errorf("%s %q is not seconds between 0 and a day", columns[k], cell(k))
		}
		*into = int64(math.Round(v * 1000))
	}
	if s.LimitMS == 0 {
		return Speech{}, errors.New("limit_s is zero")
	}
	if at[government] >= 0 {
		switch strings.ToLower(cell(government)) {
		case "1", "true", "yes":
			s.Government = true
		case "", "0", "false", "no":
		default:
			return Speech{}, fmt.Errorf("is_government %q is neither 0 nor 1", cell(government))
		}
	}
	return s, nil
}
