package copies

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"seedance-mcp/internal/media"
)

// Objects is a bucket; a [bucket.Bucket] is one.
type Objects interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, hash, mediaType string) error
	Get(ctx context.Context, key string, w io.Writer) error
	Delete(ctx context.Context, key string) error
	Link(key string, lasts time.Duration) (link string, ends time.Time, err error)
	Origin() string
}

// Bucket keeps copies in a bucket.
type Bucket struct {
	objects Objects
	fetch   Fetcher
	lasts   time.Duration
}

// NewBucket makes a Bucket of links that last so long. fetch saves videos on
// this machine, from where they are sent and then removed.
func NewBucket(objects Objects, fetch Fetcher, lasts time.Duration) *Bucket {
	return &Bucket{objects: objects, fetch: fetch, lasts: lasts}
}

// Fetch copies a video into the bucket. The key is made of what the video
// holds, so that a second copy after a crash replaces the first by the same,
// and never another's.
func (b *Bucket) Fetch(ctx context.Context, job media.Job) (media.File, error) {
	job.Dir, job.Sidecar = "", nil
	file, err := b.fetch.Fetch(ctx, job)
	if err != nil {
		return media.File{}, err
	}
	key := file.SHA256 + "/" + plainName(filepath.Base(file.Path))
	if err := b.put(ctx, key, file); err != nil {
		return media.File{}, err // the file stays: the next try need not fetch it again
	}
	if err := os.Remove(file.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return media.File{}, fmt.Errorf("the file that was sent: %w", err)
	}
	file.Path, file.Copy = "", key
	return file, nil
}

func (b *Bucket) put(ctx context.Context, key string, file media.File) error {
	body, err := os.Open(file.Path)
	if err != nil {
		return fmt.Errorf("the file to send: %w", err)
	}
	defer func() { _ = body.Close() }() // nothing was written
	return b.objects.Put(ctx, key, body, file.Bytes, file.SHA256, file.MediaType)
}

// Link leads to a copy for a while, without any credentials.
func (b *Bucket) Link(key string) (string, time.Time, error) { return b.objects.Link(key, b.lasts) }

// Read copies a copy to w.
func (b *Bucket) Read(ctx context.Context, key string, w io.Writer) error {
	return b.objects.Get(ctx, key, w)
}

// Origin is where links lead to, for policies of pages.
func (b *Bucket) Origin() string { return b.objects.Origin() }

// Check writes, reads and removes a trial object.
func (b *Bucket) Check(ctx context.Context) error {
	const what = "seedance-mcp looks whether it can write here\n"
	key := "trial-" + strings.ToLower(rand.Text())
	sum := sha256.Sum256([]byte(what))
	if err := b.objects.Put(ctx, key, strings.NewReader(what), int64(len(what)), hex.EncodeToString(sum[:]), "text/plain"); err != nil {
		return err
	}
	var stored bytes.Buffer
	err := b.objects.Get(ctx, key, &stored)
	if err == nil && stored.String() != what {
		err = errors.New("the bucket gives back other bytes than were stored")
	}
	return errors.Join(err, b.objects.Delete(ctx, key))
}

// plainName has only characters that need no escaping anywhere in a link.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, name)
}
