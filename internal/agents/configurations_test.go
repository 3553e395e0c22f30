package agents

import (
	"fmt"
	"strings"
)

// The configurations below are those of each agent's documentation. Telemetry,
// error reports and update checks are switched off by the documented settings.

func claudeCode() agent {
	return agent{name: "Claude Code", pkg: "@anthropic-ai/claude-code", bin: "claude", setUp: func(w wish) invocation {
		server := map[string]any{"type": "http", "url": w.server.url}
		if w.server.url == "" {
			server = map[string]any{"command": w.server.command[0], "args": w.server.command[1:], "env": w.server.env}
		}
		return invocation{
			args: []string{
				"-p", w.prompt, "--mcp-config", "../mcp.json", "--strict-mcp-config",
				"--allowedTools", "mcp__" + serverName, "--model", "claude-sonnet-4-5", "--output-format", "stream-json", "--verbose",
			},
			env: map[string]string{
				"ANTHROPIC_BASE_URL": w.model, "ANTHROPIC_API_KEY": key,
				"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1",
			},
			files: map[string]string{"mcp.json": asJSON(map[string]any{"mcpServers": map[string]any{serverName: server}})},
		}
	}}
}

// notRestarted is all that is known to go wrong: most agents do not start a
// stdio server again that died.
func notRestarted() map[string]string {
	return map[string]string{"stdio death": "not restarted, next session has it"}
}

func codex() agent {
	return agent{name: "Codex", pkg: "@openai/codex", bin: "codex", known: notRestarted(), setUp: func(w wish) invocation {
		var config strings.Builder
		fmt.Fprintf(&config, "model = \"gpt-5.2\"\nmodel_provider = \"standin\"\ncheck_for_update_on_startup = false\n\n")
		fmt.Fprintf(&config, "[analytics]\nenabled = false\n\n[features]\nplugins = false\napps = false\n\n")
		fmt.Fprintf(&config, "[model_providers.standin]\nname = \"stand-in\"\nbase_url = %q\nenv_key = \"STANDIN_API_KEY\"\nwire_api = \"responses\"\n\n", w.model+"/v1")
		fmt.Fprintf(&config, "[mcp_servers.%s]\nrequired = true\n", serverName)
		if w.server.url != "" {
			fmt.Fprintf(&config, "url = %q\n", w.server.url)
		} else {
			fmt.Fprintf(&config, "command = %q\nargs = [", w.server.command[0])
			for _, arg := range w.server.command[1:] {
				fmt.Fprintf(&config, "%q, ", arg)
			}
			fmt.Fprintf(&config, "]\n[mcp_servers.%s.env]\n", serverName)
			for _, name := range sortedKeys(w.server.env) {
				fmt.Fprintf(&config, "%s = %q\n", name, w.server.env[name])
			}
		}
		return invocation{
			args:  []string{"exec", "--skip-git-repo-check", "--json", w.prompt},
			env:   map[string]string{"STANDIN_API_KEY": key},
			files: map[string]string{".codex/config.toml": config.String()},
		}
	}}
}

