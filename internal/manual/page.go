package manual

import (
	"fmt"
	"strings"
)

// Page is the manual page of a program.
type Page struct {
	Program, Version, Summary string
	// Date is the day that the version was made, such as 2026-11-25.
	Date        string
	Description []string // paragraphs
	Commands    []Command
	// Shared are flags that most commands take; they are described once, with
	// their variables.
	Shared      []Flag
	Environment []Variable
	Files       []Entry
	ExitStatus  []Entry
	Examples    []Entry
}

// Variable is a variable of the environment, and the flag that it stands for.
type Variable struct{ Name, Flag string }

// Entry is a term with its explanation.
type Entry struct{ Term, Text string }

// Roff is the page in the macros of man(7), which both groff and mandoc read.
func (p Page) Roff() string {
	var r roff
	// The date is plain digits and hyphens, and is read as such.
	r.line(fmt.Sprintf(`.TH "%s" "1" "%s" "%s" "User Commands"`, escape(strings.ToUpper(p.Program)), p.Date, escape(p.Program+" "+p.Version)))
	r.macro("SH", "NAME")
	r.text(p.Program + " - " + p.Summary)
	r.macro("SH", "SYNOPSIS")
	r.macro("B", p.Program)
	r.line(`\fICOMMAND\fP [\fIARGUMENT\fP ...] [\fIFLAG\fP ...]`)
	r.macro("SH", "DESCRIPTION")
	for i, paragraph := range p.Description {
		if i > 0 {
			r.macro("PP")
		}
		r.text(paragraph)
	}
	r.macro("SH", "COMMANDS")
	for _, c := range p.Commands {
		p.command(&r, c)
	}
	r.macro("SH", "SHARED FLAGS")
	r.text("Commands that say so take these too. A flag wins over its variable.")
	for _, f := range p.Shared {
		r.flag(f)
	}
	r.macro("SH", "ENVIRONMENT")
	for _, v := range p.Environment {
		r.macro("TP")
		r.macro("B", v.Name)
		r.text("The same as --" + v.Flag + ".")
	}
	r.entries("FILES", p.Files)
	r.entries("EXIT STATUS", p.ExitStatus)
	r.entries("EXAMPLES", p.Examples)
	return r.String()
}

func (p Page) command(r *roff, c Command) {
	r.macro("SS", c.Name)
	r.text(sentence(c.Summary))
	for _, form := range c.Forms {
		r.macro("TP")
		r.macro("B", p.Program+" "+strings.Join(form.Words, " "))
		r.text(sentence(form.Text))
	}
	shared := map[string]bool{}
	for _, f := range p.Shared {
		shared[f.Name] = true
	}
	takes := false
	for _, f := range c.Flags {
		if shared[f.Name] {
			takes = true
			continue
		}
		r.flag(f)
	}
	if takes {
		r.macro("PP")
		r.text("Takes the shared flags.")
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// roff builds a page line by line.
type roff struct{ strings.Builder }

func (r *roff) line(escaped string) { r.WriteString(escaped + "\n") }

func (r *roff) macro(name string, arguments ...string) {
	var line strings.Builder
	line.WriteString("." + name)
	for _, argument := range arguments {
		fmt.Fprintf(&line, ` "%s"`, escape(argument))
	}
	r.line(line.String())
}

func (r *roff) text(text string) {
	if text == "" {
		text = `\&` // a paragraph with a term needs a body
		r.line(text)
		return
	}
	r.line(escape(text))
}

func (r *roff) flag(f Flag) {
	r.macro("TP")
	if f.Value == "" {
		r.line(`\fB` + escape("--"+f.Name) + `\fP`)
	} else {
		r.line(`\fB` + escape("--"+f.Name) + `\fP \fI` + escape(f.Value) + `\fP`)
	}
	r.text(sentence(f.Text))
}

func (r *roff) entries(title string, entries []Entry) {
	if len(entries) == 0 {
		return
	}
	r.macro("SH", title)
	for _, e := range entries {
		r.macro("TP")
		r.macro("B", e.Term)
		r.text(e.Text)
	}
}

// escape makes text stand for itself, wherever in a line it stands.
func escape(text string) string {
	var out strings.Builder
	for i, c := range text {
		switch {
		case i == 0 && (c == '.' || c == '\''):
			out.WriteString(`\&` + string(c))
		case c == '\\':
			out.WriteString(`\e`)
		case c == '-':
			out.WriteString(`\-`)
		case c == '"':
			out.WriteString(`\(dq`)
		case c == '\n' || c == '\r' || c == '\t':
			out.WriteByte(' ')
		case c > '~':
			fmt.Fprintf(&out, `\[u%04X]`, c)
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}
