package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"seedance-mcp/internal/video"
)

// Where the two dialects are spoken.
const (
	workflowHost = "seedance2-pro.com"
	kinoviHost   = "kinovi.ai"

	// maxSkew is how far clocks may differ before days and expiries do.
	maxSkew = 2 * time.Minute
	// maxPeek bounds what is read of an answer.
	maxPeek = 4 << 10
)

const spendsNothing = "in the sandbox nothing is asked and nothing is spent"

func key(ctx context.Context, s Subject) []Result {
	switch {
	case s.Sandbox && s.APIURLGiven:
		return one(Warning, "SEEDANCE_API_URL is set but SEEDANCE_API_KEY is not: the sandbox answers, and videos are simulated",
			"set SEEDANCE_API_KEY as well, or unset SEEDANCE_API_URL")
	case s.Sandbox:
		return fine("none: this is the sandbox. Videos are simulated and cost nothing; set SEEDANCE_API_KEY for real ones")
	case strings.ContainsAny(s.Key, "${}<>"):
		return one(Problem, "SEEDANCE_API_KEY is a placeholder that nobody filled in",
			"set the key itself; or export the variable before the client that should fill it in is started")
	}
	err := s.CheckKey(ctx)
	if err == nil {
		return fine("accepted by " + host(s.APIURL))
	}
	text, fix := words(err, "copy the key again from the account's page")
	switch code := video.CodeOf(err); code {
	case video.Unauthenticated:
		return one(Problem, text, strings.TrimSuffix(fix, ".")+otherHost(s.APIURL))
	case video.Forbidden:
		return one(Problem, text, fix)
	case video.Unavailable:
		return one(Warning, "not checked: "+text, "mend the service line first, then run doctor again")
	default:
		if ctx.Err() != nil {
			return one(Warning, fmt.Sprintf("not checked: no answer within %s", Limit), "mend the service line first, then run doctor again")
		}
		return one(Problem, text, fix)
	}
}

// otherHost names the address that a refused key may belong to: keys tell
// nothing about where they were made, and they are never tried elsewhere.
func otherHost(apiURL string) string {
	switch h := host(apiURL); {
	case under(h, kinoviHost):
		return "; if it was made at " + workflowHost + ", set SEEDANCE_API_URL=https://" + workflowHost + "/api/v1"
	case under(h, workflowHost):
		return "; if it was made at " + kinoviHost + ", set SEEDANCE_API_URL=https://" + kinoviHost + "/api/v1"
	}
	return ""
}

func host(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func under(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// answer is what one look at the service gave.
type answer struct {
	status int
	json   bool
	date   time.Time
	took   time.Duration
	err    error
}

// ask sends a GET without the key.
func ask(ctx context.Context, s Subject, path string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.APIURL+path, nil)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "seedance-mcp doctor")
	began := s.Now()
	resp, err := s.HTTP.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	head, _ := io.ReadAll(io.LimitReader(resp.Body, maxPeek)) // half an answer tells enough
	a := answer{status: resp.StatusCode, took: s.Now().Sub(began)}
	a.json = bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) || strings.Contains(resp.Header.Get("Content-Type"), "json")
	a.date, _ = http.ParseTime(resp.Header.Get("Date")) // zero: not told
	return a
}

// service says whether the API answers at its address, and from the same
// answer how the clocks compare.
func service(ctx context.Context, s Subject) []Result {
	if s.Sandbox {
		return fine("not asked: " + spendsNothing)
	}
	a := ask(ctx, s, "/jobs/recordInfo?taskId=doctor")
	at := video.Clip(s.APIURL, 100)
	const address = "set SEEDANCE_API_URL to the API's address up to and including /api/v1"
	switch {
	case a.err != nil:
		text, fix := unreachable(ctx, a.err)
		return one(Problem, at+": "+text, fix)
	case a.status >= 500:
		return append(one(Warning, fmt.Sprintf("%s answers with HTTP %d: it has trouble of its own", at, a.status), "try again in a few minutes"), clock(s, a)...)
	case a.status >= 300 && a.status < 400:
		return one(Problem, fmt.Sprintf("%s sends elsewhere (HTTP %d)", at, a.status), address)
	case !a.json:
		return one(Problem, fmt.Sprintf("%s answers HTTP %d, but not as the API does", at, a.status), address+"; a proxy's or login page may be in the way")
	}
	return append(fine(fmt.Sprintf("%s answers in %d ms", at, a.took.Milliseconds())), clock(s, a)...)
}

// unreachable says why no answer came.
func unreachable(ctx context.Context, err error) (text, fix string) {
	var resolve *net.DNSError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.As(err, &certificate), errors.As(err, &unknown):
		return "its certificate is not trusted here", "check this machine's clock; behind a proxy that opens TLS, add its certificate to the system's"
	case errors.As(err, &resolve):
		return "the name " + video.Clip(resolve.Name, 80) + " does not resolve", "check the spelling of SEEDANCE_API_URL and the network"
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %s", Limit), "check the network and the proxy variables"
	}
	cause := err
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		cause = wrapped.Err
	}
	return "cannot be reached: " + video.Clip(cause.Error(), 150), "check SEEDANCE_API_URL, the network and the proxy variables"
}

