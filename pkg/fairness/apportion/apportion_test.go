package apportion_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
)

func groups(votes ...int64) []apportion.Group {
	g := make([]apportion.Group, len(votes))
	for i, v := range votes {
		g[i] = apportion.Group{Name: string(rune('A' + i)), Votes: v}
	}
	return g
}

func TestPublishedExamples(t *testing.T) {
	for _, c := range []struct {
		method apportion.Method
		votes  []int64
		seats  int
		want   []int
	}{
		{apportion.SainteLague, []int64{6100, 5000, 900}, 10, []int{5, 4, 1}},
		{apportion.DHondt, []int64{6100, 5000, 900}, 10, []int{6, 4, 0}},
		{apportion.LargestRemainder, []int64{6100, 5000, 900}, 10, []int{5, 4, 1}},
		{apportion.SainteLague, []int64{26, 12, 9, 6}, 32, []int{16, 7, 5, 4}},
		// The usual textbook case of 100,000 votes and 8 or 10 seats.
		{apportion.DHondt, []int64{100000, 80000, 30000, 20000}, 8, []int{4, 3, 1, 0}},
		{apportion.SainteLague, []int64{100000, 80000, 30000, 20000}, 8, []int{3, 3, 1, 1}},
		{apportion.LargestRemainder, []int64{47000, 16000, 15800, 12000, 6100, 3100}, 10, []int{5, 2, 1, 1, 1, 0}},
	} {
		t.Run(fmt.Sprintf("%s %v", c.method, c.votes), func(t *testing.T) {
			r, err := apportion.Apportion(c.method, groups(c.votes...), c.seats)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Seats, c.want) {
				t.Errorf("seats %v, want %v", r.Seats, c.want)
			}
		})
	}
}

func TestTiesGoToTheLargerThenTheFirstByName(t *testing.T) {
	r, err := apportion.Apportion(apportion.SainteLague, groups(1, 3, 3), 2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Sequence, []int{1, 2}) {
		t.Errorf("sequence %v", r.Sequence)
	}
	// 3/3 = 1/1: the larger one first.
	r, _ = apportion.Apportion(apportion.SainteLague, groups(1, 3), 2)
	if !slices.Equal(r.Sequence, []int{1, 1}) {
		t.Errorf("sequence %v", r.Sequence)
	}
}

// TestEveryPrefixIsAnApportionment: seats sum, sequences are house-monotone,
// and the largest remainder keeps within its quota.
func TestEveryPrefixIsAnApportionment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		votes := rapid.SliceOfN(rapid.Int64Range(0, 100), 1, 8).Draw(t, "votes")
		votes[0]++
		seats := rapid.IntRange(0, 60).Draw(t, "seats")
		method := rapid.SampledFrom([]apportion.Method{apportion.SainteLague, apportion.DHondt, apportion.LargestRemainder}).Draw(t, "method")
		r, err := apportion.Apportion(method, groups(votes...), seats)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		var all int64
		for i, s := range r.Seats {
			sum += s
			all += votes[i]
		}
		if sum != seats || len(r.Sequence) != seats {
			t.Fatalf("%d seats given of %d", sum, seats)
		}
		if method == apportion.LargestRemainder {
			for i, s := range r.Seats {
				if low := int(votes[i] * int64(seats) / all); s < low || s > low+1 {
					t.Fatalf("group %d has %d, quota %d", i, s, low)
				}
			}
			return
		}
		fewer, err := apportion.Apportion(method, groups(votes...), seats/2)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(fewer.Sequence, r.Sequence[:seats/2]) {
			t.Fatal("the first half of the sequence is not the apportionment of half the seats")
		}
	})
}

func TestBadInputIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, field string
		groups      []apportion.Group
		seats       int
		method      apportion.Method
	}{
		{"negative seats", "seats", groups(1), -1, apportion.DHondt},
		{"too many seats", "seats", groups(1), apportion.MostSeats + 1, apportion.DHondt},
		{"negative votes", "votes", groups(1, -5), 3, apportion.DHondt},
		{"no votes at all", "votes", groups(0, 0), 3, apportion.SainteLague},
		{"a group twice", "votes", []apportion.Group{{Name: "a", Votes: 1}, {Name: "a", Votes: 2}}, 3, apportion.DHondt},
		{"another method", "method", groups(1), 1, "hare-niemeyer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := apportion.Apportion(c.method, c.groups, c.seats)
			if err == nil || !strings.Contains(err.Error(), c.field) {
				t.Errorf("answer %v does not name %s", err, c.field)
			}
		})
	}
	if r, err := apportion.Apportion(apportion.LargestRemainder, groups(0), 0); err != nil || r.Seats[0] != 0 {
		t.Errorf("no seats for nobody: %v, %v", r, err)
	}
}
