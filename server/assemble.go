package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

const (
	// Name is how the server introduces itself.
	Name  = "seedance-mcp"
	title = "Seedance video generation"

	// maxInstructions is in characters: some clients put the text into every prompt.
	maxInstructions = 500
)

// DefaultInstructions is the workflow in the words a model needs.
const DefaultInstructions = "Makes short videos from text and images; every video costs credits. " +
	"Workflow: 1. estimate_cost tells the price and spends nothing. " +
	"2. generate_video submits the job and returns a task_id within seconds, before the video exists. " +
	"3. get_task_status with that task_id and wait_seconds 45, repeated until status is success or fail. " +
	"Never call generate_video again for a video that is still being made, or after a lost answer: " +
	"get_task_status without task_id shows the latest task."

// Options is everything a Server depends on. Only Version and Tools are needed.
type Options struct {
	Version string
	Tools   []mcpserver.ServerTool
	// Instructions, at most 500 characters; "" is DefaultInstructions.
	Instructions string
	// Configure adds resources, prompts and the like before the first message.
	Configure func(*mcpserver.MCPServer)
	// Tasks are the durable tasks that tools' answers may stand for; nil: the
	// tasks extension is not offered.
	Tasks TaskView
	// PageSize is how many entries a list answers with at once; 0 is 100.
	PageSize int
	// Logger gets no prompts, keys or bodies; nil discards.
	Logger *slog.Logger
	// OnDrain is called once by Drain: from then on waiting tools must answer
	// with the present state.
	OnDrain func()

	// PublicURL is where callers elsewhere reach the server; its host and its
	// pages are served besides the allowed ones.
	PublicURL string
	// BasePath ("/videos") is where a proxy puts the server: everything is
	// served below it too.
	BasePath string
	// AllowedHosts are Host values, with or without port, accepted besides
	// loopback names. When set, all others are refused.
	AllowedHosts []string
	// AllowedOrigins are origins of browser pages ("https://app.example.com")
	// that may call, besides those of AllowedHosts and of loopback.
	AllowedOrigins []string
	// MaxBody is the largest HTTP body in bytes; 0 is 1 MiB.
	MaxBody int64
	// MaxConcurrent is how many MCP calls HTTP serves at once, waiting ones
	// included; 0 is 2000: a thousand may wait while others order.
	MaxConcurrent int
	// Limits are each caller's that has none of its own.
	Limits Limits
	// LimitsOf are a caller's own; what is zero, Limits say. It is asked at every
	// message. nil: nobody has any.
	LimitsOf func(ctx context.Context, principal string) Limits
	// Authenticate names the caller or fails. nil: everybody is local. Its
	// error's code decides the status: Forbidden 403, Unavailable 503, else 401;
	// with a method Challenge() string, its text and challenge are the answer's.
	Authenticate func(*http.Request) (principal string, err error)
	// Challenge is the WWW-Authenticate value of a 401; "" asks for a bearer key
	// and promises no OAuth, which makes clients try to register.
	Challenge string
	// WithPrincipal puts the authenticated caller where tools look for it.
	WithPrincipal func(ctx context.Context, name string) context.Context
	// Ready says what keeps the server from working; nil: always ready.
	Ready func(context.Context) error
	// Waiting says what keeps the server from taking calls yet, such as a
	// database that is away when it starts; "" once it takes them. Until then
	// calls get 503 and these words, and nothing is drained: no load balancer
	// has sent anything. nil: calls are taken.
	Waiting func() string
	// Webhook handles a callback's body; nil: callbacks are taken and forgotten.
	Webhook func(ctx context.Context, token string, body []byte) error
	// Extra are more handlers by path pattern, such as "/sandbox/" or "/metrics".
	// They are open to everybody whose Host and Origin are allowed: a page's
	// data goes through /mcp, with its caller's key.
	Extra map[string]http.Handler

	// TLS, such as TLSFromFiles makes; nil: plain HTTP.
	TLS *tls.Config
	// DrainDelay is how long ServeHTTP goes on as ever, but for /readyz, once it
	// is told to end: load balancers need a moment to look elsewhere.
	DrainDelay time.Duration

	// Around is put around everything that HTTP serves; nil: nothing.
	Around func(http.Handler) http.Handler

	// StreamAfter is how long an HTTP call may take before its answer becomes
	// an event stream; 0 is 50 ms.
	StreamAfter time.Duration
	// KeepAlive is how often a silent event stream gets a comment; 0 is 15 s.
	KeepAlive time.Duration
}

// timing are the waits that only tests change.
type timing struct {
	header   time.Duration // a request's headers must have arrived
	body     time.Duration // a request body must have arrived
	write    time.Duration // a client must have taken what was written
	shutdown time.Duration // open HTTP answers after a drain
	unused   time.Duration // a request on a new connection after a drain
	eof      time.Duration // open stdio answers after stdin's end
	callback time.Duration // a webhook's processing
}

// Server serves one set of tools over any number of connections.
type Server struct {
	options   Options
	timing    timing
	log       *slog.Logger
	mcp       *mcpserver.MCPServer
	handler   http.Handler
	hosts     hostGuard
	asks      *asks         // requests to clients over HTTP
	slots     chan struct{} // MCP calls over HTTP
	limiter   *limiter
	callbacks *callbacks
	unused    unusedConns
	leaving   atomic.Bool // ServeHTTP was told to end
	after     func(time.Duration) <-chan time.Time
	sessions  atomic.Uint64 // numbers sessions

	draining  context.Context // ended by Drain
	drain     context.CancelFunc
	drainOnce sync.Once
}

