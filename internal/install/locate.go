package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// System is the machine that is looked at.
type System struct {
	GOOS string
	Env  func(string) string
	// LookPath finds a program; nil: none is found.
	LookPath func(string) (string, error)
}

// home is the user's folder; "" where the system names none.
func (s System) home() string {
	if s.GOOS == onWindows {
		return s.Env("USERPROFILE")
	}
	return s.Env("HOME")
}

// folder is what a word in braces stands for; "": nothing here.
func (s System) folder(word string) string {
	under := func(parts ...string) string {
		if home := s.home(); home != "" {
			return filepath.Join(append([]string{home}, parts...)...)
		}
		return ""
	}
	switch word {
	case "home":
		return s.home()
	case "config":
		if dir := s.Env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
			return dir
		}
		return under(".config")
	case "appdata":
		if dir := s.Env("APPDATA"); dir != "" {
			return dir
		}
		return under("AppData", "Roaming")
	case "localappdata":
		if dir := s.Env("LOCALAPPDATA"); dir != "" {
			return dir
		}
		return under("AppData", "Local")
	default:
		return s.Env(word)
	}
}

// resolve gives the files of a place: none where its folder is not named
// here, several where its pattern matches several.
func (s System) resolve(p Place) []string {
	if p.OS != "" && p.OS != s.GOOS {
		return nil
	}
	word, rest, ok := strings.Cut(strings.TrimPrefix(p.Path, "{"), "}")
	folder := s.folder(word)
	if !ok || folder == "" {
		return nil
	}
	before, after, pattern := strings.Cut(rest, "*")
	if !pattern {
		return []string{filepath.FromSlash(filepath.ToSlash(folder) + rest)}
	}
	// Only what is on both sides of the one * is matched: the folder itself
	// may hold characters that a pattern would read.
	parent, prefix := filepath.Split(filepath.FromSlash(filepath.ToSlash(folder) + before))
	suffix, tail, _ := strings.Cut(after, "/")
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil
	}
	var found []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) && strings.HasSuffix(entry.Name(), suffix) {
			found = append(found, filepath.Join(parent, entry.Name(), filepath.FromSlash(tail)))
		}
	}
	return found
}

// File is the client's configuration file here, whether it exists or not; ""
// where the system names no folder for it. The first place whose folder exists
// wins, and in that folder the first file that exists; a variable that names
// the place always wins.
func (s System) File(c Client) string {
	var all []string
	for _, place := range c.Places {
		found := s.resolve(place)
		if len(found) > 0 && strings.HasPrefix(place.Path, "{") && place.Path[1] >= 'A' && place.Path[1] <= 'Z' {
			return found[0]
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return ""
	}
	chosen := all[0]
	if i := slices.IndexFunc(all, func(file string) bool { return exists(filepath.Dir(file)) }); i >= 0 {
		chosen = all[i]
	}
	for _, file := range all {
		if filepath.Dir(file) == filepath.Dir(chosen) && exists(file) {
			return file
		}
	}
	return chosen
}

// Seen says that the client seems to be installed here: its command, its
// configuration or a folder of its own exists.
func (s System) Seen(c Client) bool {
	file := s.File(c)
	if s.Program(c) != "" || (file != "" && exists(file)) {
		return true
	}
	folder := filepath.Dir(file)
	return file != "" && folder != filepath.Clean(s.home()) && exists(folder)
}

// Program is where the client's own command was found; "" if nowhere.
func (s System) Program(c Client) string {
	if c.Program == "" || s.LookPath == nil {
		return ""
	}
	path, err := s.LookPath(c.Program)
	if err != nil {
		return ""
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
