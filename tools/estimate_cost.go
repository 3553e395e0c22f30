package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// maxPayload is how much of createTask's body and the arguments an answer
// shows, in bytes; only a long prompt or many references make them longer.
const maxPayload = 5500

type estimateResult struct {
	Model string `json:"model"`
	// Credits is null where no rate is published; Reason says so.
	Credits           *video.Credits  `json:"credits"`
	Reason            string          `json:"reason,omitempty"`
	Rate              *video.Credits  `json:"rate,omitempty"`
	Seconds           int             `json:"seconds,omitempty"`
	Formula           string          `json:"formula,omitempty"`
	Provisional       bool            `json:"provisional,omitempty"`
	Payload           json.RawMessage `json:"payload"`
	Arguments         map[string]any  `json:"arguments"`
	Budgets           []budgetResult  `json:"budgets,omitempty"`
	NeedsConfirmation bool            `json:"needs_confirmation,omitempty"`
	Sandbox           bool            `json:"sandbox,omitempty"`
	Notes             []string        `json:"notes,omitempty"`
	Warnings          []string        `json:"warnings,omitempty"`
	Next              string          `json:"next"`
}

func estimateCost(d Deps) tool {
	uploads := newUploads(d)
	arguments := describedWish(d)
	for i := range arguments {
		arguments[i] = inBrief(arguments[i])
	}
	// Whoever copies a whole order here is not refused.
	arguments = append(arguments,
		argument{name: "max_credits", kind: amountKind, hidden: true}, argument{name: "idempotency_key", hidden: true},
		argument{name: "force_new", kind: flagKind, hidden: true}, argument{name: "confirm_token", hidden: true})
	def := definition{
		name: "estimate_cost", title: "Estimate cost",
		description: "The price of a video, free: credits, rate, seconds, the exact request, warnings, budgets left. " +
			"Arguments mean the same as in generate_video. If the user agrees, call generate_video with the arguments it answers.",
		arguments:  arguments,
		repeatable: true, strict: true,
	}
	return adapt(d, def, func(ctx context.Context, c call[wishArguments]) (any, error) {
		wish, placed, err := uploads.pretend(c.In.wish())
		if err != nil {
			return nil, err
		}
		quotation, err := d.Service.Quote(ctx, c.Principal, wish)
		if err != nil {
			return nil, err
		}
		return estimate(quotation, c.In, slices.Concat(c.Notes, placed)), nil
	})
}

// inBrief leaves out of a schema what generate_video's says already, and what
// has no price: every model is sent both with every request.
func inBrief(arg argument) argument {
	arg.means = arg.description
	arg.description, arg.values, arg.minimum, arg.maximum = "Same", nil, nil, nil
	if arg.name == "seed" || arg.name == "generate_audio" || arg.name == nameAudioURLs {
		arg.hidden = true
	}
	return arg
}

func estimate(q engine.Quotation, in wishArguments, notes []string) estimateResult {
	quote := q.Plan.Quote
	result := estimateResult{
		Model: q.Plan.Request.Model, Credits: quote.Credits, Reason: quote.Reason, Rate: quote.Rate,
		Seconds: quote.Seconds, Formula: quote.Formula, Provisional: quote.Provisional,
		Payload: q.Plan.Payload, Arguments: orderArguments(q.Plan.Request, in),
		Budgets: showBudgets(q.Budgets), NeedsConfirmation: q.NeedsConfirmation, Sandbox: q.Sandbox,
		Notes: slices.Concat(notes, q.Plan.Notes), Warnings: q.Plan.Warnings,
	}
	if q.Sandbox {
		result.Notes = append([]string{sandboxNote}, result.Notes...)
	}
	shortenPrompts(&result)
	price := "the price of " + creditsText(quote.Credits)
	if quote.Credits == nil {
		price = "a price that is not published"
	}
	if quote.Provisional {
		price += ", settled after success"
	}
	if q.Sandbox {
		price += " (the sandbox's: nothing real is spent)"
	}
	switch {
	case q.Refusal != nil:
		result.Next = "generate_video would refuse this now: " + explain(generateVideoName, q.Refusal)
	case q.NeedsConfirmation:
		result.Next = fmt.Sprintf("Nothing has been ordered or charged. Ask the user whether %s is all right; then call generate_video with exactly these arguments: it asks the user itself, or answers with a confirm_token that the order needs.", price)
	default:
		result.Next = fmt.Sprintf("Nothing has been ordered or charged. If the user agrees to %s, call generate_video with exactly these arguments.", price)
	}
	return result
}

// orderArguments are the arguments for generate_video that give this price.
func orderArguments(r video.Request, in wishArguments) map[string]any {
	arguments := map[string]any{namePrompt: r.Prompt, nameModel: r.Model}
	set := func(name string, value any, present bool) {
		if present {
			arguments[name] = value
		}
	}
	set(nameAspectRatio, r.AspectRatio, r.AspectRatio != "")
	set(nameDuration, r.Duration, r.Duration != 0)
	set(nameResolution, r.Resolution, r.Resolution != "")
	set(nameImageURLs, in.ImageURLs, len(in.ImageURLs) > 0)
	set(nameVideoURLs, in.VideoURLs, len(in.VideoURLs) > 0)
	set(nameAudioURLs, in.AudioURLs, len(in.AudioURLs) > 0)
	set(nameInputMode, r.InputMode, r.InputMode != video.TextOnly)
	if r.Seed != nil {
		set("seed", *r.Seed, true)
	}
	if r.GenerateAudio != nil {
		set("generate_audio", *r.GenerateAudio, true)
	}
	return arguments
}

// shortenPrompts keeps an answer about a very long prompt readable; what is
// sent stays whole.
func shortenPrompts(result *estimateResult) {
	long := func() bool { return len(result.Payload)+len(quoted(result.Arguments)) > maxPayload }
	if !long() {
		return
	}
	for kept := 300; kept > 30 && long(); kept /= 2 {
		var payload map[string]any
		if json.Unmarshal(result.Payload, &payload) == nil {
			if inputs, ok := payload["inputs"].(map[string]any); ok {
				shortenTexts(inputs, kept)
			}
			result.Payload = json.RawMessage(quoted(payload))
		}
		shortenTexts(result.Arguments, kept)
	}
	result.Notes = append(result.Notes, "Long texts are shortened (…) in payload and arguments here; they are sent whole. Use your own.")
}

func shortenTexts(values map[string]any, kept int) {
	for name, value := range values {
		switch v := value.(type) {
		case string:
			values[name] = video.Clip(v, kept)
		case []string:
			short := make([]string, len(v))
			for i := range v {
				short[i] = video.Clip(v[i], kept)
			}
			values[name] = short
		case []any:
			for i := range v {
				if text, ok := v[i].(string); ok {
					v[i] = video.Clip(text, kept)
				}
			}
		}
	}
}
