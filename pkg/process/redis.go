package process

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/joincode"
	"github.com/fairfloor/fairfloor/pkg/presence"
	"github.com/fairfloor/fairfloor/pkg/ratelimit"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/snapshot"
	"github.com/fairfloor/fairfloor/pkg/witness"
)

// shared is the process's one connection to Redis, made when it is first
// needed, and the one circuit before it: what one use finds out about Redis
// spares the others.
type shared struct {
	sync.Mutex
	client  *redis.Client
	circuit *redisconn.Circuit
}

// Redis gives the process's client of Redis and the circuit before it; both are
// nil where the settings name none. It does not connect.
func (p *Process) Redis() (*redis.Client, *redisconn.Circuit, error) {
	p.redis.Lock()
	defer p.redis.Unlock()
	if p.Settings.Redis.URL == "" || p.redis.client != nil {
		return p.redis.client, p.redis.circuit, nil
	}
	client, err := redisconn.Open(p.Settings.Redis)
	if err != nil {
		return nil, nil, err
	}
	p.closers = append(p.closers, client.Close)
	p.redis.client, p.redis.circuit = client, redisconn.NewCircuit(0, 0, p.Logger)
	return p.redis.client, p.redis.circuit, nil
}

// redisSecret is this deployment's own in a Redis that others may use too.
func (p *Process) redisSecret(purpose string) [32]byte {
	return p.Keys.Secret("redis."+purpose, ids.Session{})
}

// Presence is the store of who has an open connection: in Redis, where several
// gateways share it, or in the memory of this process.
func (p *Process) Presence() (presence.Store, error) {
	client, _, err := p.Redis()
	if client == nil {
		return presence.NewMemory(0), err
	}
	return presence.NewRedis(client, 0), err
}

// Limits counts what is bounded by a rate: in Redis, where several gateways
// share it, and in the memory of this process always.
func (p *Process) Limits() (*ratelimit.Limiter, error) {
	client, circuit, err := p.Redis()
	if client == nil {
		return ratelimit.New(nil, nil), err
	}
	return ratelimit.New(ratelimit.NewRedis(client, p.redisSecret("limits")), circuit), err
}

// JoinCodes is the store of one-time codes: in Redis, where several gateways
// share it, or in the memory of this process. Somebody waits for the answer, so
// it may take as long as any call of Redis.
func (p *Process) JoinCodes() (joincode.Store, error) {
	client, _, err := p.Redis()
	if client == nil {
		return joincode.NewMemory(0), err
	}
	return joincode.NewRedis(client, redisconn.NewCircuit(redisconn.Patience, 0, p.Logger), p.redisSecret("codes"), 0)
}

// Snapshots is the store of views that gateways share; nil where there is no
// Redis: a single gateway's ring holds what its own clients come back with.
func (p *Process) Snapshots() (snapshot.Store, error) {
	client, circuit, err := p.Redis()
	if client == nil {
		return nil, err
	}
	return snapshot.NewRedis(client, circuit, p.redisSecret("views"), 0)
}

// secondWitness lets the witness beside the store learn what Redis knows of the
// log's heads, and tells Redis of new ones. It must come before the log is
// opened: what is learned then was in the log.
func (p *Process) secondWitness(ctx context.Context, beside *eventlog.Witness) error {
	client, _, err := p.Redis()
	if client == nil {
		return err
	}
	store := witness.NewRedis(client, p.redisSecret("witness"))
	within, cancel := context.WithTimeout(ctx, redisconn.Patience)
	defer cancel()
	heads, err := store.Heads(within)
	if err != nil {
		// Unknown, and never wrong: a start does not depend on Redis.
		p.Logger.Warn("the second witness is unknown at this start", "error", err)
	}
	beside.Learn(heads...)
	keeper := witness.Keep(store, 0, 0, p.Logger)
	p.closers = append(p.closers, keeper.Close)
	beside.Tell(keeper.Note)
	return nil
}
