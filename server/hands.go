package server

import "context"

// hands run calls side by side, as many as there are. One that is done stays
// for the next call, because its stack has grown to the size a call needs:
// growing it anew is a sixth of a short call's time.
type hands struct {
	jobs chan func() // taken by hands that are free
}

func newHands() *hands { return &hands{jobs: make(chan func())} }

// run runs job at once, in a free hand or a new one. Free hands leave when ctx
// ends.
func (h *hands) run(ctx context.Context, job func()) {
	select {
	case h.jobs <- job:
	default:
		go h.work(ctx, job)
	}
}

func (h *hands) work(ctx context.Context, job func()) {
	for {
		job()
		select {
		case job = <-h.jobs:
		case <-ctx.Done():
			return
		}
	}
}
