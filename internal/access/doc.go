// Package access says who calls the HTTP server: it makes access keys, knows
// them by their hash, and tells on what terms a caller is served. Keys are
// shown once, when they are made, and stored as SHA-256 only.
//
// Only commands import it. It knows internal/store and internal/video, and no
// protocol beyond the Authorization header.
package access
