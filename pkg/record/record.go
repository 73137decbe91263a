// Package record makes a session's published record from its log.
//
// Guarantee: Build is a function of the log alone, so whoever has the log makes
// the same record. Names of persons are in neither (event-log.md 15). Verifying
// one, which decides again what the services decided, is the program's own
// (services/fairfloor/internal/record).
package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Version is the version of the record's form.
const Version = 1

// Record is what is published of a session. Instants are ms since 1970 of
// session time, lengths are ms.
type Record struct {
	Version int         `json:"version"`
	Session ids.Session `json:"session"`
	Title   string      `json:"title"`
	// RuleVersion is the version of the allotment rule that Verify recomputes with.
	RuleVersion  int               `json:"rule_version"`
	Rule         events.Modalities `json:"rule"`
	PlannedStart clock.Instant     `json:"planned_start_ms"`
	StartedAt    clock.Instant     `json:"started_at_ms"`
	AdjournedAt  clock.Instant     `json:"adjourned_at_ms"`
	HardEnd      clock.Instant     `json:"hard_end_ms"`
	PublicKey    string            `json:"public_key"`
	Parts        []events.Part     `json:"parts"`
	Applicants   []Applicant       `json:"applicants"`
	Entries      []Entry           `json:"entries"`
	Turns        []Turn            `json:"turns"`
	Announced    []Announced       `json:"announced"`
	// Lists says of each list how it was ordered, and from which inputs.
	Lists []List `json:"lists"`
	// Credit is what each organisation carries on, where credit is carried over.
	Credit []events.CreditRow `json:"credit,omitempty"`
	// Access is what sealed allowances cost the reserve, as one sum: no turn above
	// shows its own.
	Access    *Access    `json:"access,omitempty"`
	Decisions []Decision `json:"decisions"`
	Figures   Figures    `json:"figures"`
	// Heads are where the subjects stood; Log is the whole log as stored, the
	// input of everything above.
	Heads []Head       `json:"heads"`
	Log   []proof.Line `json:"log"`
}

// Access sums up sealed allowances (decisions.md 24).
type Access struct {
	ChargedMS int64 `json:"charged_ms"`
	// Commitments are the keyed digests of what they were for, sorted, so that their
	// order tells nothing.
	Commitments []events.Hash `json:"commitments"`
}

// access is nil when there was none.
func access(s *session.State) *Access {
	var a Access
	for _, c := range s.Timing.Turns {
		a.Commitments = append(a.Commitments, c.Sealed...)
	}
	if len(a.Commitments) == 0 {
		return nil
	}
	slices.SortFunc(a.Commitments, func(x, y events.Hash) int { return bytes.Compare(x[:], y[:]) })
	a.ChargedMS = s.AccessCharged(s.At)
	return &a
}

// Applicant is who applied.
type Applicant struct {
	ID           ids.Applicant          `json:"id"`
	Organisation string                 `json:"organisation"`
	Category     string                 `json:"category"`
	Group        string                 `json:"group"`
	Region       string                 `json:"region"`
	FirstTime    bool                   `json:"first_time"`
	State        session.ApplicantState `json:"state"`
	Reason       string                 `json:"reason,omitempty"`
}

// Entry is one place on a list and what became of it.
type Entry struct {
	ID           ids.Entry          `json:"id"`
	Part         ids.Part           `json:"part"`
	Organisation string             `json:"organisation"`
	Group        string             `json:"group"`
	Kind         events.EntryKind   `json:"kind"`
	State        session.EntryState `json:"state"`
	RequestedMS  int64              `json:"requested_ms,omitempty"`
	JoinedAt     clock.Instant      `json:"joined_at_ms"`
	Late         bool               `json:"late,omitempty"`
	Deferrals    int                `json:"deferrals,omitempty"`
	Members      []ids.Entry        `json:"members,omitempty"`
	Excused      bool               `json:"excused,omitempty"`
}

// Turn is one holding of the floor.
type Turn struct {
	Number       int            `json:"number"`
	ID           ids.Turn       `json:"id"`
	Entry        ids.Entry      `json:"entry"`
	Organisation string         `json:"organisation"`
	GivenAt      clock.Instant  `json:"given_at_ms"`
	BegunAt      clock.Instant  `json:"begun_at_ms"`
	EndedAt      clock.Instant  `json:"ended_at_ms"`
	Basis        events.Basis   `json:"basis"`
	OfferedMS    int64          `json:"offered_ms"`
	AddedMS      int64          `json:"added_ms,omitempty"`
	GuaranteeMS  int64          `json:"guarantee_ms"`
	UsedMS       int64          `json:"used_ms"`
	How          events.TurnEnd `json:"how"`
	Corrected    int            `json:"corrected,omitempty"`
}

