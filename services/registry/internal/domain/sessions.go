package domain

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// The bounds of a session's times. Outside of the two centuries an instant is
// a slip of a unit; inside of them no sum of instants and lengths overflows.
const (
	earliest     clock.Instant = 946_684_800_000   // 2000-01-01T00:00Z
	latest       clock.Instant = 7_258_118_400_000 // 2200-01-01T00:00Z
	longestMS                  = 24 * 3_600_000
	maxLanguages               = 20
)

// The clock modes (decisions.md 8).
const (
	clockReal   = "real"
	clockScaled = "scaled"
	clockGated  = "gated"
)

// Code gives the six-character code of a session's short links: a function of
// its id, in digits and letters that are not mistaken for each other
// (Crockford's base 32). A code opens nothing; the link's token does.
func Code(id ids.Session) string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	raw := id.Bytes()
	sum := sha256.Sum256(append([]byte("fairfloor.code.v1\n"), raw[:]...))
	code := make([]byte, 6)
	for i := range code {
		code[i] = letters[sum[i]%32]
	}
	return string(code)
}

// OwnConsultation is the id of the consultation that is made for a session that
// named none: derived from the command that creates the session. Organisations
// that use the same command id do not meet in one.
func OwnConsultation(create ids.Command, of ids.Organisation) ids.Consultation {
	if !of.IsZero() {
		return ids.Named[ids.Consultation](create, "consultation of "+of.String())
	}
	return ids.Derive[ids.Consultation](create, 0)
}

// createConsultation makes a consultation on its own subject. Sessions come to
// it by linkSession; it is changed by nothing else.
func createConsultation(c call) (result, error) {
	a, err := decode(c, command.CreateConsultation{})
	if err != nil {
		return result{}, err
	}
	name, err := title("args.title", a.Title)
	if err != nil {
		return result{}, err
	}
	// A consultation's id is the request's: it is a UUID like a session's, and
	// the name of its subject.
	id := ids.MustParse[ids.Consultation](c.s.ID.String())
	return facts(&events.ConsultationCreated{Consultation: id, Title: name, CarryOver: a.CarryOver, Organisation: c.Actor.Organisation})
}

// linkSession adds a session to the consultation whose state c.s is; one that
// was made with its first session comes into being here.
func linkSession(c call) (result, error) {
	a, err := decode(c, command.LinkSession{})
	if err != nil {
		return result{}, err
	}
	if a.Linked.IsZero() {
		return result{}, problem.Field("args.linked", "the session is missing")
	}
	linked := &events.ConsultationSessionAdded{Session: a.Linked}
	if c.s.Registry.Series == nil {
		name, err := title("args.title", a.Title)
		if err != nil {
			return result{}, err
		}
		id := ids.MustParse[ids.Consultation](c.s.ID.String())
		return facts(&events.ConsultationCreated{Consultation: id, Title: name, CarryOver: a.CarryOver, Organisation: a.Organisation}, linked)
	}
	if c.s.Registry.Organisation != a.Organisation {
		// What create_session looked for in vain is not there for its link either.
		return result{}, problem.New(problem.NotFound, "there is no consultation %s", c.s.ID).On("session").Try("link the session first")
	}
	if slices.Contains(c.s.Registry.Series.Sessions, a.Linked) {
		return result{}, problem.New(problem.Already, "the consultation has the session %s already", a.Linked).On("args.linked")
	}
	return facts(linked)
}

