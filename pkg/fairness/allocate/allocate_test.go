package allocate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/allocate"
)

// claim is a claim of weight one and certain chance.
func claim(minMS, maxMS int64) allocate.Claim {
	return allocate.Claim{Weight: allocate.Whole, MinMS: minMS, MaxMS: maxMS, Chance: allocate.Whole, Group: allocate.NoGroup}
}

func weighted(weight, minMS, maxMS int64) allocate.Claim {
	c := claim(minMS, maxMS)
	c.Weight = weight
	return c
}

func grouped(group int32, maxMS int64) allocate.Claim {
	c := claim(0, maxMS)
	c.Group = group
	return c
}

func fill(t testing.TB, capacity int64, claims []allocate.Claim, caps []int64) ([]int64, allocate.Level, error) {
	t.Helper()
	var f allocate.Filler
	out := make([]int64, len(claims))
	level, err := f.Fill(capacity, claims, caps, out)
	return out, level, err
}

func TestFill(t *testing.T) {
	const w = allocate.Whole
	for _, c := range []struct {
		name     string
		capacity int64
		claims   []allocate.Claim
		caps     []int64
		want     []int64
		levelMS  int64
	}{
		{"Keshav", 10_000, []allocate.Claim{claim(0, 2_000), claim(0, 2_600), claim(0, 4_000), claim(0, 5_000)}, nil, []int64{2_000, 2_600, 2_700, 2_700}, 2_700},
		{
			"Keshav, weighted: 16 by 2.5, 4, .5, 1", 16_000,
			[]allocate.Claim{weighted(2_500_000, 0, 4_000), weighted(4*w, 0, 2_000), weighted(500_000, 0, 10_000), weighted(w, 0, 4_000)},
			nil,
			[]int64{4_000, 2_000, 6_000, 4_000},
			12_000,
		},
		{"nobody", 10_000, nil, nil, []int64{}, 0},
		{"one", 10_000, []allocate.Claim{claim(0, 60_000)}, nil, []int64{10_000}, 10_000},
		{"more than anybody asks for", 10_000, []allocate.Claim{claim(0, 1_000), claim(0, 2_000)}, nil, []int64{1_000, 2_000}, 2_000},
		{"nothing", 0, []allocate.Claim{claim(0, 1_000), claim(0, 2_000)}, nil, []int64{0, 0}, 0},
		{"a remainder goes to the first", 10_001, []allocate.Claim{claim(0, 60_000), claim(0, 60_000)}, nil, []int64{5_001, 5_000}, 5_000},
		{"a minimum above the level", 9_000, []allocate.Claim{claim(5_000, 60_000), claim(0, 60_000), claim(0, 60_000)}, nil, []int64{5_000, 2_000, 2_000}, 2_000},
		{"remainders go to the largest first", 10, []allocate.Claim{weighted(w, 0, 100), weighted(2*w, 0, 100), weighted(4*w, 0, 100)}, nil, []int64{1, 3, 6}, 1},
		{"minimums exactly", 9_000, []allocate.Claim{claim(4_000, 9_000), claim(5_000, 9_000)}, nil, []int64{4_000, 5_000}, 4_000},
		{"a capped group is filled alone", 100_000, []allocate.Claim{grouped(0, 90_000), grouped(0, 90_000), claim(0, 60_000)}, []int64{30_001}, []int64{15_001, 15_000, 60_000}, 60_000},
		{"one capped group after the other", 90_000, []allocate.Claim{grouped(0, 90_000), grouped(1, 90_000), grouped(2, 90_000)}, []int64{10_000, 35_000, -1}, []int64{10_000, 35_000, 45_000}, 45_000},
		{"a cap of nothing", 10_000, []allocate.Claim{grouped(0, 5_000), claim(0, 60_000)}, []int64{0}, []int64{0, 10_000}, 10_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, level, err := fill(t, c.capacity, c.claims, c.caps)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) || level.MS() != c.levelMS {
				t.Errorf("shares %v at %d ms, want %v at %d ms", got, level.MS(), c.want, c.levelMS)
			}
		})
	}
}

func TestInfeasibleSaysWhatIsMissing(t *testing.T) {
	var short *allocate.Infeasible
	_, _, err := fill(t, 100, []allocate.Claim{claim(60, 90), claim(60, 90)}, nil)
	if !errors.As(err, &short) || short.NeededMS != 120 || short.CapacityMS != 100 || short.Group != allocate.NoGroup {
		t.Errorf("answer %v", err)
	}
	c := claim(60, 90)
	c.Group = 0
	_, _, err = fill(t, 1_000, []allocate.Claim{c}, []int64{50})
	if !errors.As(err, &short) || short.Group != 0 || !strings.Contains(err.Error(), "60 ms") {
		t.Errorf("answer %v", err)
	}
}

