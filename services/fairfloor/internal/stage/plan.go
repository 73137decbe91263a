package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/permit"
)

// The ports, each at the member's own address; below those that the kernel gives
// to outgoing connections, one of which could be taken while a member is down.
const (
	servePort   = "8080"
	opsPort     = "9090"
	natsPort    = "4222"
	monitorPort = "8222"
	redisPort   = "6379"
)

// services are those that run by themselves in a cluster.
var services = []string{Registry, Queue, Timing, Transcript, Gateway}

// nodes and replicas are how many there are of a NATS node and of each service.
const (
	nodes    = 3
	replicas = 2
)

// waves are the roles that Open starts side by side, one wave after the other: a
// deployment does not wait either until one service is ready before it starts the
// next (deploy), and whoever comes first makes the streams that it needs.
var waves = [][]string{
	{Serve, NATS, Redis},
	services,
}

// plan says which members there are, and gives each its address, folder and flags.
func (s *Stage) plan(ctx context.Context) error {
	if s.options.Kind == Single {
		s.add(Serve, Serve, s.options.Binary)
	} else {
		for i := range nodes {
			s.add(fmt.Sprintf("%s-%d", NATS, i+1), NATS, s.options.NATSBinary)
		}
		s.add(Redis, Redis, "redis-server")
		for _, role := range services {
			for i := range replicas {
				s.add(fmt.Sprintf("%s-%d", role, i+1), role, filepath.Join(s.options.Services, role))
			}
		}
	}
	if err := s.addresses(ctx); err != nil {
		return err
	}
	for _, m := range s.members {
		if m.Role != Gateway && m.Role != Serve {
			continue
		}
		url := "http://" + net.JoinHostPort(m.address, servePort)
		if s.network != nil {
			d, err := s.openDoor(m)
			if err != nil {
				return err
			}
			s.doors, url = append(s.doors, d), "http://"+d.address()
		}
		s.gateways = append(s.gateways, url)
		m.args = append(m.args, "--address", net.JoinHostPort(m.address, servePort), "--public-url", url)
		m.args = append(m.args, s.options.Flags...)
	}
	if s.options.Kind == Single {
		m := s.members[0]
		m.args = append([]string{"serve", "--data", m.data}, m.args...)
		m.ready = "http://" + net.JoinHostPort(m.address, servePort) + "/readyz"
		return nil
	}
	return s.planCluster(ctx)
}

func (s *Stage) add(name, role, path string) {
	m := &member{
		Member: Member{name, role}, stage: s, path: path, tests: role != NATS && role != Redis,
		data: filepath.Join(s.root, name), log: filepath.Join(s.root, "logs", name+".log"),
	}
	s.members = append(s.members, m)
	s.byName[name] = m
}

// addresses gives each member one: in a network of its own, or of this machine's
// own 127.0.0.0/8, where each stage takes a range that nobody listens in.
func (s *Stage) addresses(ctx context.Context) error {
	if s.options.Namespaces {
		var err error
		s.network, err = openNetwork(ctx, s.id, s.members)
		return err
	}
	first := os.Getpid() + int(opened.Load())*7
	for attempt := range 250 {
		a, b := 1+(first+attempt)%250, 1+(first/250+attempt)%250
		free := true
		for i, m := range s.members {
			m.address = fmt.Sprintf("127.%d.%d.%d", a, b, 10+i)
			for _, port := range []string{servePort, opsPort, natsPort, monitorPort, redisPort} {
				listener, err := net.Listen("tcp", net.JoinHostPort(m.address, port))
				if err != nil {
					free = false
					break
				}
				_ = listener.Close()
			}
		}
		if free {
			return nil
		}
	}
	return errors.New("no range of 127.0.0.0/8 is free")
}

// secrets is the folder that `fairfloor cluster` makes.
func (s *Stage) secrets() string { return filepath.Join(s.root, "secrets") }

// The folders of a node as `fairfloor cluster` is told of them: one name for all,
// for each sees its own volume in a container. Here they lie side by side.
const (
	filesOf = "/the-files-of-the-node"
	storeOf = "/the-store-of-the-node"
)

// planCluster has the files of the cluster made by the program itself.
func (s *Stage) planCluster(ctx context.Context) error {
	var hosts, urls []string
	for _, m := range s.members {
		if m.Role == NATS {
			hosts = append(hosts, m.address)
			urls = append(urls, "tls://"+net.JoinHostPort(m.address, natsPort))
		}
	}
	keys := filepath.Join(s.root, "keys", "keys.json")
	out, err := exec.CommandContext(ctx, s.options.Binary, "cluster", "--out", s.secrets(), "--keys", keys,
		"--nodes", strings.Join(hosts, ","), "--files", filesOf, "--store", storeOf).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fairfloor cluster: %w\n%s", err, out)
	}
	for _, m := range s.members {
		switch m.Role {
		case NATS:
			if err := s.planNode(m); err != nil {
				return err
			}
		case Redis:
			m.args = []string{"--bind", m.address, "--port", redisPort, "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", m.data}
		default:
			own := filepath.Join(s.secrets(), m.Role)
			m.ready = "http://" + net.JoinHostPort(m.address, opsPort) + "/readyz"
			m.args = append([]string{
				"--nats", strings.Join(urls, ","), "--nats-creds", filepath.Join(own, permit.SeedFile), "--nats-ca", filepath.Join(own, permit.CAFile),
				"--keys", keys, "--data", m.data, "--replicas", fmt.Sprint(nodes), "--ops", net.JoinHostPort(m.address, opsPort),
			}, m.args...)
			if m.Role == Gateway {
				m.args = append(m.args, "--redis", "redis://"+net.JoinHostPort(s.byName[Redis].address, redisPort)+"/0",
					"--organiser-file", s.organiserFile(m))
			}
		}
	}
	return nil
}

