package redisconn_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestASettingThatCannotBeUsedIsNamedAndNoPasswordIsRepeated: the error says
// which setting, and nothing of a secret.
func TestASettingThatCannotBeUsedIsNamedAndNoPasswordIsRepeated(t *testing.T) {
	folder := t.TempDir()
	junk := filepath.Join(folder, "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		settings redisconn.Settings
		want     string
	}{
		"not an address":         {redisconn.Settings{URL: "127.0.0.1:6379"}, "redis:"},
		"another scheme":         {redisconn.Settings{URL: "http://user:geheim@127.0.0.1/0"}, "redis:"},
		"a number that is none":  {redisconn.Settings{URL: "redis://:geheim@127.0.0.1/x"}, "redis:"},
		"no password file":       {redisconn.Settings{URL: "redis://127.0.0.1", PasswordFile: filepath.Join(folder, "none")}, "redis-password-file:"},
		"roots without TLS":      {redisconn.Settings{URL: "redis://127.0.0.1", Roots: junk}, "redis-roots:"},
		"roots that are missing": {redisconn.Settings{URL: "rediss://127.0.0.1", Roots: filepath.Join(folder, "none")}, "redis-roots:"},
		"roots without one":      {redisconn.Settings{URL: "rediss://127.0.0.1", Roots: junk}, "redis-roots:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := redisconn.Open(c.settings)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%v, want an error that begins with %q and holds no secret", err, c.want)
			}
		})
	}
}

// TestAServerThatTakesConnectionsAndSaysNothingCostsItsPatience: neither the
// start nor a call waits longer, and nothing is left behind.
func TestAServerThatTakesConnectionsAndSaysNothingCostsItsPatience(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	client, err := redisconn.Open(redisconn.Settings{URL: "redis://" + silent.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	begin := time.Now()
	if err := client.Ping(context.Background()).Err(); err == nil {
		t.Fatal("nobody answered, and there is an answer")
	}
	// Twice for a machine that is busy.
	if took := time.Since(begin); took > 4*redisconn.Patience {
		t.Errorf("the call took %s", took)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	begin = time.Now()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Fatal("nobody answered, and there is an answer")
	}
	if took := time.Since(begin); took > redisconn.Patience {
		t.Errorf("a caller's own deadline of 20 ms became %s", took)
	}
}
