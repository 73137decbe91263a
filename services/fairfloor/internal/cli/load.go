package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/load"
)

// loadSettings are those of load.
type loadSettings struct {
	Server     string        `flag:"server" default:"http://127.0.0.1:8080" doc:"Address of a running Fairfloor, which is filled with sessions for the test"`
	Organiser  string        `flag:"token-file" default:"" doc:"File with an organiser's token"`
	Sessions   int           `flag:"sessions" default:"1" doc:"Live sessions, 1 to 500; the following numbers are for each of them"`
	Observers  int           `flag:"observers" default:"100" doc:"Observers, 0 to 20000"`
	Speakers   int           `flag:"speakers" default:"53" doc:"Speakers, 0 to 500, who join and leave the list"`
	Captioners int           `flag:"captioners" default:"1" doc:"Captioners, 0 to 16, each on a track that every observer follows"`
	Changes    float64       `flag:"changes" default:"1" doc:"Commands of speakers in a second, over all sessions, 0 to 5000"`
	Partials   float64       `flag:"partials" default:"4" doc:"Partials of each captioner in a second, 0 to 4"`
	FinalEvery time.Duration `flag:"final-every" default:"5s" doc:"How often a captioner's text becomes final"`
	Ramp       time.Duration `flag:"ramp" default:"10s" doc:"Over how long the observers connect"`
	Duration   time.Duration `flag:"duration" default:"60s" doc:"How long it is measured"`
	Slow       int           `flag:"slow" default:"0" doc:"Of each session's observers: who read 40 kB a second"`
	Broken     int           `flag:"broken" default:"0" doc:"Of each session's observers: who lose their line every two seconds"`
	Stalled    int           `flag:"stalled" default:"0" doc:"Of each session's observers: who stop reading"`
	Storm      bool          `flag:"storm" default:"false" doc:"Cut every line at once halfway, and time how long all are back"`
	Proxy      bool          `flag:"buffering-proxy" default:"false" doc:"Put a proxy between observers and server that keeps bytes back for up to 100 ms"`
	Whole      int           `flag:"whole" default:"5" doc:"Of each session's observers: how many keep the whole view, compared with a fresh one in the end"`
	PID        int           `flag:"pid" default:"0" doc:"Process of the server on this machine, for its CPU and memory"`
	Metrics    string        `flag:"metrics" default:"" doc:"Address of the server's metrics instead, such as http://127.0.0.1:9090/metrics"`
	Fsync      string        `flag:"fsync" default:"" doc:"Folder, on the server's disk, in which raw writes are timed beside the load"`
	JSON       bool          `flag:"json" default:"false" doc:"Print the report as JSON"`
}

// config is what the settings ask for.
func (s *loadSettings) config() load.Config {
	return load.Config{
		Base: s.Server, Sessions: s.Sessions, Observers: s.Observers, Speakers: s.Speakers, Captioners: s.Captioners,
		Changes: s.Changes, Partials: s.Partials, FinalEvery: s.FinalEvery, Ramp: s.Ramp, Duration: s.Duration,
		Slow: s.Slow, Broken: s.Broken, Stalled: s.Stalled, Storm: s.Storm, Proxy: s.Proxy,
		Whole: min(s.Whole, max(0, s.Observers-s.Slow-s.Broken-s.Stalled)),
		PID:   s.PID, Metrics: s.Metrics, Fsync: s.Fsync,
	}
}

func loading() *cobra.Command {
	var s loadSettings
	cmd := &cobra.Command{
		Use: "load", Short: "Put a running Fairfloor under load by real clients, and say how it bore it", Args: cobra.NoArgs,
		Long: "Put a running Fairfloor under load by real clients that parse what they get.\n" +
			"It makes sessions of its own on that server. The exit code is 1 when anything was lost, doubled or wrong.\n" +
			"The server's limit of commands for each link holds: start it with --commands-per-second=-1 for more than 20 a speaker.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config := s.config()
			if err := config.Check(); err != nil {
				return Usage{err}
			}
			raw, err := os.ReadFile(s.Organiser)
			if err != nil {
				return Usage{fmt.Errorf("token-file: an organiser's token is needed: %w", err)}
			}
			config.Organiser = trim(raw)
			progress := newBar(cmd.ErrOrStderr())
			defer progress.finish()
			config.Progress = progress.set
			report, err := load.Run(cmd.Context(), config)
			progress.finish()
			if err != nil {
				return err
			}
			if s.JSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(report)
			} else {
				err = report.Table(cmd.OutOrStdout())
			}
			return errors.Join(err, report.Sound())
		},
	}
	bind(cmd, &s)
	return cmd
}
