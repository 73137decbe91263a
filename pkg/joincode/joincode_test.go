package joincode_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/joincode"
	"github.com/fairfloor/fairfloor/pkg/joincode/joincodetest"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	joincodetest.Run(t, func(_ *testing.T, lifetime time.Duration) (joincode.Store, joincode.Store) {
		m := joincode.NewMemory(lifetime)
		return m, m
	})
}

func TestRedisKeepsTheContract(t *testing.T) {
	server := redistest.Start(t)
	joincodetest.Run(t, func(t *testing.T, lifetime time.Duration) (joincode.Store, joincode.Store) {
		server.Empty()
		return over(t, server, 10*time.Second, lifetime), over(t, server, 10*time.Second, lifetime)
	})
}

// over is a store whose calls may take so long.
func over(t *testing.T, server *redistest.Server, within, lifetime time.Duration) *joincode.Redis {
	t.Helper()
	client := server.Client()
	t.Cleanup(func() { _ = client.Close() })
	store, err := joincode.NewRedis(client, redisconn.NewCircuit(within, 20*time.Millisecond, nil), [32]byte{9}, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestACodeIsGoodForTenMinutesAndAMemoryForgetsTheRest, to the second.
func TestACodeIsGoodForTenMinutesAndAMemoryForgetsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, guest := joincode.NewMemory(0), joincodetest.Someone()
		joincodetest.Put(t, m, "AAAAAAAA", guest)
		joincodetest.Put(t, m, "BBBBBBBB", guest)
		time.Sleep(10*time.Minute - time.Second)
		joincodetest.Want(t, m, "AAAAAAAA", guest)
		time.Sleep(time.Second)
		joincodetest.Want(t, m, "BBBBBBBB", joincode.Guest{})
	})
}

