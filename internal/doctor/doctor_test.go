package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/doctor"
	"seedance-mcp/internal/video"
)

// well is an installation with nothing wrong, in the sandbox.
func well(t *testing.T) doctor.Subject {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return doctor.Subject{
		Version: "seedance-mcp v1.2.3", GOOS: runtime.GOOS, Now: time.Now,
		Env:     func(string) string { return "" },
		Sandbox: true, APIURL: "https://seedance2-pro.com/api/v1", Dialect: video.Workflow,
		HTTP:        &http.Client{Transport: nobody{}},
		CheckKey:    func(context.Context) error { return errors.New("must not be asked") },
		DataDir:     folder,
		Downloads:   true,
		VideosDir:   filepath.Join(folder, "videos"),
		TryStore:    func(context.Context) (string, error) { return "opens", nil },
		FreeSpace:   func(string) (uint64, error) { return 5 << 30, nil },
		LoadCatalog: func() error { return nil },
		LookPath:    func(name string) (string, error) { return "/usr/bin/" + filepath.Base(name), nil },
		Clients: func() []doctor.Client {
			return []doctor.Client{{ID: "cursor", Name: "Cursor", Here: true, Servers: []doctor.Server{{Name: "seedance", Command: "/usr/bin/seedance-mcp"}}}}
		},
	}
}

// nobody answers no request.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody may be asked")
}

// result is the report's line of that check.
func result(t *testing.T, report []doctor.Result, check string) doctor.Result {
	t.Helper()
	for _, r := range report {
		if r.Check == check {
			return r
		}
	}
	t.Fatalf("no line for %s in %+v", check, report)
	return doctor.Result{}
}

func TestAllIsWell(t *testing.T) {
	report := doctor.Run(t.Context(), well(t))
	for _, r := range report {
		if r.Status != doctor.OK || r.Fix != "" || r.Text == "" || strings.Contains(r.Text, "\n") {
			t.Errorf("%+v", r)
		}
	}
	if !doctor.Healthy(report) {
		t.Error("not healthy")
	}
	if key := result(t, report, "key"); !strings.Contains(key.Text, "sandbox") || !strings.Contains(key.Text, "cost nothing") {
		t.Errorf("the sandbox is not told plainly: %q", key.Text)
	}
}

