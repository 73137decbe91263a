package load

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Kinds of message that are measured.
const (
	// Receipts: from a command's sending to its receipt at the same client.
	Receipts = "receipt"
	// Views: from a command's sending to the view that shows it, at each observer.
	Views = "view"
	// Partials: from a captioner's sending to each observer who follows the track.
	Partials = "partial"
	// Finals: as Partials, for captions that are kept.
	Finals = "final"
	// Joins: from dialling to the first view.
	Joins = "join"
	// Resumes: from the moment at which every line was cut to the view being live again.
	Resumes = "resume"
)

// Summary is what became of one kind of message; times are in ms.
type Summary struct {
	Kind  string  `json:"kind"`
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Summarise orders the times and reads the percentiles by nearest rank: the
// smallest time that so many hundredths of all do not exceed.
func Summarise(kind string, times []time.Duration) Summary {
	s := Summary{Kind: kind, Count: len(times)}
	if len(times) == 0 {
		return s
	}
	slices.Sort(times)
	at := func(p float64) float64 {
		rank := int(math.Ceil(p*float64(len(times)))) - 1
		return ms(times[max(0, rank)])
	}
	s.P50, s.P95, s.P99, s.Max = at(.50), at(.95), at(.99), ms(times[len(times)-1])
	return s
}

// ms is a duration in ms, to the microsecond.
func ms(d time.Duration) float64 { return math.Round(float64(d.Microseconds())) / 1000 }

// arrival is when an observer's view reached a log position.
type arrival struct {
	seq  uint64
	came time.Time
}

// act is a command that was accepted.
type act struct {
	seq  uint64
	sent time.Time
}

// acts are the commands of one session, in no order.
type acts struct {
	sync.Mutex
	all      []act
	receipts []time.Duration
	refused  int
}

func (a *acts) add(seq uint64, sent time.Time, took time.Duration) {
	a.Lock()
	defer a.Unlock()
	a.all = append(a.all, act{seq, sent})
	a.receipts = append(a.receipts, took)
}

func (a *acts) refuse() {
	a.Lock()
	defer a.Unlock()
	a.refused++
}

// sorted gives the commands in the order of the log.
func (a *acts) sorted() []act {
	a.Lock()
	defer a.Unlock()
	out := slices.Clone(a.all)
	slices.SortFunc(out, func(x, y act) int { return int(x.seq) - int(y.seq) })
	return out
}

// delays gives, for each act, how long it took until the view was at or past
// it, and how many acts the view never reached. Both lists are in the order of
// the log: a view only goes forward.
func delays(all []act, arrivals []arrival) (times []time.Duration, missing int) {
	at := 0
	for i, a := range all {
		for at < len(arrivals) && arrivals[at].seq < a.seq {
			at++
		}
		if at == len(arrivals) {
			return times, len(all) - i
		}
		// A view may show an act before its receipt is read, never before it is sent.
		times = append(times, arrivals[at].came.Sub(a.sent))
	}
	return times, 0
}
