// Command bench measures this server beside others, in one run, and prints the
// tables, or puts them where docs/benchmarks.md has its marks:
//
//	go run ./internal/bench
//	go run ./internal/bench --write docs/benchmarks.md
//
// It compares, it asserts nothing: times depend on the machine, ratios less so;
// those that must not rot are asserted, with room, by this package's test.
// Beside the product's own binary stand bare servers with one equivalent tool
// (mcp-go, the official Go and TypeScript SDKs) and video servers from npm that
// can be pointed at a stand-in of their API on loopback. All of them get the
// same messages from the same client, by turns, so that the machine's moods meet
// every one of them.
//
// Nothing imports this package.
package main