// clock compares this machine's with the service's.
func clock(s Subject, a answer) []Result {
	if a.date.IsZero() {
		return nil
	}
	// The header has whole seconds, and was written on the way.
	skew := s.Now().Sub(a.date).Round(time.Second)
	if skew.Abs() <= maxSkew {
		return []Result{{Check: "clock", Status: OK, Text: "agrees with the service's"}}
	}
	which := "ahead of"
	if skew < 0 {
		which = "behind"
	}
	return []Result{{
		Check: "clock", Status: Warning, Text: fmt.Sprintf("%s %s the service's: days of budgets and expiries are off", skew.Abs(), which),
		Fix: "let the system set its clock from the network",
	}}
}

// dialect says whether requests are written as the host understands them.
func dialect(ctx context.Context, s Subject) []Result {
	h := host(s.APIURL)
	switch {
	case under(h, kinoviHost) && s.Dialect != video.Kinovi:
		return one(Problem, fmt.Sprintf("%s speaks kinovi, not %s", h, s.Dialect), "unset SEEDANCE_DIALECT, or set it to kinovi")
	case under(h, workflowHost) && s.Dialect != video.Workflow:
		return one(Problem, fmt.Sprintf("%s speaks workflow, not %s", h, s.Dialect),
			"for kinovi set SEEDANCE_API_URL=https://"+kinoviHost+"/api/v1 as well; else unset SEEDANCE_DIALECT")
	case under(h, kinoviHost), under(h, workflowHost), s.Sandbox:
		return fine(string(s.Dialect))
	}
	return guessDialect(ctx, s, h)
}

// guessDialect looks for /uploads, which only the kinovi dialect has. A host
// that answers every path alike tells nothing.
func guessDialect(ctx context.Context, s Subject, h string) []Result {
	var uploads, nothing answer
	var both sync.WaitGroup
	both.Go(func() { uploads = ask(ctx, s, "/uploads?path=doctor") })
	both.Go(func() { nothing = ask(ctx, s, "/doctor-looks-for-nothing") })
	both.Wait()
	missing := func(a answer) bool { return a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed }
	if uploads.err != nil || nothing.err != nil || !missing(nothing) || uploads.status >= 500 {
		return fine(fmt.Sprintf("%s; what %s speaks cannot be told", s.Dialect, h))
	}
	spoken := video.Workflow
	if uploads.json && !missing(uploads) {
		spoken = video.Kinovi
	}
	if spoken != s.Dialect {
		return one(Warning, fmt.Sprintf("%s, but %s looks like %s", s.Dialect, h, spoken), "set SEEDANCE_DIALECT="+string(spoken))
	}
	return fine(fmt.Sprintf("%s, as %s does", s.Dialect, h))
}

func proxy(_ context.Context, s Subject) []Result {
	get := func(name string) string {
		if v := s.Env(strings.ToUpper(name)); v != "" {
			return v
		}
		return s.Env(strings.ToLower(name))
	}
	config := httpproxy.Config{HTTPProxy: get("HTTP_PROXY"), HTTPSProxy: get("HTTPS_PROXY"), NoProxy: get("NO_PROXY")}
	for _, v := range []struct{ name, value string }{{"HTTP_PROXY", config.HTTPProxy}, {"HTTPS_PROXY", config.HTTPSProxy}} {
		if v.value == "" {
			continue
		}
		text := v.value
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		if u, err := url.Parse(text); err != nil || u.Hostname() == "" {
			return one(Problem, v.name+" is not an address", "set it to something like http://proxy.example.com:3128, or unset it")
		}
	}
	target, err := url.Parse(s.APIURL)
	if err != nil {
		return nil // the settings' line says it
	}
	through, err := config.ProxyFunc()(target)
	switch {
	case err != nil:
		return one(Problem, "the proxy variables cannot be used", "see HTTP_PROXY, HTTPS_PROXY and NO_PROXY")
	case through != nil:
		return fine(fmt.Sprintf("requests to %s go through %s", target.Hostname(), video.Clip(through.Host, 100)))
	case get("ALL_PROXY") != "" && !s.Sandbox:
		return one(Warning, "ALL_PROXY is not read by this program", "set HTTPS_PROXY instead")
	}
	return fine("none")
}

func publicURL(_ context.Context, s Subject) []Result {
	if s.PublicURL == "" {
		return fine("none: finished videos are noticed by polling")
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return nil // the settings' line says it
	}
	shown := video.Clip(s.PublicURL, 100)
	ip := net.ParseIP(u.Hostname())
	private := u.Hostname() == "localhost" || !strings.Contains(u.Hostname(), ".") && ip == nil ||
		ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
	const unset = "set SEEDANCE_PUBLIC_URL to the address that the internet sees, or unset it: polling works everywhere"
	switch {
	case private && !local(s.APIURL):
		return one(Problem, shown+" cannot be reached by the service: it is an address of this machine or network", unset)
	case strings.Contains(u.Path, "/webhooks"):
		return one(Problem, shown+" has /webhooks already, which is added to it", "end it before /webhooks")
	case u.Scheme == "http" && !private:
		return one(Warning, shown+" is not https: others can read and forge what it gets", "put TLS in front of it")
	}
	return fine(shown + " (the service reaches it only while `seedance-mcp http` runs)")
}

// local says that the service itself runs on this machine.
func local(rawURL string) bool {
	h := host(rawURL)
	ip := net.ParseIP(h)
	return h == "localhost" || ip != nil && ip.IsLoopback()
}
