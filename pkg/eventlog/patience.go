package eventlog

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Patiently does what a start needs of the server until it succeeds, for as long
// as the server's fault may be over in a moment: services start side by side with
// the servers and with each other, and a replica that gave up would only begin
// anew. It gives do's last error when that is another fault, when ctx is done, or
// joined with what the server denies: a denied call looks like a time-out. Each
// attempt needs a limit of its own where it can hang: a request that reaches
// servers without a leader is never answered.
func Patiently(ctx context.Context, denials *Denials, do func(context.Context) error) error {
	for {
		err := do(ctx)
		if err == nil {
			return nil
		}
		if denied := denials.Check(); denied != nil {
			return errors.Join(denied, err)
		}
		if !passing(err) || !pause(ctx, restartWait) {
			return err
		}
	}
}

// passing reports whether a fault of the server's may be over in a moment: it is
// not there yet, has no leader or too few nodes yet, or is still making a stream
// that another process asked for at the same moment.
func passing(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode {
		case codeNotAvailable, codeNoPeers, codeNotLeader, codeInsufficientResources,
			jetstream.JSErrCodeStreamNotFound, jetstream.JSErrCodeStreamNameInUse:
			return true
		}
		return false
	}
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, nats.ErrDisconnected)
}
