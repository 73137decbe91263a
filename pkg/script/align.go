package script

import (
	"math"
	"slices"
	"unicode/utf8"
)

// Align says which sentences of a translation belong to each sentence of the
// original: element i holds the numbers of those that may be shown when
// sentence i+1 was passed. Every sentence of the translation is in it once, in
// order, so nothing of it is lost or shown twice.
//
// Texts with the same number of paragraphs are aligned paragraph by paragraph,
// others as a whole, by the lengths of sentences: Gale and Church, A Program
// for Aligning Sentences in Bilingual Corpora, Computational Linguistics 19(1), 1993.
func Align(original, translation Statement) [][]int {
	out := make([][]int, len(original.Sentences))
	if len(out) == 0 {
		return out
	}
	ratio := ratio(original.Sentences, translation.Sentences)
	if len(original.Paragraphs) == len(translation.Paragraphs) {
		for i, p := range original.Paragraphs {
			q := translation.Paragraphs[i]
			align(out, original.Sentences[p.First-1:p.Last], translation.Sentences[q.First-1:q.Last], ratio)
		}
		return out
	}
	align(out, original.Sentences, translation.Sentences, ratio)
	return out
}

// ratio is the number of characters of the translation for each of the original.
func ratio(from, to []Sentence) float64 {
	a, b := 1, 1
	for _, s := range from {
		a += size(s)
	}
	for _, s := range to {
		b += size(s)
	}
	return float64(b) / float64(a)
}

func size(s Sentence) int { return utf8.RuneCountInString(s.Text) }

// step is one way to go on: so many sentences of each side belong together.
// The costs are minus the logarithms of Gale and Church's probabilities.
type step struct {
	from, to int
	cost     float64
}

var steps = []step{
	{1, 1, -math.Log(0.89)},
	{1, 2, -math.Log(0.0445)},
	{2, 1, -math.Log(0.0445)},
	{2, 2, -math.Log(0.011)},
	{1, 0, -math.Log(0.005)},
	{0, 1, -math.Log(0.005)},
}

// variance of the length of a translation for each character of the original (same paper).
const variance = 6.8

// mostCompared bounds the pairs of sentences of one stretch that are compared.
// A statement of an hour has 600 sentences; a text of nothing but full stops
// must not cost the server gigabytes.
const mostCompared = 600 * 600

// proportional fills in a stretch that is too long to compare: by how much of the text has passed.
func proportional(out [][]int, from, to []Sentence) {
	a, b := 0, 0
	for _, s := range from {
		a += size(s)
	}
	for _, s := range to {
		b += size(s)
	}
	i, passed, shown := 0, size(from[0]), 0
	for _, s := range to {
		shown += size(s)
		for i < len(from)-1 && passed*b < shown*a {
			i++
			passed += size(from[i])
		}
		out[from[i].Number-1] = append(out[from[i].Number-1], s.Number)
	}
}

// align fills in the sentences of one stretch by the cheapest row of steps.
func align(out [][]int, from, to []Sentence, ratio float64) {
	if len(from)*len(to) > mostCompared {
		proportional(out, from, to)
		return
	}
	type cell struct {
		cost float64
		by   step
	}
	table := make([][]cell, len(from)+1)
	for i := range table {
		table[i] = make([]cell, len(to)+1)
		for j := range table[i] {
			if i+j == 0 {
				continue
			}
			table[i][j].cost = math.Inf(1)
			for _, s := range steps {
				if s.from > i || s.to > j {
					continue
				}
				cost := table[i-s.from][j-s.to].cost + s.cost + unlike(from[i-s.from:i], to[j-s.to:j], ratio)
				if cost < table[i][j].cost {
					table[i][j] = cell{cost: cost, by: s}
				}
			}
		}
	}
	for i, j := len(from), len(to); i+j > 0; {
		s := table[i][j].by
		// Several sentences of the original that became one: it may be shown after the last of them.
		owner := from[min(max(i, 1), len(from))-1].Number - 1
		for n := j; n > j-s.to; n-- {
			out[owner] = append(out[owner], to[n-1].Number)
		}
		i, j = i-s.from, j-s.to
	}
	for _, s := range from {
		slices.Sort(out[s.Number-1])
	}
}

// unlike is how improbable the two lengths are together: half the square of the deviation.
func unlike(from, to []Sentence, ratio float64) float64 {
	a, b := 0, 0
	for _, s := range from {
		a += size(s)
	}
	for _, s := range to {
		b += size(s)
	}
	if a == 0 || b == 0 {
		// An omission is unlike by its length; its probability is the step's.
		return float64(a+b) / 40
	}
	mean := (float64(a) + float64(b)/ratio) / 2
	deviation := (float64(b) - float64(a)*ratio) / math.Sqrt(mean*variance*ratio)
	return deviation * deviation / 2
}
