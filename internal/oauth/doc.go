// Package oauth lets callers of the HTTP server in by access tokens of an OAuth
// 2.1 authorization server: this server is the resource, never the issuer. It
// checks signed tokens (RFC 9068) against the issuer's published keys, says in
// RFC 9728's words where tokens come from, and names each caller by a hash of
// issuer and subject, so that no e-mail address becomes a name.
//
// Only commands import it. It knows internal/video, and of other credentials
// only that there may be some: a function that the command hands over.
//
// go-jose does the cryptography, because it makes the caller list the accepted
// algorithms and has no other dependency. The key cache is our own: those of
// the libraries ask the issuer again for every unknown key id, or run a
// goroutine from the start.
package oauth
