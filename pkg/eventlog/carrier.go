package eventlog

import (
	"maps"
	"slices"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel/propagation"
)

// Carrier carries a trace context (W3C traceparent) in a message's headers. The
// names stay in lower case, as the standard writes them; NATS tells cases apart.
type Carrier nats.Header

var _ propagation.TextMapCarrier = Carrier{}

// Get gives a header's first value.
func (c Carrier) Get(key string) string { return nats.Header(c).Get(key) }

// Set sets a header.
func (c Carrier) Set(key, value string) { nats.Header(c).Set(key, value) }

// Keys lists the headers' names in order.
func (c Carrier) Keys() []string { return slices.Sorted(maps.Keys(c)) }
