package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

const (
	manifestPath = "../../deploy/mcpb/manifest.json"
	registryPath = "../../deploy/registry/server.json"
)

// shortTool is a tool as the bundle's manifest shows it to a person.
type shortTool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// shortTools are the tools that are there on every machine and in each
// dialect: their names, and the first sentence about each.
func shortTools(t *testing.T) []shortTool {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	var short []shortTool
	for _, tool := range tools.All(tools.Deps{Catalog: models, Dialect: video.Workflow, Downloads: true}) {
		short = append(short, shortTool{tool.Tool.GetName(), firstSentence(tool.Tool)})
	}
	return short
}

func firstSentence(tool mcp.Tool) string {
	first, _, _ := strings.Cut(tool.Description, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

var manifestTools = regexp.MustCompile(`(?s)\n  "tools": \[.*?\],\n`)

// TestManifestGolden keeps the bundle's list of tools what the code says;
// -update rewrites it.
func TestManifestGolden(t *testing.T) {
	data, err := os.ReadFile(manifestPath)
	if err != nil {
		t.Fatal(err)
	}
	var list bytes.Buffer
	encoder := json.NewEncoder(&list)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("  ", "  ")
	if err := encoder.Encode(shortTools(t)); err != nil {
		t.Fatal(err)
	}
	if !manifestTools.Match(data) {
		t.Fatal("the manifest has lost its list of tools")
	}
	want := manifestTools.ReplaceAllLiteral(data, []byte("\n  \"tools\": "+strings.TrimSpace(list.String())+",\n"))
	if bytes.Equal(data, want) {
		return
	}
	if !*update {
		t.Fatal("the tools in deploy/mcpb/manifest.json are not what the code says; run: make generate")
	}
	if err := os.WriteFile(manifestPath, want, 0o600); err != nil {
		t.Fatal(err)
	}
}

// packaged is what the manifest and the registry's entry say about variables.
type packaged struct {
	Version string `json:"version"`
	Server  struct {
		Config struct {
			Env map[string]string `json:"env"`
		} `json:"mcp_config"`
	} `json:"server"`
	UserConfig map[string]struct {
		Required  bool    `json:"required"`
		Sensitive bool    `json:"sensitive"`
		Default   *string `json:"default"`
	} `json:"user_config"`
	Packages []struct {
		Version   string `json:"version"`
		Variables []struct {
			Name     string   `json:"name"`
			Secret   bool     `json:"isSecret"`
			Required bool     `json:"isRequired"`
			Choices  []string `json:"choices"`
		} `json:"environmentVariables"`
	} `json:"packages"`
}

func readPackaged(t *testing.T, path string) packaged {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var p packaged
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPackagesNameVariablesThatExist holds what packages ask people for
// against the settings.
func TestPackagesNameVariablesThatExist(t *testing.T) {
	known := map[string]setting{}
	for _, one := range allSettings() {
		known[one.env] = one
	}
	manifest, registry := readPackaged(t, manifestPath), readPackaged(t, registryPath)
	var asked, listed []string
	for name, value := range manifest.Server.Config.Env {
		asked = append(asked, name)
		field := strings.TrimSuffix(strings.TrimPrefix(value, "${user_config."), "}")
		config, ok := manifest.UserConfig[field]
		if _, exists := known[name]; !exists || !ok {
			t.Errorf("the manifest sets %s from %s: one of them does not exist", name, value)
		}
		// A value that the client does not fill in would arrive as ${user_config…}.
		if config.Default == nil || *config.Default != "" || config.Required {
			t.Errorf("%s must be optional, with an empty default", field)
		}
		if config.Sensitive != (name == "SEEDANCE_API_KEY") {
			t.Errorf("%s: sensitive is %t", field, config.Sensitive)
		}
	}
	if len(asked) != len(manifest.UserConfig) {
		t.Errorf("%d variables are made from %d fields", len(asked), len(manifest.UserConfig))
	}
	for _, one := range registry.Packages[0].Variables {
		listed = append(listed, one.Name)
		s, exists := known[one.Name]
		if !exists {
			t.Errorf("the registry's entry names %s, which does not exist", one.Name)
			continue
		}
		for _, choice := range one.Choices {
			if err := s.set(new(settings), choice); err != nil {
				t.Errorf("%s: the choice %q is refused: %s", one.Name, choice, err)
			}
		}
		if one.Secret != (one.Name == "SEEDANCE_API_KEY") || one.Required {
			t.Errorf("%s: secret %t, required %t", one.Name, one.Secret, one.Required)
		}
	}
	slices.Sort(asked)
	slices.Sort(listed)
	if !slices.Equal(asked, listed) {
		t.Errorf("the manifest asks for %v, the registry's entry lists %v", asked, listed)
	}
}

// TestPackagesHaveTheVersionOfTheChangelog keeps one number in three files.
func TestPackagesHaveTheVersionOfTheChangelog(t *testing.T) {
	log, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\] - (Unreleased|\d{4}-\d{2}-\d{2})$`).FindSubmatch(log)
	if m == nil {
		t.Fatal("CHANGELOG.md does not begin with a version")
	}
	newest := string(m[1])
	manifest, registry := readPackaged(t, manifestPath), readPackaged(t, registryPath)
	for what, version := range map[string]string{
		"deploy/mcpb/manifest.json": manifest.Version, "deploy/registry/server.json": registry.Version,
		"its package": registry.Packages[0].Version,
	} {
		if version != newest {
			t.Errorf("%s has version %q, CHANGELOG.md %q", what, version, newest)
		}
	}
}
