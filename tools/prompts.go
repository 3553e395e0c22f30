package tools

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
)

// maxPromptArgument is in runes; a story of several shots fits.
const maxPromptArgument = 4000

// The arguments that prompts have beside those of the tools.
const (
	promptIdea   = "idea"
	promptImage  = "image_url"
	promptMotion = "motion"
	promptStory  = "story"
	promptShots  = "shots"
	promptBudget = "budget"
)

// defaultShots and maxShots are of a storyboard.
const (
	defaultShots = 4
	maxShots     = 12
)

// Prompts lead a model through an order: understand the wish, tell the price,
// order once, wait. What they say of models comes from the catalogue.
func Prompts(d Deps) []server.ServerPrompt {
	d = d.complete()
	ids, shortest, longest := modelRange(d)
	usual, _ := d.Catalog.Model(d.Dialect, d.Catalog.DefaultModel(d.Dialect))
	options := []mcp.PromptArgument{
		{Name: nameModel, Title: "Model", Description: fmt.Sprintf("One of %s; default %s", strings.Join(ids, ", "), usual.ID)},
		{Name: nameAspectRatio, Title: "Aspect ratio", Description: fmt.Sprintf("One of %s; default %s", strings.Join(d.Catalog.AspectRatios(d.Dialect), ", "), usual.DefaultAspectRatio)},
		{Name: nameDuration, Title: "Seconds", Description: fmt.Sprintf("%d-%d by model; default %d", shortest, longest, usual.DefaultSeconds)},
	}
	if resolutions := d.Catalog.Resolutions(d.Dialect); len(resolutions) > 1 {
		options = append(options, mcp.PromptArgument{Name: nameResolution, Title: "Resolution", Description: fmt.Sprintf("One of %s; default %s", strings.Join(resolutions, ", "), usual.DefaultResolution)})
	}
	image := "The first frame: a public URL"
	if d.Uploader != nil && d.LocalFiles {
		image += " or a file on this machine"
	}
	budget := mcp.PromptArgument{Name: promptBudget, Title: "Budget in credits", Description: "The most that it may cost; without it the price is asked about"}
	return []server.ServerPrompt{
		prompting(mcp.Prompt{
			Name: "text_to_video", Title: "Video from text",
			Description: "One video from an idea: a good prompt, the price, one order, the result.",
			Arguments: slices.Concat([]mcp.PromptArgument{
				{Name: promptIdea, Title: "Idea", Description: "What the video shows", Required: true},
			}, options, []mcp.PromptArgument{budget}),
		}, textToVideo),
		prompting(mcp.Prompt{
			Name: "animate_image", Title: "Animate an image",
			Description: "One video that begins with an image: how it moves, the price, one order, the result.",
			Arguments: slices.Concat([]mcp.PromptArgument{
				{Name: promptImage, Title: "Image", Description: image, Required: true},
				{Name: promptMotion, Title: "Motion", Description: "What happens in the picture and how the camera moves"},
			}, options, []mcp.PromptArgument{budget}),
		}, animateImage),
		prompting(mcp.Prompt{
			Name: "storyboard", Title: "Storyboard on a budget",
			Description: "Several shots that tell a story, within a budget for all of them: planned, priced, ordered once each, waited for together.",
			Arguments: slices.Concat([]mcp.PromptArgument{
				{Name: promptStory, Title: "Story", Description: "What happens, and who or what is in it", Required: true},
				{Name: promptShots, Title: "Shots", Description: fmt.Sprintf("How many videos, 1-%d; default %d", maxShots, defaultShots)},
				{Name: promptBudget, Title: "Budget in credits", Description: "The most that all shots together may cost"},
			}, options),
		}, storyboard),
	}
}

// prompting is a prompt whose one message the given text makes of its
// arguments.
func prompting(prompt mcp.Prompt, text func(promptArguments) string) server.ServerPrompt {
	return server.ServerPrompt{Prompt: prompt, Handler: func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		given := promptArguments{}
		for _, arg := range prompt.Arguments {
			given[arg.Name] = promptText(request.Params.Arguments[arg.Name])
			if arg.Required && given[arg.Name] == "" {
				return nil, &video.Error{
					Code: video.Invalid, Argument: arg.Name,
					Message:    fmt.Sprintf("The prompt %s needs %s: %s.", prompt.Name, arg.Name, arg.Description),
					Suggestion: "Ask for it again with " + arg.Name + ".",
				}
			}
		}
		return &mcp.GetPromptResult{
			Description: prompt.Description,
			Messages:    []mcp.PromptMessage{{Role: mcp.RoleUser, Content: mcp.TextContent{Type: mcp.ContentTypeText, Text: text(given)}}},
		}, nil
	}}
}

