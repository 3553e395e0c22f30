package telemetry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// scrapeLimit is how long the store may take to answer a scrape.
const scrapeLimit = 5 * time.Second

// Standing is what the store knows of all tasks; store.Store says more.
type Standing interface {
	InFlight(ctx context.Context) (map[video.State]int, error)
	CreditsByPrincipal(ctx context.Context, since time.Time, sandbox bool) ([]store.PrincipalCredits, error)
}

// Sources are asked at each scrape.
type Sources struct {
	// Standing gives the store.
	Standing func(ctx context.Context) (Standing, error)
	// Overdue counts what is due and not looked at.
	Overdue func(ctx context.Context) (int, error)
	// Sandbox says that it is the sandbox's credits that are told.
	Sandbox bool
	Now     func() time.Time
	Logger  *slog.Logger
	// Token must be the caller's bearer token; "": none is asked for, and only
	// requests to a loopback name are answered, so that no web page gets here
	// by a name of its own.
	Token string
}

// Handler serves the figures at GET /metrics. They name principals and what
// they spend.
func (m *Metrics) Handler(s Sources) http.Handler {
	mux := http.NewServeMux()
	var silent atomic.Bool // the log knows already that the store is away
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if status := s.refusal(r); status != 0 {
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="seedance-mcp metrics"`)
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		var figures bytes.Buffer
		m.set.WritePrometheus(&figures)
		fmt.Fprintf(&figures, "%s 1\n", labelled(buildInfo, "version", m.version))
		s.write(r.Context(), &figures, &silent)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		introduce(w, figures.String())
		metrics.WriteProcessMetrics(w)
	})
	return mux
}

// refusal is the status with which a request is turned away, 0 for none.
func (s Sources) refusal(r *http.Request) int {
	if s.Token == "" {
		if r.Header.Get("Origin") != "" || !loopbackName(r.Host) {
			return http.StatusForbidden
		}
		return 0
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(s.Token))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return http.StatusUnauthorized
	}
	return 0
}

func loopbackName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || (err == nil && ip.Unmap().IsLoopback())
}

// write adds what the store knows.
func (s Sources) write(ctx context.Context, w io.Writer, silent *atomic.Bool) {
	ctx, cancel := context.WithTimeout(ctx, scrapeLimit)
	defer cancel()
	up := 1
	err := s.writeStanding(ctx, w)
	if err != nil {
		up = 0
	}
	if known := silent.Swap(err != nil); err != nil && !known {
		s.Logger.Warn("the store cannot be asked for figures; told once until it can", "error", err)
	}
	fmt.Fprintf(w, "%s %d\n", storeUp, up)
}

func (s Sources) writeStanding(ctx context.Context, w io.Writer) error {
	standing, err := s.Standing(ctx)
	if err != nil {
		return err
	}
	now := s.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	credits, err := standing.CreditsByPrincipal(ctx, month, s.Sandbox)
	if err != nil {
		return err
	}
	inFlight, err := standing.InFlight(ctx)
	if err != nil {
		return err
	}
	overdue, err := s.Overdue(ctx)
	if err != nil {
		return err
	}
	// A family's lines stand together. Amounts are written as they are, not as
	// floating-point numbers: only who reads them may round.
	for _, row := range credits {
		fmt.Fprintf(w, "%s %s\n", labelled(creditsCharged, "principal", row.Principal, "model", row.Model), row.Charged)
	}
	for _, row := range credits {
		fmt.Fprintf(w, "%s %s\n", labelled(creditsHeld, "principal", row.Principal, "model", row.Model), row.Reserved)
	}
	for _, state := range video.States() {
		if !state.Final() {
			fmt.Fprintf(w, "%s %d\n", labelled(tasksStanding, "state", string(state)), inFlight[state])
		}
	}
	fmt.Fprintf(w, "%s %d\n", tasksOverdue, overdue)
	return nil
}

// introduce writes figures with each family's meaning before its first line.
func introduce(w io.Writer, figures string) {
	known := map[string]family{}
	for _, f := range families() {
		known[f.name] = f
	}
	introduced := map[string]bool{}
	for line := range strings.Lines(figures) {
		name := line[:strings.IndexAny(line, "{ ")]
		f, ok := known[name]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if !ok {
				f, ok = known[strings.TrimSuffix(name, suffix)]
			}
		}
		if ok && !introduced[f.name] {
			introduced[f.name] = true
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		}
		fmt.Fprint(w, line)
	}
}
