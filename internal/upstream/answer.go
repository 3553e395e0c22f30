package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	// maxBody is how much of an answer is read, in bytes. Real ones have less
	// than 4 KiB.
	maxBody = 1 << 20
	// maxShown caps the upstream's words in a message, in runes.
	maxShown = 300
	// maxTitle caps an error page's title, in runes.
	maxTitle = 80
)

var errTooLong = errors.New("answer is longer than 1 MiB")

// answer is an HTTP answer, read to its end.
type answer struct {
	status int
	body   []byte
	html   bool
	// broken is why the body is not complete; nil when it is.
	broken error
}

// readAnswer reads at most maxBody bytes and closes the body.
func readAnswer(resp *http.Response) answer {
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return answer{status: resp.StatusCode} // its body is the bare connection, without an end
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		body, err = body[:maxBody], errTooLong
	}
	return answer{
		status: resp.StatusCode,
		body:   body,
		html:   isHTML(resp.Header.Get("Content-Type"), body),
		broken: err,
	}
}

// isHTML believes a JSON body more than its type: some frameworks call
// everything text/html.
func isHTML(contentType string, body []byte) bool {
	body = bytes.TrimLeft(body, "\ufeff \t\r\n")
	switch {
	case bytes.HasPrefix(body, []byte("<")):
		return true
	case bytes.HasPrefix(body, []byte("{")), bytes.HasPrefix(body, []byte(`"`)):
		return false
	default:
		return strings.Contains(strings.ToLower(contentType), "html")
	}
}

// object is the JSON object of the answer; nil when it has none.
func (a answer) object() object {
	if a.html {
		return nil
	}
	parsed, _ := parseObject(a.body)
	return parsed
}

// describe tells a person what came instead of a usable answer.
func (c *Client) describe(a answer) string {
	switch {
	case a.status >= 300 && a.status < 400:
		return fmt.Sprintf("HTTP %d, a redirect to another address: check SEEDANCE_API_URL", a.status)
	case a.html:
		if title := c.show(htmlTitle(a.body), maxTitle); title != "" {
			return fmt.Sprintf("HTTP %d with a web page (%q)", a.status, title)
		}
		return fmt.Sprintf("HTTP %d with a web page", a.status)
	}
	text := readProblem(a.object()).message
	if text == "" {
		text = string(a.body[:min(len(a.body), 8*maxShown)])
	}
	if text = c.clean(text); text != "" {
		return fmt.Sprintf("HTTP %d (%q)", a.status, text)
	}
	return fmt.Sprintf("HTTP %d without a body", a.status)
}

// htmlTitle is the one part of an error page that is made for people.
func htmlTitle(page []byte) string {
	lower := bytes.ToLower(page)
	start := bytes.Index(lower, []byte("<title"))
	if start < 0 {
		return ""
	}
	open := bytes.IndexByte(lower[start:], '>')
	if open < 0 {
		return ""
	}
	start += open + 1
	end := bytes.IndexByte(lower[start:], '<')
	// ToLower may change lengths outside ASCII; then there is no title to trust.
	if end < 0 || len(lower) != len(page) {
		return ""
	}
	return string(page[start : start+end])
}
