package video

// State is where a task stands. Waiting, generating, success and fail are the
// upstream's own words; the other four are ours.
type State string

// The states of a task and the moves between them:
//
//	submitting → waiting → generating → success | fail
//	submitting → queued → submitting        (429: nothing pending, nothing charged)
//	submitting → unconfirmed → waiting …    (answer lost; a webhook, a late answer or a person resolves it)
//	waiting | generating → stalled → …      (past the deadline, still looked at)
const (
	// Submitting: the intent is stored, createTask's answer is not known yet.
	Submitting State = "submitting"
	// Queued: the account's concurrency limit refused it; sent when a slot frees.
	Queued State = "queued"
	// Waiting: the upstream accepted it and has not begun.
	Waiting State = "waiting"
	// Generating: the upstream renders it.
	Generating State = "generating"
	// Success: the video's URL is known.
	Success State = "success"
	// Failed: the upstream, or we before sending, gave up on it.
	Failed State = "fail"
	// Unconfirmed: the request left but its answer was lost: it may have been
	// accepted and charged, so it is never sent again by itself.
	Unconfirmed State = "unconfirmed"
	// Stalled: no end after the model's deadline; looked at ever more rarely.
	Stalled State = "stalled"
)

// States lists every state in the order of a task's life.
func States() []State {
	return []State{Queued, Submitting, Waiting, Generating, Stalled, Unconfirmed, Success, Failed}
}

// Final says that nothing will move the task any more.
func (s State) Final() bool { return s == Success || s == Failed }

// Settled says that waiting longer brings nothing by itself: the task is
// final, or needs a person (unconfirmed).
func (s State) Settled() bool { return s.Final() || s == Unconfirmed }

// Valid says that s is one of States.
func (s State) Valid() bool {
	switch s {
	case Submitting, Queued, Waiting, Generating, Success, Failed, Unconfirmed, Stalled:
		return true
	}
	return false
}
