package chaos

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// Report is the verdict with its figures.
type Report struct {
	Kind      stage.Kind `json:"kind"`
	Seed      uint64     `json:"seed"`
	Speakers  int        `json:"speakers"`
	Observers int        `json:"observers"`
	DurationS float64    `json:"duration_s"`
	// Commands by what became of them, Twice how many were sent twice at once; Commits
	// is the length of the log.
	Acknowledged int `json:"acknowledged"`
	Refused      int `json:"refused"`
	Unknown      int `json:"unknown"`
	Twice        int `json:"sent_twice"`
	Commits      int `json:"commits"`
	// Readings of the log, sights of the floor and last views were compared.
	Readings int `json:"readings"`
	Sights   int `json:"sights"`
	Views    int `json:"views"`
	// Reconnects of all clients, and how many of them took a whole snapshot.
	Reconnects int `json:"reconnects"`
	Snapshots  int `json:"snapshots"`
	// Findings are broken invariants, Late what exceeded a limit of the issue.
	Findings  []Finding   `json:"findings"`
	Late      []string    `json:"late"`
	Rows      []Row       `json:"faults"`
	Incidents []*Incident `json:"incidents"`
	// Unasked are members that ended although nobody had asked them to.
	Unasked []string `json:"ended_unasked"`
	// Load1 is the machine's load average over the last minute, as a measure of what else
	// went on, and CPUs its processors.
	Load1 string `json:"load_1m,omitempty"`
}

// Row sums up the incidents of one fault and role. Times are in ms.
type Row struct {
	Fault string `json:"fault"`
	Role  string `json:"role"`
	Count int    `json:"count"`
	// FirstP50 and FirstMax are of Incident.FirstMS, and so on.
	FirstP50   float64 `json:"first_ack_p50_ms"`
	FirstMax   float64 `json:"first_ack_max_ms"`
	AllMax     float64 `json:"every_probe_max_ms"`
	SilenceMax float64 `json:"silence_max_ms"`
	AwayP50    float64 `json:"away_p50_ms"`
	AwayMax    float64 `json:"away_max_ms"`
	WholeMax   float64 `json:"whole_again_max_ms"`
	LimitMS    float64 `json:"limit_ms,omitempty"`
}

// report sums up.
func (r *run) report(took time.Duration, findings []Finding) *Report {
	rep := &Report{
		Kind: r.Kind, Seed: r.Seed, Speakers: r.Speakers, Observers: r.Observers, DurationS: took.Seconds(),
		Acknowledged: r.acknowledged, Refused: r.refused, Unknown: r.unknown, Commits: len(r.history.Log.Lines),
		Readings: len(r.history.Reads), Sights: len(r.history.Sights), Views: len(r.history.Endings),
		Findings: findings, Incidents: r.incidents, Unasked: r.ground.Unasked(), Load1: load(),
	}
	for i := range r.history.Commands {
		if len(r.history.Commands[i].Receipts) > 1 {
			rep.Twice++
		}
	}
	for _, p := range r.everybody() {
		stats := p.live.Stats()
		rep.Reconnects += stats.Reconnects
		rep.Snapshots += stats.Snapshots - 1
	}
	rep.Rows, rep.Late = summarise(r.incidents)
	return rep
}

