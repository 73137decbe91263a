package simulate

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// Result is a policy with what it did.
type Result struct {
	Policy  Policy
	Figures Figures
}

// WriteTable writes the figures of several policies for people.
func WriteTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "policy\theard\tof present\tall heard\tJain offered\tentitled\tseconds\tshortest s\tlongest s\tfirst ten\tlast ten\tcut\tETA start s\tETA 5 s\tcover\ton time\tbroken\t")
	for _, r := range results {
		f := &r.Figures
		_, _ = fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.4f\t%.4f\t%.4f\t%.4f\t%.0f\t%.0f\t%.1f\t%.1f\t%.2f\t%.0f/%.0f\t%.0f/%.0f\t%.3f\t%.3f\t%.4f\t\n",
			r.Policy.Name, f.HeardMean, f.PresentMean, f.AllPresentHeard, f.JainOffered, f.JainEntitlement, f.JainSeconds,
			f.ShortestOfferedS, f.LongestOfferedS, f.FirstTenOfferedS, f.LastTenOfferedS, f.CutShare,
			f.ETAStartMAE, f.ETAStartP95, f.ETA5MAE, f.ETA5P95, f.ETA90Coverage, f.NoOverrunShare, f.PromisesBroken)
	}
	return t.Flush()
}

// The picture's measures, in its own units.
const (
	panelWidth, panelHeight = 420, 190
	marginLeft, marginTop   = 52, 46
	marginRight, marginBase = 16, 40
	columns                 = 2
)

// Picture draws offered and used time by place of speaking, one panel for each
// policy, as SVG with real text: it can be read aloud, searched and copied. A
// place is drawn as faintly as it was rarely reached.
func Picture(s Scenario, results []Result) []byte {
	rows := (len(results) + columns - 1) / columns
	width, height := columns*panelWidth, rows*panelHeight+56
	most := 60.0
	for _, r := range results {
		for _, p := range r.Figures.Place {
			most = max(most, p.OfferedS, p.UsedS)
		}
	}
	// An hour of "no limit" would flatten everything else.
	most = math.Ceil(min(most, 240)/60) * 60
	var b bytes.Buffer
	sessions := 0
	if len(results) > 0 {
		sessions = results[0].Figures.Sessions
	}
	title := fmt.Sprintf("Offered and used time by place of speaking: %s, %d sessions", s.Name, sessions)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title" font-family="sans-serif" font-size="11">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"title\">%s</title>\n", escape(title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="16" y="24" font-size="16" fill="#1a1a1a">%s</text>`+"\n", escape(title))
	b.WriteString(`<rect x="16" y="34" width="10" height="10" fill="#9db8d9"/><text x="30" y="43" fill="#1a1a1a">offered</text>` +
		`<rect x="86" y="34" width="10" height="10" fill="#1f4e8c"/><text x="100" y="43" fill="#1a1a1a">used (line)</text>` + "\n")
	for i := range results {
		panel(&b, &results[i], s.Applicants(), most, float64(i%columns*panelWidth), float64(i/columns*panelHeight+56))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// panel draws one policy.
func panel(b *bytes.Buffer, r *Result, places int, most, x, y float64) {
	f := &r.Figures
	w, h := float64(panelWidth-marginLeft-marginRight), float64(panelHeight-marginTop-marginBase)
	left, base := x+marginLeft, y+marginTop+h
	at := func(s float64) float64 { return base - min(s, most)/most*h }
	fmt.Fprintf(b, `<g><text x="%.0f" y="%.0f" font-size="13" fill="#1a1a1a">%s</text>`, left, y+16, escape(f.Title))
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" fill="#444444">%.1f of %.1f heard, Jain offered %.3f, all heard in %.2f %%</text>`+"\n",
		left, y+32, f.HeardMean, f.PresentMean, f.JainOffered, 100*f.AllPresentHeard)
	for s := 0.0; s <= most; s += 60 {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%.1f" y="%.1f" text-anchor="end" fill="#444444">%.0f s</text>`+"\n",
			left, at(s), left+w, at(s), left-6, at(s)+4, s)
	}
	step := w / float64(max(places, 1))
	var line strings.Builder
	for _, p := range f.Place {
		px := left + float64(p.Place-1)*step
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#9db8d9" opacity="%.2f"/>`,
			px, at(p.OfferedS), max(step-1, .5), base-at(p.OfferedS), .15+.85*p.Share)
		fmt.Fprintf(&line, "%.1f,%.1f ", px+step/2, at(p.UsedS))
	}
	fmt.Fprintf(b, "\n"+`<polyline points="%s" fill="none" stroke="#1f4e8c" stroke-width="1.5"/>`+"\n", strings.TrimSpace(line.String()))
	for place := 1; place <= places; place += max(1, (places+4)/5) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#444444">%d</text>`, left+(float64(place)-.5)*step, base+14, place)
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end" fill="#444444">place</text></g>`+"\n", left+w, base+28)
}

// escape makes text safe inside XML.
func escape(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}
