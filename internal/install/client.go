package install

import "slices"

// Format is how a configuration file is written.
type Format string

// The formats in use. JSON means JSON with comments and trailing commas,
// which is read everywhere and written only where the file has them already.
const (
	JSON Format = "json"
	TOML Format = "toml"
	YAML Format = "yaml"
)

// Client is what is known about one MCP client.
type Client struct {
	// ID is the word on the command line, Name what people call it.
	ID, Name string
	// Program is its command on the PATH; "": it has none.
	Program string
	// Places are where its configuration may lie, the preferred first.
	Places []Place
	Format Format
	// Servers is the path of the table of servers inside the file.
	Servers []string
	Shape   Shape
	Secrets Secrets
	// Activate is what a person does so that the change counts.
	Activate string
	// Docs is the client's own page about MCP servers.
	Docs string
}

// Place is one possible configuration file.
type Place struct {
	// OS is a GOOS; "": any.
	OS string
	// Path has forward slashes. It may begin with a folder in braces: {home},
	// {config} (XDG), {appdata}, {localappdata}, or the name of a variable,
	// without which the place does not exist. It may hold *.
	Path string
}

// Shape is how an entry is spelled.
type Shape struct {
	// Command and Env are the names of these fields. With Joined the command
	// is one list with its arguments, else those are in "args".
	Command, Env string
	Joined       bool
	// Fixed are further fields. The owner's own values win, but for Type.
	Fixed []Field
	// NameField repeats the server's name inside the entry; "": nowhere.
	NameField string
}

// Field is a named value: string, bool, int, []string or []Field.
type Field struct {
	Key   string
	Value any
}

// Secrets is how a client keeps a key out of its file.
type Secrets struct {
	// Prompt: the client asks for it and keeps it itself (VS Code's inputs).
	Prompt bool
	// Store is the field that lists variables which the client takes from its
	// secret store, or else its environment.
	Store string
	// Forward is the field that lists variables which the client hands on
	// from its own environment.
	Forward string
	// Reference is how a value refers to a variable of the client's
	// environment, with %s for the name.
	Reference string
}

// typeField tells the transport; unlike other fixed fields a wrong one would
// keep the server from starting, so it is set right.
const typeField = "type"

// Find gives the client of that id.
func Find(id string) (Client, bool) {
	all := Clients()
	i := slices.IndexFunc(all, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return all[i], true
}
