package media

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// Windows' own numbers, which package syscall does not name.
const (
	writeProtected  syscall.Errno = 19
	lockViolation   syscall.Errno = 33
	handleDiskFull  syscall.Errno = 39
	diskIsFull      syscall.Errno = 112
	fileTooLarge    syscall.Errno = 223
	quotaExceeded   syscall.Errno = 1295
	failImmediately               = 1
	exclusive                     = 2
)

var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

// lock takes the file for this process, until it is closed or the process
// ends. False: another one has it. The locked byte lies far behind the
// content, which others may read on.
func lock(file *os.File) (bool, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var done uintptr
	var lockErr error
	if err := raw.Control(func(fd uintptr) {
		at := syscall.Overlapped{OffsetHigh: 1 << 30}
		done, _, lockErr = lockFileEx.Call(fd, failImmediately|exclusive, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	}); err != nil {
		return false, err
	}
	switch {
	case done != 0:
		return true, nil
	case errors.Is(lockErr, lockViolation), errors.Is(lockErr, syscall.ERROR_IO_PENDING):
		return false, nil
	default:
		return false, errNoLocks
	}
}

func diskFull(err error) bool {
	return errors.Is(err, diskIsFull) || errors.Is(err, handleDiskFull) || errors.Is(err, quotaExceeded) ||
		errors.Is(err, fileTooLarge) || errors.Is(err, syscall.ENOSPC)
}

func readOnly(err error) bool { return errors.Is(err, writeProtected) }
