package upstream_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func TestUpload(t *testing.T) {
	var stored, storedAuth, storedType, asked, askedAuth, confirmAuth string
	var length int64
	storage := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil || req.Method != http.MethodPut || req.URL.RawQuery != "sig=secret" {
			t.Errorf("storage got %s %s: %v", req.Method, req.URL, err)
		}
		stored, storedAuth, storedType, length = string(body), req.Header.Get("Authorization"), req.Header.Get("Content-Type"), req.ContentLength
	}))
	t.Cleanup(storage.Close)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet {
			confirmAuth = req.Header.Get("Authorization")
			_, _ = fmt.Fprintf(w, `{"path":"p","url":"https://static.test/u.png","size":%d}`, len(stored))
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		asked, askedAuth = req.URL.Path+" "+string(body), req.Header.Get("Authorization")
		_, _ = fmt.Fprintf(w, `{"uploadUrl":"%s/put?sig=secret","url":"https://static.test/u.png","path":"p","method":"PUT","contentType":"image/png","expiresIn":900,"confirmUrl":"/api/v1/uploads?path=p","assetTtlSeconds":86400}`, storage.URL)
	}))
	t.Cleanup(api.Close)

	got, err := client(t, api.URL+"/api/v1", video.Kinovi, nil).Upload(t.Context(), "some/where/Reference.PNG", "", 5, strings.NewReader("12345"))
	if err != nil || got != "https://static.test/u.png" {
		t.Fatalf("got %q, %v", got, err)
	}
	if stored != "12345" || storedAuth != "" || storedType != "image/png" || length != 5 {
		t.Errorf("stored %q (%d bytes, %s) with key %q", stored, length, storedType, storedAuth)
	}
	if asked != `/api/v1/uploads {"contentType":"image/png","fileName":"Reference.PNG"}` || askedAuth != "Bearer "+fakeKey || confirmAuth != askedAuth {
		t.Errorf("asked %s with %q, confirmed with %q", asked, askedAuth, confirmAuth)
	}
}

