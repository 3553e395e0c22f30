package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// confirmKey signs confirm tokens. All who share a store must have the same:
// replicas on Postgres derive it from the upstream key, which they have in
// common and which nobody knows who may not order anyway; processes on one data
// folder keep it there.
func (s *settings) confirmKey() ([]byte, error) {
	if s.databaseURL != "" && !s.sandbox() {
		mac := hmac.New(sha256.New, []byte(s.apiKey))
		mac.Write([]byte("seedance-mcp confirm key 1"))
		return mac.Sum(nil), nil
	}
	return confirmKeyIn(s.dataDir)
}

// confirmKeyIn is the key in a folder, made by whoever comes first.
func confirmKeyIn(dataDir string) ([]byte, error) {
	path := filepath.Join(dataDir, "confirm.key")
	if key, err := os.ReadFile(path); err == nil && len(key) == sha256.Size { //nolint:gosec // the folder is the user's own setting
		return key, nil
	}
	if err := os.MkdirAll(dataDir, 0o700); err != nil { //nolint:gosec // the folder is the user's own setting
		return nil, fmt.Errorf("data folder: %w", err)
	}
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails: crypto/rand aborts the process instead
	temp, err := os.CreateTemp(dataDir, "confirm-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("confirm key: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() //nolint:gosec // the folder is the user's own setting
	if _, err := temp.Write(key); err != nil {
		return nil, fmt.Errorf("confirm key: %w", err)
	}
	if err := temp.Close(); err != nil {
		return nil, fmt.Errorf("confirm key: %w", err)
	}
	// Link fails if another process was first; its key then counts.
	if err := os.Link(temp.Name(), path); err != nil {
		if key, err := os.ReadFile(path); err == nil && len(key) == sha256.Size { //nolint:gosec // the folder is the user's own setting
			return key, nil
		}
		if err := os.Rename(temp.Name(), path); err != nil { //nolint:gosec // the folder is the user's own setting
			return nil, fmt.Errorf("confirm key: %w", err)
		}
	}
	return key, nil
}
