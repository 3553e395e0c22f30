package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"seedance-mcp/internal/oauth/oauthtest"
	"seedance-mcp/internal/porttest"
)

// TestSignIn lets the official TypeScript SDKs do what a person's client does at
// a server that wants tokens: 401, metadata of the resource and of the issuer,
// registration, code, token, and then a video.
func TestSignIn(t *testing.T) {
	l := newLab(t)
	chosen := programs()[:2]
	l.fetch(t, chosen)
	for _, p := range chosen {
		t.Run(p.client, func(t *testing.T) {
			command, version := l.install(t, p)
			issuer := oauthtest.New(t, "/tenant")
			home := t.TempDir()
			addr := porttest.Addr(t)
			server := &httpServer{binary: l.server, addr: addr, env: []string{
				"HOME=" + home, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "SEEDANCE_SANDBOX_SPEED=20",
				"SEEDANCE_DATA_DIR=" + filepath.Join(home, "data"), "SEEDANCE_OAUTH_ISSUER=" + issuer.URL, "SEEDANCE_OAUTH_SCOPES=videos",
			}}
			if err := server.start(context.WithoutCancel(t.Context())); err != nil {
				t.Fatal(err)
			}
			defer server.stop(os.Interrupt)
			url := "http://" + addr + "/mcp"
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			program := exec.CommandContext(ctx, command[0], filepath.Join("testdata", "sign-in.mjs"), filepath.Dir(command[1]), p.library, url)
			out, err := program.CombinedOutput()
			if err != nil {
				t.Fatalf("%s %s: %v\n%s", p.library, version, err, out)
			}
			for _, want := range []string{"asked for: resource=" + url + " scope=videos\n", "status: success\n"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("%s %s: no %q in\n%s", p.library, version, want, out)
				}
			}
		})
	}
}
