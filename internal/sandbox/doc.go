// Package sandbox is the paid upstream, simulated: an http.Handler that
// answers the jobs API of one request dialect, charges pretend credits and
// serves real, playable videos.
//
// It knows the wire protocol from its documentation only and checks every
// payload itself, so that a mistake in the client's own planning is refused
// here as the real service would refuse it. Limits and prices come from the
// catalogue. Words such as "[sandbox:slow]" in a prompt choose what goes
// wrong; see docs/sandbox.md.
//
// A task never changes once it is stored: where it stands, what it cost and
// what an account has left are functions of the stored records and the clock.
// So several processes may share one folder, and a restart loses nothing.
//
// Only cmd, and tests of any package, may import it. It imports catalog,
// sandbox/render and video.
package sandbox
