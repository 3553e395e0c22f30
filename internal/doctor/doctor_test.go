package doctor_test

import (
	"context"
	"errors"
	"net/http"
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
		{"a misspelt variable", "settings", func(_ *testing.T, s *doctor.Subject) {
			s.StraySettings = []doctor.StraySetting{{Name: "SEEDANCE_DIALCT", Near: "SEEDANCE_DIALECT"}}
		}, doctor.Warning, "no setting SEEDANCE_DIALCT", "did you mean SEEDANCE_DIALECT?"},
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

func TestFreeSpace(t *testing.T) {
	free, err := doctor.FreeSpace(t.TempDir())
	if err != nil || free == 0 {
		t.Errorf("%d %v", free, err)
	}
	if _, err := doctor.FreeSpace(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there has space")
	}
}
