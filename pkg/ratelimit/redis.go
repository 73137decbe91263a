package ratelimit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// Redis is the Store of several gateways. Time is the server's own, so that
// gateways whose clocks differ agree. A key lives until its allowance is full.
type Redis struct {
	client *redis.Client
	secret [32]byte
}

var _ Store = (*Redis)(nil)

// NewRedis makes the store on a client, which stays the caller's. The secret,
// one for each deployment, hides what is counted and keeps deployments with one
// Redis apart.
func NewRedis(client *redis.Client, secret [32]byte) *Redis {
	return &Redis{client: client, secret: secret}
}

// take works in microseconds, which a Lua number holds exactly. What stands
// there beyond a full allowance, written by somebody else or before the clock
// was put back, counts as an empty one and no more.
var take = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
if not (full > now) then full = now end
if full > now + every * burst then full = now + every * burst end
local wait = full + every - (now + every * burst)
if wait > 0 then return wait end
if ARGV[3] == 'take' then
  redis.call('SET', KEYS[1], string.format('%.0f', full + every), 'PX', math.ceil((full + every - now) / 1000))
end
return 0`)

// Take takes one of the key's allowance, or says how long to wait.
func (r *Redis) Take(ctx context.Context, rate Rate, key string) (time.Duration, error) {
	return r.run(ctx, rate, key, "take")
}

// Look says what Take would.
func (r *Redis) Look(ctx context.Context, rate Rate, key string) (time.Duration, error) {
	return r.run(ctx, rate, key, "look")
}

func (r *Redis) run(ctx context.Context, rate Rate, key, how string) (time.Duration, error) {
	micros, err := take.Run(ctx, r.client, []string{r.name(rate, key)}, rate.Every.Microseconds(), rate.Burst, how).Int64()
	if err != nil {
		return 0, fmt.Errorf("what all gateways counted is not known at present: %w", err)
	}
	return time.Duration(micros) * time.Microsecond, nil
}

// name is where a key's number stands.
func (r *Redis) name(rate Rate, key string) string {
	mac := hmac.New(sha256.New, r.secret[:])
	_, _ = mac.Write([]byte(key))
	return redisconn.Prefix + "rate:" + rate.Name + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}
