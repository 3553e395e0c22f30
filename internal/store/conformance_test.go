package store_test

import (
	"testing"

	"seedance-mcp/internal/store"
)

// opener gives a new, empty store, closed with the test.
type opener func(t testing.TB, options ...store.Option) *store.Store

// twice gives two stores on one new database, as two processes have.
func twice(t testing.TB, open opener) (a, b *store.Store) {
	t.Helper()
	a = open(t)
	b, err := store.Again(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return a, audited(t, b)
}

// conformance is what any database behind a Store must pass.
func conformance(t *testing.T, open opener) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, opener){
		"submit/new":              submitNew,
		"submit/keys":             submitKeys,
		"submit/duplicates":       submitDuplicates,
		"submit/key of duplicate": submitKeepsKeyOfDuplicate,
		"submit/look-up":          submitLookUp,
		"submit/budgets":          submitBudgets,
		"submit/all or nothing":   submitAllOrNothing,
		"submit/same instant":     submitSameInstant,
		"submit/once":             submitOnce,
		"submit/budget race":      submitBudgetRace,
		"insert":                  insertAdopts,
		"change/every field":      changeEveryField,
		"change/nothing":          changeNothing,
		"change/fixed fields":     changeFixedFields,
		"change/aborts":           changeAborts,
		"change/upstream id":      changeUpstreamID,
		"change/concurrent":       changeConcurrent,
		"claim/books":             claimBooks,
		"claim/order and limit":   claimOrderAndLimit,
		"claim/upstreams":         claimUpstreams,
		"claim/no interval":       claimNoInterval,
		"claim/once":              claimOnce,
		"claim/clock set back":    claimClockSetBack,
		"next due, overdue":       nextDueAndOverdue,
		"queue":                   queueHeads,
		"slots/counts":            slotsCount,
		"slots/last one":          slotsLastOne,
		"get":                     getBy,
		"get/again":               getAgain,
		"list/filters":            listFilters,
		"list/text":               listText,
		"list/pages":              listPages,
		"list/totals":             listTotals,
		"ledger/spent":            ledgerSpent,
		"ledger/usage":            ledgerUsage,
		"ledger/spending":         ledgerSpending,
		"standing":                standing,
		"ledger/windows":          ledgerWindows,
		"ledger/durations":        ledgerDurations,
		"ledger/model":            ledgerAgainstModel,
		"watch/own":               watchOwn,
		"watch/coalesces":         watchCoalesces,
		"watch/others":            watchOthers,
		"keys":                    accessKeys,
		"terms":                   callerTerms,
		"terms/at once":           callerTermsAtOnce,
		"accounts":                upstreamAccounts,
		"injection":               nothingIsInjected,
		"contexts":                contextsEnd,
		"closed":                  closedStore,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func TestSQLiteConforms(t *testing.T) { conformance(t, openNew) }

func TestPostgresConforms(t *testing.T) { conformance(t, openPostgres) }
