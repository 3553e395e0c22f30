// Package packaging tests what is given to people: the bundle for Claude
// Desktop, the registry's entry and the release's configuration, in deploy/
// and .goreleaser.yaml. Everything is packed, unpacked and started for real.
//
// It holds tests only; nothing imports it.
package packaging
