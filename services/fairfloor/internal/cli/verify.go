package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/client"
	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/proof"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/record"
)

type recordSettings struct {
	Server string `flag:"server" default:"http://127.0.0.1:8080" doc:"Address of a running Fairfloor"`
	Token  string `flag:"token-file" default:"" doc:"File with a token of the secretariat or an organiser"`
	Log    string `flag:"log" default:"" doc:"File with an exported log, instead of a running Fairfloor"`
	JSON   bool   `flag:"json" default:"false" doc:"Print the record as JSON; a summary otherwise"`
}

func recordCommand() *cobra.Command {
	var s recordSettings
	cmd := &cobra.Command{
		Use: "record [SESSION]", Short: "Print a session's record: published inputs, rule, decisions, turns and figures", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var raw []byte
			var err error
			switch {
			case s.Log != "":
				raw, err = os.ReadFile(s.Log)
			case len(args) == 1:
				raw, err = fetchLog(cmd, s, args[0])
			default:
				err = errors.New("name a session, or a file with --log")
			}
			if err != nil {
				return Usage{err}
			}
			log, err := proof.ReadLog(bytes.NewReader(raw))
			if err != nil {
				return Usage{err}
			}
			r, err := record.Build(log.Lines)
			if err != nil {
				return Usage{err}
			}
			if !s.JSON {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%d applied, %d heard of %d present, %d not reached, Jain offered %.4f, shortest %.0f s, overrun %.0f s\n",
					r.Title, r.Figures.Applied, r.Figures.Heard, r.Figures.Present, r.Figures.NotReached, r.Figures.JainOffered,
					float64(r.Figures.ShortestOfferedMS)/1000, r.Figures.OverrunS)
				return err
			}
			text, err := r.JSON()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
			return err
		},
	}
	bind(cmd, &s)
	return cmd
}

// fetchLog gets a session's log from a running Fairfloor.
func fetchLog(cmd *cobra.Command, s recordSettings, name string) ([]byte, error) {
	id, err := ids.Parse[ids.Session](name)
	if err != nil || id.IsZero() {
		return nil, fmt.Errorf("%q is not a session's id", name)
	}
	token, err := os.ReadFile(s.Token)
	if err != nil {
		return nil, fmt.Errorf("token-file: %w", err)
	}
	var raw []byte
	err = client.HTTP{Base: s.Server, Token: trim(token)}.Do(cmd.Context(), http.MethodGet, "/api/v1/sessions/"+id.String()+"/log", nil, &raw)
	return raw, err
}

// Differs is the error of a record that does not verify: exit code 1.
type Differs struct{ Count int }

// Error says how many differences there are.
func (d Differs) Error() string { return fmt.Sprintf("%d differences", d.Count) }

func verifyCommand() *cobra.Command {
	var receiptFiles []string
	var key string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify RECORD.json", Aliases: []string{"verify-log"}, Args: cobra.ExactArgs(1),
		Short: "Recompute a record (or check an exported log), and kept receipts against it; say what differs",
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return Usage{err}
			}
			receipts, err := readReceipts(receiptFiles)
			if err != nil {
				return Usage{err}
			}
			lines, differences, err := judge(raw)
			if err != nil {
				return Usage{err}
			}
			for _, f := range proof.Check(&proof.Log{Lines: lines}, receipts, key) {
				d := record.Difference{Where: "log and receipts", What: f.String()}
				if len(differences) == 0 || differences[0].What != d.What {
					differences = append(differences, d)
				}
			}
			if asJSON {
				answer := map[string]any{"verified": len(differences) == 0, "commits": len(lines), "receipts": len(receipts), "differences": append([]record.Difference{}, differences...)}
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(answer); err != nil {
					return err
				}
			} else {
				for _, d := range differences {
					_, _ = fmt.Fprintln(cmd.OutOrStdout(), d)
				}
			}
			if len(differences) > 0 {
				return Differs{len(differences)}
			}
			if !asJSON {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d commits check, %d receipts agree, nothing differs\n", len(lines), len(receipts))
			}
			return err
		},
	}
	cmd.Flags().StringSliceVar(&receiptFiles, "receipts", nil, "Files with kept receipts: one, or an array, or one a line")
	cmd.Flags().StringVar(&key, "key", "", "The session's public key as in the invitation; that of the log when empty")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print the answer as JSON")
	return cmd
}

// judge reads a record, or an exported log, and verifies it.
func judge(raw []byte) ([]proof.Line, []record.Difference, error) {
	var r record.Record
	if err := json.Unmarshal(raw, &r); err == nil && r.Version > 0 {
		if r.Version != record.Version {
			return nil, nil, fmt.Errorf("this is version %d of a record's form; %d is known here", r.Version, record.Version)
		}
		return r.Log, record.Verify(&r), nil
	}
	log, err := proof.ReadLog(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, fmt.Errorf("this is neither a record nor an exported log: %w", err)
	}
	return log.Lines, nil, nil
}

// readReceipts reads files with one receipt, an array, or one receipt a line.
func readReceipts(files []string) ([]command.Receipt, error) {
	var all []command.Receipt
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(file)
		for {
			var raw json.RawMessage
			if err = decoder.Decode(&raw); err != nil {
				break
			}
			var many []command.Receipt
			if len(raw) == 0 || raw[0] != '[' {
				many = make([]command.Receipt, 1)
				err = json.Unmarshal(raw, &many[0])
			} else {
				err = json.Unmarshal(raw, &many)
			}
			if err != nil {
				break
			}
			all = append(all, many...)
		}
		_ = file.Close()
		if !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s holds no receipts: %w", name, err)
		}
	}
	return all, nil
}
