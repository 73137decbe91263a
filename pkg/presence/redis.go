package presence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// Redis is the Store of several gateways. A lease ends
// by the server's own clock, so that gateways whose clocks differ agree. While Redis is away
// every call is an error within redisconn.Patience; what was held comes back
// with the next renewal.
type Redis struct {
	client *redis.Client
	lease  time.Duration
}

var _ Store = (*Redis)(nil)

// NewRedis makes the store on a client, which stays the caller's; a lease of
// zero is Lease.
func NewRedis(client *redis.Client, lease time.Duration) *Redis {
	if lease == 0 {
		lease = Lease
	}
	return &Redis{client: client, lease: lease}
}

// atOnce is how many connections one script renews: Redis does nothing else in
// the meantime, some 2 ms.
const atOnce = 500

// The scripts run inside the server, one at a time: a lease is never read
// between the forgetting of the old and the noting of the new. KEYS are the
// leases of delegates, whom those stand for, and the leases of everybody else,
// of whom 10,000 are counted and not listed.
var (
	hold = redis.NewScript(`
local t = redis.call('TIME')
local till = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('ZADD', KEYS[3], till, ARGV[i])
  else
    redis.call('ZADD', KEYS[1], till, ARGV[i])
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1] * 2) end
return 1`)
	who = redis.NewScript(`
local t = redis.call('TIME')
local past = '(' .. (t[1] * 1000 + math.floor(t[2] / 1000))
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', past)) do redis.call('HDEL', KEYS[2], gone) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', past)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', past)
return {redis.call('ZCARD', KEYS[3]), redis.call('HVALS', KEYS[2])}`)
	leave = redis.NewScript(`
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[3], ARGV[1])`)
)

// keys of a session; the braces keep them on one node of a cluster.
func keys(s ids.Session) []string {
	base := redisconn.Prefix + "presence:{" + s.String() + "}:"
	return []string{base + "delegates", base + "whom", base + "others"}
}

// whom writes whom a connection stands for; empty for everybody else.
func (m Member) whom() string {
	switch {
	case !m.Entry.IsZero():
		return "entry " + m.Entry.String()
	case !m.Applicant.IsZero():
		return "applicant " + m.Applicant.String()
	default:
		return ""
	}
}

// count adds one whom to who is there; what is not of this form was not written here.
func (w *Who) count(whom string) {
	if text, ok := strings.CutPrefix(whom, "entry "); ok {
		if e, err := ids.Parse[ids.Entry](text); err == nil && !e.IsZero() {
			w.Add(Member{Entry: e})
		}
	} else if text, ok := strings.CutPrefix(whom, "applicant "); ok {
		if a, err := ids.Parse[ids.Applicant](text); err == nil && !a.IsZero() {
			w.Add(Member{Applicant: a})
		}
	}
}

// Hold notes that connections are open.
func (r *Redis) Hold(ctx context.Context, s ids.Session, members ...Member) error {
	for few := range slices.Chunk(members, atOnce) {
		arguments := make([]any, 0, 2*len(few)+1)
		arguments = append(arguments, r.lease.Milliseconds())
		for _, m := range few {
			arguments = append(arguments, m.Connection, m.whom())
		}
		if err := hold.Run(ctx, r.client, keys(s), arguments...).Err(); err != nil {
			return away(err)
		}
	}
	return nil
}

// Leave notes that a connection was closed.
func (r *Redis) Leave(ctx context.Context, s ids.Session, connection string) error {
	return away(leave.Run(ctx, r.client, keys(s), connection).Err())
}

// Who gives who is there, and forgets those whose lease has ended.
func (r *Redis) Who(ctx context.Context, s ids.Session) (Who, error) {
	answer, err := who.Run(ctx, r.client, keys(s)).Slice()
	if err != nil {
		return Who{}, away(err)
	}
	var w Who
	if len(answer) == 2 {
		others, _ := answer[0].(int64)
		w.Others = int(others)
		delegates, _ := answer[1].([]any)
		for _, whom := range delegates {
			text, _ := whom.(string)
			w.count(text)
		}
	}
	return w, nil
}

func away(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("presence is not known at present: %w", err)
}
