package media

import (
	"net/netip"
	"slices"
	"strings"
)

// reserved are the IPv4 networks that are not the public Internet.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // a cloud's metadata service, at a public address
)

// reserved6 are the networks inside 2000::/3 that are not the public Internet.
var reserved6 = prefixes("2001::/23", "2001:db8::/32", "3fff::/20")

var (
	global6 = netip.MustParsePrefix("2000::/3")
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4  = netip.MustParsePrefix("2002::/16")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// public says that an address is one of the public Internet. An IPv6 address
// that carries an IPv4 one is judged by that.
func public(address netip.Addr) bool {
	address = address.WithZone("").Unmap()
	if address.Is4() {
		return !within(reserved, address)
	}
	raw := address.As16()
	switch {
	case nat64.Contains(address):
		return public(netip.AddrFrom4([4]byte(raw[12:])))
	case sixTo4.Contains(address):
		return public(netip.AddrFrom4([4]byte(raw[2:6])))
	default:
		return global6.Contains(address) && !within(reserved6, address)
	}
}

func within(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}

// permitted says that a connection to the address may be made.
func permitted(address netip.Addr, allowLoopback bool) bool {
	if allowLoopback && address.Unmap().IsLoopback() {
		return true
	}
	return public(address)
}

// permittedHost judges a host before DNS: all that can be done where a proxy
// resolves it.
func permittedHost(host string, allowLoopback bool) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return permitted(address, allowLoopback)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, r := range host {
		// Some resolvers read foreign digits and dots as plain ones.
		if r <= ' ' || r > '~' || r == '%' || r == ':' {
			return false
		}
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	if last == "localhost" {
		return allowLoopback
	}
	if len(labels) == 1 || last == "" || last[0] >= '0' && last[0] <= '9' {
		return false // an intranet's name, or an IPv4 address in an odd notation
	}
	switch last {
	case "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private":
		return false
	}
	return !strings.HasSuffix(host, ".home.arpa")
}