// promptText is an argument fit to stand on a line of its own.
func promptText(given string) string { return video.Clip(given, maxPromptArgument) }

type promptArguments map[string]string

// options are the arguments of the tools that were given, as a model writes
// them in a call.
func (a promptArguments) options() string {
	var given []string
	for _, name := range []string{nameModel, nameAspectRatio, nameDuration, nameResolution} {
		if value := a[name]; value != "" {
			given = append(given, name+"="+value)
		}
	}
	if len(given) == 0 {
		return "the defaults"
	}
	return strings.Join(given, ", ")
}

// followUp is the way of every order; what is ordered is named by the caller.
const followUp = `4. Call get_task_status with that task_id and wait_seconds=45, again and again until status is success or fail. Do not call generate_video again for this video, whatever happens in between; after a lost answer get_task_status without task_id shows the latest task.
5. On success give me the saved file or the whole URL, what it cost, and when the URL expires. On fail tell me why, whether it was charged, and what would help.`

func textToVideo(a promptArguments) string {
	return fmt.Sprintf(`Make one video for me with the seedance tools.

Idea: %s
Settings: %s

1. Turn the idea into one clear prompt: subject, action, setting, light, style, camera movement. Keep every wish of mine; add nothing that contradicts it.
2. Call estimate_cost with the prompt and the settings. It is free. %s
3. Call generate_video once, with exactly the arguments that estimate_cost answered. It answers at once with a task_id.
%s`, a[promptIdea], a.options(), a.agreement("the video"), followUp)
}

func animateImage(a promptArguments) string {
	motion := a[promptMotion]
	if motion == "" {
		motion = "not said: choose a calm, natural movement that suits the picture"
	}
	return fmt.Sprintf(`Bring an image to life as one video with the seedance tools.

Image: %s
Motion: %s
Settings: %s

1. Write a prompt that describes the movement, of the subject and of the camera, not what the picture shows anyway.
2. Call estimate_cost with the prompt, image_urls=[the image] and the settings; input_mode=keyframe makes the image the first frame. If the model takes no image, list_models names those that do. It is free. %s
3. Call generate_video once, with exactly the arguments that estimate_cost answered. It answers at once with a task_id.
%s`, a[promptImage], motion, a.options(), a.agreement("the video"), followUp)
}

func storyboard(a promptArguments) string {
	shots := defaultShots
	if given, err := strconv.Atoi(a[promptShots]); err == nil {
		shots = min(max(given, 1), maxShots)
	}
	return fmt.Sprintf(`Tell a story in %[1]d shots with the seedance tools, each shot one video.

Story: %[2]s
Settings of each shot: %[3]s
Budget for all shots: %[4]s

1. Plan %[1]d shots in order. Describe the people, things, light and style that recur once, and repeat those very words in the prompt of each shot, because each is made without knowing the others. Show me the plan.
2. Call estimate_cost for each shot, which is free, and add the prices up. If the sum is above the budget, shorten shots or choose a cheaper model or resolution until it fits, or leave shots out and say so. %[5]s
3. Call generate_video once for each shot, with exactly the arguments that estimate_cost answered, max_credits=its price, and an idempotency_key of its own, such as storyboard-TITLE-1, -2 and so on: the same key again orders nothing twice. Stop ordering as soon as the next shot would go over the budget.
4. Call get_task_status with task_ids=[all of them] and wait_seconds=45, again and again until all are success or fail. Do not call generate_video again for a shot that is still being made.
5. Give me the shots in order, each with its file or whole URL, and what each and all of them cost. If one failed tell me why and what another try would cost; order it only if I agree and the budget allows it.`,
		shots, a[promptStory], a.options(), a.limit(), a.agreement("all shots"))
}

// limit is the budget in words.
func (a promptArguments) limit() string {
	if a[promptBudget] == "" {
		return "none given, so ask me before ordering"
	}
	return strings.TrimSpace(strings.TrimSuffix(a[promptBudget], "credits")) + " credits"
}

// agreement says when an order may be placed.
func (a promptArguments) agreement(what string) string {
	if a[promptBudget] == "" {
		return "Tell me the price of " + what + " and wait until I agree."
	}
	return fmt.Sprintf("If the price of %s is above %s, or not published, tell me and wait for my answer; otherwise go on.", what, a.limit())
}
