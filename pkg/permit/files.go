package permit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/nats-io/nkeys"
)

// Cluster is what Make makes files for.
type Cluster struct {
	// Nodes are the host names of the servers, at least one. Each listens on the
	// ports 4222 (clients), 6222 (routes) and 8222 (health, loopback of its host only).
	Nodes []string
	// Store is the folder of the servers' data, as they see it.
	Store string
	// Files is the folder of a server's own files, as it sees it.
	Files string
}

// The names of the files.
const (
	ConfigFile = "nats.conf"
	SeedFile   = "nats.nk"
	CAFile     = "ca.crt"
	certFile   = "tls.crt"
	keyFile    = "tls.key"
)

// certLife is long, since the certificates serve one private network: whoever
// wants others puts their own files in the place of these.
const certLife = 10 * 365 * 24 * time.Hour

// Make writes a folder for each server (configuration, certificate, key) and one
// for each service (nkey seed, the authority's certificate) into dir. It does
// nothing, and says false, when dir was made before, for keys that are in use are
// never replaced; a half-made one is an error that names the folder to remove.
func Make(dir string, c Cluster, now time.Time) (made bool, err error) {
	if len(c.Nodes) == 0 {
		return false, errors.New("a cluster has at least one node")
	}
	done := filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return false, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, e := range entries {
		// A mounted volume is an empty folder.
		if inside, err := os.ReadDir(filepath.Join(dir, e.Name())); err != nil || len(inside) > 0 {
			return false, fmt.Errorf("%s was left half made: empty it and start again", filepath.Join(dir, e.Name()))
		}
	}
	users, err := seeds(dir)
	if err != nil {
		return false, err
	}
	if err := c.servers(dir, users, now); err != nil {
		return false, err
	}
	return true, write(done, []byte(now.UTC().Format(time.RFC3339)+"\n"), 0o644)
}

// seeds makes an nkey for each service and gives the public keys with their rights.
func seeds(dir string) ([]user, error) {
	var users []user
	for _, s := range Services {
		pair, err := nkeys.CreateUser()
		if err != nil {
			return nil, err
		}
		seed, err := pair.Seed()
		if err != nil {
			return nil, err
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, err
		}
		if err := write(filepath.Join(dir, string(s), SeedFile), seed, 0o600); err != nil {
			return nil, err
		}
		pair.Wipe()
		users = append(users, user{s, public, Of(s)})
	}
	return users, nil
}

// user is one line of the servers' configuration.
type user struct {
	Service Service
	Public  string
	Rights
}

// servers writes the authority's certificate everywhere, and each server's own
// certificate and configuration. The authority's key is not kept.
func (c Cluster) servers(dir string, users []user, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Fairfloor cluster"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, MaxPathLenZero: true,
	}
	authority, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		return err
	}
	authorityPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority})
	for _, s := range Services {
		if err := write(filepath.Join(dir, string(s), CAFile), authorityPEM, 0o644); err != nil {
			return err
		}
	}
	route := rand.Text()
	for i, node := range c.Nodes {
		cert, private, err := c.certificate(node, int64(i+2), ca, key, now)
		if err != nil {
			return err
		}
		var config bytes.Buffer
		if err := configuration.Execute(&config, map[string]any{"Node": node, "Cluster": c, "Users": users, "Route": route}); err != nil {
			return err
		}
		for name, content := range map[string][]byte{CAFile: authorityPEM, certFile: cert, keyFile: private, ConfigFile: config.Bytes()} {
			if err := write(filepath.Join(dir, node, name), content, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// certificate gives a server's, for clients and for the routes between servers.
func (c Cluster) certificate(node string, serial int64, ca *x509.Certificate, authority *ecdsa.PrivateKey, now time.Time) (cert, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: node}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: []string{node, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(node); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), authority)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}

// write writes a file and the folders that it lies in.
func write(path string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, mode)
}

// list writes subjects as NATS's configuration has them.
func list(subjects []string) string {
	quoted := slices.Clone(subjects)
	for i, s := range quoted {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// configuration is a server's. Answers are allowed once, to whoever asked.
var configuration = template.Must(template.New(ConfigFile).Funcs(template.FuncMap{
	"list": list, "quote": strconv.Quote, "join": filepath.Join,
}).Parse(`# Made by "fairfloor cluster" for {{.Node}}; the table is pkg/permit's.
server_name: {{quote .Node}}
host: "0.0.0.0"
port: 4222
http: "127.0.0.1:8222"
max_payload: 1MB

tls {
  cert_file: {{quote (join .Cluster.Files "tls.crt")}}
  key_file: {{quote (join .Cluster.Files "tls.key")}}
  ca_file: {{quote (join .Cluster.Files "ca.crt")}}
}

# An acknowledged commit is on the disk (event-log.md 1).
jetstream { store_dir: {{quote .Cluster.Store}}, sync_interval: always }
{{if gt (len .Cluster.Nodes) 1}}
cluster {
  name: fairfloor
  host: "0.0.0.0"
  port: 6222
  no_advertise: true
  # Others are told of this name and not of an address, which the certificate does not have.
  advertise: {{quote (printf "%s:6222" .Node)}}
  authorization { user: route, password: {{quote .Route}}, timeout: 5 }
  tls {
    cert_file: {{quote (join .Cluster.Files "tls.crt")}}
    key_file: {{quote (join .Cluster.Files "tls.key")}}
    ca_file: {{quote (join .Cluster.Files "ca.crt")}}
    verify: true
  }
  routes: [{{range .Cluster.Nodes}}{{if ne . $.Node}}
    "nats-route://route:{{$.Route}}@{{.}}:6222"{{end}}{{end}}
  ]
}
{{end}}
authorization {
  timeout: 5
  users: [{{range .Users}}
    # {{.Service}}
    { nkey: {{.Public}}, permissions: {
        publish: { allow: {{list .Publish}} }
        subscribe: { allow: {{list .Subscribe}} }
        allow_responses: { max: 1, expires: "2m" }
    } }{{end}}
  ]
}
`))
