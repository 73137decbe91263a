// Package snapshot keeps views that were shown a moment ago, so that a gateway
// that has just started, or saw other boundaries of the log, can send what
// changed since to everybody whom another gateway lost, in place of the whole.
//
// Guarantee: what Get gives was put for that session and cursor, as it was, or
// it gives nothing. A cursor names the log's position and a hash of the very
// bytes (live-sync.md), so that whoever asks can check it again, and must. A
// store that is away, empty or slow gives nothing within redisconn.Within, and
// the client gets the whole view. Views hold names: outside this process they
// are sealed with the deployment's secret, and nothing is kept longer than
// Lifetime, so that erasing somebody needs no thought of it. Times are I/O time.
package snapshot

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// Lifetime is how long a view is kept: longer than a client takes to find
// another gateway, shorter than an erasure may take (decisions.md 33).
const Lifetime = 2 * time.Minute

// Store keeps views. Implementations are safe for concurrent use and pass
// snapshottest.Run.
type Store interface {
	// Put keeps an encoded view. The bytes are not changed by anybody afterwards.
	Put(ctx context.Context, s ids.Session, at api.Cursor, view []byte) error
	// Get gives the view of a cursor; nil when it is not known.
	Get(ctx context.Context, s ids.Session, at api.Cursor) ([]byte, error)
}

// memoryMost bounds what a Memory keeps, in bytes.
const memoryMost = 32 << 20

// Memory is the Store of a single process. It never fails.
type Memory struct {
	lifetime time.Duration

	mu    sync.Mutex
	of    map[named]*list.Element
	order *list.List // of *kept, the newest first
	size  int
}

var _ Store = (*Memory)(nil)

type named struct {
	session ids.Session
	at      api.Cursor
}

type kept struct {
	named
	view  []byte
	until time.Time
}

// NewMemory makes an empty store; a lifetime of zero is Lifetime.
func NewMemory(lifetime time.Duration) *Memory {
	if lifetime == 0 {
		lifetime = Lifetime
	}
	return &Memory{lifetime: lifetime, of: map[named]*list.Element{}, order: list.New()}
}

// Put keeps a view, and forgets the oldest when there are too many.
func (m *Memory) Put(_ context.Context, s ids.Session, at api.Cursor, view []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, now := named{s, at}, time.Now()
	if old := m.of[k]; old != nil {
		m.drop(old)
	}
	m.of[k] = m.order.PushFront(&kept{k, view, now.Add(m.lifetime)})
	m.size += len(view)
	for e := m.order.Back(); e != nil && (m.size > memoryMost || now.After(e.Value.(*kept).until)); e = m.order.Back() { //nolint:forcetypeassert // the list holds nothing else
		m.drop(e)
	}
	return nil
}

func (m *Memory) drop(e *list.Element) {
	k, _ := m.order.Remove(e).(*kept)
	m.size -= len(k.view)
	delete(m.of, k.named)
}

// Get gives the view of a cursor.
func (m *Memory) Get(_ context.Context, s ids.Session, at api.Cursor) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.of[named{s, at}]
	if e == nil {
		return nil, nil
	}
	k, _ := e.Value.(*kept)
	if time.Now().After(k.until) {
		m.drop(e)
		return nil, nil
	}
	return k.view, nil
}
