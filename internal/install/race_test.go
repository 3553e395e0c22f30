package install

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seedance-mcp/internal/video"
)

// Clients write their own files: what one writes while we edit is not lost.
func TestFileThatChangesMeanwhile(t *testing.T) {
	for _, times := range []int{0, 1, attempts - 1, attempts} {
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, []byte(`{"n": 0}`), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _ := Find("cursor")
		o := Order{Client: c, System: System{GOOS: onLinux, Env: func(string) string { return "" }}, File: path, Name: DefaultName}
		written := 0
		_, err := o.run(func(doc document) (Action, []string, bool, error) {
			if written < times {
				written++
				if err := os.WriteFile(path, fmt.Appendf(nil, `{"n": %d}`, written), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return Added, nil, false, doc.set([]string{"ours"}, true)
		})
		text, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if !strings.Contains(string(text), fmt.Sprintf(`"n": %d`, times)) {
			t.Errorf("%d changes: the client's last write is lost: %s", times, text)
		}
		lost := times == attempts
		if (video.CodeOf(err) == video.Conflict) != lost || (err == nil) == lost || strings.Contains(string(text), "ours") == lost {
			t.Errorf("%d changes: %v, %s", times, err, text)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".tmp") {
				t.Errorf("%d changes: %s was left behind", times, entry.Name())
			}
		}
	}
}

// A folder that cannot be written is told, and nothing is left in it.
func TestFolderThatCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	blocked := filepath.Join(folder, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ := Find("codex")
	o := Order{Client: c, System: System{GOOS: onLinux, Env: func(string) string { return "" }}, File: filepath.Join(blocked, "config.toml"), Name: DefaultName, Binary: "/x/seedance-mcp"}
	if _, err := Install(o); video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("got %v", err)
	}
	o.File = folder
	if _, err := Install(o); video.CodeOf(err) != video.Invalid || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder for a file: %v", err)
	}
}
