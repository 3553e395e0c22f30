package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// allowed refuses a model that the principal may not use.
func (e *Engine) allowed(ctx context.Context, principal, model string) error {
	if e.o.ModelsOf == nil {
		return nil
	}
	models, err := e.o.ModelsOf(ctx, principal)
	if err != nil || len(models) == 0 || slices.Contains(models, model) {
		return err
	}
	return &video.Error{
		Code: video.Forbidden, Argument: "model", Given: model, Valid: models,
		Message: fmt.Sprintf("You may not use the model %s on this server.", model),
		Suggestion: "Nothing was sent or charged. You may use: " + strings.Join(models, ", ") +
			". If the user agrees to one of these, give it as model; estimate_cost tells its price.",
	}
}
