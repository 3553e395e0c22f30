package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// deployed are the files that people run the server with.
func deployed(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, dir := range []string{"systemd", "container", "kubernetes", "proxy", "prometheus"} {
		err := filepath.WalkDir(filepath.Join("../../deploy", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			files[filepath.ToSlash(strings.TrimPrefix(path, "../../deploy/"))] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// documentsOf are a YAML file's documents; keys that stand twice are refused.
func documentsOf(t *testing.T, name, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, document)
	}
}

// leaf follows names and positions into a document.
func leaf(document any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := document.(map[string]any)
			document = fields[step]
		case int:
			list, _ := document.([]any)
			if step >= len(list) {
				return nil
			}
			document = list[step]
		}
	}
	return document
}

var (
	variableWord   = regexp.MustCompile(`\bSEEDANCE_[A-Z_]+\b`)
	variableValues = regexp.MustCompile(`\b(SEEDANCE_[A-Z_]+)(?:=|: |, value: )"?([^"\s}$\\]+)`)
)

// TestDeployNamesVariablesThatExist holds every variable, and every value that
// is written out, against the settings.
func TestDeployNamesVariablesThatExist(t *testing.T) {
	names := append(fileNames(), configVariable)
	settersOf := map[string]setting{}
	for _, one := range slices.Concat(allSettings(), servingSettings(), copyingSettings()) {
		settersOf[one.env] = one
	}
	valued := 0
	files := deployed(t)
	guide, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	files["docs/operating.md"] = strings.ReplaceAll(string(guide), "SEEDANCE_MAX_CREDIT_PER_DAY", "") // it shows what a typing error does
	for name, text := range files {
		for _, variable := range variableWord.FindAllString(text, -1) {
			if !slices.Contains(names, variable) {
				t.Errorf("%s names %s, which does not exist; nearest is %s", name, variable, nearestName(variable))
			}
		}
		for _, found := range variableValues.FindAllStringSubmatch(text, -1) {
			if one, ok := settersOf[found[1]]; ok {
				valued++
				if err := one.set(new(settings), found[2]); err != nil {
					t.Errorf("%s: %s=%s %v", name, found[1], found[2], err)
				}
			}
		}
	}
	if len(files) < 12 || valued < 15 {
		t.Errorf("only %d files and %d values were found", len(files), valued)
	}
	for name, text := range map[string]string{
		"systemd/seedance.env":   files["systemd/seedance.env"],
		"kubernetes/config.yaml": leaf(documentsOf(t, "config.yaml", files["kubernetes/config.yaml"])[0], "data", "seedance.env").(string),
	} {
		path := filepath.Join(t.TempDir(), "seedance.env")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if from, err := readSources(func(string) string { return "" }, path); err != nil || len(from.file) < 5 {
			t.Errorf("%s: %v %v", name, from.file, err)
		}
	}
}

