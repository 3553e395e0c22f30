// Package video is the vocabulary that every other package shares: what is
// asked for ([Request]), what becomes of it ([Task], [State], [Failure]), what
// it costs ([Credits], [Quote]) and what goes wrong ([Error]).
//
// It imports the standard library only, holds no behaviour beyond that of its
// values, and every other package of this module may import it.
package video
