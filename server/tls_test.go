package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/server"
)

// certificates are the files of one server, and who trusts them.
type certificates struct {
	cert, key string
	roots     *x509.CertPool
}

func newCertificates(t *testing.T, name string) *certificates {
	dir := t.TempDir()
	c := &certificates{cert: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key"), roots: x509.NewCertPool()}
	cert, key := c.issue(t, name)
	c.write(t, c.cert, cert)
	c.write(t, c.key, key)
	return c
}

// issue makes a certificate that the roots trust.
func (c *certificates) issue(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.roots.AppendCertsFromPEM(cert)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func (c *certificates) write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *certificates) client(t *testing.T, newest bool) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots}, ForceAttemptHTTP2: newest, DisableKeepAlives: !newest}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// shown is the name in the certificate that a new connection gets.
func (c *certificates) shown(t *testing.T, base string) string {
	t.Helper()
	response, err := c.client(t, false).Get(base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.TLS.PeerCertificates[0].Subject.CommonName
}

func (f *fixture) listenTLS(t *testing.T, c *certificates, log *slog.Logger) (base string) {
	config, err := server.TLSFromFilesAlways(c.cert, c.key, log)
	if err != nil {
		t.Fatal(err)
	}
	f.SetTLS(config)
	base, _, _ = f.listen(t)
	return strings.Replace(base, "http://", "https://", 1)
}

func TestTLSTakesRenewedCertificatesUp(t *testing.T) {
	c := newCertificates(t, "first")
	var log bytes.Buffer
	f := newFixture(t, nil)
	base := f.listenTLS(t, c, slog.New(slog.NewTextHandler(&log, nil)))
	if name := c.shown(t, base); name != "first" {
		t.Fatal(name)
	}
	// A renewal writes one file after the other: until both fit, the first goes on.
	cert, key := c.issue(t, "the second")
	c.write(t, c.cert, cert)
	for range 3 {
		if name := c.shown(t, base); name != "first" {
			t.Fatal(name)
		}
	}
	c.write(t, c.key, key)
	if name := c.shown(t, base); name != "the second" {
		t.Fatal(name)
	}
	_ = os.Remove(c.cert)
	for range 3 {
		if name := c.shown(t, base); name != "the second" {
			t.Fatal(name)
		}
	}
	third, key := c.issue(t, "the third one")
	c.write(t, c.key, key)
	c.write(t, c.cert, third)
	if name := c.shown(t, base); name != "the third one" {
		t.Fatal(name)
	}
	f.Drain() // the handler writes no more
	if told := strings.Count(log.String(), "cannot be used"); told < 2 || told > 4 {
		t.Errorf("told %d times:\n%s", told, log.String())
	}
}

func TestTLSIsRefusedWhereItCannotWork(t *testing.T) {
	c := newCertificates(t, "x")
	_, other := c.issue(t, "y")
	wrong := filepath.Join(t.TempDir(), "other.key")
	c.write(t, wrong, other)
	for _, pair := range [][2]string{{c.cert, wrong}, {c.key, c.cert}, {c.cert, "nowhere"}, {"nowhere", c.key}} {
		if _, err := server.TLSFromFiles(pair[0], pair[1], slog.Default()); err == nil {
			t.Errorf("%v: no error", pair)
		}
	}
}

// Calls, streams and deadlines over both versions of HTTP, and nothing below TLS 1.2.
func TestTLSCarriesCallsAndStreams(t *testing.T) {
	c := newCertificates(t, "x")
	f := newFixture(t, func(o *server.Options) { o.StreamAfter = time.Millisecond })
	base := f.listenTLS(t, c, slog.New(slog.DiscardHandler))
	for _, newest := range []bool{false, true} {
		client := c.client(t, newest)
		r := request(t, base, call("1", "hold", "x", 1, "5", ""))
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if (response.ProtoMajor == 2) != newest {
			t.Error(response.Proto)
		}
		await(t, f.started)
		e := stream(t, response)
		if m := e.message(); m.Method != "notifications/progress" {
			t.Error(m.raw)
		}
		f.release <- struct{}{}
		if m := e.message(); m.text() != "released x" {
			t.Error(m.raw)
		}
		response.Body.Close()
	}
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}}}
	if response, err := old.Get(base + "/healthz"); err == nil {
		response.Body.Close()
		t.Error("TLS 1.1 was taken")
	}
	// Whoever speaks plain HTTP to it is told so, and reaches nothing.
	plain, err := http.Get(strings.Replace(base, "https://", "http://", 1) + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if body, _ := io.ReadAll(plain.Body); plain.StatusCode != http.StatusBadRequest {
		t.Errorf("%s %s", plain.Status, body)
	}
}

// A connection that never says hello does not hold a shutdown up.
func TestTLSShutdownDoesNotWaitForSilentConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCertificates(t, "x")
		f := newFixture(t, nil)
		config, err := server.TLSFromFiles(c.cert, c.key, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		f.SetTLS(config)
		l, transport, stop, ended := f.listenInBubble(t)
		transport.TLSClientConfig = &tls.Config{RootCAs: c.roots}
		silent, err := l.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		response, err := transport.RoundTrip(request(t, "https://localhost", ping))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		began := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took >= time.Second {
			t.Errorf("the shutdown took %s", took)
		}
	})
}
