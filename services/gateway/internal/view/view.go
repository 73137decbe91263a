// Package view makes what clients see out of a session's state: the view, its
// encoding for each audience, the patch between two encodings, and the small
// personal part.
//
// Guarantee: everything here is a pure function of its arguments. Build is the
// only reader of the state, and the encoding of an audience holds nothing that
// the tags of pkg/api, the session's publication or a text's visibility keep
// from it. Applying Diff(old, new) to old (RFC 7396) gives new, byte for byte
// once both are written in one order. A cursor names the log position and the
// very bytes, so a client that resumes with it at any gateway is patched only
// when its view is exactly the one that the patch starts from.
package view

import (
	"maps"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Name is what the store that can forget says of a person.
type Name struct {
	Name, FormOfAddress, Pronunciation, DisplayName string
	// AccessMS and AccessPercent are their access allowance, shown to nobody else.
	AccessMS, AccessPercent int64
	// Erased is set when the value was erased.
	Erased bool
}

// Names looks a person up by the digest that the log names. A person whose
// value has not arrived yet has the zero Name.
type Names func(s ids.Session, p ids.Person, digest events.Hash) Name

// NoNames knows nobody.
func NoNames(ids.Session, ids.Person, events.Hash) Name { return Name{} }

// View is the view of everything, as the chair's side sees it, together with
// what Encode and Me need to narrow it.
type View struct {
	api.View
	// publication is the modality of that name.
	publication string
	// readable are the texts that those beyond chair and booth may read, by audience.
	readable map[api.Audience]map[ids.Text]bool
	// mine gives the entries of an applicant, in order of joining.
	mine map[ids.Applicant][]ids.Entry
	// access gives access allowances.
	access map[ids.Person]Name
}

// undoWithinMS is how long a floor act can be undone, in ms (decisions.md 15).
const undoWithinMS = 60_000

// actsShown is the most acts in a view.
const actsShown = 20

// Build makes the view of a session as of its last commit. It keeps nothing of
// the state, which may be changed as soon as Build has returned.
func Build(s *session.State, names Names) *View {
	v := &View{
		publication: s.Registry.Modalities.Publication,
		mine:        map[ids.Applicant][]ids.Entry{},
		access:      map[ids.Person]Name{},
	}
	v.Session = sessionOf(s)
	v.Applicants, v.Register = applicantsOf(s), registerOf(s)
	v.parts(s)
	v.turns(s)
	v.entries(s)
	v.order(s)
	v.floor(s)
	v.persons(s, names)
	v.texts(s)
	v.Swaps = make(map[ids.Swap]api.SwapView, len(s.Queue.Swaps))
	for id, swap := range s.Queue.Swaps {
		v.Swaps[id] = api.SwapView{ID: id, Entry: swap.Entry, With: swap.With}
	}
	acts := s.Queue.Acts
	v.Acts = append([]session.Act{}, acts[max(0, len(acts)-actsShown):]...)
	v.captions(s)
	v.booth(s)
	v.plan(s)
	return v
}

func sessionOf(s *session.State) api.SessionView {
	r, t := &s.Registry, &s.Timing
	out := api.SessionView{
		ID: s.ID, Title: r.Title, Phase: t.Phase, PlannedStart: r.PlannedStart, HardEnd: s.HardEnd(), Zone: r.Zone,
		Languages: append([]string{}, r.Languages...), StartedAt: t.StartedAt, AdjournedAt: t.AdjournedAt, Sealed: r.Sealed,
		Part: t.Part, Code: r.Code, Modalities: r.Modalities, MinimumMS: s.Minimum(), Clock: r.Clock, ClockMode: r.ClockMode,
		PublicKey: r.PublicKey, NotReached: s.NotReached(),
		CloseNowAt: t.Marks[events.MarkCloseNow], HardEndAt: t.Marks[events.MarkHardEnd],
	}
	// The map of rights is the state's own; the view is encoded without its lock.
	out.Modalities.Rights = make(map[string][]events.EntryKind, len(r.Modalities.Rights))
	for category, kinds := range r.Modalities.Rights {
		out.Modalities.Rights[category] = append([]events.EntryKind{}, kinds...)
	}
	out.Modalities.Limits, out.Modalities.GroupBudgetsMS = maps.Clone(r.Modalities.Limits), maps.Clone(r.Modalities.GroupBudgetsMS)
	if n := len(t.Suspensions); n > 0 && t.Suspensions[n-1].To.IsZero() {
		out.SuspendedAt = t.Suspensions[n-1].From
	}
	if key, err := keys.ParsePublic(r.PublicKey); err == nil {
		out.Fingerprint = keys.Fingerprint(key)
	}
	return out
}

func applicantsOf(s *session.State) map[ids.Applicant]api.ApplicantView {
	out := make(map[ids.Applicant]api.ApplicantView, len(s.Registry.Applicants))
	for id, a := range s.Registry.Applicants {
		out[id] = api.ApplicantView{
			ID: id, Organisation: a.Organisation, Category: a.Category, Group: a.Group, Region: a.Region, Language: a.Language,
			State: a.State, Reason: a.Reason, RequestedMS: a.RequestedMS, FirstTime: a.FirstTime, Remote: a.Remote,
			Objections: len(a.Objections), Appealed: a.AppealOpen,
		}
	}
	return out
}

// registerOf counts the applications. Every reason stands there, so that a patch
// of the counts is small and none has to go away.
func registerOf(s *session.State) api.RegisterView {
	out := api.RegisterView{Declined: map[string]int{}}
	for _, code := range events.DeclineReasons() {
		out.Declined[code] = 0
	}
	for _, a := range s.Registry.Applicants {
		switch a.State {
		case session.Applied:
			out.Applied++
		case session.AcceptedApplicant:
			out.Accepted++
		case session.Declined:
			out.Declined[a.Reason]++
		case session.WithdrawnApplicant:
			out.Withdrawn++
		}
		out.Objections += len(a.Objections)
		if !a.AppealedAt.IsZero() {
			out.Appeals++
		}
	}
	return out
}

// parts fills in the agenda and the lists.
func (v *View) parts(s *session.State) {
	v.Parts = make(map[ids.Part]*api.PartView, len(s.Registry.Parts))
	v.Agenda = make([]ids.Part, 0, len(s.Registry.Parts))
	v.Lists = make(map[ids.Part][]ids.Entry, len(s.Registry.Parts))
	for _, p := range s.Registry.Parts {
		list := s.Queue.List(p.ID)
		out := &api.PartView{
			ID: p.ID, Kind: p.Kind, Title: p.Title, Minutes: p.Minutes, LimitMS: p.LimitMS, HasList: p.HasList,
			List: list.State, ClosesAt: list.ClosesAt,
		}
		if ran := s.Timing.Parts[p.ID]; ran != nil {
			out.StartedAt, out.EndedAt = ran.StartedAt, ran.EndedAt
		}
		if window, ok := s.Window(p.ID); ok {
			out.Deadline = window.Until
		}
		if a := s.Timing.Announced[p.ID]; a != nil {
			out.GuaranteeMS, out.AnnouncedMS, out.UniformMS = a.GuaranteeMS, a.LevelMS, a.UniformMS
		}
		v.Parts[p.ID] = out
		v.Agenda = append(v.Agenda, p.ID)
		if p.HasList {
			v.Lists[p.ID] = append([]ids.Entry{}, list.Order...)
		}
	}
}

// entries fills in the entries and what is said of them outside the lists.
func (v *View) entries(s *session.State) {
	// An entry's turn is the last one of it that was not undone.
	turns := make(map[ids.Entry]ids.Turn, len(s.Queue.TurnOrder))
	for _, id := range s.Queue.TurnOrder {
		if t := s.Queue.Turns[id]; !t.Void {
			turns[t.Entry] = id
		}
	}
	v.Standby = []ids.Entry{}
	v.Raised = append([]ids.Entry{}, s.Queue.Raised...)
	v.Entries = make(map[ids.Entry]api.EntryView, len(s.Queue.Entries))
	for _, id := range s.Queue.EntryOrder {
		e := s.Queue.Entries[id]
		out := api.EntryView{
			ID: id, Part: e.Part, Applicant: e.Applicant, Kind: e.Kind, State: e.State, Language: e.Language, Late: e.Late, Stance: e.Stance,
			Delegate: e.Delegate, RequestedMS: e.RequestedMS, Deferrals: e.Deferrals, CheckedIn: e.CheckedIn, Absent: e.Absent,
			Presence: e.Presence, Excused: e.Excused, Members: slices.Clone(e.Members), MergedInto: e.MergedInto,
			Turn: turns[id], Ruling: e.Ruling, Reached: true,
		}
		if out.Turn.IsZero() {
			out.Turn = e.Turn
		}
		if a := s.Registry.Applicants[e.Applicant]; a != nil {
			out.Organisation, out.Group, out.Region = a.Organisation, a.Group, a.Region
			if out.Language == "" {
				out.Language = a.Language
			}
		}
		if told := s.Timing.Etas[id]; len(told) > 0 {
			out.ToldMS = told[len(told)-1].AllotmentMS
		}
		if e.Aside != nil {
			out.Aside, out.Reached = &api.AsideView{How: e.Aside.How, CreditMS: e.Aside.CreditMS}, false
		}
		switch s.EntryState(e) {
		case session.NotReached:
			out.State, out.Reached = session.NotReached, false
		case session.Standby:
			v.Standby = append(v.Standby, id)
		}
		v.Entries[id] = out
		v.mine[e.Applicant] = append(v.mine[e.Applicant], id)
	}
	for _, list := range v.Lists {
		for i, id := range list {
			out := v.Entries[id]
			out.Place = i + 1
			v.Entries[id] = out
		}
	}
}

// turns fills in the turns with the facts of their clocks.
func (v *View) turns(s *session.State) {
	v.TurnOrder = append([]ids.Turn{}, s.Queue.TurnOrder...)
	v.Turns = make(map[ids.Turn]*api.TurnView, len(s.Queue.Turns))
	for id, t := range s.Queue.Turns {
		out := &api.TurnView{
			ID: id, Entry: t.Entry, Part: t.Part, GivenAt: t.GivenAt, BegunAt: t.BegunAt, Basis: t.Basis, EndedAt: t.EndedAt,
			Limit: s.LimitMode(s.Queue.Entries[t.Entry]), How: t.How, Void: t.Void, Corrected: t.Corrected, Entered: t.Entered,
		}
		if c, ok := s.Countdown(t); ok {
			out.AllottedMS, out.AddedMS = c.AllottedMS, c.AddedMS
			out.PausedMS, out.PausedSince, out.PauseCause = c.PausedMS, c.PausedSince, c.Cause
		}
		if t.Entered {
			out.AllottedMS = t.AllottedMS
		}
		if !t.EndedAt.IsZero() {
			// What was sealed is shown while it counts down, and not for ever.
			out.UsedMS = s.Reckoned(t, t.EndedAt)
			if c := s.Timing.Turns[id]; c != nil {
				out.AddedMS -= c.AccessMS
			}
		}
		if c := s.Timing.Turns[id]; c != nil {
			out.GuaranteeMS, out.LostLine = c.GuaranteeMS, c.LostLine()
			out.Warning, out.Expired = c.Marked(events.MarkWarning), c.Marked(events.MarkExpired)
			out.GraceOver, out.Silent = c.Marked(events.MarkGrace), c.Marked(events.MarkSilent)
		}
		v.Turns[id] = out
	}
}

// floor fills in who has the floor and what can be done about it.
func (v *View) floor(s *session.State) {
	q := &s.Queue
	v.Floor.Turn = q.Turn
	if q.Point != nil {
		v.Floor.Point, v.Floor.PointSince = q.Point.Entry, q.Point.At
	}
	if q.Turn.IsZero() {
		v.Floor.FreeSince = q.LastEnd
	}
	if list := v.Lists[s.Timing.Part]; len(list) > 0 && s.Timing.Phase != session.Adjourned {
		v.Floor.Next = list[0]
	}
	if u := q.Undo; u != nil {
		v.Floor.Undo, v.Floor.UndoVerb, v.Floor.UndoUntil = u.Act, u.Verb, u.PressedAt.Add(undoWithinMS)
	}
	if p := q.Prompt; p != nil && p.Turn == q.Turn {
		v.Floor.Prompt = &api.PromptView{ID: p.ID, Kind: p.Kind, Until: p.Until}
	}
}

// persons fills in how people are addressed.
func (v *View) persons(s *session.State, names Names) {
	v.Persons = make(map[ids.Person]api.PersonView, len(s.Registry.Persons))
	for id, p := range s.Registry.Persons {
		out := api.PersonView{ID: id, Applicant: p.Applicant, Erased: p.Erased}
		if !p.Erased {
			name := names(s.ID, id, p.Digest)
			out.Name, out.FormOfAddress, out.Pronunciation, out.Erased = name.Name, name.FormOfAddress, name.Pronunciation, name.Erased
			out.DisplayName = name.DisplayName
			if name.AccessMS > 0 || name.AccessPercent > 0 {
				v.access[id] = name
			}
		}
		v.Persons[id] = out
	}
}

// texts fills in the texts and who beyond chair and booth may know of them.
func (v *View) texts(s *session.State) {
	v.Texts = make(map[ids.Text]api.TextView, len(s.Registry.Texts))
	v.readable = map[api.Audience]map[ids.Text]bool{api.ForParticipant: {}, api.ForPublic: {}}
	readers := map[api.Audience]events.Actor{
		api.ForParticipant: {Roles: []events.Role{events.Speaker}},
		api.ForPublic:      {Roles: []events.Role{events.Observer}},
	}
	for id, t := range s.Registry.Texts {
		v.Texts[id] = api.TextView{ID: id, Applicant: t.Applicant, Language: t.Language, Words: t.Words, Visibility: t.Visibility}
		delivered := t.Visibility == events.PublicAtDelivery && s.Delivered(id)
		for audience, reader := range readers {
			if session.MayRead(s, id, reader, delivered) {
				v.readable[audience][id] = true
			}
		}
	}
}

// adjourned reports whether the session is over.
func (v *View) adjourned() bool { return v.Session.Phase == session.Adjourned }
