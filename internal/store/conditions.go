package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// conditions is a WHERE clause under construction, with its arguments.
type conditions struct {
	terms []string
	args  []any
	// rowsOnly says that a term is about a column that the ledger lacks.
	rowsOnly bool
}

// arg gives the placeholder of one more argument.
func (c *conditions) arg(value any) string {
	c.args = append(c.args, value)
	return fmt.Sprintf("$%d", len(c.args))
}

// add adds "left $n".
func (c *conditions) add(left string, value any) {
	c.terms = append(c.terms, left+" "+c.arg(value))
}

// addOneOf adds "column IN ($n, …)".
func (c *conditions) addOneOf(column string, values []string) {
	marks := make([]string, len(values))
	for i, value := range values {
		marks[i] = c.arg(value)
	}
	c.terms = append(c.terms, column+" IN ("+strings.Join(marks, ", ")+")")
}

// addStates adds that the state is one of these.
func (c *conditions) addStates(states []video.State) {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = string(state)
	}
	c.addOneOf("state", names)
	if !slices.ContainsFunc(states, video.State.Final) {
		c.terms = append(c.terms, unfinished) // follows, but the index wants it said
	}
}

// addText adds that prompts hold text, without regard to case.
func (c *conditions) addText(text string) {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	pattern := "%" + escape.Replace(strings.ToLower(text)) + "%"
	c.terms = append(c.terms, "search_text LIKE "+c.arg(pattern)+` ESCAPE '\'`)
	c.rowsOnly = true
}

// clause is " WHERE …" of all terms and the further ones, or "".
func (c *conditions) clause(further ...string) string {
	terms := append(append([]string(nil), c.terms...), further...)
	if len(terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(terms, " AND ")
}

// created are the terms that restrict created_at; zero times do not.
func (c *conditions) created(since, until time.Time) []string {
	var terms []string
	if !since.IsZero() {
		terms = append(terms, "created_at >= "+c.arg(since.UnixMilli()))
	}
	if !until.IsZero() {
		terms = append(terms, "created_at < "+c.arg(until.UnixMilli()))
	}
	return terms
}

const (
	ledgerEntries = `SELECT principal, sandbox, hour / 24 AS day, model, state, tasks, estimated, used, charged, reserved,
		compared_estimated, compared_charged FROM ledger`
	taskEntries = `SELECT principal, sandbox, created_at / 86400000 AS day, model, state, 1 AS tasks, COALESCE(estimated, 0) AS estimated,
		COALESCE(used, 0) AS used, ` + taskCharged + ` AS charged, ` + taskReserved + ` AS reserved,
		CASE WHEN ` + isCompared + ` THEN estimated ELSE 0 END AS compared_estimated,
		CASE WHEN ` + isCompared + ` THEN charged ELSE 0 END AS compared_charged FROM tasks`
)

// entries is a query for ledger entries that sum up to the tasks created from
// since (inclusive) to until (exclusive), zero meaning no bound. Whole hours
// come from the ledger, the parts of hours at the ends from the tasks.
func (c *conditions) entries(since, until time.Time) string {
	fromTasks := func(since, until time.Time) string {
		return taskEntries + c.clause(c.created(since, until)...)
	}
	if c.rowsOnly {
		return fromTasks(since, until)
	}
	first, end := since, until
	if !since.IsZero() {
		first = time.UnixMilli(hoursUp(since.UnixMilli()) * hour)
	}
	if !until.IsZero() {
		end = time.UnixMilli(hoursDown(until.UnixMilli()) * hour)
	}
	if !since.IsZero() && !until.IsZero() && first.After(end) {
		return fromTasks(since, until) // within one hour
	}
	// Only now: Postgres refuses arguments that a query does not use.
	var parts, whole []string
	if !since.IsZero() {
		whole = append(whole, "hour >= "+c.arg(first.UnixMilli()/hour))
	}
	if !until.IsZero() {
		whole = append(whole, "hour < "+c.arg(end.UnixMilli()/hour))
	}
	parts = append(parts, ledgerEntries+c.clause(whole...))
	if first.After(since) {
		parts = append(parts, fromTasks(since, first))
	}
	if until.After(end) {
		parts = append(parts, fromTasks(end, until))
	}
	return strings.Join(parts, " UNION ALL ")
}
