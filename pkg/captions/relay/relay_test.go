package relay

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fairfloor/fairfloor/pkg/problem"
)

func TestRelayTargetsPassAnAllowList(t *testing.T) {
	t.Parallel()
	strict := Defaults()
	room := AllowList{Hosts: []string{"captions.example.org", "127.0.0.1:8080", "room:8443"}, Insecure: true, Private: true}
	literal := AllowList{Hosts: []string{"10.0.0.7", "[::1]", "::1", "8.8.8.8"}}
	for _, c := range []struct {
		name  string
		list  AllowList
		form  Form
		url   string
		field string // "" = allowed
	}{
		{"Zoom", strict, Zoom, "https://wmcc.zoom.us/closedcaption?id=1&ns=x&signature=a%2Bb", ""},
		{"blanks around", strict, Zoom, "  https://wmcc.zoom.us/closedcaption?id=1\n", ""},
		{"upper case and the root's dot", strict, Zoom, "https://WMCC.Zoom.US./closedcaption", ""},
		{"https's own port", strict, Zoom, "https://wmcc.zoom.us:443/closedcaption", ""},
		{"YouTube", strict, YouTube, "https://upload.youtube.com/closedcaption?cid=abc", ""},
		{"another host", strict, Zoom, "https://example.org/closedcaption", "url"},
		{"a name that ends alike", strict, Zoom, "https://evilzoom.us/closedcaption", "url"},
		{"a name that begins alike", strict, Zoom, "https://wmcc.zoom.us.example.org/", "url"},
		{"a wildcard is not the name itself", strict, Zoom, "https://zoom.us/", "url"},
		{"another port", strict, Zoom, "https://wmcc.zoom.us:8443/", "url"},
		{"http", strict, YouTube, "http://upload.youtube.com/closedcaption?cid=abc", "url"},
		{"ftp", room, YouTube, "ftp://captions.example.org/", "url"},
		{"a user hides the host", strict, Zoom, "https://wmcc.zoom.us@example.org/", "url"},
		{"a user before a good host", strict, Zoom, "https://me@wmcc.zoom.us/", "url"},
		{"a fragment", strict, Zoom, "https://wmcc.zoom.us/#x", "url"},
		{"no host", strict, Zoom, "https:///closedcaption", "url"},
		{"no scheme", strict, Zoom, "wmcc.zoom.us/closedcaption", "url"},
		{"opaque", strict, Zoom, "https:wmcc.zoom.us", "url"},
		{"not a URL", strict, Zoom, "https://%zz", "url"},
		{"nothing", strict, Zoom, "", "url"},
		{"no such form", strict, "webex", "https://wmcc.zoom.us/", "target"},
		{"the zero list", AllowList{}, Zoom, "https://wmcc.zoom.us/", "url"},
		{"in the room: http, port", room, Zoom, "http://127.0.0.1:8080/x", ""},
		{"in the room: another port", room, Zoom, "http://127.0.0.1:8081/x", "url"},
		{"in the room: no port", room, Zoom, "http://captions.example.org/x", ""},
		{"in the room: name with a port", room, Zoom, "https://room:8443/x", ""},
		{"listed, but inside our network", literal, Zoom, "https://10.0.0.7/x", "url"},
		{"listed, but ourselves", literal, Zoom, "https://[::1]/x", "url"},
		{"listed and outside", literal, Zoom, "https://8.8.8.8/x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target, err := c.list.Target(c.form, c.url)
			if c.field == "" {
				if err != nil || target.Form != c.form || !strings.Contains(c.url, target.URL.RawQuery) {
					t.Fatalf("%+v, %v", target, err)
				}
				return
			}
			refusal := problem.From(err)
			if err == nil || refusal.Code != problem.Invalid || refusal.Field != c.field || refusal.Do == "" {
				t.Fatalf("%+v, %v", target, err)
			}
			if strings.Contains(refusal.Detail, "closedcaption") {
				t.Errorf("the refusal repeats the link: %s", refusal.Detail)
			}
		})
	}
}

func TestAddressesInsideAreNotReached(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1%eth0": false, "fd00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false,
	} {
		if got := (AllowList{}).reaches(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
		if !(AllowList{Private: true}).reaches(netip.MustParseAddr(address)) {
			t.Errorf("%s is not reached where private addresses are allowed", address)
		}
	}
}

