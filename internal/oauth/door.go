package oauth

import (
	"fmt"
	"net/http"
	"strings"

	"seedance-mcp/internal/video"
)

// Door lets callers in by a token of the resource's issuer, or by another
// bearer credential. Nobody comes in without any.
type Door struct {
	Resource *Resource
	// Keys judges bearer credentials that are no JWT.
	Keys func(*http.Request) (principal string, err error)
}

// Authenticate names the caller. Unauthenticated and Forbidden errors have a
// method Challenge, the WWW-Authenticate value that belongs to them.
// Unavailable: neither could be judged.
func (d *Door) Authenticate(r *http.Request) (principal string, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", d.refuse(video.Unauthenticated, "", "")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(headers) > 1:
		// Who stands between may have looked at the other one.
		return "", d.refuse(video.Unauthenticated, "invalid_request", "there is more than one Authorization header")
	case !strings.EqualFold(scheme, "Bearer") || token == "":
		return "", d.refuse(video.Unauthenticated, "", "")
	case strings.Count(token, ".") != 2:
		principal, err := d.Keys(r)
		if video.CodeOf(err) == video.Unauthenticated {
			return "", d.refuse(video.Unauthenticated, "invalid_token", "the access key or token is not accepted")
		}
		return principal, err
	}
	principal, err = d.Resource.Check(r.Context(), token)
	if err == nil {
		return principal, nil
	}
	if unavailable(err) {
		return "", &video.Error{
			Code: video.Unavailable, Err: err,
			Message:    "The authorization server's keys cannot be fetched.",
			Suggestion: "Try again in a few seconds.",
		}
	}
	if said, ok := err.(*refusedError); ok && said.scope { //nolint:errorlint // made by Check itself
		return "", d.refuse(video.Forbidden, "insufficient_scope", err.Error())
	}
	return "", d.refuse(video.Unauthenticated, "invalid_token", err.Error())
}

// refuse makes an error with its challenge. Without a credential there is no
// error to name (RFC 6750): the caller only learns how to get one.
func (d *Door) refuse(code video.Code, kind, reason string) error {
	message := "An access token or access key is required."
	challenge := `Bearer resource_metadata="` + d.Resource.metadata + `"`
	if kind != "" {
		message = "Not let in: " + reason + "."
		challenge += fmt.Sprintf(", error=%q, error_description=%q", kind, reason)
	}
	if len(d.Resource.config.Scopes) > 0 {
		challenge += fmt.Sprintf(", scope=%q", strings.Join(d.Resource.config.Scopes, " "))
	}
	return &challenged{challenge: challenge, cause: &video.Error{
		Code: code, Message: message,
		Suggestion: "Get a token from the authorization server that " + d.Resource.metadata +
			" names, or ask the server's owner for an access key, and send it as \"Authorization: Bearer …\".",
	}}
}

// challenged is a refusal that says what to send instead.
type challenged struct {
	challenge string
	cause     *video.Error
}

func (c *challenged) Error() string     { return c.cause.Error() }
func (c *challenged) Unwrap() error     { return c.cause }
func (c *challenged) Challenge() string { return c.challenge }