// summarise makes a row of each fault and role, and says what took too long.
func summarise(incidents []*Incident) (rows []Row, late []string) {
	type name struct{ fault, role string }
	var order []name
	of := map[name][]*Incident{}
	for _, i := range incidents {
		n := name{i.Name, i.Role}
		if of[n] == nil {
			order = append(order, n)
		}
		of[n] = append(of[n], i)
		if i.LimitMS > 0 && i.FirstMS > i.LimitMS {
			late = append(late, fmt.Sprintf("%s: first acknowledgement after %.0f ms, limit %.0f ms", &i.Fault, i.FirstMS, i.LimitMS))
		}
		if i.Name == Rolling && i.AwayMS > ms(awayLimit) {
			late = append(late, fmt.Sprintf("%s: somebody saw \"reconnecting\" for %.0f ms, limit %.0f ms", &i.Fault, i.AwayMS, ms(awayLimit)))
		}
	}
	slices.SortFunc(order, func(a, b name) int { return strings.Compare(a.fault+a.role, b.fault+b.role) })
	for _, n := range order {
		all := of[n]
		figure := func(of func(*Incident) float64) (p50, most float64) {
			values := make([]float64, len(all))
			for i, one := range all {
				values[i] = of(one)
			}
			slices.Sort(values)
			// Nearest rank: the smallest that half of them do not exceed.
			return values[(len(values)+1)/2-1], values[len(values)-1]
		}
		row := Row{Fault: n.fault, Role: n.role, Count: len(all), LimitMS: all[0].LimitMS}
		row.FirstP50, row.FirstMax = figure(func(i *Incident) float64 { return i.FirstMS })
		_, row.AllMax = figure(func(i *Incident) float64 { return i.AllMS })
		_, row.SilenceMax = figure(func(i *Incident) float64 { return i.SilenceMS })
		row.AwayP50, row.AwayMax = figure(func(i *Incident) float64 { return i.AwayMS })
		_, row.WholeMax = figure(func(i *Incident) float64 { return i.WholeMS })
		rows = append(rows, row)
	}
	return rows, late
}

// load is the machine's load average, empty where it is not told.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}

// Sound says which invariants were broken, nil when none was.
func (rep *Report) Sound() error {
	if len(rep.Findings) == 0 {
		return nil
	}
	return fmt.Errorf("%d invariants are broken, the first: %s", len(rep.Findings), rep.Findings[0])
}

// Soon says which limits were exceeded, nil when none was.
func (rep *Report) Soon() error {
	if len(rep.Late) == 0 {
		return nil
	}
	return errors.New("too late: " + strings.Join(rep.Late, "; "))
}

// Count is how many findings there are of some kinds.
func (rep *Report) Count(kinds ...Kind) int {
	n := 0
	for _, f := range rep.Findings {
		if slices.Contains(kinds, f.Kind) {
			n++
		}
	}
	return n
}

// shown is how many findings the table holds.
const shown = 20

// Table writes the report for people.
func (rep *Report) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "fault\tof\tcount\tfirst ack p50\tmax\tlimit\tevery probe\tsilence\taway p50\taway max\twhole again\t")
	for _, row := range rep.Rows {
		most := "-"
		if row.LimitMS > 0 {
			most = fmt.Sprintf("%.0f ms", row.LimitMS)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%.0f ms\t%.0f ms\t%s\t%.0f ms\t%.0f ms\t%.0f ms\t%.0f ms\t%.0f ms\t\n", row.Fault, row.Role, row.Count,
			row.FirstP50, row.FirstMax, most, row.AllMax, row.SilenceMax, row.AwayP50, row.AwayMax, row.WholeMax)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
%s, seed %d, %d speakers, %d observers, %.0f s, load average %s
commands: %d acknowledged (%d of them sent twice at once), %d refused, %d unknown; %d commits in the log
lost %d, doubled %d, reordered %d, forked %d, refused and done %d, two holders %d, places lost %d
wrong views %d of %d, clients that need a reload %d; %d readings of the log and %d sights of the floor agree but for what is listed
%d reconnects, %d of them with a whole snapshot
`, rep.Kind, rep.Seed, rep.Speakers, rep.Observers, rep.DurationS, rep.Load1,
		rep.Acknowledged, rep.Twice, rep.Refused, rep.Unknown, rep.Commits,
		rep.Count(Lost), rep.Count(Doubled), rep.Count(Reordered, Unordered), rep.Count(Forked, Broken), rep.Count(Undone), rep.Count(TwoHolders), rep.Count(PlaceLost),
		rep.Count(WrongView), rep.Views, rep.Count(Stuck), rep.Readings, rep.Sights, rep.Reconnects, rep.Snapshots)
	for _, f := range rep.Findings[:min(shown, len(rep.Findings))] {
		_, _ = fmt.Fprintf(w, "BROKEN  %s\n", f)
	}
	for _, text := range rep.Late {
		_, _ = fmt.Fprintf(w, "LATE    %s\n", text)
	}
	for _, text := range rep.Unasked {
		_, _ = fmt.Fprintf(w, "ENDED   %s\n", text)
	}
	return err
}
