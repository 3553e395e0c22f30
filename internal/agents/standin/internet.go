package standin

import (
	"maps"
	"net/http"
	"sync"
)

// Internet is a proxy that lets nobody out and counts who tried.
type Internet struct {
	mu    sync.Mutex
	tried map[string]int
}

// ServeHTTP refuses CONNECT as well as plain requests.
func (i *Internet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	if i.tried == nil {
		i.tried = map[string]int{}
	}
	i.tried[r.Host]++
	i.mu.Unlock()
	http.Error(w, "there is no internet here", http.StatusForbidden)
}

// Tried is how often each host was asked for.
func (i *Internet) Tried() map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.tried)
}
