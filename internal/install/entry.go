package install

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Variable is one environment variable of the server.
type Variable struct {
	Name, Value string
	// Given says that Value is meant; else the variable is taken from the
	// client's own environment, where the client can.
	Given bool
}

// keyVariable is that of the upstream's key.
const keyVariable = "SEEDANCE_API_KEY"

// secretVariables are never written where a client has a better place.
func secretVariables() []string { return []string{keyVariable, "SEEDANCE_DATABASE_URL"} }

// transport is the one argument that every entry has first.
const transport = "stdio"

// edit is one wish: that value stands at path. keep says that a value which is
// there already is the owner's and wins.
type edit struct {
	path  []string
	value any
	keep  bool
}

// wanted is what an entry should hold, and what else the file needs.
type wanted struct {
	fields []edit // paths inside the entry
	names  []edit // lists of variable names inside the entry, to be joined
	prompt []string
	// written says that a secret's value stands in the file.
	written bool
	notes   []string
}

// want turns the order into fields of this client. env reads the environment
// of this very process.
func (c Client) want(name, binary string, variables []Variable, env func(string) string) (wanted, error) {
	var w wanted
	field := func(key string, value any, keep bool) {
		w.fields = append(w.fields, edit{[]string{key}, value, keep})
	}
	if c.Shape.NameField != "" {
		field(c.Shape.NameField, name, true)
	}
	for _, f := range c.Shape.Fixed {
		field(f.Key, f.Value, f.Key != typeField)
	}
	if c.Shape.Joined {
		field(c.Shape.Command, []string{binary, transport}, false)
	} else {
		field(c.Shape.Command, binary, false)
		field("args", []string{transport}, false)
	}
	for _, v := range variables {
		value, list, err := c.place(&w, name, v, env)
		switch {
		case err != nil:
			return w, err
		case list != "":
			w.names = append(w.names, edit{path: []string{list}, value: []string{v.Name}})
		default:
			w.fields = append(w.fields, edit{[]string{c.Shape.Env, v.Name}, value, false})
		}
	}
	return w, nil
}

// place decides how a variable reaches the server: as a value in the file, or
// through the list of names that is given back.
func (c Client) place(w *wanted, server string, v Variable, env func(string) string) (value, list string, err error) {
	secret := slices.Contains(secretVariables(), v.Name)
	note := func(format string, args ...any) { w.notes = append(w.notes, fmt.Sprintf(format, args...)) }
	switch s := c.Secrets; {
	case secret && s.Prompt:
		id := promptID(server, v.Name)
		w.prompt = append(w.prompt, v.Name)
		note("%s asks for %s when the server starts first, and keeps it itself: no key is written into the file.", c.Name, v.Name)
		return "${input:" + id + "}", "", nil
	case secret && s.Store != "":
		note("%s takes %s from its own secret store, or from the environment that it is started in: no key is written into the file.", c.Name, v.Name)
		return "", s.Store, nil
	case !v.Given && s.Forward != "":
		note("%s hands on %s from the environment that it is started in.", c.Name, v.Name)
		return "", s.Forward, nil
	case !v.Given && s.Reference != "":
		note("%s takes %s from the environment that it is started in.", c.Name, v.Name)
		return fmt.Sprintf(s.Reference, v.Name), "", nil
	case !v.Given && env(v.Name) == "":
		return "", "", fmt.Errorf("%s is not set here, and %s cannot refer to a variable; give its value: --env %s=…", v.Name, c.Name, v.Name)
	case !v.Given:
		value = env(v.Name)
	default:
		value = v.Value
	}
	w.written = w.written || secret
	return value, "", nil
}

// promptID names VS Code's input.
func promptID(server, variable string) string {
	return server + "-" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(variable, "SEEDANCE_"), "_", "-"))
}

func promptInput(server, variable string) []Field {
	what := "The Seedance / Kinovi API key of " + server
	if variable != keyVariable {
		what = "The value of " + variable + " for " + server
	}
	return []Field{
		{typeField, "promptString"}, {"id", promptID(server, variable)}, {"description", what}, {"password", true},
	}
}

// whole is the entry as it is written where there was none.
func (w wanted) whole(shape Shape) []Field {
	var entry, environment []Field
	for _, e := range w.fields {
		if len(e.path) == 1 {
			entry = append(entry, Field{e.path[0], e.value})
		} else {
			environment = append(environment, Field{e.path[1], e.value})
		}
	}
	if len(environment) > 0 {
		entry = append(entry, Field{shape.Env, environment})
	}
	for _, e := range w.names {
		i := slices.IndexFunc(entry, func(f Field) bool { return f.Key == e.path[0] })
		if i < 0 {
			entry = append(entry, Field{e.path[0], e.value})
			continue
		}
		entry[i].Value = append(slices.Clone(entry[i].Value.([]string)), e.value.([]string)...) //nolint:errcheck // names are lists
	}
	return entry
}

// Installed is an entry that starts this program.
type Installed struct {
	Name    string   `json:"name"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

// read takes command and arguments out of an entry; false: it starts nothing.
func (s Shape) read(entry any) (command string, args []string, ok bool) {
	table, _ := entry.(map[string]any)
	if s.Joined {
		all := texts(table[s.Command])
		if len(all) == 0 {
			return "", nil, false
		}
		return all[0], all[1:], true
	}
	command, ok = table[s.Command].(string)
	return command, texts(table["args"]), ok
}

func texts(list any) []string {
	items, _ := list.([]any)
	all := make([]string, 0, len(items))
	for _, item := range items {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

// ours says that command is this program, wherever it lies.
func ours(command, binary string) bool {
	base := func(path string) string {
		path = path[strings.LastIndexAny(path, `/\`)+1:]
		return strings.TrimSuffix(strings.ToLower(path), ".exe")
	}
	return command == binary || base(command) == "seedance-mcp" || (binary != "" && base(command) == base(filepath.ToSlash(binary)))
}
