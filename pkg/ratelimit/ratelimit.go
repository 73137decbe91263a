// Package ratelimit bounds how often something may be done: commands of a link,
// wrong codes and applications from an address, tries on a session.
//
// Guarantee: of one key at most Burst are let through at once, and from then on
// one in each Every; several gateways with one Redis together let through no
// more than one alone. What is refused uses up nothing, and is told how long to
// wait. A Redis that is away, empty or hanging refuses nobody and stops nothing:
// each gateway then keeps its own count, so the bound of all is that of one
// times their number, and it costs callers no more than redisconn.Circuit says.
// A key is kept as a hash only: no address and no link stands in Redis. Times
// are I/O time.
//
// The rule is the generic cell rate algorithm (ITU-T I.371, annex A): one number
// for each key, the time at which its allowance is full again.
package ratelimit

import (
	"context"
	"net/netip"
	"time"

	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// Rate is a bound.
type Rate struct {
	// Name tells the keys of one rate from those of another, such as "commands".
	Name string
	// Every is the time in which one more is allowed; at least a microsecond.
	Every time.Duration
	// Burst is how many are allowed at once after a rest; at least 1.
	Burst int
}

// PerSecond is a rate of n in a second, all of which may come at once.
func PerSecond(name string, n int) Rate {
	return Rate{Name: name, Every: time.Second / time.Duration(n), Burst: n}
}

// full is how long an empty allowance takes to grow back.
func (r Rate) full() time.Duration { return r.Every * time.Duration(r.Burst) }

// Store counts. Implementations are safe for concurrent use and pass
// ratelimittest.Run.
type Store interface {
	// Take takes one of the key's allowance. A wait above zero means that there is
	// none, that nothing was taken, and how long it takes until there is one.
	Take(ctx context.Context, r Rate, key string) (wait time.Duration, err error)
	// Look says what Take would, and takes nothing.
	Look(ctx context.Context, r Rate, key string) (wait time.Duration, err error)
}

// Limiter is what gateways ask. It knows its own count always, and that of all
// gateways while Redis is there. It never fails.
type Limiter struct {
	near    *Memory
	far     Store
	circuit *redisconn.Circuit
}

// New makes a limiter. far, which may be nil, holds the count of all gateways,
// and circuit, which may be nil then, stands before it.
func New(far Store, circuit *redisconn.Circuit) *Limiter {
	return &Limiter{near: NewMemory(), far: far, circuit: circuit}
}

// Take takes one of the key's allowance; a wait above zero means that there is
// none, and how long it takes until there is one.
func (l *Limiter) Take(ctx context.Context, r Rate, key string) time.Duration {
	// Its own count first: who floods one gateway costs Redis nothing.
	if wait := l.near.at(r, key, true); wait > 0 {
		return wait
	}
	return l.beyond(ctx, func(ctx context.Context) (time.Duration, error) { return l.far.Take(ctx, r, key) })
}

// Look says what Take would, and takes nothing.
func (l *Limiter) Look(ctx context.Context, r Rate, key string) time.Duration {
	if wait := l.near.at(r, key, false); wait > 0 {
		return wait
	}
	return l.beyond(ctx, func(ctx context.Context) (time.Duration, error) { return l.far.Look(ctx, r, key) })
}

// beyond asks the count of all; when it cannot be asked, the own one stands.
func (l *Limiter) beyond(ctx context.Context, ask func(context.Context) (time.Duration, error)) (wait time.Duration) {
	if l.far == nil {
		return 0
	}
	err := l.circuit.Do(ctx, func(ctx context.Context) (err error) {
		wait, err = ask(ctx)
		return err
	})
	if err != nil {
		return 0
	}
	return wait
}

// Millis is a wait in whole milliseconds, rounded up: who comes back then is let in.
func Millis(wait time.Duration) int64 {
	return int64((wait + time.Millisecond - 1) / time.Millisecond)
}

// Address gives the key of a network address: an IPv6 address counts with all
// of its /64, which is what one subscriber has (RFC 6177), and an IPv4 address
// is the same in whichever notation. What is no address is its own key.
func Address(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return text
	}
	return p.String()
}
