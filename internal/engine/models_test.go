package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// A principal's models bind what it orders and what it asks the price of, and
// nobody else.
func TestModelsOfAPrincipal(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) {
			o.ModelsOf = func(_ context.Context, principal string) ([]string, error) {
				if principal == alice {
					return []string{"sora2"}, nil
				}
				return nil, nil
			}
		})
		_, err := e.Submit(context.Background(), alice, ask("a fox"))
		wantCode(t, err, video.Forbidden)
		if !strings.Contains(err.Error(), "You may use: sora2.") || !strings.Contains(err.Error(), "estimate_cost") {
			t.Errorf("what it may use is not told: %v", err)
		}
		quote, err := e.Quote(context.Background(), alice, ask("a fox"))
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, quote.Refusal, video.Forbidden)
		if got := w.sandbox.Books().Entries; len(got) != 0 {
			t.Fatalf("a refused order was sent: %+v", got)
		}
		mustSubmit(t, e, bob, ask("a fox"))
		mustSubmit(t, e, alice, engine.Wish{Ask: catalog.Ask{Prompt: "a fox", Model: "sora2"}})
	})
}

// Terms that cannot be read refuse: nobody knows what they allow.
func TestUnreadableModelsRefuse(t *testing.T) {
	inWorld(t, func(w *world) {
		broken := errors.New("locked")
		e := w.start(func(o *engine.Options) {
			o.ModelsOf = func(context.Context, string) ([]string, error) { return nil, broken }
		})
		if _, err := e.Submit(context.Background(), alice, ask("a fox")); !errors.Is(err, broken) {
			t.Errorf("order: %v", err)
		}
		if got := w.sandbox.Books().Entries; len(got) != 0 {
			t.Errorf("it was sent: %+v", got)
		}
	})
}
