package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// prefix lets people and secret scanners tell what such a key is for.
const prefix = "sdmcp_"

// names are principals: they stand in logs, tables and file names.
var names = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,39}$`) })

// local is the principal of the machine's own user, and names with foreign
// are those of callers with tokens; a key must not act for them. Names with
// idPrefix would pass for another key's id, which revokes it.
const (
	local    = "local"
	foreign  = "oauth-"
	idPrefix = "key_"
)

// Terms are what a new key is made with; only Name is needed.
type Terms struct {
	Name string
	store.Terms
	// ExpiresAt zero: never.
	ExpiresAt time.Time
}

// New makes a key: secret is for its user and kept nowhere, record is for the
// store. Invalid: a name that cannot be one, a time that has passed.
func New(terms Terms, now time.Time) (secret string, record store.Key, err error) {
	taken := terms.Name == local || strings.HasPrefix(terms.Name, foreign) || strings.HasPrefix(terms.Name, idPrefix)
	if taken || !names().MatchString(terms.Name) {
		return "", store.Key{}, &video.Error{
			Code: video.Invalid, Argument: "name", Given: video.Clip(terms.Name, 60),
			Message:    fmt.Sprintf("%q cannot be the name of a key.", video.Clip(terms.Name, 60)),
			Suggestion: "Use 1 to 40 lower-case letters, digits, dots, dashes and underscores, such as team-a; \"local\" and names that begin with \"oauth-\" or \"key_\" are taken.",
		}
	}
	if !terms.ExpiresAt.IsZero() && !terms.ExpiresAt.After(now) {
		return "", store.Key{}, &video.Error{
			Code: video.Invalid, Argument: "expires", Given: terms.ExpiresAt.Format(time.RFC3339),
			Message:    "The key would have expired already.",
			Suggestion: "Give a time to come, such as 30d or 2027-01-31.",
		}
	}
	secret = prefix + strings.ToLower(rand.Text())
	return secret, store.Key{
		ID: idPrefix + strings.ToLower(rand.Text()[:10]), Name: terms.Name, Hash: hash(secret),
		Terms: terms.Terms, CreatedAt: now, ExpiresAt: terms.ExpiresAt,
	}, nil
}

// hash is what the store knows of a key. A key has 130 random bits, so that a
// plain hash is enough: there is nothing to guess.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
