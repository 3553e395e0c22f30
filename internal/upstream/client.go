package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"seedance-mcp/internal/video"
)

const (
	defaultCreateTimeout = 60 * time.Second
	defaultRecordTimeout = 15 * time.Second

	// maxHeader caps the header of an answer, in bytes.
	maxHeader = 64 << 10
	// idlePerHost is how many connections polling keeps open: as many as a busy
	// process has looks under way. HTTP/2 needs one.
	idlePerHost = 256
	// maxRedirects of a GET are followed, all on the same origin.
	maxRedirects = 3

	userAgent = "seedance-mcp"

	schemeHTTP  = "http"
	schemeHTTPS = "https"
)

// Config says which upstream to speak to, and as whom.
type Config struct {
	// BaseURL goes up to and including "/api/v1".
	BaseURL string
	Dialect video.Dialect
	// APIKey is sent to BaseURL's origin only, and never logged.
	APIKey string
	// Transport carries the requests; nil: a clone of http.DefaultTransport,
	// which honours the proxy variables of the environment.
	Transport http.RoundTripper
	// Logger gets retries and odd answers at debug level; nil: none.
	Logger *slog.Logger
	// CreateTimeout bounds one createTask from first dial to last byte; 0: 60 s.
	CreateTimeout time.Duration
	// RecordTimeout bounds one attempt of a lookup, and is how long after the
	// first a further one may begin; 0: 15 s.
	RecordTimeout time.Duration
	// ModelName maps the tool ids that answers carry back to catalogue ids;
	// nil: as they come.
	ModelName func(string) string
}

// Client is one account at one upstream. It is safe for concurrent use.
type Client struct {
	base          *url.URL
	dialect       video.Dialect
	key           string
	logger        *slog.Logger
	modelName     func(string) string
	createTimeout time.Duration

	creates *retryablehttp.Client // createTask
	reads   *retryablehttp.Client // everything free of charge
	puts    *http.Client          // signed upload URLs, without the key
}

// New checks the configuration; it opens no connection. Errors are
// *video.Error: Invalid for the address, Unauthenticated for the key.
func New(config Config) (*Client, error) {
	base, err := parseBase(config.BaseURL)
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(config.APIKey)
	if err := checkKeyText(key); err != nil {
		return nil, err
	}
	logger := config.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	modelName := config.ModelName
	if modelName == nil {
		modelName = func(name string) string { return name }
	}
	recordTimeout := orDefault(config.RecordTimeout, defaultRecordTimeout)
	shared, single := transports(config.Transport)
	if err := checkProxy(shared, base); err != nil {
		return nil, err
	}
	return &Client{
		base:          base,
		dialect:       config.Dialect,
		key:           key,
		logger:        logger,
		modelName:     modelName,
		createTimeout: orDefault(config.CreateTimeout, defaultCreateTimeout),
		creates:       createPolicy().client(&http.Client{Transport: single, CheckRedirect: keepRedirect}, logger),
		reads: readPolicy(recordTimeout).client(
			&http.Client{Transport: shared, CheckRedirect: sameOriginOnly, Timeout: recordTimeout}, logger),
		puts: &http.Client{Transport: single, CheckRedirect: keepRedirect},
	}, nil
}

// Close drops idle connections. Calls under way are not disturbed.
func (c *Client) Close() {
	c.creates.HTTPClient.CloseIdleConnections()
	c.reads.HTTPClient.CloseIdleConnections()
	c.puts.CloseIdleConnections()
}

func orDefault(given, fallback time.Duration) time.Duration {
	if given > 0 {
		return given
	}
	return fallback
}

func parseBase(text string) (*url.URL, error) {
	const advice = "Set SEEDANCE_API_URL to the API's address, such as https://seedance2-pro.com/api/v1."
	base, err := url.Parse(strings.TrimRight(strings.TrimSpace(text), "/"))
	if err != nil {
		// The parser's own message repeats the text, which may hold a secret.
		return nil, &video.Error{Code: video.Invalid, Message: "The upstream's address is not a URL.", Suggestion: advice}
	}
	if (base.Scheme != schemeHTTP && base.Scheme != schemeHTTPS) || base.Hostname() == "" {
		return nil, &video.Error{Code: video.Invalid, Message: "The upstream's address is not an http or https URL.", Suggestion: advice}
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, &video.Error{Code: video.Invalid, Message: "The upstream's address must not carry a user, a query or a fragment.", Suggestion: advice}
	}
	return base, nil
}

