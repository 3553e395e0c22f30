// Package catalog knows the models: their ids and aliases, limits, sizes and
// rates in either request dialect, all of them data in catalog.json. From that
// data it reads an agent's loose [Ask] into an exact, priced [video.Plan], or
// refuses it with the nearest valid values.
//
// Everything here is pure: no network, no clock, no files but the one given to
// [Load]. A wish is never changed silently: what was read differently from
// what was written is in the plan's Notes, what is uncertain in its Warnings,
// and what cannot be meant is an error before anything is sent.
//
// The schema of catalog.json, which is also that of an override file, is in
// docs/catalog.md. Facts that the upstream does not document are marked in the
// data ("undocumented") and never filled in by code.
//
// It imports package video only. The engine, tools, server, sandbox and cmd may
// import it; store, upstream and media may not.
package catalog
