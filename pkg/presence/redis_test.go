package presence_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/presence/presencetest"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
)

func TestRedisKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	presencetest.Run(t, func(t *testing.T, lease time.Duration) (presence.Store, presence.Store) {
		one, two := server.Client(), server.Client()
		t.Cleanup(func() { _, _ = one.Close(), two.Close() })
		return presence.NewRedis(one, lease), presence.NewRedis(two, lease)
	})
}

// TestARedisThatVanishesIsUnknownAndNeverAway: frozen, killed and emptied, the
// store says that it cannot tell, within its patience; and a renewal brings
// everybody back.
func TestARedisThatVanishesIsUnknownAndNeverAway(t *testing.T) {
	server := redistest.Start(t)
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	store, session := presence.NewRedis(client, time.Minute), ids.New[ids.Session]()
	member := presence.Member{Connection: "1", Applicant: ids.New[ids.Applicant]()}
	held := func() {
		t.Helper()
		if err := store.Hold(context.Background(), session, member); err != nil {
			t.Fatal(err)
		}
		if who, err := store.Who(context.Background(), session); err != nil || who.Applicants[member.Applicant] != 1 {
			t.Fatalf("after a renewal there are %+v, %v", who, err)
		}
	}
	unknown := func(how string) {
		t.Helper()
		for range 3 {
			begin := time.Now()
			if who, err := store.Who(context.Background(), session); err == nil {
				t.Fatalf("%s: an answer without a server: %+v", how, who)
			}
			if err := store.Hold(context.Background(), session, member); err == nil {
				t.Fatalf("%s: held without a server", how)
			}
			// Two calls, each with time to connect and to be answered.
			if took := time.Since(begin); took > 6*redisconn.Patience {
				t.Fatalf("%s: two calls took %s", how, took)
			}
		}
	}
	held()
	server.Freeze()
	unknown("frozen")
	server.Thaw()
	held()
	server.Kill()
	unknown("killed")
	server.Restart()
	if who, err := store.Who(context.Background(), session); err != nil || len(who.Applicants) != 0 {
		t.Fatalf("a server that forgot knows %+v, %v", who, err)
	}
	held()
	server.Empty()
	held()
}

// TestWhatSomebodyElsePutIntoRedisIsLeftOut: a shared Redis may hold anything.
func TestWhatSomebodyElsePutIntoRedisIsLeftOut(t *testing.T) {
	server := redistest.Start(t)
	client := server.Admin()
	t.Cleanup(func() { _ = client.Close() })
	store, session := presence.NewRedis(client, time.Minute), ids.New[ids.Session]()
	if err := store.Hold(context.Background(), session, presence.Member{Connection: "1"}); err != nil {
		t.Fatal(err)
	}
	delegate := presence.Member{Connection: "2", Entry: ids.New[ids.Entry]()}
	if err := store.Hold(context.Background(), session, delegate); err != nil {
		t.Fatal(err)
	}
	found, err := client.Keys(context.Background(), redisconn.Prefix+"*:whom").Result()
	if err != nil || len(found) != 1 {
		t.Fatalf("keys %v, %v", found, err)
	}
	for i, junk := range []string{"", "a", "entry ", "entry b", "applicant c", "applicant 00000000-0000-0000-0000-000000000000"} {
		if err := client.HSet(context.Background(), found[0], fmt.Sprint("junk ", i), junk).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if who, err := store.Who(context.Background(), session); err != nil || who.Others != 1 || len(who.Applicants) != 0 || len(who.Entries) != 1 {
		t.Fatalf("there are %+v, %v", who, err)
	}
}
