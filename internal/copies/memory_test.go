package copies_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"seedance-mcp/internal/bucket"
	"seedance-mcp/internal/copies"
	"seedance-mcp/internal/media"
)

const bigVideo = 200 << 20

// makesBig serves a video without ever holding it.
func makesBig(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Content-Length", strconv.Itoa(bigVideo))
	head := append(binary.BigEndian.AppendUint32(nil, 24), "ftypisom\x00\x00\x02\x00isommp42"...)
	head = append(binary.BigEndian.AppendUint32(head, bigVideo-24), "mdat"...)
	if _, err := w.Write(head); err != nil {
		return
	}
	piece := make([]byte, 64<<10)
	for left := bigVideo - len(head); left > 0; left -= len(piece) {
		if left < len(piece) {
			piece = piece[:left]
		}
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// inUse is what the Go heap and stacks hold, garbage included.
func inUse() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse
}

// TestMemoryOfACopy looks at the memory in use again and again while 200 MB go
// from a service into a bucket; both ends are included.
func TestMemoryOfACopy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(makesBig))
	defer upstream.Close()
	stored := make(chan string, 1)
	s3 := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		if _, err := io.CopyBuffer(sum, r.Body, make([]byte, 64<<10)); err != nil {
			t.Error(err)
		}
		stored <- hex.EncodeToString(sum.Sum(nil))
	}))
	defer s3.Close()
	fetcher, err := media.New(media.Options{Root: filepath.Join(t.TempDir(), "copying"), AllowLoopback: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := bucket.New(bucket.Options{Endpoint: s3.URL, Region: "r", Name: "videos", AccessKeyID: "id", SecretAccessKey: "s", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	b := copies.NewBucket(objects, fetcher, time.Hour)
	runtime.GC()
	before := inUse()
	peak, stop, watched := before, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			peak = max(peak, inUse())
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	file, err := b.Fetch(t.Context(), media.Job{URL: upstream.URL, Name: "big"})
	close(stop)
	<-watched
	if err != nil || file.Bytes != bigVideo || file.SHA256 != <-stored {
		t.Fatalf("%+v %v", file, err)
	}
	t.Logf("200 MB cost %.1f MB of memory", float64(peak-before)/(1<<20))
	if peak-before > 10<<20 {
		t.Errorf("200 MB cost %d bytes of memory", peak-before)
	}
}
