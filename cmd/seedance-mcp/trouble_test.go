package main

import (
	"context"
	"database/sql"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// What scripts can do to a command's surroundings, beside running it.

type boxKey struct{}

// scriptUpstream starts a paid service of the script's own and points
// SEEDANCE_API_URL and SEEDANCE_API_KEY at it.
func scriptUpstream(ts *testscript.TestScript, _ bool, _ []string) {
	models, err := catalog.Default()
	ts.Check(err)
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	box, err := sandbox.New(sandbox.Options{Catalog: models, Dialect: video.Workflow, Speed: 50, BaseURL: base})
	ts.Check(err)
	server.Config.Handler = box
	server.Start()
	ts.Defer(func() {
		server.Close()
		box.Close()
	})
	*ts.Value(boxKey{}).(**sandbox.Server) = box
	ts.Setenv("SEEDANCE_API_URL", base+"/api/v1")
	ts.Setenv("SEEDANCE_API_KEY", box.Key())
}

// scriptPaid checks how many createTask the service took, by its own books.
func scriptPaid(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	books := (*ts.Value(boxKey{}).(**sandbox.Server)).Books()
	if books.Accepted != want || len(books.Entries) != want {
		ts.Fatalf("the service got %d createTask and took %d, want %d", len(books.Entries), books.Accepted, want)
	}
}

// scriptDamage overwrites the pages of a database after its header.
func scriptDamage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	for i := 100; i < len(data); i++ {
		data[i] = 0x5a
	}
	ts.Check(os.WriteFile(path, data, 0o600))
}

type lockKey struct{}

// scriptLock holds a database as another program would that does not let go.
func scriptLock(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	conn, err := db.Conn(context.Background())
	ts.Check(err)
	_, err = conn.ExecContext(context.Background(), "BEGIN EXCLUSIVE")
	ts.Check(err)
	release := func() {
		conn.Close()
		db.Close()
	}
	*ts.Value(lockKey{}).(*func()) = release
	ts.Defer(release)
}

func scriptUnlock(ts *testscript.TestScript, _ bool, _ []string) { (*ts.Value(lockKey{}).(*func()))() }

// scriptFill fills a disk but for so many bytes: fill FILE SIZE.
func scriptFill(ts *testscript.TestScript, _ bool, args []string) {
	kilobytes, err := strconv.ParseInt(strings.TrimSuffix(args[1], "k"), 10, 64)
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer file.Close()
	size := int64(0)
	for piece := make([]byte, 4096); err == nil; {
		var n int
		n, err = file.Write(piece)
		size += int64(n)
	}
	ts.Check(file.Truncate(max(0, size-kilobytes<<10)))
}
