// Package manual knows what the program's commands say about themselves: it
// reads their --help into data, for completions, and makes the man page of it.
// --help stays the one description of a command; nothing is written twice.
//
// cmd/seedance-mcp and internal/completion import it.
package manual

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Command is one command as its --help describes it.
type Command struct {
	Name    string
	Summary string
	Forms   []Form
	Flags   []Flag
}

// Form is one way to call a command.
type Form struct {
	// Words follow the program's name: the command, then literal words in lower
	// case, and placeholders such as ID, [ID], "PROMPT" or [flags].
	Words []string
	Text  string
}

// Flag is one flag. Value names what it takes; "": it is a switch.
type Flag struct {
	Name  string
	Value string
	Text  string
}

// Flag finds a flag by its name.
func (c Command) Flag(name string) (Flag, bool) {
	for _, f := range c.Flags {
		if f.Name == name {
			return f, true
		}
	}
	return Flag{}, false
}

const (
	firstForm = "usage: "
	textMark  = "    \t" // how package flag begins a flag's text
)

var (
	gap      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s{2,}`) })
	flagLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^  -([a-z0-9-]+)(?: ([^\t]+))?(?:\t(.*))?$`) })
)

// Read understands the --help of a command: forms, an empty line, and the
// flags as package flag prints them.
func Read(program, name, summary, help string) (Command, error) {
	c := Command{Name: name, Summary: summary}
	if !strings.HasPrefix(help, firstForm) {
		return c, fmt.Errorf("the help of %s does not begin with %q", name, firstForm)
	}
	for line := range strings.Lines(help[len(firstForm):]) {
		line = strings.TrimRight(line, "\n")
		if err := c.take(program, line); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *Command) take(program, line string) error {
	trimmed := strings.TrimSpace(line)
	last := len(c.Flags) - 1
	switch {
	case trimmed == "":
	case len(c.Flags) == 0 && strings.HasPrefix(trimmed, program+" "):
		parts := gap().Split(trimmed, 2)
		form := Form{Words: strings.Fields(parts[0])[1:]}
		if len(parts) > 1 {
			form.Text = parts[1]
		}
		c.Forms = append(c.Forms, form)
	case strings.HasPrefix(line, textMark) && last >= 0:
		c.Flags[last].Text = strings.TrimSpace(c.Flags[last].Text + " " + trimmed)
	default:
		m := flagLine().FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("the help of %s has a line that is neither a form nor a flag: %q", c.Name, line)
		}
		c.Flags = append(c.Flags, Flag{Name: m[1], Value: m[2], Text: m[3]})
	}
	return nil
}
