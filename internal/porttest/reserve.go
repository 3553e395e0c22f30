// Package porttest reserves loopback ports for the servers of tests, which are
// told where to listen before they listen. Tests of any package may import it,
// and the bench; nothing else.
package porttest

import "testing"

// Addr is a loopback address at which a server of the test may listen; the
// port is given to nobody else until the test ends.
func Addr(t testing.TB) string {
	t.Helper()
	addr, release, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return addr
}
