package order_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/apportion"
	"github.com/fairfloor/fairfloor/pkg/fairness/measures"
	"github.com/fairfloor/fairfloor/pkg/fairness/order"
)

// december makes the 53 of fairness.md: CS 26, PS 12, AC 9, TC 6.
func december() []order.Member {
	var members []order.Member
	for _, g := range []struct {
		name string
		n    int
	}{{"CS", 26}, {"PS", 12}, {"AC", 9}, {"TC", 6}} {
		for k := range g.n {
			members = append(members, order.Member{
				ID: fmt.Sprintf("%s%02d", g.name, k), Group: g.name, Joined: int64(len(members)),
				Lot: fmt.Sprintf("%064x", (len(members)*7919)%1009),
			})
		}
	}
	return members
}

func arrange(t testing.TB, members []order.Member, rule order.Rule) []order.Place {
	t.Helper()
	places, err := order.Arrange(members, order.Options{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	return places
}

func ids(places []order.Place) []string {
	out := make([]string, len(places))
	for i := range places {
		out[i] = places[i].ID
	}
	return out
}

// TestPublishedOrder is the example of fairness.md.
func TestPublishedOrder(t *testing.T) {
	places := arrange(t, december(), order.SainteLague)
	want := strings.Fields("CS PS AC CS TC CS PS CS AC CS PS CS CS TC AC")
	index := map[string]int{"CS": 0, "PS": 1, "AC": 2, "TC": 3}
	sequence := make([]int, len(places))
	count := [4]int{}
	for i, p := range places {
		if i < len(want) && p.Group != want[i] {
			t.Errorf("place %d: %s, want %s", i+1, p.Group, want[i])
		}
		sequence[i] = index[p.Group]
		if i < 32 {
			count[index[p.Group]]++
		}
	}
	if count != [4]int{16, 7, 5, 4} {
		t.Errorf("32 places: %v", count)
	}
	if e := measures.PrefixError([]int64{26, 12, 9, 6}, sequence); e < .6785 || e > .6795 {
		t.Errorf("largest prefix error %.4f, want .679", e)
	}
	// The key's sequence is the divisor method's.
	r, err := apportion.Apportion(apportion.SainteLague, []apportion.Group{{Name: "CS", Votes: 26}, {Name: "PS", Votes: 12}, {Name: "AC", Votes: 9}, {Name: "TC", Votes: 6}}, 53)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Sequence, sequence) {
		t.Error("the keys and the divisors disagree")
	}
}

// anyMembers draws lists of every shape.
func anyMembers(t *rapid.T) []order.Member {
	n := rapid.IntRange(1, 40).Draw(t, "n")
	members := make([]order.Member, n)
	for i := range members {
		members[i] = order.Member{
			ID:        fmt.Sprintf("m%02d", i),
			Group:     rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "group"),
			Region:    rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "region"),
			Category:  rapid.SampledFrom([]string{"state", "stakeholder", ""}).Draw(t, "category"),
			FirstTime: rapid.Bool().Draw(t, "first"),
			CreditMS:  rapid.Int64Range(0, 3).Draw(t, "credit") * 1000,
			Lot:       fmt.Sprintf("%04x", rapid.IntRange(0, 65535).Draw(t, "lot")),
			Joined:    int64(i),
			Rank:      rapid.IntRange(0, 5).Draw(t, "rank"),
			Remote:    rapid.Bool().Draw(t, "remote"),
			Stance:    rapid.IntRange(-1, 1).Draw(t, "stance"),
		}
	}
	return members
}

var rules = []order.Rule{
	order.SainteLague, order.FirstCome, order.PlainLot, order.Categories,
	order.Secretariat, order.RoomRemote, order.ForAgainst,
}

// TestOrderNeverReshuffledByLateApplicant: whoever was fixed stays in the same
// order, and under every rule that draws lots stands before the late one of
// the same group.
func TestOrderNeverReshuffledByLateApplicant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := anyMembers(t)
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		before, err := order.Arrange(members, order.Options{Rule: rule})
		if err != nil {
			t.Fatal(err)
		}
		late := slices.Clone(members)
		for k := range rapid.IntRange(1, 4).Draw(t, "late") {
			late = append(late, order.Member{
				ID: fmt.Sprintf("late%d", k), Group: rapid.SampledFrom([]string{"a", "b", "new"}).Draw(t, "late group"),
				Lot: "0000", FirstTime: true, CreditMS: 1 << 40, Joined: int64(1000 + k), Late: true,
			})
		}
		after, err := order.Arrange(late, order.Options{Rule: rule})
		if err != nil {
			t.Fatal(err)
		}
		if rule == order.SainteLague {
			for i, p := range after {
				if p.Late && i < len(members) {
					t.Fatalf("a late one stands at place %d of %d fixed", i+1, len(members))
				}
			}
		}
		kept := slices.DeleteFunc(ids(after), func(id string) bool { return strings.HasPrefix(id, "late") })
		if !slices.Equal(kept, ids(before)) {
			t.Fatalf("%s: %v became %v", rule, ids(before), kept)
		}
	})
}