// TestBadClaimsAreRefused: negative, overflowing or > 24 h durations, weights
// without sense: the answer names the field.
func TestBadClaimsAreRefused(t *testing.T) {
	change := func(f func(*allocate.Claim)) []allocate.Claim {
		c := claim(0, 1_000)
		f(&c)
		return []allocate.Claim{claim(0, 1), c}
	}
	for _, c := range []struct {
		field    string
		capacity int64
		claims   []allocate.Claim
		caps     []int64
	}{
		{"capacity_ms", -1, nil, nil},
		{"capacity_ms", allocate.MostCapacityMS + 1, nil, nil},
		{"entries[1].weight", 1, change(func(c *allocate.Claim) { c.Weight = 0 }), nil},
		{"entries[1].weight", 1, change(func(c *allocate.Claim) { c.Weight = allocate.MostWeight + 1 }), nil},
		{"entries[1].min_ms", 1, change(func(c *allocate.Claim) { c.MinMS = -1 }), nil},
		{"entries[1].min_ms", 1, change(func(c *allocate.Claim) { c.MinMS = 1_001 }), nil},
		{"entries[1].max_ms", 1, change(func(c *allocate.Claim) { c.MaxMS = allocate.MostMS + 1 }), nil},
		{"entries[1].max_ms", 1, change(func(c *allocate.Claim) { c.MaxMS = 1<<63 - 1 }), nil},
		{"entries[1].chance_ppm", 1, change(func(c *allocate.Claim) { c.Chance = -1 }), nil},
		{"entries[1].chance_ppm", 1, change(func(c *allocate.Claim) { c.Chance = allocate.Whole + 1 }), nil},
		{"entries[1].group", 1, change(func(c *allocate.Claim) { c.Group = 1 }), []int64{5}},
		{"group_caps_ms[0]", 1, nil, []int64{allocate.MostCapacityMS + 1}},
	} {
		if _, _, err := fill(t, c.capacity, c.claims, c.caps); err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("answer %v does not name %s", err, c.field)
		}
	}
}

// problemOf draws claims of every shape, with groups and caps.
func problemOf(t *rapid.T) (int64, []allocate.Claim, []int64) {
	groups := rapid.IntRange(0, 3).Draw(t, "groups")
	claims := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) allocate.Claim {
		most := rapid.Int64Range(0, 300_000).Draw(t, "max")
		return allocate.Claim{
			Weight: rapid.OneOf(rapid.Just(allocate.Whole), rapid.Int64Range(1, 4_000_000)).Draw(t, "weight"),
			MinMS:  rapid.Int64Range(0, min(most, 5_000)).Draw(t, "min"), MaxMS: most, Chance: allocate.Whole,
			Group: int32(rapid.IntRange(-1, groups-1).Draw(t, "group")),
		}
	}), 0, 25).Draw(t, "claims")
	caps := rapid.SliceOfN(rapid.Int64Range(-1, 400_000), groups, groups).Draw(t, "caps")
	return rapid.Int64Range(0, 3_000_000).Draw(t, "capacity"), claims, caps
}

// TestSumAndBounds: shares keep to minimum, maximum and caps, and sum exactly
// to min(capacity, what can be taken).
func TestSumAndBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity, claims, caps := problemOf(t)
		var f allocate.Filler
		out := make([]int64, len(claims))
		_, err := f.Fill(capacity, claims, caps, out)
		var short *allocate.Infeasible
		if errors.As(err, &short) {
			if short.NeededMS <= short.CapacityMS {
				t.Fatalf("it fits: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var sum, taken int64
		inGroup, wants := make([]int64, len(caps)), make([]int64, len(caps))
		for i, c := range claims {
			if out[i] < c.MinMS || out[i] > c.MaxMS {
				t.Fatalf("share %d outside %d..%d", out[i], c.MinMS, c.MaxMS)
			}
			sum += out[i]
			if c.Group == allocate.NoGroup {
				taken += c.MaxMS
				continue
			}
			inGroup[c.Group] += out[i]
			wants[c.Group] += c.MaxMS
		}
		for g, most := range caps {
			if most >= 0 && inGroup[g] > most {
				t.Fatalf("group %d has %d above its cap %d", g, inGroup[g], most)
			}
			if most >= 0 {
				wants[g] = min(wants[g], most)
			}
			taken += wants[g]
		}
		if sum != min(capacity, taken) {
			t.Fatalf("shares sum to %d, want min(%d, %d)", sum, capacity, taken)
		}
	})
}

// TestFillDownIsFillRoundedDown, never more and never a millisecond less.
func TestFillDownIsFillRoundedDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity, claims, caps := problemOf(t)
		var f allocate.Filler
		exact, down := make([]int64, len(claims)), make([]int64, len(claims))
		le, err := f.Fill(capacity, claims, caps, exact)
		ld, errDown := f.FillDown(capacity, claims, caps, down)
		if (err == nil) != (errDown == nil) || err == nil && !le.Full && le != ld {
			t.Fatalf("%v at %v, %v at %v", err, le, errDown, ld)
		}
		for i := range exact {
			if err == nil && (down[i] > exact[i] || down[i] < claims[i].MinMS) {
				t.Fatalf("%d rounded down is %d", exact[i], down[i])
			}
		}
	})
}

