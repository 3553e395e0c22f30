// Package doctor looks at one installation and says what is well, what is
// doubtful and what is broken, each with one line on how to mend it. It spends
// nothing: the paid call is never made, and only what has to be tried is
// written.
//
// Checks is the list, as data; what a check needs of the world comes in
// Subject. It knows neither store, upstream nor clients. Only cmd imports it.
package doctor
