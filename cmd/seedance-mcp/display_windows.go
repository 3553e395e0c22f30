package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// drawable has a console understand escape sequences, which older ones do only
// when asked; false: it cannot.
func drawable(console *os.File) bool {
	handle := windows.Handle(console.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
