package porttest_test

import (
	"net"
	"slices"
	"testing"

	"seedance-mcp/internal/porttest"
)

// A reserved port refuses connections, is nobody's who asks for any, and can
// be listened on by name, again and again.
func TestReservedPort(t *testing.T) {
	addr := porttest.Addr(t)
	for range 2 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			t.Fatal("somebody listens")
		}
		server, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatalf("by name: %v", err)
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		server.Close()
	}
	// Of two that are reserved none is the other, nor one of those listened on.
	seen := []string{addr}
	for range 100 {
		other, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		for _, next := range []string{porttest.Addr(t), other.Addr().String()} {
			if slices.Contains(seen, next) {
				t.Fatalf("%s was given twice", next)
			}
			seen = append(seen, next)
		}
	}
}
