package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"seedance-mcp/internal/catalog"
)

type modelsArguments struct {
	Model string `json:"model"`
}

type modelsResult struct {
	Models  []modelResult `json:"models"`
	Default string        `json:"default"`
	Sandbox bool          `json:"sandbox,omitempty"`
	Notes   []string      `json:"notes,omitempty"`
	Next    string        `json:"next"`
}

// modelResult is one model; a question about one model alone shows all of it.
type modelResult struct {
	ID           string   `json:"id"`
	Summary      string   `json:"summary,omitempty"`
	Seconds      string   `json:"seconds,omitempty"`
	AspectRatios []string `json:"aspect_ratios,omitempty"`
	Resolutions  []string `json:"resolutions,omitempty"`
	// Rates are credits per second, "text or image: 480p 15, 720p 40".
	Rates      []string          `json:"credits_per_second,omitempty"`
	References string            `json:"references,omitempty"`
	Requires   string            `json:"requires,omitempty"`
	UsualTime  string            `json:"usual_time,omitempty"`
	Title      string            `json:"title,omitempty"`
	Aliases    []string          `json:"aliases,omitempty"`
	PixelSizes map[string]string `json:"pixel_sizes,omitempty"`
	MaxPrompt  int               `json:"max_prompt,omitempty"`
}

func listModels(d Deps) tool {
	def := definition{
		name: "list_models", title: "List models",
		description: "The models: seconds, aspect ratios, resolutions, credits per second, references, usual time. Free. " +
			"Call it when asked what is possible or after a value was refused; then estimate_cost. One model is told in full.",
		arguments: []argument{
			{name: nameModel, aliases: []string{"id", "name", "model_id"}, description: "One model in full"},
		},
		repeatable: true,
	}
	return adapt(d, def, func(_ context.Context, c call[modelsArguments]) (any, error) {
		result := modelsResult{
			Default: d.Catalog.DefaultModel(d.Dialect), Sandbox: d.Sandbox, Notes: c.Notes,
			Next: "Call estimate_cost with a model and a duration for the exact price, then generate_video.",
		}
		if d.Sandbox {
			result.Notes = slices.Concat([]string{sandboxNote}, c.Notes)
		}
		if c.In.Model != "" {
			model, notes, err := d.Catalog.Lookup(d.Dialect, c.In.Model)
			if err != nil {
				return nil, err
			}
			result.Models, result.Notes = []modelResult{modelInFull(model)}, append(result.Notes, notes...)
			return result, nil
		}
		result.Models = showModels(d.Catalog.Models(d.Dialect))
		return result, nil
	})
}

// showModels tells less of each model the more there are.
func showModels(models []catalog.Model) []modelResult {
	shown := make([]modelResult, 0, len(models))
	for _, model := range models {
		shown = append(shown, modelInBrief(model))
	}
	if len(quoted(shown)) > listedText {
		for i := range shown {
			shown[i].Summary, shown[i].AspectRatios = "", nil
		}
	}
	if len(quoted(shown)) > listedText {
		for i := range shown {
			shown[i] = modelResult{ID: shown[i].ID, Seconds: shown[i].Seconds}
		}
	}
	return shown
}

func modelInBrief(m catalog.Model) modelResult {
	shown := modelResult{
		ID: m.ID, Summary: m.Summary, AspectRatios: m.AspectRatios, Resolutions: m.Resolutions,
		Rates: ratesText(m), References: referencesText(m), Requires: strings.ReplaceAll(string(m.Requires), "_", " "),
		UsualTime: strings.Replace(m.UsualTime.String(), "m0s", "m", 1),
	}
	if m.MaxSeconds > 0 {
		shown.Seconds = fmt.Sprintf("%d-%d", m.MinSeconds, m.MaxSeconds)
		if !m.Documented("duration") {
			shown.Seconds += " (not documented)"
		}
	}
	return shown
}

func modelInFull(m catalog.Model) modelResult {
	shown := modelInBrief(m)
	shown.Title, shown.Aliases, shown.MaxPrompt = m.Title, m.Aliases, m.MaxPrompt
	shown.PixelSizes = map[string]string{}
	for _, ratio := range m.AspectRatios {
		for _, resolution := range m.Resolutions {
			if width, height, ok := m.PixelSize(ratio, resolution); ok {
				shown.PixelSizes[ratio+" "+resolution] = fmt.Sprintf("%dx%d", width, height)
			}
		}
	}
	return shown
}

// ratesText is one line for each kind of request, none where no rate is
// published.
func ratesText(m catalog.Model) []string {
	var kinds []string
	lines := map[string]string{}
	for _, rate := range m.Rates() {
		if _, known := lines[rate.When]; !known {
			kinds = append(kinds, rate.When)
			lines[rate.When] = rate.When + ":"
		} else {
			lines[rate.When] += ","
		}
		lines[rate.When] += fmt.Sprintf(" %s %s", rate.Resolution, rate.PerSecond)
	}
	var text []string
	for _, when := range kinds {
		text = append(text, lines[when])
	}
	return text
}

func referencesText(m catalog.Model) string {
	var parts []string
	for _, kind := range []struct {
		most int
		name string
	}{{m.MaxImages, "images"}, {m.MaxVideos, nameVideos}, {m.MaxAudios, "audios"}} {
		if kind.most > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", kind.most, kind.name))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "up to " + strings.Join(parts, ", ")
}
