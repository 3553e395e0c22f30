package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/install"
)

func TestVariables(t *testing.T) {
	tests := []struct {
		text  string
		given bool
		fault string // "": understood
	}{
		{"SEEDANCE_API_KEY=sk-test-not-a-real-key", true, ""},
		{"SEEDANCE_API_KEY", false, ""},
		{"HTTPS_PROXY=http://proxy.example.com:3128", true, ""},
		{"SEEDANCE_DOWNLOAD=off", true, ""},
		{"SEEDANCE_DOWNLOAD=perhaps", true, "must be on or off"},
		{"SEEDANCE_DIALCT=kinovi", true, "did you mean SEEDANCE_DIALECT?"},
		{"SEEDANCE_DIALCT", false, "did you mean SEEDANCE_DIALECT?"},
		{"=x", true, "NAME=VALUE"},
		{"A B=x", true, "NAME=VALUE"},
	}
	for _, tt := range tests {
		v, err := parseVariable(tt.text)
		switch {
		case tt.fault == "" && (err != nil || v.Given != tt.given || !strings.HasPrefix(tt.text, v.Name) || !strings.HasSuffix(tt.text, v.Value)):
			t.Errorf("%s: %+v %v", tt.text, v, err)
		case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

// The kinovi dialect needs its own address: the default host speaks only the
// other one.
func TestInstallDialect(t *testing.T) {
	tests := []struct {
		dialect string
		given   []install.Variable
		want    []string
	}{
		{"", nil, nil},
		{"workflow", nil, []string{"SEEDANCE_DIALECT=workflow"}},
		{"kinovi", nil, []string{"SEEDANCE_DIALECT=kinovi", "SEEDANCE_API_URL=" + kinoviURL}},
		{"kinovi", []install.Variable{{Name: "SEEDANCE_API_URL", Value: "https://example.com/api/v1"}}, []string{"SEEDANCE_API_URL=https://example.com/api/v1", "SEEDANCE_DIALECT=kinovi"}},
	}
	for _, tt := range tests {
		f := installFlags{dialect: tt.dialect, variables: tt.given}
		if err := f.takeDialect(); err != nil {
			t.Errorf("%+v: %v", tt, err)
		}
		var got []string
		for _, v := range f.variables {
			got = append(got, v.Name+"="+v.Value)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.dialect, got, tt.want)
		}
	}
	f := installFlags{dialect: "kinovi", variables: []install.Variable{{Name: "SEEDANCE_DIALECT", Value: "workflow"}}}
	if err := f.takeDialect(); err == nil {
		t.Error("two dialects at once")
	}
}

func TestTemporaryProgram(t *testing.T) {
	for path, want := range map[string]bool{
		"/tmp/go-build3141/b001/exe/seedance-mcp": true, "/usr/local/bin/seedance-mcp": false, "/home/me/go-builds-of-mine/seedance-mcp": true, "/home/me/my-go-build/seedance-mcp": false,
	} {
		if temporary(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
	var out, err bytes.Buffer
	o := install.Order{Name: install.DefaultName, Binary: "/tmp/go-build3141/b001/exe/seedance-mcp"}
	o.Client, _ = install.Find("cursor")
	o.System = install.System{GOOS: runtime.GOOS, Env: func(string) string { return t.TempDir() }}
	for _, do := range []func(terminal, install.Order) (int, error){installInto, printEntry} {
		out.Reset()
		err.Reset()
		if code, fault := do(terminal{out: &out, err: &err}, o); code != exitOK || fault != nil || !strings.Contains(out.String()+err.String(), "go install") {
			t.Errorf("%d %v %s %s", code, fault, out.String(), err.String())
		}
	}
}

// The path on the PATH stays right when a package manager moves what is
// behind it.
func TestOwnPathIsTheOneOnThePATH(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows: links need rights")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), filepath.Base(self))
	t.Setenv("PATH", filepath.Dir(link))
	if got, err := ownPath(); err != nil || got == link {
		t.Fatalf("%s %v", got, err)
	}
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	if got, err := ownPath(); err != nil || got != link {
		t.Errorf("%s %v, want %s", got, err, link)
	}
}