// Announced is what the speakers of a part were promised.
type Announced struct {
	Part        ids.Part      `json:"part"`
	At          clock.Instant `json:"at_ms"`
	GuaranteeMS int64         `json:"guarantee_ms"`
	LevelMS     int64         `json:"level_ms"`
	UniformMS   int64         `json:"uniform_ms,omitempty"`
	Entries     int           `json:"entries"`
	UsePPM      int64         `json:"use_ppm"`
	HandoverMS  int64         `json:"handover_ms"`
}

// Decision is an act of a person: what, when, by which role, and whether a
// reason was given (its words are in the store that can forget).
type Decision struct {
	At       clock.Instant `json:"at_ms"`
	Verb     string        `json:"verb"`
	Roles    []events.Role `json:"roles"`
	OnBehalf ids.Applicant `json:"on_behalf,omitzero"`
	Reason   ids.Note      `json:"reason,omitzero"`
	Subject  string        `json:"subject"`
	Version  uint64        `json:"version"`
}

// Figures are the session's measures, with ETA errors in seconds.
type Figures struct {
	measures.Summary
	NotReached   int     `json:"not_reached"`
	OverrunS     float64 `json:"overrun_s"`
	HandoverMS   int64   `json:"handover_mean_ms"`
	EtaStartMAES float64 `json:"eta_start_mae_s"`
	Eta5MAES     float64 `json:"eta5_mae_s"`
	EtaCoverage  float64 `json:"eta90_coverage"`
}

// Head is where a subject stood.
type Head struct {
	Subject string      `json:"subject"`
	Version uint64      `json:"version"`
	Hash    events.Hash `json:"hash"`
}

// Build makes the record of a log.
func Build(lines []proof.Line) (*Record, error) {
	s, commits, err := fold(lines)
	if err != nil {
		return nil, err
	}
	if !s.Exists() {
		return nil, fmt.Errorf("the log holds no session")
	}
	r := &Record{
		Version: Version, Session: s.ID, Title: s.Registry.Title, RuleVersion: fairness.RuleVersion, Rule: s.Registry.Modalities,
		PlannedStart: s.Registry.PlannedStart, StartedAt: s.Timing.StartedAt, AdjournedAt: s.Timing.AdjournedAt, HardEnd: s.HardEnd(),
		PublicKey: s.Registry.PublicKey, Parts: s.Registry.Parts, Log: lines,
		Applicants: []Applicant{}, Entries: []Entry{}, Turns: []Turn{}, Announced: []Announced{}, Decisions: []Decision{}, Heads: []Head{},
	}
	for _, id := range s.Registry.ApplicantOrder {
		a := s.Registry.Applicants[id]
		r.Applicants = append(r.Applicants, Applicant{
			ID: id, Organisation: a.Organisation, Category: a.Category, Group: a.Group, Region: a.Region,
			FirstTime: a.FirstTime, State: a.State, Reason: a.Reason,
		})
	}
	for _, id := range s.Queue.EntryOrder {
		e := s.Queue.Entries[id]
		organisation, group := who(s, e)
		r.Entries = append(r.Entries, Entry{
			ID: id, Part: e.Part, Organisation: organisation, Group: group, Kind: e.Kind, State: s.EntryState(e), RequestedMS: e.RequestedMS,
			JoinedAt: e.JoinedAt, Late: e.Late, Deferrals: e.Deferrals, Members: e.Members, Excused: e.Excused,
		})
	}
	r.Turns, r.Lists = turns(s), lists(s)
	if s.Registry.Reckoned != nil {
		r.Credit = s.Registry.Reckoned.Rows
	}
	r.Access = access(s)
	for _, c := range commits {
		r.decide(c)
	}
	r.Figures = figures(s, r.Turns)
	for _, c := range []events.Context{events.Registry, events.Queue, events.Timing, events.Transcript} {
		if h, ok := s.Heads[c]; ok {
			r.Heads = append(r.Heads, Head{events.Subject(c, s.ID), h.Version, h.Hash})
		}
	}
	return r, nil
}

// who names the organisation and group of an entry's applicant.
func who(s *session.State, e *session.Entry) (organisation, group string) {
	if a := s.Registry.Applicants[e.Applicant]; a != nil {
		return a.Organisation, a.Group
	}
	return "", ""
}

// turns lists the turns that stand, in the order in which they were held.
func turns(s *session.State) []Turn {
	all := []Turn{}
	for _, id := range s.Queue.TurnOrder {
		t := s.Queue.Turns[id]
		if !t.Stands() || t.EndedAt.IsZero() {
			continue
		}
		organisation, _ := who(s, s.Queue.Entries[t.Entry])
		turn := Turn{
			Number: len(all) + 1, ID: id, Entry: t.Entry, Organisation: organisation, GivenAt: t.GivenAt, BegunAt: t.BegunAt,
			EndedAt: t.EndedAt, Basis: t.Basis, UsedMS: s.Reckoned(t, t.EndedAt), How: t.How, Corrected: t.Corrected, OfferedMS: t.AllottedMS,
		}
		if c := s.Timing.Turns[id]; c != nil {
			turn.OfferedMS, turn.AddedMS, turn.GuaranteeMS = c.AllottedMS, c.AddedMS-c.AccessMS, c.GuaranteeMS
		}
		all = append(all, turn)
	}
	return all
}

