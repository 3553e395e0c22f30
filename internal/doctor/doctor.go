package doctor

import (
	"context"
	"net/http"
	"sync"
	"time"

	"seedance-mcp/internal/video"
)

// Status is how a check ended.
type Status string

// The three ends of a check.
const (
	OK      Status = "ok"
	Warning Status = "warning" // works, but not as it could
	Problem Status = "problem" // something will not work
)

// Result is one line of the report.
type Result struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Text   string `json:"text"`
	// Fix is what to do about it, in one line; "" where nothing is to be done.
	Fix string `json:"fix,omitempty"`
}

// Check is one question with its answers; most have one.
type Check struct {
	Name string
	Run  func(ctx context.Context, s Subject) []Result
}

// Subject is the installation that is looked at, and what may be used to do
// it. Functions must not be nil.
type Subject struct {
	Version string // with system and Go
	GOOS    string
	Env     func(string) string
	Now     func() time.Time

	// BadSettings are variables that the program refuses, with the reason.
	BadSettings []BadSetting
	// StraySettings are variables that look like settings, and are none.
	StraySettings []StraySetting
	// Sandbox says that there is no key, so that nothing real is asked.
	Sandbox bool
	// APIURL and Dialect are what requests are made with; APIURLGiven says
	// that somebody chose the first. Key is only looked at, never shown.
	APIURL      string
	APIURLGiven bool
	Dialect     video.Dialect
	Key         string
	// HTTP asks without the key, and follows no redirect.
	HTTP *http.Client
	// CheckKey asks the upstream whether the key works, free of charge.
	CheckKey func(context.Context) error

	DataDir   string
	Downloads bool
	VideosDir string
	// Issuer is whose access tokens are taken, and IssuerKeys fetches its keys;
	// nil: nobody's.
	Issuer     string
	IssuerKeys func(context.Context) error
	// Copies tries the place for copies of videos, and says what it is; nil:
	// none are kept.
	Copies func(context.Context) (string, error)
	// Postgres says that the store is not in DataDir but a database server's.
	Postgres bool
	// TryStore opens the store, writes nothing lasting, and says what it is.
	TryStore  func(context.Context) (string, error)
	FreeSpace func(folder string) (uint64, error)
	// LoadCatalog reads the catalogue file; CatalogFile is its name, "" for
	// the one that is built in.
	CatalogFile string
	LoadCatalog func() error
	PublicURL   string
	LookPath    func(string) (string, error)
	Clients     func() []Client
}

// BadSetting is a variable or flag with a value that cannot be meant.
type BadSetting struct{ Name, Reason string }

// StraySetting is a variable that nothing reads, and the setting it may have
// been meant for.
type StraySetting struct{ Name, Near string }

// Client is an assistant as it was found.
type Client struct {
	ID, Name, File string
	// Here says that it seems to be installed.
	Here bool
	// Err is why its configuration could not be read.
	Err error
	// Servers are its entries that start this program.
	Servers []Server
}

// Server is one entry in a client's configuration.
type Server struct{ Name, Command string }

// Limit bounds each check; they run side by side.
const Limit = 3 * time.Second

// Checks are all of them, in the order of the report.
func Checks() []Check {
	return []Check{
		{"version", version},
		{"settings", badSettings},
		{"key", key},
		{"service", service},
		{"dialect", dialect},
		{"proxy", proxy},
		{"store", store},
		{"data folder", dataFolder},
		{"disk", disk},
		{"downloads", downloads},
		{"copies", copies},
		{"catalogue", catalogue},
		{"public URL", publicURL},
		{"tokens", tokens},
		{"ffmpeg", ffmpeg},
		{"clients", clients},
	}
}

// Run makes all checks side by side.
func Run(ctx context.Context, s Subject) []Result {
	checks := Checks()
	found := make([][]Result, len(checks))
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() {
			limited, cancel := context.WithTimeout(ctx, Limit)
			defer cancel()
			found[i] = check.Run(limited, s)
			for k := range found[i] {
				if found[i][k].Check == "" {
					found[i][k].Check = check.Name
				}
			}
		})
	}
	all.Wait()
	var report []Result
	for _, results := range found {
		report = append(report, results...)
	}
	return report
}

// Healthy says that nothing is broken.
func Healthy(report []Result) bool {
	for _, r := range report {
		if r.Status == Problem {
			return false
		}
	}
	return true
}

func one(status Status, text, fix string) []Result {
	return []Result{{Status: status, Text: text, Fix: fix}}
}

func fine(text string) []Result { return one(OK, text, "") }

// words are what an error says, and what it advises.
func words(err error, advice string) (text, fix string) {
	if coded, ok := asVideoError(err); ok {
		if coded.Suggestion != "" {
			advice = coded.Suggestion
		}
		return video.Clip(coded.Message, 300), video.Clip(advice, 300)
	}
	return video.Clip(err.Error(), 300), advice
}
