package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/mdp/qrterminal/v3"
	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/sample"
)

// serveSettings are those of serve.
type serveSettings struct {
	App       app.Settings
	Sample    bool   `flag:"sample" default:"false" doc:"Make (or find) a sample session of 53 place-holder applicants and print its links"`
	Minutes   int    `flag:"sample-minutes" default:"90" doc:"Length of the sample session in minutes, 5 to 600"`
	LinksJSON string `flag:"links-json" default:"" doc:"File to which the sample's links are written as JSON"`
}

func serve() *cobra.Command {
	var s serveSettings
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve everything from one process, with its data in one folder", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.Minutes < 5 || s.Minutes > 600 {
				return Usage{fmt.Errorf("sample-minutes: %d is not between 5 and 600", s.Minutes)}
			}
			if err := s.App.Gateway.Check(); err != nil {
				return Usage{err}
			}
			out := cmd.OutOrStdout()
			a, err := app.Start(cmd.Context(), s.App, app.Options{Version: Version()})
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(out, "Fairfloor serves at %s, data in %s\n", a.URL(), s.App.Process.Data)
			if !s.App.Gateway.Secure() {
				_, _ = fmt.Fprintln(out, insecure)
			}
			if err := s.welcome(cmd, a, out); err != nil {
				_ = a.Stop()
				return err
			}
			select {
			case <-cmd.Context().Done():
				_, _ = fmt.Fprintln(out, "Stopping: commands in work are finished first.")
				return a.Stop()
			case err := <-a.Done():
				return err
			}
		},
	}
	bind(cmd, &s)
	return cmd
}

// insecure says what browsers switch off without TLS (decisions.md 38).
const insecure = `Without TLS (--tls-cert and --tls-key, or --acme) browsers on other machines switch off:
microphone, notifications, screen wake lock, installing as an app, and checking receipts in the page.
Everything else works; on this machine itself (localhost) nothing is switched off.`

// welcome prints what a newcomer needs.
func (s *serveSettings) welcome(cmd *cobra.Command, a *app.App, out io.Writer) error {
	if !s.Sample {
		organiser, err := a.Organiser("console")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "Organiser's token, for the API and the command line (30 days):\n%s\nOrganiser's page: %s/organiser#%s\n", organiser, a.URL(), organiser)
		return err
	}
	progress := newBar(cmd.ErrOrStderr())
	defer progress.finish()
	maker := sample.Maker{Base: a.URL(), Token: a.Organiser, Minutes: s.Minutes, Progress: progress.set}
	links, err := maker.FindOrCreate(cmd.Context())
	if err != nil {
		return err
	}
	progress.finish()
	for _, link := range []struct{ name, url string }{
		{"Booth", links.Booth}, {"Room", links.Room}, {"Live", links.Live}, {"Speaker", links.Speaker}, {"Chair", links.Chair},
	} {
		if link.url == "" {
			continue
		}
		_, _ = fmt.Fprintf(out, "\n%s: %s\n", link.name, link.url)
		qrterminal.GenerateWithConfig(link.url, qrterminal.Config{
			Level: qrterminal.L, Writer: out, HalfBlocks: true, QuietZone: 1,
			BlackChar: qrterminal.BLACK_BLACK, WhiteBlackChar: qrterminal.WHITE_BLACK,
			WhiteChar: qrterminal.WHITE_WHITE, BlackWhiteChar: qrterminal.BLACK_WHITE,
		})
	}
	_, _ = fmt.Fprintf(out, "\nOrganiser: %s/organiser#%s\n", a.URL(), links.Organiser)
	_, _ = fmt.Fprintf(out, "\nSession code: %s. Open the links, press \"Start session\" on the chair's page. Ctrl-C stops; the data stays.\n", links.Code)
	if s.LinksJSON == "" {
		return nil
	}
	raw, err := json.MarshalIndent(links, "", "  ")
	if err != nil {
		return err
	}
	// Links are keys: nobody else on the machine may read them.
	return os.WriteFile(s.LinksJSON, append(raw, '\n'), 0o600)
}
