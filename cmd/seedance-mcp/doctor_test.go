package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/doctor"
	"seedance-mcp/internal/oauth/oauthtest"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// examined runs doctor --json against a sandbox that is a server of its own.
func examined(t *testing.T, dialect video.Dialect, env map[string]string) (code int, checks map[string]doctor.Result, box *sandbox.Server) {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	box, err = sandbox.New(sandbox.Options{Catalog: models, Dialect: dialect})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(func() {
		server.Close()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	home := t.TempDir()
	all := map[string]string{
		"HOME": home, "USERPROFILE": home, "SEEDANCE_DATA_DIR": filepath.Join(home, "data"),
		"SEEDANCE_API_URL": server.URL + "/api/v1", "SEEDANCE_API_KEY": sandbox.KeyMain, "SEEDANCE_DIALECT": string(dialect),
	}
	maps.Copy(all, env)
	var out, complaints bytes.Buffer
	term := terminal{in: strings.NewReader(""), out: &out, err: &complaints, env: func(name string) string { return all[name] }}
	code = Main(t.Context(), term, []string{"doctor", "--json"})
	var report doctorJSON
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), complaints.String())
	}
	if report.Healthy != (code == exitOK) {
		t.Errorf("healthy: %v, exit code %d", report.Healthy, code)
	}
	checks = map[string]doctor.Result{}
	for _, check := range report.Checks {
		checks[check.Check] = check
	}
	return code, checks, box
}

// Whatever doctor finds, it has ordered nothing: the sandbox's books show it.
func TestDoctorSpendsNothing(t *testing.T) {
	issuer := oauthtest.New(t, "")
	tests := []struct {
		name    string
		dialect video.Dialect
		env     map[string]string
		code    int
		check   string
		status  doctor.Status
		text    string
	}{
		{"all well", video.Workflow, nil, exitOK, "key", doctor.OK, "accepted"},
		{"all well, kinovi", video.Kinovi, nil, exitOK, "dialect", doctor.OK, "kinovi, as "},
		{"no such key", video.Workflow, map[string]string{"SEEDANCE_API_KEY": "sk-test-not-a-real-key"}, exitFailed, "key", doctor.Problem, "Invalid API Key"},
		{"inactive key", video.Workflow, map[string]string{"SEEDANCE_API_KEY": sandbox.KeyInactive}, exitFailed, "key", doctor.Problem, "inactive"},
		{"expired key", video.Workflow, map[string]string{"SEEDANCE_API_KEY": sandbox.KeyExpired}, exitFailed, "key", doctor.Problem, "expired"},
		{"no access", video.Workflow, map[string]string{"SEEDANCE_API_KEY": sandbox.KeyNoAccess}, exitFailed, "key", doctor.Problem, "not enabled"},
		{"a key that cannot be sent", video.Workflow, map[string]string{"SEEDANCE_API_KEY": "sk test"}, exitFailed, "key", doctor.Problem, "space"},
		{"the other dialect", video.Workflow, map[string]string{"SEEDANCE_DIALECT": "kinovi"}, exitOK, "dialect", doctor.Warning, "looks like workflow"},
		{"the other dialect, kinovi", video.Kinovi, map[string]string{"SEEDANCE_DIALECT": "workflow"}, exitOK, "dialect", doctor.Warning, "looks like kinovi"},
		{"a refused variable", video.Workflow, map[string]string{"SEEDANCE_DOWNLOAD": "perhaps"}, exitFailed, "settings", doctor.Problem, "SEEDANCE_DOWNLOAD must be on or off"},
		{"a broken catalogue", video.Workflow, map[string]string{"SEEDANCE_CATALOG": "no-such-file.json"}, exitFailed, "catalogue", doctor.Problem, "no-such-file.json"},
		{"the store", video.Workflow, nil, exitOK, "store", doctor.OK, "can be written (schema "},
		{"an issuer", video.Workflow, map[string]string{"SEEDANCE_OAUTH_ISSUER": issuer.URL}, exitOK, "tokens", doctor.OK, "the keys of " + issuer.URL + " are there"},
		{"an issuer of another name", video.Workflow, map[string]string{"SEEDANCE_OAUTH_ISSUER": issuer.URL + "/other"}, exitFailed, "tokens", doctor.Problem, ""},
		{"an issuer's keys elsewhere", video.Workflow, map[string]string{"SEEDANCE_OAUTH_ISSUER": issuer.URL, "SEEDANCE_OAUTH_JWKS_URL": issuer.URL + "/nothing"}, exitFailed, "tokens", doctor.Problem, "/nothing"},
		{"copies", video.Workflow, map[string]string{"SEEDANCE_COPY_TO": t.TempDir()}, exitOK, "copies", doctor.OK, "written, read back"},
		{"copies without a key", video.Workflow, map[string]string{"SEEDANCE_COPY_TO": "s3://videos"}, exitFailed, "copies", doctor.Problem, "SEEDANCE_S3_ACCESS_KEY_ID"},
		{"copies where nobody is", video.Workflow, map[string]string{
			"SEEDANCE_COPY_TO": "s3://videos", "SEEDANCE_S3_ENDPOINT": "http://127.0.0.1:9", "SEEDANCE_S3_ACCESS_KEY_ID": "id", "SEEDANCE_S3_SECRET_ACCESS_KEY": "not-a-real-secret",
		}, exitFailed, "copies", doctor.Problem, "does not answer"},
		{"a place that is none", video.Workflow, map[string]string{"SEEDANCE_COPY_TO": "gs://videos"}, exitFailed, "settings", doctor.Problem, "SEEDANCE_COPY_TO must be"},
		{"the clock", video.Workflow, nil, exitOK, "clock", doctor.OK, "agrees"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, checks, box := examined(t, tt.dialect, tt.env)
			if got := checks[tt.check]; code != tt.code || got.Status != tt.status || !strings.Contains(got.Text, tt.text) {
				t.Errorf("exit code %d, %+v", code, got)
			}
			if books := box.Books(); len(books.Entries) != 0 || books.Charged != 0 {
				t.Errorf("the books show %+v", books.Entries)
			}
			for _, r := range checks {
				if key := tt.env["SEEDANCE_API_KEY"]; key != "" && strings.Contains(r.Text+r.Fix, key) {
					t.Errorf("the key is shown: %+v", r)
				}
			}
		})
	}
}
