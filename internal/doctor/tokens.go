package doctor

import (
	"context"
	"fmt"
)

// tokens is silent where no issuer's tokens are taken.
func tokens(ctx context.Context, s Subject) []Result {
	if s.IssuerKeys == nil {
		return nil
	}
	err := s.IssuerKeys(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return one(Problem, fmt.Sprintf("%s did not give its keys within %s", s.Issuer, Limit), "see that it can be reached from here, or name its keys' address in SEEDANCE_OAUTH_JWKS_URL")
	case err != nil:
		text, fix := words(err, "write SEEDANCE_OAUTH_ISSUER exactly as the issuer's tokens do, or name its keys' address in SEEDANCE_OAUTH_JWKS_URL")
		return one(Problem, text, fix)
	}
	return fine("the keys of " + s.Issuer + " are there")
}
