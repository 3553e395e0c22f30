package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/access"
	"seedance-mcp/internal/accounts"
	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/telemetry"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// localPrincipal owns everything made without authentication.
const localPrincipal = engine.LocalPrincipal

// app is the wired product, shared by all commands.
type app struct {
	settings settings
	catalog  *catalog.Catalog
	engine   *engine.Engine
	store    *openStore
	callers  *access.Keeper
	book     *accounts.Book[*upstream.Client] // principals' own accounts
	sandbox  *sandbox.Server                  // nil with a key
	client   *upstream.Client
	// downloads says that finished videos are fetched to disk.
	downloads bool
	// copies are where finished videos are kept for callers; nil: nowhere.
	copies copyPlace
	// local are hosts that media may be fetched from without the address
	// check: those of this process.
	local map[string]http.RoundTripper
	log   *slog.Logger
	// aside is where the log goes, above what a command draws.
	aside *aside
	// seen is what an operator sees of this process.
	seen      telemetry.Telemetry
	auditFile io.Closer // nil: none is open
}

// wiring is what commands differ in.
type wiring struct {
	downloads bool // when the setting does not say
	// sandboxURL is where the embedded sandbox's media can be reached; "": only
	// inside this process.
	sandboxURL string
	// base is where callers reach this process over HTTP; "": they do not, and
	// no copies are kept.
	base string
	// callbacks says that this process serves /webhooks/.
	callbacks bool
	// idle follows and sends nothing before the engine is started.
	idle bool
	// resume starts following unfinished tasks at once.
	resume bool
	// saveTo is one more folder that videos may be saved in; "": none.
	saveTo string
	// logLevel is what is logged when the setting does not say.
	logLevel slog.Level
	// figures says that somebody may ask for them.
	figures bool
}

// newApp wires the product; nothing is opened or sent yet.
func newApp(s settings, t terminal, w wiring) (*app, error) {
	a := &app{settings: s, store: s.newStore(), aside: &aside{out: t.err}}
	a.log = s.logger(a.aside, w.logLevel)
	a.callers = &access.Keeper{Open: a.keys, Now: a.store.now}
	a.book = a.newBook()
	if s.sandbox() && s.apiURLGiven {
		a.log.Warn("SEEDANCE_API_URL is set without SEEDANCE_API_KEY: the sandbox answers, nothing is sent there")
	}
	for _, stray := range misspelt(t.variables) {
		a.log.Warn("a variable of the environment does nothing: there is no such setting", "variable", stray.Name, "did_you_mean", stray.Near)
	}
	var err error
	if s.catalogPath == "" {
		a.catalog, err = catalog.Default()
	} else {
		a.catalog, err = catalog.Load(s.catalogPath)
	}
	if err != nil {
		return nil, err
	}
	account, err := a.account(w)
	if err != nil {
		return nil, err
	}
	options := engine.Options{
		OpenStore:    func(ctx context.Context) (engine.Store, error) { return a.store.open(ctx) },
		Resume:       w.resume && s.storeExists(),
		Idle:         w.idle,
		Account:      account,
		Accounts:     ownAccounts{a},
		Catalog:      a.catalog,
		Budgets:      engine.Budgets{PerTask: s.perTask, PerDay: s.perDay, PerMonth: s.perMonth},
		BudgetsOf:    a.budgetsOf,
		ModelsOf:     a.modelsOf,
		ConfirmAbove: s.confirmAbove,
		Now:          a.store.now,
		Logger:       a.log,
	}
	if account.Sandbox && s.sandboxSpeed > 1 {
		// A sandbox in fast motion is looked at as often as a usual one.
		options.PollEvery = max(time.Duration(float64(2*time.Second)/s.sandboxSpeed), 50*time.Millisecond)
	}
	if s.confirmAbove != nil {
		if options.ConfirmKey, err = s.confirmKey(); err != nil {
			return nil, err
		}
	}
	a.downloads = w.downloads
	if s.download != nil {
		a.downloads = *s.download
	}
	if a.downloads {
		folders := s.folders
		if w.saveTo != "" {
			folders = append(slices.Clone(folders), w.saveTo)
		}
		options.Media, err = media.New(media.Options{
			Root: a.videosDir(), Folders: folders, Local: a.local, AllowLoopback: a.mediaOnLoopback(), Logger: a.log,
		})
		if err != nil {
			return nil, err
		}
	}
	if s.copies.wanted() && w.base != "" {
		a.copies, err = s.copies.place(copying{base: w.base, dataDir: s.dataDir, local: a.local, allowLoopback: a.mediaOnLoopback(), log: a.log})
		if err != nil {
			return nil, err
		}
		options.Media, options.CopiesOnly = a.copies, true
	}
	if s.publicURL != "" && w.callbacks {
		options.CallbackURL = func(token string) string { return s.publicURL + "/webhooks/" + token }
	}
	if err := a.observe(&options, t.err, t.env, w.figures); err != nil {
		return nil, err
	}
	if t.tune != nil {
		t.tune(&options)
	}
	a.engine, err = engine.New(options)
	return a, err
}

