package store_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"seedance-mcp/internal/store"
)

func TestNewID(t *testing.T) {
	shape := regexp.MustCompile(`^vid_[0-9a-z]{26}$`)
	seen := make(map[string]bool)
	var inOrder []string
	for i := range 1000 {
		id := store.NewID(noon.Add(time.Duration(i) * time.Millisecond))
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("id %q, seen before: %v", id, seen[id])
		}
		seen[id] = true
		inOrder = append(inOrder, id)
	}
	if !slices.IsSorted(inOrder) {
		t.Error("later ids do not sort later")
	}
	for range 100 { // within one millisecond
		if id := store.NewID(noon); seen[id] {
			t.Fatalf("%q twice", id)
		} else {
			seen[id] = true
		}
	}
	if id := store.NewID(time.Time{}); !shape.MatchString(id) || id > inOrder[0] {
		t.Errorf("id of the year 1: %q", id)
	}
}
