package session

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// AnyCategory is the row of the rights matrix for categories that have none of their own.
const AnyCategory = "*"

// Unspecified is the category, group or region of those who named none.
const Unspecified = "unspecified"

// The bounds of the modalities. What is longer than four hours is a slip of a
// unit (seconds for ms, or the other way round), not a rule.
const (
	leastMinimumMS  = 5_000     // the verb set_minimum has the same
	mostMinimumMS   = 600_000   // ten minutes
	mostMaximumMS   = 3_600_000 // one hour for one statement
	mostGraceMS     = 60_000
	mostHandoverMS  = 300_000
	mostKeptMS      = 4 * 3_600_000 // opening, closing, reserve
	mostCategories  = 50
	mostCategoryLen = 60
	mostReplies     = 10
)

// DefaultModalities gives the rules of a session for which none were set:
// fairness.md's uniform allotment with a gavel, for a public consultation. The
// value is the caller's own.
func DefaultModalities() events.Modalities {
	return events.Modalities{
		Rights:           DefaultRights(),
		Order:            OrderByList,
		Allotment:        "uniform",
		Limit:            events.Gavel,
		MinimumMS:        60_000,
		MaximumMS:        300_000,
		GraceMS:          5_000,
		MaxHandoverMS:    20_000,
		OpeningMS:        195_000,
		ClosingMS:        60_000,
		ReserveMS:        60_000,
		ReserveKeptMS:    45_000,
		Evidence:         events.EvidenceKeyed,
		OpenApplications: false,
		PublicLive:       true,
		Publication:      "public",
		JointStatements:  true,
	}
}

// DefaultRights gives the matrix of the default modalities: everybody may do
// everything, but intergovernmental bodies raise no points of order and
// observers in the UN sense make statements only.
func DefaultRights() map[string][]events.EntryKind {
	return map[string][]events.EntryKind{
		AnyCategory:         {events.Statement, events.Question, events.RightOfReply, events.PointOfOrder},
		"intergovernmental": {events.Statement, events.Question, events.RightOfReply},
		"observer":          {events.Statement},
	}
}

// Allotments lists the ways of allotting time (fairness.md, Allocation).
func Allotments() []string { return []string{"uniform", "individual", "fixed"} }

// Publications lists what may be public of whom (architecture.md).
func Publications() []string {
	return []string{"public", "organisation_only", "delayed", "participants_only", "confidential"}
}

// Replies gives how many rights of reply an organisation has on one list, and
// the most that the first of them may last, in ms; a later one has half of it.
func Replies(m *events.Modalities) (most, longestMS int64) {
	return cmp.Or(m.Replies, 2), cmp.Or(m.ReplyMS, m.MaximumMS/2)
}

// Category gives a category's one written form: lower case, single spaces;
// Unspecified when empty. It reports false when it is longer than 60
// characters or holds control characters.
func Category(text string) (string, bool) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) || !utf8.ValidString(text) {
		return "", false
	}
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if text == "" {
		return Unspecified, true
	}
	return text, utf8.RuneCountInString(text) <= mostCategoryLen
}