// createSession writes a session's first fact. Its public key is the shell's
// to fill in: keys are not a domain's business.
func createSession(c call) (result, error) {
	rules := session.DefaultModalities()
	rules.Rights = nil // a matrix that is given replaces the default one, row by row merging would surprise
	a, err := decode(c, command.CreateSession{Modalities: &rules})
	if err != nil {
		return result{}, err
	}
	if a.Modalities == nil { // "modalities": null
		rules = session.DefaultModalities()
		a.Modalities = &rules
	}
	f := &events.SessionCreated{
		Consultation: a.Consultation, PlannedStart: a.PlannedStart, HardEnd: a.HardEnd, Zone: a.Zone,
		Code: Code(c.s.ID), ClockMode: a.ClockMode, Organisation: c.Actor.Organisation,
	}
	if f.Consultation.IsZero() {
		f.Consultation = OwnConsultation(c.ID, c.Actor.Organisation)
	}
	if f.Title, err = title("args.title", a.Title); err != nil {
		return result{}, err
	}
	if err = times(a.PlannedStart, a.HardEnd); err != nil {
		return result{}, err
	}
	if err = zone(a.Zone); err != nil {
		return result{}, err
	}
	if f.Languages, err = languages(a.Languages); err != nil {
		return result{}, err
	}
	if f.Modalities, err = session.CheckModalities(*a.Modalities); err != nil {
		return result{}, err
	}
	// A session whose fixed times leave nothing to share could be opened, and
	// nobody would ever be reached in it: better said now than on the day.
	if err = session.CheckRoom(f.Modalities, a.PlannedStart, a.HardEnd); err != nil {
		return result{}, err
	}
	if f.Parts, err = parts(c.ID, a, f); err != nil {
		return result{}, err
	}
	if a.Clock != nil {
		f.Clock = *a.Clock
	}
	// A clock that is given and not named can only be a scaled one.
	if f.ClockMode == "" {
		f.ClockMode = clockReal
		if f.Clock != (clock.Mapping{}) {
			f.ClockMode = clockScaled
		}
	}
	if err = mapping(f.Clock, f.ClockMode, "args.clock_mode"); err != nil {
		return result{}, err
	}
	return facts(f)
}

// changeSession changes what is given. Start and end are the plan's: once the
// session runs, its end is the clock's business.
func changeSession(c call) (result, error) {
	if err := c.open(); err != nil {
		return result{}, err
	}
	r := &c.s.Registry
	rules := r.Modalities
	rules.Rights = nil
	// Decoding writes into what it finds: never into the state's own.
	rules.OrderCategories = slices.Clone(r.Modalities.OrderCategories)
	a, err := decode(c, command.ChangeSession{Modalities: &rules})
	if err != nil {
		return result{}, err
	}
	f := &events.SessionChanged{
		Title: r.Title, PlannedStart: r.PlannedStart, HardEnd: r.HardEnd, Zone: r.Zone,
		Languages: slices.Clone(r.Languages), Modalities: r.Modalities,
	}
	f.Modalities.Rights = maps.Clone(r.Modalities.Rights)
	before := *f // its slices and map are never changed, only replaced
	if a.Title != nil {
		if f.Title, err = title("args.title", *a.Title); err != nil {
			return result{}, err
		}
	}
	if a.PlannedStart != nil {
		f.PlannedStart = *a.PlannedStart
	}
	if a.HardEnd != nil {
		f.HardEnd = *a.HardEnd
	}
	// The same values again are no change, so that a form may send all of its
	// fields while the session runs.
	if f.PlannedStart != before.PlannedStart || f.HardEnd != before.HardEnd {
		if c.s.Timing.Phase != session.Planned {
			return result{}, problem.New(problem.WrongState, "the session has started").On("args.hard_end").Try("set another end with extend_session")
		}
		if err = times(f.PlannedStart, f.HardEnd); err != nil {
			return result{}, err
		}
	}
	if a.Zone != nil {
		f.Zone = *a.Zone
		if err = zone(f.Zone); err != nil {
			return result{}, err
		}
	}
	if a.Languages != nil {
		if f.Languages, err = languages(a.Languages); err != nil {
			return result{}, err
		}
	}
	if a.Modalities != nil {
		// Left out means as it is; an empty matrix means the default one.
		if a.Modalities.Rights == nil {
			a.Modalities.Rights = f.Modalities.Rights
		}
		if f.Modalities, err = session.CheckModalities(*a.Modalities); err != nil {
			return result{}, err
		}
		if f.Modalities.Order != before.Modalities.Order {
			if err = undrawn(c.s); err != nil {
				return result{}, err
			}
		}
	}
	if err = session.CheckRoom(f.Modalities, f.PlannedStart, f.HardEnd); err != nil {
		return result{}, err
	}
	if reflect.DeepEqual(before, *f) {
		return result{}, unchanged("the session")
	}
	return facts(f)
}

