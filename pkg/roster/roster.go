// Package roster reads and judges applications to take the floor: one by one,
// or many from a spreadsheet.
//
// Guarantee: everything here is pure (bytes and a session's registry in, a
// judgement out), so the gateway's preview of an import and the registry's
// decision on it agree, row by row, on the same state; no row, however broken,
// keeps another from being judged; and an organisation stands once in a
// session, in whatever case, Unicode form, spacing or look-alike letters its
// name was written (fairness.md, Bad and edge input).
//
// The way of an import: Read makes a Sheet of a file, Sheet.Preview judges it
// against the session, the secretariat looks, and Preview.Import is what the
// command import takes. The registry judges the rows again with Check.
package roster

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The bounds of an application.
const (
	LeastRequestedMS = 30_000
	MostRequestedMS  = 600_000
	// MaxApplicants bounds a session; fairness.md computes 10,000 in milliseconds.
	MaxApplicants = 10_000
	maxLabel      = 60 // characters of a group or region
)

// Apply judges one application on its own: it gives it in its one written form
// (names cleaned, groups and regions by their common names, language
// canonical), or a refusal whose field stands under prefix, such as "args." or
// "args.rows[3].". Whether the organisation is there already is not asked; see
// Find.
func Apply(r *session.Registry, prefix string, a command.Apply) (command.Apply, *problem.Error) {
	name, ok := CleanText(a.Organisation)
	switch {
	case !ok:
		return a, problem.Field(prefix+"organisation", "the name holds characters that are not text").Try("type the name anew, or save the file as UTF-8")
	case name == "":
		return a, problem.Field(prefix+"organisation", "the name of the organisation is missing").Try("give the name by which the chair should call it")
	case utf8.RuneCountInString(name) > MaxName:
		return a, problem.Field(prefix+"organisation", "the name has more than %d characters", MaxName).Try("shorten it")
	case KeysOf(name).Spelling == "":
		return a, problem.Field(prefix+"organisation", "the name holds no letter or digit").Try("give the name by which the chair should call it")
	}
	a.Organisation = name
	if a.Category, ok = session.Category(a.Category); !ok {
		return a, problem.Field(prefix+"category", "a category has at most %d characters", maxLabel).Try("choose a category of the modalities")
	}
	if a.Group, ok = label(a.Group, groups); !ok {
		return a, problem.Field(prefix+"group", "a group has at most %d characters", maxLabel).Try("shorten it, or leave it out")
	}
	if a.Region, ok = label(a.Region, regions); !ok {
		return a, problem.Field(prefix+"region", "a region has at most %d characters", maxLabel).Try("shorten it, or leave it out")
	}
	if a.Language == "" && len(r.Languages) > 0 {
		a.Language = r.Languages[0]
	} else if a.Language != "" {
		tag, known := Language(a.Language)
		if !known {
			return a, problem.Field(prefix+"language", "%q is not a language tag", clip(a.Language)).Try(`use a BCP 47 tag such as "en", "fr" or "zh-Hans"`)
		}
		a.Language = tag
	}
	if a.RequestedMS != 0 && (a.RequestedMS < LeastRequestedMS || a.RequestedMS > MostRequestedMS) {
		return a, problem.Field(prefix+"requested_ms", "%d s is not between %d and %d s", a.RequestedMS/1000, LeastRequestedMS/1000, MostRequestedMS/1000).
			Try("ask for 30 to 600 seconds, or leave it out")
	}
	parts, err := wanted(r, prefix, a.Parts)
	a.Parts = parts
	return a, err
}

// wanted checks the parts in which an applicant wants to speak.
func wanted(r *session.Registry, prefix string, parts []ids.Part) ([]ids.Part, *problem.Error) {
	var clean []ids.Part
	for _, id := range parts {
		part, _, ok := r.Part(id)
		switch {
		case !ok:
			return nil, problem.Field(prefix+"parts", "there is no part %s", id).Try("name parts of this session, or leave them out for all")
		case !part.HasList:
			return nil, problem.Field(prefix+"parts", "the part %q has no list of speakers", part.Title).Try("name parts that have a list")
		case !slices.Contains(clean, id):
			clean = append(clean, id)
		}
	}
	return clean, nil
}

// Event gives the fact that records an application in its written form.
func Event(applicant ids.Applicant, a command.Apply) events.ApplicantApplied {
	return events.ApplicantApplied{
		Applicant: applicant, Organisation: a.Organisation, Category: a.Category, Group: a.Group, Region: a.Region,
		Language: a.Language, RequestedMS: a.RequestedMS, Parts: a.Parts, FirstTime: a.FirstTime, Remote: a.Remote,
	}
}

// Counts reports whether an applicant's name is taken: one that withdrew or
// was declined may apply anew.
func Counts(a *session.Applicant) bool {
	return a.State == session.Applied || a.State == session.AcceptedApplicant
}

// Find gives the applicant of the session that is the same organisation as
// name, the first in order of applying; except is left out (a change compares
// with the others only).
func Find(r *session.Registry, name string, except ids.Applicant) (*session.Applicant, bool) {
	keys := KeysOf(name)
	for _, id := range r.ApplicantOrder {
		a := r.Applicants[id]
		if a == nil || id == except || !Counts(a) {
			continue
		}
		if keys.Same(KeysOf(a.Organisation)) {
			return a, true
		}
	}
	return nil, false
}

// Taken is the refusal for an organisation that is there already; it names the first.
func Taken(prefix, name string, first *session.Applicant) *problem.Error {
	return problem.New(problem.Already, "%q is the same organisation as %q, which applied already", clip(name), clip(first.Organisation)).
		On(prefix + "organisation").Try("change that application instead; an organisation stands once in a session")
}

