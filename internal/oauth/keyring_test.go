package oauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/oauth"
	"seedance-mcp/internal/oauth/oauthtest"
)

// clock is turned by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lab is a resource with its issuer and a clock.
type lab struct {
	*oauthtest.Issuer
	t        *testing.T
	clock    *clock
	resource *oauth.Resource
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{Issuer: oauthtest.New(t, ""), t: t, clock: &clock{now: time.Now()}}
	l.resource = resource(t, oauth.Config{Issuer: l.URL, Now: l.clock.Now})
	return l
}

// check says whether a token of this key, made now, is accepted; judged is
// false where nobody could tell.
func (l *lab) check(key oauthtest.Key) (accepted, judged bool) {
	l.t.Helper()
	_, err := l.resource.Check(l.t.Context(), oauthtest.Sign(l.t, key, nil, l.Claims(mcp, l.clock.Now(), nil)))
	return err == nil, err == nil || strings.HasPrefix(err.Error(), "the token ")
}

func (l *lab) want(step string, key oauthtest.Key, accepted, judged bool) {
	l.t.Helper()
	if gotAccepted, gotJudged := l.check(key); gotAccepted != accepted || gotJudged != judged {
		l.t.Errorf("%s: accepted %t, judged %t; want %t, %t", step, gotAccepted, gotJudged, accepted, judged)
	}
}

func (l *lab) wantFetches(step string, n int) {
	l.t.Helper()
	if got := l.Hits("/jwks"); got != n {
		l.t.Errorf("%s: %d fetches of the key set, want %d", step, got, n)
	}
}

func TestKeysAreCachedAndRotate(t *testing.T) {
	l := newLab(t)
	first := l.Key()
	l.wantFetches("before any token", 0)
	for range 5 {
		l.want("the first key", first, true, true)
	}
	l.wantFetches("one key", 1)

	l.clock.pass(time.Minute)
	second := l.Rotate(t)
	l.want("a new key", second, true, true)
	l.wantFetches("after a rotation", 2)
	l.want("the key that was taken back", first, false, true)
	l.wantFetches("a look for it comes too soon", 2)

	l.clock.pass(time.Minute)
	third := l.Rotate(t)
	l.want("a key that was cached", second, true, true)
	l.clock.pass(11 * time.Minute)
	l.want("the same, not confirmed for ten minutes", second, false, true)
	l.want("its successor", third, true, true)
}

func TestStrangersCannotMakeItHammer(t *testing.T) {
	l := newLab(t)
	l.want("the key", l.Key(), true, true)
	stranger := oauthtest.New(t, "").Key()
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			l.check(stranger)
		})
	}
	group.Wait()
	l.wantFetches("50 unknown keys right after", 1)
	for range 4 {
		l.clock.pass(20 * time.Second)
		for range 10 {
			l.want("a stranger's", stranger, false, true)
		}
	}
	l.wantFetches("40 more in 80 seconds", 5)
}

func TestOutages(t *testing.T) {
	l := newLab(t)
	key := l.Key()
	l.Down(true)
	l.want("down from the start", key, false, false)
	l.want("the same at once", key, false, false)
	if got := l.Hits("/.well-known/oauth-authorization-server"); got != 1 {
		t.Errorf("asked %d times within a pause", got)
	}
	l.Down(false)
	l.want("up again, too soon to know", key, false, false)
	l.clock.pass(16 * time.Second)
	l.want("up again", key, true, true)

	l.Down(true)
	for range 20 {
		l.clock.pass(time.Hour)
		l.want("an outage of hours", key, true, true)
	}
	stranger := oauthtest.New(t, "").Key()
	l.want("a stranger meanwhile", stranger, false, true)
	l.clock.pass(5 * time.Hour)
	l.want("an outage of more than a day", key, false, false)
	l.Down(false)
	l.clock.pass(time.Minute)
	l.want("up again after that", key, true, true)
}

