package faults_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/permit"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/pkg/session"
)

// deployment is every service as a process of its own over one nats-server.
type deployment struct {
	t      *testing.T
	nats   string
	keys   string
	folder string
	// secrets holds each service's own key for NATS: it may do what package permit
	// lists, and nothing else.
	secrets string
	gateway string
	// organiser is a file with a token.
	organiser string
	// door is the gateway's process, and doorFlags its flags.
	door      *proc
	doorFlags []string
}

// deploy starts a nats-server, the gateway and the registry.
func deploy(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, folder: t.TempDir()}
	address := freeAddress(t)
	host, port, _ := strings.Cut(address, ":")
	d.secrets = filepath.Join(d.folder, "secrets")
	cluster := permit.Cluster{Nodes: []string{host}, Store: filepath.Join(d.folder, "store"), Files: filepath.Join(d.secrets, host)}
	if _, err := permit.Make(d.secrets, cluster, time.Now()); err != nil {
		t.Fatal(err)
	}
	// The command line's address stands before the file's.
	server := run(t, "nats-server", build(t, "github.com/nats-io/nats-server/v2"),
		"--config", filepath.Join(d.secrets, host, permit.ConfigFile), "--addr", host, "--port", port, "--http_port", "0")
	until(t, "nats-server is ready", func() bool { return strings.Contains(server.text(), "Server is ready") })
	d.nats, d.keys = "tls://"+address, filepath.Join(d.folder, "keys.json")
	d.start("registry", "registry")
	gateway := freeAddress(t)
	d.gateway, d.organiser = "http://"+gateway, filepath.Join(d.folder, "organiser.token")
	d.doorFlags = []string{"--address", gateway, "--organiser-file", d.organiser}
	d.door = d.start("gateway", "gateway", d.doorFlags...)
	return d
}

// killGateway ends the gateway as a power cut would, and starts it again at the
// same address.
func (d *deployment) killGateway() {
	d.t.Helper()
	d.door.kill()
	d.door = d.start("gateway", "gateway", d.doorFlags...)
}

// token reads the organiser's token.
func (d *deployment) token() string {
	d.t.Helper()
	token, err := os.ReadFile(d.organiser)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(string(token))
}

// start starts a replica of a service and returns when it is ready. Each has a
// folder of its own; the keys are everybody's.
func (d *deployment) start(service, replica string, flags ...string) *proc {
	d.t.Helper()
	ops := freeAddress(d.t)
	p := run(d.t, replica, build(d.t, "./"+service+"/cmd/"+service), append([]string{
		"--nats", d.nats, "--nats-creds", filepath.Join(d.secrets, service, permit.SeedFile), "--nats-ca", filepath.Join(d.secrets, service, permit.CAFile),
		"--data", filepath.Join(d.folder, replica), "--keys", d.keys, "--ops", ops,
	}, flags...)...)
	d.t.Cleanup(func() {
		if text := p.text(); strings.Contains(text, "ermissions") {
			d.t.Errorf("%s was denied what it needs: %s", replica, last(text, 4000))
		}
	})
	until(d.t, replica+" is ready", func() bool {
		select {
		case <-p.done:
			d.t.Fatalf("%s ended:\n%s", replica, p.text())
		default:
		}
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+ops+"/readyz", http.NoBody)
		if err != nil {
			d.t.Fatal(err)
		}
		request.Close = true
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK
	})
	return p
}

// watch connects to the one session that a rehearsal holds, once it is going on.
func (d *deployment) watch(rehearsal *proc) *meeting {
	d.t.Helper()
	m := &meeting{t: d.t, http: client.HTTP{
		Base: d.gateway, Token: d.token(),
		Client: browser(nil),
	}}
	until(d.t, "the session has started", func() bool {
		select {
		case <-rehearsal.done:
			d.t.Fatalf("the rehearsal ended before it began: %s", rehearsal.text())
		default:
		}
		var known []struct {
			Session ids.Session   `json:"session"`
			Phase   session.Phase `json:"phase"`
		}
		if err := m.http.Do(timeout(d.t), http.MethodGet, "/api/v1/sessions", nil, &known); err != nil {
			d.t.Fatal(err)
		}
		if len(known) == 1 && known[0].Phase == session.Running {
			m.id = known[0].Session
		}
		return !m.id.IsZero()
	})
	return m
}