// TestOrderDoesNotDependOnTheOrderOfTheInput, so replicas agree.
func TestOrderDoesNotDependOnTheOrderOfTheInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := anyMembers(t)
		rule := rapid.SampledFrom(rules).Draw(t, "rule")
		a, err := order.Arrange(members, order.Options{Rule: rule})
		if err != nil {
			t.Fatal(err)
		}
		b, err := order.Arrange(rapid.Permutation(members).Draw(t, "shuffled"), order.Options{Rule: rule})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a, b) {
			t.Fatalf("%s gives two orders", rule)
		}
		if len(a) != len(members) {
			t.Fatalf("%d of %d kept", len(a), len(members))
		}
	})
}

// TestEveryPrefixIsProportional: no group is ever a whole slot and a half off,
// within three groups, and the regions inside a group follow the same key.
func TestEveryPrefixIsProportional(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := anyMembers(t)
		places, err := order.Arrange(members, order.Options{Rule: order.SainteLague})
		if err != nil {
			t.Fatal(err)
		}
		inGroup := map[string][]order.Place{}
		for _, p := range places {
			inGroup[p.Group] = append(inGroup[p.Group], p)
		}
		for g, group := range inGroup {
			index, sizes := map[string]int{}, []int64{}
			sequence := []int{}
			for _, p := range group {
				if _, ok := index[p.Region]; !ok {
					index[p.Region] = len(sizes)
					sizes = append(sizes, 0)
				}
				sizes[index[p.Region]]++
				sequence = append(sequence, index[p.Region])
			}
			if e := measures.PrefixError(sizes, sequence); e > float64(len(sizes))/2 {
				t.Fatalf("group %q: a region is %.2f slots off", g, e)
			}
		}
	})
}

// TestLeavingAndRejoiningDoesNotGainPlaces of fairness.md: who comes back is a
// late applicant, whatever they are or were drawn.
func TestLeavingAndRejoiningDoesNotGainPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := anyMembers(t)
		who := rapid.IntRange(0, len(members)-1).Draw(t, "who")
		rule := rapid.SampledFrom([]order.Rule{order.SainteLague, order.FirstCome, order.PlainLot, order.Secretariat}).Draw(t, "rule")
		place := func() int {
			places, err := order.Arrange(members, order.Options{Rule: rule})
			if err != nil {
				t.Fatal(err)
			}
			return slices.Index(ids(places), members[who].ID)
		}
		before := place()
		// The one who left stays on the fixed list, withdrawn, under another name.
		left := members[who]
		left.ID = "left"
		members = append(members, left)
		members[who].Late, members[who].Joined, members[who].Rank, members[who].Lot = true, 10_000, 0, ""
		if after := place(); after <= before {
			t.Fatalf("%s: from place %d to %d", rule, before+1, after+1)
		}
	})
}

