package order

import (
	"slices"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Frozen is how many places at the head of a list are closed to automatic
// reordering.
const Frozen = 3

// ReturnPlace is where somebody comes back who was reported absent, unless
// fewer wait.
const ReturnPlace = 4

// MostBack is how many times an entry is moved back before it goes to standby.
const MostBack = 2

// Reorder applies a new automatic order to a list that is already being
// called: the first frozen entries keep their places, the others follow in
// the wanted order. Entries of the list that are not wanted are left out;
// wanted ones that are not on the list join.
func Reorder[T comparable](list, wanted []T, frozen int) []T {
	out := make([]T, 0, len(wanted))
	head := list[:min(frozen, len(list))]
	for _, id := range head {
		if slices.Contains(wanted, id) {
			out = append(out, id)
		}
	}
	for _, id := range wanted {
		if !slices.Contains(head, id) {
			out = append(out, id)
		}
	}
	return out
}

// Before moves id to just before anchor; a relative move does not fail
// because somebody joined meanwhile. It does not change the list given.
func Before[T comparable](list []T, id, anchor T) ([]T, error) { return relative(list, id, anchor, 0) }

// After moves id to just after anchor.
func After[T comparable](list []T, id, anchor T) ([]T, error) { return relative(list, id, anchor, 1) }

func relative[T comparable](list []T, id, anchor T, offset int) ([]T, error) {
	if id == anchor {
		return nil, problem.Field("anchor", "an entry cannot be moved next to itself")
	}
	from := slices.Index(list, id)
	if from < 0 {
		return nil, problem.Field("entry", "the entry is not waiting on this list")
	}
	out := slices.Delete(slices.Clone(list), from, from+1)
	at := slices.Index(out, anchor)
	if at < 0 {
		return nil, problem.Field("anchor", "the entry to move next to is not waiting on this list")
	}
	return slices.Insert(out, at+offset, id), nil
}

// Swap exchanges two entries, by consent of both.
func Swap[T comparable](list []T, a, b T) ([]T, error) {
	i, j := slices.Index(list, a), slices.Index(list, b)
	if i < 0 || j < 0 {
		return nil, problem.Field("entry", "both entries must be waiting on this list")
	}
	out := slices.Clone(list)
	out[i], out[j] = out[j], out[i]
	return out, nil
}

// Back moves id some places back, to the end at most: what is proposed for a
// speaker who stays silent, two places.
func Back[T comparable](list []T, id T, places int) ([]T, error) {
	from := slices.Index(list, id)
	if from < 0 {
		return nil, problem.Field("entry", "the entry is not waiting on this list")
	}
	out := slices.Delete(slices.Clone(list), from, from+1)
	return slices.Insert(out, min(from+max(places, 0), len(out)), id), nil
}

// Return puts somebody back who was absent: at place 4, or at place 1 if
// fewer than 4 wait (decisions.md 18).
func Return[T comparable](list []T, id T) ([]T, error) {
	if slices.Contains(list, id) {
		return nil, problem.Field("entry", "the entry is already waiting on this list")
	}
	at := 0
	if len(list) >= ReturnPlace {
		at = ReturnPlace - 1
	}
	return slices.Insert(slices.Clone(list), at, id), nil
}
