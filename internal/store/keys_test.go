package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func accessKeys(t *testing.T, open opener) {
	ctx := context.Background()
	now := noon
	s := open(t, store.WithClock(func() time.Time { return now }))
	if exist, err := s.HasKeys(ctx); exist || err != nil {
		t.Fatalf("a new store has keys: %v, %v", exist, err)
	}
	daily, monthly := video.WholeCredits(500), video.WholeCredits(9000)
	full := store.Key{
		ID: "key_a", Name: "team-a", Hash: "aa", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
		Terms: store.Terms{Daily: &daily, Monthly: &monthly, Models: []string{"seedance-20", "sora2"}, PerMinute: 60, OpenCalls: 3},
	}
	plain := store.Key{ID: "key_b", Name: "team-b", Hash: "bb", CreatedAt: noon.Add(time.Second)}
	for _, key := range []store.Key{full, plain} {
		if err := s.AddKey(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := s.Keys(ctx)
	if err != nil || len(keys) != 2 || keys[0].ID != "key_a" || keys[1].ID != "key_b" {
		t.Fatalf("%+v, %v", keys, err)
	}
	got := keys[0]
	if got.Name != full.Name || got.Hash != full.Hash || *got.Daily != daily || *got.Monthly != monthly ||
		!slices.Equal(got.Models, full.Models) || got.PerMinute != 60 || got.OpenCalls != 3 || !got.CreatedAt.Equal(noon) || !got.ExpiresAt.Equal(full.ExpiresAt) || !got.RevokedAt.IsZero() {
		t.Errorf("stored %+v, got %+v", full, got)
	}
	if b := keys[1]; b.Daily != nil || b.Monthly != nil || len(b.Models) != 0 || b.PerMinute != 0 || b.OpenCalls != 0 || !b.ExpiresAt.IsZero() || !b.LastUsedAt.IsZero() {
		t.Errorf("a key without terms: %+v", b)
	}

	// One live key a name; a hash is one key's.
	again := full
	again.ID, again.Hash = "key_c", "cc"
	wantError(t, s.AddKey(ctx, again), video.Conflict)
	if key, err := s.KeyByHash(ctx, "aa"); err != nil || key.ID != "key_a" {
		t.Errorf("by hash: %+v, %v", key, err)
	}
	_, err = s.KeyByHash(ctx, "zz")
	wantError(t, err, video.NotFound)

	if err := s.TouchKey(ctx, "key_a", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.TouchKey(ctx, "key_a", noon); err != nil { // a clock that went back
		t.Fatal(err)
	}
	now = noon.Add(time.Hour)
	revoked, err := s.RevokeKey(ctx, "team-a")
	if err != nil || !revoked.RevokedAt.Equal(now) || !revoked.LastUsedAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("revoked %+v, %v", revoked, err)
	}
	_, err = s.RevokeKey(ctx, "team-a")
	wantError(t, err, video.NotFound)
	_, err = s.KeyByName(ctx, "team-a")
	wantError(t, err, video.NotFound)
	if key, err := s.KeyByHash(ctx, "aa"); err != nil || key.RevokedAt.IsZero() {
		t.Errorf("a revoked key is known, as revoked: %+v, %v", key, err)
	}
	// The name is free again, and both keys stay on record.
	if err := s.AddKey(ctx, again); err != nil {
		t.Fatal(err)
	}
	if key, err := s.KeyByName(ctx, "team-a"); err != nil || key.ID != "key_c" {
		t.Errorf("the name's live key: %+v, %v", key, err)
	}
	if _, err := s.RevokeKey(ctx, "key_b"); err != nil { // by id
		t.Error(err)
	}
	if exist, err := s.HasKeys(ctx); !exist || err != nil {
		t.Errorf("keys were made: %v, %v", exist, err)
	}
}
