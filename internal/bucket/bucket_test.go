package bucket_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"seedance-mcp/internal/bucket"
	"seedance-mcp/internal/video"
)

const (
	id     = "AKIDEXAMPLENOTREAL"
	secret = "not-a-real-secret"
	region = "eu-test-1"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// service is an S3 that stores what is signed rightly and has the hash that
// was signed, and gives it to whoever has a signed link or signs.
type service struct {
	t *testing.T

	mu      sync.Mutex
	objects map[string][]byte
	types   map[string]string
	refuse  func(w http.ResponseWriter, r *http.Request) bool
	clock   time.Time
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if s.refuse != nil && s.refuse(w, r) {
		return
	}
	if code := s.unsigned(r, body); code != "" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>no</Message></Error>", code)
		return
	}
	switch r.Method {
	case http.MethodPut:
		s.objects[r.URL.Path], s.types[r.URL.Path] = body, r.Header.Get("Content-Type")
	case http.MethodDelete:
		delete(s.objects, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	default:
		object, found := s.objects[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
			return
		}
		w.Write(object)
	}
}

// unsigned is S3's code for what is wrong with a signature.
func (s *service) unsigned(r *http.Request, body []byte) string {
	credentials := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
	fresh := signer.NewSigner(func(o *signer.SignerOptions) { o.DisableURIPathEscaping = true })
	again := r.Clone(r.Context())
	again.URL.Scheme, again.URL.Host, again.Body = "http", r.Host, nil
	query := r.URL.Query()
	if given := query.Get("X-Amz-Signature"); given != "" {
		at, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
		lasts, _ := strconv.Atoi(query.Get("X-Amz-Expires"))
		if err != nil || s.clock.After(at.Add(time.Duration(lasts)*time.Second)) {
			return "AccessDenied"
		}
		again.URL.RawQuery = url.Values{"X-Amz-Expires": {query.Get("X-Amz-Expires")}}.Encode()
		again.Header = http.Header{}
		link, _, err := fresh.PresignHTTP(r.Context(), credentials, again, "UNSIGNED-PAYLOAD", "s3", region, at)
		if err != nil || !strings.Contains(link, "X-Amz-Signature="+given) {
			return "SignatureDoesNotMatch"
		}
		return ""
	}
	sum := sha256.Sum256(body)
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if hash != hex.EncodeToString(sum[:]) {
		return "XAmzContentSHA256Mismatch"
	}
	given := r.Header.Get("Authorization")
	again.Header = http.Header{"X-Amz-Content-Sha256": {hash}}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		again.Header.Set("Content-Type", kind)
	}
	again.ContentLength = r.ContentLength
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || fresh.SignHTTP(r.Context(), credentials, again, hash, "s3", region, at) != nil || again.Header.Get("Authorization") != given {
		return "SignatureDoesNotMatch"
	}
	return ""
}

func newService(t *testing.T) (*service, *httptest.Server) {
	t.Helper()
	s := &service{t: t, objects: map[string][]byte{}, types: map[string]string{}, clock: noon}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server
}

func options(server *httptest.Server) bucket.Options {
	return bucket.Options{
		Endpoint: server.URL, Region: region, Name: "videos", Prefix: "team/clips/", AccessKeyID: id, SecretAccessKey: secret,
		Now: func() time.Time { return noon },
	}
}

func open(t *testing.T, o bucket.Options) *bucket.Bucket {
	t.Helper()
	b, err := bucket.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, b *bucket.Bucket, key, text string) error {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	return b.Put(t.Context(), key, strings.NewReader(text), int64(len(text)), hex.EncodeToString(sum[:]), "video/mp4")
}

func TestObjectsComeBack(t *testing.T) {
	s, server := newService(t)
	b := open(t, options(server))
	if err := put(t, b, "abc/fox.mp4", "a video"); err != nil {
		t.Fatal(err)
	}
	if got := s.types["/videos/team/clips/abc/fox.mp4"]; got != "video/mp4" {
		t.Errorf("stored %v as %q", s.objects, got)
	}
	var back bytes.Buffer
	if err := b.Get(t.Context(), "abc/fox.mp4", &back); err != nil || back.String() != "a video" {
		t.Errorf("%q %v", back.String(), err)
	}
	if err := b.Delete(t.Context(), "abc/fox.mp4"); err != nil || len(s.objects) != 0 {
		t.Errorf("%v, left %v", err, s.objects)
	}
}

// Half a clip would be looked at as if it were all of it.
func TestLargeObjectsComeBackWhole(t *testing.T) {
	s, server := newService(t)
	b := open(t, options(server))
	video := strings.Repeat("a video ", 100_000)
	if err := put(t, b, "abc/fox.mp4", video); err != nil {
		t.Fatal(err)
	}
	var back bytes.Buffer
	if err := b.Get(t.Context(), "abc/fox.mp4", &back); err != nil || back.String() != video {
		t.Errorf("%d of %d bytes, %v", back.Len(), len(video), err)
	}
	s.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Length", strconv.Itoa(len(video)))
		io.WriteString(w, video[:len(video)/2])
		return true
	}
	if err := b.Get(t.Context(), "abc/fox.mp4", io.Discard); err == nil {
		t.Error("half of it is no error")
	}
}

