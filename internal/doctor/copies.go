package doctor

import (
	"context"
	"fmt"
)

// copies is silent where none are kept: most installations keep none.
func copies(ctx context.Context, s Subject) []Result {
	if s.Copies == nil {
		return nil
	}
	place, err := s.Copies(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return one(Problem, fmt.Sprintf("%s did not answer within %s", place, Limit), "see that it can be reached from here")
	case err != nil:
		text, fix := words(err, "see that "+place+" can be written")
		return one(Problem, place+": "+text, fix)
	}
	return fine(place + ": written, read back, and removed again")
}
