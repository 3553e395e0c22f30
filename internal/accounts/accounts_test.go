package accounts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/accounts"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const apiKey = "sk-test-not-a-real-key"

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func master(t *testing.T, letter string) *accounts.Master {
	t.Helper()
	m, err := accounts.ParseMaster(strings.Repeat(letter, 64))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseMaster(t *testing.T) {
	for name, text := range map[string]string{
		"hex": strings.Repeat("0f", 32), "base64": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "a line": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n",
		"raw": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE", "URL": "__________________________________________8=",
	} {
		if m, err := accounts.ParseMaster(text); err != nil || strings.Contains(fmt.Sprintf("%v %+v", m, m), "123") {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "words": "correct horse battery staple", "short": "MDEyMzQ1", "33 bytes": strings.Repeat("0f", 33), "31 bytes": strings.Repeat("0f", 31),
	} {
		if _, err := accounts.ParseMaster(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A sealed key opens with its master key, in its own row, unchanged, and in no
// other way.
func TestSealed(t *testing.T) {
	m := master(t, "a")
	row := store.Account{ID: "acc_1", Principal: "team-a", Fingerprint: "f1", CreatedAt: noon}
	row.Sealed = m.Seal(row, apiKey)
	if strings.Contains(row.Sealed, apiKey) || row.Sealed == m.Seal(row, apiKey) {
		t.Errorf("sealed %s, twice the same or in clear", row.Sealed)
	}
	for name, c := range map[string]struct {
		master *accounts.Master
		change func(*store.Account)
		ok     bool
	}{
		"as it was":           {m, func(*store.Account) {}, true},
		"after it ended":      {m, func(a *store.Account) { a.EndedAt = noon }, true},
		"another master key":  {master(t, "b"), func(*store.Account) {}, false},
		"another's row":       {m, func(a *store.Account) { a.Principal = "team-b" }, false},
		"another id":          {m, func(a *store.Account) { a.ID = "acc_2" }, false},
		"another fingerprint": {m, func(a *store.Account) { a.Fingerprint = "f2" }, false},
		"a bit turned":        {m, func(a *store.Account) { a.Sealed = a.Sealed[:20] + "x" + a.Sealed[21:] }, false},
		"cut off":             {m, func(a *store.Account) { a.Sealed = a.Sealed[:20] }, false},
		"empty":               {m, func(a *store.Account) { a.Sealed = "" }, false},
		"in clear":            {m, func(a *store.Account) { a.Sealed = apiKey }, false},
		"of the future":       {m, func(a *store.Account) { a.Sealed = "v2" + a.Sealed[2:] }, false},
	} {
		changed := row
		c.change(&changed)
		opened, err := c.master.Open(changed)
		if (err == nil) != c.ok || c.ok && opened != apiKey || !c.ok && opened != "" {
			t.Errorf("%s: %q, %v", name, opened, err)
		}
	}
}

// speaker is who speaks as an account.
type speaker struct{ apiKey string }

type fixture struct {
	*accounts.Book[*speaker]
	store *store.Store
	log   *bytes.Buffer
	now   time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{log: &bytes.Buffer{}, now: noon}
	clock := func() time.Time { return f.now }
	var err error
	if f.store, err = store.Open(context.Background(), filepath.Join(t.TempDir(), "tasks.db"), store.WithClock(clock)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Book = f.book(master(t, "a"))
	return f
}

// book is that of another process on the same store.
func (f *fixture) book(m *accounts.Master) *accounts.Book[*speaker] {
	return &accounts.Book[*speaker]{
		Rows: func(context.Context) (accounts.Rows, error) { return f.store, nil }, Master: m,
		Fingerprint: func(key string) string { return "f-" + key },
		Make: func(key string) (*speaker, error) {
			if strings.Contains(key, " ") {
				return nil, video.Errorf(video.Unauthenticated, "no key")
			}
			return &speaker{key}, nil
		},
		Now: func() time.Time { return f.now }, Log: slog.New(slog.NewTextHandler(f.log, nil)),
	}
}

func (f *fixture) set(t *testing.T, principal, key string) store.Account {
	t.Helper()
	row, err := f.Seal(principal, key)
	if err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(time.Second)
	if err := f.store.SetAccount(context.Background(), row); err != nil {
		t.Fatal(err)
	}
	return row
}

func TestOwn(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	if _, has, err := f.Own(ctx, "team-a"); has || err != nil {
		t.Fatalf("without one: %t, %v", has, err)
	}
	f.set(t, "team-a", apiKey)
	got, has, err := f.Own(ctx, "team-a")
	if got != "f-"+apiKey || !has || err != nil {
		t.Fatalf("its own: %q, %t, %v", got, has, err)
	}
	if client, err := f.Upstream(ctx, got); err != nil || client.apiKey != apiKey {
		t.Errorf("speaks as %+v, %v", client, err)
	}
	if _, has, err := f.Own(ctx, "team-b"); has || err != nil {
		t.Errorf("somebody else: %t, %v", has, err)
	}
	for name, book := range map[string]*accounts.Book[*speaker]{"no master key": f.book(nil), "another master key": f.book(master(t, "b"))} {
		_, has, err := book.Own(ctx, "team-a")
		if !has || video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "no other account pays") || !strings.Contains(err.Error(), "SEEDANCE_MASTER_KEY") {
			t.Errorf("%s: %t, %v", name, has, err)
		}
		if client, err := book.Upstream(ctx, got); client != nil || video.CodeOf(err) != video.Unavailable {
			t.Errorf("%s: speaks as %+v, %v", name, client, err)
		}
	}
	elsewhere := f.book(f.Master)
	elsewhere.Fingerprint = func(key string) string { return "other-" + key }
	if _, has, err := elsewhere.Own(ctx, "team-a"); !has || err == nil || !strings.Contains(err.Error(), "another address") {
		t.Errorf("at another address: %t, %v", has, err)
	}
	locked := f.book(f.Master)
	fault := errors.New("locked")
	locked.Rows = func(context.Context) (accounts.Rows, error) { return nil, fault }
	if _, _, err := locked.Own(ctx, "team-a"); !errors.Is(err, fault) {
		t.Errorf("a store that fails: %v; the common account would pay", err)
	}
	empty := f.book(f.Master)
	empty.Rows = func(context.Context) (accounts.Rows, error) { return nil, nil }
	if _, has, err := empty.Own(ctx, "team-a"); has || err != nil {
		t.Errorf("no store yet: %t, %v", has, err)
	}
}

// Whoever can write to the database cannot make one principal pay for another.
func TestForgedRows(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	row := f.set(t, "team-a", apiKey)
	if _, _, err := f.Own(ctx, "team-a"); err != nil {
		t.Fatal(err) // its client is in the cache now
	}
	row.Principal = "thief"
	for _, id := range []string{"acc_stolen", row.ID + "x"} {
		row.ID = id
		if err := f.store.SetAccount(ctx, row); err != nil {
			t.Fatal(err)
		}
		if fingerprint, has, err := f.Own(ctx, "thief"); !has || fingerprint != "" || video.CodeOf(err) != video.Unavailable {
			t.Errorf("a copied row: %q, %t, %v", fingerprint, has, err)
		}
	}
}

func TestEndedAndReplaced(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	f.set(t, "team-a", "old")
	f.set(t, "team-a", "new")
	if got, _, err := f.Own(ctx, "team-a"); got != "f-new" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := f.store.EndAccount(ctx, "team-a"); err != nil {
		t.Fatal(err)
	}
	if _, has, err := f.Own(ctx, "team-a"); has || err != nil {
		t.Errorf("after the end: %t, %v", has, err)
	}
	for _, key := range []string{"old", "new"} { // tasks go on
		if client, err := f.Upstream(ctx, "f-"+key); err != nil || client.apiKey != key {
			t.Errorf("%s: %+v, %v", key, client, err)
		}
	}
	if client, err := f.Upstream(ctx, "f-unknown"); client != nil || video.CodeOf(err) != video.Unavailable {
		t.Errorf("unknown: %+v, %v", client, err)
	}
}

func TestBusy(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	f.set(t, "team-a", "a")
	f.set(t, "team-b", "b")
	other := f.book(master(t, "b"))
	want := func(step string, book *accounts.Book[*speaker], want string) {
		t.Helper()
		f.now = f.now.Add(3 * time.Second)
		if got := strings.Join(book.Busy(ctx), " "); got != want {
			t.Errorf("%s: busy %q, want %q", step, got, want)
		}
	}
	want("nothing to do", f.Book, "")
	if _, _, err := f.Own(ctx, "team-a"); err != nil {
		t.Fatal(err)
	}
	want("asked for", f.Book, "f-a")
	_, err := f.store.Submit(ctx, store.Intent{Task: video.Task{
		Principal: "team-b", Upstream: "f-b", State: video.Waiting, UpstreamID: "task_1", DueAt: f.now, Interval: time.Second,
	}})
	if err != nil {
		t.Fatal(err)
	}
	want("another process stored a task", f.Book, "f-a f-b")
	want("with another master key", other, "")
	want("again", other, "")
	if n := strings.Count(f.log.String(), "not followed by this process"); n != 1 || strings.Contains(f.log.String(), "sk-") {
		t.Errorf("the log tells it %d times:\n%s", n, f.log)
	}
	f.now = f.now.Add(2 * time.Minute)
	want("asked for long ago", f.Book, "f-b")
	rows := f.Rows
	f.Rows = func(context.Context) (accounts.Rows, error) { return nil, errors.New("locked") }
	want("the store fails", f.Book, "f-b")
	f.Rows = rows
}

func TestSealRefuses(t *testing.T) {
	f := newFixture(t)
	if _, err := f.Seal("team-a", "a b"); err == nil {
		t.Error("a key that is none was sealed")
	}
	if _, err := f.book(nil).Seal("team-a", apiKey); video.CodeOf(err) != video.Invalid || !strings.Contains(err.Error(), "openssl rand") {
		t.Errorf("without a master key: %v", err)
	}
	row, err := f.Seal("team-a", apiKey)
	if err != nil || f.Usable(row) != nil || f.book(nil).Usable(row) == nil {
		t.Errorf("%+v, %v", row, err)
	}
}
