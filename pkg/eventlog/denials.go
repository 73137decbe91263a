package eventlog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// deniedKept bounds what Denials keeps: the first few say what is wrong.
const deniedKept = 8

// Denials keeps what the server denied to a connection. A denied call looks like
// a time-out to its caller (event-log.md 12), so that readiness has to say it. A
// nil Denials keeps nothing. It is safe for concurrent use.
type Denials struct {
	mu    sync.Mutex
	count int
	what  []string
}

// deniedAnswer is how the denial of an answer begins: answers go to inboxes.
const deniedAnswer = `Permissions Violation for Publish to "_INBOX`

// note keeps an error of a connection, when it is a denial of a right.
//
// The server allows an answer to the connection over which the question came,
// and to no other. When a node is lost, what was asked before is answered over
// the connection that replaced it, and denied; whoever asked does so again. That
// says nothing about rights, so it does not count: readiness would say for ever
// what is over.
func (d *Denials) note(err error, replaced bool) {
	if d == nil || !errors.Is(err, nats.ErrPermissionViolation) || replaced && strings.Contains(err.Error(), deniedAnswer) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	if text := err.Error(); len(d.what) < deniedKept && !slices.Contains(d.what, text) {
		d.what = append(d.what, text)
	}
}

// Check says what was denied, or nil. A denial stands until the process starts
// again: what was denied once was not done.
func (d *Denials) Check() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count == 0 {
		return nil
	}
	return fmt.Errorf("the NATS server denied this service %d times (%s): give it the rights that pkg/permit lists, and start it again", d.count, strings.Join(d.what, "; "))
}
