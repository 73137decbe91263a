package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/captions/export"
	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// transcriptSettings are those of transcript export.
type transcriptSettings struct {
	Server  string `flag:"server" default:"http://127.0.0.1:8080" doc:"Address of the running Fairfloor"`
	Token   string `flag:"token-file" default:"" doc:"File with a token; without one, what the public may read"`
	Session string `flag:"session" default:"" doc:"The session's id"`
	Track   string `flag:"track" default:"en" doc:"Language of the track (BCP 47)"`
	Format  string `flag:"format" default:"vtt" doc:"vtt, srt, ttml, txt, md or json"`
	From    string `flag:"from" default:"" doc:"Only what was said from this time on (RFC 3339)"`
	To      string `flag:"to" default:"" doc:"Only what was said before this time (RFC 3339)"`
	Turn    string `flag:"turn" default:"" doc:"Only the words of this turn (its id)"`
	Out     string `flag:"out" default:"-" doc:"File to write; - is standard output"`
}

func transcripts() *cobra.Command {
	cmd := &cobra.Command{Use: "transcript", Short: "The transcript of a session"}
	var s transcriptSettings
	one := &cobra.Command{
		Use: "export", Short: "Write a track of the transcript as subtitles, text, Markdown or JSON", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := s.path()
			if err != nil {
				return Usage{err}
			}
			door := client.HTTP{Base: s.Server}
			if s.Token != "" {
				token, err := os.ReadFile(s.Token)
				if err != nil {
					return Usage{fmt.Errorf("token-file: %w", err)}
				}
				door.Token = trim(token)
			}
			var file []byte
			if err := door.Do(cmd.Context(), http.MethodGet, path, nil, &file); err != nil {
				return err
			}
			if s.Out == "-" {
				_, err := cmd.OutOrStdout().Write(file)
				return err
			}
			return os.WriteFile(s.Out, file, 0o600)
		},
	}
	bind(one, &s)
	cmd.AddCommand(one)
	return cmd
}

// path is the address of the download, or what is wrong with the flags.
func (s *transcriptSettings) path() (string, error) {
	id, err := ids.Parse[ids.Session](s.Session)
	if err != nil || id.IsZero() {
		return "", fmt.Errorf("session: %q is not a session's id", s.Session)
	}
	format, err := export.ParseFormat(s.Format)
	if err != nil {
		return "", fmt.Errorf("format: %q is none of vtt, srt, ttml, txt, md, json", s.Format)
	}
	query := url.Values{}
	for name, text := range map[string]string{"from": s.From, "to": s.To} {
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return "", fmt.Errorf("%s: %q is not a time such as 2026-03-01T09:30:00Z", name, text)
		}
		query.Set(name, strconv.FormatInt(at.UnixMilli(), 10))
	}
	if s.Turn != "" {
		turn, err := ids.Parse[ids.Turn](s.Turn)
		if err != nil {
			return "", fmt.Errorf("turn: %q is not a turn's id", s.Turn)
		}
		query.Set("turn", turn.String())
	}
	path := "/api/v1/sessions/" + id.String() + "/transcript/" + url.PathEscape(s.Track) + "." + string(format)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, nil
}
