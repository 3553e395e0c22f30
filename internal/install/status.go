package install

import "slices"

// Status is what was found of one client on this machine.
type Status struct {
	Client Client
	// File is its configuration; FileExists says that there is one.
	File       string
	FileExists bool
	// Here says that the client seems to be installed on this machine.
	Here bool
	// Entries are those that start this program, by name.
	Entries []Installed
	// Err says why the configuration could not be read.
	Err error
}

// Look reports on every client; it changes nothing.
func Look(s System, binary string) []Status {
	var all []Status
	for _, c := range Clients() {
		status := Status{Client: c, File: s.File(c), Here: s.Seen(c)}
		if status.File != "" {
			status.read(binary)
		}
		all = append(all, status)
	}
	return all
}

func (s *Status) read(binary string) {
	f, err := readFile(s.File)
	if err != nil {
		s.Err = err
		return
	}
	if s.FileExists = f.exists; !f.exists {
		return
	}
	doc, err := parse(s.Client.Format, f.text)
	if err != nil {
		s.Err = Order{Client: s.Client}.explain(s.File, err)
		return
	}
	servers, _ := doc.get(s.Client.Servers)
	table, _ := servers.(map[string]any)
	for name, entry := range table {
		if command, args, ok := s.Client.Shape.read(entry); ok && ours(command, binary) {
			s.Entries = append(s.Entries, Installed{Name: name, Command: command, Args: args})
		}
	}
	slices.SortFunc(s.Entries, func(a, b Installed) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}
