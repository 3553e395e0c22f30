package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/porttest"
)

// secretValues are values of all settings that are secrets, each of which can
// be found again wherever it is told: those that must have a form have it.
func secretValues(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for i, name := range secretVariables() {
		values[name] = fmt.Sprintf("zzsecret%02dzz", i)
	}
	values["SEEDANCE_DATABASE_URL"] = "postgres://zzuserzz:" + values["SEEDANCE_DATABASE_URL"] + "@127.0.0.1:9/tasks?connect_timeout=2"
	values["SEEDANCE_MASTER_KEY"] = base64.StdEncoding.EncodeToString([]byte("zzsecret of thirty-two bytes zzz"))
	delete(values, "SEEDANCE_S3_ACCESS_KEY_ID") // stands in every link: no secret, but it may be in a file, too
	return values
}

// told says which of the secrets a text tells.
func told(text string, values map[string]string) (names []string) {
	for name, value := range values {
		for _, part := range []string{value, "zzuserzz", value[:min(len(value), 10)]} {
			if name == "SEEDANCE_DATABASE_URL" && part == value[:10] {
				part = "zzsecret01zz" // its beginning is no secret
			}
			if strings.Contains(text, part) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

// TestNoCommandTellsASecretSetting derives the secrets from the settings, so
// that a new one cannot be forgotten: whatever a command prints or logs, at
// debug level and in all its refusals, none of them is in it.
func TestNoCommandTellsASecretSetting(t *testing.T) {
	values := secretValues(t)
	if text := "the password is " + values["SEEDANCE_METRICS_TOKEN"]; len(told(text, values)) != 1 {
		t.Fatalf("this test finds %v in %q", told(text, values), text)
	}
	folder := t.TempDir()
	for _, own := range []struct {
		name string
		more map[string]string
		args []string
	}{
		{"doctor", nil, []string{"doctor"}},
		{"doctor as JSON", nil, []string{"doctor", "--json"}},
		{"a database that is away", nil, []string{"tasks"}},
		{"keys", nil, []string{"keys", "list"}},
		{"callers", nil, []string{"callers", "list"}},
		{"accounts", nil, []string{"accounts", "list"}},
		{"migrate", nil, []string{"migrate"}},
		{"http", nil, []string{"http", "--addr", "127.0.0.1:0"}},
		{"http for others", nil, []string{"http", "--addr", "0.0.0.0:0"}},
		{"a broken flag", nil, []string{"http", "--drain-delay", "soon"}},
		{"a database URL that is none", map[string]string{"SEEDANCE_DATABASE_URL": "mysql://zzuserzz:zzsecret01zz@127.0.0.1/tasks"}, []string{"tasks"}},
		{"a database URL that cannot be read", map[string]string{"SEEDANCE_DATABASE_URL": "postgres://zzuserzz:zzsecret01zz@[::1/tasks"}, []string{"tasks"}},
		{"a master key that is too short", map[string]string{"SEEDANCE_MASTER_KEY": "enpzZWNyZXQ="}, []string{"accounts", "list"}},
		{"a key with a blank", map[string]string{"SEEDANCE_API_KEY": "zzsecret00zz zzsecret00zz"}, []string{"doctor"}},
		{"a copy place that is away", map[string]string{
			"SEEDANCE_COPY_TO": "s3://videos", "SEEDANCE_S3_ENDPOINT": "http://127.0.0.1:9", "SEEDANCE_S3_ACCESS_KEY_ID": "id",
		}, []string{"doctor"}},
	} {
		t.Run(own.name, func(t *testing.T) {
			env := map[string]string{
				"HOME": folder, "USERPROFILE": folder, "SEEDANCE_DATA_DIR": filepath.Join(folder, "data"), "SEEDANCE_LOG_LEVEL": "debug",
				"SEEDANCE_API_URL": "http://127.0.0.1:9/api/v1",
			}
			for _, from := range []map[string]string{values, own.more} {
				maps.Copy(env, from)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var all bytes.Buffer
			code := Main(ctx, terminal{in: strings.NewReader(""), out: &all, err: &all, env: func(name string) string { return env[name] }}, own.args)
			if all.Len() == 0 {
				t.Errorf("exit code %d and not a word", code)
			}
			if names := told(all.String(), values); len(names) > 0 {
				t.Errorf("tells %v:\n%s", names, all.String())
			}
		})
	}
}

// TestServerTellsNoSecretSetting serves with all secrets but the database's,
// and asks what can be asked.
func TestServerTellsNoSecretSetting(t *testing.T) {
	values := secretValues(t)
	delete(values, "SEEDANCE_DATABASE_URL")
	addr := porttest.Addr(t)
	env := []string{
		"SEEDANCE_DATA_DIR=" + t.TempDir(), "SEEDANCE_LOG_LEVEL=debug", "SEEDANCE_AUDIT_LOG=stderr", "SEEDANCE_METRICS_ADDR=127.0.0.1:0",
		"SEEDANCE_API_URL=http://127.0.0.1:9/api/v1", "SEEDANCE_COPY_TO=s3://videos", "SEEDANCE_S3_ENDPOINT=http://127.0.0.1:9", "SEEDANCE_S3_ACCESS_KEY_ID=id",
	}
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	log := startRecorded(t, child(t, env, "http", "--addr", addr), "serving MCP")
	w := &oauthWorld{t: t, base: "http://" + addr}
	var all strings.Builder
	for _, body := range []string{
		rpc("tools/list", nil), rpc("resources/list", nil), rpc("initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "x", "version": "1"}}),
		rpc("tools/call", map[string]any{"name": "generate_video", "arguments": map[string]any{"prompt": "a fox"}}),
		rpc("tools/call", map[string]any{"name": "estimate_cost", "arguments": map[string]any{"prompt": "a fox"}}),
		rpc("tools/call", map[string]any{"name": "get_task_status", "arguments": map[string]any{"wait_seconds": 1}}),
		rpc("tools/call", map[string]any{"name": "get_usage", "arguments": map[string]any{}}),
	} {
		_, header, text := w.ask(http.MethodPost, "/mcp", "", body)
		fmt.Fprintln(&all, header, text)
	}
	for _, path := range []string{"/ui", "/healthz", "/readyz", "/files/x"} {
		_, header, text := w.ask(http.MethodGet, path, "", "")
		fmt.Fprintln(&all, header, text)
	}
	w.base = metricsServer(t, log)
	for _, authorization := range []string{"", "Bearer " + values["SEEDANCE_METRICS_TOKEN"]} {
		_, header, text := w.ask(http.MethodGet, "/metrics", authorization, "")
		fmt.Fprintln(&all, header, text)
	}
	log.await(t, `"action":"ordered"`)
	if names := told(all.String(), values); len(names) > 0 {
		t.Errorf("the answers tell %v:\n%s", names, all.String())
	}
	if names := told(log.String(), values); len(names) > 0 {
		t.Errorf("the log tells %v:\n%s", names, log)
	}
	if !strings.Contains(all.String(), "seedance_build_info") {
		t.Error("nothing was looked at")
	}
}
