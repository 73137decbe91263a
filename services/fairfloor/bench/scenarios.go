package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/load"
)

// scenario is one thing that is measured once, at all who are compared.
type scenario struct {
	name, what string
	measure    func(context.Context, plan) (figures, error)
	limits     []limit
}

// figures are named values; "fairfloor/raw" is a ratio.
type figures map[string]float64

// limit is what a figure's median may be: at most, or at least.
type limit struct {
	figure string
	most   float64
	least  float64
}

var everyPeer = []string{"fairfloor", "centrifuge", "nats", "gorilla", "raw"}

// among is who is measured: everybody, when nobody is named.
func (p plan) among() []string {
	if p.Peers == nil {
		return everyPeer
	}
	return p.Peers
}

// scenarios are the figures of the issue, in its order.
var scenarios = []scenario{
	{"crowd", "p99 in ms of 5 frames a second, and of a live session under fairfloor load", crowded, []limit{
		{figure: "fairfloor/raw", most: 1.6}, {figure: "live view/raw", most: 1.6}, {figure: "live view ms", most: 250}, {figure: "lost", most: 0},
	}},
	{"cpu", "server's CPU in us for each delivered message, 10 a second", cpu, []limit{
		{figure: "fairfloor/centrifuge", most: .9}, {figure: "fairfloor/raw", most: 1.35},
	}},
	{"compressing", "server's CPU in us for each delivered message of 2 kB, compressed against as it is", compressing, []limit{
		{figure: "packed/plain", most: 1.3}, {figure: "bytes packed/plain", most: .9},
	}},
	{"throughput", "deliveries in each second of one core, at saturation", throughput, []limit{
		{figure: "fairfloor/centrifuge", least: 1}, {figure: "fairfloor/nats", least: 1},
	}},
	{"memory", "kB for each idle connection", memory, []limit{
		{figure: "fairfloor kB", most: 12}, {figure: "fairfloor/centrifuge", most: .5},
	}},
	{"stalled", "p99 of the healthy with 10 of 60 stalled against without, and a stalled one's backlog in kB", stalledOnes, []limit{
		{figure: "fairfloor with/without", most: 1.5}, {figure: "fairfloor backlog kB", most: 256},
	}},
	{"storm", "ms until all are live again that reconnect at once", storm, []limit{{figure: "all live ms", most: 5000}, {figure: "lost", most: 0}}},
	{"commands", "p99 from command to receipt, against a raw fsync beside it", commands, []limit{
		{figure: "receipt/fsync", most: 20}, {figure: "lost", most: 0},
	}},
}

func names() []string {
	all := make([]string, 0, len(scenarios))
	for _, s := range scenarios {
		all = append(all, s.name)
	}
	return all
}

func scenarioOf(name string) (scenario, bool) {
	for _, s := range scenarios {
		if s.name == name {
			return s, true
		}
	}
	return scenario{}, false
}

// at does something with a fresh peer and its clients.
func at(ctx context.Context, name string, clients, stalled int, do func(c *crowd) error, env ...string) error {
	peer, err := begin(ctx, name, env...)
	if err != nil {
		return err
	}
	defer func() { _ = peer.end() }()
	c, err := gather(ctx, peer, clients, stalled)
	if err != nil {
		return err
	}
	defer c.leave()
	return do(c)
}

// send publishes at a rate for the plan's time and waits until all of it is there.
func (c *crowd) send(ctx context.Context, p plan, rate, bytes int) (next int, err error) {
	next, err = c.peer.publish(ctx, rate*p.Seconds, rate, bytes)
	if err != nil {
		return next, err
	}
	return next, c.await(ctx, int64(next), 30*time.Second)
}

func p99(times []time.Duration) float64 { return load.Summarise("", times).P99 }

