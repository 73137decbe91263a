package permit_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/fairfloor/fairfloor/pkg/permit"
)

// TestFilesAreMadeOnce: a second start changes nothing, for the keys are in use,
// and what was left half made is named.
func TestFilesAreMadeOnce(t *testing.T) {
	folder := t.TempDir()
	cluster := permit.Cluster{Nodes: []string{"nats-1", "nats-2", "nats-3"}, Store: "/data", Files: "/etc/nats"}
	// Mounted volumes are empty folders.
	if err := os.Mkdir(filepath.Join(folder, "nats-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	read := func() map[string]string {
		all := map[string]string{}
		for _, part := range append([]string{"nats-1", "nats-2", "nats-3"}, names()...) {
			files, err := os.ReadDir(filepath.Join(folder, part))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				text, err := os.ReadFile(filepath.Join(folder, part, f.Name()))
				if err != nil {
					t.Fatal(err)
				}
				all[part+"/"+f.Name()] = string(text)
				info, err := f.Info()
				if err != nil {
					t.Fatal(err)
				}
				if secret := strings.HasSuffix(f.Name(), ".key") || f.Name() == permit.SeedFile || f.Name() == permit.ConfigFile; secret && info.Mode().Perm() != 0o600 {
					t.Errorf("%s/%s is readable by others: %s", part, f.Name(), info.Mode())
				}
			}
		}
		return all
	}
	if made, err := permit.Make(folder, cluster, time.Now()); err != nil || !made {
		t.Fatalf("made %t: %v", made, err)
	}
	first := read()
	if made, err := permit.Make(folder, cluster, time.Now()); err != nil || made {
		t.Fatalf("made again %t: %v", made, err)
	}
	second := read()
	if len(first) != 3*4+len(permit.Services)*2 || len(first) != len(second) {
		t.Errorf("%d and %d files", len(first), len(second))
	}
	for name, text := range first {
		if second[name] != text {
			t.Errorf("%s is another", name)
		}
		// The certificate has the node's name and not the address at which others see it.
		if node, file, _ := strings.Cut(name, "/"); file == permit.ConfigFile && !strings.Contains(text, `advertise: "`+node+`:6222"`) {
			t.Errorf("%s does not say under which name others reach it", name)
		}
		// A service holds its own secret and nobody else's.
		for _, s := range permit.Services {
			seed := first[string(s)+"/"+permit.SeedFile]
			if name != string(s)+"/"+permit.SeedFile && strings.Contains(text, seed) {
				t.Errorf("%s holds the seed of %s", name, s)
			}
		}
	}
	if err := os.Remove(filepath.Join(folder, "complete")); err != nil {
		t.Fatal(err)
	}
	if made, err := permit.Make(folder, cluster, time.Now()); err == nil || made || !strings.Contains(err.Error(), "half made") {
		t.Errorf("made %t: %v", made, err)
	}
	if _, err := permit.Make(t.TempDir(), permit.Cluster{}, time.Now()); err == nil {
		t.Error("a cluster without a node")
	}
}

// names lists the services as folders.
func names() []string {
	var all []string
	for _, s := range permit.Services {
		all = append(all, string(s))
	}
	return all
}

// TestThreeNodesFormACluster over routes that are encrypted and ask for a password.
func TestThreeNodesFormACluster(t *testing.T) {
	folder := t.TempDir()
	nodes := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"}
	if _, err := permit.Make(folder, permit.Cluster{Nodes: nodes, Store: filepath.Join(folder, "store"), Files: "unused"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	var servers []*server.Server
	for _, node := range nodes {
		path := filepath.Join(folder, node, permit.ConfigFile)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// As the node sees it: its own files, its own store.
		own := strings.NewReplacer("unused/", filepath.Join(folder, node)+"/", filepath.Join(folder, "store"), filepath.Join(folder, "store", node), "0.0.0.0", node).Replace(string(text))
		if err := os.WriteFile(path, []byte(own), 0o600); err != nil {
			t.Fatal(err)
		}
		options, err := server.ProcessConfigFile(path)
		if err != nil {
			t.Fatal(err)
		}
		options.HTTPPort, options.NoSigs, options.NoLog = 0, true, true
		s, err := server.NewServer(options)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		servers = append(servers, s)
	}
	// A leader needs the other two over their routes.
	for end := time.Now().Add(time.Minute); !slices.ContainsFunc(servers, (*server.Server).JetStreamIsLeader); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no leader in a minute")
		}
	}
	// Without an identity nobody gets in, and with one only over TLS of this authority.
	if conn, err := nats.Connect("tls://127.0.0.2:4222", nats.RootCAs(filepath.Join(folder, "queue", permit.CAFile))); err == nil {
		conn.Close()
		t.Error("a stranger is let in")
	}
	seed, err := nats.NkeyOptionFromSeed(filepath.Join(folder, "queue", permit.SeedFile))
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := nats.Connect("tls://127.0.0.2:4222", seed); err == nil {
		conn.Close()
		t.Error("a certificate of an unknown authority is believed")
	}
	conn, err := nats.Connect("tls://127.0.0.3:4222", seed, nats.RootCAs(filepath.Join(folder, "queue", permit.CAFile)))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
