package main

import (
	"regexp"
	"strings"
	"sync"
)

// agentWords are how the packages below speak to an agent, and what they mean
// to a person at a terminal. Whole phrases stand before the words in them.
var agentWords = strings.NewReplacer(
	"Show the price to the user. When they agree, repeat the call with the confirm_token of the quote.", "Run it again and agree to the price.",
	"Call again without confirm_token for a new quote, and ask the user again.", "Run it again for a new quote.",
	"The confirm_token", "The confirmation", "confirm_token", "confirmation",

	"Call get_task_status until it says success.", "Follow it: seedance-mcp tasks ID --wait",
	"Let it finish: get_task_status follows it.", "Let it finish: seedance-mcp tasks ID --wait follows it.",
	"call get_task_status later", "look again later with seedance-mcp tasks ID",
	"Call get_task_status for a fresh link, then download_video again.", "Fetch it with a fresh link: seedance-mcp tasks ID --wait.",
	"Call get_task_status to see whether", "See with seedance-mcp tasks ID whether",
	"Call get_task_status to see", "See with seedance-mcp tasks ID",
	"Read that one with get_task_status.", "Look at that one: seedance-mcp tasks ID",
	"read that task with get_task_status", "look at that task with seedance-mcp tasks ID",
	"get_task_status with that upstream id", "seedance-mcp tasks with that upstream id",
	"get_task_status with ", "seedance-mcp tasks ",
	"get_task_status", "seedance-mcp tasks ID",

	"generate_video makes one.", `Make one: seedance-mcp generate "PROMPT"`,
	"Call generate_video again with the same arguments", "Run the same command again",
	"call generate_video again with the same arguments", "run the same command again",
	"A new video needs a new generate_video call.", "A new video needs a new seedance-mcp generate.",
	"Call generate_video", "Run seedance-mcp generate", "call generate_video", "run seedance-mcp generate",
	"generate_video", "seedance-mcp generate",

	"Tell the user, or call download_video with another directory.", "Name another folder with --out.",
	"Have the user free space, then call download_video again", "Free some space, then run seedance-mcp tasks ID --wait",
	"Call download_video again in a minute", "Run seedance-mcp tasks ID --wait in a minute",
	"download_video", "seedance-mcp tasks ID --wait",
	"Leave directory out, or name another one.", "Leave --out away, or name another folder.",
	"Leave directory out", "Leave --out away", "leave directory out", "leave --out away",
	"Use a shorter directory.", "Use a shorter path.", "in directory, with", "in --out, with",

	"Check the task_id; list_tasks shows", "seedance-mcp tasks shows", "Check the task id; list_tasks shows", "seedance-mcp tasks shows",
	"task_id", "task's ID", "list_tasks", "seedance-mcp tasks", "get_usage", "seedance-mcp tasks --usage",
	"list_models", "seedance-mcp models", "estimate_cost", "seedance-mcp models",

	"force_new", "--force-new", "idempotency_key", "--idempotency-key", "max_credits", "--max-credits-per-task",
	"aspect_ratio", "--aspect-ratio", "input_mode", "--input-mode",
	"image_urls", "--image", "video_urls", "--video", "audio_urls", "--audio", "generate_audio", "sound",

	"Tell the user; the upstream sent", "The upstream sent", "Tell the user; videos", "Videos", "Tell the user: ", "",
	"Ask the user to buy", "Buy", "Ask the user to enable", "Enable", "Give the user the URL", "Use the URL",
	"If the user agrees to one of these, give it as model", "If you agree to one of these, name it with --model",
	"unless the user agrees", "unless you agree", "ask the owner to raise", "raise", "or have the limit raised", "or raise the limit",
	"or have the limit lifted", "or lift the limit", "or have SEEDANCE_DOWNLOAD switched on", "or switch SEEDANCE_DOWNLOAD on",
)

// taskPlace is where a command names the task.
var taskPlace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bseedance-mcp tasks ID\b`) })

// forPerson says to a person at a terminal what was said to an agent: the
// command for the tool, the flag for the argument. id is the task that it is
// about; "": none.
func forPerson(text, id string) string {
	text = agentWords.Replace(text)
	if id != "" {
		text = taskPlace().ReplaceAllLiteralString(text, "seedance-mcp tasks "+id)
	}
	return text
}
