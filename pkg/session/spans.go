package session

import (
	"cmp"
	"math"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/clock"
)

// forever stands for the end of a stretch that is still open.
const forever = clock.Instant(math.MaxInt64)

// stretch is a half-open piece of session time, [from, to).
type stretch struct{ from, to clock.Instant }

// stretches are in order and do not touch each other; merged makes them so.
type stretches []stretch

// of gives a Span's stretch; an open one lasts forever.
func of(s Span) stretch {
	if s.To.IsZero() {
		return stretch{s.From, forever}
	}
	return stretch{s.From, s.To}
}

// merged sorts and joins what overlaps or touches, and drops what is empty. It
// reuses the memory of its argument.
func merged(all []stretch) stretches {
	all = slices.DeleteFunc(all, func(s stretch) bool { return s.to <= s.from })
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return stretches(out)
}

// minus gives what of s lies in none of others.
func (s stretches) minus(others stretches) stretches {
	if len(others) == 0 {
		return s
	}
	out := make(stretches, 0, len(s)+len(others))
	next := 0
	for _, piece := range s {
		// Both are in order, so what ended before this piece never matters again.
		for next < len(others) && others[next].to <= piece.from {
			next++
		}
		from := piece.from
		for i := next; i < len(others) && others[i].from < piece.to; i++ {
			if others[i].from > from {
				out = append(out, stretch{from, others[i].from})
			}
			from = max(from, others[i].to)
		}
		if from < piece.to {
			out = append(out, stretch{from, piece.to})
		}
	}
	return out
}

// within gives the ms of s that lie in [from, to).
func (s stretches) within(from, to clock.Instant) int64 {
	if to <= from {
		return 0
	}
	first, _ := slices.BinarySearchFunc(s, from, func(piece stretch, at clock.Instant) int {
		if piece.to <= at {
			return -1
		}
		return 1
	})
	var ms int64
	for _, piece := range s[first:] {
		if piece.from >= to {
			break
		}
		ms += min(piece.to, to).Sub(max(piece.from, from))
	}
	return ms
}

// clipped gives the part of s in [from, to).
func (s stretches) clipped(from, to clock.Instant) stretches {
	out := make(stretches, 0, len(s))
	for _, piece := range s {
		piece.from, piece.to = max(piece.from, from), min(piece.to, to)
		if piece.from < piece.to {
			out = append(out, piece)
		}
	}
	return out
}

// total gives the ms of all of s, which must be closed.
func (s stretches) total() int64 {
	var ms int64
	for _, piece := range s {
		ms += piece.to.Sub(piece.from)
	}
	return ms
}

// after gives the instant at which ms of time outside s have passed since
// from; ok is false when an open stretch comes first.
func (s stretches) after(from clock.Instant, ms int64) (at clock.Instant, ok bool) {
	at = from
	for _, piece := range s {
		if piece.to <= at {
			continue
		}
		if piece.from > at {
			if piece.from.Sub(at) >= ms {
				break
			}
			ms -= piece.from.Sub(at)
		}
		if piece.to == forever {
			return 0, false
		}
		at = piece.to
	}
	return at.Add(ms), true
}