// CheckModalities gives the modalities in their one written form, or a
// problem.Invalid whose field stands under "args.modalities". What was left empty and
// cannot be empty gets its default; a zero length stays zero and is refused
// where zero is no rule.
func CheckModalities(m events.Modalities) (events.Modalities, error) {
	defaults := DefaultModalities()
	m.Order = cmp.Or(m.Order, defaults.Order)
	m.Allotment = cmp.Or(m.Allotment, defaults.Allotment)
	m.Limit = cmp.Or(m.Limit, defaults.Limit)
	m.Evidence = cmp.Or(m.Evidence, defaults.Evidence)
	m.Publication = cmp.Or(m.Publication, defaults.Publication)
	categories, err := checkSequence(m.OrderCategories)
	if err != nil {
		return m, err
	}
	m.OrderCategories = categories
	for _, c := range []struct {
		field, value string
		known        []string
	}{
		{"order", m.Order, Orders()},
		{"allotment", m.Allotment, Allotments()},
		{"limit", string(m.Limit), names(events.LimitModes())},
		{"evidence", string(m.Evidence), []string{string(events.EvidenceKeyed), string(events.EvidenceNone)}},
		{"publication", m.Publication, Publications()},
	} {
		if !slices.Contains(c.known, c.value) {
			return m, wrong(c.field, "%q is none of %s", clip(c.value), strings.Join(c.known, ", ")).Try("choose one of them")
		}
	}
	for _, c := range []struct {
		field             string
		value, least, top int64
	}{
		{"minimum_ms", m.MinimumMS, leastMinimumMS, mostMinimumMS},
		{"maximum_ms", m.MaximumMS, leastMinimumMS, mostMaximumMS},
		{"grace_ms", m.GraceMS, 0, mostGraceMS},
		{"max_handover_ms", m.MaxHandoverMS, 1_000, mostHandoverMS},
		{"opening_ms", m.OpeningMS, 0, mostKeptMS},
		{"closing_ms", m.ClosingMS, 0, mostKeptMS},
		{"reserve_ms", m.ReserveMS, 0, mostKeptMS},
		{"reserve_kept_ms", m.ReserveKeptMS, 0, mostKeptMS},
		{"reply_ms", cmp.Or(m.ReplyMS, leastMinimumMS), leastMinimumMS, mostMaximumMS},
	} {
		if c.value < c.least || c.value > c.top {
			return m, wrong(c.field, "%d is not between %d and %d ms", c.value, c.least, c.top).Try("give the length in milliseconds")
		}
	}
	if m.Replies < 0 || m.Replies > mostReplies {
		return m, wrong("replies", "%d rights of reply are not between 1 and %d", m.Replies, mostReplies).Try("leave it out for two")
	}
	if m.ReplyMS > m.MaximumMS {
		return m, wrong("reply_ms", "a reply of %d ms is longer than the maximum of a statement, %d ms", m.ReplyMS, m.MaximumMS).Try("make replies shorter")
	}
	if m.MinimumMS > m.MaximumMS {
		return m, wrong("minimum_ms", "the minimum of %d ms is over the maximum of %d ms", m.MinimumMS, m.MaximumMS).
			Try("lower the minimum or raise the maximum")
	}
	if m.ReserveKeptMS > m.ReserveMS {
		return m, wrong("reserve_kept_ms", "%d ms cannot be kept to the end out of a reserve of %d ms", m.ReserveKeptMS, m.ReserveMS).
			Try("keep at most the whole reserve")
	}
	if m.Limits, err = checkLimits(m.Limits); err != nil {
		return m, err
	}
	if m.GroupBudgetsMS, err = checkBudgets(m.GroupBudgetsMS); err != nil {
		return m, err
	}
	rights, err := checkRights(m.Rights)
	m.Rights = rights
	return m, err
}

// CheckRoom says whether opening, closing and reserve leave time for speakers
// between start and hard end; the error's field is under "args.modalities".
func CheckRoom(m events.Modalities, start, hardEnd clock.Instant) error {
	kept, length := m.OpeningMS+m.ClosingMS+m.ReserveMS, hardEnd.Sub(start)
	if kept >= length {
		return wrong("opening_ms", "opening, closing and reserve take %d ms, and the session lasts %d ms", kept, length).
			Try("shorten them, or let the session end later")
	}
	return nil
}

// checkSequence gives the categories of a sequence in their written form.
func checkSequence(categories []string) ([]string, error) {
	if len(categories) > mostCategories {
		return nil, wrong("order_categories", "%d categories are more than %d", len(categories), mostCategories).Try("leave the last ones out: they follow by name")
	}
	var clean []string
	for _, name := range categories {
		category, ok := Category(name)
		if !ok {
			return nil, wrong("order_categories", "a category has at most %d characters", mostCategoryLen).Try("give it a short name")
		}
		if slices.Contains(clean, category) {
			return nil, wrong("order_categories", "the category %q stands there twice", category).Try("leave one of them out")
		}
		clean = append(clean, category)
	}
	return clean, nil
}

// checkRights gives the matrix in its one written form.
func checkRights(rights map[string][]events.EntryKind) (map[string][]events.EntryKind, error) {
	if len(rights) == 0 {
		return DefaultRights(), nil
	}
	if len(rights) > mostCategories {
		return nil, wrong("rights", "%d categories are more than %d", len(rights), mostCategories).Try("give small categories the rights of \"*\"")
	}
	clean, statements := map[string][]events.EntryKind{}, false
	// In order of name, so that of two faults every replica names the same one.
	for _, name := range slices.Sorted(maps.Keys(rights)) {
		field := "rights." + clip(name)
		category, ok := Category(name)
		if !ok || strings.TrimSpace(name) == "" {
			return nil, wrong(field, "a category has 1 to %d characters", mostCategoryLen).Try("give it a short name")
		}
		if _, twice := clean[category]; twice {
			return nil, wrong(field, "the category %q stands there twice", category).Try("leave one of them out")
		}
		kinds := []events.EntryKind{}
		for _, kind := range rights[name] {
			if !slices.Contains(events.EntryKinds(), kind) {
				return nil, wrong(field, "%q is none of %s", clip(string(kind)), strings.Join(names(events.EntryKinds()), ", ")).Try("choose from them")
			}
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
		statements = statements || slices.Contains(kinds, events.Statement)
		clean[category] = kinds
	}
	if !statements {
		return nil, wrong("rights", "no category may make a statement").Try(`let at least "*" make statements`)
	}
	return clean, nil
}

// wrong is a refusal about one field of the modalities.
func wrong(field string, detail problem.Text, args ...any) *problem.Error {
	return problem.Field("args.modalities."+field, detail, args...)
}

// clip bounds what an error repeats of a caller's text.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 48 {
		return string(runes[:48]) + "…"
	}
	return text
}

func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}
