package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

// EmbeddedHost is the host name of a sandbox that lives in this process; the
// reserved domain makes sure that no request for it reaches a network.
const EmbeddedHost = "sandbox.seedance.invalid"

// apiPath is where the jobs API begins, below the base URL.
const apiPath = "/api/v1"

// Defaults of Options.
const (
	defaultCredits = 1_000_000
	defaultLimit   = 50
)

// pruneEvery is how often old records are looked for.
const pruneEvery = time.Hour

// Generation is a published shape of answers and webhooks.
type Generation string

// The four generations of the jobs API, oldest first.
const (
	GenerationZ        Generation = "z"
	GenerationWorkflow Generation = "workflow"
	GenerationB        Generation = "b"
	GenerationKinovi   Generation = "kinovi"
)

// Generations lists them all.
func Generations() []Generation {
	return []Generation{GenerationZ, GenerationWorkflow, GenerationB, GenerationKinovi}
}

// Options configure a Server. Only Catalog is required.
type Options struct {
	Catalog *catalog.Catalog
	// Dialect is how createTask's body is written; "": workflow.
	Dialect video.Dialect
	// Generation is the shape of answers; "": the dialect's own.
	Generation Generation
	// WebhookGeneration is the shape of webhooks; "": Generation.
	WebhookGeneration Generation
	// Speed divides every duration; 0: 1, at which a 5 s clip takes 8 s.
	Speed float64
	// Dir is a folder for tasks and uploads, made when missing and shared by
	// any number of processes; "": memory.
	Dir string
	// BaseURL is the scheme, host and path prefix under which this handler is
	// reached; links to media begin with it. "": the origin of each request.
	BaseURL string
	// Now is the clock; nil: time.Now. Webhooks and late answers also use the
	// runtime's timers.
	Now func() time.Time
	// Credits is what each account begins with; 0: 1,000,000.
	Credits video.Credits
	// Limit is how many tasks an account may run at once; 0: 50.
	Limit int
	// Logger gets nothing that a request contains; nil: silence.
	Logger *slog.Logger
	// Webhooks sends webhooks; nil: http.DefaultClient. Redirects are not
	// followed, and each try ends after 10 s.
	Webhooks *http.Client
}

// Server is a sandbox. It answers under the path of its base URL: the API
// under /api/v1, media under /media, and the books under /sandbox/books.
type Server struct {
	catalog    *catalog.Catalog
	dialect    video.Dialect
	generation Generation
	webhooks   Generation
	speed      float64
	baseURL    string
	prefix     string // the path of baseURL
	now        func() time.Time
	credits    video.Credits
	limit      int
	logger     *slog.Logger
	client     *http.Client
	accounts   map[[32]byte]account

	root    *os.Root // nil: memory
	shelf   *shelf
	uploads *uploads
	clips   *clips
	mux     *http.ServeMux

	// creating is held while a createTask is decided, so that balance and
	// limit are exact within one process.
	creating   sync.Mutex
	lastPruned time.Time

	life    context.Context // ends with Close; webhooks outlive the request that began them
	end     context.CancelFunc
	running sync.WaitGroup // webhooks
}

// New makes a sandbox. Close it.
func New(o Options) (*Server, error) {
	if o.Catalog == nil {
		return nil, errors.New("sandbox: no catalogue")
	}
	s := &Server{
		catalog: o.Catalog, dialect: o.Dialect, generation: o.Generation, webhooks: o.WebhookGeneration,
		speed: o.Speed, baseURL: strings.TrimRight(o.BaseURL, "/"), now: o.Now, credits: o.Credits, limit: o.Limit,
		logger: o.Logger, client: onlyThere(o.Webhooks), accounts: accounts(),
	}
	s.defaults()
	if err := s.checkOptions(); err != nil {
		return nil, err
	}
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("sandbox folder: %w", err)
		}
		root, err := os.OpenRoot(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("sandbox folder: %w", err)
		}
		s.root = root
	}
	s.shelf = newShelf(s.root, s.logger)
	s.uploads = newUploads(s.root)
	s.clips = newClips(render.Encode)
	s.life, s.end = context.WithCancel(context.Background())
	s.routes()
	return s, nil
}

