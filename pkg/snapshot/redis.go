package snapshot

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// Redis is the Store of several gateways.
type Redis struct {
	client   *redis.Client
	circuit  *redisconn.Circuit
	secret   [32]byte
	seal     cipher.AEAD
	lifetime time.Duration
}

var _ Store = (*Redis)(nil)

// NewRedis makes the store on a client and the circuit before it, which stay
// the caller's. The secret is one for each deployment; a lifetime of zero is
// Lifetime.
func NewRedis(client *redis.Client, circuit *redisconn.Circuit, secret [32]byte, lifetime time.Duration) (*Redis, error) {
	if lifetime == 0 {
		lifetime = Lifetime
	}
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, err
	}
	// Random nonces: 2^32 views under one key are safe, some hundred years of one
	// session's (NIST SP 800-38D, 8.3).
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Redis{client, circuit, secret, seal, lifetime}, nil
}

// key is where a view stands. It is also what the seal is bound to: a view in
// another's place does not open.
func (r *Redis) key(s ids.Session, at api.Cursor) string {
	mac := hmac.New(sha256.New, r.secret[:])
	_, _ = mac.Write([]byte(s.String() + "\n" + string(at)))
	return redisconn.Prefix + "view:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// Put keeps a view.
func (r *Redis) Put(ctx context.Context, s ids.Session, at api.Cursor, view []byte) error {
	key := r.key(s, at)
	sealed := r.seal.Seal(nil, nil, view, []byte(key))
	err := r.circuit.Do(ctx, func(ctx context.Context) error { return r.client.Set(ctx, key, sealed, r.lifetime).Err() })
	if err != nil {
		return fmt.Errorf("a view is not kept for other gateways: %w", err)
	}
	return nil
}

// Get gives the view of a cursor; what does not open is not known.
func (r *Redis) Get(ctx context.Context, s ids.Session, at api.Cursor) (view []byte, err error) {
	key := r.key(s, at)
	var sealed []byte
	err = r.circuit.Do(ctx, func(ctx context.Context) (err error) {
		sealed, err = r.client.Get(ctx, key).Bytes()
		return err
	})
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("what other gateways showed is not known at present: %w", err)
	}
	if view, err = r.seal.Open(nil, nil, sealed, []byte(key)); err != nil {
		return nil, nil //nolint:nilerr // somebody else wrote it: it is as if nothing were there
	}
	return view, nil
}