// TestMaxMinOptimality: nobody below their maximum, in a group below its cap,
// could gain without taking from somebody who has less per weight; a
// millisecond is the unit, so that much is allowed.
func TestMaxMinOptimality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity, claims, caps := problemOf(t)
		var f allocate.Filler
		out := make([]int64, len(claims))
		if _, err := f.Fill(capacity, claims, caps, out); err != nil {
			return
		}
		inGroup := make([]int64, len(caps))
		for i, c := range claims {
			if c.Group != allocate.NoGroup {
				inGroup[c.Group] += out[i]
			}
		}
		full := func(g int32) bool { return g != allocate.NoGroup && caps[g] >= 0 && inGroup[g] >= caps[g] }
		for i, a := range claims {
			if out[i] >= a.MaxMS {
				continue
			}
			for j, b := range claims {
				// b can give only what is above its minimum; if a's group is full
				// only a member of it can give.
				if i == j || out[j] <= b.MinMS || full(a.Group) && a.Group != b.Group {
					continue
				}
				// (out[i]+2)/wa < (out[j]-2)/wb would be an unfair gap.
				if (out[i]+2)*b.Weight < (out[j]-2)*a.Weight {
					t.Fatalf("%d (weight %d) has less per weight than %d (weight %d)", out[i], a.Weight, out[j], b.Weight)
				}
			}
		}
	})
}

// TestMonotoneInCapacity: more capacity lowers nobody by more than rounding.
func TestMonotoneInCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity, claims, caps := problemOf(t)
		var f allocate.Filler
		before, after := make([]int64, len(claims)), make([]int64, len(claims))
		if _, err := f.Fill(capacity, claims, caps, before); err != nil {
			return
		}
		if _, err := f.Fill(capacity+rapid.Int64Range(0, 100_000).Draw(t, "more"), claims, caps, after); err != nil {
			t.Fatal(err)
		}
		for i := range before {
			if after[i] < before[i]-1 {
				t.Fatalf("with more to share %d fell from %d to %d", i, before[i], after[i])
			}
		}
	})
}

// TestSameBytes: the same input, a Filler used before or a new one, one answer.
func TestSameBytes(t *testing.T) {
	var used allocate.Filler
	rapid.Check(t, func(t *rapid.T) {
		capacity, claims, caps := problemOf(t)
		a, b := make([]int64, len(claims)), make([]int64, len(claims))
		la, ea := used.Fill(capacity, claims, caps, a)
		lb, eb := new(allocate.Filler).Fill(capacity, claims, caps, b)
		if la != lb || fmt.Sprint(ea) != fmt.Sprint(eb) || !slices.Equal(a, b) {
			t.Fatalf("%v %v %v, %v %v %v", la, ea, a, lb, eb, b)
		}
	})
}

// TestChancesCountInPart: somebody who comes half of the time costs half.
func TestChancesCountInPart(t *testing.T) {
	half := claim(0, 600_000)
	half.Chance = allocate.Whole / 2
	never := claim(0, 600_000)
	never.Chance = 0
	got, _, err := fill(t, 150_000, []allocate.Claim{claim(0, 600_000), half, never}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, []int64{100_000, 100_000, 100_000}) {
		t.Errorf("shares %v", got)
	}
}

// crowd is n claims of all sizes in so many groups, each with a cap.
func crowd(n, groups int) ([]allocate.Claim, []int64) {
	claims := make([]allocate.Claim, n)
	caps := make([]int64, groups)
	for i := range claims {
		claims[i] = weighted(allocate.Whole*int64(1+i%4), 1_000, int64(30_000+i*37%270_000))
		if groups > 0 {
			claims[i].Group = int32(i % groups)
		}
	}
	for g := range caps {
		caps[g] = int64(n/groups) * int64(1_000+20_000*(g+1)/groups)
	}
	return claims, caps
}

func benchmark(b *testing.B, n, groups int) {
	claims, caps := crowd(n, groups)
	out := make([]int64, n)
	var f allocate.Filler
	if _, err := f.Fill(int64(n)*8_000, claims, caps, out); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Fill(int64(n)*8_000, claims, caps, out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFill53(b *testing.B)                { benchmark(b, 53, 0) }
func BenchmarkFill10000(b *testing.B)             { benchmark(b, 10_000, 0) }
func BenchmarkFill10000With8Caps(b *testing.B)    { benchmark(b, 10_000, 8) }
func BenchmarkFill10000With1000Caps(b *testing.B) { benchmark(b, 10_000, 1_000) }
