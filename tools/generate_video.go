package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

const generateVideoName = "generate_video"

func generateVideo(d Deps) tool {
	uploads := newUploads(d)
	def := definition{
		name: generateVideoName, title: "Generate video",
		description: "Order an AI video from text and optional images. PAID in credits; estimate_cost tells the price. " +
			"Answers at once with a task_id, not the video: then call get_task_status with wait_seconds=45 until success. " +
			"Never repeat it while it runs; the same order within 10 minutes is the same task.",
		arguments: append(describedWish(d),
			argument{name: "max_credits", kind: amountKind, aliases: []string{"budget", "max_cost", "credit_limit"},
				description: "Refuse above this price"},
			argument{name: "idempotency_key", aliases: []string{"request_id", "client_token"},
				description: "Same key, same task"},
			argument{name: "force_new", kind: flagKind, aliases: []string{"force"},
				description: "Order the same again"},
			argument{name: "confirm_token", aliases: []string{"confirmation_token", "token"},
				description: "After the user agreed"},
		),
		output: []output{
			{nameTaskID, typeText}, {nameStatus, typeText}, {nameNext, typeText},
		},
		required: []string{nameStatus, nameNext}, writes: true, strict: true, page: d.PlayerURI,
	}
	return adapt(d, def, func(ctx context.Context, c call[wishArguments]) (any, error) {
		wish, uploaded, err := uploads.place(ctx, c.Principal, c.In.wish())
		if err != nil {
			return nil, err
		}
		c.Notes = slices.Concat(c.Notes, uploaded)
		if err := c.Person.answered(&wish); err != nil {
			return nil, err
		}
		submission, err := d.Service.Submit(ctx, c.Principal, wish)
		if video.CodeOf(err) == video.ConfirmationRequired {
			return confirm(ctx, d, c, wish, err)
		}
		if err != nil {
			return nil, recorded(err, submission.Task)
		}
		return ordered(ctx, d, submission, wish, c.Notes), nil
	})
}

// ordered shows a submission; a task that existed already is named as such.
func ordered(ctx context.Context, d Deps, s engine.Submission, wish engine.Wish, notes []string) taskResult {
	result := showTask(d, s.Task, d.Service.ETA(ctx, s.Task))
	result.Quote = quoteText(s.Task.Quote)
	if s.Duplicate {
		result.DuplicateOf = s.Task.ID
		notes = append(notes, duplicateNote(s.Task, wish))
	}
	result.Notes = slices.Concat(result.Notes, notes, s.Notes)
	result.Warnings = s.Warnings
	return result
}

// duplicateNote tells that nothing was ordered. What to do about a task that
// failed or is unconfirmed stands in next.
func duplicateNote(task video.Task, wish engine.Wish) string {
	note := "The same order was placed before and this is its task: nothing was ordered or charged now."
	keyed := wish.IdempotencyKey != ""
	switch {
	case keyed && wish.ForceNew:
		return note + " force_new does nothing beside an idempotency_key that is taken: the key leads to its task for ever. Another take of it needs force_new=true and another idempotency_key."
	case task.State == video.Failed || task.State == video.Unconfirmed:
		return note
	case keyed:
		return note + " Another take of it needs force_new=true and another idempotency_key."
	default:
		return note + " Another take of it needs force_new=true."
	}
}

// recorded adds to a refusal by the upstream that the attempt is kept.
func recorded(err error, task video.Task) error {
	refused, ok := errors.AsType[*video.Error](err)
	if !ok || task.ID == "" {
		return err
	}
	told := *refused
	told.Message = fmt.Sprintf("%s The attempt is kept as task %s.", sentence(told.Message), task.ID)
	if task.IdempotencyKey != "" {
		told.Message += " " + keyTaken
	}
	return &told
}

// quoteText is a quote in words: "5 s × 40 credits/s = 200 credits".
func quoteText(q video.Quote) string {
	switch {
	case q.Credits == nil:
		return q.Reason
	case q.Formula == "":
		return creditsText(q.Credits)
	default:
		return q.Formula + " = " + creditsText(q.Credits)
	}
}
