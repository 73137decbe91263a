package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/clock"
	"github.com/fairfloor/fairfloor/pkg/retention"
	"github.com/fairfloor/fairfloor/services/gateway"
)

// retentionSettings are those of retention. Days of -1 leave what the server is set to.
type retentionSettings struct {
	Server     string `flag:"server" default:"http://127.0.0.1:8080" doc:"Address of a running Fairfloor"`
	Token      string `flag:"token-file" default:"" doc:"File with a token of an organiser or the secretariat"`
	People     int64  `flag:"people-days" default:"-1" doc:"Reckon with so many days for names, contacts and reasons; 0 for no end, -1 as the server is set"`
	Statements int64  `flag:"statements-days" default:"-1" doc:"Reckon with so many days for written statements; 0 for no end, -1 as the server is set"`
	Transcript int64  `flag:"transcript-days" default:"-1" doc:"Reckon with so many days for the words of transcripts; 0 for no end, -1 as the server is set"`
	JSON       bool   `flag:"json" default:"false" doc:"Print the answer as JSON"`
}

// retentionCommand says what goes and when. It is always a dry run: what erases
// is the running registry, by its settings keep-people-days, keep-statements-days
// and keep-transcript-days.
func retentionCommand() *cobra.Command {
	var s retentionSettings
	cmd := &cobra.Command{
		Use: "retention", Args: cobra.NoArgs,
		Short: "Say what would be erased of each session, and when; change nothing",
		Long: "Says of each session how many persons, statements and captions are kept and until when, by the running server's settings\n" +
			"keep-people-days, keep-statements-days and keep-transcript-days, or by the days given here: a dry run of other settings. It erases nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := os.ReadFile(s.Token)
			if err != nil {
				return Usage{fmt.Errorf("token-file: %w", err)}
			}
			var all []gateway.Keeping
			if err := (client.HTTP{Base: s.Server, Token: trim(token)}).Do(cmd.Context(), http.MethodGet, s.path(), nil, &all); err != nil {
				return err
			}
			if s.JSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
			}
			return stays(cmd.OutOrStdout(), all)
		},
	}
	bind(cmd, &s)
	return cmd
}

// path is the address of the answer.
func (s *retentionSettings) path() string {
	return "/api/v1/retention?" + url.Values{
		"people": {strconv.FormatInt(s.People, 10)}, "statements": {strconv.FormatInt(s.Statements, 10)},
		"transcript": {strconv.FormatInt(s.Transcript, 10)},
	}.Encode()
}

// stays writes a row for each session and class.
func stays(out io.Writer, all []gateway.Keeping) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "SESSION\tCODE\tWHAT\tHOW MANY\tGOES")
	for _, session := range all {
		for _, stay := range session.Stays {
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", session.Session, session.Code, stay.Kept, stay.Count, goes(session, stay))
		}
	}
	return t.Flush()
}

// goes says when something is erased.
func goes(session gateway.Keeping, stay retention.Stay) string {
	day := func(at clock.Instant) string { return at.Time().UTC().Format(time.RFC3339) }
	switch {
	case !stay.EndedAt.IsZero():
		return "erased " + day(stay.EndedAt)
	case stay.Days == 0:
		return "when somebody erases it"
	case session.AdjournedAt.IsZero():
		return fmt.Sprintf("%d days after the adjournment", stay.Days)
	default:
		return day(stay.Until)
	}
}
