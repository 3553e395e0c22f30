package main

import (
	"bytes"
	"testing"
)

// TestConfirmKey: who shares a store accepts each other's confirmations, and
// nobody else does.
func TestConfirmKey(t *testing.T) {
	const url = "postgres://db.example.com/videos"
	one, two := t.TempDir(), t.TempDir()
	tests := []struct {
		name string
		a, b settings
		same bool
	}{
		{"replicas", settings{databaseURL: url, apiKey: "sk-test-1", dataDir: one}, settings{databaseURL: url, apiKey: "sk-test-1", dataDir: two}, true},
		{"replicas of two accounts", settings{databaseURL: url, apiKey: "sk-test-1", dataDir: one}, settings{databaseURL: url, apiKey: "sk-test-2", dataDir: one}, false},
		{"one folder", settings{apiKey: "sk-test-1", dataDir: one}, settings{apiKey: "sk-test-1", dataDir: one}, true},
		{"two folders", settings{apiKey: "sk-test-1", dataDir: one}, settings{apiKey: "sk-test-1", dataDir: two}, false},
		{"embedded sandboxes", settings{databaseURL: url, dataDir: one}, settings{databaseURL: url, dataDir: two}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := tt.a.confirmKey()
			if err != nil {
				t.Fatal(err)
			}
			b, err := tt.b.confirmKey()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(a, b) != tt.same || len(a) < 32 {
				t.Errorf("%x and %x, want the same: %v", a, b, tt.same)
			}
		})
	}
}
