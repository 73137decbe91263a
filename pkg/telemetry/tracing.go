package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// TraceConfig says where spans go.
type TraceConfig struct {
	// Service and Version name the process.
	Service, Version string
	// Exporter, when set, takes each span as it ends: for tests.
	Exporter sdktrace.SpanExporter
}

// Tracing makes the provider of tracers. Without an Exporter spans go by
// OTLP/HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) says,
// and nowhere when it is unset; the other OTEL_ variables apply. A collector
// that is away delays nothing: spans are then lost. shutdown sends what is
// left, within its context.
func Tracing(ctx context.Context, c TraceConfig) (provider trace.TracerProvider, shutdown func(context.Context) error, err error) {
	var export sdktrace.TracerProviderOption
	switch {
	case c.Exporter != nil:
		export = sdktrace.WithSyncer(spanGuard{c.Exporter})
	case os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "":
		client, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("telemetry: trace exporter: %w", err)
		}
		export = sdktrace.WithBatcher(spanGuard{client})
	default:
		return noop.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	// The default resource names host and user; ours names the service alone.
	named := resource.NewSchemaless(attribute.String("service.name", c.Service), attribute.String("service.version", c.Version))
	real := sdktrace.NewTracerProvider(export, sdktrace.WithResource(named))
	return real, real.Shutdown, nil
}

// spanGuard exports spans with allowed attributes only, as guard does for log lines.
type spanGuard struct{ sdktrace.SpanExporter }

// ExportSpans passes the spans on.
func (g spanGuard) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	clean := make([]sdktrace.ReadOnlySpan, 0, len(spans))
	for _, s := range spans {
		clean = append(clean, cleanSpan{s})
	}
	return g.SpanExporter.ExportSpans(ctx, clean)
}

// cleanSpan shows a span without what may not leave the process.
type cleanSpan struct{ sdktrace.ReadOnlySpan }

// Attributes gives the allowed attributes.
func (s cleanSpan) Attributes() []attribute.KeyValue {
	return cleanAttributes(s.ReadOnlySpan.Attributes())
}

// Events gives the events with their allowed attributes.
func (s cleanSpan) Events() []sdktrace.Event {
	events := make([]sdktrace.Event, 0, len(s.ReadOnlySpan.Events()))
	for _, e := range s.ReadOnlySpan.Events() {
		e.Attributes = cleanAttributes(e.Attributes)
		events = append(events, e)
	}
	return events
}

// Links gives the links without attributes.
func (s cleanSpan) Links() []sdktrace.Link {
	links := make([]sdktrace.Link, 0, len(s.ReadOnlySpan.Links()))
	for _, l := range s.ReadOnlySpan.Links() {
		l.Attributes = nil
		links = append(links, l)
	}
	return links
}

// Status gives the code; its description is an error's words, which may quote a client.
func (s cleanSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// cleanAttributes applies the allow-list.
func cleanAttributes(all []attribute.KeyValue) []attribute.KeyValue {
	kept := make([]attribute.KeyValue, 0, len(all))
	for _, a := range all {
		r := rules[string(a.Key)]
		switch {
		case r == 0:
			continue
		case a.Value.Type() == attribute.STRING:
			text, ok := r.allowed(a.Value.AsString())
			if !ok {
				continue
			}
			a.Value = attribute.StringValue(text)
		case a.Value.Type() == attribute.STRINGSLICE:
			continue
		}
		kept = append(kept, a)
	}
	return kept
}

// wire is W3C Trace Context (https://www.w3.org/TR/trace-context/) and nothing
// else: baggage would carry whatever somebody put there to everyone.
var wire = propagation.TraceContext{}

// InjectNATS writes the span of ctx into a message's headers, which must not be nil.
func InjectNATS(ctx context.Context, header nats.Header) { wire.Inject(ctx, natsCarrier(header)) }

// ExtractNATS gives ctx with the span that a message's headers name, if they name one.
func ExtractNATS(ctx context.Context, header nats.Header) context.Context {
	return wire.Extract(ctx, natsCarrier(header))
}

// InjectHTTP writes the span of ctx into a request's headers.
func InjectHTTP(ctx context.Context, header http.Header) {
	wire.Inject(ctx, propagation.HeaderCarrier(header))
}

// ExtractHTTP gives ctx with the span that a request's headers name. It is for
// requests from our own services: a browser could choose what is sampled.
func ExtractHTTP(ctx context.Context, header http.Header) context.Context {
	return wire.Extract(ctx, propagation.HeaderCarrier(header))
}

// natsCarrier adapts message headers, whose keys keep their case: traceparent
// stays in lower case, as other clients write it.
type natsCarrier nats.Header

// Get gives the first value of a key.
func (c natsCarrier) Get(key string) string { return nats.Header(c).Get(key) }

// Set replaces a key's values.
func (c natsCarrier) Set(key, value string) { nats.Header(c).Set(key, value) }

// Keys lists the keys.
func (c natsCarrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}
