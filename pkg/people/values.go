package people

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Limits of the values, in characters unless said otherwise.
const (
	// MaxValue is the longest stored value, in bytes of its JSON form.
	MaxValue = 256 * 1024
	// MaxName bounds a name, a form of address and a pronunciation.
	MaxName = 200
	// MaxContact bounds an e-mail address, a telephone number and a postal address.
	MaxContact = 500
	// MaxAccessNeeds bounds the description of access needs.
	MaxAccessNeeds = 2000
	// MaxNote bounds a free text given with a command.
	MaxNote = 4000
	// MaxAccessSeconds bounds a person's private allowance, in s.
	MaxAccessSeconds = 600
	// MaxAccessPercent bounds one that multiplies, in percent of the allotment.
	MaxAccessPercent = 300
)

// Person is what is known of a human being. Only Name is needed.
type Person struct {
	Name string `json:"name"`
	// FormOfAddress is how the chair calls them up, such as "H.E. Ms".
	FormOfAddress string `json:"form_of_address,omitempty"`
	// Pronunciation says how to say the name, in any notation.
	Pronunciation string `json:"pronunciation,omitempty"`
	// DisplayName is their name in the videoconference, by which the booth finds them.
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email,omitempty"`
	Phone       string `json:"phone,omitempty"`
	Postal      string `json:"postal,omitempty"`
	// AccessNeeds is what the secretariat must provide for, in words.
	AccessNeeds string `json:"access_needs,omitempty"`
	// AccessSeconds is the private allowance that is added to each of their
	// turns, in s, 0 to MaxAccessSeconds.
	AccessSeconds int64 `json:"access_seconds,omitempty"`
	// AccessPercent is one that multiplies, in percent of the allotment: 150 is half
	// as long again; 100 to MaxAccessPercent, or 0 for none.
	AccessPercent int64 `json:"access_percent,omitempty"`
}

// Access gives the private allowance for a turn of that allotment, in whole
// seconds as ms, at most MaxAccessSeconds.
func (p Person) Access(allottedMS int64) int64 {
	ms := p.AccessSeconds * 1000
	if p.AccessPercent > 100 {
		ms += allottedMS * (p.AccessPercent - 100) / 100
	}
	return min(ms, MaxAccessSeconds*1000) / 1000 * 1000
}

// Note is a free text given with a command, such as the chair's reason.
type Note struct {
	Text string `json:"text"`
}

// StatementText is a written statement. Its language, visibility and number of
// words stand in the log.
type StatementText struct {
	Text string `json:"text"`
}

// Paragraphs splits the text at empty lines, without the white space around
// each paragraph. Prompters and translations refer to a paragraph by its place
// from 0.
func (t StatementText) Paragraphs() []string {
	var all, lines []string
	for line := range strings.Lines(t.Text + "\n\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		} else if len(lines) > 0 {
			all, lines = append(all, strings.Join(lines, "\n")), nil
		}
	}
	return all
}

// Words counts the words: runs of characters between white space. Scripts
// without spaces between words count a line as one; their length is better
// judged by characters.
func (t StatementText) Words() int64 { return int64(len(strings.Fields(t.Text))) }

// Check says what is wrong with the record, as a problem that names the field.
func (p Person) Check() error {
	if strings.TrimSpace(p.Name) == "" {
		return problem.Field("name", "a person needs a name").Try("give the name as it should appear on the list")
	}
	for _, f := range []struct {
		field, text string
		limit       int
		lines       bool
	}{
		{"name", p.Name, MaxName, false},
		{"form_of_address", p.FormOfAddress, MaxName, false},
		{"pronunciation", p.Pronunciation, MaxName, false},
		{"display_name", p.DisplayName, MaxName, false},
		{"email", p.Email, MaxContact, false},
		{"phone", p.Phone, MaxContact, false},
		{"postal", p.Postal, MaxContact, true},
		{"access_needs", p.AccessNeeds, MaxAccessNeeds, true},
	} {
		if err := checkText(f.field, f.text, f.limit, f.lines); err != nil {
			return err
		}
	}
	if p.Email != "" {
		// Only the bare form: "Name <a@b>" would be a second place for a name.
		if address, err := mail.ParseAddress(p.Email); err != nil || address.Address != p.Email {
			return problem.Field("email", "this is not an e-mail address").Try("write it as name@example.org, or leave it out")
		}
	}
	if p.AccessSeconds < 0 || p.AccessSeconds > MaxAccessSeconds {
		return problem.Field("access_seconds", "%d s is not between 0 and %d", p.AccessSeconds, MaxAccessSeconds).Try("give whole seconds, or leave it out")
	}
	if p.AccessPercent != 0 && (p.AccessPercent < 100 || p.AccessPercent > MaxAccessPercent) {
		return problem.Field("access_percent", "%d %% is not between 100 and %d", p.AccessPercent, MaxAccessPercent).Try("150 is half as long again; leave it out for none")
	}
	return nil
}

// Check says what is wrong with the note.
func (n Note) Check() error {
	if strings.TrimSpace(n.Text) == "" {
		return problem.Field("text", "the text is empty").Try("write something, or leave the note out")
	}
	return checkText("text", n.Text, MaxNote, true)
}

// Check says what is wrong with the statement's text.
func (t StatementText) Check() error {
	if strings.TrimSpace(t.Text) == "" {
		return problem.Field("text", "the statement is empty").Try("paste the text of the statement")
	}
	return checkText("text", t.Text, MaxValue, true)
}

// checkText checks one field. The detail never repeats the text.
func checkText(field, text string, limit int, lines bool) error {
	if !utf8.ValidString(text) {
		return problem.Field(field, "the text is not valid UTF-8").Try("save it as UTF-8")
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return problem.New(problem.TooLarge, "the text has %d characters; %d are allowed", n, limit).On(field).Try("shorten it")
	}
	for _, r := range text {
		switch {
		case lines && (r == '\n' || r == '\r' || r == '\t'):
		case unicode.IsControl(r):
			return problem.Field(field, "the text holds the control character U+%04X", r).Try("remove it")
		case !lines && (r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069):
			// They could turn around what stands beside a name on the list. The
			// marks that Arabic and Hebrew names need are others.
			return problem.Field(field, "the text holds the direction override U+%04X", r).Try("remove it; the page isolates each name by itself")
		}
	}
	return nil
}
