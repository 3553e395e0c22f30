// Package agents runs the agents that people use (Claude Code, Codex, Gemini
// CLI, Copilot CLI, opencode and Cline, from npm) against the real server, over
// stdio and HTTP: headless, each in a fresh home with a key that is none, with
// a scripted stand-in for its model on loopback (package standin), the sandbox
// as upstream, and no way out to any network. All of it is tests: nobody may
// import this package.
//
// What is asserted is what the model is sent, in the agent's own requests: the
// error and its remedy, the task id, the next step, the URL; and, from the
// sandbox's books, that one wish made one createTask.
//
// go test ./internal/agents runs the agents of package.json's dependencies in
// one stage; SEEDANCE_CLIENTS=all installs the rest (devDependencies, some
// 2 GB), runs every stage and prints the table.
package agents
