package telemetry_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v4"
)

// queries are those of the files that are given to operators, by where they
// stand.
func queries(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "..", "deploy", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var alerts struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read("prometheus/alerts.yml"), &alerts); err != nil {
		t.Fatal(err)
	}
	for _, group := range alerts.Groups {
		for _, rule := range group.Rules {
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("%s lacks its severity or summary", rule.Alert)
			}
			if _, err := model.ParseDuration(rule.For); rule.For != "" && err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			found["alert "+rule.Alert] = rule.Expr
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(read("grafana/dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			found["panel "+panel.Title+" "+target.RefID] = target.Expr
		}
	}
	if len(alerts.Groups) == 0 || len(dashboard.Panels) == 0 {
		t.Fatal("nothing to check")
	}
	return found
}

// Dashboards and alerts ask for what is there: metrics, labels and buckets.
func TestQueriesFindWhatIsExported(t *testing.T) {
	asked := queries(t)
	inWorld(t, func(w *world) {
		life(w)
		lines := expfmt.NewTextParser(model.UTF8Validation)
		families, err := lines.TextToMetricFamilies(strings.NewReader(w.scrape()))
		if err != nil {
			t.Fatal(err)
		}
		exported := map[string]map[string]bool{ // series name to label names
			"up": {"instance": true, "job": true}, // Prometheus' own
		}
		for name, family := range families {
			labels := map[string]bool{"instance": true, "job": true}
			for _, m := range family.GetMetric() {
				for _, label := range m.GetLabel() {
					labels[label.GetName()] = true
				}
			}
			exported[name] = labels
			if family.GetType().String() == "HISTOGRAM" {
				exported[name+"_count"], exported[name+"_sum"] = labels, labels
				exported[name+"_bucket"] = map[string]bool{"le": true}
				for label := range labels {
					exported[name+"_bucket"][label] = true
				}
			}
		}
		used := map[string]bool{}
		for where, query := range asked {
			checkQuery(t, where, query, exported, used)
		}
		for name := range families {
			shown := used[name] || used[name+"_count"] || used[name+"_bucket"]
			if strings.HasPrefix(name, "seedance_") && !shown {
				t.Errorf("%s is on no dashboard and in no alert", name)
			}
		}
	})
}

func checkQuery(t *testing.T, where, query string, exported map[string]map[string]bool, used map[string]bool) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	var labels map[string]bool
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		used[selector.Name] = true
		if labels, ok = exported[selector.Name]; !ok {
			t.Errorf("%s asks for %s, which is not exported", where, selector.Name)
		}
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != model.MetricNameLabel && !labels[matcher.Name] {
				t.Errorf("%s: %s has no label %s", where, selector.Name, matcher.Name)
			}
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if grouped, ok := node.(*parser.AggregateExpr); ok && !grouped.Without {
			for _, name := range grouped.Grouping {
				if !labels[name] {
					t.Errorf("%s groups by %s, which is no label there", where, name)
				}
			}
		}
		return nil
	})
}
