package push

import (
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// Kind is what a device is told.
type Kind string

// The kinds. None of them names anybody.
const (
	Called     Kind = "called"      // you have the floor: begin
	Next       Kind = "next"        // you are next
	Near       Kind = "near"        // your place is 2 to 5
	Moved      Kind = "moved"       // you are further back than you were told
	Standby    Kind = "standby"     // you were called and not there
	NotReached Kind = "not_reached" // time ran out
)

// Message is the whole of what is sent, encrypted, to a device. It holds no
// names and no words: the device has the words, in its own language.
type Message struct {
	Kind Kind `json:"kind"`
	// Place counts from 1; zero for a kind that is not about a place.
	Place int `json:"place,omitempty"`
	// Code finds the session's page.
	Code string `json:"code"`
	// Tag is the same for all messages about one entry: a later one replaces an
	// earlier one on the device.
	Tag string `json:"tag"`
}

// Standing is where a delegate stands, as far as a device is told.
type Standing struct {
	// Entry is the one that is told of; zero when there is nothing to tell.
	Entry ids.Entry
	// Turn is set from the call until the first word.
	Turn ids.Turn
	// Place counts from 1, zero when the entry does not wait.
	Place int
	// Lost is Standby or NotReached, when that is so.
	Lost Kind
}

// Of gives where the delegate of an applicant stands: called before waiting,
// waiting before lost, and of several places the nearest. With an entry, only
// that one counts.
func Of(v *view.View, applicant ids.Applicant, only ids.Entry) Standing {
	var best Standing
	for _, id := range v.Own()[applicant] {
		if !only.IsZero() && id != only {
			continue
		}
		if s := about(v, id); s.rank() < best.rank() {
			best = s
		}
	}
	return best
}

// rank orders standings, the most urgent first.
func (s Standing) rank() int {
	const far = 1 << 20
	switch {
	case s.Entry.IsZero():
		return far + 3
	case !s.Turn.IsZero():
		return 0
	case s.Place > 0:
		return s.Place
	case s.Lost == Standby:
		return far + 1
	default:
		return far + 2
	}
}

// about gives the standing by one entry; the zero Standing when there is
// nothing to tell of it. A member of a joint statement stands where its lead does.
func about(v *view.View, id ids.Entry) Standing {
	entry := v.Entries[id]
	if !entry.MergedInto.IsZero() {
		entry = v.Entries[entry.MergedInto]
	}
	if t := v.Turns[v.Floor.Turn]; t != nil && t.Entry == entry.ID {
		if t.BegunAt.IsZero() {
			return Standing{Entry: id, Turn: t.ID}
		}
		return Standing{}
	}
	switch {
	case entry.State == session.NotReached:
		return Standing{Entry: id, Lost: NotReached}
	case entry.State == session.Standby:
		return Standing{Entry: id, Lost: Standby}
	case v.Session.Phase == session.Adjourned || entry.State != session.Waiting || entry.Part != v.Session.Part:
		return Standing{}
	}
	return Standing{Entry: id, Place: entry.Place}
}

// Places from which on a device is told: the notices at 5, 3 and 1.
const far, middle = 5, 3

// level is how near a place is: 3 is next, 0 is too far to be told.
func level(place int) int {
	switch {
	case place == 0 || place > far:
		return 0
	case place > middle:
		return 1
	case place > 1:
		return 2
	default:
		return 3
	}
}

// Tell gives what a device is told when the standing changes, and false when
// that is nothing. Places 5, 3 and 1 are told when they are reached, also by a
// leap over them; a place further back is told to whom a nearer one was.
func Tell(before, now Standing) (Message, bool) {
	same := before.Entry == now.Entry
	switch {
	case now.Entry.IsZero():
		return Message{}, false
	case !now.Turn.IsZero():
		return Message{Kind: Called}, before.Turn != now.Turn
	case now.Lost != "":
		return Message{Kind: now.Lost}, !same || before.Lost != now.Lost
	case same && !before.Turn.IsZero():
		// The call was taken back, or two places back were chosen for them.
		return Message{Kind: Moved, Place: now.Place}, true
	}
	was := 0
	if same {
		was = level(before.Place)
	}
	switch is := level(now.Place); {
	case is > was && is == 3:
		return Message{Kind: Next, Place: now.Place}, true
	case is > was:
		return Message{Kind: Near, Place: now.Place}, true
	default:
		return Message{Kind: Moved, Place: now.Place}, was > 0 && now.Place > before.Place
	}
}
