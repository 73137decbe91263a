package redisconn

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// User is whom the services are to a Redis that was given MakeAccess's list.
const User = "fairfloor"

// The files of MakeAccess.
const (
	PasswordFile = "password"  // for redis-password-file of every service
	UsersFile    = "users.acl" // for aclfile of redis-server
)

// commands are all that the stores on Redis ask for, their scripts included, a connection's name, and what an operator
// looks with: nothing that empties, reconfigures or leaves the server. Each is one that Redis 7.0 knows, for a list with
// an unknown one is refused at its start.
var commands = []string{
	"get", "set", "getdel", "hget", "hset", "hdel", "hgetall", "hvals",
	"zadd", "zrem", "zcard", "zrangebyscore", "zremrangebyscore", "pexpire", "time",
	"eval", "evalsha", "script|load", "ping", "client|setname",
	"scan", "hkeys", "del",
}

// passwordBytes are random; nobody has to type them.
const passwordBytes = 32

// MakeAccess makes a password and the list of users that a redis-server reads, which holds its hash alone: whoever shows
// it may use the keys under Prefix by the commands of the stores, and whoever shows nothing may ask whether the server
// lives. It does nothing, and says false, when both were made before; a half-made folder is made anew, since Redis holds
// only what may vanish. Both files are for their owner alone.
func MakeAccess(folder string) (made bool, err error) {
	password, users := filepath.Join(folder, PasswordFile), filepath.Join(folder, UsersFile)
	if _, err := os.Stat(users); err == nil {
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	random := make([]byte, passwordBytes)
	_, _ = rand.Read(random) // ends the program rather than fail
	text := base64.RawURLEncoding.EncodeToString(random)
	hash := sha256.Sum256([]byte(text))
	list := "user default on nopass resetkeys resetchannels -@all +ping\n" +
		fmt.Sprintf("user %s on #%s ~%s* resetchannels -@all +%s\n", User, hex.EncodeToString(hash[:]), Prefix, strings.Join(commands, " +"))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return false, err
	}
	// A password that a start cut short left behind may not be written to.
	if err := os.Remove(password); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.WriteFile(password, []byte(text+"\n"), 0o400); err != nil {
		return false, err
	}
	// The list comes last and whole, since it says that both are there.
	part := users + ".part"
	if err := os.WriteFile(part, []byte(list), 0o600); err != nil {
		return false, err
	}
	return true, os.Rename(part, users)
}
