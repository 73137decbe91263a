package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/proof"
)

func verifyLog() *cobra.Command {
	var receiptFiles []string
	var key string
	cmd := &cobra.Command{
		Use: "verify-log LOG.ndjson", Short: "Check an exported log's hash chain, and kept receipts against it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return Usage{err}
			}
			defer func() { _ = file.Close() }()
			log, err := proof.ReadLog(bufio.NewReader(file))
			if err != nil {
				return err
			}
			receipts, err := readReceipts(receiptFiles)
			if err != nil {
				return Usage{err}
			}
			findings := proof.Check(log, receipts, key)
			for _, finding := range findings {
				_, _ = fmt.Fprintln(cmd.OutOrStdout(), finding)
			}
			if len(findings) > 0 {
				return fmt.Errorf("%d findings", len(findings))
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d commits check, %d receipts agree\n", len(log.Lines), len(receipts))
			return err
		},
	}
	cmd.Flags().StringSliceVar(&receiptFiles, "receipts", nil, "Files with kept receipts: one, or an array, or one a line")
	cmd.Flags().StringVar(&key, "key", "", "The session's public key as in the invitation; that of the log when empty")
	return cmd
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
