package packaging

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func sha256Of(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// release is the part of .goreleaser.yaml that promises something to people.
type release struct {
	Before struct {
		Hooks []string `yaml:"hooks"`
	} `yaml:"before"`
	Builds []struct {
		OS    []string `yaml:"goos"`
		Arch  []string `yaml:"goarch"`
		Flags []string `yaml:"flags"`
	} `yaml:"builds"`
	Archives []struct {
		Files []struct {
			Source string `yaml:"src"`
			Folder string `yaml:"dst"`
		} `yaml:"files"`
	} `yaml:"archives"`
	Casks []struct {
		Manpages    []string          `yaml:"manpages"`
		Completions map[string]string `yaml:"completions"`
	} `yaml:"homebrew_casks"`
	Scoops []any `yaml:"scoops"`
	SBOMs  []any `yaml:"sboms"`
}

// TestReleaseHoldsWhatThePackagesName runs the hook that makes the archives'
// extra files, and looks for every file that the configuration names.
func TestReleaseHoldsWhatThePackagesName(t *testing.T) {
	data, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Builds[0].OS, []string{"linux", "darwin", "windows"}) || !slices.Equal(r.Builds[0].Arch, []string{"amd64", "arm64"}) {
		t.Errorf("built for %v on %v", r.Builds[0].OS, r.Builds[0].Arch)
	}
	if !slices.Contains(r.Builds[0].Flags, "-buildvcs=true") {
		t.Error("the version comes from the build's information, which is not asked for")
	}
	if len(r.Scoops) != 1 || len(r.SBOMs) != 1 || len(r.Casks) != 1 {
		t.Fatalf("%d scoop manifests, %d SBOMs, %d casks", len(r.Scoops), len(r.SBOMs), len(r.Casks))
	}
	shell := require(t, "sh", "sh")
	hook := "deploy/release/extras.sh"
	if !slices.ContainsFunc(r.Before.Hooks, func(one string) bool { return strings.HasSuffix(one, "sh "+hook) }) {
		t.Fatalf("the release does not run %s", hook)
	}
	run(t, "../..", shell, hook)
	var archived []string
	for _, file := range r.Archives[0].Files {
		found, err := filepath.Glob(filepath.Join("../..", file.Source))
		if err != nil || len(found) == 0 {
			t.Errorf("the archives want %s, which is not there (%v)", file.Source, err)
		}
		for _, path := range found {
			if info, err := os.Stat(path); err != nil || info.Size() == 0 {
				t.Errorf("%s is empty (%v)", path, err)
			}
			archived = append(archived, filepath.ToSlash(filepath.Join(file.Folder, filepath.Base(path))))
		}
	}
	wanted := append(slices.Clone(r.Casks[0].Manpages), "completions/seedance-mcp.ps1", "README.md", "LICENSE", "CHANGELOG.md")
	for _, path := range r.Casks[0].Completions {
		wanted = append(wanted, path)
	}
	for _, path := range wanted {
		if !slices.Contains(archived, path) {
			t.Errorf("%s is not in the archives: %v", path, archived)
		}
	}
}

// TestGoreleaserTakesTheConfiguration asks goreleaser itself. It is not
// installed by the tests, because that takes minutes: make packages does, and
// the gate runs that first.
func TestGoreleaserTakesTheConfiguration(t *testing.T) {
	program := require(t, "goreleaser", "goreleaser")
	command := exec.CommandContext(t.Context(), program, "check")
	command.Dir = "../.."
	if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "validated") {
		t.Errorf("%v\n%s", err, out)
	}
}
