package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"seedance-mcp/internal/accounts"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// settings are what every command shares; each comes from a flag or, failing
// that, from the environment, or from the config file.
type settings struct {
	apiKey        string
	apiURL        string
	apiURLGiven   bool
	dialect       video.Dialect
	dataDir       string
	databaseURL   string // a secret: a password may be in it
	databasePlace string // the same for people, without user and password
	catalogPath   string
	perTask       *video.Credits
	perDay        *video.Credits
	perMonth      *video.Credits
	eachDay       *video.Credits
	eachMonth     *video.Credits
	confirmAbove  *video.Credits
	download      *bool // nil: the command's own default
	publicURL     string
	sandboxSpeed  float64
	folders       []string
	logLevel      *slog.Level // nil: the command's own default
	logFormat     string
	oauth         oauthSettings
	configPath    string
	serving       serving          // of `http`
	master        *accounts.Master // nil: none
	auditLog      string
	metricsAddr   string
	metricsToken  string // a secret
	copies        copySettings
}

// setting is one flag with its variable.
type setting struct {
	flag, env, usage string
	set              func(*settings, string) error
}

// keyVariable is the upstream key's.
const keyVariable = "SEEDANCE_API_KEY"

const defaultAPIURL = "https://seedance2-pro.com/api/v1"

// allSettings is the one list of flags and variables; --help is made from it.
func allSettings() []setting {
	return []setting{
		{"api-key", keyVariable, "upstream `key`; none: the embedded sandbox", setAPIKey},
		{"api-url", "SEEDANCE_API_URL", "upstream base `URL`, up to and including /api/v1 (default " + defaultAPIURL + ")", setAPIURL},
		{"dialect", "SEEDANCE_DIALECT", "request dialect, `workflow or kinovi` (default by host)", setDialect},
		{"data-dir", "SEEDANCE_DATA_DIR", "`folder` of the task store and the videos (default the system's state folder)", func(s *settings, v string) error { s.dataDir = v; return nil }},
		{"database-url", "SEEDANCE_DATABASE_URL", "`URL` of the Postgres database that replicas share, postgres://USER:PASSWORD@HOST/DATABASE (default SQLite in the data folder)", setDatabaseURL},
		{"catalog", "SEEDANCE_CATALOG", "`file` that overrides or adds models and rates", func(s *settings, v string) error { s.catalogPath = v; return nil }},
		{"max-credits-per-task", "SEEDANCE_MAX_CREDITS_PER_TASK", "refuse tasks quoted above `credits`", setCredits(func(s *settings) **video.Credits { return &s.perTask })},
		{"max-credits-per-day", "SEEDANCE_MAX_CREDITS_PER_DAY", "budget in `credits` per day (UTC)", setCredits(func(s *settings) **video.Credits { return &s.perDay })},
		{"max-credits-per-month", "SEEDANCE_MAX_CREDITS_PER_MONTH", "budget in `credits` per month (UTC)", setCredits(func(s *settings) **video.Credits { return &s.perMonth })},
		{"max-credits-per-principal-day", "SEEDANCE_MAX_CREDITS_PER_PRINCIPAL_DAY", "budget in `credits` per day (UTC) for each caller whose terms say nothing else", setCredits(func(s *settings) **video.Credits { return &s.eachDay })},
		{"max-credits-per-principal-month", "SEEDANCE_MAX_CREDITS_PER_PRINCIPAL_MONTH", "budget in `credits` per month (UTC) for each caller whose terms say nothing else", setCredits(func(s *settings) **video.Credits { return &s.eachMonth })},
		{"confirm-above", "SEEDANCE_CONFIRM_ABOVE", "a person must confirm tasks above `credits`", setCredits(func(s *settings) **video.Credits { return &s.confirmAbove })},
		{"download", "SEEDANCE_DOWNLOAD", "fetch finished videos to disk, `on or off` (default on, off for http)", setDownload},
		{"allow-folder", "SEEDANCE_ALLOW_FOLDERS", "`folders` whose files may be references (kinovi, stdio) and where videos may be saved; separated as in PATH", setFolders},
		{"oauth-issuer", "SEEDANCE_OAUTH_ISSUER", "http: take access tokens of the authorization server with this `URL` (default none: access keys only)", setOAuthIssuer},
		{"oauth-audience", "SEEDANCE_OAUTH_AUDIENCE", "http: the `audience` that tokens must be for (default the URL of /mcp)", func(s *settings, v string) error { s.oauth.audience = v; return nil }},
		{"oauth-scopes", "SEEDANCE_OAUTH_SCOPES", "http: the `scopes` that tokens must have, separated by blanks (default none)", func(s *settings, v string) error { s.oauth.scopes = strings.Fields(v); return nil }},
		{"oauth-jwks-url", "SEEDANCE_OAUTH_JWKS_URL", "http: `URL` of the issuer's keys (default as its metadata says)", setOAuthKeys},
		{"public-url", "SEEDANCE_PUBLIC_URL", "`URL` where callers, and the upstream with /webhooks/, reach http; its path counts (default none: polling)", setPublicURL},
		{"master-key", "SEEDANCE_MASTER_KEY", "`key` that seals callers' own upstream keys: 32 random bytes in base64 (default none)", setMasterKey},
		{"sandbox-speed", "SEEDANCE_SANDBOX_SPEED", "time `factor` of the sandbox (default 1: a 5 s clip takes about 8 s)", setSpeed},
		{"log-level", "SEEDANCE_LOG_LEVEL", "`debug, info, warn or error` (default info for servers, warn for the terminal)", setLogLevel},
		{"config", configVariable, "`file` of settings, in lines NAME=value with the variables' names; flags and variables win", func(s *settings, v string) error { s.configPath = v; return nil }},
		{"log-format", "SEEDANCE_LOG_FORMAT", "`text or json` (default text)", setLogFormat},
		{"audit-log", "SEEDANCE_AUDIT_LOG", "`file` that gets a JSON line for each paid action, or stderr (default none)", func(s *settings, v string) error { s.auditLog = v; return nil }},
		{"metrics-addr", "SEEDANCE_METRICS_ADDR", "`address` of its own on which http serves Prometheus figures at /metrics (default none)", setMetricsAddr},
		{"metrics-token", "SEEDANCE_METRICS_TOKEN", "bearer `token` that /metrics asks for; needed where other machines can reach it", func(s *settings, v string) error { s.metricsToken = v; return nil }},
	}
}

