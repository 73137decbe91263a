package presence_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/presence/presencetest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	presencetest.Run(t, func(_ *testing.T, lease time.Duration) (presence.Store, presence.Store) {
		m := presence.NewMemory(lease)
		return m, m
	})
}

func TestDefaultLeaseOutlivesTwoRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, session := presence.NewMemory(0), ids.New[ids.Session]()
		hold := func(name string) {
			if err := m.Hold(context.Background(), session, presence.Member{Connection: name}); err != nil {
				t.Fatal(err)
			}
		}
		there := func() int {
			who, err := m.Who(context.Background(), session)
			if err != nil {
				t.Fatal(err)
			}
			return who.Others
		}
		hold("kept")
		hold("lost")
		for range 3 {
			time.Sleep(presence.Renewal)
			hold("kept")
		}
		if n := there(); n != 2 {
			t.Errorf("at the end of the lease %d are there", n)
		}
		time.Sleep(time.Second)
		if n := there(); n != 1 {
			t.Errorf("after the lease %d are there", n)
		}
	})
}
