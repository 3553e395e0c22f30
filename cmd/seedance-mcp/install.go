package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/install"
	"seedance-mcp/internal/video"
)

const (
	installSynopsis = `install                     show the clients, and what is on this machine
       seedance-mcp install CLIENT [flags]      put the server into its configuration
       seedance-mcp install CLIENT --uninstall  take it out again`

	// kinoviURL is where the kinovi dialect is spoken.
	kinoviURL = "https://kinovi.ai/api/v1"
	// firstWish is what a new user asks for.
	firstWish = "Make a 5 second video of a red fox running through fresh snow."
)

// installFlags are the flags of `install`.
type installFlags struct {
	print, uninstall    bool
	name, file, dialect string
	variables           []install.Variable
}

func runInstall(_ context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("install", flag.ContinueOnError)
	var f installFlags
	fs.BoolVar(&f.print, "print", false, "show the entry and write nothing")
	fs.BoolVar(&f.uninstall, "uninstall", false, "take the server out of the configuration")
	fs.StringVar(&f.name, "name", install.DefaultName, "the server's `name` in the client")
	fs.StringVar(&f.file, "file", "", "the configuration `file`, where it is not the usual one (a project's, say)")
	fs.StringVar(&f.dialect, "dialect", "", "request dialect, `workflow or kinovi`; sets the variables for it")
	fs.Func("env", "a variable for the server, `NAME=VALUE`; NAME alone takes it from the client's own environment, or else copies it from here; may be repeated", func(v string) error {
		variable, err := parseVariable(v)
		f.variables = append(f.variables, variable)
		return err
	})
	rest, err := parseOwn(t, fs, installSynopsis, args)
	if err != nil {
		return exitUsage, err
	}
	binary, err := ownPath()
	if err != nil {
		return exitFailed, fmt.Errorf("this program's own path is not known: %w", err)
	}
	system := install.System{GOOS: runtime.GOOS, Env: t.env, LookPath: exec.LookPath}
	switch len(rest) {
	case 0:
		if len(args) > 0 {
			return exitUsage, usageError("say which client: %s", strings.Join(clientIDs(), ", "))
		}
		return listClients(t, system, binary)
	case 1:
	default:
		return exitUsage, usageError("one client at a time; %q is too many", rest[1])
	}
	client, ok := install.Find(rest[0])
	if !ok {
		return exitUsage, unknownClient(rest[0])
	}
	if err := f.takeDialect(); err != nil {
		return exitUsage, err
	}
	order := install.Order{
		Client: client, System: system, File: f.file, Name: f.name, Binary: binary, Variables: f.variables, Now: time.Now(),
	}
	switch {
	case f.print && f.uninstall:
		return exitUsage, usageError("--print and --uninstall exclude each other")
	case f.print:
		return printEntry(t, order)
	case f.uninstall:
		return uninstallFrom(t, order)
	}
	return installInto(t, order)
}

// parseOwn parses a command that takes none of the shared settings.
func parseOwn(t terminal, fs *flag.FlagSet, synopsis string, args []string) ([]string, error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {} // an error gets its one line, on stderr
	rest, err := parseInterspersed(fs, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(t.out, "usage: seedance-mcp %s\n\n", synopsis)
		fs.SetOutput(t.out)
		fs.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, usageError("%s", err)
	}
	return rest, nil
}

var variableName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// parseVariable reads NAME=VALUE or NAME, and refuses what the server itself
// would refuse when it starts.
func parseVariable(text string) (install.Variable, error) {
	name, value, given := strings.Cut(text, "=")
	v := install.Variable{Name: name, Value: value, Given: given}
	if !variableName().MatchString(name) {
		return v, errors.New("must be NAME=VALUE or NAME, such as SEEDANCE_DIALECT=kinovi")
	}
	if !strings.HasPrefix(name, "SEEDANCE_") {
		return v, nil
	}
	nearest, distance := "", 1<<30
	for _, one := range allSettings() {
		if one.env == name {
			if given {
				if err := one.set(new(settings), value); err != nil {
					return v, fmt.Errorf("%s %w", name, err)
				}
			}
			return v, nil
		}
		if d := catalog.Edits(one.env, name); d < distance {
			nearest, distance = one.env, d
		}
	}
	return v, fmt.Errorf("there is no variable %s; did you mean %s?", video.Clip(name, 60), nearest)
}

// takeDialect turns --dialect into variables. The default address speaks only
// the workflow dialect.
func (f *installFlags) takeDialect() error {
	if f.dialect == "" {
		return nil
	}
	var s settings
	if err := setDialect(&s, f.dialect); err != nil {
		return usageError("--dialect %s", err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(f.variables, func(v install.Variable) bool { return v.Name == name })
	}
	if has("SEEDANCE_DIALECT") {
		return usageError("--dialect and --env SEEDANCE_DIALECT say the same thing; give one")
	}
	f.variables = append(f.variables, install.Variable{Name: "SEEDANCE_DIALECT", Value: string(s.dialect), Given: true})
	if s.dialect == video.Kinovi && !has("SEEDANCE_API_URL") {
		f.variables = append(f.variables, install.Variable{Name: "SEEDANCE_API_URL", Value: kinoviURL, Given: true})
	}
	return nil
}

// ownPath is the absolute path of this program: the one on the PATH if that is
// the same file, since a package manager moves what is behind it.
func ownPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	found, err := exec.LookPath(strings.TrimSuffix(filepath.Base(self), ".exe"))
	if err == nil && filepath.IsAbs(found) && sameFile(found, self) {
		return found, nil
	}
	return filepath.Abs(self)
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// temporary says that the program is one that `go run` made and removes.
func temporary(binary string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(binary), "/"), func(part string) bool {
		return strings.HasPrefix(part, "go-build")
	})
}

