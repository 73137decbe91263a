package session

import (
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Missing is the refusal of whoever asks for a session that is not there, and of
// whoever asks for one of another organisation: nothing tells the two apart.
func Missing(id ids.Session) *problem.Error {
	return problem.New(problem.NotFound, "there is no session %s", id).On("session").
		Try("check the address; the link's session may have been removed")
}
