// Package redistest starts a real redis-server for a test.
//
// It guarantees a server of the test's own on a free port of this machine,
// which ends with the test whatever was done to it: stopped, frozen or killed.
// Its clients may do there what a deployment's services may and no more; what
// else a test does to it, it does as the server's Admin.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairfloor/fairfloor/pkg/redisconn"
)

// admin is the user of the tests themselves: any password will do.
const admin = "admin"

// Server is a redis-server of one test.
type Server struct {
	t       *testing.T
	address string
	folder  string
	process *exec.Cmd
	output  bytes.Buffer
}

// Start starts a server that keeps nothing on disk. A missing redis-server
// fails the test: scripts/test installs it.
func Start(t *testing.T) *Server {
	t.Helper()
	folder := t.TempDir()
	if _, err := redisconn.MakeAccess(folder); err != nil {
		t.Fatal(err)
	}
	users, err := os.OpenFile(filepath.Join(folder, redisconn.UsersFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.WriteString("user " + admin + " on nopass ~* &* +@all\n"); err != nil {
		t.Fatal(err)
	}
	if err := users.Close(); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, address: free.Addr().String(), folder: folder}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// Restart starts the server again, empty, at the same address.
func (s *Server) Restart() {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.folder,
		"--aclfile", filepath.Join(s.folder, redisconn.UsersFile))
	s.process.Stdout, s.process.Stderr = &s.output, &s.output
	if err := s.process.Start(); err != nil {
		s.t.Fatalf("redis-server: %v", err)
	}
	c := s.Client()
	defer func() { _ = c.Close() }()
	for begin := time.Now(); c.Ping(context.Background()).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			s.t.Fatalf("redis-server does not answer:\n%s", s.output.String())
		}
	}
}

// Settings are those with which a process finds the server.
func (s *Server) Settings() redisconn.Settings {
	return redisconn.Settings{URL: s.URL(redisconn.User), PasswordFile: filepath.Join(s.folder, redisconn.PasswordFile)}
}

// URL is the server's address for one of its users; nobody shows nothing.
func (s *Server) URL(user string) string {
	if user != "" {
		user += "@"
	}
	return fmt.Sprintf("redis://%s%s/0", user, s.address)
}

// Client is a new connection of a service, which the caller closes.
func (s *Server) Client() *redis.Client {
	s.t.Helper()
	return s.open(s.Settings())
}

// Admin is a new connection that may do everything, which the caller closes.
func (s *Server) Admin() *redis.Client {
	s.t.Helper()
	return s.open(redisconn.Settings{URL: s.URL(admin), PasswordFile: filepath.Join(s.folder, redisconn.PasswordFile)})
}

func (s *Server) open(settings redisconn.Settings) *redis.Client {
	s.t.Helper()
	c, err := redisconn.Open(settings)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// Freeze stops the server in its tracks: its port still takes connections and
// nothing answers.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(what syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(what); err != nil {
		s.t.Fatal(err)
	}
}

// Empty forgets everything, as FLUSHALL does.
func (s *Server) Empty() {
	s.t.Helper()
	c := s.Admin()
	defer func() { _ = c.Close() }()
	if err := c.FlushAll(context.Background()).Err(); err != nil {
		s.t.Fatal(err)
	}
}
