package install

const (
	onLinux   = "linux"
	onMac     = "darwin"
	onWindows = "windows"

	commandField = "command"
	envField     = "env"
	opencode     = "opencode"
)

// Clients is the table of all clients, in the order in which they are shown.
func Clients() []Client {
	mcpServers := []string{"mcpServers"}
	plain := Shape{Command: commandField, Env: envField}
	stdio := Shape{Command: commandField, Env: envField, Fixed: []Field{{typeField, "stdio"}}}
	return []Client{
		{
			ID: "claude-desktop", Name: "Claude Desktop",
			Places: []Place{
				{onMac, "{home}/Library/Application Support/Claude/claude_desktop_config.json"},
				// The packaged application reads a virtualised folder.
				{onWindows, "{localappdata}/Packages/Claude_*/LocalCache/Roaming/Claude/claude_desktop_config.json"},
				{onWindows, "{appdata}/Claude/claude_desktop_config.json"},
				{onLinux, "{config}/Claude/claude_desktop_config.json"},
			},
			Format: JSON, Servers: mcpServers, Shape: plain,
			Activate: "Quit Claude Desktop completely and start it again",
			Docs:     "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
		},
		{
			ID: "claude-code", Name: "Claude Code", Program: "claude",
			Places: []Place{{"", "{CLAUDE_CONFIG_DIR}/.claude.json"}, {"", "{home}/.claude.json"}},
			Format: JSON, Servers: mcpServers, Shape: stdio,
			Secrets:  Secrets{Reference: "${%s:-}"},
			Activate: "Start a new Claude Code session",
			Docs:     "https://code.claude.com/docs/en/mcp",
		},
		{
			ID: "cursor", Name: "Cursor", Program: "cursor",
			Places: []Place{{"", "{home}/.cursor/mcp.json"}},
			Format: JSON, Servers: mcpServers, Shape: plain,
			Secrets:  Secrets{Reference: "${env:%s}"},
			Activate: "Switch the server on in Cursor's settings under MCP, or restart Cursor",
			Docs:     "https://cursor.com/docs/context/mcp",
		},
		{
			ID: "vscode", Name: "VS Code", Program: "code",
			Places: []Place{
				{onMac, "{home}/Library/Application Support/Code/User/mcp.json"},
				{onMac, "{home}/Library/Application Support/Code - Insiders/User/mcp.json"},
				{onWindows, "{appdata}/Code/User/mcp.json"},
				{onWindows, "{appdata}/Code - Insiders/User/mcp.json"},
				{onLinux, "{config}/Code/User/mcp.json"},
				{onLinux, "{config}/Code - Insiders/User/mcp.json"},
			},
			Format: JSON, Servers: []string{"servers"}, Shape: stdio,
			Secrets:  Secrets{Prompt: true},
			Activate: "Run \"MCP: List Servers\" from VS Code's command palette and start the server, then open the chat in agent mode",
			Docs:     "https://code.visualstudio.com/docs/copilot/customization/mcp-servers",
		},
		{
			ID: "windsurf", Name: "Windsurf", Program: "windsurf",
			Places: []Place{{"", "{home}/.codeium/windsurf/mcp_config.json"}, {"", "{home}/.codeium/mcp_config.json"}},
			Format: JSON, Servers: mcpServers, Shape: plain,
			Secrets:  Secrets{Reference: "${env:%s}"},
			Activate: "Press the refresh button in Windsurf's list of MCP servers",
			Docs:     "https://docs.windsurf.com/windsurf/cascade/mcp",
		},
		{
			ID: "cline", Name: "Cline", Program: "cline",
			Places: []Place{
				{"", "{CLINE_MCP_SETTINGS_PATH}"},
				{"", "{CLINE_DATA_DIR}/settings/cline_mcp_settings.json"},
				{"", "{CLINE_DIR}/data/settings/cline_mcp_settings.json"},
				{"", "{home}/.cline/data/settings/cline_mcp_settings.json"},
				// Where the extension kept it before it shared ~/.cline.
				{onMac, "{home}/Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"},
				{onWindows, "{appdata}/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"},
				{onLinux, "{config}/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"},
			},
			Format: JSON, Servers: mcpServers, Shape: plain,
			Activate: "Start a new Cline task; in the editor, look under MCP Servers first",
			Docs:     "https://docs.cline.bot/mcp/adding-and-configuring-servers",
		},
		{
			ID: "codex", Name: "Codex CLI", Program: "codex",
			Places: []Place{{"", "{CODEX_HOME}/config.toml"}, {"", "{home}/.codex/config.toml"}},
			Format: TOML, Servers: []string{"mcp_servers"}, Shape: plain,
			Secrets:  Secrets{Forward: "env_vars"},
			Activate: "Start a new Codex session",
			Docs:     "https://developers.openai.com/codex/mcp",
		},
		{
			ID: "gemini-cli", Name: "Gemini CLI", Program: "gemini",
			Places: []Place{{"", "{GEMINI_CLI_HOME}/.gemini/settings.json"}, {"", "{home}/.gemini/settings.json"}},
			Format: JSON, Servers: mcpServers,
			// Its own default is ten minutes, also for a server that died: a wait
			// of ours is over within 45 s.
			Shape:    Shape{Command: commandField, Env: envField, Fixed: []Field{{"timeout", 60_000}}},
			Secrets:  Secrets{Reference: "${%s:-}"},
			Activate: "Start Gemini CLI again, in a folder that you trust",
			Docs:     "https://geminicli.com/docs/tools/mcp-server",
		},
		{
			ID: "goose", Name: "Goose", Program: "goose",
			Places: []Place{
				{onWindows, "{appdata}/Block/goose/config/config.yaml"},
				{onMac, "{config}/goose/config.yaml"},
				{onLinux, "{config}/goose/config.yaml"},
			},
			Format: YAML, Servers: []string{"extensions"},
			Shape: Shape{Command: "cmd", Env: "envs", NameField: "name", Fixed: []Field{
				{typeField, "stdio"}, {"enabled", true}, {"description", "Make videos with Seedance"}, {"timeout", 300},
			}},
			Secrets:  Secrets{Store: "env_keys"},
			Activate: "Start a new Goose session",
			Docs:     "https://goose-docs.ai/docs/getting-started/using-extensions",
		},
		{
			ID: "zed", Name: "Zed", Program: "zed",
			Places: []Place{
				{onWindows, "{appdata}/Zed/settings.json"},
				{onMac, "{home}/.config/zed/settings.json"},
				{onLinux, "{config}/zed/settings.json"},
			},
			Format: JSON, Servers: []string{"context_servers"},
			Shape:    Shape{Command: commandField, Env: envField, Fixed: []Field{{"source", "custom"}}},
			Activate: "Look for the green dot beside the server in the settings of Zed's agent panel",
			Docs:     "https://zed.dev/docs/ai/mcp",
		},
		{
			ID: "lm-studio", Name: "LM Studio", Program: "lms",
			Places: []Place{{"", "{home}/.lmstudio/mcp.json"}, {"", "{home}/.cache/lm-studio/mcp.json"}},
			Format: JSON, Servers: mcpServers, Shape: plain,
			Activate: "Switch the server on in the Program tab of LM Studio",
			Docs:     "https://lmstudio.ai/docs/app/mcp",
		},
		{
			ID: opencode, Name: opencode, Program: opencode,
			Places: []Place{
				{"", "{OPENCODE_CONFIG}"},
				{"", "{config}/opencode/opencode.jsonc"},
				{"", "{config}/opencode/opencode.json"},
				{"", "{config}/opencode/config.json"},
			},
			Format: JSON, Servers: []string{"mcp"},
			Shape: Shape{Command: commandField, Joined: true, Env: "environment", Fixed: []Field{
				{typeField, "local"}, {"enabled", true},
			}},
			Secrets:  Secrets{Reference: "{env:%s}"},
			Activate: "Start opencode again",
			Docs:     "https://opencode.ai/docs/mcp-servers/",
		},
		{
			ID: "copilot-cli", Name: "GitHub Copilot CLI", Program: "copilot",
			Places: []Place{{"", "{COPILOT_HOME}/mcp-config.json"}, {"", "{home}/.copilot/mcp-config.json"}},
			Format: JSON, Servers: mcpServers,
			Shape: Shape{Command: commandField, Env: envField, Fixed: []Field{
				{typeField, "local"}, {"tools", []string{"*"}},
			}},
			Activate: "Start a new Copilot CLI session",
			Docs:     "https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/add-mcp-servers",
		},
	}
}
