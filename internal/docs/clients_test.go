package docs

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"seedance-mcp/internal/install"
)

const (
	// somewhere stands for where a reader has put the program.
	somewhere = "/path/to/seedance-mcp"
	keyName   = "SEEDANCE_API_KEY"
	fakeKey   = "sk-test-not-a-real-key"
)

// clientsText has a section for each client that install knows.
func clientsText(t *testing.T) string {
	var text strings.Builder
	for _, c := range install.Clients() {
		entry, _ := preview(t, c)
		fmt.Fprintf(&text, "### %s\n\n```sh\nseedance-mcp install %s\n```\n\n", c.Name, c.ID)
		text.WriteString("Written into " + placesText(c) + ":\n\n")
		fmt.Fprintf(&text, "```%s\n%s\n```\n\n", c.Format, strings.TrimSpace(entry))
		fmt.Fprintf(&text, "%s. %s [Its own page on MCP](%s).\n\n", strings.TrimSuffix(c.Activate, "."), keyText(t, c), c.Docs)
	}
	return text.String()
}

// preview is what install would write on Linux, into a file that is not there
// yet.
func preview(t *testing.T, c install.Client, variables ...install.Variable) (text string, notes []string) {
	t.Helper()
	env := map[string]string{"HOME": filepath.Join(t.TempDir(), "home"), keyName: fakeKey}
	text, notes, err := install.Preview(install.Order{
		Client: c, System: install.System{GOOS: "linux", Env: func(name string) string { return env[name] }},
		Name: install.DefaultName, Binary: somewhere, Variables: variables,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, notes
}

// keyText says how a client gets the upstream's key.
func keyText(t *testing.T, c install.Client) string {
	t.Helper()
	entry, notes := preview(t, c, install.Variable{Name: keyName})
	if strings.Contains(entry, fakeKey) {
		return fmt.Sprintf("With a key: `seedance-mcp install %s --env %s=YOUR-KEY`; the key then stands in this file, which only you may read.", c.ID, keyName)
	}
	if len(notes) == 0 {
		t.Errorf("%s: where does the key come from?", c.ID)
	}
	return fmt.Sprintf("With a key: `seedance-mcp install %s --env %s`. %s", c.ID, keyName, strings.TrimSuffix(strings.Join(notes, " "), ".")+".")
}

var folderWord = regexp.MustCompile(`^\{([A-Za-z_]+)\}`)

// placesText names the usual file on each system.
func placesText(c install.Client) string {
	systems := []struct{ goos, name string }{{"linux", "Linux"}, {"darwin", "macOS"}, {"windows", "Windows"}}
	var files, names []string
	for _, system := range systems {
		file := ""
		for _, place := range c.Places {
			word := folderWord.FindStringSubmatch(place.Path)
			named := word == nil || strings.ToLower(word[1]) == word[1]
			// Patterns are of packaged programs, variables of those who set them.
			if (place.OS == "" || place.OS == system.goos) && named && !strings.Contains(place.Path, "*") {
				file = placeText(place.Path, system.goos)
				break
			}
		}
		if n := len(files); n > 0 && strings.ReplaceAll(file, `\`, "/") == strings.ReplaceAll(strings.ReplaceAll(files[n-1], `\`, "/"), "%USERPROFILE%", "~") {
			continue
		}
		if file != "" {
			files, names = append(files, file), append(names, system.name)
		}
	}
	if len(files) == 1 {
		return code(files[0])
	}
	var parts []string
	for i, file := range files {
		name := names[i]
		if i == 0 && len(files) == 2 && names[1] == "Windows" {
			name = "Linux, macOS"
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", code(file), name))
	}
	return strings.Join(parts, ", ")
}

func placeText(path, goos string) string {
	word := folderWord.FindStringSubmatch(path)
	folder := map[string]string{"home": "~", "config": "~/.config", "appdata": "%APPDATA%", "localappdata": "%LOCALAPPDATA%"}[word[1]]
	file := folder + strings.TrimPrefix(path, word[0])
	if goos == "windows" && strings.HasPrefix(file, "%") {
		file = strings.ReplaceAll(file, "/", `\`)
	}
	return file
}

var firstWish = regexp.MustCompile(`Then ask it: ("[^"]+")`)

// TestFirstWish: the quick start asks for what install says one should ask for.
func TestFirstWish(t *testing.T) {
	said := firstWish.FindStringSubmatch(says(t, "install", "cursor"))
	if said == nil {
		t.Fatal("install does not say what to ask for")
	}
	if !strings.Contains(read(t, filepath.Join(root, "docs", "quickstart.md")), strings.Trim(said[1], `"`)) {
		t.Errorf("docs/quickstart.md does not ask for %s", said[1])
	}
}
