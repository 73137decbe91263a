package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/fairfloor/fairfloor/pkg/ids"
)

// tracing gives a provider that keeps its spans in memory.
func tracing(t *testing.T) (trace.Tracer, *tracetest.InMemoryExporter) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider, shutdown, err := Tracing(t.Context(), TraceConfig{Service: "queue", Version: "1", Exporter: exporter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return provider.Tracer("test"), exporter
}

func TestSpansCarryIDsOnly(t *testing.T) {
	tracer, exporter := tracing(t)
	session := ids.New[ids.Session]().String()
	_, span := tracer.Start(t.Context(), "decide", trace.WithAttributes(
		attribute.String("session", session), attribute.Int("count", 3),
		attribute.String("name", secret), attribute.String("person", secret), attribute.StringSlice("reason", []string{secret}),
	), trace.WithLinks(trace.Link{Attributes: []attribute.KeyValue{attribute.String("name", secret)}}))
	span.RecordError(errors.New("refused " + secret))
	span.SetStatus(codes.Error, "refused "+secret)
	span.End()
	spans := exporter.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	got := spans[0]
	if len(got.Attributes) != 2 || got.Attributes[0].Value.AsString() != session || got.Attributes[1].Value.AsInt64() != 3 {
		t.Errorf("attributes %v", got.Attributes)
	}
	for _, event := range got.Events {
		for _, a := range event.Attributes {
			if a.Key != "exception.type" {
				t.Errorf("event attribute %v", a)
			}
		}
	}
	if got.Status.Code != codes.Error || got.Status.Description != "" || len(got.Events) != 1 {
		t.Errorf("status %v, events %v", got.Status, got.Events)
	}
	for _, l := range got.Links {
		if len(l.Attributes) > 0 {
			t.Errorf("link attributes %v", l.Attributes)
		}
	}
	if name, _ := got.Resource.Set().Value("service.name"); name.AsString() != "queue" {
		t.Errorf("resource %v", got.Resource)
	}
}

func TestATraceCrossesNATSAndHTTP(t *testing.T) {
	tracer, exporter := tracing(t)
	for name, carry := range map[string]func(context.Context) (context.Context, string){
		"nats": func(ctx context.Context) (context.Context, string) {
			header := nats.Header{"Traceparent": {"not ours"}}
			InjectNATS(ctx, header)
			return ExtractNATS(context.Background(), header), header["traceparent"][0]
		},
		"http": func(ctx context.Context) (context.Context, string) {
			header := http.Header{}
			InjectHTTP(ctx, header)
			return ExtractHTTP(context.Background(), header), header.Get("traceparent")
		},
	} {
		t.Run(name, func(t *testing.T) {
			exporter.Reset()
			ctx, parent := tracer.Start(context.Background(), "gateway")
			there, text := carry(ctx)
			_, child := tracer.Start(there, "queue")
			child.End()
			parent.End()
			spans := exporter.GetSpans()
			if len(spans) != 2 || spans[0].Parent.SpanID() != spans[1].SpanContext.SpanID() || spans[0].SpanContext.TraceID() != spans[1].SpanContext.TraceID() {
				t.Errorf("the child is not the parent's: %+v", spans)
			}
			if !strings.HasPrefix(text, "00-"+parent.SpanContext().TraceID().String()) {
				t.Errorf("traceparent %q", text)
			}
		})
	}
	for name, header := range map[string]nats.Header{"none": nil, "nonsense": {"traceparent": {"hello"}}} {
		if span := trace.SpanContextFromContext(ExtractNATS(context.Background(), header)); span.IsValid() {
			t.Errorf("%s gave the span %v", name, span)
		}
	}
	if keys := natsCarrier(nats.Header{"traceparent": {"x"}}).Keys(); len(keys) != 1 || keys[0] != "traceparent" {
		t.Errorf("keys %v", keys)
	}
}

func TestWithoutAnEndpointNothingIsRecorded(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	provider, shutdown, err := Tracing(t.Context(), TraceConfig{Service: "queue"})
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "decide")
	if span.IsRecording() {
		t.Error("a span is recorded for nobody")
	}
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSpansGoToTheCollector(t *testing.T) {
	var mu sync.Mutex
	var paths []string
	var bodies []byte
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		paths, bodies = append(paths, r.URL.Path), append(bodies, body...)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
	provider, shutdown, err := Tracing(t.Context(), TraceConfig{Service: "queue"})
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "decide-something", trace.WithAttributes(attribute.String("name", secret)))
	span.End()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(paths) != 1 || paths[0] != "/v1/traces" || !strings.Contains(string(bodies), "decide-something") || strings.Contains(string(bodies), secret) {
		t.Errorf("the collector got %v: %q", paths, bodies)
	}
}

func TestACollectorThatIsAwayDoesNotStopTheStart(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	provider, shutdown, err := Tracing(t.Context(), TraceConfig{Service: "queue"})
	if err != nil {
		t.Fatalf("a collector that is away must not stop the start: %v", err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "decide")
	span.End()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := shutdown(ctx); err == nil {
		t.Error("the shutdown says that the span was sent")
	}
}
