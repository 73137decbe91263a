package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The bounds of a file.
const (
	MaxRows  = 2_000
	MaxBytes = 1 << 20
	// maxOpen bounds the rows whose quote is never closed: each of them costs a
	// search to the end of the file.
	maxOpen = 20
)

// Delegate is the person that a row names. It goes to the store that can
// forget, with add_person, and never into the command import.
type Delegate struct {
	Name          string
	Email         string
	FormOfAddress string
}

// IsZero reports whether the row names nobody.
func (d Delegate) IsZero() bool { return d == Delegate{} }

// Row is one line of a file.
type Row struct {
	// Line is where the row begins, from 1.
	Line     int
	Apply    command.Apply
	Delegate Delegate
	// Problem is set when the row could not be read; then the rest may be empty.
	Problem *problem.Error
}

// Sheet is a file as read.
type Sheet struct {
	Rows []Row
	// Ignored names the columns that mean nothing here.
	Ignored []string
}

// columns gives the meaning of a column's name by its spelling (see Keys).
var columns = func() map[string]string {
	all := map[string]string{}
	for meaning, names := range map[string][]string{
		"organisation": {"organisation", "organization", "organisation name", "organization name", "name of organisation", "name of organization", "name of the organisation", "name of the organization", "name", "entity", "applicant", "institution", "company", "delegation"},
		"category":     {"category", "type", "applicant category"},
		"group":        {"group", "stakeholder group", "stakeholder", "constituency", "sector"},
		"region":       {"region", "regional group", "un region", "un regional group"},
		"language":     {"language", "lang", "statement language", "language of statement"},
		"requested_s":  {"requested s", "requested", "requested seconds", "requested time", "seconds", "time requested", "wished s"},
		"first_time":   {"first time", "first time speaker", "first timer", "newcomer"},
		"remote":       {"remote", "online", "virtual"},
		"delegate":     {"delegate", "delegate name", "name of delegate", "speaker", "speaker name", "representative", "contact", "contact name", "person"},
		"email":        {"email", "e mail", "mail", "email address", "e mail address", "delegate email", "delegate e mail", "contact email"},
		"address":      {"form of address", "salutation", "honorific", "title", "delegate title", "delegate form of address"},
	} {
		for _, name := range names {
			all[name] = meaning
		}
	}
	return all
}()

// Read reads a file of applicants: UTF-8 or UTF-16 with a byte order mark,
// divided by comma, semicolon or tab, the first row naming the columns in any
// case and order. The error is about the file as a whole (too large, no text,
// no column of organisations); what is wrong with a row stands in the row.
func Read(data []byte) (Sheet, error) {
	if len(data) > MaxBytes {
		return Sheet{}, problem.New(problem.TooLarge, "the file has %d bytes, more than %d", len(data), MaxBytes).On("file").Try("split it into several files")
	}
	text, err := decode(data)
	if err != nil {
		return Sheet{}, err
	}
	lines := &records{data: text, line: 1, comma: divider(text)}
	head, ok := lines.next()
	for ok && blank(head.fields) && head.problem == nil {
		head, ok = lines.next()
	}
	if !ok {
		return Sheet{}, problem.New(problem.Malformed, "the file is empty").On("file").Try("give a row with the names of the columns, then a row for each applicant")
	}
	if head.problem != nil {
		return Sheet{}, problem.New(problem.Malformed, "the first row cannot be read: %s", head.problem).On("file").Try("put the names of the columns in the first row")
	}
	var sheet Sheet
	lines.columns = len(head.fields)
	meaning := make([]string, len(head.fields))
	taken := map[string]bool{}
	for i, name := range head.fields {
		m := columns[KeysOf(strings.ReplaceAll(name, "_", " ")).Spelling]
		if m == "" || taken[m] {
			if strings.TrimSpace(name) != "" {
				sheet.Ignored = append(sheet.Ignored, clip(name))
			}
			continue
		}
		meaning[i], taken[m] = m, true
	}
	if !taken["organisation"] {
		return Sheet{}, problem.New(problem.Malformed, "no column is named organisation").On("file").
			Try("name the columns in the first row: organisation, category, group, region, language, requested_s, first_time, remote, delegate, email, form_of_address")
	}
	for record, ok := lines.next(); ok; record, ok = lines.next() {
		if record.problem == nil && blank(record.fields) {
			continue
		}
		if len(sheet.Rows) == MaxRows {
			return Sheet{}, problem.New(problem.TooMany, "the file has more than %d rows", MaxRows).On("file").Try("split it into several files")
		}
		sheet.Rows = append(sheet.Rows, record.row(meaning))
	}
	return sheet, nil
}

