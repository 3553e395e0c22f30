// Package clients runs the programs of examples/, each of which drives this
// server with a client library that nobody here wrote, over stdio and over
// HTTP, and prints a table of how far each came. All of it is tests: nobody
// may import this package.
//
// Between a program and the server stands an observer that passes every byte
// on unchanged, notes which protocol version is spoken, and in some stages
// ends the server at a chosen moment: a proxy for HTTP, and for stdio this
// test binary, started by the client as if it were the server. What counts at
// the end are the books of the sandbox: one createTask per wish, whatever died.
//
// `go test` runs the quick stage of the libraries that install quickly.
// `make clients` (SEEDANCE_CLIENTS=all) runs all of them through all stages;
// SEEDANCE_CLIENTS may also name folders of examples/, separated by commas.
package clients
