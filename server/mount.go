package server

import (
	"net/http"
	"net/url"
	"strings"
)

// mounted serves next below base as well as at the root: proxies forward a
// sub-path as it is or without its beginning, and probes come past them.
func mounted(base string, next http.Handler) http.Handler {
	if base == "" {
		return next
	}
	below := http.StripPrefix(base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, base+"/") {
			below.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// originOf is the origin of a URL's pages, "" if it has none.
func originOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// hostnameOf is a URL's host without its port, "" if it has none.
func hostnameOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// FromThisMachine says that nothing about r speaks of a caller elsewhere: it
// asks for this machine by its own name, and no proxy says that it passed it
// on.
func FromThisMachine(r *http.Request) bool {
	for _, passed := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(passed) != "" {
			return false
		}
	}
	return loopbackHost(r.Host)
}
