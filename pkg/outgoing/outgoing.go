// Package outgoing bounds whom a program calls by HTTP on behalf of others:
// caption targets, the push services of browsers (decisions.md 34).
//
// Guarantee: a URL is called only when the operator's list names its host, and
// a connection goes to a public address only, whatever the name resolves to and
// whoever answers: the address is judged after it was resolved, no proxy
// resolves it out of our sight. Operators may allow http and private addresses,
// for tests and for a target in the same room.
package outgoing

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrUnlisted is in the error of a request to where the list does not lead.
var ErrUnlisted = errors.New("the target is not on the list")

// List says where requests may go. The zero List allows nothing.
type List struct {
	// Hosts holds names ("captions.example.org"), names with a port
	// ("127.0.0.1:8080"), and all names below one ("*.zoom.us", which is not
	// zoom.us itself). Without a port only https's own is allowed.
	Hosts []string
	// Insecure allows http, for tests and for a target in the same room.
	Insecure bool
	// Private allows addresses of our own network.
	Private bool
}

// Allows reports whether a URL may be called at all: its scheme, that it holds
// no name or password, its host, and its address when the host is one.
func (l List) Allows(u *url.URL) bool {
	if u.Scheme != "https" && (u.Scheme != "http" || !l.Insecure) || u.Host == "" || u.User != nil || u.Fragment != "" || !l.Names(u) {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return err != nil || l.Reaches(address)
}

// Names reports whether the list names the host of a URL.
func (l List) Names(u *url.URL) bool {
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, host := range l.Hosts {
		host = strings.ToLower(host)
		if host == strings.ToLower(u.Host) && u.Port() != "" {
			return true
		}
		if p := u.Port(); p != "" && p != "443" {
			continue
		}
		if below, wild := strings.CutPrefix(host, "*"); wild && strings.HasPrefix(below, ".") && strings.HasSuffix(name, below) && len(name) > len(below) || host == name {
			return true
		}
	}
	return false
}

// carrierGrade is shared address space (RFC 6598), which netip does not count as private.
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// translated embeds IPv4 addresses (RFC 6052), and so could lead to a private one.
var translated = netip.MustParsePrefix("64:ff9b::/96")

// Reaches reports whether a connection to the address may be made. It is asked
// again when the name has been resolved: a public name may point inside.
func (l List) Reaches(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return l.Private || address.IsGlobalUnicast() && !address.IsPrivate() && !carrierGrade.Contains(address) && !translated.Contains(address)
}

// Transport makes connections to what the list reaches and to nothing else; one
// may take timeout to be made. What it is asked for by redirects is the caller's
// to judge by Allows.
func (l List) Transport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		// Here the name has been resolved, and nothing can point elsewhere any more.
		at, err := netip.ParseAddrPort(address)
		if err != nil || !l.Reaches(at.Addr()) {
			return ErrUnlisted
		}
		return nil
	}}
	// No proxy: it would resolve the name itself, out of our sight.
	return &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute}
}
