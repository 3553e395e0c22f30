package main

import (
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/doctor"
)

// What the program, its examples or Kubernetes set is no slip.
func TestMisspeltVariables(t *testing.T) {
	none := slices.Concat(fileNames(), []string{
		configVariable, "PATH", "SEEDANCE_BUDGET", "SEEDANCE_MCP_URL", "SEEDANCE_MCP_PORT", "SEEDANCE_MCP_SERVICE_HOST",
		"SEEDANCE_TEST_SEED", "SEEDANCE_TEST_CHILD", "SEEDANCE_TEST_DISK", "SEEDANCE_TEST_REQUIRE", "SEEDANCE_SOAK", "SEEDANCE_CLIENTS",
	})
	if got := misspelt(none); len(got) != 0 {
		t.Errorf("taken for slips: %v", got)
	}
	for name, near := range map[string]string{
		"SEEDANCE_MAX_CREDIT_PER_DAY":       "SEEDANCE_MAX_CREDITS_PER_DAY",
		"SEEDANCE_DIALCT":                   "SEEDANCE_DIALECT",
		"SEEDANCE_MAX_CREDITS_PER_DAY_FILE": "SEEDANCE_MAX_CREDITS_PER_DAY",
	} {
		if got := misspelt([]string{name}); !slices.Equal(got, []doctor.StraySetting{{Name: name, Near: near}}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if names := strings.Join(environment(), " "); !strings.Contains(names, "PATH") || strings.Contains(names, "=") {
		t.Errorf("the environment's names: %s", names)
	}
}
