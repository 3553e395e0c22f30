// Package accounts keeps upstream accounts that principals have of their own:
// it seals their API keys with the deployment's master key before they are
// stored, opens them for the one principal that each pays for, and never lets
// another account stand in for one that cannot be opened.
//
// Only commands import it. It knows internal/store and internal/video; whoever
// speaks as an account is made by a function that the command hands over.
//
// The cipher is XChaCha20-Poly1305 of golang.org/x/crypto: a random nonce for
// each key is safe, and the row that a key belongs to is authenticated with it,
// so that nobody who can write to the database can give it to another principal.
package accounts
