package doctor_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/doctor"
	"seedance-mcp/internal/video"
)

// at is an installation with a key, whose service is h.
func at(t *testing.T, h http.Handler) doctor.Subject {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := well(t)
	s.Sandbox, s.Key, s.APIURL, s.HTTP = false, "sk-test-not-a-real-key", server.URL+"/api/v1", server.Client()
	s.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.CheckKey = func(context.Context) error { return nil }
	return s
}

// api answers as one of the dialects does to whom shows no key.
func api(kinovi bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "" || r.Method != http.MethodGet {
			http.Error(w, "not by the doctor", http.StatusTeapot)
			return
		}
		if r.URL.Path == "/api/v1/jobs/recordInfo" || kinovi && r.URL.Path == "/api/v1/uploads" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"message":"Missing Authorization header"}`))
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message":"Not found"}`))
	})
}

func TestService(t *testing.T) {
	status := func(code int, contentType, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Location", "https://example.com/login")
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		})
	}
	tests := []struct {
		name      string
		handler   http.Handler
		status    doctor.Status
		text, fix string
	}{
		{"answers", api(false), doctor.OK, "answers in", ""},
		{"a web page", status(404, "text/html", "<html>"), doctor.Problem, "not as the API", "/api/v1"},
		{"a login", status(302, "text/html", ""), doctor.Problem, "sends elsewhere", "/api/v1"},
		{"trouble", status(502, "text/html", "<html>"), doctor.Warning, "HTTP 502", "try again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := result(t, doctor.Run(t.Context(), at(t, tt.handler)), "service")
			if got.Status != tt.status || !strings.Contains(got.Text, tt.text) || !strings.Contains(got.Fix, tt.fix) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestServiceThatIsNotThere(t *testing.T) {
	server := httptest.NewServer(api(false))
	s := at(t, api(false))
	s.APIURL = server.URL + "/api/v1"
	server.Close()
	if got := result(t, doctor.Run(t.Context(), s), "service"); got.Status != doctor.Problem || !strings.Contains(got.Text, "cannot be reached") || strings.Contains(got.Text, "recordInfo") {
		t.Errorf("%+v", got)
	}
	untrusted := httptest.NewTLSServer(api(false))
	defer untrusted.Close()
	s.APIURL = untrusted.URL + "/api/v1"
	if got := result(t, doctor.Run(t.Context(), s), "service"); got.Status != doctor.Problem || !strings.Contains(got.Text, "certificate") {
		t.Errorf("%+v", got)
	}
}

func TestSilentServiceIsNotWaitedFor(t *testing.T) {
	s := at(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	s.CheckKey = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	s.TryStore = func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	report := doctor.Run(t.Context(), s)
	for check, text := range map[string]string{"service": "no answer within 3s", "key": "no answer within 3s", "store": "did not open within 3s"} {
		if got := result(t, report, check); got.Status == doctor.OK || !strings.Contains(got.Text, text) {
			t.Errorf("%+v", got)
		}
	}
}

func TestKey(t *testing.T) {
	tests := []struct {
		name, key string
		err       error
		status    doctor.Status
		text, fix string
	}{
		{"good", "", nil, doctor.OK, "accepted", ""},
		{"not filled in", "${env:SEEDANCE_API_KEY}", nil, doctor.Problem, "placeholder", "set the key itself"},
		{"wrong", "", &video.Error{Code: video.Unauthenticated, Message: "Invalid API Key."}, doctor.Problem, "Invalid API Key", "copy the key"},
		{"no access", "", &video.Error{Code: video.Forbidden, Message: "API access not enabled.", Suggestion: "Enable it."}, doctor.Problem, "not enabled", "Enable it."},
		{"no answer", "", &video.Error{Code: video.Unavailable, Message: "Not reached."}, doctor.Warning, "not checked", "service"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := at(t, api(false))
			if tt.key != "" {
				s.Key = tt.key
			}
			s.CheckKey = func(context.Context) error { return tt.err }
			got := result(t, doctor.Run(t.Context(), s), "key")
			if got.Status != tt.status || !strings.Contains(got.Text, tt.text) || !strings.Contains(got.Fix, tt.fix) || strings.Contains(got.Text+got.Fix, "sk-test") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A key that is refused may be the other host's: keys do not tell.
func TestKeyOfTheOtherHost(t *testing.T) {
	for own, other := range map[string]string{"seedance2-pro.com": "kinovi.ai", "kinovi.ai": "seedance2-pro.com", "www.kinovi.ai": "seedance2-pro.com"} {
		s := well(t)
		s.Sandbox, s.Key, s.APIURL = false, "sk-test-not-a-real-key", "https://"+own+"/api/v1"
		s.CheckKey = func(context.Context) error {
			return &video.Error{Code: video.Unauthenticated, Message: "Invalid API Key"}
		}
		if got := result(t, doctor.Run(t.Context(), s), "key"); !strings.Contains(got.Fix, "SEEDANCE_API_URL=https://"+other+"/api/v1") {
			t.Errorf("%s: %+v", own, got)
		}
	}
}

func TestDialect(t *testing.T) {
	gateway := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"message":"who are you"}`))
	})
	tests := []struct {
		name    string
		url     string // "": the handler's
		handler http.Handler
		dialect video.Dialect
		status  doctor.Status
		text    string
	}{
		{"kinovi at the workflow host", "https://seedance2-pro.com/api/v1", nil, video.Kinovi, doctor.Problem, "speaks workflow"},
		{"workflow at the kinovi host", "https://kinovi.ai/api/v1", nil, video.Workflow, doctor.Problem, "speaks kinovi"},
		{"kinovi at its host", "https://www.kinovi.ai/api/v1", nil, video.Kinovi, doctor.OK, "kinovi"},
		{"not a look-alike", "https://notkinovi.ai/api/v1", nil, video.Workflow, doctor.OK, "cannot be told"},
		{"another workflow host", "", api(false), video.Workflow, doctor.OK, "as 127.0.0.1 does"},
		{"another kinovi host", "", api(true), video.Kinovi, doctor.OK, "as 127.0.0.1 does"},
		{"kinovi at another workflow host", "", api(false), video.Kinovi, doctor.Warning, "looks like workflow"},
		{"workflow at another kinovi host", "", api(true), video.Workflow, doctor.Warning, "looks like kinovi"},
		{"a gateway that answers all alike", "", gateway, video.Workflow, doctor.OK, "cannot be told"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := well(t)
			s.Sandbox, s.CheckKey, s.APIURL = false, func(context.Context) error { return nil }, tt.url
			if tt.handler != nil {
				s = at(t, tt.handler)
			}
			s.Dialect = tt.dialect
			if got := result(t, doctor.Run(t.Context(), s), "dialect"); got.Status != tt.status || !strings.Contains(got.Text, tt.text) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestClock(t *testing.T) {
	for skew, want := range map[time.Duration]string{0: "agrees", time.Hour: "1h0m", -time.Hour: "behind"} {
		s := at(t, api(false))
		s.Now = func() time.Time { return time.Now().Add(skew) }
		got := result(t, doctor.Run(t.Context(), s), "clock")
		if !strings.Contains(got.Text, want) || (got.Status == doctor.OK) != (skew == 0) {
			t.Errorf("%s: %+v", skew, got)
		}
	}
}
