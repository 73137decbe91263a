package faults_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// certificate makes a certificate for 127.0.0.1 that signs itself, and gives its
// files and the trust in it.
func certificate(t *testing.T) (cert, key string, trust *tls.Config) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for path, raw := range map[string][]byte{cert: public, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(public)
	return cert, key, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// overTLS uses pages, API and websocket of a server that serves https.
func overTLS(t *testing.T, s *server, base string, trust *tls.Config) {
	t.Helper()
	if text := s.text(); strings.Contains(text, "Without TLS") {
		t.Errorf("it says that there is no TLS:\n%s", text)
	}
	status, page := get(t, browser(trust), base+"/")
	if status != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("the page has status %d:\n%.300s", status, page)
	}
	m := meetOver(t, trust, base, s.organiser, 2)
	chair := m.chair()
	m.enlist(chair, 0)
	speaker := m.delegate(1)
	m.enlist(speaker, 1)
	ask(t, chair, "start_session", nil, command.None{})
	turn := m.give(chair)
	if got := look(t, chair).Floor.Turn; got != turn {
		t.Errorf("the floor is with %s", got)
	}
	// Links lead where the server is.
	if link := m.link(command.Invite{Roles: []events.Role{events.Observer}}); !strings.HasPrefix(link.URL, "https://") {
		t.Errorf("a link leads to %.30s", link.URL)
	}
}

// TestTLSWithACertificateOfOnesOwn is `serve` with --tls-cert and --tls-key:
// pages, API and websocket over https and wss.
func TestTLSWithACertificateOfOnesOwn(t *testing.T) {
	cert, key, trust := certificate(t)
	s := serve(t, t.TempDir(), "--tls-cert", cert, "--tls-key", key)
	overTLS(t, s, "https://"+s.address, trust)

	// Who does not trust the certificate gets nothing, nor who asks without TLS.
	stranger := browser(&tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12})
	if response, err := stranger.Get("https://" + s.address + "/healthz"); err == nil {
		_ = response.Body.Close()
		t.Error("a certificate that nobody trusts was taken")
	}
	if status, body := get(t, browser(nil), "http://"+s.address+"/healthz"); status == http.StatusOK {
		t.Errorf("http got an answer on the https address: %s", body)
	}
	old := browser(&tls.Config{RootCAs: trust.RootCAs, MaxVersion: tls.VersionTLS11}) //nolint:gosec // it must be refused
	if response, err := old.Get("https://" + s.address + "/healthz"); err == nil {
		_ = response.Body.Close()
		t.Error("TLS 1.1 was taken")
	}
	healthy := run(t, "health", fairfloor(t), "health", "--tls", "--address", s.address)
	if code := healthy.wait(); code != 0 || strings.TrimSpace(healthy.text()) != "ready" {
		t.Errorf("health says %q and ends with %d", healthy.text(), code)
	}
}

// TestTLSFilesThatDoNotFitAreNamed: at the start, and nothing is served.
func TestTLSFilesThatDoNotFitAreNamed(t *testing.T) {
	cert, key, _ := certificate(t)
	_, other, _ := certificate(t)
	for name, flags := range map[string][]string{
		"a key of another certificate": {"--tls-cert", cert, "--tls-key", other},
		"no such file":                 {"--tls-cert", cert + ".none", "--tls-key", key},
	} {
		p := run(t, name, fairfloor(t), append([]string{"serve", "--data", t.TempDir(), "--address", freeAddress(t)}, flags...)...)
		if code := p.wait(); code == 0 || !strings.Contains(p.text(), "tls-cert and tls-key") || strings.Contains(p.text(), "Fairfloor serves at") {
			t.Errorf("%s: it ended with %d:\n%s", name, code, p.text())
		}
	}
}

// TestACMEGetsACertificateFromAnACMEServer is `serve` with --acme against
// pebble, Let's Encrypt's own test server: the challenge (TLS-ALPN-01, RFC 8737)
// comes to the same port that serves pages, API and websocket.
func TestACMEGetsACertificateFromAnACMEServer(t *testing.T) {
	const domain = "floor.fairfloor.test"
	names := freeAddress(t)
	run(t, "pebble-challtestsrv", build(t, "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv"),
		"-dnsserver", names, "-management", freeAddress(t), "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-defaultIPv4", "127.0.0.1", "-defaultIPv6", "")
	until(t, "the names are served", func() bool { return reachable(names) })

	cert, key, trust := certificate(t)
	data := t.TempDir()
	directory, management := freeAddress(t), freeAddress(t)
	s := &server{data: data, address: freeAddress(t)}
	_, port, _ := net.SplitHostPort(s.address)
	config := filepath.Join(t.TempDir(), "pebble.json")
	raw, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": directory, "managementListenAddress": management, "certificate": cert, "privateKey": key,
		"httpPort": 1, "tlsPort": json.Number(port), "keyAlgorithm": "ecdsa", "retryAfter": map[string]int{"authz": 1, "order": 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	run(t, "pebble", build(t, "github.com/letsencrypt/pebble/v2/cmd/pebble"), "-config", config, "-dnsserver", names)
	until(t, "pebble serves", func() bool { return reachable(directory) && reachable(management) })

	s.flags = []string{"--acme", domain, "--acme-directory", "https://" + directory + "/dir", "--acme-roots", cert}
	s.start(t)
	// Pebble makes a new root at each start; it alone is trusted here.
	_, root := get(t, browser(trust), "https://"+management+"/roots/0")
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(root)) {
		t.Fatalf("pebble's root cannot be read:\n%s", root)
	}
	public := &tls.Config{RootCAs: roots, ServerName: domain, MinVersion: tls.VersionTLS12}
	overTLS(t, s, "https://"+s.address, public)

	// The certificate is kept: the next start does not ask for another.
	before := leaf(t, s.address, public)
	if code := s.term(); code != 0 {
		t.Errorf("the process ended with %d", code)
	}
	s.start(t)
	if after := leaf(t, s.address, public); after.SerialNumber.Cmp(before.SerialNumber) != 0 {
		t.Error("a restart got another certificate")
	}
	// Nobody gets a certificate for a name that is not ours.
	if conn, err := tls.Dial("tcp", s.address, &tls.Config{RootCAs: roots, ServerName: "other.fairfloor.test", MinVersion: tls.VersionTLS12}); err == nil {
		_ = conn.Close()
		t.Error("another name was served")
	}
}

// leaf gives the certificate that a server shows.
func leaf(t *testing.T, address string, trust *tls.Config) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", address, trust)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0]
}

// reachable reports whether somebody listens at an address.
func reachable(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
