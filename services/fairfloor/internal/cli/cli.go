// Package cli is the command line of fairfloor.
//
// Guarantee: every command says what it does with --help; errors go to stderr
// with exit code 2 (bad input) or 1 (everything else); what is meant for
// programs goes to stdout as JSON where --json is given.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/process"
	"github.com/fairfloor/fairfloor/pkg/settings"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/app"
	"github.com/fairfloor/fairfloor/services/fairfloor/internal/fairnesscli"
	"github.com/fairfloor/fairfloor/services/gateway"
)

// Usage is an error in what was asked for: exit code 2.
type Usage struct{ Err error }

// Error is the error's text.
func (u Usage) Error() string { return u.Err.Error() }

// Unwrap gives the error.
func (u Usage) Unwrap() error { return u.Err }

// ExitCode is 2.
func (u Usage) ExitCode() int { return 2 }

// Version is the version that the build recorded.
func Version() string { return process.Version() }

// Main runs the command line and gives the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := Root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, "fairfloor:", err)
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// Root is the command with all its subcommands.
func Root() *cobra.Command {
	root := &cobra.Command{
		Use: "fairfloor", Short: "Live consultations: who may speak, in what order, for how long, and what was said",
		SilenceErrors: true, SilenceUsage: true, Version: Version(),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return fmt.Errorf("there is no command %q; %s --help lists them", args[0], cmd.Name())
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Usage{err} })
	root.AddCommand(serve(), rehearsal(), loading(), chaosCommand(), imports(), transcripts(), recordCommand(), verifyCommand(), version(), health(), config(), openapi(), asyncapi(), cluster(), sealedKeys(), linkCommand(), retentionCommand())
	root.AddCommand(fairnesscli.Commands()...)
	for _, cmd := range append(root.Commands(), root) {
		if check := cmd.Args; check != nil {
			cmd.Args = func(cmd *cobra.Command, args []string) error {
				if err := check(cmd, args); err != nil {
					return Usage{err}
				}
				return nil
			}
		}
	}
	return root
}

// bind gives a command the flags of a settings struct; a variable whose value
// cannot be read ends the command before it does anything.
func bind(cmd *cobra.Command, into any) {
	values := settings.Values(into)
	var wrong error
	for _, row := range settings.Rows(into) {
		value, text := values[row.Flag], row.Default
		if given, ok := os.LookupEnv(row.Variable); ok {
			text = given
		}
		if err := value.Set(text); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %q: %w", row.Variable, text, err))
		}
		flag := cmd.Flags().VarPF(value, row.Flag, "", row.Meaning+" ("+row.Variable+")")
		if value.Type() == "bool" {
			flag.NoOptDefVal = "true"
		}
	}
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if wrong != nil {
			return Usage{wrong}
		}
		return nil
	}
}

func version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), Version())
			return err
		},
	}
}

func config() *cobra.Command {
	var s app.Settings
	cmd := &cobra.Command{
		Use: "config", Short: "Print every setting with its value, default and meaning", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return settings.Print(cmd.OutOrStdout(), &s) },
	}
	bind(cmd, &s)
	return cmd
}

func openapi() *cobra.Command {
	return &cobra.Command{
		Use: "openapi", Short: "Print the OpenAPI 3.1 document of the HTTP API", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return write(cmd.OutOrStdout())(gateway.OpenAPI(Version()))
		},
	}
}

func asyncapi() *cobra.Command {
	return &cobra.Command{
		Use: "asyncapi", Short: "Print the AsyncAPI 3 document of websocket and events", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return write(cmd.OutOrStdout())(gateway.AsyncAPI(Version()))
		},
	}
}

func write(out io.Writer) func([]byte, error) error {
	return func(raw []byte, err error) error {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, string(raw))
		return err
	}
}

func health() *cobra.Command {
	var address string
	var secure bool
	cmd := &cobra.Command{
		Use: "health", Short: "Say whether a running Fairfloor is ready (exit code 0) or why not", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := process.Health(cmd.Context(), address, secure)
			if errors.Is(err, process.ErrAddress) {
				return Usage{err}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), status)
			return err
		},
	}
	cmd.Flags().StringVar(&address, "address", "127.0.0.1:8080", "Where it serves")
	cmd.Flags().BoolVar(&secure, "tls", false, "It serves https; the certificate is not checked")
	return cmd
}
