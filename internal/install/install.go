package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/video"
)

// Order is one installation.
type Order struct {
	Client Client
	System System
	// File is the configuration to edit; "": the one that System finds.
	File string
	// Name is the server's name in it, Binary the absolute path of this
	// program.
	Name, Binary string
	Variables    []Variable
	// Now stamps the backup.
	Now time.Time
}

// Action is what was done.
type Action string

// What an installation can come to.
const (
	Added     Action = "added"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
	Removed   Action = "removed"
	Absent    Action = "absent"
)

// Outcome says what was done, and what a person should know.
type Outcome struct {
	Action Action
	File   string
	// Backup is a copy of the file as it was; "": there was no file, or
	// nothing changed.
	Backup string
	// Variables are the names of those that the entry gives the server.
	Variables []string
	Notes     []string
}

// DefaultName is short: clients put it in front of every tool's name.
const DefaultName = "seedance"

var goodName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,29}$`) })

// attempts is how often a file that others write at the same time is tried.
const attempts = 5

// Install puts the server into the client's configuration. Doing it again
// changes nothing.
func Install(o Order) (Outcome, error) {
	return o.run(func(doc document) (Action, []string, bool, error) {
		w, err := o.Client.want(o.Name, o.Binary, o.Variables, o.System.Env)
		if err != nil {
			return "", nil, false, &video.Error{Code: video.Invalid, Message: err.Error()}
		}
		action, err := o.merge(doc, w)
		return action, w.notes, w.written, err
	})
}

// Uninstall takes it out again.
func Uninstall(o Order) (Outcome, error) {
	return o.run(func(doc document) (Action, []string, bool, error) {
		entry, there := doc.get(o.path())
		if !there {
			return Absent, nil, false, nil
		}
		if err := o.mine(entry); err != nil {
			return "", nil, false, err
		}
		var notes []string
		if o.holdsKey(entry) {
			notes = []string{"The key stands in the backup: remove that file once you need it no more."}
		}
		if err := doc.remove(o.path()); err != nil {
			return "", nil, false, err
		}
		if list, ok := doc.(*jsonDocument); ok && o.Client.Secrets.Prompt {
			for _, name := range secretVariables() {
				if err := list.removeElement([]string{inputs}, "id", promptID(o.Name, name)); err != nil {
					return "", nil, false, err
				}
			}
		}
		return Removed, notes, false, nil
	})
}

// holdsKey says that a secret's value, and not a reference to it, stands in an
// entry.
func (o Order) holdsKey(entry any) bool {
	fields, _ := entry.(map[string]any)
	given, _ := fields[o.Client.Shape.Env].(map[string]any)
	for _, name := range secretVariables() {
		value, _ := given[name].(string)
		if value != "" && !strings.Contains(value, "{") {
			return true
		}
	}
	return false
}

// inputs is VS Code's list of what it asks for.
const inputs = "inputs"

// Preview is the entry as it would be written into an empty file.
func Preview(o Order) (text string, notes []string, err error) {
	if err := o.check(); err != nil {
		return "", nil, err
	}
	doc, err := parse(o.Client.Format, nil)
	if err != nil {
		return "", nil, err
	}
	w, err := o.Client.want(o.Name, o.Binary, o.Variables, o.System.Env)
	if err != nil {
		return "", nil, &video.Error{Code: video.Invalid, Message: err.Error()}
	}
	if _, err := o.merge(doc, w); err != nil {
		return "", nil, err
	}
	return string(doc.text()), w.notes, nil
}

func (o Order) path() []string { return append(slices.Clone(o.Client.Servers), o.Name) }

func (o Order) check() error {
	if !goodName().MatchString(o.Name) {
		return &video.Error{
			Code: video.Invalid, Message: fmt.Sprintf("%q is no name for a server.", video.Clip(o.Name, 40)),
			Suggestion: "Use up to 30 letters, digits, - and _, with a letter first.",
		}
	}
	return nil
}

// run reads, edits and writes; others may write the file at the same time.
func (o Order) run(edit func(document) (Action, []string, bool, error)) (Outcome, error) {
	out := Outcome{File: o.File}
	if err := o.check(); err != nil {
		return out, err
	}
	if out.File == "" {
		out.File = o.System.File(o.Client)
	}
	if out.File == "" {
		return out, &video.Error{
			Code: video.Invalid, Message: fmt.Sprintf("Where %s keeps its configuration on this system is not known.", o.Client.Name),
			Suggestion: "Name the file with --file, or see --print and put the entry in by hand.",
		}
	}
	for try := 1; ; try++ {
		err := o.once(&out, edit)
		if !errors.Is(err, errChanged) {
			return out, err
		}
		if try == attempts {
			return out, &video.Error{
				Code: video.Conflict, Message: out.File + " is being written by another program again and again.",
				Suggestion: fmt.Sprintf("Nothing was changed. Close %s, then repeat.", o.Client.Name),
			}
		}
	}
}

func (o Order) once(out *Outcome, edit func(document) (Action, []string, bool, error)) error {
	f, err := readFile(out.File)
	if err != nil {
		return err
	}
	doc, err := parse(o.Client.Format, f.text)
	if err != nil {
		return o.explain(f.path, err)
	}
	action, notes, secret, err := edit(doc)
	out.Action, out.Notes = action, notes
	if err != nil {
		return o.explain(f.path, err)
	}
	out.Variables = o.variables(doc)
	mode := f.mode
	if secret {
		mode = f.mode & private
		note := "The key stands in this file, which only you may read now (mode 0600)."
		if o.System.GOOS == onWindows { // has no such modes
			note = "The key stands in this file: let nobody else read it."
		}
		out.Notes = append(out.Notes, note)
		if s := o.Client.Secrets; s.Forward != "" || s.Reference != "" {
			out.Notes = append(out.Notes, fmt.Sprintf("%s can take the key from the environment that it is started in instead: seedance-mcp install %s --env %s", o.Client.Name, o.Client.ID, keyVariable))
		}
	}
	if out.Action == Absent {
		return nil
	}
	if string(doc.text()) == string(f.text) {
		return o.tighten(f, mode, out)
	}
	out.Backup, err = f.replace(doc.text(), mode, o.Now)
	return err
}

// variables are those that the entry names, whatever way they come.
func (o Order) variables(doc document) []string {
	var names []string
	given, _ := doc.get(append(o.path(), o.Client.Shape.Env))
	table, _ := given.(map[string]any)
	for name := range table {
		names = append(names, name)
	}
	for _, list := range []string{o.Client.Secrets.Store, o.Client.Secrets.Forward} {
		if list != "" {
			listed, _ := doc.get(append(o.path(), list))
			names = append(names, texts(listed)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tighten takes other people's rights from a file that needs no other change.
func (o Order) tighten(f file, mode fs.FileMode, out *Outcome) error {
	if !f.exists || mode == f.mode {
		return nil
	}
	if err := os.Chmod(f.target, mode); err != nil {
		return fileError(f.path, "protect", err)
	}
	out.Action = Updated
	return nil
}

// explain adds the file to a fault in it.
func (o Order) explain(path string, err error) error {
	fault, ok := errors.AsType[*placeError](err)
	if !ok {
		return err
	}
	return &video.Error{
		Code: video.Invalid, Err: err, Message: fmt.Sprintf("%s, %s.", path, fault.Error()),
		Suggestion: fmt.Sprintf("The file was left as it is. Mend it there, or put the entry in by hand: seedance-mcp install %s --print", o.Client.ID),
	}
}

// mine refuses to touch another server's entry.
func (o Order) mine(entry any) error {
	command, _, ok := o.Client.Shape.read(entry)
	if ok && ours(command, o.Binary) {
		return nil
	}
	return &video.Error{
		Code: video.Conflict, Message: fmt.Sprintf("%s has another server called %q already, which is not this program.", o.Client.Name, o.Name),
		Suggestion: "It was left as it is. Choose another name with --name.",
	}
}

// merge brings the entry to what it should be, field by field, so that what
// its owner added stays.
func (o Order) merge(doc document, w wanted) (Action, error) {
	before := string(doc.text())
	entry, there := doc.get(o.path())
	action := Updated
	switch {
	case !there || entry == nil:
		action = Added
		if err := doc.set(o.path(), w.whole(o.Client.Shape)); err != nil {
			return "", err
		}
	default:
		if err := o.mine(entry); err != nil {
			return "", err
		}
		if err := o.mergeFields(doc, entry, w); err != nil {
			return "", err
		}
	}
	if err := o.mergePrompts(doc, w); err != nil {
		return "", err
	}
	if string(doc.text()) == before {
		return Unchanged, nil
	}
	return action, nil
}

func (o Order) mergeFields(doc document, entry any, w wanted) error {
	var environment []Field
	_, hasEnvironment := lookUp(entry, []string{o.Client.Shape.Env})
	for _, e := range w.fields {
		old, there := lookUp(entry, e.path)
		value := o.keepArguments(e, old)
		switch {
		case there && (e.keep || same(plain(value), old)):
		case len(e.path) > 1 && !hasEnvironment:
			environment = append(environment, Field{e.path[1], value})
		default:
			if err := doc.set(append(o.path(), e.path...), value); err != nil {
				return err
			}
		}
	}
	if len(environment) > 0 {
		if err := doc.set(append(o.path(), o.Client.Shape.Env), environment); err != nil {
			return err
		}
	}
	for _, e := range w.names {
		current, _ := doc.get(append(o.path(), e.path...))
		names := texts(current)
		for _, name := range e.value.([]string) { //nolint:errcheck // names are lists
			if !slices.Contains(names, name) {
				if err := doc.set(append(o.path(), e.path...), append(names, name)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// keepArguments leaves the owner's own arguments after "stdio" in place.
func (o Order) keepArguments(e edit, old any) any {
	given := texts(old)
	switch {
	case e.path[0] == "args" && len(given) > 0 && given[0] == transport:
		return given
	case o.Client.Shape.Joined && e.path[0] == o.Client.Shape.Command && len(given) > 1 && given[1] == transport:
		return append([]string{o.Binary}, given[1:]...)
	}
	return e.value
}

func (o Order) mergePrompts(doc document, w wanted) error {
	list, ok := doc.(*jsonDocument)
	if !ok {
		return nil
	}
	for _, variable := range w.prompt {
		current, _ := list.get([]string{inputs})
		items, _ := current.([]any)
		asked := slices.ContainsFunc(items, func(item any) bool {
			id, _ := lookUp(item, []string{"id"})
			return id == promptID(o.Name, variable)
		})
		if asked {
			continue
		}
		if err := list.addElement([]string{inputs}, promptInput(o.Name, variable)); err != nil {
			return err
		}
	}
	return nil
}