// setClock starts a new stretch of a rehearsal's clock. A session that was made
// on the real clock stays on it: nobody may bend the time of a real meeting.
func setClock(c call) (result, error) {
	a, err := decode(c, command.SetClock{})
	if err != nil {
		return result{}, err
	}
	if c.s.Registry.ClockMode == clockReal {
		return result{}, problem.New(problem.WrongState, "the session runs on the real clock").Try("only a rehearsal's clock can be set; create the rehearsal with clock_mode scaled or gated")
	}
	if a.Mode == clockReal {
		return result{}, problem.Field("args.mode", "a rehearsal stays a rehearsal").Try("use scaled or gated")
	}
	if err := mapping(a.Clock, a.Mode, "args.mode"); err != nil {
		return result{}, err
	}
	// The log keeps its times in order by itself, but every countdown would jump.
	if a.Clock != (clock.Mapping{}) && a.Clock.S0 < c.s.At {
		return result{}, problem.Field("args.clock.s0", "session time cannot go back behind %s", c.s.At).Try("start the stretch at the last commit's time or later")
	}
	return facts(&events.ClockSet{Clock: a.Clock, Mode: a.Mode})
}

// seal ends a session's log: after it only a person can be erased and a link be
// revoked, which must be possible for ever. By hand it may come at once; an
// adjournment that is sealed cannot be undone any more.
func seal(c call) (result, error) {
	if c.s.Timing.Phase != session.Adjourned {
		return result{}, problem.New(problem.WrongState, "the session is not adjourned").Try("adjourn it first")
	}
	return facts(append(sealing(c.s), &events.SessionSealed{})...)
}

// SealAfterMS is how long after its adjournment a session seals itself (decisions.md 12).
const SealAfterMS = 7 * 24 * 3_600_000

// Due lists what the registry will do by itself: reckon an adjourned session up
// where credit is carried over, and seal it, seven days after its adjournment.
// The requests' ids are the same on every replica, and others when the session
// was adjourned again.
func Due(s *session.State) []command.Deadline {
	if !s.Exists() || s.Registry.Sealed || s.Timing.Phase != session.Adjourned {
		return nil
	}
	adjourned := s.Timing.AdjournedAt
	all := []command.Deadline{{At: adjourned.Add(SealAfterMS), Timer: true, Request: command.Request{
		ID: ids.Named[ids.Command](s.ID, "seal "+adjourned.String()), Session: s.ID, Verb: "seal", Actor: events.ByService(events.Registry),
	}}}
	if reckon, due := reckonDue(s); due {
		all = append(all, reckon)
	}
	return all
}

// Link is the request that adds a session to its consultation: it goes to the
// consultation's subject, and has the same id whoever makes it.
func Link(s *session.State) (*command.Request, error) {
	args, err := json.Marshal(command.LinkSession{Linked: s.ID, Title: s.Registry.Title, Organisation: s.Registry.Organisation})
	if err != nil {
		return nil, err
	}
	return &command.Request{
		ID: ids.Named[ids.Command](s.ID, "link"), Session: subjectOf(s.Registry.Consultation), Verb: "link_session",
		Actor: events.ByService(events.Registry), Args: args,
	}, nil
}

// subjectOf gives a consultation's id as that of the subject on which it is
// written, which has the form of a session's.
func subjectOf(c ids.Consultation) ids.Session { return ids.MustParse[ids.Session](c.String()) }

