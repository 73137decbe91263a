package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// maxKeys is the longest key file, in bytes; package keys reads none that is longer.
const maxKeys = 64 * 1024

// takeSettings are the flags of keys take.
type takeSettings struct {
	From string `flag:"from" default:"" doc:"The key file where it is mounted"`
	To   string `flag:"to" default:"" doc:"Where the process that runs as this user will look for it"`
}

// sealedKeys holds what is done with a key file. No Fairfloor need run; one that
// does follows within a second.
func sealedKeys() *cobra.Command {
	root := &cobra.Command{
		Use: "keys", Short: "What is done with a key file: rotating and retiring the keys that sign links", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(takeKeys(), listKeys(), rotateKeys(), retireKeys())
	return root
}

// takeKeys copies a mounted key file, for container systems whose mounted secrets
// are links that belong to root: those package keys refuses, with good reason.
func takeKeys() *cobra.Command {
	var s takeSettings
	cmd := &cobra.Command{
		Use: "take", Args: cobra.NoArgs,
		Short: "Copy a mounted key file to where it is this user's own, and readable by nobody else",
		RunE: func(*cobra.Command, []string) error {
			if s.From == "" || s.To == "" {
				return Usage{errors.New("from, to: say which key file to copy, and where to")}
			}
			return take(s.From, s.To)
		},
	}
	bind(cmd, &s)
	return cmd
}

// take copies from to to, of mode 0600 in a folder of mode 0700. What lies there is
// replaced whole or not at all.
func take(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	raw, err := io.ReadAll(io.LimitReader(source, maxKeys+1))
	if err != nil {
		return err
	}
	if len(raw) > maxKeys {
		return fmt.Errorf("%s is longer than %d bytes, so it is no key file", from, maxKeys)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	// os.CreateTemp makes files with mode 0600.
	aside, err := os.CreateTemp(filepath.Dir(to), ".taken-*")
	if err != nil {
		return err
	}
	_, err = aside.Write(raw)
	if err = errors.Join(err, aside.Sync(), aside.Close()); err == nil {
		err = os.Rename(aside.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(aside.Name()))
	}
	return nil
}
