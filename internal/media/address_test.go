package media_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "203.0.114.1": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true, "172.32.0.0": true,
		"2606:4700::1111": true, "2a00:1450::1": true, "64:ff9b::808:808": true, "2002:808:808::1": true, "::ffff:8.8.8.8": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.100.100.200": false, "127.0.0.1": false, "127.9.9.9": false,
		"168.63.129.16": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.192": false, "192.0.2.1": false,
		"192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::7f00:1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:0:7f00:1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2002:a00:1::1": false,
		"2001:0:1::1": false, "2001:db8::1": false, "3fff::1": false, "100::1": false, "fc00::1": false, "fd00:ec2::254": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "5f00::1": false, "4000::1": false,
	} {
		if got := media.Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("public(%s) = %v", address, got)
		}
	}
}

func TestPermittedHost(t *testing.T) {
	for host, want := range map[string]bool{
		"cdn.example.com": true, "cdn.example.com.": true, "xn--bcher-kva.example": true, "8.8.8.8": true, "2606:4700::1111": true, "a.123.com": true,
		"localhost": false, "LOCALHOST": false, "localhost.": false, "a.localhost": false, "metadata": false, "metadata.google.internal": false,
		"printer.local": false, "router.lan": false, "nas.home.arpa": false, "127.0.0.1": false, "::1": false, "fe80::1%eth0": false,
		"2130706433": false, "0x7f000001": false, "0177.0.0.1": false, "127.1": false, "1.2.3.4.5": false, "127.0.0.1.": false, "0x7f.0.0.0x1": false,
		"１２７.0.0.1": false, "127。0。0。1": false, "ⓛocalhost": false, "": false, ".": false, "a..": false, "a b.com": false, "a%00.com": false,
	} {
		if got := media.PermittedHost(host, false); got != want {
			t.Errorf("permittedHost(%q) = %v", host, got)
		}
	}
	for host, want := range map[string]bool{
		"localhost": true, "a.localhost": true, "127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "8.8.8.8": true,
		"10.0.0.1": false, "169.254.169.254": false, "::": false, "0.0.0.0": false, "metadata": false, "64:ff9b::7f00:1": false,
	} {
		if got := media.PermittedHost(host, true); got != want {
			t.Errorf("with loopback: permittedHost(%q) = %v", host, got)
		}
	}
}

// names makes every host name resolve to the given address, for one test.
func names(t *testing.T, address netip.Addr) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Header.Response, m.Additionals = true, nil
			head := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET}
			switch {
			case m.Questions[0].Type == dnsmessage.TypeA && address.Is4():
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: address.As4()}}}
			case m.Questions[0].Type == dnsmessage.TypeAAAA && address.Is6():
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: address.As16()}}}
			}
			answer, err := m.Pack()
			if err != nil {
				t.Error(err)
			}
			server.WriteTo(answer, from)
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
		<-done
	})
}

// A name that looks public and resolves to something that is not is caught
// when the connection is made.
func TestNamesAreCheckedAfterDNS(t *testing.T) {
	o := newOrigin(t, whole(clip("a", 999), ""))
	_, port, _ := strings.Cut(strings.TrimPrefix(o.URL, "http://"), ":")
	link := "http://cdn.example.com:" + port + "/a?" + secret
	for _, address := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "64:ff9b::7f00:1"} {
		names(t, netip.MustParseAddr(address))
		_, err := newRig(t, media.Options{}).fetch(link)
		fails(t, err, video.Forbidden, "not an address of the public Internet")
	}
	names(t, netip.MustParseAddr("10.0.0.1"))
	_, err := local(t).fetch(link)
	fails(t, err, video.Forbidden)
	if asked := o.requests(); len(asked) != 0 {
		t.Errorf("a private server was asked %d times", len(asked))
	}
	names(t, netip.MustParseAddr("127.0.0.1"))
	local(t).gets(link, clip("a", 999))
}

