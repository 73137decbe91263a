package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/roster"
	"github.com/fairfloor/fairfloor/pkg/settings"
)

func trim(raw []byte) string { return string(bytes.TrimSpace(raw)) }

// defaults sets a settings struct to its defaults, without the environment.
func defaults(into any) {
	for _, row := range settings.Rows(into) {
		_ = settings.Values(into)[row.Flag].Set(row.Default)
	}
}

type importSettings struct {
	Server    string `flag:"server" default:"http://127.0.0.1:8080" doc:"Address of a running Fairfloor"`
	Organiser string `flag:"token-file" default:"" doc:"File with a token of the secretariat or an organiser"`
	Session   string `flag:"session" default:"" doc:"The session's id"`
	Preview   bool   `flag:"preview" default:"false" doc:"Only report; store nothing"`
	Accept    bool   `flag:"accept" default:"false" doc:"Accept the good rows at once"`
}

func imports() *cobra.Command {
	var s importSettings
	cmd := &cobra.Command{
		Use: "import FILE.csv", Short: "Import applicants from a CSV file (- is standard input), with a report by row", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := ids.Parse[ids.Session](s.Session)
			if err != nil || id.IsZero() {
				return Usage{fmt.Errorf("session: %q is not a session's id", s.Session)}
			}
			token, err := os.ReadFile(s.Organiser)
			if err != nil {
				return Usage{fmt.Errorf("token-file: %w", err)}
			}
			var file []byte
			if args[0] == "-" {
				file, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), 2<<20))
			} else {
				file, err = os.ReadFile(args[0])
			}
			if err != nil {
				return Usage{err}
			}
			var report roster.Preview
			path := fmt.Sprintf("/api/v1/sessions/%s/applicants/import?preview=%t&accept=%t", id, s.Preview, s.Accept)
			if err := (client.HTTP{Base: s.Server, Token: trim(token)}).Do(cmd.Context(), http.MethodPost, path, file, &report); err != nil {
				return err
			}
			return printRows(cmd.OutOrStdout(), &report)
		},
	}
	bind(cmd, &s)
	return cmd
}

func printRows(out io.Writer, report *roster.Preview) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "LINE\tOUTCOME\tORGANISATION\tWHY")
	for _, f := range report.Findings {
		why := f.Of
		if f.Problem != nil {
			why = f.Problem.Field + ": " + f.Problem.Detail + " " + f.Problem.Do
		}
		_, _ = fmt.Fprintf(t, "%d\t%s\t%s\t%s\n", f.Line, f.Outcome, f.Organisation, why)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d accepted, %d duplicates, %d with errors\n", report.Accepted, report.Duplicates, report.Errors)
	return err
}
