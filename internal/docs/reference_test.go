package docs

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"seedance-mcp/internal/video"
)

func exitsText(t *testing.T) string {
	var rows [][]string
	for _, c := range constants(t, "cmd/seedance-mcp", "", "exit") {
		if c.comment == "" {
			c.comment = "success"
		}
		rows = append(rows, []string{code(c.value), c.comment})
	}
	return table([]string{"exit code", ""}, rows)
}

// stateNotes say what a caller does in a state.
var stateNotes = map[string]string{
	"submitting":  "wait",
	"queued":      "wait, or `cancel_task` / `tasks cancel ID`",
	"waiting":     "wait",
	"generating":  "wait",
	"stalled":     "wait; after hours look into the account",
	"unconfirmed": "look into the account, then `tasks resolve ID`; never order again before",
	"success":     "take the video",
	"fail":        "see `error.retry` and `error.suggestion`",
}

func statesText(t *testing.T) string {
	meanings := map[string]string{}
	for _, c := range constants(t, "internal/video", "State", "") {
		meanings[c.value] = c.comment
	}
	var names []string
	var rows [][]string
	for _, state := range video.States() {
		name := string(state)
		names = append(names, name)
		rows = append(rows, []string{code(name), meanings[name], stateNotes[name]})
	}
	complete(t, "the state", names, stateNotes)
	return table([]string{"status", "", "what to do"}, rows)
}

// codeAdvice says what to do about each class of error.
var codeAdvice = map[string]string{
	"invalid":               "change what the message names; it gives the nearest valid values",
	"unauthenticated":       "put `SEEDANCE_API_KEY` right, or send a live access key; `seedance-mcp doctor` tells which",
	"forbidden":             "use a key that may, or one of the models that the message names",
	"insufficient_credits":  "buy credits, or order something cheaper",
	"concurrency_limit":     "wait until one of the running tasks has ended; orders through this server wait by themselves, as `queued`",
	"not_found":             "check the id; `list_tasks` / `seedance-mcp tasks` shows those there are",
	"unavailable":           "try again in a minute; if it stays so, `seedance-mcp doctor`",
	"outcome_unknown":       "do not order again: the task is `unconfirmed`, see [money.md](money.md#when-the-answer-to-the-paid-call-is-lost)",
	"budget_exceeded":       "order something cheaper, wait for the new day or month, or have the budget raised",
	"confirmation_required": "show the price to a person; then repeat the call with the `confirm_token` of the answer, or add `--yes`",
	"conflict":              "look at the task as it is now; what was asked is not possible in its state",
	"internal":              "look into the log; before ordering again, see whether the task is there",
}

// codeMeanings stand where the code's own comment speaks of its fields.
var codeMeanings = map[string]string{
	"unauthenticated":      "no key, or one that is not accepted: the upstream's, or the HTTP server's",
	"insufficient_credits": "the account has too few credits; the message says how many, when known",
	"concurrency_limit":    "the account runs as many tasks as it may",
}

func codesText(t *testing.T) string {
	var names []string
	var rows [][]string
	for _, c := range constants(t, "internal/video", "Code", "") {
		names = append(names, c.value)
		rows = append(rows, []string{code(c.value), cmp.Or(codeMeanings[c.value], c.comment), codeAdvice[c.value]})
	}
	complete(t, "the error", names, codeAdvice)
	return table([]string{"code", "", "what to do"}, rows)
}

// failureAdvice says what to do about each class of failed task.
var failureAdvice = map[string]string{
	"moderation":    "`changed`: rewrite the prompt, or replace the image",
	"face_detected": "`changed`: media without a recognisable real person",
	"input_media":   "`changed`: files that are public, reachable without a login, and of a supported type",
	"output_review": "`changed`: a tamer prompt",
	"invalid_input": "`changed`: see what the model takes, with `list_models` / `seedance-mcp models`",
	"timeout":       "`same`; a shorter or smaller video is less likely to time out",
	"server":        "`same`, in a few minutes",
	"refused":       "as the message says; nothing was charged",
	"forgotten":     "`no`: look into the account",
	"withdrawn":     "`same`, if you want it after all; nothing was charged",
	"unknown":       "`same`, once; then a changed one",
}

func failuresText(t *testing.T) string {
	var names []string
	var rows [][]string
	for _, c := range constants(t, "internal/video", "FailureClass", "") {
		names = append(names, c.value)
		rows = append(rows, []string{code(c.value), c.comment, failureAdvice[c.value]})
	}
	complete(t, "the failure", names, failureAdvice)
	return table([]string{"class", "", "retry"}, rows)
}

// routeNotes explain the paths of `seedance-mcp http`.
var routeNotes = map[string]string{
	"/mcp": "MCP over streamable HTTP: `POST` one JSON-RPC message, `Content-Type: application/json`. " +
		"Without sessions, so any replica answers. An answer that takes longer is an event stream, where the `Accept` header allows it. " +
		"With access keys or tokens: `Authorization: Bearer …` ([access.md](access.md))",
	"GET /healthz":                           "200 while the process serves",
	"GET /readyz":                            "200 when new work would succeed, else 503 with the reason",
	"POST /webhooks/{token}":                 "for the upstream, one unguessable path for each task; needs `SEEDANCE_PUBLIC_URL`. A hint only: the upstream is asked",
	"/ui":                                    "the [gallery](player.md#in-a-browser) of your videos, in a browser",
	"/.well-known/oauth-protected-resource":  "with `SEEDANCE_OAUTH_ISSUER`: where clients get tokens (RFC 9728)",
	"/.well-known/oauth-protected-resource/": "the same, followed by the path of /mcp",
	"/files/":                                "with a folder in `SEEDANCE_COPY_TO`: copies of finished videos, for whoever has a signed link that has not ended",
	"/sandbox/":                              "without an upstream key: the sandbox's videos and its API",
}

// routesText finds the paths where they are registered: in server and, as
// Options.Extra, in cmd.
func routesText(t *testing.T) string {
	var paths []string
	add := func(expr ast.Expr) {
		literal, ok := expr.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return
		}
		path, _ := strconv.Unquote(literal.Value)
		if strings.Contains(path, "/") && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	for _, dir := range []string{"server", "cmd/seedance-mcp"} {
		for _, file := range sourceFiles(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if method, ok := n.Fun.(*ast.SelectorExpr); ok && (method.Sel.Name == "Handle" || method.Sel.Name == "HandleFunc") && len(n.Args) > 0 {
						add(n.Args[0])
					}
				case *ast.IndexExpr:
					if owner, ok := n.X.(*ast.SelectorExpr); ok && owner.Sel.Name == "Extra" {
						add(n.Index)
					}
				case *ast.CompositeLit:
					if kind, ok := n.Type.(*ast.MapType); ok && fmt.Sprint(kind.Value) == "&{http Handler}" {
						for _, element := range n.Elts {
							if pair, ok := element.(*ast.KeyValueExpr); ok {
								add(pair.Key)
							}
						}
					}
				}
				return true
			})
		}
	}
	complete(t, "the path", paths, routeNotes)
	var rows [][]string
	for _, path := range paths {
		rows = append(rows, []string{code(path), routeNotes[path]})
	}
	return table([]string{"path", ""}, rows)
}
