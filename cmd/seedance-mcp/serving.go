package main

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// serving are the settings of `http` alone.
type serving struct {
	addr       string
	tlsCert    string
	tlsKey     string
	basePath   string
	hosts      []string
	origins    []string
	limits     server.Limits
	drainDelay time.Duration
}

const defaultAddr = "127.0.0.1:8080"

// servingSettings are the flags and variables that `http` has besides those of
// all commands.
func servingSettings() []setting {
	return []setting{
		{"addr", "SEEDANCE_ADDR", "http: `address` to listen on (default " + defaultAddr + "); other machines can call it once there are access keys (seedance-mcp keys create)", func(s *settings, v string) error { s.serving.addr = v; return nil }},
		{"tls-cert", "SEEDANCE_TLS_CERT", "http: PEM `file` of the certificate chain; a renewed one is taken up without a restart (default none: plain HTTP)", func(s *settings, v string) error { s.serving.tlsCert = v; return nil }},
		{"tls-key", "SEEDANCE_TLS_KEY", "http: PEM `file` of the certificate's key", func(s *settings, v string) error { s.serving.tlsKey = v; return nil }},
		{"base-path", "SEEDANCE_BASE_PATH", "http: `path` below which a proxy puts the server, such as /videos (default the public URL's)", setBasePath},
		{"allow-host", "SEEDANCE_ALLOW_HOSTS", "http: `names` by which it may be called besides loopback and the public URL's, separated by commas; all others are refused (default, on addresses that others reach: any)", setHosts},
		{"allow-origin", "SEEDANCE_ALLOW_ORIGINS", "http: `origins` of web pages that may call it, such as https://app.example.com, separated by commas (default its own pages)", setOrigins},
		{"max-requests-per-minute", "SEEDANCE_MAX_REQUESTS_PER_MINUTE", "http: messages that each caller may send a minute whose terms say nothing else, a `number` (default no limit)", setCount(func(s *settings) *int { return &s.serving.limits.PerMinute })},
		{"max-open-calls", "SEEDANCE_MAX_OPEN_CALLS", "http: calls that may wait for an answer, of each caller whose terms say nothing else, a `number` (default no limit)", setCount(func(s *settings) *int { return &s.serving.limits.OpenCalls })},
		{"drain-delay", "SEEDANCE_DRAIN_DELAY", "http: `time` such as 5s between SIGTERM, when /readyz says no, and the end of taking calls (default 0s)", setDrainDelay},
	}
}

// longestDrain keeps a typing error from holding a rollout up for hours.
const longestDrain = 5 * time.Minute

func setDrainDelay(s *settings, v string) error {
	delay, err := time.ParseDuration(v)
	if err != nil || delay < 0 || delay > longestDrain {
		return errors.New("must be a time up to 5m, such as 5s")
	}
	s.serving.drainDelay = delay
	return nil
}

func setCount(field func(*settings) *int) func(*settings, string) error {
	return func(s *settings, v string) error {
		n, err := parseCount(v)
		if err != nil {
			return err
		}
		*field(s) = n
		return nil
	}
}

func parseCount(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, errors.New("must be a whole number from 1 to 1000000")
	}
	return n, nil
}

var pathLetters = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`) })

func setBasePath(s *settings, v string) error {
	v = strings.TrimRight(v, "/")
	if v != "" && (!pathLetters().MatchString(v) || path.Clean(v) != v) {
		return errors.New("must be a path such as /videos, of letters, digits, dots, dashes, underscores and slashes")
	}
	s.serving.basePath = v
	return nil
}

func setHosts(s *settings, v string) error {
	for host := range listed(v) {
		if u, err := url.Parse("//" + host); err != nil || u.Host != host || u.User != nil || u.Hostname() == "" || strings.Contains(host, "*") {
			return errors.New("must be host names such as mcp.example.com, separated by commas, and not " + strconv.Quote(video.Clip(host, 60)))
		}
		s.serving.hosts = append(s.serving.hosts, host)
	}
	return nil
}

func setOrigins(s *settings, v string) error {
	for origin := range listed(v) {
		origin = strings.TrimSuffix(origin, "/")
		if strings.Contains(origin, "*") {
			return errors.New("must name each origin: a page behind * could be anybody's")
		}
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return errors.New("must be origins such as https://app.example.com, separated by commas, and not " + strconv.Quote(video.Clip(origin, 60)))
		}
		s.serving.origins = append(s.serving.origins, origin)
	}
	return nil
}

// listed are the parts of a list that are not blank.
func listed(v string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// settle makes one whole of what several settings say about where and how the
// server is reached.
func (s *settings) settle() error {
	own := &s.serving
	if own.addr == "" {
		own.addr = defaultAddr
	}
	if (own.tlsCert == "") != (own.tlsKey == "") {
		return usageError("SEEDANCE_TLS_CERT and SEEDANCE_TLS_KEY (--tls-cert, --tls-key) go together: a certificate is of no use without its key")
	}
	if s.publicURL == "" {
		return nil
	}
	public, err := url.Parse(s.publicURL)
	if err != nil {
		return usageError("SEEDANCE_PUBLIC_URL: %s", err)
	}
	switch {
	case public.Path == "":
		s.publicURL += own.basePath
	case own.basePath == "":
		if err := setBasePath(s, public.Path); err != nil {
			return usageError("SEEDANCE_PUBLIC_URL: its path %s", err)
		}
	default: // a proxy turns the one into the other
	}
	return nil
}

// serve puts the settings of `http` into a server's options, which say by now
// who is let in.
func (s *settings) serve(options *server.Options, a *app) error {
	own := s.serving
	options.PublicURL, options.BasePath = s.publicURL, own.basePath
	options.AllowedHosts, options.AllowedOrigins = own.hosts, own.origins
	options.Limits, options.LimitsOf, options.DrainDelay = own.limits, a.limitsOf, own.drainDelay
	options.Authenticate = strangersNeedKeys(options.Authenticate)
	if own.tlsCert != "" {
		var err error
		if options.TLS, err = server.TLSFromFiles(own.tlsCert, own.tlsKey, a.log); err != nil {
			return err
		}
	}
	return nil
}

// strangersNeedKeys lets nobody in as the machine's own user who comes from
// elsewhere: a proxy or a tunnel on this machine leads the whole world to an
// address that only this machine reaches.
func strangersNeedKeys(authenticate func(*http.Request) (string, error)) func(*http.Request) (string, error) {
	return func(r *http.Request) (string, error) {
		principal, err := authenticate(r)
		if err == nil && principal == engine.LocalPrincipal && !server.FromThisMachine(r) {
			return "", &video.Error{
				Code:       video.Unauthenticated,
				Message:    "Through a proxy an access key is required.",
				Suggestion: "The server's owner makes keys with: seedance-mcp keys create NAME",
			}
		}
		return principal, err
	}
}