// TestKubernetesManifests holds the manifests against each other and against
// the server.
func TestKubernetesManifests(t *testing.T) {
	files := deployed(t)
	byKind := map[string]map[string]any{}
	for name, text := range files {
		if !strings.HasPrefix(name, "kubernetes/") {
			continue
		}
		for _, document := range documentsOf(t, name, text) {
			kind, _ := document["kind"].(string)
			if kind == "" || document["apiVersion"] == nil || byKind[kind] != nil {
				t.Errorf("%s: kind %q, version %v", name, kind, document["apiVersion"])
			}
			byKind[kind] = document
		}
	}
	deployment := byKind["Deployment"]
	pod := leaf(deployment, "spec", "template")
	label := leaf(pod, "metadata", "labels", "app.kubernetes.io/name")
	for what, selector := range map[string]any{
		"the Deployment": leaf(deployment, "spec", "selector", "matchLabels"), "the Service": leaf(byKind["Service"], "spec", "selector"),
		"the budget": leaf(byKind["PodDisruptionBudget"], "spec", "selector", "matchLabels"),
	} {
		if label == nil || leaf(selector, "app.kubernetes.io/name") != label {
			t.Errorf("%s does not select the pods: %v", what, selector)
		}
	}
	container := leaf(pod, "spec", "containers", 0)
	if leaf(container, "ports", 0, "name") != leaf(byKind["Service"], "spec", "ports", 0, "targetPort") {
		t.Error("the Service leads to no port of the container")
	}
	metrics := leaf(byKind["PodMonitor"], "spec", "podMetricsEndpoints", 0)
	if leaf(container, "ports", 1, "name") != leaf(metrics, "port") || !strings.Contains(files["kubernetes/config.yaml"], fmt.Sprintf("SEEDANCE_METRICS_ADDR=0.0.0.0:%v\n", leaf(container, "ports", 1, "containerPort"))) {
		t.Error("the figures are not where the PodMonitor looks")
	}
	if key, _ := leaf(metrics, "authorization", "credentials", "key").(string); key == "" || !strings.Contains(files["kubernetes/deployment.yaml"], "SEEDANCE_METRICS_TOKEN_FILE, value: /run/secrets/seedance-mcp/"+key+"}") {
		t.Errorf("the figures' token is not the secret's %q", key)
	}
	if leaf(byKind["PodMonitor"], "spec", "selector", "matchLabels", "app.kubernetes.io/name") != label {
		t.Error("the PodMonitor does not select the pods")
	}
	for probe, path := range map[string]string{"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"} {
		if leaf(container, probe, "httpGet", "path") != path {
			t.Errorf("%s asks %v", probe, leaf(container, probe, "httpGet", "path"))
		}
	}
	replicas, _ := leaf(deployment, "spec", "replicas").(int)
	if spare, _ := leaf(byKind["PodDisruptionBudget"], "spec", "minAvailable").(int); spare < 1 || spare >= replicas {
		t.Errorf("of %d replicas %d must stay: no node could be drained, or all at once", replicas, spare)
	}
	var s settings
	if err := setDrainDelay(&s, "8s"); err != nil || !strings.Contains(files["kubernetes/config.yaml"], "SEEDANCE_DRAIN_DELAY=8s") {
		t.Fatal("the drain's delay is not the one that is checked here")
	}
	grace, _ := leaf(pod, "spec", "terminationGracePeriodSeconds").(int)
	if needed := int((s.serving.drainDelay + 2*shutdownGrace).Seconds()); grace <= needed {
		t.Errorf("the pod is killed after %d s, its drain takes up to %d", grace, needed)
	}
	for _, workload := range []any{pod, leaf(byKind["Job"], "spec", "template")} {
		only := leaf(workload, "spec", "containers", 0, "securityContext")
		if leaf(only, "readOnlyRootFilesystem") != true || leaf(only, "allowPrivilegeEscalation") != false || leaf(only, "capabilities", "drop", 0) != "ALL" ||
			leaf(workload, "spec", "securityContext", "runAsNonRoot") != true || leaf(workload, "spec", "automountServiceAccountToken") != false {
			t.Errorf("%v may do too much", leaf(workload, "spec", "containers", 0, "name"))
		}
		mounted := map[any]bool{}
		for _, volume := range leaf(workload, "spec", "volumes").([]any) {
			mounted[leaf(volume, "name")] = true
		}
		for _, mount := range leaf(workload, "spec", "containers", 0, "volumeMounts").([]any) {
			if !mounted[leaf(mount, "name")] {
				t.Errorf("there is no volume %v", leaf(mount, "name"))
			}
		}
	}
	for _, resource := range leaf(byKind["Kustomization"], "resources").([]any) {
		if files["kubernetes/"+resource.(string)] == "" {
			t.Errorf("there is no %v", resource)
		}
	}
}