// Outcome says what becomes of a row.
type Outcome string

// The outcomes of a row.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate"
	Faulty    Outcome = "error"
)

// Finding is what Check says of one row.
type Finding struct {
	// Row counts the rows that were given, from 0.
	Row int `json:"row"`
	// Line is the line of the file, from 1; zero when the row is of no file.
	Line int `json:"line,omitempty"`
	// Outcome is accepted, duplicate or error.
	Outcome Outcome `json:"outcome"`
	// Organisation is the name as it will be stored, or as it was given.
	Organisation string `json:"organisation"`
	// Of names the first of two duplicates. OfRow is its row, or -1 when the row is
	// no duplicate or one of an applicant of the session, whom Applicant names.
	Of        string        `json:"of,omitempty"`
	OfRow     int           `json:"of_row"`
	Applicant ids.Applicant `json:"applicant,omitzero"`
	// Problem says what is wrong with the field, and what to do.
	Problem *problem.Error `json:"problem,omitempty"`
	// Apply is the application in its written form, when it is accepted.
	Apply command.Apply `json:"-"`
}

// Check judges the rows of an import against a session, in order: every row
// gets a finding, and nothing that is wrong with one row touches another. It
// takes some microseconds a row and a name.
func Check(r *session.Registry, rows []command.Apply) []Finding {
	index := newIndex(r)
	free := MaxApplicants - len(r.ApplicantOrder)
	out := make([]Finding, len(rows))
	for i, row := range rows {
		f := &out[i]
		f.Row, f.OfRow, f.Organisation = i, -1, clip(strings.ToValidUTF8(row.Organisation, "\uFFFD"))
		a, err := Apply(r, "", row)
		if err != nil {
			f.Outcome, f.Problem = Faulty, err
			continue
		}
		f.Organisation = a.Organisation
		if !row.Applicant.IsZero() {
			f.Outcome = Faulty
			f.Problem = problem.Field("applicant", "an import makes new applicants only").Try("leave it out, or change the application")
			continue
		}
		if first, ok := index.add(KeysOf(a.Organisation), place{row: i, name: a.Organisation}, free > 0); ok {
			f.Outcome, f.Of, f.OfRow, f.Applicant = Duplicate, first.name, first.row, first.applicant
			continue
		}
		if free <= 0 {
			f.Outcome = Faulty
			f.Problem = problem.New(problem.WrongState, "a session has at most %d applicants", MaxApplicants).Try("make a second session")
			continue
		}
		free--
		f.Outcome, f.Apply = Accepted, a
	}
	return out
}

// place is where a name stands first.
type place struct {
	row       int // -1: in the session
	name      string
	applicant ids.Applicant
}

// index finds names by either key.
type index struct{ spelling, looks map[string]place }

func newIndex(r *session.Registry) index {
	x := index{map[string]place{}, map[string]place{}}
	for _, id := range r.ApplicantOrder {
		if a := r.Applicants[id]; a != nil && Counts(a) {
			x.add(KeysOf(a.Organisation), place{row: -1, name: a.Organisation, applicant: id}, true)
		}
	}
	return x
}

// add gives the place of the same name, or takes the name when it is free and
// keep is set.
func (x index) add(k Keys, p place, keep bool) (place, bool) {
	if first, ok := x.spelling[k.Spelling]; ok {
		return first, true
	}
	if first, ok := x.looks[k.Looks]; ok {
		return first, true
	}
	if keep {
		x.spelling[k.Spelling], x.looks[k.Looks] = p, p
	}
	return place{}, false
}

// label gives a group or region its one written form: a common name for its
// synonyms, otherwise lower case; unspecified when it is not known.
func label(text string, common map[string]string) (string, bool) {
	clean, ok := CleanText(text)
	if !ok || utf8.RuneCountInString(clean) > maxLabel {
		return "", false
	}
	key := KeysOf(clean).Spelling
	return cmp.Or(common[key], strings.ToLower(clean)), true
}

// synonyms maps spellings (see Keys) to common names.
func synonyms(rows ...[]string) map[string]string {
	all := map[string]string{}
	for _, text := range []string{"", "unknown", "unspecified", "not specified", "not known", "n a", "na", "none", "null", "tbd"} {
		all[text] = session.Unspecified
	}
	for _, row := range rows {
		for _, text := range row {
			all[KeysOf(text).Spelling] = row[0]
		}
	}
	return all
}

// The common names of groups and regions (architecture.md) and how else people write them.
var (
	groups = synonyms(
		[]string{"civil society", "cs", "ngo", "ngos", "non-governmental organisation", "non-governmental organization", "société civile", "sociedad civil"},
		[]string{"private sector", "ps", "business", "industry", "private", "company", "secteur privé", "sector privado"},
		[]string{"academia", "ac", "academic", "academic community", "research", "university"},
		[]string{"technical community", "tc", "technical", "tech community"},
	)
	regions = synonyms(
		[]string{"African", "Africa", "African Group", "African States"},
		[]string{"Asia-Pacific", "Asia Pacific", "Asia and the Pacific", "Asia-Pacific Group", "Asia", "APAC"},
		[]string{"EEG", "Eastern Europe", "Eastern European", "Eastern European Group"},
		[]string{"GRULAC", "Latin America and the Caribbean", "Latin America & Caribbean", "Latin America", "LAC"},
		[]string{"WEOG", "Western Europe and Others", "Western European and Others", "Western European and Others Group", "Western Europe"},
	)
)

// clip bounds what an answer repeats of a caller's text.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return text
}