func TestLoopbackOnlyWhenAllowed(t *testing.T) {
	o := newOrigin(t, whole(clip("a", 999), ""))
	for _, link := range []string{o.link(), strings.Replace(o.link(), "127.0.0.1", "localhost", 1), strings.Replace(o.link(), "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		r := newRig(t, media.Options{})
		_, err := r.fetch(link)
		fails(t, err, video.Forbidden, "public Internet")
		r.files()
	}
	if asked := o.requests(); len(asked) != 0 {
		t.Errorf("a private server was asked %d times", len(asked))
	}
	for _, link := range []string{"http://10.0.0.1/a", "http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "http://0.0.0.0/", "http://metadata/"} {
		_, err := local(t).fetch(link)
		fails(t, err, video.Forbidden)
	}
}

func TestRedirects(t *testing.T) {
	data := clip("fox", 999)
	answered := false
	inside := newOrigin(t, func(http.ResponseWriter, *http.Request) { answered = true })
	o := newOrigin(t, func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Referer") != "" {
			t.Errorf("Referer: %s", req.Header.Get("Referer"))
		}
		to := req.URL.Query().Get("to")
		if left, err := strconv.Atoi(to); err == nil && left > 0 {
			to = "/?s=" + secret + "&to=" + strconv.Itoa(left-1)
		} else if err == nil {
			whole(data, `"a"`)(w, req)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	local(t).gets(o.URL+"/?to=5", data)
	_, err := local(t).fetch(o.URL + "/?to=6")
	fails(t, err, video.Unavailable, "redirected more than 5 times")
	for _, to := range []string{"http://10.0.0.1/", "http://169.254.169.254/", "http://[::]/", "ftp://cdn.example.com/", "file:///etc/passwd", "http://u:p@cdn.example.com/"} {
		_, err := local(t).fetch(o.URL + "/?to=" + to)
		fails(t, err, video.Forbidden, "refused")
	}
	_, err = local(t).fetch(o.URL + "/?to=" + "http://[::1/%3F" + secret)
	fails(t, err, video.Unavailable)

	// A host of this process is asked for itself only, and may send elsewhere.
	outside := strings.TrimPrefix(o.URL, "http://")
	r := newRig(t, media.Options{AllowLoopback: true, Local: map[string]http.RoundTripper{"sandbox.invalid": http.DefaultTransport}})
	_, err = r.fetch("http://" + outside + "/?to=http://sandbox.invalid/a")
	fails(t, err, video.Forbidden)
	r = newRig(t, media.Options{Local: map[string]http.RoundTripper{
		"sandbox.invalid": roundTrip(func(req *http.Request) (*http.Response, error) {
			out := httptest.NewRecorder()
			http.Redirect(out, req, inside.URL, http.StatusFound)
			return out.Result(), nil
		}),
	}})
	_, err = r.fetch("http://Sandbox.invalid/a")
	fails(t, err, video.Forbidden)
	if answered {
		t.Error("a private server was asked after a redirect")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The proxy may stand anywhere, but is not asked for what is private.
func TestProxy(t *testing.T) {
	data := clip("fox", 999)
	var asked []string
	proxy := newOrigin(t, func(w http.ResponseWriter, req *http.Request) {
		asked = append(asked, req.URL.Hostname())
		whole(data, `"a"`)(w, req)
	})
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	r := newRig(t, media.Options{})
	r.gets("http://cdn.example.com/a?"+secret, data)
	for _, host := range []string{"10.0.0.1", "169.254.169.254", "metadata.google.internal", "2130706433", "0x7f.1", "[fd00::1]", "１２７.0.0.1", "nas"} {
		_, err := r.fetch("http://" + host + "/a")
		fails(t, err, video.Forbidden)
	}
	if len(asked) != 1 || asked[0] != "cdn.example.com" {
		t.Errorf("the proxy was asked for %q", asked)
	}
	t.Setenv("HTTP_PROXY", "://")
	t.Setenv("http_proxy", "://")
	_, err := newRig(t, media.Options{}).fetch("http://cdn.example.com/b")
	if err == nil {
		t.Error("fetched without the proxy")
	}
}

func TestNetworkTrouble(t *testing.T) {
	closed := newOrigin(t, nil)
	closed.Close()
	_, err := local(t).fetch(closed.link())
	fails(t, err, video.Unavailable, "connection was refused", "again in a minute")

	secure := httptest.NewUnstartedServer(whole(clip("a", 999), ""))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	_, err = local(t).fetch(secure.URL + "/a?" + secret)
	fails(t, err, video.Unavailable, "encrypted connection failed")

	r := newRig(t, media.Options{Local: map[string]http.RoundTripper{
		"cdn.example.com": roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New(`cannot ask "http://cdn.example.com/a?` + secret + `"`)
		}),
	}})
	_, err = r.fetch("http://cdn.example.com/a?" + secret)
	fails(t, err, video.Unavailable, "connection failed")
	if len(r.pauses) != media.MaxTries-1 {
		t.Errorf("paused %v", r.pauses)
	}
}
