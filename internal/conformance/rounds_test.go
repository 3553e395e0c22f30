package conformance

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// roundTools need more input and say so in their result, as tools do from
// 2026-07-28 on: the client answers by calling again.
func roundTools(s sealer) []mcpserver.ServerTool {
	return []mcpserver.ServerTool{
		tool("test_input_required_result_elicitation", "Needs a name", needName),
		tool("test_input_required_result_sampling", "Needs the model", needModel),
		tool("test_input_required_result_list_roots", "Needs the roots", needRoots),
		tool("test_input_required_result_multiple_inputs", "Needs all three at once", s.needAll),
		tool("test_input_required_result_request_state", "Needs a yes and its own state", s.needConfirmation),
		tool("test_input_required_result_tampered_state", "Refuses a state that is not its own", s.needConfirmation),
		tool("test_input_required_result_multi_round", "Needs two answers, one after the other", s.needTwoRounds),
		tool("test_input_required_result_capabilities", "Needs what the client can give", needWhatIsOffered),
		tool("test_missing_capability", "Needs sampling and refuses without", refuseWithoutSampling),
	}
}

// sealer signs request states, which the client carries and could change.
type sealer struct{ key []byte }

func newSealer() sealer {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return sealer{key}
}

func (s sealer) seal(state string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(state))
	return state + "." + hex.EncodeToString(mac.Sum(nil))
}

func (s sealer) open(sealed string) (state string, err error) {
	if end := strings.LastIndex(sealed, "."); end >= 0 && hmac.Equal([]byte(s.seal(sealed[:end])), []byte(sealed)) {
		return sealed[:end], nil
	}
	return "", fmt.Errorf("%w: this requestState was not made here", mcp.ErrInvalidParams)
}

var (
	nameForm = form("What is your name?", map[string]any{"name": map[string]any{"type": "string"}}, "name")
	yesForm  = form("Please confirm", map[string]any{"ok": map[string]any{"type": "boolean"}}, "ok")
)

// accepted is what the user filled in under key; "" if not accepted or absent.
func accepted(responses mcp.InputResponses, key, field string) string {
	answer := mcpserver.ElicitationResponse(responses, key)
	if answer == nil || answer.Action != mcp.ElicitationResponseActionAccept {
		return ""
	}
	content, _ := answer.Content.(map[string]any)
	if content[field] == nil {
		return ""
	}
	return fmt.Sprint(content[field])
}

// said is what the model answered under key.
func said(responses mcp.InputResponses, key string) string {
	answer := mcpserver.SamplingResponse(responses, key)
	if answer == nil {
		return ""
	}
	if fields, ok := answer.Content.(map[string]any); ok {
		return fmt.Sprint(fields["text"])
	}
	return fmt.Sprint(answer.Content)
}

func needName(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if name := accepted(r.Params.InputResponses, "user_name", "name"); name != "" {
		return mcp.NewToolResultText("Hello, " + name + "!"), nil
	}
	return mcpserver.NewInputRequestBuilder("").Elicit("user_name", nameForm).ToolResult(), nil
}

func needModel(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if text := said(r.Params.InputResponses, "capital_question"); text != "" {
		return mcp.NewToolResultText("Sampling response: " + text), nil
	}
	return mcpserver.NewInputRequestBuilder("").Sample("capital_question", question("What is the capital of France?")).ToolResult(), nil
}

func needRoots(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if roots := mcpserver.RootsResponse(r.Params.InputResponses, "client_roots"); roots != nil {
		return mcp.NewToolResultText(fmt.Sprintf("Client exposed %d roots", len(roots.Roots))), nil
	}
	return mcpserver.NewInputRequestBuilder("").Roots("client_roots").ToolResult(), nil
}

func (s sealer) needAll(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	name, greeting := accepted(r.Params.InputResponses, "user_name", "name"), said(r.Params.InputResponses, "greeting")
	roots := mcpserver.RootsResponse(r.Params.InputResponses, "client_roots")
	if name != "" && greeting != "" && roots != nil {
		return mcp.NewToolResultText(fmt.Sprintf("%s %s, %d roots", greeting, name, len(roots.Roots))), nil
	}
	return mcpserver.NewInputRequestBuilder(s.seal("all")).
		Elicit("user_name", nameForm).Sample("greeting", question("Generate a greeting")).Roots("client_roots").ToolResult(), nil
}

func (s sealer) needConfirmation(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if r.Params.RequestState != "" {
		if _, err := s.open(r.Params.RequestState); err != nil {
			return nil, err
		}
		if accepted(r.Params.InputResponses, "confirm", "ok") != "" {
			return mcp.NewToolResultText("state-ok: confirmed"), nil
		}
	}
	return mcpserver.NewInputRequestBuilder(s.seal("confirm")).Elicit("confirm", yesForm).ToolResult(), nil
}

// needTwoRounds keeps the first answer in the state: the server remembers nothing.
func (s sealer) needTwoRounds(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if r.Params.RequestState == "" {
		return mcpserver.NewInputRequestBuilder(s.seal("")).Elicit("step1", nameForm).ToolResult(), nil
	}
	name, err := s.open(r.Params.RequestState)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = accepted(r.Params.InputResponses, "step1", "name")
		color := form("What is your favourite colour?", map[string]any{"color": map[string]any{"type": "string"}}, "color")
		return mcpserver.NewInputRequestBuilder(s.seal(name)).Elicit("step2", color).ToolResult(), nil
	}
	return mcp.NewToolResultText(name + " likes " + accepted(r.Params.InputResponses, "step2", "color")), nil
}

// offered is what the client of this request says it can do.
func offered(ctx context.Context) mcp.ClientCapabilities {
	client, ok := mcpserver.ClientSessionFromContext(ctx).(mcpserver.SessionWithClientInfo)
	if !ok {
		return mcp.ClientCapabilities{}
	}
	return client.GetClientCapabilities()
}

func needWhatIsOffered(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if len(r.Params.InputResponses) > 0 {
		return mcp.NewToolResultText("answered"), nil
	}
	can, ask := offered(ctx), mcpserver.NewInputRequestBuilder("")
	if can.Elicitation != nil {
		ask.Elicit("user_name", nameForm)
	}
	if can.Sampling != nil {
		ask.Sample("greeting", question("Generate a greeting"))
	}
	if can.Roots != nil {
		ask.Roots("client_roots")
	}
	if result := ask.ToolResult(); len(result.InputRequests) > 0 {
		return result, nil
	}
	return mcp.NewToolResultText("The client can be asked nothing."), nil
}

func refuseWithoutSampling(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if offered(ctx).Sampling == nil {
		return nil, mcp.MissingRequiredClientCapabilityError{Capability: "sampling"}
	}
	return mcp.NewToolResultText("The client can sample."), nil
}
