package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

func TestCopyTo(t *testing.T) {
	for value, want := range map[string]copySettings{
		"s3://videos":                     {bucket: "videos"},
		"s3://videos/":                    {bucket: "videos"},
		"s3://my.team-videos/clips/2026/": {bucket: "my.team-videos", prefix: "clips/2026/"},
		"/srv/videos":                     {folder: "/srv/videos"},
	} {
		var s settings
		if err := setCopyTo(&s, value); err != nil || s.copies != want {
			if filepath.IsAbs(want.folder) || want.folder == "" {
				t.Errorf("%s: %+v %v", value, s.copies, err)
			}
		}
	}
	for _, value := range []string{
		"s3://", "s3://V", "s3://UPPER", "s3://ab", "s3://videos/a b", "s3://videos/../x", "s3://videos/x?y", "s3://-videos",
		"https://example.com/videos", "gs://videos",
	} {
		if err := setCopyTo(new(settings), value); err == nil {
			t.Errorf("%s was taken", value)
		}
	}
	for _, value := range []string{"", "1s", "200h", "a day", "-1h"} {
		if err := setLinkTTL(new(settings), value); err == nil {
			t.Errorf("links that last %q were taken", value)
		}
	}
}

func TestCopySettingsGoTogether(t *testing.T) {
	on, off := true, false
	folder, bucket := copySettings{folder: "/srv"}, copySettings{bucket: "videos", accessKeyID: "id", secretAccessKey: "s"}
	for name, c := range map[string]struct {
		copySettings
		public   string
		reached  bool
		download *bool
		refused  string
	}{
		"nothing":                  {reached: true, download: &on},
		"a folder on loopback":     {copySettings: folder, download: &off},
		"a folder for others":      {copySettings: folder, public: "https://videos.example.com", reached: true},
		"a bucket for others":      {copySettings: bucket, reached: true},
		"nobody knows the address": {copySettings: folder, reached: true, refused: "SEEDANCE_PUBLIC_URL"},
		"kept in two places":       {copySettings: bucket, download: &on, refused: "SEEDANCE_DOWNLOAD"},
		"no secret":                {copySettings: copySettings{bucket: "videos", accessKeyID: "id"}, refused: "SEEDANCE_S3_SECRET_ACCESS_KEY"},
	} {
		err := c.settle(c.public, c.reached, c.download)
		if (err == nil) != (c.refused == "") || (err != nil && !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := copySettings{bucket: "videos", accessKeyID: "id", secretAccessKey: "s", region: "eu-central-1"}
	if err := c.settle("", false, nil); err != nil || c.endpoint != "https://s3.eu-central-1.amazonaws.com" || c.lasts != 24*time.Hour {
		t.Errorf("%+v %v", c, err)
	}
	if text := c.String(); text != "s3://videos/" || strings.Contains(text, c.secretAccessKey+"/s") {
		t.Errorf("%s", text)
	}
}

// Whoever starts the server has to learn which setting is wrong.
func TestCopyToAFileNamesTheSetting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := copySettings{folder: file}.place(copying{log: slog.New(slog.DiscardHandler)})
	if video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "SEEDANCE_COPY_TO") || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}
