package apportion_test

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
)

// anyGroups draws groups with some votes among them, ties and nothing too.
func anyGroups(t *rapid.T) []apportion.Group {
	groups := make([]apportion.Group, rapid.IntRange(1, 9).Draw(t, "groups"))
	for i := range groups {
		groups[i] = apportion.Group{Name: fmt.Sprintf("g%d", i), Votes: rapid.OneOf(rapid.Int64Range(0, 12), rapid.Int64Range(0, 1<<39)).Draw(t, "votes")}
	}
	groups[rapid.IntRange(0, len(groups)-1).Draw(t, "some")].Votes++
	return groups
}

// TestNoSeatWouldBeBetterElsewhere is what the divisor methods are by their
// definition: no group's last seat has a smaller quotient than another's next
// one. It holds without knowing in which order the seats were given.
func TestNoSeatWouldBeBetterElsewhere(t *testing.T) {
	for method, divisor := range map[apportion.Method]func(has int) int64{
		apportion.SainteLague: func(has int) int64 { return 2*int64(has) + 1 },
		apportion.DHondt:      func(has int) int64 { return int64(has) + 1 },
	} {
		rapid.Check(t, func(t *rapid.T) {
			groups := anyGroups(t)
			r, err := apportion.Apportion(method, groups, rapid.IntRange(0, 60).Draw(t, "seats"))
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range groups {
				if r.Seats[i] == 0 {
					continue
				}
				last := big.NewRat(a.Votes, divisor(r.Seats[i]-1))
				for j, b := range groups {
					if next := big.NewRat(b.Votes, divisor(r.Seats[j])); i != j && next.Cmp(last) > 0 {
						t.Fatalf("%s: %s holds a seat at %s, and %s would have it at %s", method, a.Name, last, b.Name, next)
					}
				}
			}
		})
	}
}

// TestLargestRemainderKeepsTheQuota: nobody has less than their quota rounded
// down or more than it rounded up, and who has the larger remainder is not the
// one who goes without.
func TestLargestRemainderKeepsTheQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups, seats := anyGroups(t), rapid.IntRange(0, 60).Draw(t, "seats")
		r, err := apportion.Apportion(apportion.LargestRemainder, groups, seats)
		if err != nil {
			t.Fatal(err)
		}
		var votes int64
		for _, g := range groups {
			votes += g.Votes
		}
		total, sum := big.NewInt(votes), 0
		over, rest := make([]bool, len(groups)), make([]*big.Int, len(groups))
		for i, g := range groups {
			product := new(big.Int).Mul(big.NewInt(g.Votes), big.NewInt(int64(seats)))
			quota, remainder := new(big.Int).QuoRem(product, total, new(big.Int))
			d := int64(r.Seats[i]) - quota.Int64()
			if d != 0 && d != 1 {
				t.Fatalf("%s has %d seats, its quota is %s", g.Name, r.Seats[i], quota)
			}
			over[i], rest[i] = d == 1, remainder
			sum += r.Seats[i]
		}
		if sum != seats {
			t.Fatalf("%d of %d seats", sum, seats)
		}
		for i := range groups {
			for j := range groups {
				if over[i] && !over[j] && rest[i].Cmp(rest[j]) < 0 {
					t.Fatalf("%s with the remainder %s goes before %s with %s", groups[i].Name, rest[i], groups[j].Name, rest[j])
				}
			}
		}
	})
}

// TestNamesAndPlacesDoNotMatter but for ties: turning the groups round gives
// each the same number of seats.
func TestNamesAndPlacesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups, seats := anyGroups(t), rapid.IntRange(0, 40).Draw(t, "seats")
		turned := make([]apportion.Group, len(groups))
		for i, g := range groups {
			turned[len(groups)-1-i] = g
		}
		for _, method := range []apportion.Method{apportion.SainteLague, apportion.DHondt, apportion.LargestRemainder} {
			a, err := apportion.Apportion(method, groups, seats)
			if err != nil {
				t.Fatal(err)
			}
			b, err := apportion.Apportion(method, turned, seats)
			if err != nil {
				t.Fatal(err)
			}
			for i := range groups {
				if a.Seats[i] != b.Seats[len(groups)-1-i] {
					t.Fatalf("%s: %s has %d seats, or %d", method, groups[i].Name, a.Seats[i], b.Seats[len(groups)-1-i])
				}
			}
		}
	})
}