// spoken waits until so many turns of the session are over.
func (m *meeting) spoken(l *client.Live, turns int) {
	m.t.Helper()
	err := l.Wait(timeout(m.t), func(l *client.Locked) bool {
		ended := 0
		for _, t := range l.View().Turns {
			if !t.EndedAt.IsZero() {
				ended++
			}
		}
		return ended >= turns
	})
	if err != nil {
		m.t.Fatalf("the session does not come to its turn %d: %v", turns, err)
	}
}

// TestTheSameScenarioRunsAsSeparateProcessesOverOneNATSServer is "the same
// scenario runs as separate processes over one nats-server", with two replicas
// of queue and of timing, each of which is killed once in mid-session.
func TestTheSameScenarioRunsAsSeparateProcessesOverOneNATSServer(t *testing.T) {
	applicants, minutes := 12, 25
	if long() {
		applicants, minutes = 53, 90
	}
	d := deploy(t)
	replicas := map[string]*proc{}
	for _, name := range []string{"queue-1", "queue-2", "timing-1", "timing-2"} {
		service, _, _ := strings.Cut(name, "-")
		replicas[name] = d.start(service, name)
	}
	rehearsal := run(t, "rehearse", fairfloor(t), "rehearse",
		"--server", d.gateway, "--token-file", d.organiser, "--json", "--seed", "1",
		"--applicants", strconv.Itoa(applicants), "--minutes", strconv.Itoa(minutes))
	m := d.watch(rehearsal)
	l := m.dial(client.Options{Token: m.http.Token})
	for i, name := range []string{"queue-1", "timing-1", "queue-2", "timing-2"} {
		m.spoken(l, (i+1)*applicants/6)
		replicas[name].kill()
		service, _, _ := strings.Cut(name, "-")
		replicas[name] = d.start(service, name)
	}
	if code := rehearsal.wait(); code != 0 {
		t.Fatalf("the rehearsal ended with %d: %s", code, rehearsal.text())
	}
	check(t, []byte(rehearsal.text()), applicants)

	log := m.export()
	for _, finding := range proof.Check(log, nil, look(t, l).Session.PublicKey) {
		t.Error(finding)
	}
	for command, n := range occurrences(t, log) {
		if n != 1 {
			t.Errorf("command %s is %d times in the log", command, n)
		}
	}
	// What the killed replicas folded anew is what everybody sees.
	if err := l.WaitSeq(timeout(t), log.Lines[len(log.Lines)-1].Seq); err != nil {
		t.Fatal(err)
	}
	if phase := look(t, l).Session.Phase; phase != session.Adjourned {
		t.Errorf("the session is %s", phase)
	}
	for name, p := range replicas {
		if code := p.term(); code != 0 {
			t.Errorf("%s ended with %d", name, code)
		}
	}
}

// check holds a rehearsal's report to what must be true of it.
func check(t *testing.T, raw []byte, applicants int) {
	t.Helper()
	var r struct {
		Clock    string  `json:"clock"`
		Present  int     `json:"present"`
		Spoke    int     `json:"spoke"`
		Overrun  float64 `json:"overrun_s"`
		Overlaps int     `json:"overlaps"`
		Turns    []struct {
			Organisation string  `json:"organisation"`
			Begun        float64 `json:"begun_s"`
			Ended        float64 `json:"ended_s"`
		} `json:"turns"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("the report cannot be read: %v\n%s", err, last(string(raw), 2000))
	}
	// The chair adjourns at the hard end; a quarter of a second on the way are 15 s
	// of a session at 60 times the speed.
	if r.Clock != "scaled" || r.Present != applicants || r.Spoke != applicants || r.Overlaps != 0 || r.Overrun > 15 {
		t.Errorf("clock %s, %d of %d present and %d applied spoke, %d overlaps, overrun %g s",
			r.Clock, r.Spoke, r.Present, applicants, r.Overlaps, r.Overrun)
	}
	heard := map[string]bool{}
	end := 0.0
	for _, turn := range r.Turns {
		// Counted anew, and not taken from the report's own figure.
		if turn.Begun < end {
			t.Errorf("%s began at %g s while the floor was taken until %g s", turn.Organisation, turn.Begun, end)
		}
		end = turn.Ended
		heard[turn.Organisation] = true
	}
	if len(heard) != applicants {
		t.Errorf("%d organisations were heard, of %d", len(heard), applicants)
	}
	t.Logf("%d of %d spoke, last word at %.0f s, overrun %g s", r.Spoke, applicants, end, r.Overrun)
}