func TestInsideACellFirstTimeThenCreditThenLot(t *testing.T) {
	members := []order.Member{
		{ID: "lot1", Group: "a", Lot: "11", Joined: 1},
		{ID: "credit", Group: "a", Lot: "99", CreditMS: 5_000, Joined: 2},
		{ID: "first2", Group: "a", Lot: "55", FirstTime: true, Joined: 3},
		{ID: "first1", Group: "a", Lot: "44", FirstTime: true, Joined: 4},
		{ID: "lot2", Group: "a", Lot: "22", Joined: 5},
	}
	want := []string{"first1", "first2", "credit", "lot1", "lot2"}
	if got := ids(arrange(t, members, order.SainteLague)); !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestOtherRules(t *testing.T) {
	members := []order.Member{
		{ID: "a", Group: "g", Category: "stakeholder", Lot: "3", Joined: 1, Rank: 2, Remote: true, Stance: 1},
		{ID: "b", Group: "g", Category: "state", Lot: "2", Joined: 2, Remote: true, Stance: 1},
		{ID: "c", Group: "g", Category: "other", Lot: "1", Joined: 3, Rank: 1, Stance: -1},
		{ID: "d", Group: "g", Category: "state", Lot: "4", Joined: 4, Remote: true},
	}
	for _, c := range []struct {
		options order.Options
		want    string
	}{
		{order.Options{Rule: order.FirstCome}, "a b c d"},
		{order.Options{Rule: order.PlainLot}, "c b a d"},
		{order.Options{Rule: order.Categories, Categories: []string{"state", "stakeholder"}}, "b d a c"},
		{order.Options{Rule: order.Secretariat}, "c a b d"},
		{order.Options{Rule: order.RoomRemote}, "c b a d"},
		{order.Options{Rule: order.ForAgainst}, "b c a d"},
	} {
		t.Run(string(c.options.Rule), func(t *testing.T) {
			places, err := order.Arrange(members, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(ids(places), " "); got != c.want {
				t.Errorf("order %s, want %s", got, c.want)
			}
			if text := c.options.Explain(); !strings.HasSuffix(text, ".") || len(text) < 60 {
				t.Errorf("explanation %q", text)
			}
		})
	}
}

// TestUnknownGroupIsUnspecifiedNeverDropped of fairness.md, Bad and edge input.
func TestUnknownGroupIsUnspecifiedNeverDropped(t *testing.T) {
	members := append(december(), order.Member{ID: "nobody's", Joined: 999})
	places := arrange(t, members, order.SainteLague)
	if len(places) != 54 || !slices.Contains(ids(places), "nobody's") {
		t.Errorf("%d places", len(places))
	}
}

func TestBadInputIsRefused(t *testing.T) {
	for name, members := range map[string][]order.Member{
		"twice": {{ID: "a"}, {ID: "a"}},
		"empty": {{ID: ""}},
	} {
		if _, err := order.Arrange(members, order.Options{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := order.Arrange(nil, order.Options{Rule: "loudest first"}); err == nil {
		t.Error("an unknown rule was accepted")
	}
	if places, err := order.Arrange(nil, order.Options{}); err != nil || len(places) != 0 {
		t.Errorf("nobody: %v, %v", places, err)
	}
}

func TestMoves(t *testing.T) {
	list := strings.Fields("a b c d e f")
	for _, c := range []struct {
		name string
		got  func() ([]string, error)
		want string // empty: refused
	}{
		{"before", func() ([]string, error) { return order.Before(list, "e", "b") }, "a e b c d f"},
		{"after, backwards", func() ([]string, error) { return order.After(list, "a", "f") }, "b c d e f a"},
		{"before itself", func() ([]string, error) { return order.Before(list, "a", "a") }, ""},
		{"next to somebody gone", func() ([]string, error) { return order.After(list, "a", "z") }, ""},
		{"somebody gone", func() ([]string, error) { return order.After(list, "z", "a") }, ""},
		{"swap", func() ([]string, error) { return order.Swap(list, "b", "e") }, "a e c d b f"},
		{"swap with nobody", func() ([]string, error) { return order.Swap(list, "b", "z") }, ""},
		{"two places back", func() ([]string, error) { return order.Back(list, "a", 2) }, "b c a d e f"},
		{"back at the end", func() ([]string, error) { return order.Back(list, "e", 2) }, "a b c d f e"},
		{"back for somebody gone", func() ([]string, error) { return order.Back(list, "z", 2) }, ""},
		{"return at place 4", func() ([]string, error) { return order.Return(list, "z") }, "a b c z d e f"},
		{"return when few wait", func() ([]string, error) { return order.Return(list[:3], "z") }, "z a b c"},
		{"return twice", func() ([]string, error) { return order.Return(list, "a") }, ""},
		{"reorder keeps the head", func() ([]string, error) {
			return order.Reorder(list, strings.Fields("f e d c b a"), order.Frozen), nil
		}, "a b c f e d"},
		{"reorder drops and adds", func() ([]string, error) {
			return order.Reorder(list, strings.Fields("g f c a"), order.Frozen), nil
		}, "a c g f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.got()
			if (err != nil) != (c.want == "") {
				t.Fatalf("%v, %v", got, err)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
			if strings.Join(list, " ") != "a b c d e f" {
				t.Fatal("the list given was changed")
			}
		})
	}
}
