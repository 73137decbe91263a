package witness

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// Redis is the Store of all processes of a deployment.
type Redis struct {
	client *redis.Client
	secret [32]byte
	key    string
}

var _ Store = (*Redis)(nil)

// forgetAfter is how long a deployment that writes nothing is remembered.
const forgetAfter = 365 * 24 * time.Hour

// NewRedis makes the store on a client, which stays the caller's. The secret,
// one for each deployment, says whose heads these are and proves them.
func NewRedis(client *redis.Client, secret [32]byte) *Redis {
	r := &Redis{client: client, secret: secret}
	r.key = redisconn.Prefix + "witness:" + r.code("deployment")
	return r
}

// code proves that a text was written with the secret.
func (r *Redis) code(text string) string {
	mac := hmac.New(sha256.New, r.secret[:])
	_, _ = mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// note keeps the higher version of each subject: a value is "version code json".
// A value that is no such text is replaced.
var note = redis.NewScript(`
for i = 2, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[i])
  local version = known and tonumber(string.match(known, '^(%d+) ')) or 0
  if tonumber(string.match(ARGV[i + 1], '^(%d+) ')) > version then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`)

// Note takes heads down.
func (r *Redis) Note(ctx context.Context, heads ...eventlog.Head) error {
	if len(heads) == 0 {
		return nil
	}
	arguments := make([]any, 0, 2*len(heads)+1)
	arguments = append(arguments, forgetAfter.Milliseconds())
	for _, h := range heads {
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		arguments = append(arguments, h.Subject, fmt.Sprintf("%d %s %s", h.Version, r.code(string(text)), text))
	}
	return away(note.Run(ctx, r.client, []string{r.key}, arguments...).Err())
}

// Heads gives what is known. What does not prove itself is left out, and
// deleted, so that it does not stand in the way of what will be noted.
func (r *Redis) Heads(ctx context.Context) ([]eventlog.Head, error) {
	all, err := r.client.HGetAll(ctx, r.key).Result()
	if err != nil {
		return nil, away(err)
	}
	heads, junk := map[string]eventlog.Head{}, []string{}
	for subject, value := range all {
		if h, ok := r.read(subject, value); ok {
			heads[subject] = h
		} else {
			junk = append(junk, subject)
		}
	}
	if len(junk) > 0 {
		if err := r.client.HDel(ctx, r.key, junk...).Err(); err != nil {
			return nil, away(err)
		}
	}
	return ordered(heads), nil
}

func (r *Redis) read(subject, value string) (h eventlog.Head, ok bool) {
	version, rest, _ := strings.Cut(value, " ")
	code, text, _ := strings.Cut(rest, " ")
	if !hmac.Equal([]byte(code), []byte(r.code(text))) || json.Unmarshal([]byte(text), &h) != nil {
		return h, false
	}
	return h, h.Subject == subject && strconv.FormatUint(h.Version, 10) == version
}

func away(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the second witness does not answer: %w", err)
}
