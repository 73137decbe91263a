package httpapi

import "github.com/fairfloor/fairfloor/pkg/session"

// BriefOf gives what a session's code tells whoever has it, for pages that carry
// it along.
func BriefOf(state *session.State) Brief { return brief(state) }
