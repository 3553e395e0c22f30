package docs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// dashboardQueries are those of the Grafana dashboard, by the panel's title.
func dashboardQueries() (map[string][]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "grafana", "dashboard.json"))
	if err != nil {
		return nil, err
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		return nil, err
	}
	queries := map[string][]string{}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries[panel.Title] = append(queries[panel.Title], target.Expr)
		}
	}
	if len(queries) < 10 {
		return nil, fmt.Errorf("only %d panels were found", len(queries))
	}
	return queries, nil
}

// scriptDashboard asks a Prometheus every query of the dashboard, until each of
// them finds something.
func scriptDashboard(ts *testscript.TestScript, _ bool, args []string) {
	panels, err := dashboardQueries()
	ts.Check(err)
	deadline := time.Now().Add(3 * time.Minute)
	for title, queries := range panels {
		for _, query := range queries {
			for {
				found, err := asked(args[0], query)
				if found > 0 {
					break
				}
				if time.Now().After(deadline) { // till then it may only listen, and not answer yet
					ts.Fatalf("the panel %q shows nothing: %s, %v", title, query, err)
				}
				time.Sleep(200 * time.Millisecond)
			}
		}
	}
}

// asked is how many series a Prometheus answers a query with.
func asked(address, query string) (int, error) {
	response, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("%s: %s", query, answer.Error)
	}
	return len(answer.Data.Result), nil
}

// Every alert is set off in alerts_test.yml, and kept quiet there.
func TestAlerts(t *testing.T) {
	folder := filepath.Join(root, "deploy", "prometheus")
	promtool := need(t, "promtool")
	tests := read(t, filepath.Join(folder, "alerts_test.yml"))
	for line := range strings.Lines(read(t, filepath.Join(folder, "alerts.yml"))) {
		name, isAlert := strings.CutPrefix(strings.TrimSpace(line), "- alert: ")
		if isAlert && (!strings.Contains(tests, "- name: "+name+"\n") || !strings.Contains(tests, "- name: not "+name+"\n") && !strings.Contains(tests, "alertname: "+name+"} #")) {
			t.Errorf("%s is not both set off and kept quiet in alerts_test.yml", name)
		}
	}
	for _, args := range [][]string{
		{promtool, "check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"},
		{promtool, "test", "rules", "alerts_test.yml"},
		{need(t, "amtool"), "check-config", "alertmanager.yml"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(args[1:], " "), err, out)
		}
	}
}

// Grafana's files fit together: the data source and the folder that they name.
func TestGrafanaProvisioning(t *testing.T) {
	folder := filepath.Join(root, "deploy", "grafana")
	provider := read(t, filepath.Join(folder, "provisioning", "dashboards", "seedance-mcp.yml"))
	guide := read(t, filepath.Join(root, "docs", "operating.md"))
	_, path, found := strings.Cut(provider, "path: ")
	path = strings.TrimSpace(path)
	if !found || !strings.Contains(guide, path+"/dashboard.json") {
		t.Errorf("the guide does not put the dashboard into %q", path)
	}
	if source := read(t, filepath.Join(folder, "provisioning", "datasources", "prometheus.yml")); !strings.Contains(source, "type: prometheus") {
		t.Error("the data source is no Prometheus")
	}
	var dashboard struct {
		UID        string
		Templating struct {
			List []struct{ Type, Query string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, "dashboard.json"))), &dashboard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(guide, "`/d/"+dashboard.UID+"`") {
		t.Errorf("the guide does not name the dashboard's address, /d/%s", dashboard.UID)
	}
	if list := dashboard.Templating.List; len(list) == 0 || list[0].Type != "datasource" || list[0].Query != "prometheus" {
		t.Errorf("the dashboard takes no Prometheus: %+v", list)
	}
}
