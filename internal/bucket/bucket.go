package bucket

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"seedance-mcp/internal/video"
)

const (
	// LongestLink is what S3 allows a signed link to last.
	LongestLink = 7 * 24 * time.Hour

	service = "s3"
	// unsigned stands for the hash of a body that is not signed: links have
	// none.
	unsigned = "UNSIGNED-PAYLOAD"
	// emptyHash is the SHA-256 of nothing.
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	// putTimeout bounds one upload: 2 GiB at 10 Mbit/s take half an hour.
	putTimeout = 40 * time.Minute
	// answerTimeout is how long the service may be silent once it has all.
	answerTimeout = time.Minute
	// maxAnswer is how much is read of an answer that is no object.
	maxAnswer = 64 << 10
)

// Options say where the bucket is and who writes to it.
type Options struct {
	// Endpoint is the service's address, without the bucket:
	// https://s3.eu-central-1.amazonaws.com. Callers reach the links there.
	Endpoint string
	Region   string
	Name     string
	// Prefix stands before every key; "" or ending in a slash.
	Prefix          string
	AccessKeyID     string
	SecretAccessKey string
	Now             func() time.Time
	// Transport is http.DefaultTransport when nil.
	Transport http.RoundTripper
}

// Bucket is one bucket. It holds no resources and may be used by several
// goroutines at once.
type Bucket struct {
	options Options
	base    *url.URL
	signer  *signer.Signer
	client  *http.Client
}

// New makes a Bucket; nothing is asked yet.
func New(o Options) (*Bucket, error) {
	base, err := url.Parse(o.Endpoint)
	if err != nil || (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" || base.RawQuery != "" || base.User != nil {
		return nil, errors.New("the endpoint must be an http(s) URL such as https://s3.eu-central-1.amazonaws.com")
	}
	base.Path = strings.TrimRight(base.Path, "/")
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	if known, ok := transport.(*http.Transport); ok {
		known = known.Clone()
		known.ResponseHeaderTimeout = answerTimeout
		transport = known
	}
	return &Bucket{
		options: o, base: base,
		signer: signer.NewSigner(func(s *signer.SignerOptions) { s.DisableURIPathEscaping = true }), // S3's own rule
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Put stores body under key, in one piece or not at all. size is its length in
// bytes and hash its SHA-256 in hex, which the service checks.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, size int64, hash, mediaType string) error {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	r, err := b.request(ctx, http.MethodPut, key, body)
	if err != nil {
		return err
	}
	r.ContentLength = size
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	return b.do(ctx, r, hash, nil)
}

// Get copies what is stored under key to w, all of it or with an error.
func (b *Bucket) Get(ctx context.Context, key string, w io.Writer) error {
	r, err := b.request(ctx, http.MethodGet, key, nil)
	if err != nil {
		return err
	}
	return b.do(ctx, r, emptyHash, w)
}

// Delete removes what is stored under key, if anything is.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	r, err := b.request(ctx, http.MethodDelete, key, nil)
	if err != nil {
		return err
	}
	return b.do(ctx, r, emptyHash, nil)
}

// Link leads to what is stored under key, for as long as lasts, without any
// credentials. Nothing is asked.
func (b *Bucket) Link(key string, lasts time.Duration) (link string, ends time.Time, err error) {
	lasts = min(lasts, LongestLink)
	r, err := b.request(context.Background(), http.MethodGet, key, nil)
	if err != nil {
		return "", time.Time{}, err
	}
	r.URL.RawQuery = url.Values{"X-Amz-Expires": {strconv.Itoa(int(lasts / time.Second))}}.Encode()
	now := b.options.Now()
	link, _, err = b.signer.PresignHTTP(r.Context(), b.credentials(), r, unsigned, service, b.options.Region, now)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign a link: %w", err)
	}
	return link, now.Add(lasts).Truncate(time.Second), nil
}

// Origin is where links lead to, for policies of pages.
func (b *Bucket) Origin() string { return b.base.Scheme + "://" + b.base.Host }

func (b *Bucket) request(ctx context.Context, method, key string, body io.Reader) (*http.Request, error) {
	at := *b.base
	at.Path += "/" + b.options.Name + "/" + b.options.Prefix + key
	r, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, fmt.Errorf("the bucket's address: %w", err)
	}
	return r, nil
}

func (b *Bucket) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: b.options.AccessKeyID, SecretAccessKey: b.options.SecretAccessKey}
}

// do signs and sends, and copies the whole answer to w, if there is one.
func (b *Bucket) do(ctx context.Context, r *http.Request, hash string, w io.Writer) error {
	r.Header.Set("X-Amz-Content-Sha256", hash)
	if err := b.signer.SignHTTP(ctx, b.credentials(), r, hash, service, b.options.Region, b.options.Now()); err != nil {
		return fmt.Errorf("sign a request: %w", err)
	}
	response, err := b.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &video.Error{
			Code:       video.Unavailable,
			Message:    "The bucket's service at " + b.base.Host + " does not answer.",
			Suggestion: "See that SEEDANCE_S3_ENDPOINT is right and can be reached from here.",
			Err:        err,
		}
	}
	defer func() { _ = response.Body.Close() }() // read as far as it is wanted
	if response.StatusCode/100 != 2 {
		return b.refusal(response)
	}
	body := io.Reader(response.Body)
	if w == nil {
		w, body = io.Discard, io.LimitReader(body, maxAnswer)
	}
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("the bucket's answer: %w", err)
	}
	return nil
}

// refusal tells what the service said, in its own code. Whatever it is may be
// put right by the bucket's owner, so that a later try can succeed.
func (b *Bucket) refusal(response *http.Response) error {
	var said struct {
		Code string `xml:"Code"`
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil {
		err = xml.Unmarshal(text, &said)
	}
	if err != nil || said.Code == "" {
		said.Code = http.StatusText(response.StatusCode)
	}
	return &video.Error{
		Code:       video.Unavailable,
		Message:    fmt.Sprintf("The bucket %s refuses: %d %s.", b.options.Name, response.StatusCode, video.Clip(said.Code, 60)),
		Suggestion: advice(said.Code, response.StatusCode),
	}
}

func advice(code string, status int) string {
	switch {
	case code == "NoSuchBucket":
		return "Make the bucket, or name another one in SEEDANCE_COPY_TO."
	case code == "SignatureDoesNotMatch", code == "InvalidAccessKeyId":
		return "Correct SEEDANCE_S3_ACCESS_KEY_ID and SEEDANCE_S3_SECRET_ACCESS_KEY."
	case code == "RequestTimeTooSkewed":
		return "Set this machine's clock."
	case code == "AuthorizationHeaderMalformed", status/100 == 3:
		return "Correct SEEDANCE_S3_REGION and SEEDANCE_S3_ENDPOINT: the bucket is in another region."
	case status == http.StatusForbidden:
		return "Allow the access key s3:PutObject, s3:GetObject and s3:DeleteObject on the bucket."
	}
	return "It is tried again by itself."
}
