package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/fairness/order"
)

// person is one applicant with everything that chance decides about them,
// drawn before any policy is applied.
type person struct {
	id        string
	group     int
	requestMS int64
	lot       uint64
	joined    int

	measured, written float64 // prepared over announced length
	absent            bool    // not there when first called
	lateMS            int64   // comes so long after that; -1 is never
	seen              bool    // the system has seen them today
	checksIn          bool    // answers on deck when there
	handoverMS        [4]int64
	audioMS           int64
	gavelMS           int64 // ended so long after the grace; -1 is not at all
	pick              float64
}

// remote says whether they take part over the conference, as half of them do.
func (p *person) remote() bool { return p.lot%2 == 0 }

// fortune is what chance decides about a session.
type fortune struct {
	people       []person
	openingMS    int64
	interruption []interruption // by instant
}

// interruption stops the session at an instant, for a time.
type interruption struct{ atMS, forMS int64 }

// draw makes the fortune of one session from its own random stream.
func (s *Scenario) draw(seed uint64, session int) fortune {
	r := rand.New(rand.NewPCG(seed, uint64(session)+1))
	between := r.NormFloat64()
	f := fortune{openingMS: ms(uniform(r, s.OpeningLeastS, s.OpeningMostS))}
	n := s.Applicants()
	f.people = make([]person, 0, n)
	joined := r.Perm(n)
	for g, group := range s.Groups {
		for range group.Size {
			f.people = append(f.people, s.drawPerson(r, len(f.people), g, joined[len(f.people)], between))
		}
	}
	lengthMS := int64(s.Minutes) * 60_000
	for range poisson(r, s.OrderMean) {
		f.interruption = append(f.interruption, interruption{
			atMS:  startMS + f.openingMS + int64(r.Float64()*float64(lengthMS-f.openingMS)),
			forMS: ms(uniform(r, s.OrderLeastS, s.OrderMostS)),
		})
	}
	if at := r.Float64(); s.InterruptionS > 0 {
		// Somewhere between a fifth and four fifths of the session.
		f.interruption = append(f.interruption, interruption{
			atMS: startMS + int64((.2+.6*at)*float64(lengthMS)), forMS: s.InterruptionS * 1000,
		})
	}
	slices.SortFunc(f.interruption, func(a, b interruption) int { return int(a.atMS - b.atMS) })
	return f
}

// drawPerson draws always the same number of values, so that a change of one
// rate does not change everybody else's fortune.
func (s *Scenario) drawPerson(r *rand.Rand, i, group, joined int, between float64) person {
	p := person{id: fmt.Sprintf("p%03d", i), group: group, joined: joined, lot: r.Uint64(), lateMS: -1, gavelMS: -1}
	p.requestMS = s.RequestsS[r.IntN(len(s.RequestsS))] * 1000
	within := r.NormFloat64()
	p.measured, p.written = ratio(s.Measured, within, between), ratio(s.Written, within, between)
	if short, length := r.Float64(), uniform(r, s.ShortLeast, s.ShortMost); short < s.ShortShare {
		p.measured, p.written = length, length
	}
	p.absent = r.Float64() < s.AbsentShare
	if late, delay := r.Float64(), uniform(r, s.LateLeastS, s.LateMostS); late < s.LateShare {
		p.lateMS = ms(delay)
	}
	seen, seenAbsent := r.Float64() >= s.NotConnectedShare, r.Float64() < s.AbsentSeenShare
	p.seen = seen && !p.absent || seenAbsent && p.absent
	p.checksIn = r.Float64() < s.CheckInShare
	for k := range p.handoverMS {
		p.handoverMS[k] = ms(uniform(r, s.HandoverLeastS, s.HandoverMostS))
	}
	if trouble, cost := r.Float64(), uniform(r, s.AudioLeastS, s.AudioMostS); trouble < s.AudioShare {
		p.audioMS = ms(cost)
	}
	if ended, after := r.Float64(), uniform(r, s.GavelLeastS, s.GavelMostS); ended < s.GavelShare {
		p.gavelMS = ms(after)
	}
	p.pick = r.Float64()
	return p
}

// ratio is lognormal.
func ratio(s Spread, within, between float64) float64 {
	return math.Exp(s.Mean + s.Within*within + s.Between*between)
}

func uniform(r *rand.Rand, least, most float64) float64 { return least + (most-least)*r.Float64() }

// ms turns seconds into whole milliseconds.
func ms(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }

// poisson draws by counting products of uniforms (Knuth), fit for small means.
func poisson(r *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), r.Float64(), 0
	for product > limit {
		n++
		product *= r.Float64()
	}
	return n
}

// arrange is the list in the order of the policy's rule.
func (f *fortune) arrange(groups []Group, rule order.Rule) ([]int, error) {
	members := make([]order.Member, len(f.people))
	index := make(map[string]int, len(f.people))
	for i := range f.people {
		p := &f.people[i]
		members[i] = order.Member{
			ID: p.id, Group: groups[p.group].Name, Lot: fmt.Sprintf("%016x", p.lot), Joined: int64(p.joined),
			// Half of them are remote, and half are for it: only the rules that take
			// the two in turn look at that.
			Remote: p.remote(), Stance: 1 - 2*int(p.lot%2),
		}
		index[p.id] = i
	}
	places, err := order.Arrange(members, order.Options{Rule: rule})
	if err != nil {
		return nil, err
	}
	list := make([]int, len(places))
	for i := range places {
		list[i] = index[places[i].ID]
	}
	return list, nil
}
