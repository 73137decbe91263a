package ratelimit

import (
	"context"
	"sync"
	"time"
)

// MaxKeys is how many keys a Memory remembers, some 10 MB of them. Beyond that
// it forgets some at random, whose allowances are full then.
const MaxKeys = 100_000

// firstSweep is the number of keys at which those with a full allowance are
// dropped for the first time.
const firstSweep = 1024

// Memory is the Store of one process. It never fails.
type Memory struct {
	mu sync.Mutex
	// full gives when a key's allowance is full again; one that is not there is full.
	full map[counted]time.Time
	// sweep is the number of keys at which to look for those that are full.
	sweep int
}

var _ Store = (*Memory)(nil)

type counted struct{ rate, key string }

// NewMemory makes a store in which every allowance is full.
func NewMemory() *Memory { return &Memory{full: map[counted]time.Time{}, sweep: firstSweep} }

// Take takes one of the key's allowance, or says how long to wait.
func (m *Memory) Take(_ context.Context, r Rate, key string) (time.Duration, error) {
	return m.at(r, key, true), nil
}

// Look says what Take would.
func (m *Memory) Look(_ context.Context, r Rate, key string) (time.Duration, error) {
	return m.at(r, key, false), nil
}

func (m *Memory) at(r Rate, key string, take bool) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, k := time.Now(), counted{r.Name, key}
	full := m.full[k]
	if full.Before(now) {
		full = now
	}
	next := full.Add(r.Every)
	if wait := next.Sub(now) - r.full(); wait > 0 {
		return wait
	}
	if take {
		m.full[k] = next
		m.tidy(now)
	}
	return 0
}

// tidy drops the keys whose allowance is full, when there are twice as many as
// after the last time, and any when there are too many.
func (m *Memory) tidy(now time.Time) {
	if len(m.full) < m.sweep {
		return
	}
	for k, full := range m.full {
		if !full.After(now) {
			delete(m.full, k)
		}
	}
	for k := range m.full {
		if len(m.full) <= MaxKeys/2 {
			break
		}
		delete(m.full, k)
	}
	m.sweep = max(firstSweep, 2*len(m.full))
}

// Len is how many keys are remembered.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.full)
}
