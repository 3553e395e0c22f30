package catalog

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"seedance-mcp/internal/video"
)

// checkURL says what keeps the upstream from fetching a URL, as the end of a
// sentence that begins with the argument; "" when nothing does. It looks at
// the text only: names are not resolved, since the upstream, not we, fetches.
func checkURL(text string, allowPrivate bool) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r == '\\' || unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return "has blanks, backslashes or invisible characters in it"
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return "is no URL"
	}
	switch {
	case parsed.Scheme == "data":
		return "is a data URI"
	case parsed.Scheme == "" || len(parsed.Scheme) == 1: // "photo.png", "C:/photo.png"
		return "is no http(s) URL"
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return fmt.Sprintf("has the scheme %s, and the upstream fetches http and https only", quoted(parsed.Scheme))
	case parsed.Hostname() == "" || parsed.Opaque != "":
		return "names no host"
	case parsed.User != nil:
		return "carries a user name or password, which must not be handed to the upstream"
	case parsed.Port() != "" && !isPort(parsed.Port()):
		return "has no valid port"
	case allowPrivate:
		return ""
	}
	return checkHost(parsed.Hostname())
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// checkHost refuses hosts that only exist on this machine or network.
func checkHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if address, err := netip.ParseAddr(host); err == nil {
		if !isPublic(address) {
			return fmt.Sprintf("leads to the private or reserved address %s, which the upstream cannot fetch", video.Clip(host, 60))
		}
		return ""
	}
	for _, r := range host {
		if r > unicode.MaxASCII {
			// Compatibility characters ("①②⑦.⓪.⓪.①") turn into others on their way.
			return "has a host name that is not ASCII; write it in its xn-- form"
		}
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case last == "" || last == host:
		return fmt.Sprintf("names the host %s, which only this network knows", quoted(host))
	case strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x"):
		return "writes an IP address in an unusual way" // "127.1", "0x7f.0.0.1", "0177.0.0.1"
	}
	switch last {
	case "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private":
		return fmt.Sprintf("names the host %s, which only this network knows", quoted(host))
	}
	if host == "home.arpa" || strings.HasSuffix(host, ".home.arpa") {
		return fmt.Sprintf("names the host %s, which only this network knows", quoted(host))
	}
	return ""
}

// reserved are the address blocks, beside those that netip knows by name, that
// are not on the public internet: IANA's special-purpose registries.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT; one cloud's metadata service
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("fec0::/10"), // site-local
}

// embedding are the IPv6 blocks that carry an IPv4 address, and the byte at
// which it starts.
var embedding = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("::/96"), 12},
	{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64
	{netip.MustParsePrefix("2002::/16"), 2},     // 6to4
}

func isPublic(address netip.Addr) bool {
	if address.Zone() != "" {
		return false
	}
	address = address.Unmap()
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	for _, prefix := range reserved {
		if prefix.Contains(address) {
			return false
		}
	}
	for _, carrier := range embedding {
		if carrier.prefix.Contains(address) {
			bytes := address.As16()
			return isPublic(netip.AddrFrom4([4]byte(bytes[carrier.at : carrier.at+4])))
		}
	}
	return true
}

// refuseURL never repeats a user name or password.
func (p *planner) refuseURL(kind mediaKind, index int, text, problem string) error {
	given := text
	if parsed, err := url.Parse(text); err == nil && parsed.User != nil {
		parsed.User = nil
		given = parsed.String()
	} else if err != nil && strings.Contains(text, "@") {
		given = "(a URL with an @)"
	}
	suggestion := "Give a public http(s) URL that needs no login: this dialect has no upload for files or data URIs."
	if p.dialect.name == video.Kinovi {
		suggestion = "Give a public http(s) URL that needs no login, or a local file or data URI where this server accepts them: it is uploaded first."
	}
	return refusal{
		argument: kind.argument, given: given, valid: []string{"https://…"},
		message:    fmt.Sprintf("%s[%d] %s.", kind.argument, index, problem),
		suggestion: suggestion,
	}.error()
}
