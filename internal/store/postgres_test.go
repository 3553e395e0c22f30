package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"seedance-mcp/internal/postgrestest"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// sharedPostgres is one server for all tests of the package, started by the
// first that needs it.
var sharedPostgres struct {
	sync.Mutex
	server *postgrestest.Server
}

// migrated is a database with the schema in it, to be copied.
const migrated = "migrated"

func postgresServer(t testing.TB) *postgrestest.Server {
	t.Helper()
	postgrestest.Need(t)
	p := &sharedPostgres
	p.Lock()
	defer p.Unlock()
	if p.server != nil {
		return p.server
	}
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	p.server = server
	server.Exec(t, "CREATE DATABASE "+migrated)
	s, err := store.OpenPostgres(context.Background(), server.URL(migrated))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return server
}

func stopPostgres() error {
	if sharedPostgres.server == nil {
		return nil
	}
	return sharedPostgres.server.Stop()
}

func openURL(t testing.TB, url string, options ...store.Option) *store.Store {
	t.Helper()
	s, err := store.OpenPostgres(context.Background(), url, options...)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return audited(t, s)
}

func openPostgres(t testing.TB, options ...store.Option) *store.Store {
	t.Helper()
	server := postgresServer(t)
	return openURL(t, server.URL(server.Database(t, migrated)), options...)
}

func TestPlace(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://me:secret@db.example.com/videos":                                     "db.example.com:5432/videos",
		"postgresql://me:secret@[::1]:6432/videos?x=secret":                              "[::1]:6432/videos",
		"postgres://me:secret@one,two:7777/videos":                                       "one:5432/videos",
		"mysql://me:secret@db/videos":                                                    "",
		"host=db password=secret":                                                        "",
		"postgres://me:sec%zzret@db/videos":                                              "",
		"postgres://me:secret@db:port/videos":                                            "",
		"postgres://me:secret@db/videos?sslmode=verify-full&sslrootcert=/nowhere/ca.pem": "",
	} {
		got, err := store.Place(url)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", url, got, err, want)
		}
		if err != nil && (video.CodeOf(err) != video.Invalid || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec%")) {
			t.Errorf("%s: %v", url, err)
		}
	}
}
