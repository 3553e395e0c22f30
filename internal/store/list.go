package store

import (
	"context"
	"database/sql"
	"fmt"
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
	longestText = 10_000
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

// List gives a page of tasks. Invalid: a Cursor that no page gave, a Text of
// more than 10,000 bytes, more than 1,000 IDs.
func (s *Store) List(ctx context.Context, f Filter) (Page, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, largestPage)
	text, args, err := f.page(limit + 1)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if err := s.sum(ctx, f, &page); err != nil {
		return Page{}, err
	}
	if err := s.each(ctx, text, args, into(&page.Tasks)); err != nil {
		return Page{}, err
	}
	if len(page.Tasks) > limit {
		page.Tasks = page.Tasks[:limit]
		last := page.Tasks[limit-1]
		page.Next = cursor{createdAt: last.CreatedAt.UnixMilli(), id: last.ID}.encode()
	}
	return page, nil
}

// page is the query for the tasks after the cursor, at most limit.
func (f Filter) page(limit int) (text string, args []any, err error) {
	if err := f.check(); err != nil {
		return "", nil, err
	}
	after, err := decodeCursor(f.Cursor)
	if err != nil {
		return "", nil, err
	}
	where := f.conditions()
	further := where.created(f.Since, f.Until)
	if f.Cursor != "" {
		at := where.arg(after.createdAt)
		// The first says the same as the second to an index on created_at.
		further = append(further, "created_at <= "+at, "(created_at, id) < ("+at+", "+where.arg(after.id)+")")
	}
	text = fmt.Sprintf(`SELECT %s FROM tasks%s ORDER BY created_at DESC, id DESC LIMIT %d`,
		columns, where.clause(further...), limit)
	return text, where.args, nil
}

// check refuses what is beyond the database's limits for one statement.
func (f Filter) check() error {
	switch {
	case len(f.Text) > longestText:
		return &video.Error{
			Code:       video.Invalid,
			Message:    fmt.Sprintf("The text to look for has %d bytes; at most %d are compared.", len(f.Text), longestText),
			Suggestion: "Give a few words of the prompt.",
			Argument:   "text",
		}
	case len(f.IDs) > largestPage:
		return &video.Error{
			Code:       video.Invalid,
			Message:    fmt.Sprintf("%d ids were given; at most %d are looked up at once.", len(f.IDs), largestPage),
			Suggestion: "Ask for them in several calls.",
		}
	}
	return nil
}

// sum fills in the totals.
func (s *Store) sum(ctx context.Context, f Filter, page *Page) error {
	where := f.conditions()
	entries := where.entries(f.Since, f.Until)
	text := `SELECT state, CAST(SUM(tasks) AS BIGINT), CAST(SUM(estimated) AS BIGINT), CAST(SUM(used) AS BIGINT), CAST(SUM(charged) AS BIGINT),
		CAST(SUM(reserved) AS BIGINT) FROM (` + entries + `) AS entries GROUP BY state HAVING SUM(tasks) > 0`
	page.Counts = make(map[video.State]int)
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

// conditions are all but the times.
func (f Filter) conditions() conditions {
	var where conditions
	switch {
	case f.Principal == "":
	case len(f.IDs) > 0: // an expression, so that the ids' index is taken, not the principal's
		where.add("principal || '' =", f.Principal)
	default:
		where.add("principal =", f.Principal)
	}
	if len(f.IDs) > 0 {
		where.addOneOf("id", f.IDs)
		where.rowsOnly = true
	}
	if len(f.States) > 0 {
		where.addStates(f.States)
	}
	if f.Model != "" {
		where.add("model =", f.Model)
	}
	if f.Upstream != "" {
		where.add("upstream =", f.Upstream)
	}
	if f.Text != "" {
		where.addText(f.Text)
	}
	return where
}
