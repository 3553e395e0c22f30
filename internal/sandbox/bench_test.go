package sandbox_test

import (
	"testing"

	"seedance-mcp/internal/sandbox"
)

func BenchmarkRecordInfo(b *testing.B) {
	r := start(b, sandbox.Options{})
	id := r.accepted(workflowBody("a fox", ""))
	b.ReportAllocs()
	for b.Loop() {
		if got := r.record(id); got.Status != 200 {
			b.Fatal(got)
		}
	}
}

// BenchmarkCreateTask measures with 1,000 tasks on the shelf.
func BenchmarkCreateTask(b *testing.B) {
	for name, dir := range map[string]string{"memory": "", "folder": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			r := start(b, sandbox.Options{Dir: dir, Limit: 1 << 30, Credits: 1 << 60})
			for range 1000 {
				r.accepted(workflowBody("a fox", ""))
			}
			body := workflowBody("[sandbox:create-402]", "") // refused: the shelf must not grow
			b.ReportAllocs()
			for b.Loop() {
				if got := r.create(body); got.Status != 402 {
					b.Fatal(got)
				}
			}
		})
	}
}
