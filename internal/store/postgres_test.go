package store_test

import (
	"context"
	"sync"
	"testing"

	"seedance-mcp/internal/postgrestest"
	"seedance-mcp/internal/store"
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
