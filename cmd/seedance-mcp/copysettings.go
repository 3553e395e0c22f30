package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/bucket"
)

// copySettings say where `http` keeps copies of finished videos.
type copySettings struct {
	folder string // absolute; "": none
	bucket string // its name; "": none
	prefix string // "" or ending in a slash
	lasts  time.Duration

	endpoint, region string
	accessKeyID      string
	secretAccessKey  string // a secret
}

const (
	defaultLinkTTL = 24 * time.Hour
	shortestLink   = time.Minute
	defaultRegion  = "us-east-1"
)

// wanted says that copies are kept at all.
func (c copySettings) wanted() bool { return c.folder != "" || c.bucket != "" }

// copyingSettings are the flags and variables about copies; `http` and `doctor`
// have them.
func copyingSettings() []setting {
	return []setting{
		{"copy-to", "SEEDANCE_COPY_TO", "http: keep copies of finished videos in this `place`, a folder or s3://BUCKET/PREFIX, and give out links to those (default none: the video service's links)", setCopyTo},
		{"link-ttl", "SEEDANCE_LINK_TTL", "http: `time` after which a link to a copy ends, up to 168h (default 24h)", setLinkTTL},
		{"s3-endpoint", "SEEDANCE_S3_ENDPOINT", "http: `URL` of the bucket's service, as callers reach it (default AWS in the region)", setS3Endpoint},
		{"s3-region", "SEEDANCE_S3_REGION", "http: `region` of the bucket (default " + defaultRegion + ")", func(s *settings, v string) error { s.copies.region = v; return nil }},
		{"s3-access-key-id", "SEEDANCE_S3_ACCESS_KEY_ID", "http: `id` of the access key that may write to the bucket", func(s *settings, v string) error { s.copies.accessKeyID = v; return nil }},
		{"s3-secret-access-key", "SEEDANCE_S3_SECRET_ACCESS_KEY", "http: the access key's `secret`", func(s *settings, v string) error { s.copies.secretAccessKey = v; return nil }},
	}
}

// bucketName is S3's rule for names.
var bucketName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`) })

// prefixParts keeps keys free of what would need escaping in a link.
var prefixParts = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z0-9._-]+/)*$`) })

func setCopyTo(s *settings, v string) error {
	rest, isBucket := strings.CutPrefix(v, "s3://")
	if !isBucket {
		if strings.Contains(v, "://") {
			return errors.New("must be a folder, or s3://BUCKET/PREFIX")
		}
		folder, err := filepath.Abs(v)
		if err != nil {
			return errors.New("must be a folder, or s3://BUCKET/PREFIX")
		}
		s.copies.folder, s.copies.bucket = folder, ""
		return nil
	}
	name, prefix, _ := strings.Cut(rest, "/")
	if !bucketName().MatchString(name) {
		return errors.New("must name a bucket: s3://BUCKET/PREFIX, in small letters, digits, dots and hyphens")
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	if !prefixParts().MatchString(prefix) || strings.Contains(prefix, "..") {
		return errors.New("has a prefix with more than letters, digits, dots, hyphens, underscores and slashes")
	}
	s.copies.bucket, s.copies.prefix, s.copies.folder = name, prefix, ""
	return nil
}

func setLinkTTL(s *settings, v string) error {
	lasts, err := time.ParseDuration(v)
	if err != nil || lasts < shortestLink || lasts > bucket.LongestLink {
		return errors.New("must be a time from 1m to 168h, such as 24h")
	}
	s.copies.lasts = lasts
	return nil
}

func setS3Endpoint(s *settings, v string) error {
	if !plainURL(v) {
		return errors.New("must be an http(s) URL such as https://s3.eu-central-1.amazonaws.com")
	}
	s.copies.endpoint = strings.TrimRight(v, "/")
	return nil
}

// settle fills the defaults, and refuses what does not go together. reached
// says that others than this machine call the server; callers' links need an
// address then.
func (c *copySettings) settle(publicURL string, reached bool, download *bool) error {
	if c.lasts == 0 {
		c.lasts = defaultLinkTTL
	}
	if c.region == "" {
		c.region = defaultRegion
	}
	if c.endpoint == "" {
		c.endpoint = "https://s3." + url.PathEscape(c.region) + ".amazonaws.com"
	}
	switch {
	case !c.wanted():
		return nil
	case download != nil && *download:
		return usageError("SEEDANCE_COPY_TO and SEEDANCE_DOWNLOAD=on do not go together: a video is kept in one place")
	case c.bucket != "" && (c.accessKeyID == "" || c.secretAccessKey == ""):
		return usageError("SEEDANCE_COPY_TO names a bucket: set SEEDANCE_S3_ACCESS_KEY_ID and SEEDANCE_S3_SECRET_ACCESS_KEY, too")
	case c.folder != "" && reached && publicURL == "":
		return usageError("SEEDANCE_COPY_TO names a folder whose files this server gives out: set SEEDANCE_PUBLIC_URL, so that links lead to where callers reach it")
	}
	return nil
}
