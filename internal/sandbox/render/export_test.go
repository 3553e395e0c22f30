package render

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Tool is the path of an installed program. Without it the test is skipped by
// name, or fails where SEEDANCE_TEST_REQUIRE lists the package it comes with.
func Tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), pkg) {
		t.Fatalf("%s is required and not installed: %v", name, err)
	}
	t.Skipf("SKIPPED: %s is not installed", name)
	return ""
}