// planNode fits a node's configuration to where it runs, and takes the sync
// interval out of it for the negative control.
func (s *Stage) planNode(m *member) error {
	folder := filepath.Join(s.secrets(), m.address)
	path := filepath.Join(folder, permit.ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changes := []string{
		filesOf, folder, storeOf, m.data, "0.0.0.0", m.address,
		"127.0.0.1:" + monitorPort, net.JoinHostPort(m.address, monitorPort),
	}
	const always = ", sync_interval: always"
	if s.options.Sync == SyncDefault {
		changes = append(changes, always, "")
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			return fmt.Errorf("%s says nothing of %q: the stage knows it no longer", path, changes[i])
		}
	}
	m.args = []string{"--config", path}
	m.ready = "http://" + net.JoinHostPort(m.address, monitorPort) + "/healthz"
	return os.WriteFile(path, []byte(strings.NewReplacer(changes...).Replace(string(text))), 0o600)
}

func (s *Stage) organiserFile(m *member) string {
	return filepath.Join(s.root, m.Name+".token")
}

// readOrganiser takes the token from where the program leaves it: a gateway in a
// file, `serve` among the lines that it prints when it is ready.
func (s *Stage) readOrganiser(ctx context.Context) error {
	if s.options.Kind == Cluster {
		raw, err := os.ReadFile(s.organiserFile(s.byName[Gateway+"-1"]))
		s.organiser = strings.TrimSpace(string(raw))
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		if _, rest, ok := strings.Cut(s.Logs(Serve), "Organiser's token"); ok {
			if lines := strings.Split(rest, "\n"); len(lines) > 2 {
				s.organiser = lines[1]
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("serve does not print an organiser's token:\n%s", tail(s.Logs(Serve), 2000))
		}
	}
}

// Leader is the NATS member that leads most of the streams SESSIONS; which one
// leads a session's own, LeaderOf tells. An error when there is none just now.
func (s *Stage) Leader(ctx context.Context) (string, error) {
	leaders, err := s.leaders(ctx)
	if err != nil {
		return "", err
	}
	leads, most := map[string]int{}, ""
	for shard := range events.Shards {
		name := leaders[events.ShardStream(shard)]
		if name == "" {
			continue
		}
		if leads[name]++; most == "" || leads[name] > leads[most] {
			most = name
		}
	}
	if most == "" {
		return "", errors.New("no stream of sessions has a leader")
	}
	return most, nil
}

// LeaderOf is the NATS member that leads the stream of a session.
func (s *Stage) LeaderOf(ctx context.Context, session ids.Session) (string, error) {
	leaders, err := s.leaders(ctx)
	if err != nil {
		return "", err
	}
	name := leaders[events.Stream(session)]
	if name == "" {
		return "", fmt.Errorf("%s has no leader", events.Stream(session))
	}
	return name, nil
}

// leaders asks the nodes, one after the other, until one answers; it gives the
// member that leads each stream.
func (s *Stage) leaders(ctx context.Context) (map[string]string, error) {
	failed := errors.New("there is no NATS node")
	byAddress := map[string]string{}
	for _, m := range s.members {
		byAddress[m.address] = m.Name
	}
	for _, m := range s.members {
		// One without a cable does not know that it leads no more.
		if m.Role != NATS || m.link != nil && m.link.cut.Load() {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		leaders, err := m.leaders(ctx)
		cancel()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.Name, err))
			continue
		}
		for stream, address := range leaders {
			leaders[stream] = byAddress[address]
		}
		return leaders, nil
	}
	return nil, failed
}

// leaders gives the name, which is the address, of the node that leads each stream
// as this node knows it (nats-server's monitoring, /jsz).
func (m *member) leaders(ctx context.Context) (map[string]string, error) {
	_, body, err := m.get(ctx, "http://"+net.JoinHostPort(m.address, monitorPort)+"/jsz?accounts=true&streams=true")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Accounts []struct {
			Streams []struct {
				Name    string `json:"name"`
				Cluster struct {
					Leader string `json:"leader"`
				} `json:"cluster"`
			} `json:"stream_detail"`
		} `json:"account_details"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("what it says of its streams cannot be read: %w", err)
	}
	all := map[string]string{}
	for _, account := range answer.Accounts {
		for _, stream := range account.Streams {
			all[stream.Name] = stream.Cluster.Leader
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it knows of no stream")
	}
	return all, nil
}
