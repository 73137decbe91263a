package forwarded

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func proxies(t testing.TB, texts ...string) Proxies {
	t.Helper()
	p, err := Parse(texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheFirstFromTheRightThatIsNoProxyIsTheClient by a table of what proxies
// and liars write.
func TestTheFirstFromTheRightThatIsNoProxyIsTheClient(t *testing.T) {
	two := []string{"127.0.0.1", "10.0.0.0/8", "2001:db8:9::/48"}
	for name, c := range map[string]struct {
		proxies []string
		peer    string
		values  []string
		want    string
	}{
		"nobody is named":                     {nil, "127.0.0.1", []string{"192.0.2.1"}, "127.0.0.1"},
		"no header":                           {two, "10.1.1.1", nil, "10.1.1.1"},
		"one proxy":                           {two, "10.1.1.1", []string{"192.0.2.1"}, "192.0.2.1"},
		"two proxies":                         {two, "127.0.0.1", []string{"192.0.2.1, 10.2.2.2"}, "192.0.2.1"},
		"two headers":                         {two, "127.0.0.1", []string{"192.0.2.1", "10.2.2.2"}, "192.0.2.1"},
		"a client that makes up a way":        {two, "10.1.1.1", []string{"198.51.100.9, 192.0.2.1"}, "192.0.2.1"},
		"one that makes up a proxy of ours":   {two, "10.1.1.1", []string{"198.51.100.9, 10.3.3.3, 192.0.2.1"}, "192.0.2.1"},
		"in a header of its own":              {two, "10.1.1.1", []string{"198.51.100.9", "192.0.2.1"}, "192.0.2.1"},
		"a stranger who is no proxy":          {two, "203.0.113.5", []string{"192.0.2.1"}, "203.0.113.5"},
		"everybody is a proxy":                {two, "10.1.1.1", []string{"10.2.2.2, 10.3.3.3"}, "10.2.2.2"},
		"no address":                          {two, "10.1.1.1", []string{"192.0.2.1, unknown"}, "10.1.1.1"},
		"an obfuscated one before a proxy":    {two, "10.1.1.1", []string{"_hidden, 10.2.2.2"}, "10.2.2.2"},
		"nothing":                             {two, "10.1.1.1", []string{""}, "10.1.1.1"},
		"commas":                              {two, "10.1.1.1", []string{",,,"}, "10.1.1.1"},
		"with a port":                         {two, "10.1.1.1", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		"of the sixth version":                {two, "2001:db8:9::1", []string{"2001:db8:1::7"}, "2001:db8:1::7"},
		"in brackets":                         {two, "2001:db8:9::1", []string{"[2001:db8:1::7]"}, "2001:db8:1::7"},
		"in brackets with a port":             {two, "2001:db8:9::1", []string{"[2001:db8:1::7]:443"}, "2001:db8:1::7"},
		"the fourth in the sixth":             {two, "127.0.0.1", []string{"192.0.2.1, ::ffff:10.2.2.2"}, "192.0.2.1"},
		"a network of the fourth in it":       {[]string{"::ffff:10.0.0.0/104"}, "10.1.1.1", []string{"192.0.2.1, 11.1.1.1, 10.2.2.2"}, "11.1.1.1"},
		"with a zone":                         {two, "127.0.0.1", []string{"fe80::1%eth0"}, "fe80::1"},
		"a longer way than there is, by some": {two, "10.1.1.1", []string{"192.0.2.1" + strings.Repeat(", 10.2.2.2", 5000)}, "10.2.2.2"},
	} {
		peer := netip.MustParseAddr(c.peer)
		if got := proxies(t, c.proxies...).Client(peer, c.values); got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestWhoWritesTheLeftEndIsNobody is a property: whatever a client sends, behind
// a proxy that appends its address it is that address.
func TestWhoWritesTheLeftEndIsNobody(t *testing.T) {
	p := proxies(t, "10.0.0.0/8")
	rapid.Check(t, func(r *rapid.T) {
		sent := rapid.SliceOf(rapid.OneOf(
			rapid.StringMatching(`[0-9a-f.:, \[\]%]{0,40}`), rapid.SampledFrom([]string{"10.0.0.1", "192.0.2.77", "unknown", ","}),
		)).Draw(r, "sent")
		values := append(sent, "198.51.100.1")
		if rapid.Bool().Draw(r, "one line") {
			values = []string{strings.Join(values, ", ")}
		}
		if got := p.Client(netip.MustParseAddr("10.1.1.1"), values); got.String() != "198.51.100.1" {
			r.Errorf("the client is %s", got)
		}
	})
}

func TestASettingThatCannotBeUsedIsNamed(t *testing.T) {
	for _, bad := range []string{"proxy.example.org", "10.0.0.0/33", "", "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "::ffff:10.0.0.0/80", "10.0.0", "10.0.0.1:80"} {
		if _, err := Parse([]string{"10.0.0.0/8", bad}); err == nil || !strings.Contains(err.Error(), `"`+bad+`"`) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if p := proxies(t, "10.1.2.3/8", "::ffff:192.0.2.1", "fe80::1"); !p.has(netip.MustParseAddr("10.9.9.9")) || !p.has(netip.MustParseAddr("192.0.2.1")) || p.has(netip.MustParseAddr("fe80::2")) {
		t.Errorf("the proxies are %v", p)
	}
}

// TestResolve: what stands behind sees the client as the peer; a proxy that
// nobody named is told of once.
func TestResolve(t *testing.T) {
	var saw string
	told := 0
	h := proxies(t, "10.0.0.0/8").Resolve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { saw = r.RemoteAddr }), func() { told++ })
	ask := func(peer string, forwarded ...string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		for _, f := range forwarded {
			r.Header.Add("x-forwarded-for", f)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		return saw
	}
	for _, c := range [][3]string{
		{"10.1.1.1:5000", "192.0.2.1", "192.0.2.1:5000"},
		{"10.1.1.1:5000", "2001:db8::1", net.JoinHostPort("2001:db8::1", "5000")},
		{"10.1.1.1:5000", "", "10.1.1.1:5000"},
		{"[::ffff:10.1.1.1]:5000", "192.0.2.1", "192.0.2.1:5000"},
		{"@", "192.0.2.1", "@"},
	} {
		if got := ask(c[0], c[1]); got != c[2] {
			t.Errorf("%s for %q is %s, want %s", c[0], c[1], got, c[2])
		}
	}
	if got := ask("10.1.1.1:5000"); got != "10.1.1.1:5000" || told != 0 {
		t.Errorf("without the header it is %s, told %d times", got, told)
	}
	for range 3 {
		if got := ask("203.0.113.1:7", "192.0.2.1"); got != "203.0.113.1:7" || told != 1 {
			t.Errorf("a stranger is %s, told %d times", got, told)
		}
	}
}
