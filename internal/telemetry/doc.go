// Package telemetry is what an operator sees of a running server: figures for
// Prometheus, an audit line for each paid action, and OpenTelemetry traces.
//
// It stands at seams that the other packages have anyway: what the engine
// writes goes through [Telemetry.Store], what it asks the jobs API through
// [Telemetry.Upstream], what tools ask the engine through [Telemetry.Service].
// So engine and tools know nothing of it, and where nobody looks nothing of it
// is in the way.
//
// Nothing here gets to see a key, a header or a response body, and nothing of
// what it sees of a prompt, a media URL or a message of the upstream is told
// on: names, states, codes, amounts and times are all there is.
//
// Only commands import it.
package telemetry
