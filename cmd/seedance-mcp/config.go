package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/go-envparse"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/doctor"
	"seedance-mcp/internal/video"
)

// A setting comes from its flag, else from its variable, else from the config
// file, which has lines like those of a shell: NAME=value. A secret may be in a
// file of its own, which the variable NAME_FILE names, in either place.

const (
	configVariable = "SEEDANCE_CONFIG"
	fileSuffix     = "_FILE"
	// maxConfig is the largest config or secret file in bytes.
	maxConfig = 1 << 20
)

// secretVariables may be given as a file.
func secretVariables() []string {
	return []string{keyVariable, "SEEDANCE_DATABASE_URL", "SEEDANCE_MASTER_KEY", "SEEDANCE_METRICS_TOKEN", "SEEDANCE_S3_ACCESS_KEY_ID", "SEEDANCE_S3_SECRET_ACCESS_KEY"}
}

// sources are where settings come from that no flag gives.
type sources struct {
	env  func(string) string
	path string // of the config file, "" without one
	file map[string]string
}

// readSources reads the config file and refuses what no command knows in it: a
// misspelt budget would be none.
func readSources(env func(string) string, path string) (sources, error) {
	s := sources{env: env, path: path}
	if path == "" {
		return s, nil
	}
	text, err := readSmall(path)
	if err != nil {
		return s, usageError("the config file cannot be read: %s", err)
	}
	s.file, err = envparse.Parse(bytes.NewReader(text))
	if err != nil {
		return s, usageError("%s: %s; its lines are NAME=value, with quotes around values that contain # or quotes", path, err)
	}
	var unknown []string
	for name := range s.file {
		if !slices.Contains(fileNames(), name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return s, usageError("%s: there is no setting %s; did you mean %s?", path, video.Clip(unknown[0], 60), nearestName(unknown[0]))
	}
	return s, nil
}

// fileNames are the names that a config file may set.
func fileNames() []string {
	var names []string
	for _, one := range slices.Concat(allSettings(), servingSettings(), copyingSettings()) {
		if one.env != configVariable {
			names = append(names, one.env)
		}
	}
	for _, secret := range secretVariables() {
		names = append(names, secret+fileSuffix)
	}
	return names
}

// slip is how many letters off a name may be to be a setting's, misspelt. Other
// names are left alone: Kubernetes makes some of a service's name.
const slip = 3

// misspelt are the environment's variables that would be settings but for a slip,
// by the setting's name: nothing reads them, so that a budget would be none.
func misspelt(variables []string) []doctor.StraySetting {
	known := append(fileNames(), configVariable)
	var all []doctor.StraySetting
	for _, name := range variables {
		if !strings.HasPrefix(name, "SEEDANCE_") || strings.HasPrefix(name, "SEEDANCE_MCP_") || slices.Contains(known, name) {
			continue
		}
		if near := nearestName(name); catalog.Edits(near, name) <= slip || name == near+fileSuffix {
			all = append(all, doctor.StraySetting{Name: name, Near: near})
		}
	}
	return all
}

func nearestName(given string) string {
	names := fileNames()
	if plain := strings.TrimSuffix(given, fileSuffix); slices.Contains(names, plain) {
		return plain // that is a file, or no secret
	}
	return slices.MinFunc(names, func(a, b string) int {
		return catalog.Edits(a, given) - catalog.Edits(b, given)
	})
}

// value is a variable's value and where it stands, for messages; "": nowhere.
func (s sources) value(name string) (value, origin string, err error) {
	value, origin, err = read(s.env, name)
	if value != "" || err != nil || s.file == nil {
		return value, origin, err
	}
	value, origin, err = read(func(name string) string { return s.file[name] }, name)
	return value, s.path + ": " + origin, err
}

// read is a variable's value, or what the file says that stands for it.
func read(from func(string) string, name string) (value, origin string, err error) {
	value = from(name)
	if !slices.Contains(secretVariables(), name) {
		return value, name, nil
	}
	path := from(name + fileSuffix)
	switch {
	case path == "":
		return value, name, nil
	case value != "":
		return "", name, fmt.Errorf("it and %s%s are both set; keep one", name, fileSuffix)
	}
	text, err := readSmall(path)
	if err != nil {
		return "", name + fileSuffix, fmt.Errorf("the file cannot be read: %w", err)
	}
	value = strings.TrimRight(string(text), "\r\n")
	if value == "" {
		return "", name + fileSuffix, fmt.Errorf("%s is empty", path)
	}
	return value, name + fileSuffix, nil
}

var errTooLarge = errors.New("it has more than 1 MiB, which no settings have")

func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err == nil && len(text) > maxConfig {
		err = errTooLarge
	}
	return text, err
}
