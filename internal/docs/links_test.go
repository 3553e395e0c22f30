package docs

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	inlineLink = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()]*\))?[^()\s]*)\)`)
	codeSpan   = regexp.MustCompile("`[^`]*`")
	heading    = regexp.MustCompile(`^#{1,6} (.+)$`)
	linkText   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// TestLinks follows every relative link of every document to a file that is
// there, and every anchor to a heading.
func TestLinks(t *testing.T) {
	documents := tracked(t, "*.md")
	checked := 0
	for _, document := range documents {
		for _, target := range links(read(t, filepath.Join(root, document))) {
			u, err := url.Parse(target)
			if err != nil {
				t.Errorf("%s: %q is no link", document, target)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			checked++
			file := document
			if u.Path != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(document), filepath.FromSlash(u.Path)))
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil || strings.HasPrefix(file, "..") {
				t.Errorf("%s: %s leads nowhere", document, target)
				continue
			}
			if u.Fragment != "" && !slices.Contains(anchors(read(t, filepath.Join(root, file))), u.Fragment) {
				t.Errorf("%s: %s: there is no such heading", document, target)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links were found in %d documents", checked, len(documents))
	}
}

// TestDocumentsAreFound: a document that no other one leads to is not read.
func TestDocumentsAreFound(t *testing.T) {
	linked := map[string]bool{}
	for _, document := range tracked(t, "*.md") {
		for _, target := range links(read(t, filepath.Join(root, document))) {
			file, _, _ := strings.Cut(target, "#")
			linked[filepath.ToSlash(filepath.Join(filepath.Dir(document), filepath.FromSlash(file)))] = true
		}
	}
	for _, document := range tracked(t, "docs/*.md") {
		if !linked[document] {
			t.Errorf("no document leads to %s", document)
		}
	}
}

// TestPicturesAreShown: a picture that no document shows is not kept.
func TestPicturesAreShown(t *testing.T) {
	var shown []string
	for _, document := range tracked(t, "*.md") {
		for _, target := range links(read(t, filepath.Join(root, document))) {
			shown = append(shown, filepath.Base(target))
		}
	}
	for _, picture := range tracked(t, "docs/images/*") {
		info, err := os.Stat(filepath.Join(root, picture))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 150<<10 {
			t.Errorf("%s has %d bytes, at most 150 KB", picture, info.Size())
		}
		if !slices.Contains(shown, filepath.Base(picture)) {
			t.Errorf("%s is not shown anywhere", picture)
		}
	}
}

// tracked are the files of the repository that match, by paths with slashes;
// new ones count before they are committed.
func tracked(t *testing.T, pattern string) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("git is not installed, or this is no clone: %v", err)
	}
	files := strings.Fields(string(out))
	if len(files) == 0 {
		t.Fatalf("no %s in the repository", pattern)
	}
	return files
}

// links are the targets of a document outside of code.
func links(text string) []string {
	var targets []string
	for line := range proseLines(text) {
		for _, found := range inlineLink.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, "`code`"), -1) {
			targets = append(targets, found[1])
		}
	}
	return targets
}

// proseLines are the lines that are not in a fenced block.
func proseLines(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		fenced := false
		for line := range strings.Lines(text) {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
				continue
			}
			if !fenced && !yield(strings.TrimRight(line, "\n")) {
				return
			}
		}
	}
}

// anchors are made of headings as GitHub makes them.
func anchors(text string) []string {
	var all []string
	for line := range proseLines(text) {
		found := heading.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		title := strings.ReplaceAll(linkText.ReplaceAllString(found[1], "$1"), "`", "")
		var anchor strings.Builder
		for _, r := range strings.ToLower(strings.TrimSpace(title)) {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				anchor.WriteRune(r)
			case r == ' ':
				anchor.WriteByte('-')
			}
		}
		all = append(all, anchor.String())
	}
	return all
}
