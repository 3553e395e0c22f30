// Package install writes this server into the configuration files of MCP
// clients, and takes it out again. Clients is the one table of what is known
// about each of them; everything else follows from it.
//
// A configuration belongs to its owner: only our own entry is touched,
// whatever else the file holds stays byte for byte, and every change is proven
// by reading the result back before anything is written. What cannot be
// changed safely is refused, with the place, and left alone.
//
// It knows nothing of the server itself. Only cmd imports it.
package install
