package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// hostGuard keeps web pages out. A page cannot forge its Origin, but it can
// point a name of its own at this machine (DNS rebinding); then Host tells.
type hostGuard struct {
	hosts   []string
	origins []string
	public  string // the host of the public URL
}

func newHostGuard(hosts, origins []string, publicURL string) hostGuard {
	g := hostGuard{public: hostnameOf(publicURL)}
	if own := originOf(publicURL); own != "" {
		g.origins = append(g.origins, own) // whatever Host a proxy makes of it
	}
	for _, host := range hosts {
		g.hosts = append(g.hosts, strings.ToLower(host))
	}
	for _, origin := range origins {
		g.origins = append(g.origins, strings.ToLower(strings.TrimSuffix(origin, "/")))
	}
	return g
}

// guard lets a request through to next, answers a browser's preflight, or
// refuses with 403.
func (g hostGuard) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.hostAllowed(r) {
			http.Error(w, "This Host is not served here. Allow it in the server's settings if it is yours.", http.StatusForbidden)
			return
		}
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Origin")
		if !g.originAllowed(origin, r) {
			http.Error(w, "Pages of this Origin may not call here. Allow it in the server's settings if it is yours.", http.StatusForbidden)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			preflight(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// preflight allows what was asked: the Origin has been checked, and no cookie
// or other credential of the browser is ever looked at.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	// GET and DELETE are answered 405, which clients take for "no sessions"; a
	// failed preflight they take for a broken network.
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true") // from an allowed page to this machine
	}
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// hostAllowed: any listed host and the public one; without a list, loopback names on loopback
// connections and any name elsewhere, where authentication is required anyway.
func (g hostGuard) hostAllowed(r *http.Request) bool {
	if loopbackHost(r.Host) || g.listed(r.Host) || (g.public != "" && hostnameOf("//"+r.Host) == g.public) {
		return true
	}
	if len(g.hosts) > 0 {
		return false
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && !loopbackHost(local.String())
}

func (g hostGuard) originAllowed(origin string, r *http.Request) bool {
	if slices.Contains(g.origins, strings.ToLower(origin)) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	// A page of this very server: its Host has passed. Whoever points a name of
	// his own at an address that is not loopback has a page here too, but no key.
	same := strings.EqualFold(u.Host, r.Host)
	return same || g.listed(u.Host) || (loopbackHost(u.Host) && loopbackHost(r.Host))
}

// listed compares with and without the port.
func (g hostGuard) listed(host string) bool {
	host = strings.ToLower(host)
	if slices.Contains(g.hosts, host) {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	return err == nil && slices.Contains(g.hosts, name)
}

// loopbackHost says that host, with or without a port, is this machine.
func loopbackHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// CheckAddr refuses an address ("host:port") that others can reach while
// nobody has to say who they are: anyone could spend the owner's credits.
func CheckAddr(addr string, authenticated bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return &video.Error{
			Code: video.Invalid, Argument: "addr", Given: addr, Err: err,
			Message:    "The address is not host:port.",
			Suggestion: "Write 127.0.0.1:8080, for example.",
		}
	}
	if authenticated || (host != "" && loopbackHost(host)) {
		return nil
	}
	return &video.Error{
		Code: video.Invalid, Argument: "addr", Given: addr,
		Message:    "Without access keys the server listens on loopback addresses only: anyone who reaches it could spend your credits.",
		Suggestion: "Make a key first (seedance-mcp keys create NAME), or listen on 127.0.0.1.",
	}
}
