package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/porttest"
)

// certify writes a certificate for 127.0.0.1 and its key, and gives a client
// that trusts it alone.
func certify(t *testing.T) (cert, key string, client *http.Client) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for path, text := range map[string][]byte{cert: chain, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return cert, key, &http.Client{Transport: transport}
}

// The real process over TLS below a path: calls, the gallery, and the links
// that answers hold.
func TestServingOverTLSBelowAPath(t *testing.T) {
	cert, key, web := certify(t)
	addr := porttest.Addr(t)
	base := "https://" + addr + "/team/videos"
	config := filepath.Join(t.TempDir(), "seedance.env")
	lines := []string{
		"SEEDANCE_ADDR=" + addr, "SEEDANCE_PUBLIC_URL=" + base, "SEEDANCE_TLS_CERT=" + cert, "SEEDANCE_TLS_KEY=" + key,
		"SEEDANCE_ALLOW_ORIGINS=https://app.example.com",
	}
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	startUntilLogs(t, child(t, nil, "http", "--config", config), "serving MCP")
	ctx := context.Background()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: base + "/mcp", HTTPClient: web}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	task := wholeJob(ctx, t, session, map[string]any{"prompt": "a red fox", "duration": 5})
	link, _ := firstVideo(t, task)["url"].(string)
	if !strings.HasPrefix(link, base+"/sandbox/") {
		t.Fatalf("the video lies at %s", link)
	}
	resource, err := session.ReadResource(ctx, &mcp.ReadResourceParams{URI: "seedance://tasks/" + task["task_id"].(string)})
	if err != nil || len(resource.Contents) == 0 || !strings.Contains(resource.Contents[0].Text, link) {
		t.Errorf("the task's resource does not lead to %s: %v", link, err)
	}
	for url, want := range map[string]string{link: "video/mp4", base + "/ui": "text/html; charset=utf-8", base + "/readyz": "application/json"} {
		response, err := web.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		size, _ := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != want || size == 0 {
			t.Errorf("%s: %s %s, %d bytes", url, response.Status, response.Header.Get("Content-Type"), size)
		}
		if want[:4] == "text" && !strings.Contains(response.Header.Get("Content-Security-Policy"), "https://"+addr) {
			t.Errorf("the page may not play the videos: %s", response.Header.Get("Content-Security-Policy"))
		}
	}
	response, err := web.Post(base+"/webhooks/nobody", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}