// decide notes what people decided and what was announced.
func (r *Record) decide(c *Commit) {
	for _, e := range c.Events {
		if a, ok := e.(*events.AllotmentsAnnounced); ok {
			r.Announced = append(r.Announced, Announced{
				Part: a.Part, At: c.At, GuaranteeMS: a.GuaranteeMS, LevelMS: a.LevelMS, UniformMS: a.UniformMS, Entries: a.Entries, UsePPM: a.UsePPM, HandoverMS: a.HandoverMS,
			})
		}
	}
	if c.Actor.Has(events.System) {
		return
	}
	d := Decision{At: c.At, Verb: c.Verb, Roles: c.Actor.Roles, OnBehalf: c.OnBehalf, Subject: c.Subject, Version: c.Version}
	if c.Reason != nil {
		d.Reason = c.Reason.ID
	}
	r.Decisions = append(r.Decisions, d)
}

// figures reckons the session up: statements only, one each applicant's entry.
func figures(s *session.State, held []Turn) Figures {
	reckoned := map[ids.Entry]*measures.Turn{}
	for _, id := range s.Queue.EntryOrder {
		e := s.Queue.Entries[id]
		state := s.EntryState(e)
		if e.Kind != events.Statement || state == session.Gone || state == session.Merged {
			continue
		}
		_, group := who(s, e)
		reckoned[id] = &measures.Turn{
			Group: group, RequestMS: e.RequestedMS,
			Present: state == session.Spoken || state != session.Standby && !e.Absent && !e.Excused,
		}
	}
	place := 0
	for _, t := range held {
		if m := reckoned[t.Entry]; m != nil {
			if m.Place == 0 {
				place++
				m.Place = place
			}
			m.OfferedMS, m.UsedMS, m.GuaranteeMS = m.OfferedMS+t.OfferedMS, m.UsedMS+t.UsedMS, t.GuaranteeMS
			m.Cut = t.How != events.Yielded && t.UsedMS > t.OfferedMS+t.AddedMS
		}
	}
	all := make([]measures.Turn, 0, len(reckoned))
	for _, id := range slices.SortedFunc(maps.Keys(reckoned), ids.Entry.Compare) {
		all = append(all, *reckoned[id])
	}
	// The sum of floats depends on their order: that of speaking is the same everywhere.
	slices.SortStableFunc(all, func(a, b measures.Turn) int { return a.Place - b.Place })
	f := Figures{Summary: measures.Summarise(all), NotReached: len(s.NotReached())}
	if !s.Timing.AdjournedAt.IsZero() {
		f.OverrunS = max(0, float64(s.Timing.AdjournedAt.Sub(s.HardEnd()))/1000)
	}
	f.eta(s, held)
	f.HandoverMS = handover(held)
	return f
}

// eta compares the starts that were shown with those that came.
func (f *Figures) eta(s *session.State, held []Turn) {
	var start, five, covered, shown float64
	var starts, fives int
	for _, t := range held {
		for i, told := range s.Timing.Etas[t.Entry] {
			off := float64(t.BegunAt.Sub(told.Middle)) / 1000
			if off < 0 {
				off = -off
			}
			if i == 0 {
				start, starts = start+off, starts+1
			}
			if told.Places == 5 {
				five, fives = five+off, fives+1
			}
			shown++
			if t.BegunAt >= told.Low && t.BegunAt <= told.High {
				covered++
			}
		}
	}
	f.EtaStartMAES, f.Eta5MAES = start/max(1, float64(starts)), five/max(1, float64(fives))
	f.EtaCoverage = covered / max(1, shown)
}

// EtaError is by how much a turn began later than was first announced, in ms;
// negative is earlier. Number is the turn's in the record.
type EtaError struct {
	Number int   `json:"number"`
	MS     int64 `json:"ms"`
}

// EtaErrors compares the first announced start of each turn's entry with the
// begin of the turn. A turn that nothing was announced for is left out.
func EtaErrors(lines []proof.Line) ([]EtaError, error) {
	s, _, err := fold(lines)
	if err != nil {
		return nil, err
	}
	all := []EtaError{}
	for _, t := range turns(s) {
		if told := s.Timing.Etas[t.Entry]; len(told) > 0 {
			all = append(all, EtaError{t.Number, t.BegunAt.Sub(told[0].Middle)})
		}
	}
	return all, nil
}

// handover is the mean time from one turn's end to the next one's first word.
func handover(held []Turn) int64 {
	var sum, n int64
	for i := 1; i < len(held); i++ {
		if gap := held[i].BegunAt.Sub(held[i-1].EndedAt); gap >= 0 {
			sum, n = sum+gap, n+1
		}
	}
	return sum / max(1, n)
}

// JSON writes the record.
func (r *Record) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }
