package outgoing_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/fairfloor/fairfloor/pkg/outgoing"
)

func TestAllows(t *testing.T) {
	push := outgoing.List{Hosts: []string{"fcm.googleapis.com", "*.push.apple.com", "127.0.0.1:8443", "10.0.0.7", "8.8.8.8"}}
	room := outgoing.List{Hosts: push.Hosts, Insecure: true, Private: true}
	for _, c := range []struct {
		url        string
		push, room bool
	}{
		{"https://fcm.googleapis.com/fcm/send/x", true, true},
		{"https://FCM.googleapis.com:443/x", true, true},
		{"https://fcm.googleapis.com./x", true, true},
		{"https://fcm.googleapis.com:8443/x", false, false},
		{"https://fcm.googleapis.com.evil.example/x", false, false},
		{"https://evilfcm.googleapis.com/x", false, false},
		{"https://api.push.apple.com/x", true, true},
		{"https://push.apple.com/x", false, false},
		{"http://fcm.googleapis.com/x", false, true},
		{"ftp://fcm.googleapis.com/x", false, false},
		{"https://user@fcm.googleapis.com/x", false, false},
		{"https://fcm.googleapis.com/x#f", false, false},
		{"https://127.0.0.1:8443/x", false, true},
		{"https://127.0.0.1:8444/x", false, false},
		{"https://10.0.0.7/x", false, true},
		{"https://8.8.8.8/x", true, true},
		{"/x", false, false},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := push.Allows(u); got != c.push {
			t.Errorf("%s: allowed %v, want %v", c.url, got, c.push)
		}
		if got := room.Allows(u); got != c.room {
			t.Errorf("%s with private addresses: allowed %v, want %v", c.url, got, c.room)
		}
		if (outgoing.List{}).Allows(u) {
			t.Errorf("%s: the zero list allows it", c.url)
		}
	}
}

func TestReaches(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2001:4860:4860::8888": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.1.1": false,
		"172.16.0.1": false, "169.254.169.254": false, "fe80::1%eth0": false, "fd00::1": false, "100.64.0.1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false,
	} {
		at := netip.MustParseAddr(address)
		if got := (outgoing.List{}).Reaches(at); got != want {
			t.Errorf("%s: reached %v, want %v", address, got, want)
		}
		if !(outgoing.List{Private: true}).Reaches(at) {
			t.Errorf("%s: not reached with private addresses allowed", address)
		}
	}
}

// A public name that points inside is refused when the connection is made.
func TestANameThatPointsInsideIsNotReached(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	list := outgoing.List{Hosts: []string{"localhost:" + port}, Insecure: true}
	at := &url.URL{Scheme: "http", Host: "localhost:" + port}
	if !list.Allows(at) {
		t.Fatal("the name itself is on the list")
	}
	get := func(l outgoing.List) error {
		transport := l.Transport(5 * time.Second)
		defer transport.CloseIdleConnections()
		answer, err := (&http.Client{Transport: transport}).Get(at.String())
		if err == nil {
			return answer.Body.Close()
		}
		return err
	}
	if err := get(list); !errors.Is(err, outgoing.ErrUnlisted) {
		t.Errorf("got %v, want that it is not on the list", err)
	}
	if len(asked) != 0 {
		t.Error("the server inside was asked")
	}
	list.Private = true
	if err := get(list); err != nil || len(asked) != 1 {
		t.Errorf("with private addresses allowed: %v, asked %d times", err, len(asked))
	}
}
