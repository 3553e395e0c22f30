// Package store keeps tasks and the ledger of credits durable: every wish is a
// row before it is paid for, and stays one for ever. It decides, in one
// immediate transaction each, whether a wish is new ([Store.Submit]), who looks
// at a task next ([Store.Claim]), whether it fits into its account ([Store.Take])
// and what becomes of it ([Store.Change]), so that any number of processes may
// share one file.
//
// SQL lives here and nowhere else. Statements use $1 parameters, RETURNING and
// integer millisecond times; what is peculiar to SQLite is in sqlite.go and
// migrations/sqlite. The package knows internal/video only; the engine uses it,
// and commands open it.
//
// Failures are *video.Error: NotFound, Conflict, BudgetExceeded and Invalid for
// what the caller asked, Unavailable where the file is locked, read-only, full
// or cannot be opened, Internal where it is damaged or we are wrong. A context
// that ends gives the context's error. After any error nothing of the operation
// is stored.
package store
