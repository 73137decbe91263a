// Package measures says how evenly time was shared.
//
// It guarantees the textbook values: Jain's index (Jain, Chiu, Hawe 1984), the
// Gini coefficient, Theil's T, and the Loosemore-Hanby index; and that sums
// are taken in a fixed order without fused operations, so that two processors
// agree to the last digit that is published.
package measures

import (
	"math"
	"slices"
)

// Jain is (sum x)^2 / (n * sum x^2): 1 when all are equal, k/n when k of n
// have the same and the others nothing. Equal shares of nothing are equal: 1.
func Jain(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v
		squares += float64(v * v) // the conversion forbids a fused operation
	}
	if squares == 0 {
		return 1
	}
	return float64(sum*sum) / float64(float64(len(values))*squares)
}

// Gini is the mean difference over twice the mean: 0 when all are equal.
func Gini(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	var sum, weighted float64
	n := float64(len(sorted))
	for i, v := range sorted {
		sum += v
		weighted += float64((2*float64(i+1) - n - 1) * v)
	}
	if sum == 0 {
		return 0
	}
	return weighted / float64(n*sum)
}

// Theil is Theil's T, the mean of x/mean * ln(x/mean); zeros contribute
// nothing, its limit.
func Theil(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	if sum == 0 {
		return 0
	}
	n := float64(len(values))
	var t float64
	for _, v := range values {
		if v > 0 {
			r := v * n / sum
			t += float64(r * math.Log(r))
		}
	}
	return t / n
}

// Ratios divides each value by its entitlement; those entitled to nothing are
// left out (decisions.md 22). Jain of the result is the entitlement form.
func Ratios(values, entitlements []float64) []float64 {
	out := make([]float64, 0, len(values))
	for i, v := range values {
		if i < len(entitlements) && entitlements[i] > 0 {
			out = append(out, v/entitlements[i])
		}
	}
	return out
}

// LoosemoreHanby is half the sum of the differences between the groups' parts
// of what they should have and of what they got, 0 to 1.
func LoosemoreHanby(should, got []float64) float64 {
	var a, b float64
	for i := range should {
		a += should[i]
		b += got[i]
	}
	if a == 0 || b == 0 {
		return 0
	}
	var sum float64
	for i := range should {
		sum += math.Abs(should[i]/a - got[i]/b)
	}
	return sum / 2
}

// PrefixError is the largest difference, over all prefixes of a sequence of
// groups and all groups, between how often a group stands there and its
// proportional part, in slots. sequence holds indices into sizes.
func PrefixError(sizes []int64, sequence []int) float64 {
	var all int64
	for _, n := range sizes {
		all += n
	}
	if all == 0 {
		return 0
	}
	count := make([]int64, len(sizes))
	var worst int64 // times all, so that it stays an integer
	for i, g := range sequence {
		count[g]++
		for j, n := range sizes {
			d := count[j]*all - int64(i+1)*n
			worst = max(worst, d, -d)
		}
	}
	return float64(worst) / float64(all)
}

// Entitlements is what each was entitled to: min(request, level), the level
// being that of a max-min fill of the total that was used. All in ms; a
// request of zero is no limit.
func Entitlements(used, requests []int64) []int64 {
	var total int64
	for _, u := range used {
		total += u
	}
	order := make([]int, len(requests))
	for i := range order {
		order[i] = i
	}
	limit := func(i int) int64 {
		if requests[i] == 0 {
			return math.MaxInt64
		}
		return requests[i]
	}
	slices.SortFunc(order, func(a, b int) int {
		if la, lb := limit(a), limit(b); la != lb {
			if la < lb {
				return -1
			}
			return 1
		}
		return a - b
	})
	// The smallest requests are filled first; the first that is more than its
	// part of the rest finds the level, one for all, rounded down.
	level := int64(math.MaxInt64)
	for k, i := range order {
		part := total / int64(len(order)-k)
		if limit(i) > part {
			level = part
			break
		}
		total -= limit(i)
	}
	out := make([]int64, len(requests))
	for i := range out {
		out[i] = min(limit(i), level)
	}
	return out
}

// Quantile is the value below which the part q of the sorted values lies, by
// linear interpolation; zero for no values.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + float64((at-float64(low))*(sorted[low+1]-sorted[low]))
}
