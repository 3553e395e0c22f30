package media_test

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"time"

	"seedance-mcp/internal/media"
)

const bigVideo = 200 << 20

// makes serves a video of that size without ever holding it.
func makes(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Header().Set("ETag", `"big"`)
		piece := make([]byte, 64<<10)
		head := clip("", 0)
		binary.BigEndian.PutUint32(head[24:], uint32(size-24))
		for left := size; left > 0; left -= len(piece) {
			copy(piece, head)
			head = nil
			if left < len(piece) {
				piece = piece[:left]
			}
			if _, err := w.Write(piece); err != nil {
				return
			}
			clear(piece[:32])
		}
	}
}

// inUse is what the Go heap and stacks hold, garbage included.
func inUse() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse
}

// TestMemory looks at the memory in use again and again while 200 MB come in;
// the server that makes them is included.
func TestMemory(t *testing.T) {
	o := newOrigin(t, makes(bigVideo))
	r := local(t)
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
	file, err := r.fetch(o.link())
	close(stop)
	<-watched
	if err != nil || file.Bytes != bigVideo {
		t.Fatalf("%+v %v", file, err)
	}
	t.Logf("200 MB cost %.1f MB of memory", float64(peak-before)/(1<<20))
	if peak-before > 10<<20 {
		t.Errorf("200 MB cost %d bytes of memory", peak-before)
	}
}

func BenchmarkFetch200MB(b *testing.B) {
	server := httptest.NewServer(makes(bigVideo))
	defer server.Close()
	b.SetBytes(bigVideo)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r := newRig(b, media.Options{AllowLoopback: true})
		b.StartTimer()
		if _, err := r.Fetch(context.Background(), media.Job{URL: server.URL, Name: "big"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchSmall(b *testing.B) {
	server := httptest.NewServer(makes(100_000))
	defer server.Close()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r := newRig(b, media.Options{AllowLoopback: true})
		b.StartTimer()
		if _, err := r.Fetch(context.Background(), media.Job{URL: server.URL, Name: "small"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSafeName(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		media.SafeName(`A fox: "in the snow" / take 2.mp4`)
	}
}
