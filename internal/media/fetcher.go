package media

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

const (
	// defaultMaxBytes is far above any video that the upstream makes.
	defaultMaxBytes = 2 << 30
	// patience is how long a server may send nothing, before its answer and
	// between two pieces of it. There is no limit on the whole.
	patience = 30 * time.Second
	// A fetch that breaks off is tried maxTries times, with a pause that
	// doubles from firstPause. A try that brought progressStep counts as none.
	maxTries     = 4
	firstPause   = 500 * time.Millisecond
	progressStep = 1 << 20
	// lockPause is how often a fetch looks whether another process that fetches
	// the same video has finished.
	lockPause = 200 * time.Millisecond
)

// Options configure a Fetcher. Root is required.
type Options struct {
	// Root is the usual folder; it is made when it is first needed.
	Root string
	// MaxBytes is the largest file that is fetched; 0: 2 GiB.
	MaxBytes int64
	// Folders are the other folders that a job may name. They must exist.
	Folders []string
	// Local are hosts, as "host" or "host:port", that are asked through the
	// given RoundTripper, without any check of their address.
	Local map[string]http.RoundTripper
	// AllowLoopback permits this machine's own addresses, and no other that is
	// not public: right where the upstream itself runs here.
	AllowLoopback bool
	Logger        *slog.Logger
}

// Job is one video to fetch.
type Job struct {
	URL string
	// Name is the file's name without ending. It is made safe, and gets -2, -3
	// and so on where another file has it.
	Name string
	// Dir is a folder inside Root, relative to it or absolute, or one inside
	// Folders. "": Root itself. It is made where it is missing.
	Dir string
	// Sidecar is written as JSON beside the video, with what is known about
	// the file added under "file". nil: no sidecar.
	Sidecar any
}

// File is a video that was fetched.
type File struct {
	Path      string // absolute; "" once only Copy is left
	Copy      string // its name at the place for copies; "": none was made
	Bytes     int64
	SHA256    string // hex
	MediaType string
}

// Fetcher fetches videos. It holds no resources between two fetches and may
// be used by several goroutines at once.
type Fetcher struct {
	folders  *folders
	client   *http.Client
	maxBytes int64
	log      *slog.Logger
	pause    func(context.Context, time.Duration) error
}

// New makes a Fetcher. It touches neither disk nor network. The proxy settings
// are those of the environment as it is now.
func New(o Options) (*Fetcher, error) {
	allowed, err := newFolders(o.Root, o.Folders)
	if err != nil {
		return nil, err
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxBytes < 0 {
		return nil, video.Errorf(video.Invalid, "The largest file to fetch has %d bytes; it must be a positive number.", o.MaxBytes)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	router := newRouter(o.Local, o.AllowLoopback)
	return &Fetcher{
		folders:  allowed,
		client:   &http.Client{Transport: router, CheckRedirect: router.redirect},
		maxBytes: o.MaxBytes,
		log:      o.Logger,
		pause:    pause,
	}, nil
}

// Fetch saves the job's video, going on with a part that an earlier fetch left,
// and gives the file. The same video saved before under that name is given
// without being fetched again. Part and validators stay when the fetch ends
// early, by ctx, by a break or by the end of the process.
//
// Invalid or Forbidden: the same job would fail again. NotFound: the link has
// expired. Unavailable: network, server or disk; worth another try later. When
// ctx is done the error is that of ctx.
func (f *Fetcher) Fetch(ctx context.Context, job Job) (File, error) {
	src, err := parseSource(job.URL)
	if err != nil {
		return File{}, err
	}
	note, err := newSidecar(job.Sidecar)
	if err != nil {
		return File{}, err
	}
	dir, err := f.folders.open(job.Dir)
	if err != nil {
		return File{}, err
	}
	defer dir.close()
	stem := safeName(job.Name)
	p, err := f.claim(ctx, dir, stem, src)
	if err != nil {
		return File{}, err
	}
	file, err := f.save(ctx, p, stem, src, note)
	if err == nil || hopeless(err) {
		p.discard()
		return file, err
	}
	p.leave()
	return file, err
}

// claim waits until the part is this fetch's own.
func (f *Fetcher) claim(ctx context.Context, dir *folder, stem string, src source) (*part, error) {
	for {
		p, err := openPart(dir, stem, src)
		if err != nil || p != nil {
			return p, err
		}
		if err := f.pause(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}

// save fetches into the claimed part and gives it its name.
func (f *Fetcher) save(ctx context.Context, p *part, stem string, src source, note *sidecar) (File, error) {
	saved, found, err := p.dir.saved(ctx, stem, src)
	if err != nil {
		return File{}, err
	}
	if found {
		if err := p.dir.writeSidecar(note, saved, src); err != nil {
			return File{}, err
		}
		return p.dir.describe(saved), nil
	}
	if err := p.load(ctx); err != nil {
		return File{}, err
	}
	if err := f.fill(ctx, p, src); err != nil {
		return File{}, err
	}
	done, err := p.finish()
	if err != nil {
		return File{}, err
	}
	saved, err = p.dir.publish(ctx, p, stem, done, note != nil)
	if err != nil {
		return File{}, err
	}
	if err := p.dir.writeSidecar(note, saved, src); err != nil {
		return File{}, err
	}
	return p.dir.describe(saved), nil
}

// fill asks until the part is complete, a few times if the stream breaks.
func (f *Fetcher) fill(ctx context.Context, p *part, src source) error {
	if p.resumable() {
		f.log.Info("a download goes on", "host", src.host(), "from", p.size)
	}
	furthest := p.size
	for tries := 1; !p.complete; tries++ {
		again, err := f.try(ctx, p, src)
		if err == nil {
			continue
		}
		if p.size >= furthest+progressStep && p.resumable() {
			furthest, tries = p.size, 0
		}
		if !again || tries >= maxTries || ctx.Err() != nil {
			return err
		}
		f.log.Info("a download broke off", "host", src.host(), "bytes", p.size, "error", err)
		if err := f.pause(ctx, firstPause<<max(0, tries-1)); err != nil {
			return err
		}
	}
	return nil
}

// hopeless says that the part will never become the file.
func hopeless(err error) bool {
	code := video.CodeOf(err)
	return code == video.Invalid || code == video.Forbidden
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hostKey is how Local is looked up.
func hostKey(host string) string { return strings.ToLower(host) }
