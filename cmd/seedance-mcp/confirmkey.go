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
	return keyIn(s.dataDir, "confirm.key")
}

// keyIn is the key in a folder's file, made by whoever comes first.
func keyIn(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)
	if key, err := os.ReadFile(path); err == nil && len(key) == sha256.Size { //nolint:gosec // the folder is the user's own setting
		return key, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the folder is the user's own setting
		return nil, fmt.Errorf("the key's folder: %w", err)
	}
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails: crypto/rand aborts the process instead
	temp, err := os.CreateTemp(dir, ".key-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("the key %s: %w", name, err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() //nolint:gosec // the folder is the user's own setting
	if _, err := temp.Write(key); err != nil {
		return nil, fmt.Errorf("the key %s: %w", name, err)
	}
	if err := temp.Close(); err != nil {
		return nil, fmt.Errorf("the key %s: %w", name, err)
	}
	// Link fails if another process was first; its key then counts.
	if err := os.Link(temp.Name(), path); err != nil {
		if key, err := os.ReadFile(path); err == nil && len(key) == sha256.Size { //nolint:gosec // the folder is the user's own setting
			return key, nil
		}
		if err := os.Rename(temp.Name(), path); err != nil { //nolint:gosec // the folder is the user's own setting
			return nil, fmt.Errorf("the key %s: %w", name, err)
		}
	}
	return key, nil
}
