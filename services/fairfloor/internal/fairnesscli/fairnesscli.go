// Package fairnesscli is the part of the fairfloor command that needs no
// running service: simulate, plan, allocate, apportion, measures, lot and eta.
//
// It guarantees that with --json standard output holds exactly one JSON value
// with snake_case keys and units in the names, that nothing but that is ever
// written there, and that every refusal is an [*Error], which names the field
// at fault and for which the program ends with exit code 2.
package fairnesscli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Error is a refusal of a command: bad flags, bad input, an unreadable file.
type Error struct{ Err error }

// Error says what was wrong and what to do about it.
func (e *Error) Error() string {
	var p *problem.Error
	if errors.As(e.Err, &p) && p.Do != "" {
		return p.Error() + "; " + p.Do
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode is what the program ends with.
func (e *Error) ExitCode() int { return 2 }

// say prints for people. Who closed the pipe does not want to read on, and what
// is for programs goes through encode, which checks.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// Commands are the commands of this package, to be added to the root.
func Commands() []*cobra.Command {
	commands := []*cobra.Command{
		simulateCommand(), planCommand(), allocateCommand(), apportionCommand(),
		measuresCommand(), lotCommand(), etaCommand(),
	}
	for _, c := range commands {
		guard(c)
	}
	return commands
}

// guard turns every error of a command and its children into an *Error, and
// keeps cobra from printing: the program does that, once.
func guard(c *cobra.Command) {
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return refuse(err) })
	args, run := c.Args, c.RunE
	if args == nil {
		args = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, a []string) error { return refuse(args(c, a)) }
	if run != nil {
		c.RunE = func(c *cobra.Command, a []string) error {
			// cobra checks required flags itself, with a plain error; these
			// commands check in RunE so that the error has our type.
			return refuse(run(c, a))
		}
	} else {
		c.RunE = func(c *cobra.Command, _ []string) error {
			return refuse(fmt.Errorf("%s needs a subcommand; see %s --help", c.Name(), c.CommandPath()))
		}
	}
	for _, child := range c.Commands() {
		guard(child)
	}
}

// refuse wraps an error once; nil stays nil.
func refuse(err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{err}
}

// needs refuses a command that lacks one of its flags.
func needs(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if !c.Flags().Changed(name) {
			return problem.Field(name, "--%s is missing", name).Try("see %s --help", c.CommandPath())
		}
	}
	return nil
}

// mostInput is the most that is read from standard input or a file.
const mostInput = 64 << 20

// decode reads one JSON value. What would otherwise be overlooked is refused:
// fields that do not exist, keys that stand there twice, a second value.
func decode(r io.Reader, into any) error {
	text, err := io.ReadAll(io.LimitReader(r, mostInput+1))
	switch {
	case err != nil:
		return problem.Field("input", "%v", err)
	case len(text) > mostInput:
		return problem.Field("input", "it is longer than %d MB", mostInput>>20)
	case len(bytes.TrimSpace(text)) == 0:
		return problem.Field("input", "standard input is empty").Try("give a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return problem.Field("input", "not the JSON that is expected: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return problem.Field("input", "something follows the JSON value")
	}
	return once(text)
}

// once refuses an object with the same key twice: of two numbers for one
// group or field nobody could say which was meant. The text is valid JSON.
func once(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	var open []map[string]bool // keys so far of each value not closed; nil is an array
	key := false
	for {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the text was decoded before, so this is its end
		}
		top := len(open) - 1
		if delimiter, ok := token.(json.Delim); ok && (delimiter == '}' || delimiter == ']') {
			open = open[:top]
			key = top > 0 && open[top-1] != nil
			continue
		}
		if key {
			name, _ := token.(string)
			if open[top][name] {
				return problem.Field("input", "the key %q stands there twice", name).Try("give each once")
			}
			open[top][name] = true
			key = false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// encode writes one JSON value.
func encode(c *cobra.Command, value any) error {
	e := json.NewEncoder(c.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// integer reads a JSON number that must be whole and fit 64 bits.
func integer(n json.Number, field string) (int64, error) {
	if v, err := n.Int64(); err == nil {
		return v, nil
	}
	// 6e4 and 60000.0 are whole numbers too.
	v, err := n.Float64()
	if err != nil || v != math.Trunc(v) || math.Abs(v) >= 1<<53 {
		return 0, problem.Field(field, "%s is not a whole number that fits", n)
	}
	return int64(v), nil
}

// seconds are milliseconds as seconds, to the millisecond.
func seconds(ms int64) float64 { return float64(ms) / 1000 }

// millis are seconds given on the command line as milliseconds; what is no
// length of time is refused.
func millis(s, unitS float64, field string) (int64, error) {
	v := s * unitS * 1000
	if math.IsNaN(v) || v < 0 || v > 24*3_600_000 {
		return 0, problem.Field(field, "%v is not between 0 and 24 hours", s).Try("give a duration between 0 and 24 hours")
	}
	return int64(math.Round(v)), nil
}

// round cuts digits that mean nothing.
func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}