func (s *Server) defaults() {
	if s.dialect == "" {
		s.dialect = video.Workflow
	}
	if s.generation == "" {
		s.generation = Generation(s.dialect)
	}
	if s.webhooks == "" {
		s.webhooks = s.generation
	}
	if s.speed == 0 {
		s.speed = 1
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.credits == 0 {
		s.credits = video.WholeCredits(defaultCredits)
	}
	if s.limit == 0 {
		s.limit = defaultLimit
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
}

func (s *Server) checkOptions() error {
	if s.dialect != video.Workflow && s.dialect != video.Kinovi {
		return fmt.Errorf("sandbox: unknown dialect %q", s.dialect)
	}
	for _, g := range []Generation{s.generation, s.webhooks} {
		if !slices.Contains(Generations(), g) {
			return fmt.Errorf("sandbox: unknown generation %q", g)
		}
	}
	if s.speed < 0.001 || s.speed > 1e6 {
		return fmt.Errorf("sandbox: speed %v is not between 0.001 and 1000000", s.speed)
	}
	base, err := url.Parse(s.baseURL)
	if err != nil || (s.baseURL != "" && !isWebURL(s.baseURL)) {
		return fmt.Errorf("sandbox: %q is not an http(s) URL", s.baseURL)
	}
	s.prefix = base.Path
	return nil
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("POST "+apiPath+"/jobs/createTask", s.createTask)
	s.mux.HandleFunc("GET "+apiPath+"/jobs/recordInfo", s.recordInfo)
	s.mux.HandleFunc("GET /media/{name}", s.media)
	s.mux.HandleFunc("GET /sandbox/books", s.readBooks)
	if s.dialect == video.Kinovi {
		s.mux.HandleFunc("POST "+apiPath+"/uploads", s.offerUpload)
		s.mux.HandleFunc("GET "+apiPath+"/uploads", s.confirmUpload)
		s.mux.HandleFunc("PUT /signed-uploads/{name}", s.takeUpload)
		s.mux.HandleFunc("GET /temp-uploads/{name}", s.serveUpload)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.answerRefusal(w, refuse(http.StatusNotFound, "Not found"))
	})
}

// ServeHTTP answers with or without the path of the base URL, so that the
// handler may be mounted behind http.StripPrefix or not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.prefix != "" && strings.HasPrefix(r.URL.Path, s.prefix+"/") {
		http.StripPrefix(s.prefix, s.mux).ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Close ends webhooks and hanging answers, and waits for the webhooks.
func (s *Server) Close() error {
	s.end()
	s.running.Wait()
	if s.root == nil {
		return nil
	}
	return s.root.Close()
}

// Key is the key that may do everything.
func (s *Server) Key() string { return KeyMain }

// clock is now in the precision of the API.
func (s *Server) clock() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// origin is where the links of an answer point to.
func (s *Server) origin(r *http.Request) string {
	if s.baseURL != "" {
		return s.baseURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// readJSON reads a request body of at most maxBody bytes.
func readJSON(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// answerJSON sends a whole JSON answer.
func (s *Server) answerJSON(w http.ResponseWriter, status int, body any) {
	s.answer(w, status, "application/json", s.encode(body))
}

// encode is body as JSON; every body is a type of this package that can be.
func (s *Server) encode(body any) []byte {
	data, err := json.Marshal(body)
	if err != nil {
		s.logger.Error("sandbox: cannot encode an answer", "error", err)
	}
	return data
}

func (s *Server) answer(w http.ResponseWriter, status int, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil { //nolint:gosec // JSON or fixed markup, typed as such
		s.logger.Debug("sandbox: the client went before the answer", "error", err)
	}
}

// pause waits for d, the end of ctx or Close; false: not for d.
func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.life.Done():
	}
	return false
}
