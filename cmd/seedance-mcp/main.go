// Command seedance-mcp is an MCP server and a terminal program that make
// videos through the Seedance / Kinovi jobs API.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

func main() {
	fmt.Fprintln(os.Stdout, "seedance-mcp", version())
}

// version is the module's version as the Go tool stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
