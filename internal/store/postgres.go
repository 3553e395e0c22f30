package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	mathrand "math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// What is peculiar to Postgres: its sessions, its locks and its clock.

const (
	// Connections of one process, beside the one that listens. Reads have their
	// own, so that writes that wait for each other never keep them waiting.
	writeConnections = 8
	readConnections  = 8

	connectWithin = 5 * time.Second
	// answerWithin is how long an operation may take that nobody cancels. It is
	// longer than the server's own limits below, which say what was wrong.
	answerWithin = 20 * time.Second

	// A transaction of ours takes milliseconds. One whose process stopped in the
	// midst of it is ended, so that its locks hold up nobody for long.
	sessionSettings = `SET statement_timeout = 15000; SET lock_timeout = 10000; SET idle_in_transaction_session_timeout = 3000;
		SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET seedance.instance = `
	readerSettings = `; SET default_transaction_read_only = on`
)

// postgres is the database that replicas share.
type postgres struct {
	config *pgx.ConnConfig
	// instance marks our own notifications.
	instance string
	// listener is handed from open to watch.
	listener *pgx.Conn
	clock    atomic.Pointer[serverClock]
}

// serverClock is what the server's clock said at some instant of ours.
type serverClock struct{ server, ours time.Time }

// Place is where the Postgres database is that url names, as a person says it:
// host, port and name, never user or password. Invalid: url is none.
func Place(url string) (string, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return "", errBadURL(nil)
	}
	p, err := newPostgres(url)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(p.config.Host, strconv.Itoa(int(p.config.Port))) + "/" + p.config.Database, nil
}

func newPostgres(url string) (*postgres, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errBadURL(err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectWithin
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "seedance-mcp"
	}
	return &postgres{config: config, instance: strings.ToLower(rand.Text())}, nil
}

func (p *postgres) open(ctx context.Context) (writer, readers *sql.DB, err error) {
	if p.listener, err = p.listen(ctx); err != nil {
		return nil, nil, err
	}
	if err := p.migrate(ctx, p.listener); err != nil {
		return nil, nil, err
	}
	pool := func(connections int, settings string) *sql.DB {
		db := stdlib.OpenDB(*p.config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error { return p.prepareSession(ctx, c, settings) }))
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		db.SetConnMaxIdleTime(5 * time.Minute)
		db.SetConnMaxLifetime(time.Hour) // after a failover, sooner or later the new server
		return db
	}
	return pool(writeConnections, ""), pool(readConnections, readerSettings), nil
}

// prepareSession sets what every session of ours has. Some poolers in between
// refuse the same as parameters of the connection.
func (p *postgres) prepareSession(ctx context.Context, c *pgx.Conn, more string) error {
	_, err := c.PgConn().Exec(ctx, sessionSettings+"'"+p.instance+"'"+more).ReadAll()
	return err
}

// begin obeys ctx while a connection is waited for; the transaction itself ends
// of itself in time.
func (p *postgres) begin(ctx context.Context, writer *sql.DB) (*transaction, func(), error) {
	waiting, stop := context.WithTimeout(ctx, answerWithin)
	defer stop()
	connection, err := writer.Conn(waiting)
	if err != nil {
		return nil, nil, err
	}
	working, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	done := func() {
		_ = connection.Close() // back to the pool
		cancel()
	}
	tx, err := connection.BeginTx(working, nil)
	if err != nil {
		done()
		return nil, nil, err
	}
	return &transaction{ctx: working, tx: tx}, done, nil
}

func (p *postgres) prepares() bool { return false }

func (p *postgres) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, answerWithin)
}

// bind makes text of what Postgres would refuse as text: zero bytes, and bytes
// that are no UTF-8. A paid task must be stored whatever was said about it.
func (p *postgres) bind(args []any) []any {
	bound := make([]any, len(args))
	for i, arg := range args {
		switch value := arg.(type) {
		case string:
			bound[i] = storable(value)
		case *string:
			bound[i] = storable(*value)
		case sql.Null[string]:
			bound[i] = sql.Null[string]{V: storable(value.V), Valid: value.Valid}
		case *sql.Null[string]:
			bound[i] = sql.Null[string]{V: storable(value.V), Valid: value.Valid}
		case *sql.Null[int64]:
			bound[i] = *value
		case *int64:
			bound[i] = *value
		default:
			bound[i] = arg
		}
	}
	return bound
}

func storable(text string) string {
	const unstorable = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(text, unstorable), "\x00", unstorable)
}

// Locks of submissions are the server's advisory locks: they end with the
// transaction, also when its process dies.
const (
	lockByName      = `SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest($1::text[]) AS name`
	lockTaskAccount = `SELECT pg_advisory_xact_lock(hashtextextended('` + accountLock + `' || upstream, 0)) FROM tasks WHERE id = $1`
)

func (p *postgres) lockNames(t *transaction, names ...string) error {
	for i, name := range names {
		names[i] = storable(name)
	}
	_, err := t.tx.ExecContext(t.caller, lockByName, names)
	return err
}

func (p *postgres) lockAccountOf(t *transaction, id string) error {
	_, err := t.tx.ExecContext(t.caller, lockTaskAccount, storable(id))
	return err
}

func (p *postgres) toChange() string { return selectByID + ` FOR UPDATE` }

// toClaim passes over what another process is claiming or changing this very
// moment. Materialized, because a limit that was looked up twice would claim
// twice as many.
func (p *postgres) toClaim() string {
	return `WITH due AS MATERIALIZED (` + selectDue + ` FOR UPDATE SKIP LOCKED) ` + bookDue + `(SELECT id FROM due) RETURNING ` + columns
}

// again repeats what met another writer, or lost its connection.
func (p *postgres) again(ctx context.Context, _ *sql.DB, attempt int, err error) bool {
	const attempts, step = 4, 20 * time.Millisecond
	if attempt >= attempts || ctx.Err() != nil || !worthRepeating(err) {
		return false
	}
	pause := step << (2 * attempt)
	pause = pause/2 + time.Duration(mathrand.Int64N(int64(pause))) //nolint:gosec // no secret: two that met shall not meet again
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// now is the server's clock, as last read, and what passed since then by a
// clock of ours that nobody sets.
func (p *postgres) now() time.Time {
	read := p.clock.Load()
	if read == nil {
		return time.Now()
	}
	return read.server.Add(time.Since(read.ours))
}

// readClock notes what the server's clock says half-way between question and
// answer.
func (p *postgres) readClock(ctx context.Context, c *pgx.Conn) error {
	asked := time.Now()
	var micros int64
	if err := c.QueryRow(ctx, `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`).Scan(&micros); err != nil {
		return err
	}
	p.clock.Store(&serverClock{server: time.UnixMicro(micros), ours: asked.Add(time.Since(asked) / 2)})
	return nil
}

func (p *postgres) close() error {
	if p.listener == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.listener.Close(ctx) // nothing is lost with it
	return nil
}
