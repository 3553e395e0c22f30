package catalog_test

import (
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

func TestDefaultLoads(t *testing.T) {
	t.Parallel()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		if _, ok := c.Model(d, c.DefaultModel(d)); !ok {
			t.Errorf("%s: the default model %q is missing", d, c.DefaultModel(d))
		}
	}
}

// BenchmarkDefault is what the catalogue adds to every start of the program.
func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := catalog.Default(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	c, err := catalog.Default()
	if err != nil {
		b.Fatal(err)
	}
	ask := catalog.Ask{
		Prompt: "a fox in the snow, @image1", Model: "Seedance 2.0", AspectRatio: "portrait", Duration: "6 seconds",
		ImageURLs: []string{"https://images.example.com/fox.png"},
	}
	for b.Loop() {
		if _, err := c.Plan(video.Workflow, ask); err != nil {
			b.Fatal(err)
		}
	}
}
