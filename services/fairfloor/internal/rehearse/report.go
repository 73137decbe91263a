package rehearse

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// Report is what became of a rehearsal. Its JSON holds no identifier that is
// made anew in each run, so that the same seed gives the same bytes.
type Report struct {
	Clock      string  `json:"clock"` // gated or scaled
	Seed       uint64  `json:"seed"`
	Applicants int     `json:"applicants"`
	Present    int     `json:"present"`
	Spoke      int     `json:"spoke"`
	StartedAt  string  `json:"started_at"`
	EndedAt    string  `json:"ended_at"`
	HardEnd    string  `json:"hard_end"`
	OverrunS   float64 `json:"overrun_s"`
	// Overlaps counts pairs of turns that held the floor at once: always 0.
	Overlaps   int `json:"overlaps"`
	NotReached int `json:"not_reached"`
	// The three forms of Jain's index as the record reckons them (measures.Summary):
	// offers of min(request, level), uses of min(request, level), seconds.
	JainOffered     float64 `json:"jain_offered"`
	JainEntitlement float64 `json:"jain_entitlement"`
	JainSeconds     float64 `json:"jain_seconds"`
	ShortestS       float64 `json:"shortest_offered_s"`
	LongestS        float64 `json:"longest_offered_s"`
	GuaranteeS      float64 `json:"guarantee_s"`
	PromisesBroken  int     `json:"promises_broken"`
	// Rungs counts the chair's choices from the ladder.
	Rungs         int     `json:"ladder_choices"`
	HandoverMeanS float64 `json:"handover_mean_s"`
	// Order is the ordering rule; GroupPrefixError is how far, in places, any
	// group was from its part at any moment of the order in which they spoke.
	Order            string  `json:"order"`
	GroupPrefixError float64 `json:"group_prefix_error"`
	Turns            []Turn  `json:"turns"`
	// Log is the session's exported log (NDJSON).
	Log []byte `json:"-"`
}

