package joincode

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

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

// sealed is what lies under a code's key.
type sealed struct {
	Guest
	// Until is when the code is over, wall ms: a value that somebody puts back is
	// no younger for it.
	Until int64
}

// NewRedis makes the store on a client and the circuit before it, which stay
// the caller's. The secret is one for each deployment: without it no code can
// be guessed from its key. A lifetime of zero is Lifetime.
func NewRedis(client *redis.Client, circuit *redisconn.Circuit, secret [32]byte, lifetime time.Duration) (*Redis, error) {
	if lifetime == 0 {
		lifetime = Lifetime
	}
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Redis{client, circuit, secret, seal, lifetime}, nil
}

// key is where a code's guest stands, and what the seal is bound to: another
// code's guest in its place does not open.
func (r *Redis) key(code string) string {
	mac := hmac.New(sha256.New, r.secret[:])
	_, _ = mac.Write([]byte(code))
	return redisconn.Prefix + "join:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// Put keeps a code (SET NX PX).
func (r *Redis) Put(ctx context.Context, code string, of Guest) (made bool, err error) {
	text, err := json.Marshal(sealed{of, time.Now().Add(r.lifetime).UnixMilli()})
	if err != nil {
		return false, err
	}
	key := r.key(code)
	value := r.seal.Seal(nil, nil, text, []byte(key))
	err = r.circuit.Do(ctx, func(ctx context.Context) error {
		err := r.client.SetArgs(ctx, key, value, redis.SetArgs{Mode: "NX", TTL: r.lifetime}).Err()
		made = err == nil
		return err
	})
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return made, away(err)
}

// Take gives whom a code lets in, and forgets it (GETDEL). What does not open
// was not put there by us.
func (r *Redis) Take(ctx context.Context, code string) (Guest, error) {
	key := r.key(code)
	var value []byte
	err := r.circuit.Do(ctx, func(ctx context.Context) (err error) {
		value, err = r.client.GetDel(ctx, key).Bytes()
		return err
	})
	switch {
	case errors.Is(err, redis.Nil):
		return Guest{}, ErrUnknown
	case err != nil:
		return Guest{}, away(err)
	}
	text, err := r.seal.Open(nil, nil, value, []byte(key))
	var s sealed
	if err != nil || json.Unmarshal(text, &s) != nil || time.Now().UnixMilli() >= s.Until {
		return Guest{}, ErrUnknown
	}
	return s.Guest, nil
}

func away(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("one-time codes are not known at present: %w", err)
}
