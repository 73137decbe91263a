package measures

import "slices"

// Turn is what became of one applicant, for Summarise. Durations in ms.
type Turn struct {
	// Group is the stakeholder group.
	Group string
	// Place is the place of speaking, from 1; zero was not heard.
	Place int
	// Present says that they were there, at the call or in time afterwards;
	// who was excused or never came is left out of the comparison.
	Present bool
	// RequestMS is what was asked for, zero for no limit.
	RequestMS int64
	// OfferedMS and UsedMS are without any access allowance, which is private.
	OfferedMS, UsedMS int64
	// GuaranteeMS is what was promised.
	GuaranteeMS int64
	// Cut says that somebody else ended the turn.
	Cut bool
}

// Summary are a session's figures. The three forms of Jain's index compare
// those present: who was not heard counts with nothing.
type Summary struct {
	Applied int `json:"applied"`
	Present int `json:"present"`
	Heard   int `json:"heard"`
	// ServedPPM is heard of present, in parts per million.
	ServedPPM int64 `json:"served_ppm"`
	// JainSeconds compares seconds used; JainEntitlement what was used of
	// min(request, level); JainOffered what was offered of min(request, level of
	// the offers), so that an offer of all that was asked for is a full one.
	JainSeconds     float64 `json:"jain_seconds"`
	JainEntitlement float64 `json:"jain_entitlement"`
	JainOffered     float64 `json:"jain_offered"`
	Gini            float64 `json:"gini"`
	Theil           float64 `json:"theil"`
	// ShortestOfferedMS and LongestOfferedMS are among those heard.
	ShortestOfferedMS int64 `json:"shortest_offered_ms"`
	LongestOfferedMS  int64 `json:"longest_offered_ms"`
	// LoosemoreHanby compares the groups' parts of the applicants with their
	// parts of the time; GroupPrefixError is the largest of any prefix, in slots.
	LoosemoreHanby   float64 `json:"loosemore_hanby"`
	GroupPrefixError float64 `json:"group_prefix_error"`
	// PromisesBroken counts those present who were offered less than promised.
	PromisesBroken int `json:"promises_broken"`
	Cut            int `json:"cut"`
}

// Summarise reckons a session up. The order of the turns does not matter.
func Summarise(turns []Turn) Summary {
	s := Summary{Applied: len(turns)}
	var used, offered, requests []int64
	var heard []Turn
	for _, t := range turns {
		if t.Place > 0 {
			heard = append(heard, t)
		}
		if !t.Present {
			continue
		}
		s.Present++
		used, offered, requests = append(used, t.UsedMS), append(offered, t.OfferedMS), append(requests, t.RequestMS)
		if t.OfferedMS < t.GuaranteeMS {
			s.PromisesBroken++
		}
		if t.Cut {
			s.Cut++
		}
	}
	slices.SortFunc(heard, func(a, b Turn) int { return a.Place - b.Place })
	s.Heard = len(heard)
	s.ServedPPM = 1_000_000
	if s.Present > 0 {
		s.ServedPPM = int64(s.Heard) * 1_000_000 / int64(s.Present)
	}
	seconds := Seconds(used)
	s.JainSeconds, s.Gini, s.Theil = Jain(seconds), Gini(seconds), Theil(seconds)
	s.JainEntitlement = Jain(Ratios(seconds, Seconds(Entitlements(used, requests))))
	s.JainOffered = Jain(Ratios(Seconds(offered), Seconds(Entitlements(offered, requests))))
	for k, t := range heard {
		if k == 0 || t.OfferedMS < s.ShortestOfferedMS {
			s.ShortestOfferedMS = t.OfferedMS
		}
		s.LongestOfferedMS = max(s.LongestOfferedMS, t.OfferedMS)
	}
	s.groups(turns, heard)
	return s
}

// groups compares groups: by their parts of the time, and along the order of
// speaking.
func (s *Summary) groups(turns, heard []Turn) {
	index := map[string]int{}
	var sizes []int64
	for _, t := range turns {
		if _, ok := index[t.Group]; !ok {
			index[t.Group] = len(sizes)
			sizes = append(sizes, 0)
		}
		sizes[index[t.Group]]++
	}
	should, got := make([]float64, len(sizes)), make([]float64, len(sizes))
	for g, n := range sizes {
		should[g] = float64(n)
	}
	sequence := make([]int, len(heard))
	for k, t := range heard {
		sequence[k] = index[t.Group]
		got[sequence[k]] += float64(t.UsedMS)
	}
	s.LoosemoreHanby, s.GroupPrefixError = LoosemoreHanby(should, got), PrefixError(sizes, sequence)
}

// Seconds are milliseconds in seconds.
func Seconds(ms []int64) []float64 {
	out := make([]float64, len(ms))
	for i, v := range ms {
		out[i] = float64(v) / 1000
	}
	return out
}