func geminiCLI() agent {
	return agent{name: "Gemini CLI", pkg: "@google/gemini-cli", bin: "gemini", known: notRestarted(), refusesItself: "params/duration must be <= 15", setUp: func(w wish) invocation {
		server := map[string]any{"httpUrl": w.server.url}
		if w.server.url == "" {
			server = map[string]any{"command": w.server.command[0], "args": w.server.command[1:], "env": w.server.env}
		}
		server["trust"] = true
		server["timeout"] = 60_000 // ms; it waits for ten minutes for a server that died
		return invocation{
			args: []string{"-p", w.prompt, "-m", "gemini-2.5-flash", "--approval-mode", "yolo", "--skip-trust", "-o", "json"},
			env:  map[string]string{"GEMINI_API_KEY": key, "GOOGLE_GEMINI_BASE_URL": w.model},
			files: map[string]string{".gemini/settings.json": asJSON(map[string]any{
				"mcpServers": map[string]any{serverName: server},
				"general":    map[string]any{"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
				"privacy":    map[string]any{"usageStatisticsEnabled": false},
				"telemetry":  map[string]any{"enabled": false},
				"security":   map[string]any{"auth": map[string]any{"selectedType": "gemini-api-key"}},
			})},
		}
	}}
}

func copilot() agent {
	return agent{name: "Copilot CLI", pkg: "@github/copilot", bin: "copilot", known: notRestarted(), setUp: func(w wish) invocation {
		server := map[string]any{"type": "http", "url": w.server.url}
		if w.server.url == "" {
			server = map[string]any{"type": "local", "command": w.server.command[0], "args": w.server.command[1:], "env": w.server.env}
		}
		server["tools"] = []string{"*"}
		return invocation{
			args: []string{"-p", w.prompt, "--allow-all-tools", "--no-auto-update", "--disable-builtin-mcps", "--output-format", "json"},
			env: map[string]string{
				"COPILOT_OFFLINE": "true", "COPILOT_PROVIDER_BASE_URL": w.model + "/v1", "COPILOT_PROVIDER_API_KEY": key,
				"COPILOT_MODEL": "gpt-4.1",
			},
			files: map[string]string{".copilot/mcp-config.json": asJSON(map[string]any{"mcpServers": map[string]any{serverName: server}})},
		}
	}}
}

func opencode() agent {
	return agent{name: "opencode", pkg: "opencode-ai", bin: "opencode", known: notRestarted(), setUp: func(w wish) invocation {
		server := map[string]any{"type": "remote", "url": w.server.url, "enabled": true}
		if w.server.url == "" {
			server = map[string]any{"type": "local", "command": w.server.command, "environment": w.server.env, "enabled": true}
		}
		return invocation{
			args: []string{"run", "--format", "json", w.prompt},
			env: map[string]string{
				"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
				"OPENCODE_DISABLE_DEFAULT_PLUGINS": "1", "npm_config_offline": "true",
			},
			files: map[string]string{".config/opencode/opencode.json": asJSON(map[string]any{
				"model": "standin/standin", "autoupdate": false, "share": "disabled", "permission": "allow",
				"provider": map[string]any{"standin": map[string]any{
					"npm": "@ai-sdk/openai-compatible", "name": "stand-in",
					"options": map[string]any{"baseURL": w.model + "/v1", "apiKey": key},
					"models":  map[string]any{"standin": map[string]any{"name": "stand-in"}},
				}},
				"mcp": map[string]any{serverName: server},
			})},
		}
	}}
}

func cline() agent {
	return agent{name: "Cline", pkg: "cline", bin: "cline", known: notRestarted(), tries: []string{"data.cline.bot:443"}, setUp: func(w wish) invocation {
		transport := map[string]any{"type": "streamableHttp", "url": w.server.url}
		if w.server.url == "" {
			transport = map[string]any{"type": "stdio", "command": w.server.command[0], "args": w.server.command[1:], "env": w.server.env}
		}
		provider := map[string]any{
			"provider": "openai-compatible", "apiKey": key, "model": "standin", "baseUrl": w.model + "/v1",
		}
		return invocation{
			args: []string{"--json", w.prompt},
			env:  map[string]string{"CLINE_SESSION_BACKEND_MODE": "local"}, // no daemon that stays
			files: map[string]string{
				".cline/data/settings/cline_mcp_settings.json": asJSON(map[string]any{"mcpServers": map[string]any{serverName: map[string]any{"transport": transport}}}),
				".cline/data/settings/global-settings.json":    asJSON(map[string]any{"telemetryOptOut": true, "autoUpdateEnabled": false}),
				".cline/data/settings/providers.json": asJSON(map[string]any{
					"version": 1, "lastUsedProvider": "openai-compatible", "modes": map[string]any{},
					"providers": map[string]any{"openai-compatible": map[string]any{
						"settings": provider, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual",
					}},
				}),
			},
		}
	}}
}
