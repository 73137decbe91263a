package credit_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/fairness/credit"
)

func TestNext(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int64
		s      credit.Session
		want   int64
	}{
		{"not reached carries the whole slot", 0, credit.Session{Outcome: credit.NotReached, EntitledMS: 84_000, SlotMS: 84_000}, 84_000},
		{"never more than one slot", 60_000, credit.Session{Outcome: credit.NotReached, EntitledMS: 84_000, SlotMS: 84_000}, 84_000},
		{"curtailed carries what was withheld", 0, credit.Session{Outcome: credit.Curtailed, EntitledMS: 84_000, UsedMS: 60_000, SlotMS: 84_000}, 24_000},
		{"speaking short by choice earns nothing", 0, credit.Session{Outcome: credit.Spoke, EntitledMS: 84_000, UsedMS: 20_000, SlotMS: 84_000}, 0},
		{"credit halves once one is heard", 40_000, credit.Session{Outcome: credit.Spoke, EntitledMS: 84_000, UsedMS: 84_000, SlotMS: 84_000}, 20_000},
		{"absence forfeits", 40_000, credit.Session{Outcome: credit.Absent, EntitledMS: 84_000, SlotMS: 84_000}, 0},
		{"an excused absence does not", 40_000, credit.Session{Outcome: credit.Excused, EntitledMS: 84_000, SlotMS: 84_000}, 40_000},
		{"used more than entitled", 10_000, credit.Session{Outcome: credit.Curtailed, EntitledMS: 60_000, UsedMS: 90_000, SlotMS: 84_000}, 0},
		{"an unknown outcome earns nothing", 0, credit.Session{Outcome: "?", EntitledMS: 60_000, SlotMS: 84_000}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := credit.Next(c.before, c.s); got != c.want {
				t.Errorf("credit %d ms, want %d", got, c.want)
			}
		})
	}
}

// TestWithinOneSlot and never rewarded for using more.
func TestWithinOneSlot(t *testing.T) {
	outcomes := []credit.Outcome{credit.Spoke, credit.Curtailed, credit.NotReached, credit.Absent, credit.Excused}
	rapid.Check(t, func(t *rapid.T) {
		s := credit.Session{
			Outcome:    rapid.SampledFrom(outcomes).Draw(t, "outcome"),
			EntitledMS: rapid.Int64Range(0, 600_000).Draw(t, "entitled"),
			UsedMS:     rapid.Int64Range(0, 600_000).Draw(t, "used"),
			SlotMS:     rapid.Int64Range(0, 600_000).Draw(t, "slot"),
		}
		before := rapid.Int64Range(0, 600_000).Draw(t, "before")
		got := credit.Next(before, s)
		if got < 0 || got > s.SlotMS {
			t.Fatalf("credit %d outside 0..%d", got, s.SlotMS)
		}
		more := s
		more.UsedMS += 1_000
		if credit.Next(before, more) > got {
			t.Fatal("using more earned more")
		}
	})
}
