// Command bench measures Fairfloor's live side beside its peers, in one run.
//
// It guarantees that each of them is a process of its own with the same number of
// processors, that all of them carry the same bytes to the same clients, which
// parse what they get, and that they are measured in turns: what it prints are
// ratios of one run, and medians of several. It is a module of its own, so that no
// program of Fairfloor depends on what it is compared with.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// plan says how much is measured. The figures of the issue are those of full.
type plan struct {
	Clients    int `json:"clients"`     // for CPU and throughput
	Idle       int `json:"idle"`        // connections for memory
	Crowd      int `json:"crowd"`       // observers of one live session
	Storm      int `json:"storm"`       // reconnecting at once
	Sessions   int `json:"sessions"`    // for commands
	PerSecond  int `json:"per_second"`  // commands over all sessions
	Seconds    int `json:"seconds"`     // of each measurement
	Runs       int `json:"runs"`        // the median is taken of
	FrameBytes int `json:"frame_bytes"` // payload of one frame

	// Peers are who is measured, ourselves first; everybody, when it is empty.
	Peers []string `json:"peers,omitempty"`
}

var (
	full  = plan{Clients: 1000, Idle: 2000, Crowd: 10_000, Storm: 5000, Sessions: 200, PerSecond: 1000, Seconds: 20, Runs: 5, FrameBytes: 419}
	quick = plan{Clients: 100, Idle: 200, Crowd: 200, Storm: 100, Sessions: 5, PerSecond: 25, Seconds: 3, Runs: 1, FrameBytes: 419}
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		end(serve(ctx, os.Args[2], os.Stdin, os.Stdout))
		return
	}
	small := flag.Bool("quick", false, "a tenth of everything, once: to see that it works, not for figures")
	only := flag.String("only", "", "measure only these, comma separated: "+strings.Join(names(), ", "))
	runs := flag.Int("runs", 0, "how often each is measured; the median is printed")
	seconds := flag.Int("seconds", 0, "how long each measurement takes")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	p := full
	if *small {
		p = quick
	}
	if *runs > 0 {
		p.Runs = *runs
	}
	if *seconds > 0 {
		p.Seconds = *seconds
	}
	end(measure(ctx, p, *only, *asJSON, os.Stdout, os.Stderr))
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure runs what was asked for and prints it; every shortfall is an error,
// after everything was printed.
func measure(ctx context.Context, p plan, only string, asJSON bool, out, progress io.Writer) error {
	chosen := scenarios
	if only != "" {
		chosen = nil
		for _, name := range strings.Split(only, ",") {
			s, known := scenarioOf(name)
			if !known {
				return fmt.Errorf("only: %q is none of %s", name, strings.Join(names(), ", "))
			}
			chosen = append(chosen, s)
		}
	}
	var all []outcome
	for _, s := range chosen {
		o := outcome{Name: s.name, What: s.what}
		for n := range p.Runs {
			_, _ = fmt.Fprintf(progress, "%s, %d of %d\n", s.name, n+1, p.Runs)
			figures, err := s.measure(ctx, p)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			o.Runs = append(o.Runs, figures)
		}
		o.judge(s.limits)
		all = append(all, o)
	}
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(map[string]any{"plan": p, "outcomes": all}); err != nil {
			return err
		}
	} else if err := table(out, all); err != nil {
		return err
	}
	return shortfalls(all)
}
