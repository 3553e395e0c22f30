// Package postgrestest runs a real PostgreSQL server for tests, from the
// binaries that the system has. Tests of any package may import it, and the
// bench; nothing else.
package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"seedance-mcp/internal/porttest"
)

// Password is that of the user "guarded", the only one who needs any.
const Password = "not-a-real-password"

const startWithin = 2 * time.Minute

// Server is a PostgreSQL server in a folder of its own, on loopback.
type Server struct {
	folder, bin string
	addr        string
	release     func()     // gives the port back
	as          *user.User // who runs it; nil: we
	process     *exec.Cmd
	admin       *sql.DB
	databases   atomic.Int64
}

// Binaries is the folder of initdb and postgres, "" where there are none.
func Binaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	slices.Sort(found)
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// Need skips the test, by name, where PostgreSQL is missing, and fails it where
// SEEDANCE_TEST_REQUIRE says that it must be there.
func Need(t testing.TB) {
	t.Helper()
	if Binaries() != "" {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "postgres") {
		t.Fatal("PostgreSQL's initdb is required and missing")
	}
	t.Skip("PostgreSQL's initdb is missing")
}

// Start makes a server with an empty cluster and starts it. Nothing it stores
// survives a power cut.
func Start() (*Server, error) {
	s := &Server{bin: Binaries()}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.Launch(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if _, err := s.admin.Exec("CREATE ROLE guarded LOGIN PASSWORD '" + Password + "'"); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) prepare() error {
	if err := s.settle(); err != nil {
		return err
	}
	made := s.command("initdb", "-D", s.data(), "-U", "seedance", "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C")
	if out, err := made.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	const logins = "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"
	return os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(logins), 0o600)
}

// settle finds a folder, a user and a port for the server.
func (s *Server) settle() error {
	var err error
	if s.folder, err = os.MkdirTemp("", "postgres"); err != nil {
		return err
	}
	if os.Getuid() == 0 { // postgres refuses to run as root
		if s.as, err = user.Lookup("postgres"); err != nil {
			return err
		}
		uid, _ := strconv.Atoi(s.as.Uid) // a number on every system with root
		gid, _ := strconv.Atoi(s.as.Gid)
		if err := os.Chown(s.folder, uid, gid); err != nil {
			return err
		}
	}
	if s.addr, s.release, err = porttest.Reserve(); err != nil {
		return err
	}
	s.admin, err = sql.Open("pgx", s.URL("postgres"))
	return err
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// command is one of PostgreSQL's, as a user who may run it.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(s.bin, name)}, args...)
	if s.as != nil {
		args = append([]string{"setpriv", "--reuid=" + s.as.Uid, "--regid=" + s.as.Gid, "--clear-groups"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // the tests' own
	cmd.Dir = s.folder
	return cmd
}

// Launch starts the server, again after Halt, on the same port with the same
// data, and returns when it answers.
func (s *Server) Launch() error {
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	settings := []string{"-D", s.data(), "-p", port}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off", "wal_retrieve_retry_interval=100ms", "max_connections=200", "shared_buffers=64MB",
	} {
		settings = append(settings, "-c", setting)
	}
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = s.command("postgres", settings...)
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(startWithin); ; time.Sleep(20 * time.Millisecond) {
		err := s.admin.Ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("postgres does not answer: %w\n%s", err, said)
		}
	}
}

// Halt ends the server and all connections at once, as "restart" does.
func (s *Server) Halt() error {
	if s.process == nil || s.process.Process == nil {
		return nil
	}
	if err := s.process.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	err := s.process.Wait()
	s.process = nil
	return err
}

// Stop ends the server and removes what it stored.
func (s *Server) Stop() error {
	var failures []error
	if s.admin != nil {
		failures = append(failures, s.admin.Close())
	}
	failures = append(failures, s.Halt(), os.RemoveAll(s.folder))
	if s.release != nil {
		s.release()
	}
	return errors.Join(failures...)
}

// Addr is host and port.
func (s *Server) Addr() string { return s.addr }

// URL names a database, as its owner.
func (s *Server) URL(database string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("seedance"), Host: s.Addr(), Path: database, RawQuery: "sslmode=disable"}).String()
}

// Exec runs a statement as the superuser.
func (s *Server) Exec(t testing.TB, statement string) {
	t.Helper()
	if _, err := s.admin.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Database makes a new database for the test, as a copy of template unless
// that is "", and gives its name. It goes with the test.
func (s *Server) Database(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprint("test", s.databases.Add(1))
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	s.Exec(t, statement)
	t.Cleanup(func() { s.Exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return name
}

// ExecIn runs a statement in one database as the superuser.
func (s *Server) ExecIn(database, statement string) error {
	db, err := sql.Open("pgx", s.URL(database))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), statement)
	return errors.Join(err, db.Close())
}