// New assembles a server; it opens nothing, so that the first answer is fast.
func New(options Options) (*Server, error) {
	if options.Version == "" {
		return nil, errors.New("server: no version")
	}
	if options.Authenticate != nil && options.WithPrincipal == nil {
		return nil, errors.New("server: callers are authenticated but tools would not know them: WithPrincipal is missing")
	}
	options.applyDefaults()
	if n := utf8.RuneCountInString(options.Instructions); n > maxInstructions {
		return nil, fmt.Errorf("server: instructions have %d characters, the limit is %d", n, maxInstructions)
	}
	s := &Server{
		options: options,
		timing: timing{
			header: 10 * time.Second, body: 10 * time.Second, write: 30 * time.Second, shutdown: 10 * time.Second, unused: 250 * time.Millisecond,
			eof: 700 * time.Millisecond, callback: 30 * time.Second,
		},
		log:       options.Logger,
		hosts:     newHostGuard(options.AllowedHosts, options.AllowedOrigins, options.PublicURL),
		asks:      newAsks(),
		slots:     make(chan struct{}, options.MaxConcurrent),
		limiter:   newLimiter(),
		callbacks: newCallbacks(),
		after:     time.After,
	}
	s.draining, s.drain = context.WithCancel(context.Background())
	s.mcp = mcpserver.NewMCPServer(Name, options.Version,
		mcpserver.WithTitle(title),
		mcpserver.WithInstructions(options.Instructions),
		// Nothing of this changes while the server runs: a client that was
		// promised changes would hold a stream open for nothing.
		mcpserver.WithToolCapabilities(false),
		mcpserver.WithResourceCapabilities(false, false),
		mcpserver.WithPromptCapabilities(false),
		mcpserver.WithCompletions(),
		mcpserver.WithToolHandlerMiddleware(s.recoverTool),
		mcpserver.WithResourceHandlerMiddleware(noteResourceFault),
		mcpserver.WithPromptHandlerMiddleware(notePromptFault),
	)
	s.mcp.AddTools(options.Tools...)
	if options.Configure != nil {
		options.Configure(s.mcp)
	}
	s.declareExtensions()
	handler, err := s.routes()
	if err != nil {
		return nil, err
	}
	s.handler = handler
	if options.Around != nil {
		s.handler = options.Around(handler)
	}
	return s, nil
}

func (o *Options) applyDefaults() {
	if o.Instructions == "" {
		o.Instructions = DefaultInstructions
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxConcurrent <= 0 {
		o.MaxConcurrent = 2000
	}
	if o.Challenge == "" {
		o.Challenge = `Bearer realm="` + Name + `"`
	}
	if o.PageSize <= 0 {
		o.PageSize = pageSize
	}
	if o.StreamAfter <= 0 {
		o.StreamAfter = 50 * time.Millisecond
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = 15 * time.Second
	}
}

// Drain ends what would otherwise stay open: it calls Options.OnDrain, closes
// subscription streams with their result and makes /readyz say no. Calls go on
// to their answer. Later calls do nothing.
func (s *Server) Drain() {
	s.drainOnce.Do(func() {
		s.drain()
		if s.options.OnDrain != nil {
			s.options.OnDrain()
		}
	})
}

// recoverTool turns a panic into a result: many clients hide protocol errors
// from the model, which would then repeat a paid call.
func (s *Server) recoverTool(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
		defer func() {
			if cause := recover(); cause != nil {
				s.log.ErrorContext(ctx, "tool panicked", "tool", request.Params.Name, "cause", cause, "stack", string(debug.Stack()))
				result, err = mcp.NewToolResultError("seedance-mcp failed inside "+strconv.Quote(request.Params.Name)+
					"; the arguments are not to blame. Call get_task_status without task_id before repeating anything that costs credits."), nil
			}
		}()
		result, err = next(ctx, request)
		noteFault(ctx, err)
		s.noteTask(ctx, request.Params.Name, result)
		return result, err
	}
}

// dispatch runs one message; nil for notifications. A panic is answered as an
// internal error: it must not take the other callers down.
func (s *Server) dispatch(ctx context.Context, from *session, m incoming) (answer mcp.JSONRPCMessage) {
	start := time.Now()
	defer func() {
		if cause := recover(); cause != nil {
			s.log.ErrorContext(ctx, "request panicked", "method", m.Method, "cause", cause, "stack", string(debug.Stack()))
			answer = failure(m.ID, mcp.INTERNAL_ERROR, "The server failed while handling this request.")
		}
		_, failed := answer.(mcp.JSONRPCError)
		s.log.DebugContext(ctx, "mcp", "method", m.Method, "took", time.Since(start), "failed", failed)
	}()
	ctx = s.mcp.WithContext(ctx, from)
	switch {
	case s.concernsTasks(m):
		return s.tasks(ctx, m)
	case m.Method == string(mcp.MethodSubscriptionsListen):
		if refusal := s.taskListener(m); refusal != nil {
			return refusal
		}
		var stop func()
		ctx, stop = s.listen(ctx, from)
		defer stop()
	}
	return s.answer(ctx, from, m)
}

// answer is the core's, with what it leaves to us: pages, introductions, tasks.
func (s *Server) answer(ctx context.Context, from *session, m incoming) mcp.JSONRPCMessage {
	after, raw, refusal := uncursored(m)
	if refusal != nil {
		return *refusal
	}
	answer := s.explained(ctx, from, m, s.mcp.HandleMessage(ctx, raw))
	response, ok := answer.(mcp.JSONRPCResponse)
	if !ok {
		return answer
	}
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodInitialize, mcp.MethodServerDiscover:
		response.Result = s.introduced(response.Result)
	case mcp.MethodToolsCall:
		if task := from.announced(); task != nil {
			response.Result = s.newTaskResult("task", *task)
		}
	default:
		if isList(m.Method) {
			response.Result = paged(m.Method, after, s.options.PageSize, response.Result)
		}
	}
	return response
}
