package engine

import "context"

// Watch gives a channel that is signalled after changes of tasks, whichever
// process makes them: look at the tasks again then. It is never closed;
// watching ends with ctx.
func (e *Engine) Watch(ctx context.Context) (<-chan struct{}, error) {
	tasks, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return tasks.Watch(ctx), nil
}
