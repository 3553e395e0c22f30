package main

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the generated part of the README")

// childVariable makes the test binary behave as seedance-mcp, so that tests
// start real processes without building twice.
const childVariable = "SEEDANCE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(childMain())
	}
	testscript.Main(m, map[string]func(){
		"seedance-mcp": func() { os.Exit(childMain()) },
	})
}

func childMain() int {
	t := terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, tune: tuneForCrashes()}
	return Main(context.Background(), t, os.Args[1:])
}

// child is a seedance-mcp process with an empty home, a fast sandbox and the
// given variables ("NAME=value").
func child(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append([]string{childVariable + "=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "SEEDANCE_SANDBOX_SPEED=20"}, env...)
	return cmd
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("SEEDANCE_SANDBOX_SPEED", "20")
			return nil
		},
	})
}