const temporaryWarning = "go run made this program in a temporary folder and removes it: the client could not start it.\n" +
	"         Build one that stays: go install ./cmd/seedance-mcp, then repeat with that."

func clientIDs() []string {
	var ids []string
	for _, c := range install.Clients() {
		ids = append(ids, c.ID)
	}
	return ids
}

func unknownClient(asked string) error {
	ids := clientIDs()
	nearest := slices.MinFunc(ids, func(a, b string) int {
		return catalog.Edits(a, strings.ToLower(asked)) - catalog.Edits(b, strings.ToLower(asked))
	})
	return usageError("there is no client %q; did you mean %s? Known are: %s", video.Clip(asked, 40), nearest, strings.Join(ids, ", "))
}

func listClients(t terminal, system install.System, binary string) (int, error) {
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "CLIENT\tHERE\tSERVER\tCONFIGURATION")
	for _, s := range install.Look(system, binary) {
		here, server := "-", "-"
		if s.Here {
			here, server = "yes", "not yet"
		}
		if s.Err != nil {
			server = "cannot be read"
		}
		if len(s.Entries) > 0 {
			var names []string
			for _, e := range s.Entries {
				names = append(names, e.Name)
			}
			server = strings.Join(names, ", ")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Client.ID, here, server, s.File)
	}
	if err := table.Flush(); err != nil {
		return exitFailed, err
	}
	fmt.Fprint(t.out, "\nPut the server into one: seedance-mcp install CLIENT\nSee first what it would write: seedance-mcp install CLIENT --print\n")
	return exitOK, nil
}

func printEntry(t terminal, o install.Order) (int, error) {
	text, notes, err := install.Preview(o)
	if err != nil {
		return exitFailed, err
	}
	file := o.File
	if file == "" {
		file = o.System.File(o.Client)
	}
	fmt.Fprint(t.out, text)
	if file != "" {
		fmt.Fprintf(t.err, "Belongs into %s; nothing was written.\n", file)
	}
	for _, note := range notes {
		fmt.Fprintln(t.err, note)
	}
	if temporary(o.Binary) {
		fmt.Fprintln(t.err, "Warning: "+temporaryWarning)
	}
	return exitOK, nil
}

func uninstallFrom(t terminal, o install.Order) (int, error) {
	out, err := install.Uninstall(o)
	if err != nil {
		return exitFailed, err
	}
	if out.Action == install.Absent {
		fmt.Fprintf(t.out, "%s has no server called %s: %s\n", o.Client.Name, o.Name, out.File)
		return exitOK, nil
	}
	fmt.Fprintf(t.out, "Removed  %s from %s: %s\n", o.Name, o.Client.Name, out.File)
	fmt.Fprintf(t.out, "Backup   %s\n", out.Backup)
	for _, note := range out.Notes {
		fmt.Fprintf(t.out, "Note     %s\n", note)
	}
	return exitOK, nil
}

func installInto(t terminal, o install.Order) (int, error) {
	here := o.System.Seen(o.Client)
	out, err := install.Install(o)
	if err != nil {
		return exitFailed, err
	}
	what := map[install.Action]string{install.Added: "Added   ", install.Updated: "Updated ", install.Unchanged: "As it was"}[out.Action]
	fmt.Fprintf(t.out, "%s %s in %s: %s\n", what, o.Name, o.Client.Name, out.File)
	if out.Backup != "" {
		fmt.Fprintf(t.out, "Backup   %s\n", out.Backup)
	}
	fmt.Fprintf(t.out, "Command  %s stdio\n", o.Binary)
	for _, note := range out.Notes {
		fmt.Fprintf(t.out, "Note     %s\n", note)
	}
	if temporary(o.Binary) {
		fmt.Fprintf(t.out, "Warning  %s\n", temporaryWarning)
	}
	if !here && o.File == "" {
		fmt.Fprintf(t.out, "Note     %s does not seem to be installed here; the file is there for when it is.\n", o.Client.Name)
	}
	if !slices.Contains(out.Variables, keyVariable) {
		given := keyVariable
		if o.Client.Secrets == (install.Secrets{}) {
			given += "=YOUR-KEY" // the client cannot get it from elsewhere
		}
		fmt.Fprintf(t.out, "Account  sandbox: videos are simulated and cost nothing. With a key: seedance-mcp install %s --env %s\n", o.Client.ID, given)
	}
	fmt.Fprintf(t.out, "Next     %s. Then ask it: %q\n", o.Client.Activate, firstWish)
	return exitOK, nil
}
