package redisconn_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/redisconn"
	"github.com/fairfloor/fairfloor/pkg/redisconn/redistest"
)

// TestThePasswordOfRedisIsMadeOnceAndForItsOwnerAlone: two deployments have two, a second start changes nothing, a start
// that was cut short is made good, and the list of users does not hold it.
func TestThePasswordOfRedisIsMadeOnceAndForItsOwnerAlone(t *testing.T) {
	read := func(folder, name string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v %v", name, info.Mode(), err)
		}
		return string(text)
	}
	makes := func(folder string, want bool) {
		t.Helper()
		if made, err := redisconn.MakeAccess(folder); err != nil || made != want {
			t.Fatalf("made %v, %v; want %v", made, err, want)
		}
	}
	one, two := filepath.Join(t.TempDir(), "new", "folder"), t.TempDir()
	makes(one, true)
	makes(two, true)
	password, users := read(one, redisconn.PasswordFile), read(one, redisconn.UsersFile)
	if len(strings.TrimSpace(password)) < 43 || password == read(two, redisconn.PasswordFile) {
		t.Error("the password is short, or not a new one for each deployment")
	}
	if strings.Contains(users, strings.TrimSpace(password)) {
		t.Error("the list of users holds the password")
	}
	makes(one, false)
	if read(one, redisconn.PasswordFile) != password || read(one, redisconn.UsersFile) != users {
		t.Error("a second start changed what is in use")
	}
	// A start that ended between the two files.
	if err := os.Remove(filepath.Join(one, redisconn.UsersFile)); err != nil {
		t.Fatal(err)
	}
	makes(one, true)
	if read(one, redisconn.PasswordFile) == password || read(one, redisconn.UsersFile) == users {
		t.Error("the list is not the one of the password beside it")
	}
}

// patiently does what is the same however often it is done, again while a busy
// machine takes longer than redisconn.Patience.
func patiently(do func() error) error {
	for end := time.Now().Add(20 * time.Second); ; {
		var slow net.Error
		if err := do(); !errors.As(err, &slow) || !slow.Timeout() || time.Now().After(end) {
			return err
		}
	}
}

// TestWhoeverHasThePasswordMayDoWhatTheStoresDoAndNoMore: everything that empties, reconfigures, listens or leaves is
// denied, and so is another's key. That the stores are denied nothing, their own tests show, on servers with this list.
func TestWhoeverHasThePasswordMayDoWhatTheStoresDoAndNoMore(t *testing.T) {
	ctx, server := context.Background(), redistest.Start(t)
	service := server.Client()
	defer func() { _ = service.Close() }()
	nobody, err := redis.ParseURL(server.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	// As redis-cli does: without a name for the connection, which a stranger may not give.
	nobody.DisableIdentity = true
	stranger := redis.NewClient(nobody)
	defer func() { _ = stranger.Close() }()
	key := redisconn.Prefix + "one"
	for _, c := range []struct {
		client  *redis.Client
		command string
		allowed bool
	}{
		{service, "set " + key + " 1", true},
		{service, "get " + key, true},
		{service, "scan 0 match fairfloor:*", true},
		{service, "del " + key, true},
		{service, "set another's 1", false},
		{service, "get another's", false},
		{service, "flushall", false},
		{service, "flushdb", false},
		{service, "config get requirepass", false},
		{service, "acl list", false},
		{service, "acl setuser another on nopass +@all", false},
		{service, "bgsave", false},
		{service, "monitor", false},
		{service, "subscribe anything", false},
		{service, "publish anything 1", false},
		{service, "replicaof 127.0.0.1 1", false},
		{service, "migrate 127.0.0.1 1 " + key + " 0 1", false},
		{service, "shutdown nosave", false},
		{service, "script flush", false},
		{service, "function list", false},
		{service, "client kill id 1", false},
		{stranger, "ping", true},
		{stranger, "get " + key, false},
		{stranger, "eval return(1) 0", false},
		{stranger, "info", false},
	} {
		who := "a service"
		if c.client == stranger {
			who = "a stranger"
		}
		var words []any
		for word := range strings.FieldsSeq(c.command) {
			words = append(words, word)
		}
		err := patiently(func() error { return c.client.Do(ctx, words...).Err() })
		denied := err != nil && strings.HasPrefix(err.Error(), "NOPERM")
		if denied == c.allowed || (err != nil && !denied) {
			t.Errorf("%s, %q: allowed %v, and the answer is %v", who, c.command, c.allowed, err)
		}
	}
}

// TestThePasswordComesFromAFile: the one that a service is told counts, and the end of its line does not.
func TestThePasswordComesFromAFile(t *testing.T) {
	server := redistest.Start(t)
	settings := server.Settings()
	right, err := os.ReadFile(settings.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	settings.PasswordFile = filepath.Join(t.TempDir(), "password")
	for text, in := range map[string]bool{string(right) + "\n": true, "another": false, "": false} {
		if err := os.WriteFile(settings.PasswordFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		client, err := redisconn.Open(settings)
		if err != nil {
			t.Fatal(err)
		}
		err = patiently(func() error { return client.Get(context.Background(), redisconn.Prefix+"one").Err() })
		if errors.Is(err, redis.Nil) != in {
			t.Errorf("with a password of %d letters: %v", len(text), err)
		}
		_ = client.Close()
	}
}
