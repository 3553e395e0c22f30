//go:build !unix

package preview

import (
	"context"
	"os/exec"
)

// limited is the program; here the deadline is all that bounds it.
func limited(ctx context.Context, program string, args ...string) *exec.Cmd {
	return plain(ctx, program, args)
}
