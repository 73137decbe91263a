// Package apportion gives seats to groups in proportion to their sizes.
//
// It guarantees, in integers: seats sum to what was asked for; ties go to the
// larger group, then to the group whose name sorts first; and the sequence of
// a divisor method is house-monotone, so its first k places are the
// apportionment of k seats. (Balinski and Young, Fair Representation; the
// divisors 1, 3, 5 are Sainte-Lague's of 1910, 1, 2, 3 are D'Hondt's of 1882.)
package apportion

import (
	"container/heap"
	"math/bits"
	"slices"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Method is a rule of apportionment.
type Method string

const (
	// SainteLague divides by 1, 3, 5, ...
	SainteLague Method = "sainte-lague"
	// DHondt divides by 1, 2, 3, ...
	DHondt Method = "dhondt"
	// LargestRemainder is Hare's quota with the largest remainders.
	LargestRemainder Method = "largest-remainder"
)

const (
	// MostSeats is how many seats are understood.
	MostSeats = 1_000_000
	// MostVotes is the largest group that is understood.
	MostVotes int64 = 1 << 40
)

// Group is a name with its votes, members or applicants.
type Group struct {
	Name  string
	Votes int64
}

// Result is an apportionment.
type Result struct {
	// Seats stand in the order of the groups given.
	Seats []int
	// Sequence names the index of the group of each place; with the largest
	// remainder the quotas first, then the remainders.
	Sequence []int
}

// Apportion distributes the seats.
func Apportion(method Method, groups []Group, seats int) (Result, error) {
	if err := check(groups, seats); err != nil {
		return Result{}, err
	}
	switch method {
	case SainteLague:
		return divide(groups, seats, func(has int) int64 { return 2*int64(has) + 1 }), nil
	case DHondt:
		return divide(groups, seats, func(has int) int64 { return int64(has) + 1 }), nil
	case LargestRemainder:
		return remainders(groups, seats), nil
	default:
		return Result{}, problem.Field("method", "%q is not sainte-lague, dhondt or largest-remainder", method)
	}
}

// check refuses what has no apportionment.
func check(groups []Group, seats int) error {
	if seats < 0 || seats > MostSeats {
		return problem.Field("seats", "%d is not between 0 and %d", seats, MostSeats)
	}
	names := map[string]bool{}
	var sum int64
	for _, g := range groups {
		if g.Votes < 0 || g.Votes > MostVotes {
			return problem.Field("votes", "%d votes for %q are not between 0 and %d", g.Votes, g.Name, MostVotes)
		}
		if names[g.Name] {
			return problem.Field("votes", "%q stands there twice", g.Name)
		}
		names[g.Name] = true
		sum += g.Votes
	}
	if seats > 0 && sum == 0 {
		return problem.Field("votes", "nobody has any votes").Try("give at least one group more than none")
	}
	return nil
}

// before says whether group a goes before b when their claims are equal.
func before(groups []Group, a, b int) bool {
	if groups[a].Votes != groups[b].Votes {
		return groups[a].Votes > groups[b].Votes
	}
	return strings.Compare(groups[a].Name, groups[b].Name) < 0
}

// queue is a heap of group indices, the greatest votes/divisor on top.
type queue struct {
	groups  []Group
	index   []int
	divisor []int64
}

func (q *queue) Len() int      { return len(q.index) }
func (q *queue) Swap(i, j int) { q.index[i], q.index[j] = q.index[j], q.index[i] }
func (q *queue) Push(x any)    { q.index = append(q.index, x.(int)) }

func (q *queue) Pop() any {
	last := q.index[len(q.index)-1]
	q.index = q.index[:len(q.index)-1]
	return last
}

func (q *queue) Less(i, j int) bool {
	a, b := q.index[i], q.index[j]
	// a.Votes/a.divisor > b.Votes/b.divisor, without rounding.
	ah, al := bits.Mul64(uint64(q.groups[a].Votes), uint64(q.divisor[b]))
	bh, bl := bits.Mul64(uint64(q.groups[b].Votes), uint64(q.divisor[a]))
	if ah != bh {
		return ah > bh
	}
	if al != bl {
		return al > bl
	}
	return before(q.groups, a, b)
}

// divide gives each seat to the greatest votes/divisor.
func divide(groups []Group, seats int, divisor func(has int) int64) Result {
	r := Result{Seats: make([]int, len(groups)), Sequence: make([]int, 0, seats)}
	q := &queue{groups: groups, divisor: make([]int64, len(groups))}
	for i, g := range groups {
		q.divisor[i] = divisor(0)
		if g.Votes > 0 {
			q.index = append(q.index, i)
		}
	}
	heap.Init(q)
	for range seats {
		i := q.index[0]
		r.Seats[i]++
		r.Sequence = append(r.Sequence, i)
		q.divisor[i] = divisor(r.Seats[i])
		heap.Fix(q, 0)
	}
	return r
}

// remainders gives each group its whole quotas and then one seat each to the
// largest remainders.
func remainders(groups []Group, seats int) Result {
	r := Result{Seats: make([]int, len(groups)), Sequence: make([]int, 0, seats)}
	var sum int64
	for _, g := range groups {
		sum += g.Votes
	}
	if sum == 0 {
		return r
	}
	rest := make([]uint64, len(groups))
	order := make([]int, len(groups))
	for i, g := range groups {
		hi, lo := bits.Mul64(uint64(g.Votes), uint64(seats))
		whole, left := bits.Div64(hi, lo, uint64(sum))
		r.Seats[i], rest[i], order[i] = int(whole), left, i
		for range r.Seats[i] {
			r.Sequence = append(r.Sequence, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case rest[a] != rest[b] && rest[a] > rest[b], rest[a] == rest[b] && before(groups, a, b):
			return -1
		default:
			return 1
		}
	})
	for _, i := range order[:seats-len(r.Sequence)] {
		r.Seats[i]++
		r.Sequence = append(r.Sequence, i)
	}
	return r
}
