package store_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"seedance-mcp/internal/postgrestest"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// answering is the address of something that does this with each connection.
func answering(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				do(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return listener.Addr().String()
}

// A server that waits for its database must tell what passes from what somebody
// has to correct.
func TestPostgresMayPass(t *testing.T) {
	server := postgresServer(t)
	const nobody = "127.0.0.1:1"
	at := func(addresses, query string) string {
		return "postgres://secret-user:secret-word@" + addresses + "/" + migrated + "?" + query
	}
	strange := httptest.NewTLSServer(nil)
	t.Cleanup(strange.Close)
	untrusted := answering(t, func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, 8)); err == nil {
			_, _ = conn.Write([]byte("S"))
			_ = tls.Server(conn, strange.TLS).Handshake()
		}
	})
	hangsUp := answering(t, func(conn net.Conn) { _, _ = io.ReadFull(conn, make([]byte, 8)) })
	silent := answering(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	starting := answering(t, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 1024)); err != nil {
			return
		}
		said := "SFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00"
		fmt.Fprintf(conn, "E\x00\x00\x00%c%s", len(said)+4, said)
	})
	crowded, readOnly := server.Database(t, migrated), server.Database(t, "")
	server.Exec(t, "ALTER DATABASE "+crowded+" CONNECTION LIMIT 0")
	server.Exec(t, "ALTER DATABASE "+readOnly+" SET default_transaction_read_only = on")
	newer := server.Database(t, migrated)
	execIn(t, server, newer, "UPDATE seedance_schema SET version = version + 1")
	guarded := func(database, password string) string {
		return "postgres://guarded:" + password + "@" + server.Addr() + "/" + database + "?sslmode=disable"
	}
	for name, c := range map[string]struct {
		url    string
		passes bool
	}{
		"nobody listens":              {at(nobody, "sslmode=disable"), true},
		"nobody listens, TLS":         {at(nobody, "sslmode=verify-full"), true},
		"nobody listens, either":      {at(nobody, ""), true},
		"hangs up":                    {at(hangsUp, ""), true},
		"hangs up, TLS":               {at(hangsUp, "sslmode=require"), true},
		"silent":                      {at(silent, "sslmode=disable&connect_timeout=1"), true}, // the others have all the time there is
		"starting":                    {at(starting, "sslmode=disable"), true},
		"starts, and nobody":          {at(starting+","+nobody, "sslmode=disable"), true},
		"not promoted yet":            {server.URL(readOnly) + "&target_session_attrs=read-write", true},
		"only a standby is asked for": {server.URL(migrated) + "&target_session_attrs=standby", false},
		"no room":                     {guarded(crowded, postgrestest.Password), true},
		"read-only, and to migrate":   {server.URL(readOnly), true},
		"no TLS there":                {at(server.Addr(), "sslmode=require"), false},
		"no TLS there, nobody here":   {at(nobody+","+server.Addr(), "sslmode=require"), false},
		"untrusted certificate":       {at(untrusted, "sslmode=verify-full&sslrootcert=system"), false},
		"untrusted, and nobody":       {at(nobody+","+untrusted, "sslmode=verify-full&sslrootcert=system"), false},
		"wrong password":              {guarded(migrated, "secret-word"), false},
		"nobody, then wrong password": {strings.Replace(guarded(migrated, "secret-word"), "@", "@"+nobody+",", 1), false},
		"no database":                 {server.URL("missing"), false},
		"no rights":                   {guarded(server.Database(t, ""), postgrestest.Password), false},
		"newer schema":                {server.URL(newer), false},
		"no address":                  {"mysql://host/db", false},
		"no such sslmode":             {at(nobody, "sslmode=sometimes"), false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.OpenPostgres(t.Context(), c.url)
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if store.MayPass(err) != c.passes {
				t.Errorf("may pass: %v; %v", !c.passes, err)
			}
			if video.CodeOf(err) == video.Internal || strings.Contains(err.Error(), "secret-") {
				t.Errorf("said %v", err)
			}
		})
	}
}
