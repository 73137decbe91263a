package sample

import "testing"

func TestFiftyThreeHaveTheGroupsOf16December2021(t *testing.T) {
	counts, names := map[string]int{}, map[string]bool{}
	for _, row := range Applicants(Of53) {
		counts[row.Group]++
		if names[row.Organisation] {
			t.Errorf("%s stands twice", row.Organisation)
		}
		names[row.Organisation] = true
	}
	for _, g := range Groups {
		if counts[g.Name] != g.Share {
			t.Errorf("%s: %d, want %d", g.Name, counts[g.Name], g.Share)
		}
	}
}

func TestEveryNumberOfApplicantsIsMade(t *testing.T) {
	for _, n := range []int{0, 1, 2, 500} {
		if got := len(Applicants(n)); got != n {
			t.Errorf("%d applicants, want %d", got, n)
		}
	}
	a, b := Applicants(100), Applicants(100)
	for i := range a {
		if a[i].Organisation != b[i].Organisation || a[i].RequestedMS != b[i].RequestedMS {
			t.Fatalf("row %d differs between two calls", i)
		}
	}
}

func TestGroupsAreInterleaved(t *testing.T) {
	// Largest prefix error below one place: the Sainte-Lague property.
	made := map[string]int{}
	for i, row := range Applicants(Of53) {
		made[row.Group]++
		for _, g := range Groups {
			ideal := float64(g.Share) * float64(i+1) / Of53
			if d := float64(made[g.Name]) - ideal; d > 1 || d < -1 {
				t.Fatalf("after %d places %s has %d, ideal %.2f", i+1, g.Name, made[g.Name], ideal)
			}
		}
	}
}
