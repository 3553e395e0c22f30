package packaging

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The registry's own module has the schemas; its text is not copied here.
const (
	registryModule = "github.com/modelcontextprotocol/registry@v1.8.9"
	registrySum    = "h1:2pYB31q/uSezVbXu+D+Hr3HMimGFspgS1RTMljm1bVI="
	registrySchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
)

// schema is the official schema of server.json.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", registryModule)
	command.Dir = t.TempDir() // outside of this module, which does not need it
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", registryModule, err, out)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	if module.Sum != registrySum {
		t.Fatalf("%s has the sum %s, not %s", registryModule, module.Sum, registrySum)
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, "internal", "validators", "schemas", "2025-12-11.json"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(registrySchema, document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(registrySchema)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func validate(t *testing.T, against *jsonschema.Schema, data []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return against.Validate(document)
}

// entry is what the registry demands beyond the schema of a bundle.
type entry struct {
	Schema   string `json:"$schema"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	Packages []struct {
		Type       string `json:"registryType"`
		BaseURL    string `json:"registryBaseUrl"`
		Identifier string `json:"identifier"`
		Version    string `json:"version"`
		SHA256     string `json:"fileSha256"`
	} `json:"packages"`
}

var releaseAsset = regexp.MustCompile(`^/[^/]+/[^/]+/releases/download/v([^/]+)/[^/]+\.mcpb$`)

// check holds an entry against the registry's written rules for bundles.
func check(t *testing.T, e entry) {
	t.Helper()
	pack := e.Packages[0]
	u, err := url.Parse(pack.Identifier)
	if err != nil {
		t.Fatal(err)
	}
	m := releaseAsset.FindStringSubmatch(u.Path)
	if u.Scheme != "https" || u.Host != "github.com" || m == nil || !strings.Contains(pack.Identifier, "mcp") {
		t.Fatalf("%s is no release asset that the registry takes", pack.Identifier)
	}
	if m[1] != e.Version || pack.Version != e.Version {
		t.Errorf("version %s, of the package %s, of the address %s", e.Version, pack.Version, m[1])
	}
	if e.Schema != registrySchema || pack.Type != "mcpb" || pack.BaseURL != "" || !strings.HasPrefix(e.Name, "com.example/") {
		t.Errorf("not the entry of a bundle under a name that stands for none: %+v", e)
	}
}

func TestRegistryEntryIsValid(t *testing.T) {
	official := schema(t)
	data, err := os.ReadFile("../../deploy/registry/server.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, official, data); err != nil {
		t.Error(err)
	}
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	check(t, e)
	for name, wrong := range map[string][2]string{
		"a name without a namespace": {"com.example/seedance-mcp", "seedance-mcp"},
		"a long description":         {"never lost.", "never lost." + strings.Repeat(" and more", 10)},
		"an unknown format":          {`"format": "number"`, `"format": "credits"`},
		"no transport":               {`"transport"`, `"transports"`},
	} {
		broken := bytes.Replace(data, []byte(wrong[0]), []byte(wrong[1]), 1)
		if validate(t, official, broken) == nil {
			t.Errorf("the schema lets %s pass", name)
		}
	}
}

// checkPackedEntry looks at the entry that packing a bundle writes.
func checkPackedEntry(t *testing.T, dist string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dist, "server.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, schema(t), data); err != nil {
		t.Error(err)
	}
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	check(t, e)
	if got, want := e.Packages[0].SHA256, sha256Of(t, filepath.Join(dist, filepath.Base(e.Packages[0].Identifier))); got != want {
		t.Errorf("the entry says sha256 %s, the bundle has %s", got, want)
	}
	if e.Version != version {
		t.Errorf("version %s", e.Version)
	}
}
