package gateway

import (
	"encoding/json"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/session"
	"github.com/fairfloor/fairfloor/services/gateway/internal/view"
)

// Folded is the view that an audience has of a session as of its last commit, from
// the log alone: without the names of persons, which the log does not hold. It is
// for programs that compare what clients see with what they should see.
func Folded(s *session.State, audience api.Audience) (json.RawMessage, error) {
	return view.Build(s, view.NoNames).Encode(audience)
}