// decode gives the file as UTF-8.
func decode(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, problem.New(problem.Malformed, "the file is not readable UTF-16").On("file").Try("save it as CSV in UTF-8")
		}
		data = text
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if bytes.IndexByte(data, 0) >= 0 || bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil, problem.New(problem.Malformed, "the file is not text; it may be a workbook").On("file").Try("save it as CSV in UTF-8")
	}
	// A file in another encoding would come in with wrong names, which nobody
	// notices before they are read out.
	if !utf8.Valid(data) {
		before := data[:len(data)-len(rest(data))]
		return nil, problem.New(problem.Malformed, "the file is not UTF-8 (line %d)", 1+bytes.Count(before, []byte("\n"))).On("file").Try("save it as CSV in UTF-8")
	}
	// A lone CR ends a line in files of old spreadsheets; encoding/csv takes LF only.
	if bytes.IndexByte(data, '\n') < 0 {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return data, nil
}

// rest gives what follows the valid beginning of data.
func rest(data []byte) []byte {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n <= 1 {
			break
		}
		data = data[n:]
	}
	return data
}

// divider finds what divides the columns: of comma, semicolon and tab, the one
// that stands most often in the first row outside of quotes.
func divider(text []byte) rune {
	counts, quoted := map[byte]int{}, false
	for _, c := range bytes.TrimLeft(text, "\r\n") {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted && c == '\n':
			goto counted
		case !quoted:
			counts[c]++
		}
	}
counted:
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return rune(best)
}

// records goes through a file record by record, and goes on after one that
// cannot be read.
type records struct {
	data   []byte
	line   int // of the first byte of data
	comma  rune
	reader *csv.Reader
	// columns is the number of cells of the first row; open counts unclosed quotes.
	columns, open int
}

// record is one record of a file, or why it is none.
type record struct {
	line    int
	fields  []string
	problem *problem.Error
}

// next gives the next record; false at the end.
func (r *records) next() (record, bool) {
	if r.reader == nil {
		r.reader = r.over(r.data)
	}
	fields, err := r.reader.Read()
	if errors.Is(err, io.EOF) {
		return record{}, false
	}
	var bad *csv.ParseError
	if !errors.As(err, &bad) {
		line, _ := r.reader.FieldPos(0)
		return record{line: r.line + line - 1, fields: fields}, true
	}
	// Start anew on the line after the one on which the record begins: a quote
	// that is never closed must not swallow the rows behind it.
	first, after := split(r.data, bad.StartLine)
	at := r.line + bad.StartLine - 1
	r.data, r.line, r.reader = after, r.line+bad.StartLine, nil
	if errors.Is(bad.Err, csv.ErrBareQuote) {
		// Quotes in the middle of a cell (Foundation "Hope") are no fault, as long
		// as they swallow no cell.
		loose := r.over(first)
		loose.LazyQuotes = true
		if fields, err := loose.Read(); err == nil && len(fields) == r.columns {
			return record{line: at, fields: fields}, true
		}
	}
	if r.open++; r.open >= maxOpen {
		r.data = nil
		return record{line: at, problem: problem.New(problem.Malformed, "too many rows have a quote that is not closed; the rows from here on were not read").
			Try("double the quotes inside of quoted cells, or take them out")}, true
	}
	return record{line: at, problem: problem.New(problem.Malformed, "a quote is opened and not closed").
		Try("double the quotes inside of a quoted cell, or take them out")}, true
}

func (r *records) over(data []byte) *csv.Reader {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comma, reader.FieldsPerRecord = r.comma, -1
	return reader
}