// times checks planned start and hard end.
func times(start, end clock.Instant) error {
	for _, f := range []struct {
		field string
		at    clock.Instant
	}{{"args.planned_start", start}, {"args.hard_end", end}} {
		if f.at < earliest || f.at > latest {
			return problem.Field(f.field, "%d is not a time between the years 2000 and 2200", int64(f.at)).Try("give milliseconds since 1970-01-01T00:00Z")
		}
	}
	// Both lie inside of two centuries, so the difference cannot overflow.
	switch length := end.Sub(start); {
	case length <= 0:
		return problem.Field("args.hard_end", "the hard end is not after the planned start").Try("let the session end later")
	case length > longestMS:
		return problem.Field("args.hard_end", "the session lasts longer than 24 hours").Try("make a session for each day")
	}
	return nil
}

// zone checks the form of a time zone's name; whether there is such a zone is
// asked by the shell, which has the table.
func zone(name string) error {
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+-/", r))
	}
	if name == "" || len(name) > 64 || name == "Local" || strings.ContainsFunc(name, bad) {
		return problem.Field("args.zone", "%q is not the name of a time zone", clip(name)).Try("use an IANA name such as Europe/Zurich or UTC")
	}
	return nil
}

// languages checks the languages of a session; English when none is given.
func languages(tags []string) ([]string, error) {
	if len(tags) == 0 {
		return []string{"en"}, nil
	}
	if len(tags) > maxLanguages {
		return nil, problem.Field("args.languages", "%d languages are more than %d", len(tags), maxLanguages).Try("name the languages of interpretation")
	}
	var clean []string
	for _, text := range tags {
		tag, ok := roster.Language(text)
		if !ok {
			return nil, problem.Field("args.languages", "%q is not a language tag", clip(text)).Try(`use BCP 47 tags such as "en", "fr" or "zh-Hans"`)
		}
		if !slices.Contains(clean, tag) {
			clean = append(clean, tag)
		}
	}
	return clean, nil
}

// mapping checks a clock and its mode: only a scaled clock has a mapping.
func mapping(m clock.Mapping, mode, field string) error {
	switch mode {
	case clockReal, clockGated:
		if m != (clock.Mapping{}) {
			return problem.Field("args.clock", "a %s clock has no mapping", mode).Try("leave the clock out, or use clock mode scaled")
		}
	case clockScaled:
		if m.SpeedPermille == 0 {
			return problem.Field("args.clock.speed_permille", "a scaled clock needs a speed").Try("give thousandths: 60000 is 60 times as fast")
		}
	default:
		return problem.Field(field, "%q is none of real, scaled, gated", clip(mode)).Try("choose one of them")
	}
	if err := m.Check(); err != nil {
		return problem.Field("args.clock.speed_permille", "%s", err.Error()).Try("give thousandths: 60000 is 60 times as fast")
	}
	for _, at := range []clock.Instant{m.S0, m.W0} {
		if m != (clock.Mapping{}) && (at < earliest || at > latest) {
			return problem.Field("args.clock", "%d is not a time between the years 2000 and 2200", int64(at)).Try("give s0 and w0 in milliseconds since 1970-01-01T00:00Z")
		}
	}
	return nil
}

// unchanged refuses a change that changes nothing, so that the log says only what happened.
func unchanged(what string) error {
	return problem.New(problem.Already, "%s is like this already", what).Try("nothing needs to be done")
}

// fits refuses what would not fit into one message of the log.
func fits(all []events.Event) error {
	n, err := size(all)
	if err != nil {
		return err
	}
	if n > maxCommit {
		return problem.New(problem.TooLarge, "the rows fill %d bytes, more than the %d of one commit", n, maxCommit).On("args.rows").Try("import them in two halves")
	}
	return nil
}

// size is how many bytes facts take in a message.
func size(all []events.Event) (int, error) {
	n := 0
	for _, e := range all {
		raw, err := json.Marshal(e)
		if err != nil {
			return 0, problem.New(problem.Internal, "a fact cannot be written")
		}
		n += len(raw) + 40 // its type and the commas
	}
	return n, nil
}

// maxCommit bounds the facts of one commit, in bytes: a message of the log has
// at most 1 MiB, and the envelope and headers need some of it.
const maxCommit = 1<<20 - 64<<10
