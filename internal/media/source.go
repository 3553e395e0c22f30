package media

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// maxURL is far above any signed link.
const maxURL = 16 << 10

// source is a link to a video.
type source struct {
	url *url.URL
	// key tells videos apart; it is the same for all signatures of one link.
	key string
}

// parseSource reads an untrusted link; only http and https are understood.
func parseSource(text string) (source, error) {
	refuse := func(why string) (source, error) {
		return source{}, &video.Error{
			Code:       video.Invalid,
			Message:    "The link to the video cannot be used: " + why + ".",
			Suggestion: "Call get_task_status to see the task's links.",
		}
	}
	if text == "" {
		return refuse("it is empty")
	}
	if len(text) > maxURL {
		return refuse("it is too long")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return refuse("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("it is not an http or https URL")
	case u.User != nil:
		return refuse("it carries a user name")
	case u.Hostname() == "" || u.Opaque != "":
		return refuse("it has no host")
	}
	u.Fragment, u.RawFragment = "", ""
	return source{url: u, key: keyOf(u)}, nil
}

// keyOf is a hash over the link without what signs it, so that a link that was
// signed anew goes on with the same part.
func keyOf(u *url.URL) string {
	bare := *u
	bare.Host = strings.ToLower(bare.Host)
	var kept []string
	for piece := range strings.SplitSeq(bare.RawQuery, "&") {
		name, _, _ := strings.Cut(piece, "=")
		if piece != "" && !signs(strings.ToLower(name)) {
			kept = append(kept, piece)
		}
	}
	bare.RawQuery = strings.Join(kept, "&")
	sum := sha256.Sum256([]byte(bare.String()))
	return hex.EncodeToString(sum[:])
}

// signs knows the parameters with which storage services sign links. What it
// does not know tells videos apart: at worst one is fetched from its start.
func signs(name string) bool {
	for _, prefix := range []string{"x-amz-", "x-goog-", "x-tos-", "x-oss-", "q-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"signature", "sig", "sign", "expires", "policy", "key-pair-id", "awsaccesskeyid", "googleaccessid", "ossaccesskeyid",
		"security-token", "auth_key", "token", "se", "sp", "sv", "sr", "st", "spr", "ske", "skt", "sks", "skv", "skoid", "sktid",
	}, name)
}

// host is what may be shown and logged of the link: the rest may be secret.
func (s source) host() string { return shownHost(s.url) }

func shownHost(u *url.URL) string { return video.Clip(u.Host, 100) }

// shown is the link without its query, which may hold a signature.
func (s source) shown() string {
	bare := *s.url
	bare.RawQuery, bare.ForceQuery = "", false
	return bare.String()
}
