package clients

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
)

// journal is a file in which observers, several processes perhaps, note what
// they saw: "protocol 2026-07-28", "call get_task_status", "struck death".
type journal struct{ path string }

func (j journal) note(what, value string) {
	file, err := os.OpenFile(j.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return // the missing note fails the test
	}
	defer file.Close()
	_, _ = file.WriteString(what + " " + value + "\n") // as above
}

// first says that nobody has asked before.
func (j journal) first() bool {
	file, err := os.OpenFile(j.path+".first", os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	return file.Close() == nil
}

// notes are a journal's lines.
type notes []string

func (j journal) read() notes {
	file, err := os.Open(j.path)
	if err != nil {
		return nil
	}
	defer file.Close()
	var found notes
	for lines := bufio.NewScanner(file); lines.Scan(); {
		found = append(found, lines.Text())
	}
	return found
}

// last is the newest value of a kind, "" for none.
func (n notes) last(what string) string {
	newest := ""
	for _, line := range n {
		if value, ok := strings.CutPrefix(line, what+" "); ok {
			newest = value
		}
	}
	return newest
}

// message is what observers read of JSON-RPC.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name            string `json:"name"`
		ProtocolVersion string `json:"protocolVersion"`
		Meta            struct {
			ProtocolVersion string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	} `json:"params"`
}

// look notes what a client sent and gives the tool that it calls, if any.
func (j journal) look(line []byte) (m message, tool string) {
	if json.Unmarshal(line, &m) != nil {
		return message{}, ""
	}
	if version := m.Params.Meta.ProtocolVersion; version != "" && m.Method == "tools/call" {
		j.note("protocol", version)
	} else if m.Method == "initialize" {
		j.note("protocol", m.Params.ProtocolVersion)
	}
	if m.Method != "tools/call" {
		return m, ""
	}
	j.note("call", m.Params.Name)
	return m, m.Params.Name
}