// split gives the n-th line (from 1) and what follows it.
func split(data []byte, n int) (line, after []byte) {
	for ; n > 1; n-- {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	line, after, _ = bytes.Cut(data, []byte("\n"))
	return line, after
}

func blank(fields []string) bool {
	for _, f := range fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}

// row reads the cells by the meaning of their columns.
func (c record) row(meaning []string) Row {
	row := Row{Line: c.line, Problem: c.problem}
	// Said first: where cells are shifted, what else is wrong explains nothing.
	if len(c.fields) > len(meaning) && !blank(c.fields[len(meaning):]) {
		row.Problem = problem.New(problem.Malformed, "the row has more cells than there are columns").
			Try("put names that hold the dividing character in quotes")
	}
	for i, cell := range c.fields[:min(len(c.fields), len(meaning))] {
		if err := row.set(meaning[i], strings.TrimSpace(cell)); err != nil && row.Problem == nil {
			row.Problem = err
		}
	}
	return row
}

// set reads one cell.
func (row *Row) set(meaning, cell string) *problem.Error {
	person := func(to *string) *problem.Error {
		clean, ok := CleanText(cell)
		if !ok || utf8.RuneCountInString(clean) > MaxName {
			return problem.Field(meaning, "this is no text of at most %d characters", MaxName).Try("type it anew")
		}
		*to = clean
		return nil
	}
	switch meaning {
	case "organisation":
		row.Apply.Organisation = cell
	case "category":
		row.Apply.Category = cell
	case "group":
		row.Apply.Group = cell
	case "region":
		row.Apply.Region = cell
	case "language":
		row.Apply.Language = cell
	case "requested_s":
		s, ok := seconds(cell)
		if !ok {
			return problem.Field(meaning, "%q is not a number of seconds", clip(cell)).Try("write 120, or 2:00")
		}
		row.Apply.RequestedMS = s * 1000
	case "first_time":
		return yes(meaning, cell, &row.Apply.FirstTime)
	case "remote":
		return yes(meaning, cell, &row.Apply.Remote)
	case "delegate":
		return person(&row.Delegate.Name)
	case "address":
		return person(&row.Delegate.FormOfAddress)
	case "email":
		if err := person(&row.Delegate.Email); err != nil {
			return err
		}
		if cell != "" && (strings.Count(cell, "@") != 1 || strings.ContainsAny(cell, " <>,;")) {
			return problem.Field(meaning, "this is not an e-mail address").Try("write one address, without a name")
		}
	}
	return nil
}

// seconds reads "120", "120 s", "2:00" or "2 min"; empty is 0, no wish.
func seconds(cell string) (int64, bool) {
	cell = strings.ToLower(cell)
	if cell == "" {
		return 0, true
	}
	number := func(text string) (int64, bool) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		return n, err == nil && n >= 0 && n <= 86_400
	}
	if minutes, rest, ok := strings.Cut(cell, ":"); ok {
		m, good := number(minutes)
		s, fine := number(rest)
		return 60*m + s, good && fine && s < 60
	}
	for unit, factor := range map[string]int64{"min": 60, "minutes": 60, "s": 1, "sec": 1, "seconds": 1} {
		if before, ok := strings.CutSuffix(cell, unit); ok {
			if n, good := number(before); good {
				return n * factor, true
			}
		}
	}
	return number(cell)
}

// yes reads a yes or a no; empty is no.
func yes(field, cell string, to *bool) *problem.Error {
	switch strings.ToLower(cell) {
	case "yes", "y", "true", "1", "x", "✓":
		*to = true
	case "", "no", "n", "false", "0", "-":
		*to = false
	default:
		return problem.Field(field, "%q is neither yes nor no", clip(cell)).Try("write yes or no")
	}
	return nil
}

// Preview is a sheet with what would become of each of its rows.
type Preview struct {
	// Findings has one finding a row of the sheet, in order; Row counts the sheet's rows.
	Findings []Finding `json:"findings"`
	// How many rows have which outcome.
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"`
	Errors     int `json:"errors"`
	// Ignored names the columns that mean nothing here.
	Ignored []string `json:"ignored,omitempty"`
	// Delegates holds the persons of the accepted rows, in the order of Import.
	Delegates []Delegate `json:"-"`
	rows      []command.Apply
}

// Import gives the arguments of the command import: the accepted rows, in
// order. The applicant of the i-th has the id ids.Derive[ids.Applicant](command, i),
// and Delegates[i] is its person. When accept is set they are accepted at once.
func (p *Preview) Import(accept bool) command.Import {
	rows := make([]command.Apply, len(p.rows))
	for i, a := range p.rows {
		a.Accept = accept
		rows[i] = a
	}
	return command.Import{Rows: rows}
}

// Preview judges the sheet against a session as it is now.
func (s Sheet) Preview(r *session.Registry) Preview {
	p := Preview{Findings: make([]Finding, len(s.Rows)), Ignored: s.Ignored}
	var readable []command.Apply
	var at []int
	for i, row := range s.Rows {
		if row.Problem == nil {
			readable, at = append(readable, row.Apply), append(at, i)
			continue
		}
		p.Findings[i] = Finding{Row: i, Line: row.Line, OfRow: -1, Outcome: Faulty, Organisation: clip(row.Apply.Organisation), Problem: row.Problem}
	}
	for i, f := range Check(r, readable) {
		f.Row, f.Line = at[i], s.Rows[at[i]].Line
		if f.Outcome == Duplicate && f.OfRow >= 0 {
			f.OfRow = at[f.OfRow]
		}
		p.Findings[at[i]] = f
		if f.Outcome == Accepted {
			p.rows = append(p.rows, f.Apply)
			p.Delegates = append(p.Delegates, s.Rows[at[i]].Delegate)
		}
	}
	for _, f := range p.Findings {
		switch f.Outcome {
		case Accepted:
			p.Accepted++
		case Duplicate:
			p.Duplicates++
		default:
			p.Errors++
		}
	}
	return p
}
