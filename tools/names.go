package tools

// Names that several tools' arguments and answers have in common.
const (
	nameTaskID      = "task_id"
	nameTasks       = "tasks"
	nameStatus      = "status"
	namePrompt      = "prompt"
	nameModel       = "model"
	nameVideoURLs   = "video_urls"
	nameAudioURLs   = "audio_urls"
	nameAspectRatio = "aspect_ratio"
	nameDuration    = "duration"
	nameResolution  = "resolution"
	nameImageURLs   = "image_urls"
	nameInputMode   = "input_mode"
	nameVideos      = "videos"
	nameCredits     = "credits"
	nameNext        = "next"

	wordAny = "any"
	wordAll = "all"
)

// latestTask is the argument of tools that look at one task.
func latestTask() argument {
	return argument{
		name: nameTaskID, aliases: []string{"id", "task", "upstream_task_id", "video_id", "job_id"}, description: "Default: latest",
	}
}
