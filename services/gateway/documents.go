package gateway

import "github.com/fairfloor/fairfloor/services/gateway/internal/httpapi"

// OpenAPI gives the OpenAPI 3.1 document of the HTTP API.
func OpenAPI(version string) ([]byte, error) { return httpapi.Document(version) }

// AsyncAPI gives the AsyncAPI 3 document of the websocket and the log's events.
func AsyncAPI(version string) ([]byte, error) { return httpapi.AsyncAPI(version) }

// Keeping is what the route /retention says of a session.
type Keeping = httpapi.Keeping
