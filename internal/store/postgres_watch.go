package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// pingEvery is how long the listener may hear nothing before it asks whether
	// the connection still stands; the answer is the server's clock.
	pingEvery  = 2 * time.Second
	pingWithin = 3 * time.Second
	// While nobody listens, watchers look by themselves.
	lookEvery = 500 * time.Millisecond
)

// listen opens the connection on which the server tells of changed tasks.
func (p *postgres) listen(ctx context.Context) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return nil, err
	}
	err = p.prepareSession(ctx, c, "; LISTEN seedance_tasks")
	if err == nil {
		err = p.readClock(ctx, c)
	}
	if err != nil {
		_ = c.Close(context.WithoutCancel(ctx)) // the first error counts
		return nil, err
	}
	return c, nil
}

// always: a connection for each waiter would cost more than one for all.
func (p *postgres) always() bool { return true }

// watch listens, and connects anew when the connection breaks; what was missed
// meanwhile is one signal then.
func (p *postgres) watch(ctx context.Context, signal func()) {
	c := p.listener
	p.listener = nil
	for {
		if c != nil {
			p.hear(ctx, c, signal)
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = c.Close(closing) // broken, or no longer wanted
			cancel()
			signal()
		}
		if ctx.Err() != nil {
			return
		}
		connecting, cancel := context.WithTimeout(ctx, connectWithin)
		connected := make(chan struct{})
		go func() {
			defer close(connected)
			c, _ = p.listen(connecting) // the store's other connections tell why
		}()
		p.lookMeanwhile(connected, signal)
		cancel()
		signal()
		if c != nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// lookMeanwhile signals now and then until done.
func (p *postgres) lookMeanwhile(done <-chan struct{}, signal func()) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			signal()
		}
	}
}

// hear signals what others changed, until the connection breaks or ctx ends.
func (p *postgres) hear(ctx context.Context, c *pgx.Conn, signal func()) {
	for {
		waiting, cancel := context.WithTimeout(ctx, pingEvery)
		told, err := c.WaitForNotification(waiting)
		silent := waiting.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && told.Payload != p.instance: // our own were signalled already
			signal()
		case err == nil:
		case !silent || c.IsClosed():
			return
		default:
			asking, cancel := context.WithTimeout(ctx, pingWithin)
			err := p.readClock(asking, c)
			cancel()
			if err != nil {
				return
			}
		}
	}
}
