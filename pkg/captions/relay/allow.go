package relay

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/fairfloor/fairfloor/pkg/outgoing"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

// Defaults are the hosts of the services whose forms we speak.
func Defaults() AllowList {
	return AllowList{Hosts: []string{"*.zoom.us", "*.zoomgov.com", "upload.youtube.com"}}
}

// AllowList says where captions may go. The zero AllowList allows nothing.
type AllowList outgoing.List

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

func (a AllowList) lists(u *url.URL) bool { return outgoing.List(a).Names(u) }

// reaches reports whether a connection to the address may be made. It is asked
// again when the name has been resolved: a public name may point inside.
func (a AllowList) reaches(address netip.Addr) bool { return outgoing.List(a).Reaches(address) }
