package docs

import (
	"strings"
	"testing"

	"seedance-mcp/internal/video"
	player "seedance-mcp/server/app"
	"seedance-mcp/tools"
)

func resourcesText(t *testing.T) string {
	d := deps(t, video.Workflow)
	var rows [][]string
	for _, r := range tools.Resources(d) {
		rows = append(rows, []string{code(r.Resource.URI), r.Resource.Description})
	}
	for _, r := range tools.ResourceTemplates(d) {
		rows = append(rows, []string{code(r.Template.URITemplate.Raw()), r.Template.Description})
	}
	rows = append(rows, []string{code(player.URI), "[The player](player.md#in-the-chat), for clients that render apps."})
	return table([]string{"resource", ""}, rows)
}

func promptsText(t *testing.T) string {
	var rows [][]string
	for _, p := range tools.Prompts(deps(t, video.Workflow)) {
		var arguments []string
		for _, a := range p.Prompt.Arguments {
			text := code(a.Name)
			if a.Required {
				text += ", required"
			}
			arguments = append(arguments, text+": "+a.Description)
		}
		rows = append(rows, []string{code(p.Prompt.Name), p.Prompt.Description, strings.Join(arguments, "\n")})
	}
	return table([]string{"prompt", "", "arguments"}, rows)
}
