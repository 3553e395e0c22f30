package media_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// A server that falls silent, before its answer or within, is given up; time
// is the test's own.
func TestStalls(t *testing.T) {
	data := clip("fox", 50_000)
	for name, sent := range map[string]int{"before the answer": -1, "at once": 0, "within": 20_000} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "videos")
			synctest.Test(t, func(t *testing.T) {
				var tries atomic.Int32
				silent := func(w http.ResponseWriter, req *http.Request) {
					tries.Add(1)
					if sent >= 0 {
						w.Header().Set("ETag", `"a"`)
						w.Header().Set("Content-Length", strconv.Itoa(len(data)))
						if req.Header.Get("Range") != "" {
							w.Header().Set("Content-Length", strconv.Itoa(len(data)-sent))
							w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", sent, len(data)-1, len(data)))
							w.WriteHeader(http.StatusPartialContent)
						} else {
							w.Write(data[:sent])
						}
						w.(http.Flusher).Flush()
					}
					<-req.Context().Done()
				}
				fetcher, err := media.New(media.Options{Root: root, Local: map[string]http.RoundTripper{
					"cdn.example.com": sandbox.Transport(http.HandlerFunc(silent)),
				}})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, err = fetcher.Fetch(context.Background(), media.Job{URL: "http://cdn.example.com/a", Name: "fox"})
				fails(t, err, video.Unavailable, "nothing for 30 s")
				if took := time.Since(began); took != media.MaxTries*media.Patience+3500*time.Millisecond || tries.Load() != media.MaxTries {
					t.Errorf("%d tries in %v", tries.Load(), took)
				}
			})
		})
	}
}

// A slow server is not a silent one: there is no limit on the whole.
func TestSlowIsFine(t *testing.T) {
	root := filepath.Join(t.TempDir(), "videos")
	data := clip("fox", 2000)
	synctest.Test(t, func(t *testing.T) {
		slow := func(w http.ResponseWriter, _ *http.Request) {
			for piece := range slices.Chunk(data, 100) {
				time.Sleep(media.Patience - time.Second)
				w.Write(piece)
			}
		}
		fetcher, err := media.New(media.Options{Root: root, Local: map[string]http.RoundTripper{
			"CDN.example.com:80": sandbox.Transport(http.HandlerFunc(slow)),
		}})
		if err != nil {
			t.Fatal(err)
		}
		file, err := fetcher.Fetch(context.Background(), media.Job{URL: "http://cdn.example.com:80/a", Name: "fox"})
		if err != nil || file.SHA256 != sha(data) {
			t.Errorf("%+v %v", file, err)
		}
	})
}
