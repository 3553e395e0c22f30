// Package render draws the clips of the sandbox: small, playable H.264 MP4
// files that say what was asked for and that nothing was really generated.
//
// It is pure Go and deterministic: the same [Spec] gives the same bytes. There
// are three parts, each unaware of the next: the scene (scene.go, layers.go,
// text.go) paints pictures in RGB; the encoder (encoder.go and below) codes
// pictures as constrained-baseline H.264; the muxer (mp4.go) wraps the coded
// pictures with the sample table in front, so that players can start at once.
//
// A clip is mostly still. The encoder lives on that: macroblocks whose pixels
// did not change are skipped, all others are coded as Intra16x16. It has no
// motion search, no inter residual and no loop filter, and needs none.
//
// Only internal/sandbox may import it; it imports internal/video.
package render
