// Package docs keeps the documents true. It writes those parts of docs/ that
// follow from the code (commands, variables, tools, errors, clients), runs
// every command block of the cookbook against the sandbox, and follows every
// link. All of it is tests: nobody may import this package.
//
// What the program says of itself is taken from the program, built for the
// tests; what only its source says (the meaning of a code) is read from there.
// go test ./internal/docs -update rewrites the generated parts, and
// go test ./internal/docs -run Picture -args -pictures ../../docs/images the
// picture of the terminal.
package docs
