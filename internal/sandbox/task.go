package sandbox

import (
	"crypto/rand"
	"time"

	"seedance-mcp/internal/video"
)

// How long things live, as published.
const (
	recordLife    = 60 * 24 * time.Hour
	mediaLife     = 14 * 24 * time.Hour
	lastFrameLife = 24 * time.Hour
)

// task is an accepted createTask. It is written once and never changed: the
// methods tell from the clock where it stands. Durations are already scaled
// by the speed of the process that accepted it.
type task struct {
	ID      string `json:"id"`
	OrderID string `json:"order_id"`
	Account string `json:"account"`
	// Origin is where its media are served: scheme, host and path prefix.
	Origin      string    `json:"origin"`
	Model       string    `json:"model"`
	Prompt      string    `json:"prompt"`
	CallBackURL string    `json:"callback_url,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
	// Speed is that of the process that accepted it: all must agree on it.
	Speed     float64       `json:"speed"`
	WaitFor   time.Duration `json:"wait_for_ns"`
	DoneAfter time.Duration `json:"done_after_ns"`

	// Priced is false where no rate is published; nothing is charged then.
	Priced  bool          `json:"priced"`
	Charged video.Credits `json:"charged"`
	// Settled is the exact sum after success, where it differs.
	Settled *video.Credits `json:"settled,omitempty"`
	Failure *failure       `json:"failure,omitempty"`
	// Refunds says that the failure is refunded.
	Refunds bool `json:"refunds,omitempty"`

	Width   int   `json:"width"`
	Height  int   `json:"height"`
	Seconds int   `json:"seconds"`
	Seed    int64 `json:"seed"`

	words magic // of Prompt
}

// readWords fills words after the task was read from its file.
func (t *task) readWords() {
	words, err := parseMagic(t.Prompt)
	if err != nil {
		words = magic{} // written by a version that knew other words
	}
	t.words = words
	if t.Speed == 0 {
		t.Speed = 1 // a demo task, or one written before this was kept
	}
}

// during says that the word was given and age is still within its number of
// seconds.
func (t *task) during(name string, age time.Duration) bool {
	seconds, given := t.words[name]
	return given && age < scale(time.Duration(seconds)*time.Second, t.Speed)
}

// state is where the task stands: waiting, generating, success or fail.
func (t *task) state(now time.Time) video.State {
	age := now.Sub(t.CreatedAt)
	switch {
	case age < t.WaitFor:
		return video.Waiting
	case age < t.DoneAfter || t.words.has("stuck"):
		return video.Generating
	case t.Failure != nil:
		return video.Failed
	}
	return video.Success
}

func (t *task) doneAt() time.Time { return t.CreatedAt.Add(t.DoneAfter) }

// charged is what was deducted so far, refunds aside.
func (t *task) charged(now time.Time) video.Credits {
	if t.Settled != nil && t.state(now) == video.Success {
		return *t.Settled
	}
	return t.Charged
}

// refunded is what came back.
func (t *task) refunded(now time.Time) video.Credits {
	if t.Refunds && t.state(now) == video.Failed {
		return t.Charged
	}
	return 0
}

// UsualTime is how long a clip of so many seconds takes at speed 1, from
// acceptance to success: 8 s for 5.
func UsualTime(seconds int) time.Duration { return time.Duration(3+seconds) * time.Second }

// schedule says when a clip of so many seconds begins and ends at speed 1: a
// 5 s clip takes 8 s.
func schedule(seconds int, words magic) (waitFor, doneAfter time.Duration) {
	if words.has("webhook-early") {
		return 0, 0
	}
	doneAfter = UsualTime(seconds)
	if words.has("slow") {
		doneAfter *= 4
	}
	return doneAfter / 5, doneAfter
}

// newID is a prefix and 24 unguessable characters of the service's alphabet.
func newID(prefix string) string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv" // 32: no bias
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails, see crypto/rand
	for i, b := range random {
		random[i] = alphabet[b%32]
	}
	return prefix + string(random[:])
}

// validID says that text could be a task id: opaque, but made of letters,
// digits, "_" and "-", which also makes it a safe file name.
func validID(text string) bool {
	if text == "" || len(text) > 100 {
		return false
	}
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
		default:
			return false
		}
	}
	return true
}