// checkKeyText refuses what could not be sent in a header, before anything is
// sent.
func checkKeyText(key string) error {
	if key == "" {
		return &video.Error{
			Code: video.Unauthenticated, Message: "There is no API key.",
			Suggestion: "Set SEEDANCE_API_KEY, or leave it unset to use the sandbox.",
		}
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return &video.Error{
				Code: video.Unauthenticated, Message: "The API key contains a space, a line break or a character that no key has.",
				Suggestion: "Copy SEEDANCE_API_KEY again, without quotes.",
			}
		}
	}
	return nil
}

// transports makes the one for lookups, with pooled connections, and the one
// for createTask: every request on a connection of its own, HTTP/1.1. A fresh
// connection cannot be a stale one that the server is just closing, and
// net/http itself never repeats a request that failed on a fresh one; HTTP/2
// streams it does repeat. A transport that is not net/http's is used as it is.
func transports(given http.RoundTripper) (shared, single http.RoundTripper) {
	if given == nil {
		given = http.DefaultTransport
		standard, ok := given.(*http.Transport)
		if !ok {
			standard = &http.Transport{Proxy: http.ProxyFromEnvironment}
		}
		own := standard.Clone()
		own.MaxResponseHeaderBytes = maxHeader
		own.MaxIdleConns, own.MaxIdleConnsPerHost = idlePerHost, idlePerHost
		given = own
	}
	pooled, ok := given.(*http.Transport)
	if !ok {
		return given, given
	}
	fresh := pooled.Clone()
	fresh.DisableKeepAlives = true
	fresh.ForceAttemptHTTP2 = false
	fresh.Protocols = new(http.Protocols)
	fresh.Protocols.SetHTTP1(true)
	// A transport that has been used offers h2 in its TLS settings as well.
	fresh.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	if fresh.TLSClientConfig != nil {
		fresh.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
	return pooled, fresh
}

// checkProxy finds an unusable proxy setting now, when it cannot yet be
// mistaken for a lost answer.
func checkProxy(transport http.RoundTripper, base *url.URL) error {
	standard, ok := transport.(*http.Transport)
	if !ok || standard.Proxy == nil {
		return nil
	}
	if _, err := standard.Proxy(&http.Request{Method: http.MethodPost, URL: base, Header: http.Header{}}); err != nil {
		return &video.Error{
			Code: video.Invalid, Message: "The proxy setting is not usable.",
			// The cause repeats the setting, which may hold a password.
			Suggestion: "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
		}
	}
	return nil
}

// keepRedirect hands a redirect to the caller instead of following it.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var errRedirect = errors.New("redirected away from the configured address")

// sameOriginOnly keeps the key where it belongs: net/http would also send it
// to subdomains and to other ports.
func sameOriginOnly(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return fmt.Errorf("%w: more than %d times", errRedirect, maxRedirects)
	}
	if !sameOrigin(next.URL, before[0].URL) {
		return fmt.Errorf("%w: to %s://%s", errRedirect, next.URL.Scheme, video.Clip(next.URL.Host, 100))
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == schemeHTTPS:
		return "443"
	default:
		return "80"
	}
}

// request builds an authorised request to the upstream's own origin. body is
// nil for a GET; target must be on that origin.
func (c *Client) request(ctx context.Context, method string, target *url.URL, body []byte) (*retryablehttp.Request, error) {
	var payload any
	if body != nil {
		payload = bytes.NewReader(body)
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, method, target.String(), payload)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// minSecret is the length below which a key is not looked for in texts: it
// would be found everywhere. Real keys are far longer.
const minSecret = 8

// show makes text from outside fit to be shown: without escape sequences, in
// one line of at most limit runes, and without our key should something have
// echoed it.
func (c *Client) show(text string, limit int) string {
	text = strip(text)
	if len(c.key) >= minSecret {
		text = strings.ReplaceAll(text, c.key, "[key]")
	}
	return video.Clip(text, limit)
}

func (c *Client) clean(text string) string { return c.show(text, maxShown) }

// cause strips net/http's "Get \"https://…\":" in front of a failure.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
