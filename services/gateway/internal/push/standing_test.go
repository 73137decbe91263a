package push

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/session/sessiontest"
)

var (
	one, two   = sessiontest.ID[ids.Entry]("entry one"), sessiontest.ID[ids.Entry]("entry two")
	turn, last = sessiontest.ID[ids.Turn]("turn"), sessiontest.ID[ids.Turn]("turn before")
)

func at(place int) Standing { return Standing{Entry: one, Place: place} }

func TestTell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		before, now Standing
		want        Message
	}{
		{"nothing to nothing", Standing{}, Standing{}, Message{}},
		{"far away", at(9), at(8), Message{}},
		{"fifth", at(6), at(5), Message{Kind: Near, Place: 5}},
		{"fourth", at(5), at(4), Message{}},
		{"over the fifth by a leap", at(8), at(4), Message{Kind: Near, Place: 4}},
		{"third", at(4), at(3), Message{Kind: Near, Place: 3}},
		{"second", at(3), at(2), Message{}},
		{"from far to second", at(30), at(2), Message{Kind: Near, Place: 2}},
		{"next", at(2), at(1), Message{Kind: Next, Place: 1}},
		{"from far to next", at(30), at(1), Message{Kind: Next, Place: 1}},
		{"two places back", at(1), at(3), Message{Kind: Moved, Place: 3}},
		{"one place back within a level", at(2), at(3), Message{Kind: Moved, Place: 3}},
		{"back beyond what is told", at(5), at(12), Message{Kind: Moved, Place: 12}},
		{"further back where nobody was told", at(9), at(20), Message{}},
		{"the same again", at(3), at(3), Message{}},
		{"called", at(1), Standing{Entry: one, Turn: turn}, Message{Kind: Called}},
		{"called out of order", at(20), Standing{Entry: one, Turn: turn}, Message{Kind: Called}},
		{"called still", Standing{Entry: one, Turn: turn}, Standing{Entry: one, Turn: turn}, Message{}},
		{"called again", Standing{Entry: one, Turn: last}, Standing{Entry: one, Turn: turn}, Message{Kind: Called}},
		{"speaking", Standing{Entry: one, Turn: turn}, Standing{}, Message{}},
		{"the call taken back", Standing{Entry: one, Turn: turn}, at(1), Message{Kind: Moved, Place: 1}},
		{"not there when called", Standing{Entry: one, Turn: turn}, Standing{Entry: one, Lost: Standby}, Message{Kind: Standby}},
		{"on standby still", Standing{Entry: one, Lost: Standby}, Standing{Entry: one, Lost: Standby}, Message{}},
		{"back on the list", Standing{Entry: one, Lost: Standby}, at(4), Message{Kind: Near, Place: 4}},
		{"time ran out", at(2), Standing{Entry: one, Lost: NotReached}, Message{Kind: NotReached}},
		{"another entry, far", Standing{}, Standing{Entry: two, Place: 20}, Message{}},
		{"another entry, near", at(5), Standing{Entry: two, Place: 4}, Message{Kind: Near, Place: 4}},
		{"another entry, further back than the first", at(1), Standing{Entry: two, Place: 8}, Message{}},
		{"withdrawn", at(3), Standing{}, Message{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, news := Tell(c.before, c.now)
			if news != (c.want.Kind != "") || news && got != c.want {
				t.Errorf("told %v: %+v, want %+v", news, got, c.want)
			}
		})
	}
}

// Whatever way a place takes: nobody is told twice in a row of a place that did
// not change, who becomes next always hears it, and no way from the end of the
// list to its head tells more than three things.
func TestAWayUpTheListTellsThreeThingsAtMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.IntRange(6, 500).Draw(t, "place")
		before, told := at(place), 0
		for before.Place > 1 {
			now := at(rapid.IntRange(1, before.Place).Draw(t, "now"))
			message, news := Tell(before, now)
			if news {
				told++
				if message.Place != now.Place {
					t.Fatalf("at place %d it tells of place %d", now.Place, message.Place)
				}
			}
			if now.Place == 1 && (!news || message.Kind != Next) {
				t.Fatalf("next, and told %v %q", news, message.Kind)
			}
			if now == before && news {
				t.Fatalf("told of place %d again", now.Place)
			}
			before = now
		}
		if told == 0 || told > 3 {
			t.Fatalf("told %d times", told)
		}
	})
}
