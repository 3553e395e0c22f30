//go:build !linux

package porttest

import "net"

// Reserve gives a loopback address that was free a moment ago: systems differ
// in whether a port can be kept for somebody else.
func Reserve() (addr string, release func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	return listener.Addr().String(), func() {}, listener.Close()
}
