package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// mountsDisks says that this system lets the tests mount a disk that is soon full.
func mountsDisks() bool {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		return false
	}
	return syscall.Unmount(dir, 0) == nil
}

// scriptSmallDisk mounts a disk of a size: smalldisk DIR SIZE.
func scriptSmallDisk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// TestDiskFullWhileFollowing fills the disk of the store while a paid task is
// on its way: the command says so and goes on once there is room.
func TestDiskFullWhileFollowing(t *testing.T) {
	if !mountsDisks() {
		t.Skip("mount: this system lets the tests mount no tmpfs")
	}
	w := newWorld(t, 4)
	w.time.Stop() // on its way until the disk was full
	if err := syscall.Mount("tmpfs", w.dataDir, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(w.dataDir, syscall.MNT_DETACH) })
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	defer cancel()
	cmd := w.process(ctx, "none:0", "generate", "--yes", "--log-level", "warn", "a fox on a full disk")
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said.await(ctx, t, "State     waiting")
	ballast := filepath.Join(w.dataDir, "ballast")
	fill(t, ballast)
	said.await(ctx, t, "disk is full")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	w.time.Go()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), "Saved     ") {
		t.Errorf("it was not saved:\n%s", said.String())
	}
	if sum := w.audit(); sum.Creates != 1 || sum.Files != 1 {
		t.Errorf("%+v", sum)
	}
}

// fill leaves nothing free on a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for piece := make([]byte, 4096); err == nil; {
		_, err = file.Write(piece)
	}
}

// lockedBuffer is what a process says, read while it says it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *lockedBuffer) await(ctx context.Context, t *testing.T, words string) {
	t.Helper()
	for !strings.Contains(b.String(), words) {
		if ctx.Err() != nil {
			t.Fatalf("it never said %q:\n%s", words, b.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
}
