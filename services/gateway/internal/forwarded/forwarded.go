// Package forwarded finds whom a request comes from when proxies stand between.
//
// Guarantee: what a client says about itself is never believed. X-Forwarded-For
// is read from the right, where each proxy writes whom it was asked by, and only
// as far as it was written by proxies that the operator named; the first address
// that is none of theirs is the client's. Without a named proxy the header says
// nothing. RFC 7239's Forwarded is not read at all: a proxy that writes one of
// the two headers passes the other on as the client made it up.
package forwarded

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// header is where proxies write whom they were asked by.
const header = "X-Forwarded-For"

// most is how many addresses of a header are looked at: as many proxies stand
// nowhere one behind another.
const most = 32

// Proxies are the networks whose word is taken.
type Proxies []netip.Prefix

// Parse reads addresses and networks in CIDR form. An error names the one that
// cannot be read.
func Parse(texts []string) (Proxies, error) {
	var all Proxies
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, single := netip.ParseAddr(text)
			if single != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
			}
			address = address.Unmap().WithZone("")
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		if a := prefix.Addr(); a.Is4In6() {
			// Addresses are compared without the form of the sixth version.
			prefix = netip.PrefixFrom(a.Unmap(), max(prefix.Bits()-96, 0))
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("%q is everybody: any client could say that it is another", text)
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// has reports whether an address is a proxy's.
func (p Proxies) has(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(one netip.Prefix) bool { return one.Contains(a) })
}

// Client gives whom a request comes from; peer is the address of the connection.
// An entry that is no address ends the reading: what stands left of it was
// written by whoever wrote that.
func (p Proxies) Client(peer netip.Addr, values []string) netip.Addr {
	client, looked := peer, 0
	for i := len(values) - 1; i >= 0; i-- {
		entries := strings.Split(values[i], ",")
		for j := len(entries) - 1; j >= 0; j-- {
			if looked++; !p.has(client) || looked > most {
				return client
			}
			next, ok := address(strings.TrimSpace(entries[j]))
			if !ok {
				return client
			}
			client = next
		}
	}
	return client
}

// address reads an entry: an address, with a port or without.
func address(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		with, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		a = with.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// Resolve gives every request its client's address (RemoteAddr), for whatever
// counts by address behind it. unnamed is called once, when somebody who is no
// named proxy says whom they ask for: a proxy that was forgotten, or a liar.
func (p Proxies) Resolve(next http.Handler, unnamed func()) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := r.Header[header]
		if len(values) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		host, port, err := net.SplitHostPort(r.RemoteAddr)
		peer, ok := address(host)
		switch {
		case err != nil || !ok:
			// A peer without an address is nobody's proxy.
		case !p.has(peer):
			once.Do(unnamed)
		default:
			// A copy would be one more for each request, and nobody reads the old one.
			r.RemoteAddr = net.JoinHostPort(p.Client(peer, values).String(), port)
		}
		next.ServeHTTP(w, r)
	})
}