// TestACodeIsTypedAsItIsReadOut is a property: in groups, in small letters, and
// with letters for the digits that look like them, it stays the same code.
func TestACodeIsTypedAsItIsReadOut(t *testing.T) {
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{8}$`)
	store := joincode.NewMemory(0)
	code, err := joincode.Make(context.Background(), store, joincodetest.Someone())
	if err != nil || !form.MatchString(code) {
		t.Fatalf("a code is %q, %v", code, err)
	}
	rapid.Check(t, func(r *rapid.T) {
		code := joincode.Spell(rapid.SliceOfN(rapid.Byte(), joincode.Length, joincode.Length).Draw(r, "raw"))
		if !form.MatchString(code) {
			r.Fatalf("a code is %q", code)
		}
		typed := code[:4] + rapid.SampledFrom([]string{"", " ", "-", " - "}).Draw(r, "between") + code[4:]
		if rapid.Bool().Draw(r, "small") {
			typed = strings.ToLower(typed)
		}
		typed = strings.ReplaceAll(typed, "0", rapid.SampledFrom([]string{"0", "O", "o"}).Draw(r, "zero"))
		typed = strings.ReplaceAll(typed, "1", rapid.SampledFrom([]string{"1", "I", "l", "L", "i"}).Draw(r, "one"))
		if got := joincode.Tidy(typed); got != code {
			r.Errorf("%q is %q, want %q", typed, got, code)
		}
	})
}

// full is a store that has every code.
type full struct{ joincode.Store }

func (full) Put(context.Context, string, joincode.Guest) (bool, error) { return false, nil }

// TestNoCodeIsGivenThatWasNotKept.
func TestNoCodeIsGivenThatWasNotKept(t *testing.T) {
	if code, err := joincode.Make(context.Background(), full{}, joincodetest.Someone()); err == nil || code != "" {
		t.Errorf("a code that is another's was given: %q", code)
	}
}

// TestNoCodeStandsInRedisAndNobodyThereLetsSomebodyIn: neither code nor
// invitation can be read; what was bent, exchanged, made by another deployment
// or put back after its time lets nobody in.
func TestNoCodeStandsInRedisAndNobodyThereLetsSomebodyIn(t *testing.T) {
	server := redistest.Start(t)
	client := server.Admin()
	t.Cleanup(func() { _ = client.Close() })
	ctx, store, guest := context.Background(), over(t, server, 10*time.Second, 0), joincodetest.Someone()
	joincodetest.Put(t, store, "AAAAAAAA", guest)
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil || len(keys) != 1 || !strings.HasPrefix(keys[0], redisconn.Prefix) {
		t.Fatalf("keys %q, %v", keys, err)
	}
	value, err := client.Get(ctx, keys[0]).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"AAAA", guest.Session.String(), guest.Invitation.String()} {
		if strings.Contains(keys[0], secret) || strings.Contains(value, secret) {
			t.Errorf("%s stands in Redis", secret)
		}
	}
	if ttl, err := client.TTL(ctx, keys[0]).Result(); err != nil || ttl <= 0 || ttl > joincode.Lifetime {
		t.Errorf("it lives for %s, %v", ttl, err)
	}
	bent := value[:20] + string(value[20]^1) + value[21:]
	put := func(value string) {
		t.Helper()
		if err := client.Set(ctx, keys[0], value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, junk := range []string{"", "x", bent, value[:20], `{"Session":"` + guest.Session.String() + `"}`} {
		put(junk)
		joincodetest.Want(t, store, "AAAAAAAA", joincode.Guest{})
	}
	// Another's guest in this one's place.
	put(value)
	joincodetest.Put(t, store, "BBBBBBBB", joincodetest.Someone())
	both, err := client.Keys(ctx, "*").Result()
	if err != nil || len(both) != 2 {
		t.Fatalf("keys %q, %v", both, err)
	}
	other := both[0]
	if other == keys[0] {
		other = both[1]
	}
	if err := client.Copy(ctx, other, keys[0], 0, true).Err(); err != nil {
		t.Fatal(err)
	}
	joincodetest.Want(t, store, "AAAAAAAA", joincode.Guest{})
	// Another deployment in the same Redis has neither the code nor its place.
	foreign, err := joincode.NewRedis(client, redisconn.NewCircuit(10*time.Second, 0, nil), [32]byte{10}, 0)
	if err != nil {
		t.Fatal(err)
	}
	joincodetest.Want(t, foreign, "BBBBBBBB", joincode.Guest{})
	// Put back after its time, and without an end.
	const lifetime = 300 * time.Millisecond
	short := over(t, server, 10*time.Second, lifetime)
	for begun := time.Now(); ; {
		server.Empty()
		joincodetest.Put(t, short, "CCCCCCCC", guest)
		put := time.Now()
		found, err := client.Keys(ctx, "*").Result()
		if err == nil && len(found) == 1 {
			if value, err = client.Get(ctx, found[0]).Result(); err == nil {
				time.Sleep(time.Until(put.Add(lifetime)))
				if err := client.Set(ctx, found[0], value, 0).Err(); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("no value was seen in its time: %q, %v", found, err)
		}
	}
	joincodetest.Want(t, store, "CCCCCCCC", joincode.Guest{})
}

// TestARedisThatVanishesIsSaidAndSoon: frozen and killed, nobody is told that a
// code is wrong, and a thousand tries do not wait for a thousand answers.
func TestARedisThatVanishesIsSaidAndSoon(t *testing.T) {
	server := redistest.Start(t)
	store := over(t, server, 200*time.Millisecond, 0)
	works := func(how string) {
		t.Helper()
		for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			guest := joincodetest.Someone()
			code, err := joincode.Make(context.Background(), store, guest)
			if err == nil {
				if got, err := store.Take(context.Background(), code); err == nil && got == guest {
					return
				}
			}
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: no code works any more: %v", how, err)
			}
		}
	}
	unknown := func(how string) {
		t.Helper()
		begin := time.Now()
		for range 1000 {
			if _, err := store.Take(context.Background(), "AAAAAAAA"); err == nil || errors.Is(err, joincode.ErrUnknown) {
				t.Fatalf("%s: the answer is %v", how, err)
			}
			if _, err := joincode.Make(context.Background(), store, joincodetest.Someone()); err == nil {
				t.Fatalf("%s: a code was made", how)
			}
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s: two thousand calls took %s", how, took)
		}
	}
	works("there")
	server.Freeze()
	unknown("frozen")
	server.Thaw()
	works("thawed")
	server.Kill()
	unknown("killed")
	server.Restart()
	works("restarted")
	server.Empty()
	works("emptied")
}
