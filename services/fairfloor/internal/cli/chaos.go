package cli

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/chaos"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/stage"
)

// chaosSettings are those of chaos.
type chaosSettings struct {
	Kind      string  `flag:"kind" default:"single" doc:"What to start and harm: single (one process) or cluster (NATS x3, Redis, two of each service, two gateways)"`
	Faults    string  `flag:"faults" default:"" doc:"Faults with commas between: kill, leader, stop, pause, partition, power, full, skew, flush, rolling; all that the kind can suffer when empty"`
	Count     int     `flag:"count" default:"3" doc:"How many of each fault, and of each kind of process, 1 to 1000"`
	Hours     float64 `flag:"hours" default:"0" doc:"Go on for so many hours, up to 48, with one plan after the other; 0 is one plan"`
	Short     bool    `flag:"short" default:"false" doc:"A small session for a quick look: 8 speakers, 20 observers"`
	Speakers  int     `flag:"speakers" default:"53" doc:"Speakers, 2 to 500"`
	Observers int     `flag:"observers" default:"500" doc:"Observers, 2 to 2000"`
	Rate      float64 `flag:"rate" default:"5" doc:"Commands of the speakers in a second, in sum, 0.1 to 200"`
	Seed      uint64  `flag:"seed" default:"1" doc:"Draws targets and moments; the same seed makes the same plan"`
	Sync      string  `flag:"sync" default:"always" doc:"When the store brings what is acknowledged to the disk: always, or default (NATS's own two minutes: a power cut must lose)"`
	Limits    bool    `flag:"limits" default:"true" doc:"Take an exceeded limit of time for a failure too"`
	Programs  string  `flag:"programs" default:"" doc:"Folder with the programs of a cluster (nats, registry, queue, timing, transcript, gateway); this program's own when empty"`
	Data      string  `flag:"data" default:"" doc:"Folder for data and log lines, which stay; a temporary one when empty"`
	JSON      bool    `flag:"json" default:"false" doc:"Print the report as JSON"`
}

// config is what the settings ask for.
func (s *chaosSettings) config() chaos.Config {
	c := chaos.Config{
		Kind: stage.Kind(s.Kind), Speakers: s.Speakers, Observers: s.Observers, Rate: s.Rate, Count: s.Count,
		For: time.Duration(s.Hours * float64(time.Hour)), Seed: s.Seed, Faults: chaos.Names(stage.Kind(s.Kind)),
	}
	if s.Short {
		c.Speakers, c.Observers = 8, 20
	}
	if s.Faults != "" {
		c.Faults = nil
		for name := range strings.SplitSeq(s.Faults, ",") {
			c.Faults = append(c.Faults, strings.TrimSpace(name))
		}
	}
	return c
}

// chaosCommand starts a system, does harm to it under load, and judges.
func chaosCommand() *cobra.Command {
	var s chaosSettings
	cmd := &cobra.Command{
		Use: "chaos", Short: "Start Fairfloor, do it harm while a session goes on, and say whether anything was lost", Args: cobra.NoArgs,
		Long: "Start Fairfloor, do it harm while a session goes on, and say whether anything was lost.\n" +
			"Nothing outside of what it starts is touched. Partitions, power cuts and full disks need Linux and root.\n" +
			"The exit code is 1 when an invariant was broken, or a limit of time exceeded.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config := s.config()
			if err := config.Check(); err != nil {
				return Usage{err}
			}
			progress := newBar(cmd.ErrOrStderr())
			defer progress.finish()
			config.Progress = progress.set
			program, err := os.Executable()
			if err != nil {
				return err
			}
			options := config.Needs()
			options.Binary, options.Services, options.Dir, options.Sync = program, s.Programs, s.Data, s.Sync
			progress.set("starting", 0, 1)
			ground, err := stage.Open(cmd.Context(), options)
			if err != nil {
				return err
			}
			report, err := chaos.Run(cmd.Context(), config, ground)
			progress.finish()
			if err = errors.Join(err, ground.Close()); err != nil {
				return err
			}
			if s.JSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				err = encoder.Encode(report)
			} else {
				err = report.Table(cmd.OutOrStdout())
			}
			if s.Limits {
				err = errors.Join(err, report.Soon())
			}
			return errors.Join(report.Sound(), err)
		},
	}
	bind(cmd, &s)
	return cmd
}
