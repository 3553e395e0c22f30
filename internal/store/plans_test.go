package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"seedance-mcp/internal/video"
)

// plan is what SQLite would do, a step a line.
func plan(t *testing.T, s *Store, text string, args ...any) string {
	t.Helper()
	if args == nil {
		for n := 1; strings.Contains(text, fmt.Sprint("$", n)); n++ {
			args = append(args, int64(n))
		}
	}
	rows, err := s.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

// Nothing that runs with every task reads the table from end to end.
func TestPlansUseIndexes(t *testing.T) {
	s := openSeeded(t, 0, 0)
	cases := map[string]struct{ text, index string }{
		"claim":           {s.db.toClaim(), "tasks_due (upstream=? AND due_at>? AND due_at<?)"},
		"move bookings":   {moveBookings, "tasks_due (upstream=? AND due_at>?)"},
		"next due":        {selectNextDue, "tasks_due (upstream=?"},
		"overdue":         {countOverdue, "tasks_due (upstream=? AND due_at>? AND due_at<?)"},
		"key":             {selectByKey, "PRIMARY KEY (principal=? AND idempotency_key=?)"},
		"duplicate":       {selectDuplicate, "tasks_duplicates (request_hash=? AND principal=? AND created_at>?)"},
		"supersede":       {supersede, "tasks_wishes (request_hash=? AND principal=? AND upstream=?)"},
		"by id":           {selectByID, "sqlite_autoindex_tasks_1 (id=?)"},
		"by upstream id":  {selectByUpstreamID, "tasks_upstream_id (upstream=? AND upstream_id=?)"},
		"by callback":     {selectByCallback, "tasks_callback (callback_token=?)"},
		"latest":          {selectLatest, "tasks_by_principal (principal=?)"},
		"update":          {updateTask, "sqlite_autoindex_tasks_1 (id=?)"},
		"active":          {countActive, "tasks_unfinished (upstream=?"},
		"slots":           {selectSlots, "tasks_unfinished (upstream=? AND state=? AND principal=?)"},
		"queue":           {selectQueueHeads, "tasks_unfinished (upstream=? AND state=?"},
		"durations":       {selectDurations, "tasks_durations (model=? AND resolution=? AND seconds=? AND sandbox=?)"},
		"terms":           {selectTermsOf, "access_keys_live (name=?)"},
		"terms, said":     {selectTermsOf, "SEARCH c USING PRIMARY KEY (principal=?)"},
		"spent":           {spentByAll, "ledger_by_hour (hour>?)"},
		"spent by one":    {spentByPrincipal, "PRIMARY KEY (principal=? AND hour>?)"},
		"spent, the rest": {spentByPrincipal, "tasks_by_principal (principal=? AND created_at>? AND created_at<?)"},
	}
	for name, c := range cases {
		got := plan(t, s, c.text)
		if !strings.Contains(got, c.index) || strings.Contains(got, "SCAN tasks") || strings.Contains(got, "SCAN ledger") {
			t.Errorf("%s does not use %s:\n%s", name, c.index, got)
		}
		sorted := strings.Contains(got, "TEMP B-TREE FOR ORDER BY")
		if sorted && name != "queue" {
			t.Errorf("%s sorts:\n%s", name, got)
		}
	}
	for _, text := range s.writerStatements() {
		if got := plan(t, s, text); strings.Contains(got, "SCAN tasks") {
			t.Errorf("%s\n%s", text, got)
		}
	}
}

// Pages are read in the order of an index, whatever they are filtered by.
func TestListPlansUseIndexes(t *testing.T) {
	s := openSeeded(t, 0, 0)
	place := cursor{createdAt: seedStart.UnixMilli(), id: "vid_a"}.encode()
	for name, c := range map[string]struct {
		filter Filter
		index  string
	}{
		"all":                  {Filter{}, "tasks_by_time"},
		"cursor":               {Filter{Cursor: place}, "tasks_by_time"},
		"principal":            {Filter{Principal: "a"}, "tasks_by_principal (principal=?)"},
		"principal and cursor": {Filter{Principal: "a", Cursor: place}, "tasks_by_principal (principal=? AND created_at"},
		"since":                {Filter{Principal: "a", Since: seedStart}, "tasks_by_principal (principal=? AND created_at>?)"},
		"state":                {Filter{Principal: "a", States: []video.State{video.Success}}, "tasks_by_state (principal=? AND state=?)"},
		"ids":                  {Filter{Principal: "a", IDs: []string{"x", "y"}}, "sqlite_autoindex_tasks_1 (id=?)"},
	} {
		text, args, err := c.filter.page(20)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan(t, s, text, append([]any{}, args...)...); !strings.Contains(got, c.index) {
			t.Errorf("%s does not use %s:\n%s", name, c.index, got)
		}
	}
}

// Whatever two writers saw before, the database takes one wish once.
func TestConstraintRefusesSecondWish(t *testing.T) {
	s := openSeeded(t, 0, 0)
	task := seedTask("a")
	if _, err := s.Submit(t.Context(), Intent{Task: task, DedupeSince: seedStart}); err != nil {
		t.Fatal(err)
	}
	task.CallbackToken = "another"
	err := s.write(t.Context(), func(tx *transaction) error {
		_, err := s.insert(tx, s.named(task), true)
		return err
	})
	if failure, ok := errors.AsType[*video.Error](err); !ok || !isDuplicate(failure.Err) {
		t.Fatalf("the same wish again: %v", err)
	}
	if out, err := s.Submit(t.Context(), Intent{Task: task}); err != nil || out.Existing {
		t.Errorf("forced: existing %v, %v", out.Existing, err)
	}
	var answering int
	if err := s.readers.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM tasks WHERE answers_repeats = 1").Scan(&answering); err != nil || answering != 1 {
		t.Errorf("%d tasks answer repeats, %v, want the newest alone", answering, err)
	}
}

func TestColumnsMatch(t *testing.T) {
	names := strings.Split(columns, ",")
	if places := len(new(row).places()); len(names) != places || strings.Count(insertTask, "$") != places+1 {
		t.Errorf("%d columns, %d places, %d parameters", len(names), places, strings.Count(insertTask, "$"))
	}
}

func TestFilterLimits(t *testing.T) {
	s := openSeeded(t, 0, 0)
	for name, filter := range map[string]Filter{
		"text": {Text: strings.Repeat("x", longestText+1)},
		"ids":  {IDs: make([]string, largestPage+1)},
	} {
		_, err := s.List(t.Context(), filter)
		if video.CodeOf(err) != video.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, filter := range map[string]Filter{
		"text": {Text: strings.Repeat("%", longestText)},
		"ids":  {IDs: make([]string, largestPage)},
	} {
		if _, err := s.List(t.Context(), filter); err != nil {
			t.Errorf("%s just within: %v", name, err)
		}
	}
}

// The check that every other test ends with does find a wrong ledger.
func TestCheckBooksFindsErrors(t *testing.T) {
	s := openSeeded(t, 3, 2)
	if err := CheckBooks(t.Context(), s); err != nil {
		t.Fatalf("right books: %v", err)
	}
	exec(t, s.writer, "UPDATE ledger SET charged = charged + 1 WHERE state = 'success'")
	if CheckBooks(t.Context(), s) == nil {
		t.Error("a ledger that is one off passed")
	}
}
