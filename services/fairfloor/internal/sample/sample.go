// Package sample makes the neutral place-holder applicants of the sample
// session and of rehearsals.
//
// Guarantee: no name of a real organisation or person; the same number of
// applicants gives the same list; 53 give the groups 26, 12, 9 and 6 of the
// consultation of 16 December 2021.
package sample

import (
	"fmt"

	"github.com/fairfloor/fairfloor/pkg/command"
)

// Groups are the stakeholder groups with their shares of 53.
var Groups = []struct {
	Name  string
	Share int
}{
	{"civil society", 26},
	{"private sector", 12},
	{"academia", 9},
	{"technical community", 6},
}

// Of53 is the number of applicants on 16 December 2021.
const Of53 = 53

var (
	regions   = []string{"African Group", "Asia-Pacific", "Eastern Europe", "GRULAC", "WEOG"}
	languages = []string{"en", "fr", "es", "ar", "ru", "zh"}
	// wishes repeat the requests of the behaviour model: {60, 90, 120 x3, 180 x2, 300} s.
	wishes = []int64{120, 60, 180, 120, 90, 300, 120, 180}
)

// Applicants gives n place-holders, groups interleaved so that every stretch of
// the list holds some of each.
func Applicants(n int) []command.Apply {
	made := make([]int, len(Groups))
	rows := make([]command.Apply, 0, n)
	for i := range n {
		g := next(made)
		made[g]++
		rows = append(rows, command.Apply{
			Organisation: fmt.Sprintf("%s %02d", title(Groups[g].Name), made[g]),
			Category:     "stakeholder",
			Group:        Groups[g].Name,
			Region:       regions[i%len(regions)],
			Language:     languages[i%len(languages)],
			RequestedMS:  wishes[i%len(wishes)] * 1000,
			FirstTime:    i%4 == 0,
			Remote:       i%3 == 0,
		})
	}
	return rows
}

// next is the group that is furthest behind its share: the Sainte-Lague sequence.
func next(made []int) int {
	best := 0
	for g := range Groups {
		// share/(2*made+1) compared without division
		if Groups[g].Share*(2*made[best]+1) > Groups[best].Share*(2*made[g]+1) {
			best = g
		}
	}
	return best
}

func title(group string) string {
	switch group {
	case "civil society":
		return "Civil Society Organisation"
	case "private sector":
		return "Company"
	case "academia":
		return "University"
	default:
		return "Technical Body"
	}
}