func TestUploadRefusesWithoutAsking(t *testing.T) {
	never := carrier(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	for name, c := range map[string]struct {
		dialect video.Dialect
		file    string
		size    int64
	}{
		"workflow":     {video.Workflow, "a.png", 5},
		"no extension": {video.Kinovi, "png", 5},
		"odd type":     {video.Kinovi, "a.exe", 5},
		"two types":    {video.Kinovi, "video/mp4:a.png", 5},
		"empty":        {video.Kinovi, "a.png", 0},
		"unknown size": {video.Kinovi, "a.png", -1},
		"too large":    {video.Kinovi, "a.mp4", upstream.MaxUpload + 1},
	} {
		kind, file, typed := strings.Cut(c.file, ":")
		if !typed {
			kind, file = "", c.file
		}
		if _, err := client(t, base, c.dialect, never).Upload(t.Context(), file, kind, c.size, strings.NewReader("12345")); video.CodeOf(err) != video.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// storageScript answers POST /uploads with ticket, PUT and GET with statuses.
func storageScript(ticket string, put int, confirms ...string) (carrier, *[]string) {
	var seen []string
	return func(req *http.Request) (*http.Response, error) {
		seen = append(seen, req.Method+" "+req.URL.Host+" "+req.Header.Get("Authorization"))
		switch req.Method {
		case http.MethodPost:
			return saysJSON(200, ticket)(req)
		case http.MethodPut:
			return says(put, "application/xml", "<Error><Code>AccessDenied</Code></Error>")(req)
		default:
			next := confirms[0]
			if len(confirms) > 1 {
				confirms = confirms[1:]
			}
			if next == "" {
				return saysJSON(404, `{"message":"Upload not found"}`)(req)
			}
			return saysJSON(200, next)(req)
		}
	}, &seen
}

func TestUploadFaults(t *testing.T) {
	ticket := func(fields map[string]any) string {
		whole := map[string]any{"uploadUrl": "https://signed.test/p?sig=secret", "url": "https://static.test/u.png", "confirmUrl": "/api/v1/uploads?path=p"}
		maps.Copy(whole, fields)
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := ticket(nil)
	for name, c := range map[string]struct {
		ticket   string
		put      int
		confirms []string
		want     video.Code
		requests int
	}{
		"confirmed late":         {good, 200, []string{"", "", `{"size":5}`}, "", 5},
		"enveloped":              {`{"code":200,"data":` + good + `}`, 200, []string{`{"code":200,"data":{"size":5}}`}, "", 3},
		"never shows":            {good, 200, []string{""}, video.Unavailable, 6},
		"wrong size":             {good, 200, []string{`{"size":3}`}, video.Unavailable, 3},
		"confirm says nothing":   {good, 200, []string{`{}`}, "", 3},
		"no confirm":             {ticket(map[string]any{"confirmUrl": nil}), 200, nil, "", 2},
		"confirm elsewhere":      {ticket(map[string]any{"confirmUrl": "https://evil.test/c"}), 200, nil, "", 2},
		"storage refuses":        {good, 403, nil, video.Unavailable, 2},
		"storage redirects":      {good, 307, nil, video.Unavailable, 2},
		"plain HTTP":             {ticket(map[string]any{"uploadUrl": "http://signed.test/p"}), 200, nil, video.Unavailable, 1},
		"no address":             {`{"url":"https://static.test/u.png"}`, 200, nil, video.Unavailable, 1},
		"odd address":            {ticket(map[string]any{"uploadUrl": "file:///etc/passwd"}), 200, nil, video.Unavailable, 1},
		"no public address":      {ticket(map[string]any{"url": ""}), 200, nil, video.Unavailable, 1},
		"refused":                {`{"code":400,"message":"bad type"}`, 200, nil, video.Invalid, 1},
		"key refused":            {`{"code":401,"message":"Invalid API Key"}`, 200, nil, video.Unauthenticated, 1},
		"trouble in an envelope": {`{"code":500,"message":"x"}`, 200, nil, video.Unavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, seen := storageScript(c.ticket, c.put, c.confirms...)
				_, err := client(t, base, video.Kinovi, transport).Upload(t.Context(), "u.png", "", 5, strings.NewReader("12345"))
				if video.CodeOf(err) != c.want || len(*seen) != c.requests {
					t.Errorf("got %v after %q", err, *seen)
				}
				if err != nil && strings.Contains(err.Error(), "sig=") {
					t.Errorf("the signed URL shows: %v", err)
				}
				for _, line := range *seen {
					if strings.Contains(line, fakeKey) != strings.Contains(line, "api.example.test") {
						t.Errorf("the key went astray: %s", line)
					}
				}
			})
		})
	}
}

func TestUploadOfAFileThatGrew(t *testing.T) {
	transport, seen := storageScript(`{"uploadUrl":"https://signed.test/p","url":"https://static.test/u.png"}`, 200)
	_, err := client(t, base, video.Kinovi, transport).Upload(t.Context(), "u.png", "", 5, strings.NewReader("123456"))
	if video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "grew") || len(*seen) != 2 {
		t.Errorf("got %v after %q", err, *seen)
	}
}

// The bytes are read once, so a storage that breaks off ends the upload; only
// the free question for a place is repeated.
func TestUploadRetries(t *testing.T) {
	for name, c := range map[string]struct {
		asks, puts int // that fail
		want       video.Code
		seen       string
	}{
		"place at the third try": {2, 0, "", "POST POST POST PUT GET"},
		"no place":               {9, 0, video.Unavailable, "POST POST POST"},
		"storage breaks off":     {0, 9, video.Unavailable, "POST PUT"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good, seen := storageScript(`{"uploadUrl":"https://signed.test/p","url":"https://static.test/u.png","confirmUrl":"/api/v1/uploads"}`, 200, `{"size":5}`)
				var methods []string
				transport := carrier(func(req *http.Request) (*http.Response, error) {
					methods = append(methods, req.Method)
					if req.Method == http.MethodPost && len(methods) <= c.asks || req.Method == http.MethodPut && c.puts > 0 {
						return nil, io.ErrUnexpectedEOF
					}
					return good(req)
				})
				_, err := client(t, base, video.Kinovi, transport).Upload(t.Context(), "u.png", "", 5, strings.NewReader("12345"))
				if video.CodeOf(err) != c.want || strings.Join(methods, " ") != c.seen {
					t.Errorf("got %v after %q, %q", err, methods, *seen)
				}
			})
		})
	}
}

func TestUploadOfAFileThatShrank(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPut {
			_, _ = io.Copy(io.Discard, req.Body)
			return
		}
		_, _ = fmt.Fprintf(w, `{"uploadUrl":"http://%s/put","url":"https://static.test/u.png"}`, req.Host)
	}))
	t.Cleanup(server.Close)
	_, err := client(t, server.URL, video.Kinovi, nil).Upload(t.Context(), "u.png", "", 50, strings.NewReader("12345"))
	if video.CodeOf(err) != video.Unavailable {
		t.Error(err)
	}
}
