package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/eventlog"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/keys"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/rehearse"
)

// rehearsalSettings are those of rehearse.
type rehearsalSettings struct {
	Applicants int     `flag:"applicants" default:"53" doc:"How many apply, 1 to 500"`
	Minutes    int     `flag:"minutes" default:"90" doc:"Minutes from the start to the hard end, 5 to 600"`
	Seed       uint64  `flag:"seed" default:"1" doc:"Seed of the speakers' behaviour: the same seed gives the same bytes of --json"`
	Speed      float64 `flag:"speed" default:"0" doc:"Pace for watching, session seconds a second; 0 is as fast as it goes. With --server the speed of the scaled clock (60 when 0)"`
	Overrun    float64 `flag:"overrun" default:"0.03" doc:"Mean of the log of prepared over allotted length: 0.03 texts written to length, 0.196 as measured"`
	Absent     float64 `flag:"no-shows" default:"0" doc:"Share of speakers who are not there when called, 0 to 1; half of them come late"`
	Drops      int     `flag:"drops" default:"0" doc:"How many lines are dropped in mid-session"`
	Late       int     `flag:"late-joiners" default:"0" doc:"How many of the applicants join after the list closed"`
	Stopped    int     `flag:"interruption" default:"0" doc:"How many seconds the session is suspended for, once, at two fifths of its time, 0 to 3600"`
	NeverRaise bool    `flag:"never-raise" default:"false" doc:"The chair confirms no raise of the announced number; otherwise each at once"`
	Points     int     `flag:"points" default:"0" doc:"How many points of order are raised"`
	Alone      bool    `flag:"secretariat-alone" default:"false" doc:"No delegate ever opens Fairfloor: the secretariat does everything on their behalf"`
	Order      string  `flag:"order" default:"list" doc:"Ordering rule: list, sainte_lague, lot, categories or room_remote; all but list have their lot drawn before the start"`
	Parts      bool    `flag:"parts" default:"false" doc:"Three parts: opening, an item with its list, questions"`
	Captions   string  `flag:"captions" default:"watched" doc:"Whether the speakers' words are captioned as they speak: on, off, or watched: on when --speed gives a pace for watching"`
	Server     string  `flag:"server" default:"" doc:"Address of a running Fairfloor to rehearse against, with a scaled clock; none starts one in this process, with a gated clock"`
	Organiser  string  `flag:"token-file" default:"" doc:"File with an organiser's token, for --server"`
	Record     string  `flag:"record" default:"" doc:"File to which the session's exported log is written, for record --log and verify"`
	JSON       bool    `flag:"json" default:"false" doc:"Print the report as JSON"`
}

func rehearsal() *cobra.Command {
	var s rehearsalSettings
	cmd := &cobra.Command{
		Use: "rehearse", Short: "Run a whole session with simulated speakers, each a real client", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config := rehearse.Config{
				Base: s.Server, Applicants: s.Applicants, Minutes: s.Minutes, Seed: s.Seed, Absent: s.Absent,
				Overrun: s.Overrun, Drops: s.Drops, Alone: s.Alone, Points: s.Points, Parts: s.Parts,
				Order: s.Order, LateJoiners: s.Late, InterruptionS: s.Stopped, NeverRaise: s.NeverRaise,
			}
			switch s.Captions {
			case "on":
				config.Captions = true
			case "watched":
				config.Captions = s.Speed > 0
			case "off":
			default:
				return Usage{fmt.Errorf("captions: %q is none of on, off, watched", s.Captions)}
			}
			progress := newBar(cmd.ErrOrStderr())
			defer progress.finish()
			config.Progress = func(done, of int, now clock.Instant) {
				progress.set(now.Time().Format("15:04:05")+" speakers", done, of)
			}
			config.Ready = func(_ ids.Session, links map[string]string) {
				if !s.JSON {
					_, _ = fmt.Fprintf(cmd.OutOrStdout(), "Watch: %s\nChair: %s\n", links["observer"], links["chair"])
				}
			}
			var report *rehearse.Report
			var err error
			if s.Server == "" {
				report, err = gated(cmd.Context(), config, s.Speed)
			} else {
				report, err = scaled(cmd.Context(), config, s)
			}
			progress.finish()
			if err != nil {
				return err
			}
			if s.Record != "" {
				if err := os.WriteFile(s.Record, report.Log, 0o600); err != nil {
					return err
				}
			}
			if !s.JSON {
				return report.Table(cmd.OutOrStdout())
			}
			encoder := json.NewEncoder(cmd.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(report)
		},
	}
	bind(cmd, &s)
	return cmd
}

// gate is the gated clock of the process with the quiet of its log.
type gate struct {
	*clock.Gated
	activity *eventlog.Activity
}

// Settle returns when nothing more can happen while the clock stands.
func (g gate) Settle(ctx context.Context) error { return g.activity.Settled(ctx) }

// gated rehearses in this process, on data that is thrown away.
func gated(ctx context.Context, config rehearse.Config, pace float64) (*rehearse.Report, error) {
	folder, err := os.MkdirTemp("", "fairfloor-rehearsal-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	stand := clock.NewGated(rehearse.Begin())
	var s app.Settings
	defaults(&s)
	s.Process.Data, s.Process.LogLevel = folder, "error"
	s.Gateway.Address, s.Gateway.PerSecond = "127.0.0.1:0", -1
	a, err := app.Start(ctx, s, app.Options{Clock: stand, Keys: keys.Ephemeral(), Version: Version()})
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Stop() }()
	config.Base, config.Pace = a.URL(), pace
	config.Gate = gate{stand, a.Process.Log.Activity()}
	if config.Organiser, err = a.Organiser("rehearsal"); err != nil {
		return nil, err
	}
	return rehearse.Run(ctx, config)
}

// scaled rehearses against a running Fairfloor.
func scaled(ctx context.Context, config rehearse.Config, s rehearsalSettings) (*rehearse.Report, error) {
	raw, err := os.ReadFile(s.Organiser)
	if err != nil {
		return nil, Usage{fmt.Errorf("token-file: an organiser's token is needed with --server: %w", err)}
	}
	config.Organiser = trim(raw)
	config.Speed = s.Speed
	if config.Speed == 0 {
		config.Speed = 60
	}
	// A session at this speed takes so long; twice that is stuck.
	limit := time.Duration(float64(2*(config.Minutes+60))*float64(time.Minute)/config.Speed) + time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return rehearse.Run(ctx, config)
}
