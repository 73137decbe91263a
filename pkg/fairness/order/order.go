// Package order puts the entries of a list in the order of a published rule.
//
// It guarantees: a rule looks only at what was published when the list was
// fixed (group, region, first time, credit, lot), so the same inputs give the
// same order everywhere; every prefix of the Sainte-Lague order is
// proportional; a late applicant joins the tail of their own group, behind
// everybody fixed, and moves nobody; withdrawals change no key; and ties end
// at the identifier, so no order depends on a sort's whims.
package order

import (
	"cmp"
	"slices"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Rule is how a list is ordered.
type Rule string

const (
	// SainteLague nests group, region and person by the key (2k-1)/(2n).
	SainteLague Rule = "sainte_lague"
	// FirstCome is the order in which applications arrived.
	FirstCome Rule = "first_come"
	// PlainLot is the lot alone.
	PlainLot Rule = "plain_lot"
	// Categories takes the categories one after the other, each inside by
	// Sainte-Lague.
	Categories Rule = "categories"
	// Secretariat is the secretariat's own list.
	Secretariat Rule = "secretariat"
	// RoomRemote takes those in the room and those remote in turn.
	RoomRemote Rule = "room_remote"
	// ForAgainst takes those for and those against in turn.
	ForAgainst Rule = "for_against"
)

// Unspecified is the group, region or category of those who named none: they
// are never dropped.
const Unspecified = "unspecified"

// Member is one entry with what the rules look at.
type Member struct {
	// ID is unique in the list.
	ID string
	// Group is the stakeholder group, Region the regional group.
	Group, Region string
	// Category is looked at by Categories.
	Category string
	// FirstTime marks those who have not spoken in this consultation.
	FirstTime bool
	// CreditMS is carried over from earlier sessions; more goes first.
	CreditMS int64
	// Lot is the drawn position as hexadecimal digits; the lower goes first.
	Lot string
	// Joined is the sequence number of the application, unique in the list.
	Joined int64
	// Rank is the place on the secretariat's own list, from 1; zero comes last.
	Rank int
	// Remote marks those who are not in the room.
	Remote bool
	// Stance is +1 for, -1 against, 0 for neither.
	Stance int
	// Late marks those who joined after the list was fixed.
	Late bool
}

// Options are a rule's own inputs.
type Options struct {
	Rule Rule
	// Categories in the order in which they speak; those not named follow, by
	// name.
	Categories []string
}

// Key is the Sainte-Lague key (2K-1)/(2N) of the K-th of N.
type Key struct{ K, N int64 }

// Compare orders keys as numbers, without rounding.
func (k Key) Compare(other Key) int {
	return cmp.Compare((2*k.K-1)*other.N, (2*other.K-1)*k.N)
}

// Place is a member with the key that put it there.
type Place struct {
	Member
	// Key is the member's key among the groups. It stays as it is when others
	// withdraw or join late.
	Key Key
}

// Arrange gives the order. The list it is given is the fixed list, with those
// who withdrew after that, and the late ones behind: leave out the withdrawn
// from what comes back.
func Arrange(members []Member, options Options) ([]Place, error) {
	seen := make(map[string]bool, len(members))
	for i := range members {
		if members[i].ID == "" || seen[members[i].ID] {
			return nil, problem.Field("members", "the identifier %q is empty or stands there twice", members[i].ID)
		}
		seen[members[i].ID] = true
	}
	places := keyed(members)
	switch options.Rule {
	case SainteLague, "":
		slices.SortFunc(places, byKey(sizes(members)))
	case FirstCome:
		slices.SortFunc(places, byJoined)
	case PlainLot:
		slices.SortFunc(places, func(a, b Place) int { return cmp.Or(late(a, b), byLot(a, b)) })
	case Categories:
		rank := ranks(members, options.Categories)
		inner := byKey(sizes(members))
		slices.SortFunc(places, func(a, b Place) int {
			return cmp.Or(cmp.Compare(rank[named(a.Category)], rank[named(b.Category)]), inner(a, b))
		})
	case Secretariat:
		slices.SortFunc(places, byRank)
	case RoomRemote:
		slices.SortFunc(places, byKey(sizes(members)))
		places = inTurn(places, func(p Place) int { return one(p.Remote) })
	case ForAgainst:
		slices.SortFunc(places, byKey(sizes(members)))
		places = inTurn(places, func(p Place) int {
			switch {
			case p.Stance > 0:
				return 0
			case p.Stance < 0:
				return 1
			default:
				return 2
			}
		})
	default:
		return nil, problem.Field("rule", "%q is not an ordering rule", options.Rule)
	}
	return places, nil
}

// named gives those without a name theirs.
func named(name string) string { return cmp.Or(name, Unspecified) }

// one is 1 for true.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sizes counts the fixed members of each group.
func sizes(members []Member) map[string]int64 {
	n := map[string]int64{}
	for i := range members {
		n[named(members[i].Group)] += int64(one(!members[i].Late))
	}
	return n
}

// keyed gives each member its key: inside the group regions by the same key,
// inside a region persons; the late ones behind, in the order they came.
func keyed(members []Member) []Place {
	groups := map[string][]Place{}
	names := []string{}
	for i := range members {
		g := named(members[i].Group)
		if _, ok := groups[g]; !ok {
			names = append(names, g)
		}
		groups[g] = append(groups[g], Place{Member: members[i]})
	}
	slices.Sort(names)
	places := make([]Place, 0, len(members))
	for _, g := range names {
		inside := nest(groups[g])
		fixed := int64(0)
		for i := range inside {
			fixed += int64(one(!inside[i].Late))
		}
		for i := range inside {
			inside[i].Key = Key{K: int64(i) + 1, N: max(fixed, 1)}
			if inside[i].Late {
				// A late member's k is above n, so it stands behind everybody
				// fixed (decisions.md 23), in a new group as well.
				inside[i].Key.K = max(fixed, 1) + int64(i) - fixed + 1
			}
		}
		places = append(places, inside...)
	}
	return places
}

// nest orders the members of one group.
func nest(group []Place) []Place {
	regions := map[string]int64{}
	for i := range group {
		regions[named(group[i].Region)] += int64(one(!group[i].Late))
	}
	slices.SortFunc(group, func(a, b Place) int {
		if o := late(a, b); o != 0 {
			return o
		}
		if a.Late {
			return byJoined(a, b)
		}
		return byPerson(a, b)
	})
	// The persons stand in order now, so counting gives each its region's k.
	next := map[string]int64{}
	inRegion := make(map[string]Key, len(group))
	for i := range group {
		if r := named(group[i].Region); !group[i].Late {
			next[r]++
			inRegion[group[i].ID] = Key{K: next[r], N: regions[r]}
		}
	}
	slices.SortStableFunc(group, func(a, b Place) int {
		if o := late(a, b); o != 0 || a.Late {
			return o
		}
		ra, rb := named(a.Region), named(b.Region)
		return cmp.Or(
			inRegion[a.ID].Compare(inRegion[b.ID]),
			cmp.Compare(regions[rb], regions[ra]), // the larger region first
			cmp.Compare(ra, rb),
		)
	})
	return group
}

// late puts the late behind the fixed.
func late(a, b Place) int { return cmp.Compare(one(a.Late), one(b.Late)) }

// byPerson: first-time speakers, then credit, then the lot.
func byPerson(a, b Place) int {
	return cmp.Or(
		cmp.Compare(one(b.FirstTime), one(a.FirstTime)),
		cmp.Compare(b.CreditMS, a.CreditMS),
		byLot(a, b),
	)
}

// byLot: the lower position first; those without one behind, as they came.
func byLot(a, b Place) int {
	return cmp.Or(
		cmp.Compare(one(a.Lot == ""), one(b.Lot == "")),
		cmp.Compare(a.Lot, b.Lot),
		byJoined(a, b),
	)
}

// byJoined: as they came.
func byJoined(a, b Place) int {
	return cmp.Or(cmp.Compare(a.Joined, b.Joined), cmp.Compare(a.ID, b.ID))
}

// byRank: the secretariat's list, those not on it behind, as they came.
func byRank(a, b Place) int {
	return cmp.Or(
		cmp.Compare(one(a.Rank <= 0), one(b.Rank <= 0)),
		cmp.Compare(a.Rank, b.Rank),
		byJoined(a, b),
	)
}

// byKey: the Sainte-Lague key; ties to the larger group, then its name. Two
// late ones of one key and group do not exist, as k differs.
func byKey(size map[string]int64) func(a, b Place) int {
	return func(a, b Place) int {
		ga, gb := named(a.Group), named(b.Group)
		return cmp.Or(
			a.Key.Compare(b.Key),
			cmp.Compare(size[gb], size[ga]),
			cmp.Compare(ga, gb),
			cmp.Compare(a.ID, b.ID),
		)
	}
}

// ranks numbers the categories: those named in their order, the others behind
// by name, so that nobody is dropped.
func ranks(members []Member, categories []string) map[string]int {
	rank := map[string]int{}
	for _, c := range categories {
		if _, ok := rank[named(c)]; !ok {
			rank[named(c)] = len(rank)
		}
	}
	others := []string{}
	for i := range members {
		if c := named(members[i].Category); !slices.Contains(others, c) {
			others = append(others, c)
		}
	}
	slices.Sort(others)
	for _, c := range others {
		if _, ok := rank[c]; !ok {
			rank[c] = len(rank)
		}
	}
	return rank
}

// inTurn takes one of side 0 and one of side 1 in turn, keeping each side's
// order; what is left of either follows, then everybody of another side. The
// late ones take turns among themselves, behind.
func inTurn(places []Place, side func(Place) int) []Place {
	out := make([]Place, 0, len(places))
	for _, isLate := range []bool{false, true} {
		var sides [3][]Place
		for _, p := range places {
			if p.Late == isLate {
				sides[side(p)] = append(sides[side(p)], p)
			}
		}
		for i := range max(len(sides[0]), len(sides[1])) {
			for s := range 2 {
				if i < len(sides[s]) {
					out = append(out, sides[s][i])
				}
			}
		}
		out = append(out, sides[2]...)
	}
	return out
}