// cpu takes the CPU time of each peer's process over the messages that came.
func cpu(ctx context.Context, p plan) (figures, error) {
	out := figures{}
	for _, name := range p.among() {
		err := at(ctx, name, p.Clients, 0, func(c *crowd) error {
			before, err := load.Process(c.peer.cmd.Process.Pid)
			if err != nil {
				return err
			}
			had := c.delivered()
			if _, err := c.send(ctx, p, 10, p.FrameBytes); err != nil {
				return err
			}
			after, err := load.Process(c.peer.cmd.Process.Pid)
			out[name+" us"] = float64((after.CPU - before.CPU).Microseconds()) / float64(c.delivered()-had)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out.ratios(" us", p.among())
	return out, nil
}

// compressedBytes is the payload of a frame for compressing, in bytes.
const compressedBytes = 2048

// compressing takes the CPU time of one Fairfloor for clients that take compressed
// messages and for such that do not, and the bytes that came to them.
func compressing(ctx context.Context, p plan) (figures, error) {
	out := figures{}
	for as, name := range map[string]string{"plain": "fairfloor", "packed": "fairfloor" + packed} {
		err := at(ctx, name, p.Clients, 0, func(c *crowd) error {
			before, err := load.Process(c.peer.cmd.Process.Pid)
			if err != nil {
				return err
			}
			had, read := c.delivered(), c.read()
			if _, err := c.send(ctx, p, 10, compressedBytes); err != nil {
				return err
			}
			after, err := load.Process(c.peer.cmd.Process.Pid)
			n := float64(c.delivered() - had)
			out[as+" us"] = float64((after.CPU - before.CPU).Microseconds()) / n
			out["bytes "+as] = float64(c.read()-read) / n
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out["packed/plain"] = out["packed us"] / out["plain us"]
	out["bytes packed/plain"] = out["bytes packed"] / out["bytes plain"]
	return out, nil
}

// burst is how many messages are sent at once for throughput: one in each
// language. They can be written together, and are no more than a kernel takes, so
// that nobody drops any.
var burst = len(tracks)

// throughput sends bursts, one after the other as soon as everybody has the last,
// and takes deliveries over the CPU seconds of the server's one core: the clients
// of this machine have the other, and may be slower than the server.
func throughput(ctx context.Context, p plan) (figures, error) {
	out := figures{}
	for _, name := range p.among() {
		err := at(ctx, name, p.Clients, 0, func(c *crowd) error {
			before, err := load.Process(c.peer.cmd.Process.Pid)
			if err != nil {
				return err
			}
			had, begun := c.delivered(), time.Now()
			for time.Since(begun) < time.Duration(p.Seconds)*time.Second {
				next, err := c.peer.publish(ctx, burst, 0, p.FrameBytes)
				if err != nil {
					return err
				}
				if err := c.await(ctx, int64(next), 30*time.Second); err != nil {
					return err
				}
			}
			took := time.Since(begun)
			after, err := load.Process(c.peer.cmd.Process.Pid)
			n := float64(c.delivered() - had)
			out[name+" /core s"] = n / (after.CPU - before.CPU).Seconds()
			out[name+" /s"] = n / took.Seconds()
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out.ratios(" /core s", p.among())
	return out, nil
}

// memory takes what a peer's process grows by between half of the connections and
// all of them, after its garbage was collected.
func memory(ctx context.Context, p plan) (figures, error) {
	out := figures{}
	for _, name := range p.among() {
		err := at(ctx, name, p.Idle/2, 0, func(c *crowd) error {
			half, err := c.resident(ctx)
			if err != nil {
				return err
			}
			rest, err := gather(ctx, c.peer, p.Idle/2, 0)
			if err != nil {
				return err
			}
			defer rest.leave()
			all, err := c.resident(ctx)
			out[name+" kB"] = float64(all-half) / float64(p.Idle/2) / 1000
			return err
		}, "GOGC=20")
		if err != nil {
			return nil, err
		}
	}
	out.ratios(" kB", p.among())
	return out, nil
}

// resident is the peer's memory in bytes once its garbage is gone: stacks that are
// too large shrink with each collection, so there are several.
func (c *crowd) resident(ctx context.Context) (int64, error) {
	for range 5 {
		if _, err := c.peer.ask(ctx, "/gc"); err != nil {
			return 0, err
		}
	}
	r, err := load.Process(c.peer.cmd.Process.Pid)
	return r.Memory, err
}

// Those of the scenario with stalled clients: enough bytes that a kernel's buffers
// are full soon.
const (
	someClients, stalledClients = 60, 10
	stalledBytes, stalledRate   = 4096, 100
)

// stalledOnes takes the healthy clients' p99 with and without stalled ones, and
// what the stalled have to read in the end. The raw limit writes and waits, so it
// has no place here.
func stalledOnes(ctx context.Context, p plan) (figures, error) {
	out := figures{}
	for _, name := range []string{"fairfloor", "centrifuge", "nats", "gorilla"} {
		without := 0.0
		for _, n := range []int{0, stalledClients} {
			err := at(ctx, name, someClients, n, func(c *crowd) error {
				next, err := c.send(ctx, p, stalledRate, stalledBytes)
				if err != nil {
					return err
				}
				if n == 0 {
					without = p99(c.times())
					return nil
				}
				out[name+" with/without"] = p99(c.times()) / without
				out[name+" backlog kB"] = float64(c.backlog(int64(next))) / 1000
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// crowded takes the p99 of many clients at the raw limit and at Fairfloor, with the
// same frames, and then that of a whole live session with all that happens in one.
func crowded(ctx context.Context, p plan) (figures, error) {
	out := figures{}
	for _, name := range []string{"raw", "fairfloor"} {
		err := at(ctx, name, p.Crowd, 0, func(c *crowd) error {
			if _, err := c.send(ctx, p, 5, p.FrameBytes); err != nil {
				return err
			}
			out[name+" ms"] = p99(c.times())
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	out["fairfloor/raw"] = out["fairfloor ms"] / out["raw ms"]
	report, err := under(ctx, load.Config{
		Sessions: 1, Observers: p.Crowd, Speakers: 53, Captioners: 1, Changes: 1, Partials: 4, Duration: time.Duration(p.Seconds) * time.Second, Whole: 5,
	})
	if err != nil {
		return nil, err
	}
	out["live view ms"], out["live partial ms"] = report.Latency(load.Views).P99, report.Latency(load.Partials).P99
	out["live view/raw"], out["live partial/raw"] = out["live view ms"]/out["raw ms"], out["live partial ms"]/out["raw ms"]
	out["lost"] = float64(report.Lost + report.Doubled + report.Missing + report.WrongViews)
	return out, nil
}

// storm cuts every line at once.
func storm(ctx context.Context, p plan) (figures, error) {
	report, err := under(ctx, load.Config{
		Sessions: 1, Observers: p.Storm, Speakers: 10, Captioners: 1, Changes: 1, Partials: 4, FinalEvery: 2 * time.Second,
		Duration: max(10*time.Second, time.Duration(p.Seconds)*time.Second), Storm: true, Whole: 5,
	})
	if err != nil {
		return nil, err
	}
	return figures{
		"all live ms": report.Latency(load.Resumes).Max, "p50 ms": report.Latency(load.Resumes).P50,
		"lost": float64(report.Lost + report.Doubled + report.Missing + report.WrongViews),
	}, nil
}

// commands lets speakers of many sessions act, beside raw writes on the same disk.
func commands(ctx context.Context, p plan) (figures, error) {
	folder, err := os.MkdirTemp("", "fairfloor-bench-fsync-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	report, err := under(ctx, load.Config{
		Sessions: p.Sessions, Observers: 1, Speakers: 3, Changes: float64(p.PerSecond), Duration: time.Duration(p.Seconds) * time.Second, Fsync: filepath.Clean(folder),
	})
	if err != nil {
		return nil, err
	}
	r := report.Latency(load.Receipts)
	out := figures{
		"receipt ms": r.P99, "fsync ms": report.Fsync.P99, "receipt/fsync": r.P99 / report.Fsync.P99,
		"commands/s": float64(report.Commands) / report.DurationS, "not sent": float64(report.Refused), "lost": float64(report.Lost),
	}
	return out, nil
}

// under puts a fresh Fairfloor under load.
func under(ctx context.Context, c load.Config) (*load.Report, error) {
	peer, err := begin(ctx, "fairfloor")
	if err != nil {
		return nil, err
	}
	defer func() { _ = peer.end() }()
	c.Base, c.Organiser, c.PID = peer.Base, peer.Token, peer.cmd.Process.Pid
	report, err := load.Run(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return report, nil
}

// ratios adds the first one's figure over each other's.
func (f figures) ratios(unit string, peers []string) {
	for _, other := range peers[1:] {
		f[peers[0]+"/"+other] = f[peers[0]+unit] / f[other+unit]
	}
}
