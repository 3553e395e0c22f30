package tools

// Names that several tools' arguments and answers have in common.
const (
	nameTaskID    = "task_id"
	nameTasks     = "tasks"
	nameStatus    = "status"
	namePrompt    = "prompt"
	nameModel     = "model"
	nameAudioURLs = "audio_urls"
	nameVideos    = "videos"
	nameCredits   = "credits"
	nameNext      = "next"

	latestByDefault = "Default: latest"

	wordAny = "any"
	wordAll = "all"
)
