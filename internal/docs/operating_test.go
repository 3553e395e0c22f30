package docs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"seedance-mcp/internal/postgrestest"
)

// TestOperating runs the commands that operating.md gives an operator, on a
// real PostgreSQL, behind a real HAProxy, and seen by a real Prometheus.
func TestOperating(t *testing.T) {
	for _, program := range []string{"curl", "openssl", "haproxy", "prometheus", "promtool", "prometheus-alertmanager", "amtool", "versitygw"} {
		need(t, program)
	}
	postgrestest.Need(t)
	database, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	deploy, err := filepath.Abs(filepath.Join(root, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	// The servers run in parallel with the parts after this one, so the database
	// must outlive them: the cleanups of their parent come last.
	t.Run("steps", func(t *testing.T) {
		runRecipes(t, "operating.md", 6, func(env *testscript.Env) error {
			return os.Symlink(deploy, filepath.Join(env.WorkDir, "deploy"))
		}, "postgres://seedance:secret@127.0.0.1:5432/seedance", database.URL(database.Database(t, "")))
	})
}
