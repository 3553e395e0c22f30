package media

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"seedance-mcp/internal/video"
)

const (
	maxRedirects   = 5
	dialTime       = 10 * time.Second
	maxHeaderBytes = 256 << 10
)

// router judges each request, redirected ones too, and sends it to a local
// host, through the proxy of the environment, or straight out.
type router struct {
	local         map[string]http.RoundTripper
	allowLoopback bool
	proxyOf       func(*url.URL) (*url.URL, error)
	direct        http.RoundTripper
	proxied       http.RoundTripper
}

func newRouter(local map[string]http.RoundTripper, allowLoopback bool) *router {
	r := &router{
		local:         make(map[string]http.RoundTripper, len(local)),
		allowLoopback: allowLoopback,
		proxyOf:       httpproxy.FromEnvironment().ProxyFunc(),
	}
	for host, transport := range local {
		r.local[hostKey(host)] = transport
	}
	r.direct = newTransport(net.Dialer{Timeout: dialTime, Control: r.control}, nil)
	// The proxy's own address is the user's setting, usually a private one.
	r.proxied = newTransport(net.Dialer{Timeout: dialTime}, func(request *http.Request) (*url.URL, error) { return r.proxyOf(request.URL) })
	return r
}

// newTransport keeps no connections: downloads are rare, and an idle one would
// be held for nothing.
func newTransport(dialer net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	return &http.Transport{
		Proxy: proxy, DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTime,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// RoundTrip sends the request where it may go.
func (r *router) RoundTrip(request *http.Request) (*http.Response, error) {
	u := request.URL
	if u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, &video.Error{
			Code:       video.Forbidden,
			Message:    "The link to the video was refused: it leads to something that is not a plain http or https address.",
			Suggestion: "Tell the user; the upstream sent this link.",
		}
	}
	if transport := r.localTransport(u); transport != nil {
		return transport.RoundTrip(request)
	}
	if !permittedHost(u.Hostname(), r.allowLoopback) {
		return nil, notPublic(shownHost(u))
	}
	proxy, err := r.proxyOf(u)
	if err != nil {
		return nil, &video.Error{
			Code:       video.Unavailable,
			Message:    "The proxy setting of the environment cannot be understood.",
			Suggestion: "Correct HTTPS_PROXY or HTTP_PROXY and start the server again.",
		}
	}
	if proxy != nil {
		return r.proxied.RoundTrip(request)
	}
	return r.direct.RoundTrip(request)
}

func (r *router) localTransport(u *url.URL) http.RoundTripper {
	if transport, ok := r.local[hostKey(u.Host)]; ok {
		return transport
	}
	return r.local[hostKey(u.Hostname())]
}

// control sees the address that is dialled, after DNS.
func (r *router) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !permitted(at.Addr(), r.allowLoopback) {
		return notPublic(address)
	}
	return nil
}

// redirect bounds redirects; RoundTrip judges where they lead.
func (r *router) redirect(request *http.Request, via []*http.Request) error {
	request.Header.Del("Referer") // it would show a signed link to another host
	if len(via) > maxRedirects {
		return video.Errorf(video.Unavailable, "The link to the video was redirected more than %d times.", maxRedirects)
	}
	if r.localTransport(request.URL) != nil && r.localTransport(via[len(via)-1].URL) == nil {
		return notPublic(shownHost(request.URL))
	}
	return nil
}

func notPublic(address string) error {
	return &video.Error{
		Code:       video.Forbidden,
		Message:    "The link to the video was refused: " + video.Clip(address, 100) + " is not an address of the public Internet.",
		Suggestion: "Tell the user; videos are fetched from public addresses only.",
	}
}

// watch ends a try when the server sends nothing for too long.
type watch struct {
	timer *time.Timer
}

func newWatch(stop context.CancelCauseFunc) *watch {
	w := &watch{timer: time.AfterFunc(patience, func() { stop(errStalled) })}
	return w
}

func (w *watch) start() { w.timer.Reset(patience) }
func (w *watch) stop()  { w.timer.Stop() }
