// Package bare is the tool that the bare servers of the benchmark serve: its
// arguments, and an answer of the size and shape of get_task_status's. Only the
// commands beside it import it.
package bare

// Tool and Description are as the product has them, in short.
const (
	Tool        = "get_task_status"
	Description = "Reads the state of a video task; can wait up to 45 seconds for it to end."
)

// PaidTool is the other tool, of a bare server that has an upstream.
const (
	PaidTool        = "generate_video"
	PaidDescription = "Starts a video task and answers with its id."
)

// Order is what PaidTool takes.
type Order struct {
	Prompt string `json:"prompt"`
}

// Arguments are get_task_status's.
type Arguments struct {
	TaskID      string   `json:"task_id,omitempty"`
	TaskIDs     []string `json:"task_ids,omitempty"`
	WaitFor     string   `json:"wait_for,omitempty"`
	WaitSeconds int      `json:"wait_seconds,omitempty"`
}

// Task is a task as the product answers it.
type Task struct {
	TaskID         string   `json:"task_id"`
	UpstreamTaskID string   `json:"upstream_task_id"`
	Status         string   `json:"status"`
	Model          string   `json:"model"`
	Workflow       string   `json:"workflow"`
	Prompt         string   `json:"prompt"`
	Videos         []Video  `json:"videos"`
	Credits        Credits  `json:"credits"`
	CreatedAt      string   `json:"created_at"`
	CompletedAt    string   `json:"completed_at"`
	Sandbox        bool     `json:"sandbox"`
	Notes          []string `json:"notes"`
	Next           string   `json:"next"`
}

// Video is a finished video.
type Video struct {
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Path   string `json:"path"`
}

// Credits are what a task costs.
type Credits struct {
	Estimated int  `json:"estimated"`
	Used      int  `json:"used"`
	Settled   bool `json:"settled"`
}

// Answer is always the same, but for the id.
func Answer(a Arguments) Task {
	return Task{
		TaskID: a.TaskID, UpstreamTaskID: "task_bskmeqig83tm87bicnf3o40c", Status: "success", Model: "seedance-20",
		Workflow: "seedance20-video-generation", Prompt: "a red fox in the snow",
		Videos:    []Video{{URL: "http://sandbox.test/media/task_bskmeqig83tm87bicnf3o40c.mp4", Width: 1280, Height: 720, Path: "/videos/a-red-fox-in-the-snow.mp4"}},
		Credits:   Credits{Estimated: 200, Used: 200, Settled: true},
		CreatedAt: "2026-11-25T18:01:52Z", CompletedAt: "2026-11-25T18:02:00Z", Sandbox: true,
		Notes: []string{"sandbox, no credits spent"}, Next: "Give the user videos[0].url, in full. Nothing more needs to be called for it.",
	}
}
