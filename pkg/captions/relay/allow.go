package relay

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Defaults are the hosts of the services whose forms we speak.
func Defaults() AllowList {
	return AllowList{Hosts: []string{"*.zoom.us", "*.zoomgov.com", "upload.youtube.com"}}
}

// AllowList says where captions may go. The zero AllowList allows nothing.
type AllowList struct {
	// Hosts holds names ("captions.example.org"), names with a port
	// ("127.0.0.1:8080"), and all names below one ("*.zoom.us", which is not
	// zoom.us itself). Without a port only https's own is allowed.
	Hosts []string
	// Insecure allows http, for tests and for a target in the same room.
	Insecure bool
	// Private allows addresses of our own network.
	Private bool
}

// Target checks a form and a URL as somebody typed them. The error is a
// *problem.Error about the field "target" or "url"; it does not repeat the URL,
// which holds a secret.
func (a AllowList) Target(form Form, raw string) (Target, error) {
	if form != Zoom && form != YouTube {
		return Target{}, problem.Field("target", "%q is no form of outgoing captions", form).Try("use zoom or youtube")
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.Opaque != "" {
		return Target{}, problem.Field("url", "this is not a URL").Try("copy the whole link from the meeting's captions, from https:// on")
	}
	if err := a.check(u); err != nil {
		return Target{}, err
	}
	return Target{Form: form, URL: *u}, nil
}

// check holds a URL, typed or redirected to, against the list.
func (a AllowList) check(u *url.URL) error {
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !a.Insecure):
		return problem.Field("url", "captions are sent by https only, not by %q", u.Scheme).Try("write https:// at the beginning; Zoom and YouTube answer there too")
	case u.User != nil:
		return problem.Field("url", "a name or password before the host is not allowed").Try("copy the link again, without user@")
	case u.Fragment != "":
		return problem.Field("url", "a part after # is never sent").Try("copy the link again")
	case !a.lists(u):
		return problem.Field("url", "captions may not be sent to %s", u.Host).Try("have the operator add the host to the list of caption targets")
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !a.reaches(address) {
		return problem.Field("url", "%s lies inside our own network", u.Host).Try("use the public name of the target")
	}
	return nil
}

func (a AllowList) lists(u *url.URL) bool {
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, host := range a.Hosts {
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

// reaches reports whether a connection to the address may be made. It is asked
// again when the name has been resolved: a public name may point inside.
func (a AllowList) reaches(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return a.Private || address.IsGlobalUnicast() && !address.IsPrivate() && !carrierGrade.Contains(address) && !translated.Contains(address)
}
