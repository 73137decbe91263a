package session

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/clock"
)

// marks gives the instants from 0 to 99 that lie in a set of stretches.
func marks(all []stretch) (in [100]bool) {
	for _, s := range all {
		for i := max(s.from, 0); i < min(s.to, 100); i++ {
			in[i] = true
		}
	}
	return in
}

// draw makes a few stretches, some of them empty or backwards, one maybe open.
func draw(t *rapid.T, name string) []stretch {
	all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stretch {
		return stretch{clock.Instant(rapid.Int64Range(0, 99).Draw(t, "from")), clock.Instant(rapid.Int64Range(0, 99).Draw(t, "to"))}
	}), 0, 6).Draw(t, name)
	if from := rapid.Int64Range(-1, 99).Draw(t, "open"); from >= 0 {
		all = append(all, stretch{clock.Instant(from), forever})
	}
	return all
}

// TestStretchesAreSets holds every operation against plain sets of instants.
func TestStretchesAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rawA, rawB := draw(t, "a"), draw(t, "b")
		inA, inB := marks(rawA), marks(rawB)
		a, b := merged(rawA), merged(rawB)
		for i := 1; i < len(a); i++ {
			if a[i].from <= a[i-1].to {
				t.Fatalf("%v touch", a)
			}
		}
		if marks(a) != inA {
			t.Fatalf("merged %v is another set", a)
		}
		rest := marks(a.minus(b))
		from := clock.Instant(rapid.Int64Range(0, 99).Draw(t, "from"))
		to := clock.Instant(rapid.Int64Range(0, 99).Draw(t, "to"))
		clipped := marks(a.clipped(from, to))
		var within int64
		for i := range inA {
			if rest[i] != (inA[i] && !inB[i]) {
				t.Fatalf("%v minus %v at %d", a, b, i)
			}
			inside := inA[i] && clock.Instant(i) >= from && clock.Instant(i) < to
			if clipped[i] != inside {
				t.Fatalf("%v clipped to [%d, %d) at %d", a, from, to, i)
			}
			if inside {
				within++
			}
		}
		if got := a.within(from, to); got != within {
			t.Fatalf("%d ms of %v in [%d, %d), want %d", got, a, from, to, within)
		}
		// Counted one by one: the instant at which ms outside a have passed.
		ms := rapid.Int64Range(1, 50).Draw(t, "ms")
		left, want := ms, clock.Instant(-1)
		for i := from; i < 100 && left > 0; i++ {
			if !inA[i] {
				left--
			}
			want = i + 1
		}
		got, ok := a.after(from, ms)
		switch {
		case left == 0 && (!ok || got != want):
			t.Fatalf("%d ms outside %v from %d are over at %d (%v), want %d", ms, a, from, got, ok, want)
		case left > 0 && ok && got <= 100 && len(a) > 0 && a[len(a)-1].to == forever:
			t.Fatalf("%d ms outside %v from %d are over at %d, and never are", ms, a, from, got)
		}
	})
}
