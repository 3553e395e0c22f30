//go:build unix && !aix && !solaris

package media

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the file for this process, until it is closed or the process
// ends. False: another one has it.
func lock(file *os.File) (bool, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	if err := raw.Control(func(fd uintptr) {
		lockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	}); err != nil {
		return false, err
	}
	switch {
	case lockErr == nil:
		return true, nil
	case errors.Is(lockErr, syscall.EWOULDBLOCK), errors.Is(lockErr, syscall.EINTR):
		return false, nil
	default:
		return false, errNoLocks
	}
}

func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

func readOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
