package copies

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/media"
)

// FilesPath is where a Folder's handler is mounted.
const FilesPath = "/files/"

// Fetcher saves a video to disk; a [media.Fetcher] does.
type Fetcher interface {
	Fetch(ctx context.Context, job media.Job) (media.File, error)
}

// FolderOptions are what a Folder depends on.
type FolderOptions struct {
	// Dir is where the copies lie; Fetch saves there.
	Dir   string
	Fetch Fetcher
	// URL is where callers reach the handler, FilesPath included.
	URL string
	// Key signs the links. All processes that serve the folder have the same.
	Key []byte
	// Lasts is how long a link leads somewhere.
	Lasts time.Duration
	Now   func() time.Time
}

// Folder keeps copies in a folder of this machine, or one that several
// machines share.
type Folder struct{ options FolderOptions }

// NewFolder makes a Folder; nothing is touched yet.
func NewFolder(o FolderOptions) *Folder { return &Folder{o} }

// Fetch copies a video into the folder.
func (f *Folder) Fetch(ctx context.Context, job media.Job) (media.File, error) {
	job.Dir, job.Sidecar = "", nil // what was asked for is in the store, not beside what others may fetch
	file, err := f.options.Fetch.Fetch(ctx, job)
	if err != nil {
		return media.File{}, err
	}
	name, err := filepath.Rel(f.options.Dir, file.Path)
	if err != nil {
		return media.File{}, fmt.Errorf("a copy outside its folder: %w", err)
	}
	file.Path, file.Copy = "", filepath.ToSlash(name)
	return file, nil
}

// Link leads to a copy for a while, without any credentials.
func (f *Folder) Link(name string) (link string, ends time.Time, err error) {
	ends = f.options.Now().Add(f.options.Lasts).Truncate(time.Second)
	query := url.Values{
		"expires":   {strconv.FormatInt(ends.Unix(), 10)},
		"signature": {base64.RawURLEncoding.EncodeToString(f.sign(name, ends.Unix()))},
	}
	return f.options.URL + (&url.URL{Path: name}).EscapedPath() + "?" + query.Encode(), ends, nil
}

// Read copies a copy to w.
func (f *Folder) Read(_ context.Context, name string, w io.Writer) error {
	file, _, err := f.open(name)
	if err != nil {
		return fmt.Errorf("a copy: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	_, err = io.Copy(w, file)
	return err
}

// Origin is where links lead to, for policies of pages.
func (f *Folder) Origin() string {
	at, err := url.Parse(f.options.URL)
	if err != nil {
		return ""
	}
	return at.Scheme + "://" + at.Host
}

// Check writes and reads a trial file.
func (f *Folder) Check(context.Context) error {
	if err := os.MkdirAll(f.options.Dir, 0o700); err != nil {
		return fmt.Errorf("the folder cannot be made: %w", err)
	}
	trial, err := os.CreateTemp(f.options.Dir, ".trial-*")
	if err != nil {
		return fmt.Errorf("the folder cannot be written: %w", err)
	}
	return errors.Join(trial.Close(), os.Remove(trial.Name()))
}

func (f *Folder) sign(name string, ends int64) []byte {
	mac := hmac.New(sha256.New, f.options.Key)
	fmt.Fprintf(mac, "seedance-mcp file 1\n%d\n%s", ends, name)
	return mac.Sum(nil)
}

// ServeHTTP gives a copy to whoever has a link that is signed and has not
// ended. What the link leads to was decided when it was signed: nothing is
// looked up by what the caller says.
func (f *Folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET is served here.", http.StatusMethodNotAllowed)
		return
	}
	name, _ := strings.CutPrefix(r.URL.Path, FilesPath)
	query := r.URL.Query()
	ends, badTime := strconv.ParseInt(query.Get("expires"), 10, 64)
	given, badText := base64.RawURLEncoding.DecodeString(query.Get("signature"))
	now := f.options.Now()
	switch {
	case badTime != nil || badText != nil || !hmac.Equal(given, f.sign(name, ends)):
		http.Error(w, "This link is not valid. get_task_status gives one that is.", http.StatusForbidden)
		return
	case now.Unix() >= ends:
		http.Error(w, "This link has ended. get_task_status gives a new one.", http.StatusForbidden)
		return
	}
	file, info, err := f.open(name)
	if err != nil {
		notThere(w, err)
		return
	}
	defer func() { _ = file.Close() }() // nothing was written
	h := w.Header()
	h.Set("Content-Type", typeOf(name))
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": filepath.Base(name)}))
	h.Set("Cache-Control", "private, max-age="+strconv.FormatInt(ends-now.Unix(), 10))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // whoever has the link may show it
	http.ServeContent(w, r, "", info.ModTime(), file)
}

// open opens a copy, and nothing outside the folder.
func (f *Folder) open(name string) (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(f.options.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = root.Close() }() // nothing was written
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, nil, err
	}
	return file, info, nil
}

func notThere(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "The copy was removed.", http.StatusNotFound)
		return
	}
	http.Error(w, "The copy cannot be read now.", http.StatusServiceUnavailable)
}

// typeOf never makes a page of a video, whatever the system's tables say.
func typeOf(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".mov":
		return "video/quicktime"
	}
	return "application/octet-stream"
}