// Each fault is seen where it belongs, and nowhere else is anything worse.
func TestFaults(t *testing.T) {
	tests := []struct {
		name, check string
		spoil       func(t *testing.T, s *doctor.Subject)
		status      doctor.Status
		text, fix   string
	}{
		{"a refused variable", "settings", func(_ *testing.T, s *doctor.Subject) {
			s.BadSettings = []doctor.BadSetting{{Name: "SEEDANCE_DOWNLOAD", Reason: "must be on or off"}}
		}, doctor.Problem, "SEEDANCE_DOWNLOAD must be on or off", "unset SEEDANCE_DOWNLOAD"},
		{"a URL and no key", "key", func(_ *testing.T, s *doctor.Subject) { s.APIURLGiven = true }, doctor.Warning, "the sandbox answers", "SEEDANCE_API_KEY"},
		{"the store is locked", "store", func(_ *testing.T, s *doctor.Subject) {
			s.TryStore = func(context.Context) (string, error) {
				return "", &video.Error{Code: video.Unavailable, Message: "It is locked.", Suggestion: "End the other."}
			}
		}, doctor.Problem, "It is locked.", "End the other."},
		{"the store fails barely", "store", func(_ *testing.T, s *doctor.Subject) {
			s.TryStore = func(context.Context) (string, error) { return "", errors.New("bare\x1b[31m") }
		}, doctor.Problem, "bare[31m", "may write"},
		{"the disk is nearly full", "disk", func(_ *testing.T, s *doctor.Subject) {
			s.FreeSpace = func(string) (uint64, error) { return 500 << 20, nil }
		}, doctor.Warning, "0.5 GB free", "free some space"},
		{"the disk is full", "disk", func(_ *testing.T, s *doctor.Subject) {
			s.FreeSpace = func(string) (uint64, error) { return 1 << 20, nil }
		}, doctor.Problem, "0.0 GB free", "free some space"},
		{"space is not told", "disk", func(_ *testing.T, s *doctor.Subject) {
			s.FreeSpace = func(string) (uint64, error) { return 0, errors.New("no") }
		}, doctor.Warning, "cannot be told", ""},
		{"videos is a file", "downloads", func(t *testing.T, s *doctor.Subject) {
			if err := os.WriteFile(s.VideosDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, doctor.Problem, "is not a folder", "SEEDANCE_DATA_DIR"},
		{"the data folder is a file", "data folder", func(t *testing.T, s *doctor.Subject) {
			s.DataDir = filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(s.DataDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, doctor.Problem, "is not a folder", "SEEDANCE_DATA_DIR"},
		{"a broken catalogue", "catalogue", func(_ *testing.T, s *doctor.Subject) {
			s.CatalogFile = "rates.json"
			s.LoadCatalog = func() error { return &video.Error{Code: video.Invalid, Message: "rates.json, line 3: no model."} }
		}, doctor.Problem, "line 3", "SEEDANCE_CATALOG"},
		{"no ffmpeg", "ffmpeg", func(_ *testing.T, s *doctor.Subject) {
			s.LookPath = func(name string) (string, error) {
				if name == "ffmpeg" {
					return "", exec.ErrNotFound
				}
				return name, nil
			}
		}, doctor.Warning, "preview_video", "install ffmpeg"},
		{"a public URL that is not", "public URL", func(_ *testing.T, s *doctor.Subject) { s.PublicURL = "https://192.168.1.5" }, doctor.Problem, "cannot be reached", "unset it"},
		{"a public URL without a domain", "public URL", func(_ *testing.T, s *doctor.Subject) { s.PublicURL = "https://myserver" }, doctor.Problem, "cannot be reached", "unset it"},
		{"a public URL with the path", "public URL", func(_ *testing.T, s *doctor.Subject) { s.PublicURL = "https://v.example.com/webhooks" }, doctor.Problem, "added to it", "before /webhooks"},
		{"a public URL in clear", "public URL", func(_ *testing.T, s *doctor.Subject) { s.PublicURL = "http://v.example.com" }, doctor.Warning, "not https", "TLS"},
		{"a proxy that is no address", "proxy", func(_ *testing.T, s *doctor.Subject) {
			s.Env = env("HTTPS_PROXY", "http://")
		}, doctor.Problem, "HTTPS_PROXY is not an address", "http://proxy"},
		{"no assistant", "clients", func(_ *testing.T, s *doctor.Subject) {
			s.Clients = func() []doctor.Client { return []doctor.Client{{ID: "zed"}, {ID: "codex", Here: true}} }
		}, doctor.Warning, "no assistant", "seedance-mcp install codex"},
		{"a client that starts what is gone", "cursor", func(_ *testing.T, s *doctor.Subject) {
			s.LookPath = func(name string) (string, error) {
				if strings.Contains(name, "seedance") {
					return "", exec.ErrNotFound
				}
				return name, nil
			}
		}, doctor.Problem, "/usr/bin/seedance-mcp, which is not a program", "seedance-mcp install cursor"},
		{"a client that starts what will go", "cursor", func(_ *testing.T, s *doctor.Subject) {
			s.LookPath = func(string) (string, error) { return "/tmp/go-build123/b001/exe/seedance-mcp", nil }
		}, doctor.Warning, "go run", "go install"},
		{"a client's file is broken", "zed", func(_ *testing.T, s *doctor.Subject) {
			before := s.Clients()
			s.Clients = func() []doctor.Client {
				return append(before, doctor.Client{ID: "zed", Err: &video.Error{Message: "settings.json, line 2, column 3: no colon."}})
			}
		}, doctor.Warning, "line 2, column 3", "mend the file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := well(t)
			tt.spoil(t, &s)
			report := doctor.Run(t.Context(), s)
			got := result(t, report, tt.check)
			if got.Status != tt.status || !strings.Contains(got.Text, tt.text) || !strings.Contains(got.Fix, tt.fix) {
				t.Errorf("got %+v", got)
			}
			for _, r := range report {
				if r.Status != doctor.OK && r.Check != tt.check {
					t.Errorf("elsewhere: %+v", r)
				}
			}
			if doctor.Healthy(report) != (tt.status != doctor.Problem) {
				t.Error("the whole is judged wrongly")
			}
		})
	}
}

func env(name, value string) func(string) string {
	return func(asked string) string {
		if asked == name {
			return value
		}
		return ""
	}
}

func TestProxyIsToldWithoutItsPassword(t *testing.T) {
	s := well(t)
	s.Env = env("HTTPS_PROXY", "http://me:hush@proxy.example.com:3128")
	got := result(t, doctor.Run(t.Context(), s), "proxy")
	if got.Status != doctor.OK || !strings.Contains(got.Text, "proxy.example.com:3128") || strings.Contains(got.Text, "hush") {
		t.Errorf("%+v", got)
	}
}

func TestFolderOpenToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows: has no modes")
	}
	s := well(t)
	if err := os.Chmod(s.DataDir, 0o755); err != nil {
		t.Fatal(err)
	}
	got := result(t, doctor.Run(t.Context(), s), "data folder")
	if got.Status != doctor.Warning || !strings.Contains(got.Fix, "chmod 700 ") {
		t.Errorf("%+v", got)
	}
}

func TestDownloadsLeaveNothing(t *testing.T) {
	s := well(t)
	if got := result(t, doctor.Run(t.Context(), s), "downloads"); got.Status != doctor.OK {
		t.Errorf("%+v", got)
	}
	entries, err := os.ReadDir(s.DataDir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left %v %v", entries, err)
	}
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		return // modes do not bind
	}
	if err := os.Chmod(s.DataDir, 0o500); err != nil {
		t.Fatal(err)
	}
	if got := result(t, doctor.Run(t.Context(), s), "downloads"); got.Status != doctor.Problem {
		t.Errorf("%+v", got)
	}
}

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

func TestFreeSpace(t *testing.T) {
	free, err := doctor.FreeSpace(t.TempDir())
	if err != nil || free == 0 {
		t.Errorf("%d %v", free, err)
	}
	if _, err := doctor.FreeSpace(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there has space")
	}
}
