package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"seedance-mcp/internal/bucket"
	"seedance-mcp/internal/copies"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
)

// copyPlace is where copies of finished videos are kept.
type copyPlace interface {
	engine.Media
	preview.Copies
	Link(name string) (link string, ends time.Time, err error)
	Origin() string
	Check(ctx context.Context) error
}

// copying is what a place for copies is made with besides the settings.
type copying struct {
	base          string // where callers reach the server
	dataDir       string
	local         map[string]http.RoundTripper
	allowLoopback bool
	log           *slog.Logger
}

// place is where the settings say that copies are kept; nothing is touched but
// the key that signs a folder's links.
func (c copySettings) place(with copying) (copyPlace, error) {
	into := c.folder
	if into == "" {
		into = filepath.Join(with.dataDir, "copying") // until they are sent
	}
	fetcher, err := media.New(media.Options{Root: into, Local: with.local, AllowLoopback: with.allowLoopback, Logger: with.log})
	if err != nil {
		return nil, err
	}
	if c.folder != "" {
		key, err := keyIn(into, ".links.key")
		if err != nil {
			return nil, &video.Error{
				Code: video.Unavailable, Err: err,
				Message:    fmt.Sprintf("No copies can be kept in %s: %s.", into, err),
				Suggestion: "Let SEEDANCE_COPY_TO name a folder that this user may write to.",
			}
		}
		return copies.NewFolder(copies.FolderOptions{Dir: into, Fetch: fetcher, URL: with.base + copies.FilesPath, Key: key, Lasts: c.lasts, Now: time.Now}), nil
	}
	objects, err := bucket.New(bucket.Options{
		Endpoint: c.endpoint, Region: c.region, Name: c.bucket, Prefix: c.prefix,
		AccessKeyID: c.accessKeyID, SecretAccessKey: c.secretAccessKey, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	return copies.NewBucket(objects, fetcher, c.lasts), nil
}

// String names the place for people.
func (c copySettings) String() string {
	if c.folder != "" {
		return c.folder
	}
	return "s3://" + c.bucket + "/" + c.prefix
}
