// Package telemetry sets up log lines, metrics and traces, alike in every service.
//
// Guarantee: log lines and traces carry identifiers, not people. An attribute
// is written only under a key of the one allow-list, and only when its value is
// what the key is for: a UUID under "person", a single word under "subject".
// Everything else is dropped and counted, whoever wrote the line, libraries
// included. The message of a log line is a constant of the program. A service
// runs the same without any of it: no collector, no endpoint, no configuration.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"

	"go.opentelemetry.io/otel/trace"
)

// LogConfig says how log lines are written.
type LogConfig struct {
	// Service is the attribute "service" of each line.
	Service string
	// Format is "json" (the default) or "text".
	Format string
	// Level is "debug", "info" (the default), "warn" or "error".
	Level string
	// Writer takes the lines; nil means the standard error stream.
	Writer io.Writer
	// Allow adds keys to the allow-list, for single words and figures.
	Allow []string
	// Dropped, when set, is told how many attributes a line lost, for a metric.
	Dropped func(n int)
}

// Logger makes a logger. The error names the setting that is wrong.
func Logger(c LogConfig) (*slog.Logger, error) {
	var level slog.Level
	if c.Level != "" {
		if err := level.UnmarshalText([]byte(c.Level)); err != nil {
			return nil, fmt.Errorf("log level %.20q is not debug, info, warn or error", c.Level)
		}
	}
	if c.Writer == nil {
		c.Writer = os.Stderr
	}
	var inner slog.Handler
	switch options := (&slog.HandlerOptions{Level: level}); c.Format {
	case "", "json":
		inner = slog.NewJSONHandler(c.Writer, options)
	case "text":
		inner = slog.NewTextHandler(c.Writer, options)
	default:
		return nil, fmt.Errorf("log format %.20q is not json or text", c.Format)
	}
	allow := maps.Clone(rules)
	for _, key := range c.Allow {
		if allow[key] == 0 {
			allow[key] = word
		}
	}
	if c.Dropped == nil {
		c.Dropped = func(int) {}
	}
	logger := slog.New(&guard{inner: inner, allow: allow, told: c.Dropped})
	if c.Service != "" {
		logger = logger.With("service", c.Service)
	}
	return logger, nil
}

// guard is a handler that passes on only what the allow-list allows.
type guard struct {
	inner slog.Handler
	allow map[string]rule
	told  func(int)
	// dropped counts what With lost; each line of that logger says so.
	dropped int
}

// Enabled asks the inner handler.
func (g *guard) Enabled(ctx context.Context, level slog.Level) bool {
	return g.inner.Enabled(ctx, level)
}

// Handle writes a line with its allowed attributes and, in a span, its ids.
func (g *guard) Handle(ctx context.Context, line slog.Record) error {
	clean := slog.NewRecord(line.Time, line.Level, line.Message, line.PC)
	dropped := 0
	line.Attrs(func(a slog.Attr) bool {
		// An attribute that may not be written comes back empty, and a handler
		// leaves empty ones out.
		kept, n := g.filter(a)
		clean.AddAttrs(kept)
		dropped += n
		return true
	})
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		clean.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	if dropped > 0 {
		g.told(dropped)
	}
	if dropped += g.dropped; dropped > 0 {
		clean.AddAttrs(slog.Int("dropped_attrs", dropped))
	}
	return g.inner.Handle(ctx, clean)
}

// WithAttrs filters the attributes once.
func (g *guard) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *g
	kept := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		clean, n := g.filter(a)
		kept = append(kept, clean)
		next.dropped += n
	}
	if lost := next.dropped - g.dropped; lost > 0 {
		g.told(lost)
	}
	next.inner = g.inner.WithAttrs(kept)
	return &next
}

// WithGroup opens a group; the keys inside are checked like others.
func (g *guard) WithGroup(name string) slog.Handler {
	if name == "" {
		return g
	}
	next := *g
	next.inner = g.inner.WithGroup(name)
	return &next
}

// filter gives an attribute as it may be written (empty when it may not) and
// how many it lost.
func (g *guard) filter(a slog.Attr) (slog.Attr, int) {
	// A value may decide only now what it shows of itself.
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		kept, lost := []slog.Attr{}, 0
		for _, member := range value.Group() {
			clean, n := g.filter(member)
			lost += n
			if n == 0 || clean.Key != "" {
				kept = append(kept, clean)
			}
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(kept...)}, lost
	}
	if a.Equal(slog.Attr{}) {
		return a, 0
	}
	r := g.allow[a.Key]
	if r == 0 {
		return slog.Attr{}, 1
	}
	text, ok := "", false
	switch value.Kind() {
	case slog.KindString:
		text, ok = r.allowed(value.String())
	case slog.KindAny:
		text, ok = r.valueText(value.Any())
	default:
		return slog.Attr{Key: a.Key, Value: value}, 0
	}
	if !ok {
		return slog.Attr{}, 1
	}
	return slog.String(a.Key, text), 0
}
