package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"seedance-mcp/internal/sandbox"
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

const (
	// goroutinesVariable names a file in which a child keeps the number of its
	// goroutines.
	goroutinesVariable = "SEEDANCE_TEST_GOROUTINES"
	// leaksVariable makes a child fail that ends with goroutines left.
	leaksVariable = "SEEDANCE_TEST_LEAKS"
	exitLeaking   = 70
)

func childMain() int {
	before := goleak.IgnoreCurrent()
	stop := make(chan struct{})
	if path := os.Getenv(goroutinesVariable); path != "" {
		go countGoroutines(path, stop)
	}
	t := terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, variables: environment(), tune: tuneForCrashes()}
	code := Main(context.Background(), t, os.Args[1:])
	close(stop)
	if os.Getenv(leaksVariable) != "" {
		// Connections kept for the next request end with the process.
		idle := []goleak.Option{goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop")}
		if err := goleak.Find(append(idle, before)...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitLeaking
		}
	}
	return code
}

func countGoroutines(path string, stop <-chan struct{}) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		os.WriteFile(path+".new", []byte(strconv.Itoa(runtime.NumGoroutine())), 0o600)
		os.Rename(path+".new", path) // whole or not at all
	}
}

// child is a seedance-mcp process with an empty home, a fast sandbox and the
// given variables ("NAME=value").
func child(t testing.TB, env []string, args ...string) *exec.Cmd {
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
			env.Values[boxKey{}], env.Values[lockKey{}] = new(*sandbox.Server), new(func())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"upstream": scriptUpstream, "paid": scriptPaid, "damage": scriptDamage, "lock": scriptLock, "unlock": scriptUnlock,
			"smalldisk": scriptSmallDisk, "fill": scriptFill,
		},
		Condition: func(name string) (bool, error) {
			if name == "smalldisk" {
				return mountsDisks(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}
