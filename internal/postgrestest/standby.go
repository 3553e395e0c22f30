package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"
)

// Standby makes a server that follows s and has all that s answered to have
// committed: s waits for it. It can be read until it is promoted.
func (s *Server) Standby() (*Server, error) {
	standby := &Server{bin: s.bin}
	if err := standby.follow(s); err != nil {
		return nil, errors.Join(err, standby.Stop())
	}
	return standby, nil
}

func (s *Server) follow(primary *Server) error {
	if err := s.settle(); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(primary.addr)
	if err != nil {
		return err
	}
	copied := s.command("pg_basebackup", "-D", s.data(), "-h", host, "-p", port, "-U", "seedance",
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	if out, err := copied.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	if err := s.Launch(); err != nil {
		return err
	}
	if _, err := primary.admin.Exec("ALTER SYSTEM SET synchronous_standby_names = '*'"); err != nil {
		return err
	}
	if _, err := primary.admin.Exec("SELECT pg_reload_conf()"); err != nil {
		return err
	}
	for deadline := time.Now().Add(startWithin); ; time.Sleep(20 * time.Millisecond) {
		var state string
		err := primary.admin.QueryRow("SELECT sync_state FROM pg_stat_replication").Scan(&state)
		if err == nil && state == "sync" {
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the standby never follows: %q", state)
		}
	}
}

// Kill ends the server as kill -9 does; it is not started again.
func (s *Server) Kill() error {
	if err := s.process.Process.Kill(); err != nil {
		return err
	}
	_ = s.process.Wait() // killed
	s.process = nil
	return nil
}

// Promote makes a standby the server that is written to.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	var promoted bool
	if err := s.admin.QueryRowContext(context.Background(), "SELECT pg_promote()").Scan(&promoted); err != nil || !promoted {
		t.Fatalf("promote: %v %v", promoted, err)
	}
}
