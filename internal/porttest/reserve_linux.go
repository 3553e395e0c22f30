package porttest

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Reserve gives a loopback address at which a server may listen. Until release
// the system gives its port to nobody who asks for any port, which one that was
// merely free a moment ago may be given to.
//
// The port is bound and not listened on: beside such a socket another one may
// listen that names the port and, as all servers do, sets SO_REUSEADDR.
func Reserve() (addr string, release func(), err error) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("reserve a port: %w", err)
	}
	release = func() { _ = syscall.Close(socket) }
	port, err := bindAny(socket)
	if err != nil {
		release()
		return "", nil, fmt.Errorf("reserve a port: %w", err)
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4(loopback), port)).String(), release, nil
}

var loopback = [4]byte{127, 0, 0, 1}

func bindAny(socket int) (port uint16, err error) {
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: loopback}); err != nil {
		return 0, err
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		return 0, err
	}
	address, ok := bound.(*syscall.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("bound to %T", bound)
	}
	return uint16(address.Port), nil
}
