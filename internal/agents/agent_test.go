package agents

import (
	"encoding/json"
	"maps"
	"slices"
)

// key is what agents are given where they want one.
const key = "sk-test-not-a-real-key"

// serverName is what the server is called in the agents' configurations.
const serverName = "seedance"

// agent is one of the programs under test.
type agent struct {
	name string
	// pkg is its npm package, bin its command there.
	pkg, bin string
	// setUp says how a person would configure and start it.
	setUp func(wish) invocation
	// refusesItself is what the model is sent when it asks for 99 s, where the
	// agent checks arguments against the schema and the server is not asked.
	refusesItself string
	// known are stages, by transport and name, in which the session is known to
	// end without the video, in the table's words. The next session must have it.
	known map[string]string
	// tries are hosts that it asks for whatever it is told.
	tries []string
}

// wish is what an invocation is made for.
type wish struct {
	prompt string
	server mcpServer
	// model is the base URL of the stand-in for its model.
	model string
}

// mcpServer is how the server is reached: by command or, if url is set, by
// HTTP.
type mcpServer struct {
	command []string
	env     map[string]string
	url     string
}

// invocation is a command line with its surroundings.
type invocation struct {
	args []string
	env  map[string]string
	// files are written below the home first.
	files map[string]string
}

// everyAgent is sorted as the table is.
func everyAgent() []agent {
	return []agent{claudeCode(), cline(), codex(), copilot(), geminiCLI(), opencode()}
}

func asJSON(value any) string {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic(err) // maps and strings of ours
	}
	return string(data)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
