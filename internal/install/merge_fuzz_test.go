package install

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// FuzzMerge: whatever a configuration holds, adding the server loses nothing
// of it, reads back, is done once, and can be undone.
func FuzzMerge(f *testing.F) {
	clients := Clients()
	for i, c := range clients {
		for _, text := range seeds(f, c) {
			f.Add(text, i, "stdio")
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, which int, value string) {
		c := clients[uint(which)%uint(len(clients))]
		doc, err := parse(c.Format, text)
		if err != nil {
			return
		}
		old := snapshot(t, c.Format, text)
		o := Order{Client: c, System: System{GOOS: "linux", Env: func(string) string { return "" }}, Name: DefaultName, Binary: "/opt/" + value + "/seedance-mcp"}
		vars := []Variable{{Name: "SEEDANCE_API_KEY", Value: value, Given: true}, {Name: "SEEDANCE_DIALECT", Value: "kinovi", Given: true}}
		w, err := c.want(o.Name, o.Binary, vars, o.System.Env)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := doc.get(c.Servers)
		_, isTable := before.(map[string]any)
		action, err := o.merge(doc, w)
		if err != nil {
			return // refused: nothing is written then
		}
		got := doc.text()
		again, err := parse(c.Format, got)
		if err != nil {
			t.Fatalf("does not read back: %v\n%s", err, got)
		}
		isNew := action == Added && (isTable || before == nil)
		if isNew {
			keepsAll(t, c.Format, text, got)
		}
		if json.Valid(text) && !json.Valid(got) && c.Format == JSON {
			t.Fatalf("strict JSON no more:\n%s\n---\n%s", text, got)
		}
		entry, _ := again.get(o.path())
		if command, args, ok := c.Shape.read(entry); !ok || command != o.Binary || len(args) == 0 || args[0] != transport {
			t.Fatalf("the entry starts %q %q\n%s", command, args, got)
		}
		if second, err := o.merge(again, w); err != nil || second != Unchanged || !bytes.Equal(again.text(), got) {
			t.Fatalf("the second time: %s %v\n%s\n---\n%s", second, err, got, again.text())
		}
		rest, want := without(snapshot(t, c.Format, got), o.path()), without(old, o.path())
		gone := [][]string{{inputs}}
		if !isTable { // made, or null before
			gone = append(gone, c.Servers)
		}
		for _, path := range gone {
			if list, _ := lookUp(want, path); list != nil && path[0] == inputs {
				now, _ := lookUp(rest, path)
				items, _ := now.([]any)
				if before := list.([]any); len(items) < len(before) || !same(items[:len(before)], before) {
					t.Fatalf("the inputs changed:\n%s\n---\n%s", text, got)
				}
			}
			rest, want = without(rest, path), without(want, path)
		}
		if !same(rest, want) {
			t.Fatalf("something else changed:\n%s\n---\n%s", text, got)
		}
		if err := again.remove(o.path()); err != nil {
			return
		}
		if _, there := again.get(o.path()); there {
			t.Fatalf("still there:\n%s", again.text())
		}
		if isNew {
			keepsAll(t, c.Format, text, again.text())
		}
	})
}

func seeds(f *testing.F, c Client) [][]byte {
	name := map[Format]string{JSON: "settings.jsonc", TOML: "settings.toml", YAML: "settings.yaml"}[c.Format]
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		f.Fatal(err)
	}
	all := [][]byte{nil, []byte(strings.ReplaceAll(string(text), "SERVERS", c.Servers[0]))}
	switch c.Format {
	case TOML:
		all = append(all, []byte("mcp_servers = { a = { command = \"x\" } }\n"), []byte("mcp_servers.seedance.command = \"seedance-mcp\""),
			[]byte("[mcp_servers.seedance]\ncommand = '/x/seedance-mcp' # mine\nenv.A = \"1\"\n\n[other]\r\n"), []byte("[[mcp_servers]]\na = 1\n"))
	case YAML:
		all = append(all, []byte("extensions: {}\n"), []byte("extensions:"), []byte("---\na: |+\n  text\n\n"), []byte("extensions:\n  seedance:\n    cmd: seedance-mcp # mine\n    args: [stdio, -x]\n...\n"),
			[]byte("{extensions: {a: 1}}"), []byte("a: &x {b: 1}\nextensions: *x\n"))
	default:
		s := c.Servers[0]
		all = append(all, []byte("{}"), []byte(`{"`+s+`":{}}`), []byte(`{"`+s+`":null , /* c */ }`), []byte("{\r\n\t\"a\": 1 // x\r\n}\r\n"),
			[]byte(`{"`+s+`":{"seedance":{"command":"seedance-mcp","args":["stdio","--x"],"env":{"A":"1",}}},"inputs":[{"id":"x"},]}`))
	}
	return all
}

func snapshot(t *testing.T, format Format, text []byte) any {
	t.Helper()
	doc, err := parse(format, text)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := doc.get(nil)
	if all == nil {
		return map[string]any{}
	}
	return all
}

// keepsAll checks that every visible character is still there, in its order;
// a null or YAML's empty braces may give way to the entry.
func keepsAll(t *testing.T, format Format, old, got []byte) {
	t.Helper()
	if bytes.Contains(old, []byte("null")) || (format == YAML && bytes.ContainsAny(old, "{~")) {
		return
	}
	rest := []rune(string(got))
	for _, r := range string(old) {
		if unicode.IsSpace(r) {
			continue
		}
		at := slices.Index(rest, r)
		if at < 0 {
			t.Fatalf("lost %q:\n%s\n---\n%s", r, old, got)
		}
		rest = rest[at+1:]
	}
}
