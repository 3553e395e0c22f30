package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func manText(t *testing.T) string {
	t.Helper()
	described, err := describeAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return manPage(build{Version: "v1.2.3", Time: "2026-11-25T18:00:00Z"}, described).Roff()
}

// TestManPageTellsEverything holds the page against the tables.
func TestManPageTellsEverything(t *testing.T) {
	page := manText(t)
	plainly := strings.NewReplacer(`\-`, "-", `\(dq`, `"`, `\e`, `\`, `\fB`, "", `\fI`, "", `\fP`, "").Replace(page)
	for _, c := range commands() {
		if !strings.Contains(plainly, ".SS \""+c.name+"\"\n") {
			t.Errorf("the command %s is missing", c.name)
		}
	}
	for _, one := range allSettings() {
		if !strings.Contains(plainly, "\n--"+one.flag+" ") {
			t.Errorf("the flag --%s is missing", one.flag)
		}
		if !strings.Contains(plainly, ".B \""+one.env+"\"\n") {
			t.Errorf("the variable %s is missing", one.env)
		}
	}
	for _, flag := range []string{"--aspect-ratio", "--usage", "--print", "--addr", "--daily-credits"} {
		if strings.Count(plainly, "\n"+flag+" ")+strings.Count(plainly, "\n"+flag+"\n") == 0 {
			t.Errorf("the flag %s is missing", flag)
		}
	}
}

// TestManPageIsRoff lets the formatters that people have look at it.
func TestManPageIsRoff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seedance-mcp.1")
	if err := os.WriteFile(path, []byte(manText(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"mandoc": {"-T", "lint", "-W", "warning", path},
		"groff":  {"-man", "-ww", "-z", "-T", "utf8", path},
		"man":    {"--warnings", "-l", path},
	} {
		t.Run(name, func(t *testing.T) {
			program := foreign(t, name)
			var out, said bytes.Buffer
			command := exec.Command(program, args...)
			command.Stdout, command.Stderr = &out, &said
			command.Env = append(os.Environ(), "MANPAGER=cat", "MANWIDTH=100", "LC_ALL=C.UTF-8")
			if err := command.Run(); err != nil || said.Len() > 0 {
				t.Fatalf("%v\n%s%s", err, said.String(), out.String())
			}
			if name == "mandoc" && out.Len() > 0 {
				t.Errorf("mandoc: %s", out.String())
			}
			if name == "man" && !strings.Contains(out.String(), "SEEDANCE_MAX_CREDITS_PER_DAY") {
				t.Errorf("man shows:\n%s", out.String())
			}
		})
	}
}
