package main

import (
	"context"
	"flag"
	"strings"

	"seedance-mcp/internal/access"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/oauth"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// What access keys, and the terms of callers, mean to the rest of the program.

// What commands do with keys, terms and accounts.
const (
	doSet    = "set"
	doList   = "list"
	doSpent  = "spent"
	doRemove = "remove"
)

// keysExist says that an access key was ever made, without leaving a store
// behind where there was none.
func (a *app) keysExist(ctx context.Context) (bool, error) {
	keys, err := a.keys(ctx)
	if err != nil || keys == nil {
		return false, err
	}
	return keys.HasKeys(ctx)
}

// keys are the access keys and terms, nil while nothing was ever stored.
func (a *app) keys(ctx context.Context) (access.Keys, error) {
	if !a.store.isOpen() && !a.settings.storeExists() {
		return nil, nil
	}
	opened, err := a.store.open(ctx)
	if err != nil {
		return nil, err // a nil *store.Store in the interface would not be nil
	}
	return opened, nil
}

// budgetsOf are the principal's own: its terms', and what every principal has
// where they say nothing.
func (a *app) budgetsOf(ctx context.Context, principal string) (engine.Budgets, error) {
	own := engine.Budgets{PerDay: a.settings.eachDay, PerMonth: a.settings.eachMonth}
	terms, err := a.callers.TermsOf(ctx, principal)
	if err != nil {
		return own, err
	}
	if terms.Daily != nil {
		own.PerDay = terms.Daily
	}
	if terms.Monthly != nil {
		own.PerMonth = terms.Monthly
	}
	return own, nil
}

// modelsOf are those that the principal's terms allow; none: all.
func (a *app) modelsOf(ctx context.Context, principal string) ([]string, error) {
	terms, err := a.callers.TermsOf(ctx, principal)
	return terms.Models, err
}

// limitsOf are the principal's own. That they cannot be read keeps nobody out:
// then those hold that were read last, or else everybody's.
func (a *app) limitsOf(ctx context.Context, principal string) server.Limits {
	terms, err := a.callers.RecentTerms(ctx, principal)
	if err != nil {
		a.log.WarnContext(ctx, "callers' own limits cannot be read, the last known ones hold", "error", err)
	}
	return server.Limits{PerMinute: terms.PerMinute, OpenCalls: terms.OpenCalls}
}

// flagsGoWith refuses flags that go with another action, as their usage says:
// whoever gives a term to remove means to take that one back, not all of them.
func flagsGoWith(fs *flag.FlagSet, action string) (err error) {
	fs.Visit(func(f *flag.Flag) {
		only, _, _ := strings.Cut(strings.TrimPrefix(f.Usage, "with "), ":")
		if strings.HasPrefix(f.Usage, "with ") && only != action && err == nil {
			err = usageError("--%s goes with %s only, not with %s", f.Name, only, action)
		}
	})
	return err
}

// namedCaller is the principal that a command line names: by the name of a key,
// by a token's subject, or as lists show it.
func namedCaller(s settings, subject string, names []string) (string, error) {
	switch {
	case subject != "" && len(names) > 0:
		return "", usageError("give a NAME or --subject, not both")
	case subject != "" && s.oauth.issuer == "":
		return "", usageError("--subject needs SEEDANCE_OAUTH_ISSUER, whose subject it is")
	case subject != "":
		return oauth.Principal(s.oauth.issuer, subject), nil
	case len(names) != 1:
		return "", usageError("say which caller: the NAME of an access key, or --subject")
	}
	return names[0], nil
}

// knownCaller refuses a name that nobody comes with: one with a slip in it would
// leave the caller that was meant as it is.
func knownCaller(ctx context.Context, kept *store.Store, principal string) error {
	if strings.HasPrefix(principal, oauth.PrincipalPrefix) {
		if !oauth.IsPrincipal(principal) {
			return usageError("%q is not what a token's caller is called; give its sub with --subject", video.Clip(principal, 60))
		}
		return nil
	}
	_, err := kept.KeyByName(ctx, principal)
	if video.CodeOf(err) == video.NotFound {
		return usageError("there is no live access key named %q; make it first: seedance-mcp keys create NAME", video.Clip(principal, 60))
	}
	return err
}
