package main

import (
	"context"
	"net/http"

	"seedance-mcp/internal/oauth"
	"seedance-mcp/server"
)

// oauthSettings are whose access tokens the HTTP server takes.
type oauthSettings struct {
	issuer, audience, jwksURL string
	scopes                    []string
}

func setOAuthIssuer(s *settings, v string) error {
	s.oauth.issuer = v // exactly as written: it is compared
	return oauth.CheckURL("it", v)
}

func setOAuthKeys(s *settings, v string) error {
	s.oauth.jwksURL = v
	return oauth.CheckURL("it", v)
}

// admit puts a door into the server's options: access keys, and tokens where
// there is an issuer; own is the URL by which the server is known. Only without
// either, and only for its own machine, everybody comes in.
func (a *app) admit(options *server.Options, own string, ownMachineOnly bool) error {
	given := a.settings.oauth
	if given.issuer == "" {
		if given.audience != "" || given.jwksURL != "" || len(given.scopes) > 0 {
			return usageError("SEEDANCE_OAUTH_AUDIENCE, _SCOPES and _JWKS_URL say what tokens must be, but SEEDANCE_OAUTH_ISSUER not whose")
		}
		a.callers.OpenToAll = ownMachineOnly
		options.Authenticate = a.callers.Authenticate
		return nil
	}
	if !ownMachineOnly && a.settings.publicURL == "" {
		return usageError("clients must learn where this server is: with SEEDANCE_OAUTH_ISSUER, set SEEDANCE_PUBLIC_URL too, such as https://videos.example.com")
	}
	resource, err := given.resource(own)
	if err != nil {
		return usageError("%s", err)
	}
	go func() { // a mistake in the settings should not wait for the first caller
		if err := resource.Warm(context.Background()); err != nil {
			a.log.Warn("the issuer's keys cannot be fetched yet: tokens are answered with 503 until they can", "issuer", given.issuer, "error", err)
		}
	}()
	door := &oauth.Door{Resource: resource, Keys: a.callers.Authenticate}
	options.Authenticate = door.Authenticate
	options.Extra["/.well-known/oauth-protected-resource"] = resource.Metadata()
	options.Extra["/.well-known/oauth-protected-resource/"] = resource.Metadata()
	return nil
}

// resource is what the issuer's tokens open; own is the URL by which the server
// is known.
func (o oauthSettings) resource(own string) (*oauth.Resource, error) {
	return oauth.New(oauth.Config{
		Issuer: o.issuer, Resource: own + "/mcp", Audience: o.audience, Scopes: o.scopes, JWKSURL: o.jwksURL,
		Name: "Seedance video generation", Transport: issuerTransport(),
	})
}

// issuerTransport reaches the issuer as anything else is reached, through the
// system's proxy, with connections of its own.
func issuerTransport() http.RoundTripper {
	if usual, ok := http.DefaultTransport.(*http.Transport); ok {
		return usual.Clone()
	}
	return http.DefaultTransport
}
