package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// wellKnown is where RFC 9728 puts the metadata of a resource; the resource's
// own path follows it.
const wellKnown = "/.well-known/oauth-protected-resource"

// document is RFC 9728's, as far as there is something to say.
type document struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	Name                 string   `json:"resource_name,omitempty"`
}

// Metadata tells clients where tokens for this resource come from: at the
// well-known path alone, with the endpoint's path, and with the path by which
// the outside knows it. It is open to everybody.
func (r *Resource) Metadata() http.Handler {
	body, err := json.Marshal(document{
		Resource: r.config.Resource, AuthorizationServers: []string{r.config.Issuer}, ScopesSupported: r.config.Scopes,
		BearerMethods: []string{"header"}, Name: r.config.Name,
	})
	if err != nil {
		panic(err) // strings only: it cannot fail
	}
	paths := map[string]bool{wellKnown: true, wellKnown + "/mcp": true}
	if u, err := url.Parse(r.metadata); err == nil {
		paths[u.Path] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case !paths[strings.TrimSuffix(q.URL.Path, "/")]:
			http.NotFound(w, q)
		case q.Method != http.MethodGet && q.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET is served here.", http.StatusMethodNotAllowed)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body) // the client may be gone
		}
	})
}
