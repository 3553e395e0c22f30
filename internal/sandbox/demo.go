package sandbox

import (
	"time"

	"seedance-mcp/internal/video"
)

// demoTask is one of the published demo tasks, readable with every key; nil
// for any other id.
func demoTask(id, origin string) *task {
	prompts := map[string]string{
		"demo_task_t2v_success":          "A red fox walks through fresh snow",
		"demo_task_i2v_success":          "The camera moves slowly around the statue",
		"demo_task_fail_text_moderation": "[sandbox:fail-text]",
		"demo_task_fail_face_detected":   "[sandbox:fail-face]",
		"demo_task_fail_server_error":    "[sandbox:fail-server]",
	}
	prompt, isDemo := prompts[id]
	if !isDemo {
		return nil
	}
	t := &task{
		ID: id, OrderID: "ord_" + id, Origin: origin, Model: "seedance-20", Prompt: prompt,
		CreatedAt: time.Date(2026, time.February, 16, 0, 0, 0, 0, time.UTC),
		WaitFor:   20 * time.Second, DoneAfter: 2 * time.Minute,
		Priced: true, Charged: video.WholeCredits(200), Refunds: true,
		Width: 1280, Height: 720, Seconds: 5, Seed: 20,
	}
	t.readWords()
	t.Failure = failureOf(t.words)
	return t
}
