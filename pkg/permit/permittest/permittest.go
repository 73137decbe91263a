// Package permittest runs a NATS server on the files that package permit makes,
// for tests of what each service may do.
package permittest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/fairfloor/fairfloor/pkg/permit"
)

// Node is the one server's name, and that of the folder with its files.
const Node = "n1"

// Start runs a server, on a free port of this machine, until the test is over. It
// gives the folder in which each service's files lie, and the server's address.
func Start(t testing.TB) (folder, url string) {
	t.Helper()
	folder = t.TempDir()
	made, err := permit.Make(folder, permit.Cluster{Nodes: []string{Node}, Store: filepath.Join(folder, "store"), Files: filepath.Join(folder, Node)}, time.Now())
	if err != nil || !made {
		t.Fatalf("made %t: %v", made, err)
	}
	options, err := server.ProcessConfigFile(filepath.Join(folder, Node, permit.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if !options.SyncAlways || options.TLSConfig == nil {
		t.Errorf("sync always %t, TLS %v", options.SyncAlways, options.TLSConfig)
	}
	options.Host, options.Port, options.HTTPPort, options.NoSigs, options.NoLog = "127.0.0.1", server.RANDOM_PORT, 0, true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not come up")
	}
	return folder, strings.Replace(s.ClientURL(), "nats://", "tls://", 1)
}
