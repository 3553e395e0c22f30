package tools

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

func TestLinksToCopies(t *testing.T) {
	ends := time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)
	broken := false
	d := Deps{Logger: slog.New(slog.DiscardHandler), Link: func(name string) (string, time.Time, error) {
		if broken {
			return "", time.Time{}, errors.New("no key")
		}
		return "https://videos.example.com/files/" + name + "?signature=abc", ends, nil
	}}
	upstream := ends.Add(time.Hour)
	task := video.Task{ID: "vid_1", State: video.Success, Videos: []video.Video{
		{URL: "https://cdn.example.com/1.mp4", ExpiresAt: upstream, Copy: "fox.mp4"}, {URL: "https://cdn.example.com/2.mp4", ExpiresAt: upstream},
	}}
	const mine, theirs = "https://videos.example.com/files/fox.mp4?signature=abc", "https://cdn.example.com/1.mp4"

	got := showTask(d, task, 0)
	if v := got.Videos[0]; v.URL != mine || v.ExpiresAt != stamp(ends) {
		t.Errorf("the copied one: %+v", v)
	}
	if v := got.Videos[1]; v.URL != "https://cdn.example.com/2.mp4" || v.ExpiresAt != stamp(upstream) {
		t.Errorf("the other one: %+v", v)
	}
	if !slices.Contains(got.Notes, notCopiedNote) || !strings.Contains(got.Next, stamp(ends)) {
		t.Errorf("notes %q, next %q", got.Notes, got.Next)
	}
	if task.Videos[0].URL != theirs {
		t.Error("the task itself was changed")
	}
	if listed := showListed(d.linked(task)); listed.Video != mine {
		t.Errorf("listed as %s", listed.Video)
	}
	if err := downloadable(d, task); err == nil || !strings.Contains(err.Error(), mine) {
		t.Errorf("instead of a download: %v", err)
	}

	task.Videos = task.Videos[:1]
	if got := showTask(d, task, 0); slices.Contains(got.Notes, notCopiedNote) {
		t.Errorf("notes %q although all is copied", got.Notes)
	}
	broken = true
	if got := showTask(d, task, 0); got.Videos[0].URL != theirs {
		t.Errorf("without a key: %+v", got.Videos[0])
	}
	d.Link = nil
	if got := showTask(d, task, 0); got.Videos[0].URL != theirs || len(got.Notes) != 0 {
		t.Errorf("without copies: %+v", got)
	}
}
