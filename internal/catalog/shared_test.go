package catalog_test

import (
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

func mustDefault(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Default()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// credits shows a quote's sum, "null" where there is none.
func credits(q video.Quote) string {
	if q.Credits == nil {
		return "null"
	}
	return q.Credits.String()
}
