package joincode

import (
	"context"
	"sync"
	"time"
)

// Memory is the Store of a single process. It never fails, and forgets with it.
type Memory struct {
	lifetime time.Duration
	mu       sync.Mutex
	codes    map[string]kept
}

var _ Store = (*Memory)(nil)

type kept struct {
	guest Guest
	until time.Time
}

// NewMemory makes an empty store; a lifetime of zero is Lifetime.
func NewMemory(lifetime time.Duration) *Memory {
	if lifetime == 0 {
		lifetime = Lifetime
	}
	return &Memory{lifetime: lifetime, codes: map[string]kept{}}
}

// Put keeps a code, and forgets those that are over: how many there are is
// bounded by how many a lifetime sees made.
func (m *Memory) Put(_ context.Context, code string, of Guest) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for other, k := range m.codes {
		if !now.Before(k.until) {
			delete(m.codes, other)
		}
	}
	if _, used := m.codes[code]; used {
		return false, nil
	}
	m.codes[code] = kept{of, now.Add(m.lifetime)}
	return true, nil
}

// Take gives whom a code lets in, and forgets it.
func (m *Memory) Take(_ context.Context, code string) (Guest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.codes[code]
	delete(m.codes, code)
	if !ok || !time.Now().Before(k.until) {
		return Guest{}, ErrUnknown
	}
	return k.guest, nil
}
