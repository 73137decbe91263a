package token

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Audience is one of the four views that are encoded once for all who see it
// (decisions.md 29). Each includes those after it in Audiences.
type Audience string

// The audiences, from the widest to the narrowest.
const (
	// ForChair is the view of the chair and the secretariat.
	ForChair Audience = "chair"
	// ForBooth is the view of interpreters, captioners and technicians.
	ForBooth Audience = "booth"
	// ForParticipant is the view of those who take part: speakers.
	ForParticipant Audience = "participant"
	// ForPublic is the view of everybody who may follow.
	ForPublic Audience = "public"
)

// Audiences lists the audiences from the widest to the narrowest.
func Audiences() []Audience { return []Audience{ForChair, ForBooth, ForParticipant, ForPublic} }

// Includes reports whether somebody of audience a may see what other sees. An
// audience that does not exist includes nothing and is included by none.
func (a Audience) Includes(other Audience) bool {
	mine, theirs := slices.Index(Audiences(), a), slices.Index(Audiences(), other)
	return mine >= 0 && theirs >= mine
}

// Narrow gives the audience that a client asked for, if its token allows it.
// An empty wish gives the widest one.
func (a Audience) Narrow(wanted Audience) (Audience, error) {
	switch {
	case wanted == "":
		return a, nil
	case !slices.Contains(Audiences(), wanted):
		return "", problem.Field("audience", "%.40q is not an audience", string(wanted)).Try("ask for chair, booth, participant or public, or leave it out")
	case !a.Includes(wanted):
		return "", problem.New(problem.Forbidden, "this token sees at most the audience %s", a).On("audience").Try("leave the audience out, or open the link of another role")
	default:
		return wanted, nil
	}
}

// WidestFor gives the widest audience of somebody with these roles.
func WidestFor(roles ...events.Role) Audience {
	widest := ForPublic
	for _, role := range roles {
		if a := audienceOf(role); a.Includes(widest) {
			widest = a
		}
	}
	return widest
}

// audienceOf gives the audience of one role; unknown roles see what everybody sees.
func audienceOf(role events.Role) Audience {
	switch role {
	case events.Organiser, events.Chair, events.ViceChair, events.Secretariat:
		return ForChair
	case events.Captioner, events.Interpreter, events.Technician:
		return ForBooth
	case events.Speaker:
		return ForParticipant
	default:
		return ForPublic
	}
}