// Answers of an issuer that must not push out the keys that work, nor be
// believed.
func TestBadAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"HTML": "<html>maintenance</html>", "no keys": `{"keys":[]}`, "null": "null", "list": "[]", "nothing": "",
		"only secrets": `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a"}]}`,
		"too long":     `{"keys":[], "pad":"` + strings.Repeat("x", 2<<20) + `"}`,
		"too many":     `{"keys":[` + strings.Repeat(`{},`, 1000) + `{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			issuer := oauthtest.New(t, "")
			good, turn := true, &clock{now: time.Now()}
			keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !good {
					_, _ = w.Write([]byte(body))
					return
				}
				r.URL.Path = "/jwks"
				issuer.ServeHTTP(w, r)
			}))
			t.Cleanup(keys.Close)
			r := resource(t, oauth.Config{Issuer: issuer.URL, JWKSURL: keys.URL + "/anywhere", Now: turn.Now})
			check := func() error {
				_, err := r.Check(context.Background(), oauthtest.Sign(t, issuer.Key(), nil, issuer.Claims(mcp, turn.Now(), nil)))
				return err
			}
			if err := check(); err != nil {
				t.Fatalf("good keys: %v", err)
			}
			good = false
			turn.pass(time.Hour)
			if err := check(); err != nil {
				t.Errorf("the last good set: %v", err)
			}
			cold := resource(t, oauth.Config{Issuer: issuer.URL, JWKSURL: keys.URL})
			if _, err := cold.Check(context.Background(), issuer.Token(t, mcp, nil)); err == nil {
				t.Error("accepted without any key")
			}
			if issuer.Hits("/.well-known/oauth-authorization-server") != 0 {
				t.Error("metadata was asked for although the key set's URL is known")
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	for name, c := range map[string]struct {
		prefix string
		change func(*oauthtest.Issuer)
		ok     bool
	}{
		"RFC 8414":              {"", func(*oauthtest.Issuer) {}, true},
		"RFC 8414, a tenant":    {"/tenant", func(*oauthtest.Issuer) {}, true},
		"OpenID":                {"", func(i *oauthtest.Issuer) { i.OpenID = true }, true},
		"OpenID, a tenant":      {"/tenant/v2", func(i *oauthtest.Issuer) { i.OpenID = true }, true},
		"somebody else's":       {"", func(i *oauthtest.Issuer) { i.Named = "https://login.example.com" }, false},
		"the same with a slash": {"", func(i *oauthtest.Issuer) { i.Named = i.URL + "/" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := oauthtest.New(t, c.prefix)
			c.change(issuer)
			_, err := resource(t, oauth.Config{Issuer: issuer.URL}).Check(t.Context(), issuer.Token(t, mcp, nil))
			if (err == nil) != c.ok {
				t.Error(err)
			}
		})
	}
	t.Run("sent elsewhere", func(t *testing.T) {
		issuer := oauthtest.New(t, "")
		mover := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, issuer.URL+"/jwks", http.StatusFound)
		}))
		t.Cleanup(mover.Close)
		if _, err := resource(t, oauth.Config{Issuer: issuer.URL, JWKSURL: mover.URL}).Check(t.Context(), issuer.Token(t, mcp, nil)); err == nil {
			t.Error("a redirect was followed")
		}
	})
}

// One caller's patience is not another's: who leaves does not end the fetch.
func TestACallerThatLeaves(t *testing.T) {
	issuer := oauthtest.New(t, "")
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		r.URL.Path = "/jwks"
		issuer.ServeHTTP(w, r)
	}))
	t.Cleanup(slow.Close)
	r := resource(t, oauth.Config{Issuer: issuer.URL, JWKSURL: slow.URL})
	token := issuer.Token(t, mcp, nil)
	hasty, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := r.Check(hasty, token)
		left <- err
	}()
	<-arrived
	go func() {
		_, err := r.Check(t.Context(), token)
		stayed <- err
	}()
	leave()
	if err := <-left; err == nil {
		t.Error("the one who left was let in")
	}
	close(release)
	if err := <-stayed; err != nil {
		t.Errorf("the one who stayed: %v", err)
	}
}
