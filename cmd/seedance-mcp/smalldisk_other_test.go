//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

// mountsDisks: only Linux does for the tests.
func mountsDisks() bool { return false }

func scriptSmallDisk(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("no small disks here") }
