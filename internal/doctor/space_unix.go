//go:build linux || darwin

package doctor

import "syscall"

// FreeSpace is what this user may still write there, in bytes.
func FreeSpace(folder string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil // Bsize has another type on each system
}
