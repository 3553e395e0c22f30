package video

import (
	"encoding/json"
	"slices"
	"time"
)

// Task is one wish and everything known about it. Times are UTC with
// millisecond precision; a zero time means "not yet".
type Task struct {
	// ID is ours, "vid_" and 26 lower-case base32 characters, sortable by time.
	ID string
	// UpstreamID is the jobs API's taskId; "" until accepted.
	UpstreamID string
	// Principal owns the task; nobody else sees it.
	Principal string
	State     State
	// Reason tells a person why the task stands where it stands, for queued,
	// unconfirmed, stalled and adopted tasks; "" otherwise.
	Reason string
	// Upstream is the fingerprint of the account that was asked (see
	// engine.Account): only a process that speaks to it may follow the task.
	Upstream string
	Sandbox  bool

	Request  Request
	Workflow string
	// Payload is createTask's body as sent, without callBackUrl.
	Payload json.RawMessage
	// RequestHash is the SHA-256 (hex) over the normalised request.
	RequestHash    string
	IdempotencyKey string
	// CallbackToken is the unguessable part of the webhook's path.
	CallbackToken string

	// Attempts counts the createTask calls that were to be made for the task:
	// one after another, each only after the one before was certainly refused.
	Attempts int
	// QueuedAt is when it first had to wait for a slot; zero: never.
	QueuedAt time.Time
	// Hints are what webhooks named while UpstreamID is not known, until the
	// upstream confirms one.
	Hints []Hint

	Quote Quote
	// Reserved counts against budgets until the task is settled.
	Reserved Credits
	// Used is what the upstream said it charged; nil until it did.
	Used *Credits
	// Charged is what the ledger counts once Settled.
	Charged Credits
	Settled bool

	Videos  []Video
	Failure *Failure
	// Save says that the process that ordered it keeps files: one that does is
	// to fetch them, whichever saw the task end.
	Save bool

	CreatedAt   time.Time
	SubmittedAt time.Time // when the upstream accepted it
	UpdatedAt   time.Time
	CompletedAt time.Time
	// DueAt is when the task must be looked at next; zero once nobody need.
	DueAt time.Time
	// Interval is booked ahead by the claim: claiming a due task moves DueAt
	// to now+Interval in the same statement.
	Interval time.Duration
	// Polls counts recordInfo looks; it drives back-off.
	Polls int
	// EmptySuccesses counts looks that said success without any URL.
	EmptySuccesses int
	// Version is the store's compare-and-set counter.
	Version int64
}

// Clone is a copy that shares nothing that can be written to.
func (t Task) Clone() Task {
	t.Payload = slices.Clone(t.Payload)
	t.Hints = slices.Clone(t.Hints)
	t.Used = cloned(t.Used)
	t.Quote.Credits, t.Quote.Rate = cloned(t.Quote.Credits), cloned(t.Quote.Rate)
	t.Failure = cloned(t.Failure)
	t.Videos = slices.Clone(t.Videos)
	for i := range t.Videos {
		t.Videos[i].Seed = cloned(t.Videos[i].Seed)
	}
	r := &t.Request
	r.ImageURLs, r.VideoURLs, r.AudioURLs = slices.Clone(r.ImageURLs), slices.Clone(r.VideoURLs), slices.Clone(r.AudioURLs)
	r.Seed, r.GenerateAudio = cloned(r.Seed), cloned(r.GenerateAudio)
	return t
}

func cloned[T any](p *T) *T {
	if p == nil {
		return nil
	}
	copied := *p
	return &copied
}

// Hint is a webhook's word, which proves nothing, on a task whose createTask
// answer was lost.
type Hint struct {
	UpstreamID string    `json:"upstream_id"`
	At         time.Time `json:"at"` // when the webhook came
}

// Video is one finished clip.
type Video struct {
	URL    string `json:"url"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	// Path is where the file was saved; "" when it was not.
	Path string `json:"path,omitempty"`
	// Copy is its name at the place where the server keeps copies for callers;
	// "" when there is none. Links to it are made when somebody asks.
	Copy string `json:"copy,omitempty"`
	// Bytes and SHA256 (hex) describe the saved file.
	Bytes     int64  `json:"bytes,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	// ExpiresAt is when the upstream may drop the URL; zero when not known.
	ExpiresAt    time.Time `json:"expires_at,omitzero"`
	LastFrameURL string    `json:"last_frame_url,omitempty"`
	Seed         *int64    `json:"seed,omitempty"`
}

// Kept says that we have the video, whatever becomes of its URL.
func (v Video) Kept() bool { return v.Path != "" || v.Copy != "" }

// Charged says whether a failed task cost anything.
type Charged string

// The three answers about a failed task's cost.
const (
	ChargedYes     Charged = "yes"
	ChargedNo      Charged = "no"
	ChargedUnknown Charged = "unknown"
)

// FailureClass groups the reasons for which a task fails.
type FailureClass string

// The classes of failure; each has its own retry advice.
const (
	// FailModeration: the text or media break the upstream's rules.
	FailModeration FailureClass = "moderation"
	// FailFace: a real face was found in the media.
	FailFace FailureClass = "face_detected"
	// FailMedia: an input file could not be fetched or passed no review.
	FailMedia FailureClass = "input_media"
	// FailOutputReview: the finished video passed no review.
	FailOutputReview FailureClass = "output_review"
	// FailInput: the inputs are wrong in another way.
	FailInput FailureClass = "invalid_input"
	// FailTimeout: the upstream timed out.
	FailTimeout FailureClass = "timeout"
	// FailServer: the upstream's own trouble.
	FailServer FailureClass = "server"
	// FailRefused: createTask refused it; nothing was charged.
	FailRefused FailureClass = "refused"
	// FailForgotten: the upstream no longer knows the task.
	FailForgotten FailureClass = "forgotten"
	// FailWithdrawn: taken back while queued; nothing was sent.
	FailWithdrawn FailureClass = "withdrawn"
	// FailUnknown: no reason given, or one never seen before.
	FailUnknown FailureClass = "unknown"
)

// Retry is the advice after a failure.
type Retry string

// What to do after a failure.
const (
	RetrySame    Retry = "same"    // the same request may succeed
	RetryChanged Retry = "changed" // only a changed request can succeed
	RetryNo      Retry = "no"      // nothing the caller changes would help
)

// Failure says why a task failed, in words for a model and a person.
type Failure struct {
	Class   FailureClass `json:"class"`
	Message string       `json:"message"`
	// Code is the upstream's own, as text; "" when none.
	Code       string  `json:"code,omitempty"`
	Charged    Charged `json:"charged"`
	Retry      Retry   `json:"retry"`
	Suggestion string  `json:"suggestion,omitempty"`
}
