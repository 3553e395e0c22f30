package sandbox

import (
	"crypto/sha256"
	"net/http"
	"strings"
)

// The keys that a sandbox issues. None is a secret: they only choose which of
// the service's answers to a key one gets.
const (
	// KeyMain may do everything, the books included.
	KeyMain = "sandbox-key-not-a-secret"
	// KeySecond is another account: it sees none of KeyMain's tasks.
	KeySecond = "sandbox-key-second-account"
	// KeyDemo may only read, and only the published demo tasks.
	KeyDemo = "sandbox-key-demo-read-only"
	// KeyInactive answers 401 "API Key is inactive".
	KeyInactive = "sandbox-key-inactive"
	// KeyExpired answers 401 "API Key has expired".
	KeyExpired = "sandbox-key-expired"
	// KeyNoAccess answers 403 "API access not enabled".
	KeyNoAccess = "sandbox-key-no-api-access"
)

// account is the holder of a key.
type account struct {
	// ID names it in the books: never the key itself.
	ID string
	// Refusal is the answer to every request with this key; nil: welcome.
	Refusal *refusal
	// ReadOnly says that createTask and uploads are not allowed.
	ReadOnly bool
	// Books says that it may read the books.
	Books bool
}

// accounts maps the SHA-256 of each key to its account: like the service, the
// running sandbox holds no key in clear.
func accounts() map[[sha256.Size]byte]account {
	issued := map[string]account{
		KeyMain:     {ID: "main", Books: true},
		KeySecond:   {ID: "second"},
		KeyDemo:     {ID: "demo", ReadOnly: true},
		KeyInactive: {ID: "inactive", Refusal: refuse(http.StatusUnauthorized, "API Key is inactive")},
		KeyExpired:  {ID: "expired", Refusal: refuse(http.StatusUnauthorized, "API Key has expired")},
		KeyNoAccess: {ID: "no-access", Refusal: refuse(http.StatusForbidden, "API access not enabled")},
	}
	hashed := make(map[[sha256.Size]byte]account, len(issued))
	for key, holder := range issued {
		hashed[sha256.Sum256([]byte(key))] = holder
	}
	return hashed
}

// authenticate finds the account of a request's Bearer key. The account comes
// with a refusal too where the key is known, for the books.
func (s *Server) authenticate(r *http.Request) (account, *refusal) {
	header := strings.TrimSpace(r.Header.Get("Authorization"))
	if header == "" {
		return account{}, refuse(http.StatusUnauthorized, "Missing Authorization header")
	}
	scheme, key, _ := strings.Cut(header, " ")
	holder, known := s.accounts[sha256.Sum256([]byte(strings.TrimSpace(key)))]
	if !known || !strings.EqualFold(scheme, "Bearer") {
		return account{}, refuse(http.StatusUnauthorized, "Invalid API Key")
	}
	return holder, holder.Refusal
}
