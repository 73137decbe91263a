package presence

import (
	"context"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Memory is the Store of a single process. It never fails.
type Memory struct {
	lease    time.Duration
	mu       sync.Mutex
	sessions map[ids.Session]map[string]held
}

var _ Store = (*Memory)(nil)

type held struct {
	member Member
	until  time.Time
}

// NewMemory makes an empty store with a lease; zero is Lease.
func NewMemory(lease time.Duration) *Memory {
	if lease == 0 {
		lease = Lease
	}
	return &Memory{lease: lease, sessions: map[ids.Session]map[string]held{}}
}

// Hold notes that connections are open.
func (m *Memory) Hold(_ context.Context, s ids.Session, members ...Member) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := m.sessions[s]
	if open == nil {
		open = map[string]held{}
		m.sessions[s] = open
	}
	until := time.Now().Add(m.lease)
	for _, member := range members {
		open[member.Connection] = held{member, until}
	}
	return nil
}

// Leave notes that a connection was closed.
func (m *Memory) Leave(_ context.Context, s ids.Session, connection string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions[s], connection)
	if len(m.sessions[s]) == 0 {
		delete(m.sessions, s)
	}
	return nil
}

// Who gives who is there, and forgets those whose lease has ended.
func (m *Memory) Who(_ context.Context, s ids.Session) (Who, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var who Who
	now := time.Now()
	for connection, h := range m.sessions[s] {
		if now.After(h.until) {
			delete(m.sessions[s], connection)
			continue
		}
		who.Add(h.member)
	}
	if len(m.sessions[s]) == 0 {
		delete(m.sessions, s)
	}
	return who, nil
}