// parseSettings adds the shared flags, and the command's more, to those of fs,
// parses args, and fills what no flag gave from the environment and the config
// file. Flags may follow the arguments.
func parseSettings(t terminal, fs *flag.FlagSet, synopsis string, args []string, more ...setting) (settings, []string, error) {
	s := settings{apiURL: defaultAPIURL, sandboxSpeed: 1, logFormat: "text"}
	given := map[string]bool{}
	var refused error // of a secret: package flag would print the value
	all := append(allSettings(), more...)
	for _, one := range all {
		fs.Func(one.flag, fmt.Sprintf("%s [%s]", one.usage, one.env), func(v string) error {
			given[one.flag] = true
			err := one.set(&s, v)
			if err != nil && (one.flag == "api-key" || one.flag == "database-url") {
				refused = usageError("--%s: %s", one.flag, err)
				return nil
			}
			return err
		})
	}
	fs.SetOutput(io.Discard)
	help := func() {
		fmt.Fprintf(t.out, "usage: seedance-mcp %s\n\n", synopsis)
		fs.SetOutput(t.out)
		fs.PrintDefaults()
		fs.SetOutput(io.Discard)
	}
	fs.Usage = func() {} // an error gets its one line, on stderr: stdout may belong to a protocol
	rest, err := parseInterspersed(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		help()
		return s, nil, err
	}
	if err != nil {
		return s, nil, usageError("%s", err)
	}
	if refused != nil {
		return s, nil, refused
	}
	if s.configPath == "" {
		s.configPath = t.env(configVariable)
	}
	from, err := readSources(t.env, s.configPath)
	if err != nil {
		return s, nil, err
	}
	for _, one := range all {
		if given[one.flag] {
			continue
		}
		value, origin, err := from.value(one.env)
		if err == nil && value != "" {
			err = one.set(&s, value)
		}
		if err != nil {
			return s, nil, usageError("%s: %s", origin, err)
		}
	}
	return s, rest, s.complete(t.env)
}