// TestComposeFile holds the compose file against the image, the proxy's
// configuration and itself.
func TestComposeFile(t *testing.T) {
	files := deployed(t)
	compose := documentsOf(t, "compose.yaml", files["container/compose.yaml"])[0]
	services, _ := compose["services"].(map[string]any)
	for name, service := range services {
		for _, secret := range leafList(service, "secrets") {
			if leaf(compose, "secrets", secret.(string), "file") == nil {
				t.Errorf("%s: there is no secret %v", name, secret)
			}
		}
		if name != "postgres" && (leaf(service, "read_only") != true || leaf(service, "cap_drop", 0) != "ALL") {
			t.Errorf("%s may do too much", name)
		}
		for variable, value := range mapOf(leaf(service, "environment")) {
			path, _ := value.(string)
			secret, isSecret := strings.CutPrefix(path, "/run/secrets/")
			if strings.HasSuffix(variable, fileSuffix) && (!isSecret || !slices.Contains(leafList(service, "secrets"), any(secret))) {
				t.Errorf("%s: %s leads to %s, which it is not given", name, variable, path)
			}
		}
	}
	for name, want := range map[string]string{"a": "server a ", "b": "server b "} {
		address, _ := leaf(services[name], "networks", "inside", "ipv4_address").(string)
		if address == "" || !strings.Contains(files["proxy/haproxy.cfg"], want+address+":8080") {
			t.Errorf("HAProxy does not know %s at %s", name, address)
		}
		if !strings.Contains(files["prometheus/prometheus.yml"], `"`+address+":9464\"") || leaf(services[name], "environment", "SEEDANCE_METRICS_ADDR") != "0.0.0.0:9464" {
			t.Errorf("Prometheus does not know %s at %s", name, address)
		}
	}
	alerts, _ := leaf(services["alertmanager"], "networks", "inside", "ipv4_address").(string)
	if alerts == "" || !strings.Contains(files["prometheus/prometheus.yml"], `"`+alerts+":9093\"") {
		t.Errorf("Prometheus does not know Alertmanager at %q", alerts)
	}
	for name, service := range services {
		for _, volume := range leafList(service, "volumes") {
			from, _, _ := strings.Cut(volume.(string), ":")
			if !strings.HasPrefix(from, "../") {
				continue
			}
			if _, err := os.Stat(filepath.Join("../../deploy/container", from)); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
		}
	}
	port, _ := leaf(services["haproxy"], "ports", 0).(string)
	if _, inside, _ := strings.Cut(port, ":"); !strings.Contains(files["proxy/haproxy.cfg"], "bind 0.0.0.0:"+inside) {
		t.Errorf("HAProxy does not listen at %s", port)
	}
}

func mapOf(value any) map[string]any {
	fields, _ := value.(map[string]any)
	return fields
}

func leafList(document any, path ...any) []any {
	list, _ := leaf(document, path...).([]any)
	return list
}

// TestDockerfile reads what an image promises.
func TestDockerfile(t *testing.T) {
	text := deployed(t)["container/Dockerfile"]
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	for _, line := range []string{
		"FROM --platform=$BUILDPLATFORM golang:" + string(version[1]) + "-bookworm AS build", "CGO_ENABLED=0", "distroless/static-debian12:nonroot",
		"USER 65532:65532", `ENTRYPOINT ["/usr/bin/seedance-mcp"]`, `CMD ["http"]`, "STOPSIGNAL SIGTERM",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the Dockerfile has no %q", line)
		}
	}
	for _, found := range regexp.MustCompile(`(?m)^COPY ([^-].*) \S+$`).FindAllStringSubmatch(text, -1) {
		for source := range strings.FieldsSeq(found[1]) {
			if _, err := os.Stat(filepath.Join("../..", source)); err != nil {
				t.Errorf("the Dockerfile copies %s: %v", source, err)
			}
		}
	}
}

// TestSystemdUnit has systemd itself look at the unit, and at how little the
// service may do.
func TestSystemdUnit(t *testing.T) {
	unit := deployed(t)["systemd/seedance-mcp.service"]
	if !strings.Contains(unit, "LoadCredential=api-key:") || !strings.Contains(unit, "SEEDANCE_API_KEY_FILE=%d/api-key") {
		t.Error("the key does not reach the service")
	}
	analyze := foreign(t, "systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "seedance-mcp.service")
	if err := os.WriteFile(path, []byte(strings.Replace(unit, "/usr/bin/seedance-mcp", self, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// 10 is a service that may do everything; 2.0 is "OK".
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", "--no-pager", path).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
