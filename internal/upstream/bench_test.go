package upstream_test

import (
	"net/http"
	"testing"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func BenchmarkDecodeWebhook(b *testing.B) {
	for _, name := range []string{"workflow success", "precursor", "kinovi", "a word never seen"} {
		body := []byte(recordShapes[name].body)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := upstream.DecodeWebhook(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRecord is a whole look without the network.
func BenchmarkRecord(b *testing.B) {
	made := client(b, base, video.Workflow, saysJSON(http.StatusOK, recordShapes["workflow success"].body))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := made.Record(b.Context(), "t1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	made := client(b, base, video.Workflow, saysJSON(http.StatusOK, `{"taskId":"t1"}`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := made.Create(b.Context(), payload, "https://me.test/webhooks/x"); err != nil {
			b.Fatal(err)
		}
	}
}
