package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// Filter selects tasks; what is empty does not restrict.
type Filter struct {
	Principal string
	IDs       []string
	States    []video.State
	Model     string
	// Text is looked for in prompts, without regard to case.
	Text     string
	Since    time.Time // inclusive, by CreatedAt
	Until    time.Time // exclusive
	Upstream string
	// Limit is the size of a page: 0 means 20, the most is 1000.
	Limit int
	// Cursor continues after the page that gave it as Next.
	Cursor string
}

const (
	defaultPage = 20
	largestPage = 1000
)

// Page is a part of the tasks that a Filter selects, newest first, and the
// totals of all of them, whatever the page.
type Page struct {
	Tasks []video.Task
	// Next is the Cursor of the following page; "" on the last. Tasks created
	// meanwhile do not shift the pages.
	Next    string
	Total   int
	Counts  map[video.State]int
	Credits Totals
}

// Totals sums credits over tasks.
type Totals struct {
	// Estimated sums the quotes of tasks that had a price, Used what the
	// upstream said it charged.
	Estimated, Used video.Credits
	// Charged sums what settled tasks cost, Reserved what the others hold.
	Charged, Reserved video.Credits
}

// List gives a page of tasks. Invalid: a Cursor that no page gave.
func (s *Store) List(ctx context.Context, f Filter) (Page, error) {
	var page Page
	after, err := decodeCursor(f.Cursor)
	if err != nil {
		return Page{}, err
	}
	where := f.conditions()
	if err := s.sum(ctx, where, &page); err != nil {
		return Page{}, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, largestPage)
	if f.Cursor != "" {
		where.add("created_at <=", after.createdAt) // alone it would do on the index
		where.addPair("(created_at, id) <", after.createdAt, after.id)
	}
	text := fmt.Sprintf(`SELECT %s FROM tasks%s ORDER BY created_at DESC, id DESC LIMIT %d`, columns, where.clause(), limit+1)
	if err := s.each(ctx, text, where.args, into(&page.Tasks)); err != nil {
		return Page{}, err
	}
	if len(page.Tasks) > limit {
		page.Tasks = page.Tasks[:limit]
		last := page.Tasks[limit-1]
		page.Next = cursor{createdAt: last.CreatedAt.UnixMilli(), id: last.ID}.encode()
	}
	return page, nil
}

// sum fills in the totals.
func (s *Store) sum(ctx context.Context, where conditions, page *Page) error {
	page.Counts = make(map[video.State]int)
	text := `SELECT state, COUNT(*), CAST(COALESCE(SUM(estimated), 0) AS BIGINT), CAST(COALESCE(SUM(used), 0) AS BIGINT), ` +
		spentColumns + ` FROM tasks` + where.clause() + ` GROUP BY state`
	return s.each(ctx, text, where.args, func(rows *sql.Rows) error {
		var state string
		var count int
		var c Totals
		err := rows.Scan(&state, &count, &c.Estimated, &c.Used, &c.Charged, &c.Reserved)
		page.Counts[video.State(state)] = count
		page.Total += count
		page.Credits.Estimated += c.Estimated
		page.Credits.Used += c.Used
		page.Credits.Charged += c.Charged
		page.Credits.Reserved += c.Reserved
		return err
	})
}

func (f Filter) conditions() conditions {
	var where conditions
	if f.Principal != "" {
		where.add("principal =", f.Principal)
	}
	if len(f.IDs) > 0 {
		where.addOneOf("id", f.IDs)
	}
	if len(f.States) > 0 {
		states := make([]string, len(f.States))
		for i, state := range f.States {
			states[i] = string(state)
		}
		where.addOneOf("state", states)
	}
	if f.Model != "" {
		where.add("model =", f.Model)
	}
	if f.Upstream != "" {
		where.add("upstream =", f.Upstream)
	}
	if f.Text != "" {
		escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
		where.add("search_text LIKE", "%"+escape.Replace(strings.ToLower(f.Text))+"%")
		where.terms[len(where.terms)-1] += ` ESCAPE '\'`
	}
	where.between(f.Since, f.Until)
	return where
}

// conditions is a WHERE clause under construction, with its arguments.
type conditions struct {
	terms []string
	args  []any
}

// add adds "left $n".
func (c *conditions) add(left string, arg any) {
	c.args = append(c.args, arg)
	c.terms = append(c.terms, fmt.Sprintf("%s $%d", left, len(c.args)))
}

// addPair adds "left ($n, $n+1)".
func (c *conditions) addPair(left string, first, second any) {
	c.args = append(c.args, first, second)
	c.terms = append(c.terms, fmt.Sprintf("%s ($%d, $%d)", left, len(c.args)-1, len(c.args)))
}

// addOneOf adds "column IN ($n, …)".
func (c *conditions) addOneOf(column string, values []string) {
	marks := make([]string, len(values))
	for i, value := range values {
		c.args = append(c.args, value)
		marks[i] = fmt.Sprintf("$%d", len(c.args))
	}
	c.terms = append(c.terms, column+" IN ("+strings.Join(marks, ", ")+")")
}

// between restricts created_at; zero times do not.
func (c *conditions) between(since, until time.Time) {
	if !since.IsZero() {
		c.add("created_at >=", since.UnixMilli())
	}
	if !until.IsZero() {
		c.add("created_at <", until.UnixMilli())
	}
}

func (c *conditions) clause() string {
	if len(c.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.terms, " AND ")
}