func TestLinkNeedsNoCredentialsAndEnds(t *testing.T) {
	s, server := newService(t)
	b := open(t, options(server))
	if err := put(t, b, "abc/fox.mp4", "a video"); err != nil {
		t.Fatal(err)
	}
	link, ends, err := b.Link("abc/fox.mp4", time.Hour)
	if err != nil || !ends.Equal(noon.Add(time.Hour)) {
		t.Fatal(ends, err)
	}
	if strings.Contains(link, secret) {
		t.Error("the secret stands in the link")
	}
	status := func(link string, clock time.Time) int {
		s.mu.Lock()
		s.clock = clock
		s.mu.Unlock()
		response, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	for name, test := range map[string]struct {
		link  string
		clock time.Time
		want  int
	}{
		"fresh":      {link, noon.Add(59 * time.Minute), http.StatusOK},
		"ended":      {link, noon.Add(61 * time.Minute), http.StatusForbidden},
		"longer":     {strings.Replace(link, "X-Amz-Expires=3600", "X-Amz-Expires=7200", 1), noon, http.StatusForbidden},
		"other file": {strings.Replace(link, "fox", "cat", 1), noon, http.StatusForbidden},
	} {
		if got := status(test.link, test.clock); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if _, ends, _ := b.Link("abc/fox.mp4", 30*24*time.Hour); !ends.Equal(noon.Add(bucket.LongestLink)) {
		t.Errorf("a link of 30 days ends at %v", ends)
	}
}

func TestRefusalsSayWhatToChange(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*bucket.Options)
		refuse  func(w http.ResponseWriter, r *http.Request) bool
		message string
		advice  string
	}{
		"wrong secret": {change: func(o *bucket.Options) { o.SecretAccessKey = "wrong" }, message: "403 SignatureDoesNotMatch", advice: "SEEDANCE_S3_SECRET_ACCESS_KEY"},
		"wrong region": {refuse: answer(http.StatusMovedPermanently, "PermanentRedirect"), message: "301 PermanentRedirect", advice: "SEEDANCE_S3_REGION"},
		"no bucket":    {refuse: answer(http.StatusNotFound, "NoSuchBucket"), message: "404 NoSuchBucket", advice: "SEEDANCE_COPY_TO"},
		"no rights":    {refuse: answer(http.StatusForbidden, "AccessDenied"), message: "403 AccessDenied", advice: "s3:PutObject"},
		"broken":       {refuse: answer(http.StatusServiceUnavailable, "SlowDown"), message: "503 SlowDown", advice: "again by itself"},
		"not XML": {refuse: func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "<html>a proxy\x1b[31m "+strings.Repeat("x", 1<<20), http.StatusBadGateway)
			return true
		}, message: "502 Bad Gateway", advice: "again by itself"},
		"strange code": {refuse: answer(http.StatusTeapot, "\x1b[31m"+strings.Repeat("A", 200)), message: "418 Tea", advice: "again"},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := newService(t)
			s.refuse = test.refuse
			o := options(server)
			if test.change != nil {
				test.change(&o)
			}
			err := put(t, open(t, o), "k", "a video")
			if video.CodeOf(err) != video.Unavailable { // whatever it is may be put right
				t.Fatalf("%v", err)
			}
			said := err.Error()
			if name == "strange code" {
				if strings.Contains(said, "\x1b") || len(said) > 300 {
					t.Errorf("%q", said)
				}
				return
			}
			if !strings.Contains(said, test.message) || !strings.Contains(said, test.advice) || strings.Contains(said, secret) {
				t.Errorf("%q", said)
			}
		})
	}
}

func answer(status int, code string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
		return true
	}
}

// What arrives is what was meant: the service checks the hash.
func TestPutIsChecked(t *testing.T) {
	s, server := newService(t)
	b := open(t, options(server))
	err := b.Put(t.Context(), "k", strings.NewReader("other bytes"), 11, strings.Repeat("0", 64), "")
	if err == nil || !strings.Contains(err.Error(), "XAmzContentSHA256Mismatch") || len(s.objects) != 0 {
		t.Errorf("%v, stored %v", err, s.objects)
	}
	if err := b.Put(t.Context(), "k", strings.NewReader("short"), 500, strings.Repeat("0", 64), ""); err == nil || len(s.objects) != 0 {
		t.Errorf("half a file: %v, stored %v", err, s.objects)
	}
}

func TestNobodyThere(t *testing.T) {
	_, server := newService(t)
	o := options(server)
	server.Close()
	if err := put(t, open(t, o), "k", "v"); video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "SEEDANCE_S3_ENDPOINT") {
		t.Errorf("%v", err)
	}
}

func TestEndpointMustBeOne(t *testing.T) {
	for _, endpoint := range []string{"", "s3.example.com", "ftp://s3.example.com", "https://user@s3.example.com", "https://s3.example.com?x=1", "https://"} {
		if _, err := bucket.New(bucket.Options{Endpoint: endpoint}); err == nil {
			t.Errorf("%q was accepted", endpoint)
		}
	}
}
