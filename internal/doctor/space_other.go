//go:build !linux && !darwin && !windows

package doctor

import "errors"

// FreeSpace is not known on this system.
func FreeSpace(string) (uint64, error) { return 0, errors.New("not known on this system") }