// parseInterspersed lets flags stand before and after arguments, which is how
// people write a prompt.
func parseInterspersed(fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		consumed := len(args) - fs.NArg()
		if consumed > 0 && args[consumed-1] == "--" {
			return append(rest, fs.Args()...), nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// complete fills the defaults that depend on other settings or the system.
func (s *settings) complete(env func(string) string) error {
	if s.dialect == "" {
		s.dialect = video.Workflow
		if u, err := url.Parse(s.apiURL); err == nil && (u.Hostname() == "kinovi.ai" || strings.HasSuffix(u.Hostname(), ".kinovi.ai")) {
			s.dialect = video.Kinovi
		}
	}
	if s.dataDir == "" {
		dir, err := stateFolder(env)
		if err != nil {
			return usageError("%s; set SEEDANCE_DATA_DIR", err)
		}
		s.dataDir = filepath.Join(dir, "seedance-mcp")
	}
	dir, err := filepath.Abs(s.dataDir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	s.dataDir = dir
	return nil
}

// stateFolder is where the system keeps state of programs.
func stateFolder(env func(string) string) (string, error) {
	switch runtime.GOOS {
	case "windows":
		if dir := env("LocalAppData"); dir != "" {
			return dir, nil
		}
	case "darwin":
		if home := env("HOME"); home != "" {
			return filepath.Join(home, "Library", "Application Support"), nil
		}
	default:
		if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
			return dir, nil
		}
		if home := env("HOME"); home != "" {
			return filepath.Join(home, ".local", "state"), nil
		}
	}
	return "", errors.New("the system names no home folder")
}

// logger writes from the level that the user chose, or else from usual.
func (s *settings) logger(w io.Writer, usual slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: usual, ReplaceAttr: errorForPerson}
	if s.logLevel != nil {
		options.Level = *s.logLevel
	}
	if s.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// errorForPerson writes logged errors as a person reads them: whoever watches
// a log has commands, not tools.
func errorForPerson(_ []string, a slog.Attr) slog.Attr {
	if err, ok := a.Value.Any().(error); ok {
		a.Value = slog.StringValue(forPerson(err.Error(), ""))
	} else if a.Key == "error" && a.Value.Kind() == slog.KindString { // one that says itself what logs show
		a.Value = slog.StringValue(forPerson(a.Value.String(), ""))
	}
	return a
}

// sandbox says that no key was given, so nothing real can be asked.
func (s *settings) sandbox() bool { return s.apiKey == "" }

// plainURL says that v is an http(s) address that a path can be added to.
func plainURL(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// setAPIKey refuses what a client should have replaced, here and not as a
// refusal by the upstream later.
func setAPIKey(s *settings, v string) error {
	if strings.ContainsAny(v, "${}<>") {
		return errors.New("is a placeholder that was not filled in: export the variable before the client is started, or give the key itself")
	}
	s.apiKey = v
	return nil
}

func setAPIURL(s *settings, v string) error {
	if !plainURL(v) {
		return errors.New("must be an http(s) URL such as " + defaultAPIURL)
	}
	s.apiURL, s.apiURLGiven = strings.TrimRight(v, "/"), true
	return nil
}

func setPublicURL(s *settings, v string) error {
	if !plainURL(v) {
		return errors.New("must be an http(s) URL such as https://videos.example.com")
	}
	s.publicURL = strings.TrimRight(v, "/")
	return nil
}

func setDialect(s *settings, v string) error {
	switch d := video.Dialect(strings.ToLower(v)); d {
	case video.Workflow, video.Kinovi:
		s.dialect = d
		return nil
	}
	return errors.New("must be workflow or kinovi")
}

func setDatabaseURL(s *settings, v string) error {
	place, err := store.Place(v)
	if err != nil {
		return err
	}
	s.databaseURL, s.databasePlace = v, place
	return nil
}

func setCredits(field func(*settings) **video.Credits) func(*settings, string) error {
	return func(s *settings, v string) error {
		amount, err := video.ParseCredits(v)
		if err != nil || amount < 0 {
			return errors.New("must be an amount of credits such as 200 or 85.68")
		}
		*field(s) = &amount
		return nil
	}
}

func setDownload(s *settings, v string) error {
	on := strings.EqualFold(v, "on")
	if !on && !strings.EqualFold(v, "off") {
		return errors.New("must be on or off")
	}
	s.download = &on
	return nil
}

func setSpeed(s *settings, v string) error {
	speed, err := strconv.ParseFloat(v, 64)
	if err != nil || !(speed > 0 && speed <= 10_000) {
		return errors.New("must be a factor above 0, such as 1 or 20")
	}
	s.sandboxSpeed = speed
	return nil
}

func setLogLevel(s *settings, v string) error {
	s.logLevel = new(slog.Level)
	if err := s.logLevel.UnmarshalText([]byte(v)); err != nil {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

func setLogFormat(s *settings, v string) error {
	if v != "text" && v != "json" {
		return errors.New("must be text or json")
	}
	s.logFormat = v
	return nil
}

func setFolders(s *settings, v string) error {
	for _, folder := range filepath.SplitList(v) {
		absolute, err := filepath.Abs(folder)
		if err != nil {
			return err
		}
		s.folders = append(s.folders, absolute)
	}
	return nil
}