// close ends the engine's work and closes the store, whoever opened it.
func (a *app) close(ctx context.Context) error {
	return errors.Join(a.engine.Close(ctx), a.store.close(), a.closeTelemetry(ctx))
}

// videosDir is where finished videos are saved.
func (a *app) videosDir() string { return filepath.Join(a.settings.dataDir, "videos") }

// mediaOnLoopback says that finished videos may lie on this machine: where a
// stand-in of the upstream runs on it.
func (a *app) mediaOnLoopback() bool { return a.sandbox == nil && loopback(a.settings.apiURL) }

// account is who is asked: the upstream with a key, else the embedded sandbox.
func (a *app) account(w wiring) (engine.Account, error) {
	s := a.settings
	config := a.upstreamConfig()
	account := engine.Account{
		Dialect: s.dialect, Fingerprint: fingerprint(s.apiURL, string(s.dialect), s.apiKey),
		AllowPrivateURLs: loopback(s.apiURL),
	}
	if s.sandbox() {
		base := w.sandboxURL
		if base == "" {
			base = "http://" + sandbox.EmbeddedHost
		}
		box, err := sandbox.New(sandbox.Options{
			Catalog: a.catalog, Dialect: s.dialect, Speed: s.sandboxSpeed,
			Dir: filepath.Join(s.dataDir, "sandbox"), BaseURL: base, Logger: a.log,
		})
		if err != nil {
			return account, err
		}
		a.sandbox = box
		inside := sandbox.Transport(box)
		config.BaseURL, config.APIKey, config.Transport = base+"/api/v1", box.Key(), inside
		account.Sandbox = true
		account.TimeScale = s.sandboxSpeed
		account.Usual = func(r video.Request) time.Duration {
			return time.Duration(float64(sandbox.UsualTime(r.Duration)) / s.sandboxSpeed)
		}
		account.Fingerprint = s.sandboxFingerprint()
		a.local = map[string]http.RoundTripper{sandbox.EmbeddedHost: inside}
		if u, err := url.Parse(base); err == nil {
			a.local[u.Host] = inside
		}
	}
	client, err := upstream.New(config)
	if err != nil {
		return account, err
	}
	a.client = client
	account.Upstream = client
	return account, nil
}

func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// sandboxFingerprint tells embedded sandboxes apart: on a shared database, each
// knows only the tasks that its own folder keeps.
func (s *settings) sandboxFingerprint() string {
	name := "sandbox-" + string(s.dialect)
	if s.databaseURL == "" {
		return name
	}
	host, _ := os.Hostname() // the folder alone tells on one machine
	return name + "-" + fingerprint(host, s.dataDir)
}

// loopback says that the upstream itself runs on this machine, as a stub or a
// sandbox does.
func loopback(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

// accountName tells a person who is asked.
func (a *app) accountName() string {
	if a.sandbox != nil {
		return "sandbox, no credits are spent"
	}
	return video.Clip(a.settings.apiURL, 80)
}

// administer runs a command that works on the store alone: no task is followed
// or sent meanwhile.
func administer(ctx context.Context, s settings, t terminal, work func(context.Context, *app) (int, error)) (int, error) {
	a, err := newApp(s, t, wiring{logLevel: slog.LevelWarn, idle: true})
	if err != nil {
		return exitFailed, err
	}
	code, err := work(ctx, a)
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer done()
	return code, errors.Join(err, a.close(grace))
}
