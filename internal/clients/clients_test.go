package clients

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if server := os.Getenv(variableServer); server != "" {
		os.Exit(observeStdio(server, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is one program of examples/.
type program struct {
	client  string // as the table says it
	folder  string // of examples/
	library string // the npm package or Go module whose version counts
	env     []string
	// transports that it can speak to the server.
	transports []string
	// large ones take too long to install for every `go test`.
	large bool
	// again is where it differs from what expected says, by stage and transport.
	again map[string]bool
}

func (p program) goes() bool { return strings.Contains(p.library, ".") } // a Go module, not an npm package

func programs() []program {
	both := []string{"stdio", "http"}
	return []program{
		{client: "TypeScript SDK v1", folder: "typescript-sdk-v1", library: "@modelcontextprotocol/sdk", transports: both},
		{client: "TypeScript SDK v2", folder: "typescript-sdk-v2", library: "@modelcontextprotocol/client", transports: both},
		{client: "TypeScript SDK v2, legacy", folder: "typescript-sdk-v2", library: "@modelcontextprotocol/client", env: []string{"MCP_ERA=legacy"}, transports: both},
		{client: "LangChain.js", folder: "langchain-js", library: "@langchain/mcp-adapters", transports: both},
		{client: "Vercel AI SDK", folder: "ai-sdk", library: "@ai-sdk/mcp", transports: both},
		{client: "OpenAI Agents JS", folder: "openai-agents-js", library: "@openai/agents", transports: both},
		{
			client: "Mastra", folder: "mastra", library: "@mastra/mcp", transports: both,
			// It starts a new process and sends the call again by itself.
			again: map[string]bool{"restart/stdio": false, "death/stdio": false},
		},
		{client: "mcp-use", folder: "mcp-use", library: "mcp-use", transports: both, large: true},
		{client: "mcp-remote", folder: "mcp-remote", library: "mcp-remote", transports: []string{"http"}}, // stdio is what its client speaks to it
		{client: "Go SDK", folder: "go-sdk", library: "github.com/modelcontextprotocol/go-sdk", transports: both},
		{client: "mcp-go", folder: "mcp-go", library: "github.com/mark3labs/mcp-go", transports: both},
	}
}

// stage is one thing that every client goes through.
type stage struct {
	name  string
	speed string // SEEDANCE_SANDBOX_SPEED; a clip of 5 s takes 8 s at 1
	// strike is what happens to the server meanwhile.
	strike string
	// sleepy ones mostly wait, so that all clients run at once.
	sleepy bool
}

const (
	strikeRestart = "restart" // stopped and started between generate_video's answer and the next call
	strikeDeath   = "death"   // kill -9 while get_task_status waits, then started again
)

func stages() []stage {
	return []stage{
		{name: "quick", speed: "20"},
		{name: "70 s", speed: "0.11", sleepy: true}, // longer than the 60 s that most clients give a call
		{name: "restart", speed: "1", strike: strikeRestart, sleepy: true},
		{name: "death", speed: "1", strike: strikeDeath, sleepy: true},
	}
}

// expected says whether a call of the program's has to be repeated.
func (p program) expected(s stage, transport string) bool {
	if again, ok := p.again[s.name+"/"+transport]; ok {
		return again
	}
	switch s.strike {
	case strikeDeath:
		// The call dies with the server. Over stdio, and for the Go libraries
		// over HTTP, at once; the others take the broken stream for a pause and
		// hang until their own 60 s have passed (the AI SDK's are the program's).
		return true
	case strikeRestart:
		// Over stdio the server is the client's own process, so the next call
		// finds nobody. Over HTTP there is no session that could be lost.
		return transport == "stdio"
	}
	return false
}

// TestClients fails when a client does not get its video, pays for it twice,
// shows another price than was charged, or has to repeat calls other than
// expected.
func TestClients(t *testing.T) {
	wanted := os.Getenv("SEEDANCE_CLIENTS")
	lab := newLab(t)
	chosen := slices.DeleteFunc(programs(), func(p program) bool {
		switch wanted {
		case "":
			return p.large
		case "all":
			return false
		}
		return !slices.Contains(strings.Split(wanted, ","), p.folder)
	})
	var rows []*row
	t.Run("install", func(t *testing.T) {
		lab.fetch(t, chosen)
		for _, p := range chosen {
			t.Run(p.client, func(t *testing.T) {
				command, version := lab.install(t, p)
				for _, transport := range p.transports {
					rows = append(rows, &row{program: p, transport: transport, command: command, version: version, cells: map[string]string{}})
				}
			})
		}
	})
	for _, s := range stages() {
		if wanted != "" || s.name == "quick" {
			t.Run(s.name, func(t *testing.T) { lab.runStage(t, s, rows) })
		}
	}
	fmt.Printf("\nClient libraries, each estimate → generate → wait → URL against the sandbox.\n%s: a call was lost with the server, and repeated.\n\n%s\n", repeated, table(rows))
}

// repeated marks a cell.
const repeated = "↻"

// runStage runs all rows, sleepy ones at once, and reports each.
func (l *lab) runStage(t *testing.T, s stage, rows []*row) {
	results := make([]chan outcome, len(rows))
	slots := make(chan struct{}, 2) // who starts, computes; more at once would make clients' start-up budgets a lottery
	base := t.TempDir()
	for i, r := range rows {
		results[i] = make(chan outcome, 1)
		go func() {
			slots <- struct{}{}
			results[i] <- l.run(t.Context(), s, r, fmt.Sprintf("%s/%d", base, i), func() { <-slots })
		}()
	}
	for i, r := range rows {
		t.Run(r.program.client+"/"+r.transport, func(t *testing.T) {
			got := <-results[i]
			if got.protocol != "" {
				r.protocol = got.protocol
			}
			if got.err != nil {
				line, _, _ := strings.Cut(got.err.Error(), "\n")
				r.cells[s.name] = "FAIL: " + line
				t.Error(got.err)
				return
			}
			r.cells[s.name] = fmt.Sprintf("ok %.1f s", got.took.Seconds())
			if got.lost > 0 {
				r.cells[s.name] += " " + repeated
			}
			if want := r.program.expected(s, r.transport); (got.lost > 0) != want {
				t.Errorf("%d calls were lost and repeated; expected that some are: %t", got.lost, want)
			}
		})
	}
}
