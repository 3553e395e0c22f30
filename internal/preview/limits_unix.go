//go:build unix

package preview

import (
	"context"
	"os"
	"os/exec"
)

// limited is the program under limits that the system enforces: 60 s of
// processor time, 4 GiB of address space, no file written, no core. A limit
// that a system does not have is left out; the deadline holds in any case.
func limited(ctx context.Context, program string, args ...string) *exec.Cmd {
	const shell = "/bin/sh"
	if _, err := os.Stat(shell); err != nil {
		return plain(ctx, program, args)
	}
	const script = `for limit in "-t 60" "-v 4194304" "-f 0" "-c 0"; do ulimit $limit 2>/dev/null || :; done; exec "$@"`
	return exec.CommandContext(ctx, shell, append([]string{"-c", script, "limited", program}, args...)...) //nolint:gosec // a constant script; the rest reaches it as arguments
}
