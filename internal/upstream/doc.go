// Package upstream speaks to the paid jobs API over HTTP: it sends createTask
// at most once, looks tasks up with recordInfo, uploads reference media, and
// understands answers and webhooks of every published generation of that API.
//
// Its one responsibility is the wire. It keeps no state, knows no store and no
// catalogue, and decides nothing about tasks beyond what an answer says. It may
// be imported by internal/engine and by the commands that wire it; it imports
// internal/video and, alone in this module, go-retryablehttp.
package upstream
