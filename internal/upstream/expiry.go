package upstream

import (
	"net/url"
	"strconv"
	"time"
)

// signedUntil is when a signed URL ends, by the query of the usual object
// stores; zero where the URL does not say.
func signedUntil(address string) time.Time {
	parsed, err := url.Parse(address)
	if err != nil {
		return time.Time{}
	}
	query := parsed.Query()
	for _, vendor := range []string{"X-Amz-", "X-Goog-"} {
		signed, err := time.Parse("20060102T150405Z", query.Get(vendor+"Date"))
		seconds, countErr := strconv.ParseUint(query.Get(vendor+"Expires"), 10, 31)
		if err == nil && countErr == nil {
			return sane(signed.Add(time.Duration(seconds) * time.Second))
		}
	}
	if at, err := strconv.ParseUint(query.Get("Expires"), 10, 35); err == nil {
		return sane(time.Unix(int64(at), 0))
	}
	return time.Time{}
}
