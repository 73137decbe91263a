package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// secret is a name that must not be in any output.
const secret = "Ada Lovelace"

// line is what one call of a logger wrote.
func line(t *testing.T, c LogConfig, call func(*slog.Logger)) (map[string]any, string) {
	t.Helper()
	var out bytes.Buffer
	c.Writer = &out
	logger, err := Logger(c)
	if err != nil {
		t.Fatal(err)
	}
	call(logger)
	written := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &written); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	return written, out.String()
}

// person is a structure that somebody might log by mistake; hiding decides late
// what it shows, as slog.LogValuer allows.
type person struct{ Name string }

type hiding struct{ person }

func (h hiding) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", h.Name), slog.Int("n", 3))
}

func TestAllowedAttributes(t *testing.T) {
	id := ids.New[ids.Person]()
	for _, c := range []struct {
		name string
		attr slog.Attr
		want any
	}{
		{"an id", slog.Any("person", id), id.String()},
		{"an id as text", slog.String("person", id.String()), id.String()},
		{"no id", slog.Any("person", ids.Person{}), ""},
		{"a subject", slog.String("subject", "evt.queue."+id.String()), "evt.queue." + id.String()},
		{"a figure", slog.Int("count", 7), 7.0},
		{"a duration", slog.Duration("took", time.Second), 1e9},
		{"a truth value", slog.Bool("state", true), true},
		{"an error", slog.Any("err", errors.New("nats: timeout")), "nats: timeout"},
		{"no error", slog.Any("err", nil), ""},
		{"a refusal's code and field", slog.Any("err", fmt.Errorf("join: %w", problem.Field("name", "%q is too long", secret))), "invalid name"},
		{"a fault of ours", slog.Any("err", problem.New(problem.Busy, "no leader")), "busy: no leader"},
		{"a structure's type", slog.Any("reason", person{secret}), "(telemetry.person)"},
		{"a key that the service added", slog.String("sittings", "12"), "12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, out := line(t, LogConfig{Allow: []string{"sittings"}}, func(l *slog.Logger) { l.LogAttrs(t.Context(), slog.LevelInfo, "said", c.attr) })
			if got[c.attr.Key] != c.want || got["dropped_attrs"] != nil || strings.Contains(out, secret) {
				t.Errorf("%s; want %s %v", out, c.attr.Key, c.want)
			}
		})
	}
}

func TestDroppedAttributes(t *testing.T) {
	for _, c := range []struct {
		name string
		attr slog.Attr
		lost float64
	}{
		{"a key that is not allowed", slog.String("name", secret), 1},
		{"a name under an id's key", slog.String("person", secret), 1},
		{"a single name under an id's key", slog.String("person", "Ada"), 1},
		{"a sentence under a word's key", slog.String("reason", secret+" asked for it"), 1},
		{"a no-break space under a word's key", slog.String("reason", "Ada\u00a0Lovelace"), 1},
		{"a long word", slog.String("reason", strings.Repeat("x", 201)), 1},
		{"a structure under an unknown key", slog.Any("who", person{secret}), 1},
		{"an error under a word's key", slog.Any("reason", errors.New(secret)), 1},
		{"a group of names", slog.Group("who", "name", secret, "email", "ada@example.org"), 2},
		{"a value that shows itself late", slog.Any("who", hiding{person{secret}}), 1},
		{"a group in a group", slog.Group("a", slog.Group("b", "name", secret)), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := 0
			config := LogConfig{Dropped: func(n int) { told += n }}
			got, out := line(t, config, func(l *slog.Logger) { l.LogAttrs(t.Context(), slog.LevelInfo, "said", c.attr) })
			if got["dropped_attrs"] != c.lost || told != int(c.lost) || strings.Contains(out, "Ada") || strings.Contains(out, "ada@") {
				t.Errorf("%s, told of %d; want %v lost", out, told, c.lost)
			}
			got, out = line(t, LogConfig{}, func(l *slog.Logger) { l.With(c.attr).Info("said") })
			if got["dropped_attrs"] != c.lost || strings.Contains(out, "Ada") {
				t.Errorf("by With: %s; want %v lost", out, c.lost)
			}
			_, out = line(t, LogConfig{}, func(l *slog.Logger) { l.WithGroup("inner").Info("said", c.attr) })
			if strings.Contains(out, "Ada") {
				t.Errorf("in a group: %s", out)
			}
		})
	}
}

func TestWhatAGroupHasLeft(t *testing.T) {
	got, out := line(t, LogConfig{}, func(l *slog.Logger) { l.Info("said", "who", hiding{person{secret}}, "count", 2) })
	group, _ := got["who"].(map[string]any)
	if group["n"] != 3.0 || len(group) != 1 || got["count"] != 2.0 {
		t.Errorf("%s", out)
	}
	if _, out = line(t, LogConfig{}, func(l *slog.Logger) { l.WithGroup("").Info("said", "count", 2) }); !strings.Contains(out, `"count":2`) {
		t.Errorf("an empty group's name: %s", out)
	}
}

// Whatever text is given under whatever allowed key of an id or word, white
// space and with it every full name stays out.
func TestNoTextWithSpacesPasses(t *testing.T) {
	keys := []string{"name", "who"}
	for key, r := range rules {
		if r != sentence {
			keys = append(keys, key)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Z][a-zé]{2,9}[ \t\n][A-Z][a-z]{2,9}`).Draw(t, "name")
		key := rapid.SampledFrom(keys).Draw(t, "key")
		var out bytes.Buffer
		logger, err := Logger(LogConfig{Writer: &out, Format: rapid.SampledFrom([]string{"json", "text"}).Draw(t, "format")})
		if err != nil {
			t.Fatal(err)
		}
		logger.Info("said", key, name)
		if first := strings.Fields(name)[0]; strings.Contains(out.String(), first) || !strings.Contains(out.String(), "dropped_attrs") {
			t.Fatalf("%s: %s", key, out.String())
		}
	})
}

func TestLongErrorsAreCut(t *testing.T) {
	got, _ := line(t, LogConfig{}, func(l *slog.Logger) { l.Info("said", "err", errors.New(strings.Repeat("語", 1000))) })
	text, _ := got["err"].(string)
	if len(text) > maxText+len("…") || !strings.HasSuffix(text, "語…") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

func TestSettings(t *testing.T) {
	var out bytes.Buffer
	text, err := Logger(LogConfig{Service: "queue", Format: "text", Level: "warn", Writer: &out})
	if err != nil {
		t.Fatal(err)
	}
	text.Info("not written")
	text.Warn("written", "count", 1)
	if got := out.String(); strings.Contains(got, "not written") || !strings.Contains(got, `level=WARN msg=written service=queue count=1`) {
		t.Errorf("%q", got)
	}
	for name, c := range map[string]LogConfig{"level": {Level: "loud"}, "format": {Format: "xml"}} {
		if _, err := Logger(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a wrong %s: %v", name, err)
		}
	}
	if l, err := Logger(LogConfig{}); err != nil || !l.Enabled(t.Context(), slog.LevelInfo) || l.Enabled(t.Context(), slog.LevelDebug) {
		t.Errorf("without settings the level is not info, or %v", err)
	}
}

func TestLinesCarryTheirSpan(t *testing.T) {
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(context.Background(), span)
	got, out := line(t, LogConfig{}, func(l *slog.Logger) { l.InfoContext(ctx, "said") })
	if got["trace_id"] != span.TraceID().String() || got["span_id"] != span.SpanID().String() {
		t.Errorf("%s", out)
	}
}
