package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how often a new connection looks whether the certificate's
// files have changed.
const lookAgain = time.Second

// TLSFromFiles is TLS with the certificate chain and key of two PEM files.
// Renewed files are taken up by the next new connection, without a restart;
// while they cannot be used (a renewal writes one after the other) the pair
// before them goes on serving.
func TLSFromFiles(cert, key string, log *slog.Logger) (*tls.Config, error) {
	files := &certificateFiles{cert: cert, key: key, log: log, every: lookAgain}
	if err := files.load(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.current}, nil
}

type certificateFiles struct {
	cert, key string
	log       *slog.Logger
	every     time.Duration

	mu     sync.Mutex
	looked time.Time
	seen   [2]stamp
	pair   *tls.Certificate
}

// stamp tells one version of a file from the next. Secrets of Kubernetes are
// links that are turned over: what counts is the file they lead to.
type stamp struct {
	changed time.Time
	size    int64
}

func (c *certificateFiles) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) >= c.every {
		c.refresh()
	}
	return c.pair, nil
}

// refresh loads the files if they changed.
func (c *certificateFiles) refresh() {
	c.looked = time.Now()
	now, err := c.stamps()
	if err == nil && now == c.seen {
		return
	}
	if err == nil {
		err = c.load()
	}
	if err != nil {
		if now != c.seen {
			c.log.Warn("the renewed certificate cannot be used; the one before it goes on", "err", err)
		}
		c.seen = now // told once for each change
		return
	}
	c.log.Info("certificate renewed", "file", c.cert, "until", c.pair.Leaf.NotAfter)
}

func (c *certificateFiles) stamps() (found [2]stamp, err error) {
	for i, path := range []string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return found, err
		}
		found[i] = stamp{info.ModTime(), info.Size()}
	}
	return found, nil
}

// load reads the pair. The stamps are taken before it, so that a change during
// the reading is seen the next time.
func (c *certificateFiles) load() error {
	now, err := c.stamps()
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.cert, c.key, err)
	}
	c.pair, c.seen = &pair, now
	return nil
}
