package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/doctor"
	"seedance-mcp/internal/install"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func runDoctor(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "JSON instead of text")
	lenient, bad := tolerant(t)
	s, rest, err := parseSettings(lenient, fs, "doctor [flags]", args, copyingSettings()...)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	report := doctor.Run(ctx, subject(t, s, bad))
	code := exitOK
	if !doctor.Healthy(report) {
		code = exitFailed
	}
	if *asJSON {
		if _, err := printJSON(t, doctorJSON{Healthy: code == exitOK, Sandbox: s.sandbox(), Checks: report}); err != nil {
			return exitFailed, err
		}
		return code, nil
	}
	printReport(t, s, report)
	return code, nil
}

// doctorJSON is what --json prints.
type doctorJSON struct {
	Healthy bool            `json:"healthy"`
	Sandbox bool            `json:"sandbox"`
	Checks  []doctor.Result `json:"checks"`
}

func printReport(t terminal, s settings, report []doctor.Result) {
	counts := map[doctor.Status]int{}
	wide := 0
	for _, r := range report {
		counts[r.Status]++
		wide = max(wide, len(r.Check))
	}
	for _, r := range report {
		fmt.Fprintf(t.out, "%-8s %-*s  %s\n", r.Status, wide, r.Check, r.Text)
		if r.Fix != "" {
			fmt.Fprintf(t.out, "%-8s %-*s  -> %s\n", "", wide, "", r.Fix)
		}
	}
	mode := "Nothing was spent."
	if s.sandbox() {
		mode = "This is the sandbox: videos are simulated, and no credits are ever spent."
	}
	fmt.Fprintf(t.out, "\n%d ok, %s, %s. %s\n", counts[doctor.OK], counted(counts[doctor.Warning], "warning"), counted(counts[doctor.Problem], "problem"), mode)
}

// tolerant hides variables that would be refused, and tells them: doctor is
// what one runs because of them.
func tolerant(t terminal) (terminal, []doctor.BadSetting) {
	var bad []doctor.BadSetting
	hidden := map[string]bool{}
	for _, one := range slices.Concat(allSettings(), copyingSettings()) {
		value := t.env(one.env)
		if value == "" {
			continue
		}
		if err := one.set(new(settings), value); err != nil {
			hidden[one.env] = true
			bad = append(bad, doctor.BadSetting{Name: one.env, Reason: err.Error()})
		}
	}
	lenient := t
	lenient.env = func(name string) string {
		if hidden[name] {
			return ""
		}
		return t.env(name)
	}
	return lenient, bad
}

// subject is this installation, as the servers would use it.
func subject(t terminal, s settings, bad []doctor.BadSetting) doctor.Subject {
	downloads := true
	if s.download != nil {
		downloads = *s.download
	}
	videos := (&app{settings: s}).videosDir()
	whole := doctor.Subject{
		Version: fmt.Sprintf("seedance-mcp %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH),
		GOOS:    runtime.GOOS, Env: t.env, Now: time.Now, BadSettings: bad, StraySettings: misspelt(t.variables),
		Sandbox: s.sandbox(), APIURL: s.apiURL, APIURLGiven: s.apiURLGiven, Dialect: s.dialect, Key: s.apiKey,
		HTTP: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		CheckKey: func(ctx context.Context) error {
			client, err := upstream.New(upstream.Config{BaseURL: s.apiURL, Dialect: s.dialect, APIKey: s.apiKey, RecordTimeout: doctor.Limit})
			if err != nil {
				return err
			}
			defer client.Close()
			return client.CheckKey(ctx)
		},
		Postgres: s.databaseURL != "", DataDir: s.dataDir, Downloads: downloads, VideosDir: videos,
		TryStore:    func(ctx context.Context) (string, error) { return tryStore(ctx, s) },
		FreeSpace:   doctor.FreeSpace,
		CatalogFile: s.catalogPath,
		LoadCatalog: func() error {
			if s.catalogPath == "" {
				_, err := catalog.Default()
				return err
			}
			_, err := catalog.Load(s.catalogPath)
			return err
		},
		PublicURL: s.publicURL, LookPath: exec.LookPath,
		Clients: func() []doctor.Client { return lookAtClients(t) },
	}
	if s.oauth.issuer != "" {
		whole.Issuer = s.oauth.issuer
		whole.IssuerKeys = func(ctx context.Context) error {
			own := s.publicURL
			if own == "" {
				own = "http://" + defaultAddr
			}
			resource, err := s.oauth.resource(own)
			if err != nil {
				return err
			}
			return resource.Warm(ctx)
		}
	}
	if s.copies.wanted() {
		whole.Copies = func(ctx context.Context) (string, error) { return s.copies.String(), tryCopies(ctx, s) }
	}
	return whole
}

// tryCopies writes to the place for copies, as `http` would.
func tryCopies(ctx context.Context, s settings) error {
	if err := s.copies.settle(s.publicURL, false, s.download); err != nil {
		return err
	}
	place, err := s.copies.place(copying{base: s.publicURL, dataDir: s.dataDir, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return place.Check(ctx)
}

// tryStore opens the store as a server would, and takes its write lock.
func tryStore(ctx context.Context, s settings) (string, error) {
	handle := s.newStore()
	tasks, err := handle.open(ctx)
	if err != nil {
		return "", err
	}
	_, err = tasks.Change(ctx, "doctor", func(*video.Task) error { return nil })
	if video.CodeOf(err) == video.NotFound { // nobody has that id; the lock was had
		err = nil
	}
	version, versionErr := tasks.SchemaVersion(ctx)
	if err := errors.Join(err, versionErr, handle.close()); err != nil {
		return "", err
	}
	return fmt.Sprintf("opens and can be written (schema %d): %s", version, s.storePlace()), nil
}

func lookAtClients(t terminal) []doctor.Client {
	own, err := ownPath()
	if err != nil {
		own = "" // entries are known by their name then
	}
	var all []doctor.Client
	for _, found := range install.Look(install.System{GOOS: runtime.GOOS, Env: t.env, LookPath: exec.LookPath}, own) {
		c := doctor.Client{ID: found.Client.ID, Name: found.Client.Name, File: found.File, Here: found.Here, Err: found.Err}
		for _, entry := range found.Entries {
			c.Servers = append(c.Servers, doctor.Server{Name: entry.Name, Command: strings.TrimSpace(entry.Command)})
		}
		all = append(all, c)
	}
	return all
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
