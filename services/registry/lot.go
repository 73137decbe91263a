package registry

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/fairfloor/fairfloor/pkg/command"
	"github.com/fairfloor/fairfloor/pkg/fairness/lot"
	"github.com/fairfloor/fairfloor/pkg/ids"
)

// takeLot fills in the program's own commitment or one-time code where none is
// given. Both follow from the deployment's secret, the session and the part, so
// every replica gives the same and a repeated command is the same command. A
// code that is filled in is revealed only when the draw is accepted.
func (s *Service) takeLot(r *command.Request) error {
	switch r.Verb {
	case "commit_lot":
		var a command.CommitLot
		if err := readable(r, &a); err != nil || a.Commitment != "" {
			return err
		}
		_, commitment, err := s.lotOf(r.Session, a.Part)
		if err != nil {
			return err
		}
		a.Commitment = commitment.String()
		return put(r, a)
	default:
		var a command.DrawLot
		if err := readable(r, &a); err != nil || a.Code != "" {
			return err
		}
		code, _, err := s.lotOf(r.Session, a.Part)
		if err != nil {
			return err
		}
		a.Code = code.String()
		return put(r, a)
	}
}

// lotOf is the code of a part's own chain and the commitment to it.
func (s *Service) lotOf(session ids.Session, part ids.Part) (code, commitment lot.Code, err error) {
	secret := s.secret(session)
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte(part.String()))
	chain, err := lot.Chain(mac.Sum(nil), 2)
	if err != nil {
		return code, commitment, err
	}
	return chain[0], chain[1], nil
}
