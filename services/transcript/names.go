package transcript

import (
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/people"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// chairNames are what captioners call whoever is in the chair, in the languages
// of the United Nations, as roster spells them.
var chairNames = spelled(
	"chair", "the chair", "chairman", "chairwoman", "chairperson", "co-chair", "vice-chair", "moderator", "president", "the president", "facilitator",
	"président", "présidente", "le président", "la présidente", "presidente", "presidenta", "el presidente", "la presidenta",
	"председатель", "председательствующий", "主席", "الرئيس", "الرئيسة",
)

// forms are words before a name that are none of it.
var forms = spelled("mr", "mrs", "ms", "miss", "dr", "prof", "professor", "he", "amb", "ambassador", "sir", "madam", "m", "mme", "mlle", "sr", "sra", "srta", "don", "doña")

func spelled(names ...string) []string {
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, roster.KeysOf(name).Spelling)
	}
	return all
}

// who finds the speaker whom a captioner named: the chair, an organisation by its
// name, or a person by their name or, when nobody else has it, their last name.
// Among several of one name the one who has the floor is meant. Nobody is the
// zero Attribution.
func (s *Service) who(state *session.State, name string) events.Attribution {
	name, _, _ = strings.Cut(name, "(") // such as (online)
	name = bare(name)
	key := roster.KeysOf(name).Spelling
	switch {
	case key == "":
		return events.Attribution{}
	case slices.Contains(chairNames, key):
		return events.Attribution{Chair: true}
	}
	found := map[ids.Applicant]bool{}
	for _, a := range state.Registry.Applicants {
		if roster.KeysOf(a.Organisation).Spelling == key {
			found[a.Applicant] = true
		}
	}
	if len(found) == 0 {
		s.byPerson(state, key, found)
	}
	if holder := s.holder(state); found[holder] {
		return events.Attribution{Applicant: holder}
	}
	if len(found) == 1 {
		for a := range found {
			return events.Attribution{Applicant: a}
		}
	}
	return events.Attribution{}
}

// byPerson adds the organisations for which somebody of a name speaks.
func (s *Service) byPerson(state *session.State, key string, found map[ids.Applicant]bool) {
	for _, p := range state.Registry.Persons {
		if p.Applicant.IsZero() || p.Erased {
			continue
		}
		person, kept := s.names.Person(state.ID, p.ID, p.Digest)
		if kept != people.Kept {
			continue
		}
		full := bare(person.Name)
		parts := strings.Fields(full)
		if roster.KeysOf(full).Spelling == key || len(parts) > 1 && roster.KeysOf(parts[len(parts)-1]).Spelling == key {
			found[p.Applicant] = true
		}
	}
}

// holder is the applicant who has the floor, or was called to it.
func (s *Service) holder(state *session.State) ids.Applicant {
	if t := state.Queue.Running(); t != nil {
		if e := state.Queue.Entries[t.Entry]; e != nil {
			return e.Applicant
		}
	}
	return ids.Applicant{}
}

// bare takes forms of address off the front of a name.
func bare(name string) string {
	parts := strings.Fields(name)
	for len(parts) > 1 && slices.Contains(forms, roster.KeysOf(parts[0]).Spelling) {
		parts = parts[1:]
	}
	return strings.Join(parts, " ")
}