// Turn is one turn of the report. Times are seconds since the session started.
type Turn struct {
	Number       int     `json:"number"`
	Organisation string  `json:"organisation"`
	Group        string  `json:"group"`
	GivenS       float64 `json:"given_s"`
	BegunS       float64 `json:"begun_s"`
	EndedS       float64 `json:"ended_s"`
	OfferedS     float64 `json:"offered_s"`
	GuaranteeS   float64 `json:"guarantee_s"`
	UsedS        float64 `json:"used_s"`
	// WaitedS is from the planned start to the first word.
	WaitedS float64 `json:"waited_s"`
	How     string  `json:"how"`
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// report reads the chair's last view.
func (s *stage) report() (*Report, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	view, err := s.view()
	if err != nil {
		return nil, err
	}
	start := view.Session.StartedAt
	r := &Report{
		Clock: view.Session.ClockMode, Seed: s.Seed, Applicants: len(s.delegates),
		StartedAt: start.Time().Format(time.RFC3339Nano), EndedAt: view.Session.AdjournedAt.Time().Format(time.RFC3339Nano),
		HardEnd:    view.Session.HardEnd.Time().Format(time.RFC3339Nano),
		OverrunS:   max(0, seconds(view.Session.AdjournedAt.Sub(view.Session.HardEnd))),
		NotReached: len(view.Session.NotReached), Rungs: s.rungs, Order: view.Session.Modalities.Order, Turns: []Turn{},
	}
	for _, d := range s.delegates {
		if !d.absent {
			r.Present++
		}
		if spoken(view.Entries[d.entry]) {
			r.Spoke++
		}
	}
	r.turns(view, start, s.item)
	return r, s.http.Do(s.ctx, http.MethodGet, "/api/v1/sessions/"+s.session.String()+"/log", nil, &r.Log)
}

// turns fills the table and the figures. Turns of other parts are in the
// table and not in the figures.
func (r *Report) turns(view *api.View, start clock.Instant, item ids.Part) {
	reckoned := map[ids.Entry]*measures.Turn{}
	for _, e := range view.Entries {
		if e.Part == item && e.Kind == events.Statement {
			reckoned[e.ID] = &measures.Turn{
				Group: e.Group, RequestMS: e.RequestedMS, GuaranteeMS: e.GuaranteeMS,
				Present: e.State == session.Spoken || e.State != session.Standby && !e.Absent,
			}
		}
	}
	place := 0
	var lastEnd clock.Instant
	var handovers, handoverSum float64
	for _, id := range view.TurnOrder {
		t := view.Turns[id]
		if !stands(t) {
			continue
		}
		if t.BegunAt < lastEnd {
			r.Overlaps++
		}
		if !lastEnd.IsZero() {
			handovers++
			handoverSum += seconds(t.BegunAt.Sub(lastEnd))
		}
		lastEnd = max(lastEnd, t.EndedAt)
		entry := view.Entries[t.Entry]
		r.Turns = append(r.Turns, Turn{
			Number: len(r.Turns) + 1, Organisation: entry.Organisation, Group: entry.Group,
			GivenS: seconds(t.GivenAt.Sub(start)), BegunS: seconds(t.BegunAt.Sub(start)), EndedS: seconds(t.EndedAt.Sub(start)),
			OfferedS: seconds(t.AllottedMS + t.AddedMS), GuaranteeS: seconds(t.GuaranteeMS), UsedS: seconds(t.UsedMS),
			WaitedS: seconds(t.BegunAt.Sub(view.Session.PlannedStart)), How: string(t.How),
		})
		if t.Part != item {
			continue
		}
		if m := reckoned[t.Entry]; m != nil {
			place++
			m.Place, m.OfferedMS, m.UsedMS, m.GuaranteeMS = place, t.AllottedMS, t.UsedMS, t.GuaranteeMS
		}
		r.GuaranteeS = max(r.GuaranteeS, seconds(t.GuaranteeMS))
	}
	if handovers > 0 {
		r.HandoverMeanS = round(handoverSum / handovers)
	}
	all := make([]measures.Turn, 0, len(reckoned))
	for _, id := range slices.SortedFunc(maps.Keys(reckoned), ids.Entry.Compare) {
		all = append(all, *reckoned[id])
	}
	// Floats are added in the order of speaking: entries' ids are new in each run.
	slices.SortStableFunc(all, func(a, b measures.Turn) int { return a.Place - b.Place })
	sum := measures.Summarise(all)
	r.JainOffered, r.JainEntitlement, r.JainSeconds = round(sum.JainOffered), round(sum.JainEntitlement), round(sum.JainSeconds)
	r.ShortestS, r.LongestS = seconds(sum.ShortestOfferedMS), seconds(sum.LongestOfferedMS)
	r.PromisesBroken, r.GroupPrefixError = sum.PromisesBroken, round(sum.GroupPrefixError)
}

// round keeps six digits, so that the last bits of floats do not show.
func round(x float64) float64 { return float64(int64(x*1e6+0.5)) / 1e6 }

// Table writes the report for people.
func (r *Report) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "turn\toffered\tused\twaited\tended\t  organisation\t")
	for _, turn := range r.Turns {
		_, _ = fmt.Fprintf(t, "%d\t%.0f s\t%.1f s\t%s\t%s\t  %s\t\n", turn.Number, turn.OfferedS, turn.UsedS,
			minutes(turn.WaitedS), turn.How, turn.Organisation)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
%d of %d present spoke (%d applied, %d not reached)
started %s, ended %s, hard end %s, overrun %.0f s
offered %.0f to %.0f s, guaranteed %.0f s, Jain offered %.4f, of entitlement %.4f, seconds %.4f
mean handover %.1f s, two holders at once: %d, promises broken: %d, clock: %s
order %s, largest prefix error %.3f of a place
`,
		r.Spoke, r.Present, r.Applicants, r.NotReached, r.StartedAt, r.EndedAt, r.HardEnd, r.OverrunS,
		r.ShortestS, r.LongestS, r.GuaranteeS, r.JainOffered, r.JainEntitlement, r.JainSeconds,
		r.HandoverMeanS, r.Overlaps, r.PromisesBroken, r.Clock,
		r.Order, r.GroupPrefixError)
	return err
}

func minutes(s float64) string { return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60) }