func TestRequestInTheTargetsForm(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 14, 5, 6, 70e6, time.FixedZone("", 3600))
	for _, c := range []struct {
		form           Form
		url            string
		post           Post
		location, body string
	}{
		{Zoom, "https://z/cc?id=1&signature=b%2Ba", Post{Seq: 7, Language: "en-US", Text: "Thank you."}, "https://z/cc?id=1&signature=b%2Ba&lang=en-US&seq=7", "Thank you.\n"},
		{Zoom, "https://z/cc", Post{Seq: 1, Text: " two\r\nlines\x0b"}, "https://z/cc?seq=1", "two lines\n"},
		{Zoom, "https://z/cc?id=1", Post{Seq: 2, Language: "a&b=c", Text: "شكراً"}, "https://z/cc?id=1&lang=a%26b%3Dc&seq=2", "شكراً\n"},
		{YouTube, "https://y/cc?cid=1", Post{Seq: 3, Language: "en", Text: "谢谢", At: at}, "https://y/cc?cid=1&seq=3", "2026-03-01T13:05:06.070\n谢谢\n"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		location, body := Target{Form: c.form, URL: *u}.request(c.post)
		if location != c.location || body != c.body {
			t.Errorf("%s %q, want %s %q", location, body, c.location, c.body)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		tries  int
		answer Answer
		want   Verdict
		says   string
	}{
		{"taken", 1, Answer{Status: 200}, Verdict{Delivered: true}, ""},
		{"taken without content", 9, Answer{Status: 204}, Verdict{Delivered: true}, ""},
		{"first 500", 1, Answer{Status: 500}, Verdict{Wait: time.Second}, "500 Internal Server Error"},
		{"third 502", 3, Answer{Status: 502}, Verdict{Wait: 4 * time.Second}, "502"},
		{"hundredth 503", 100, Answer{Status: 503}, Verdict{Wait: mostWait}, "503"},
		{"it asks for time", 1, Answer{Status: 429, RetryAfter: 7 * time.Second}, Verdict{Wait: 7 * time.Second}, "429"},
		{"it asks for an hour", 1, Answer{Status: 503, RetryAfter: time.Hour}, Verdict{Wait: mostWait}, "503"},
		{"hangs", 2, Answer{Fault: TimedOut}, Verdict{Wait: 2 * time.Second}, "did not answer in time"},
		{"gone", 1, Answer{Fault: Unreachable}, Verdict{Wait: time.Second}, "cannot be reached"},
		{"off the list", 1, Answer{Fault: OffList}, Verdict{Person: true, Wait: mostWait}, "not allowed"},
		{"not begun", 1, Answer{Status: 400}, Verdict{Person: true, Wait: 5 * time.Second}, "has not begun"},
		{"wrong token", 1, Answer{Status: 403}, Verdict{Person: true, Wait: 5 * time.Second}, "403 Forbidden: the link is wrong"},
		{"wrong token, still", 5, Answer{Status: 403}, Verdict{Person: true, Wait: 16 * time.Second}, "copy it again"},
		{"wrong method", 1, Answer{Status: 405}, Verdict{Person: true, Wait: 5 * time.Second}, "not a link for captions"},
		{"a redirect that was not followed", 1, Answer{Status: 302}, Verdict{Person: true, Wait: 5 * time.Second}, "302 Found"},
		{"nobody knows", 1, Answer{Status: 499}, Verdict{Person: true, Wait: 5 * time.Second}, "499: look at the link"},
	} {
		got := Judge(c.tries, c.answer)
		if !strings.Contains(got.Reason, c.says) || (c.says == "") != (got.Reason == "") {
			t.Errorf("%s: %q does not say %q", c.name, got.Reason, c.says)
		}
		got.Reason = ""
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestJudgeNeverGivesUpAndNeverHurries(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		answer := Answer{Status: rapid.IntRange(300, 599).Draw(t, "status"), RetryAfter: time.Duration(rapid.Int64Range(0, 1e13).Draw(t, "after"))}
		if rapid.Bool().Draw(t, "fault") {
			answer = Answer{Fault: rapid.SampledFrom([]Fault{TimedOut, Unreachable, OffList}).Draw(t, "kind")}
		}
		tries := rapid.IntRange(1, 1_000_000).Draw(t, "tries")
		now, next := Judge(tries, answer), Judge(tries+1, answer)
		if now.Delivered || now.Wait < firstWait || next.Wait < now.Wait || next.Wait > mostWait || now.Reason == "" {
			t.Fatalf("%+v, then %+v", now, next)
		}
	})
}
