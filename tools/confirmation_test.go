package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// asked is a client's session whose user answers questions.
type asked struct {
	listener
	declared  *mcp.ElicitationCapability
	answer    func(context.Context) (*mcp.ElicitationResult, error)
	questions []mcp.ElicitationParams
}

func (*asked) GetClientInfo() mcp.Implementation            { return mcp.Implementation{} }
func (*asked) SetClientInfo(mcp.Implementation)             {}
func (*asked) SetClientCapabilities(mcp.ClientCapabilities) {}
func (a *asked) GetClientCapabilities() mcp.ClientCapabilities {
	return mcp.ClientCapabilities{Elicitation: a.declared}
}

func (a *asked) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	a.questions = append(a.questions, request.Params)
	return a.answer(ctx)
}

// says is an answer with an action alone.
func says(action mcp.ElicitationResponseAction) func(context.Context) (*mcp.ElicitationResult, error) {
	return func(context.Context) (*mcp.ElicitationResult, error) {
		return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{Action: action}}, nil
	}
}

// costly is a world in which every video needs a person's agreement.
func costly(t *testing.T) *world {
	t.Helper()
	return newWorld(t, setup{engine: func(o *engine.Options) {
		above, day := video.WholeCredits(100), video.WholeCredits(300)
		o.ConfirmAbove, o.Budgets.PerDay = &above, &day
	}})
}

// TestConfirmationByToken is the way of clients that cannot ask.
func TestConfirmationByToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := costly(t)
		defer w.close(t)
		question := w.works(t, "generate_video", fox)
		w.golden(t, "generate_video_confirmation", question)
		token := question.text("confirm_token")
		if question.text("status") != "confirmation_required" || token == "" || !strings.Contains(question.text("next"), token) {
			t.Fatalf("answer: %s", question.Text)
		}
		if len(w.sandbox.Books().Entries) != 0 {
			t.Fatal("it was ordered before anybody agreed")
		}
		w.golden(t, "estimate_cost_confirmation", w.works(t, "estimate_cost", fox))
		other := w.works(t, "generate_video", `{"prompt":"A crane","confirm_token":"`+token+`"}`)
		if other.text("status") != "confirmation_required" || !strings.Contains(other.Text, "does not belong") {
			t.Errorf("another wish's token: %s", other.Text)
		}
		stranger := w.callAs(t, tools.WithPrincipal(t.Context(), "somebody"), "generate_video", `{"prompt":"A fox in the snow","confirm_token":"`+token+`"}`)
		if stranger.text("status") != "confirmation_required" {
			t.Errorf("another caller's token: %s", stranger.Text)
		}
		ordered := w.works(t, "generate_video", `{"prompt":"A fox in the snow","confirm_token":"`+token+`"}`)
		if ordered.text("task_id") == "" || w.sandbox.Books().Accepted != 1 {
			t.Errorf("agreed: %s", ordered.Text)
		}
		// Agreed or not: what is left of the budget is too little.
		w.fails(t, "generate_video", `{"prompt":"A crane"}`, "200", "100")
	})
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := costly(t)
		defer w.close(t)
		token := w.works(t, "generate_video", fox).text("confirm_token")
		time.Sleep(10*time.Minute + time.Second)
		late := w.works(t, "generate_video", `{"prompt":"A fox in the snow","confirm_token":"`+token+`"}`)
		if late.text("status") != "confirmation_required" || !strings.Contains(late.Text, "expired") || late.text("confirm_token") == token {
			t.Errorf("an old token: %s", late.Text)
		}
	})
}

// TestConfirmationByDialogue: a client of the older protocol that declared
// elicitation asks its user within the call.
func TestConfirmationByDialogue(t *testing.T) {
	form := &mcp.ElicitationCapability{}
	hangs := func(ctx context.Context) (*mcp.ElicitationResult, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tests := map[string]struct {
		declared *mcp.ElicitationCapability
		answer   func(context.Context) (*mcp.ElicitationResult, error)
		questions,
		orders int
		status string // "" for a refusal
		took   time.Duration
	}{
		"agreed":            {form, says(mcp.ElicitationResponseActionAccept), 1, 1, "waiting", 0},
		"forms by name":     {&mcp.ElicitationCapability{Form: &struct{}{}, URL: &struct{}{}}, says(mcp.ElicitationResponseActionAccept), 1, 1, "waiting", 0},
		"declined":          {form, says(mcp.ElicitationResponseActionDecline), 1, 0, "", 0},
		"closed":            {form, says(mcp.ElicitationResponseActionCancel), 1, 0, "confirmation_required", 0},
		"nonsense":          {form, says("sure"), 1, 0, "confirmation_required", 0},
		"nothing":           {form, func(context.Context) (*mcp.ElicitationResult, error) { return nil, nil }, 1, 0, "confirmation_required", 0},
		"client fails":      {form, func(context.Context) (*mcp.ElicitationResult, error) { return nil, errors.New("no such method") }, 1, 0, "confirmation_required", 0},
		"nobody answers":    {form, hangs, 1, 0, "confirmation_required", 20 * time.Second},
		"not declared":      {nil, says(mcp.ElicitationResponseActionAccept), 0, 0, "confirmation_required", 0},
		"web pages only":    {&mcp.ElicitationCapability{URL: &struct{}{}}, says(mcp.ElicitationResponseActionAccept), 0, 0, "confirmation_required", 0},
		"agreed just early": {form, delayed(20*time.Second - time.Millisecond), 1, 1, "waiting", 20*time.Second - time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := costly(t)
				defer w.close(t)
				user := &asked{declared: test.declared, answer: test.answer}
				begin := time.Now()
				got := w.callAs(t, w.srv.WithContext(t.Context(), user), "generate_video", fox)
				if took := time.Since(begin); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if len(user.questions) != test.questions {
					t.Errorf("%d questions, want %d", len(user.questions), test.questions)
				}
				if orders := len(w.sandbox.Books().Entries); orders != test.orders {
					t.Errorf("%d orders, want %d", orders, test.orders)
				}
				switch {
				case test.status == "":
					if !got.IsError {
						t.Errorf("answer %s, want a refusal", got.Text)
					}
					w.golden(t, "error_declined", got)
				case got.text("status") != test.status:
					t.Errorf("answer %s, want status %s", got.Text, test.status)
				case test.orders == 0:
					agreed := w.works(t, "generate_video", `{"prompt":"A fox in the snow","confirm_token":"`+got.text("confirm_token")+`"}`)
					if agreed.text("task_id") == "" {
						t.Errorf("the token orders nothing: %s", agreed.Text)
					}
				}
				for _, question := range user.questions {
					const want = "Make this video for 200 credits (5 s × 40 credits/s)? (sandbox, no credits spent) seedance-20: A fox in the snow"
					if question.Message != want {
						t.Errorf("question %q, want %q", question.Message, want)
					}
				}
			})
		})
	}
}

// delayed is a user who thinks before agreeing.
func delayed(by time.Duration) func(context.Context) (*mcp.ElicitationResult, error) {
	return func(ctx context.Context) (*mcp.ElicitationResult, error) {
		select {
		case <-time.After(by):
			return says(mcp.ElicitationResponseActionAccept)(ctx)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// TestCancelledWhileAsking: a call that its client gave up orders nothing.
func TestCancelledWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := costly(t)
		defer w.close(t)
		ctx, cancel := context.WithCancel(t.Context())
		user := &asked{declared: &mcp.ElicitationCapability{}, answer: func(ctx context.Context) (*mcp.ElicitationResult, error) {
			cancel()
			return says(mcp.ElicitationResponseActionAccept)(ctx)
		}}
		if got := w.callAs(t, w.srv.WithContext(ctx, user), "generate_video", fox); !got.IsError {
			t.Errorf("answer: %s", got.Text)
		}
		if orders := len(w.sandbox.Books().Entries); orders != 0 {
			t.Errorf("%d orders", orders)
		}
	})
}

// TestConfirmationByRoundTrip: from 2026-07-28 on the question is a result, and
// its answer comes with the same call made again.
func TestConfirmationByRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := costly(t)
		defer w.close(t)
		send := func(capabilities, arguments, more string) (result struct {
			ResultType    string
			RequestState  string
			IsError       bool
			InputRequests map[string]struct {
				Method string
				Params struct{ Message string }
			}
			Content           []struct{ Text string }
			StructuredContent map[string]any
		}) {
			meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":` + capabilities + `}`
			raw := request(t, t.Context(), w.srv, "tools/call", `{"name":"generate_video","arguments":`+arguments+`,`+meta+more+`}`)
			response := struct{ Result any }{&result}
			if err := json.Unmarshal(raw, &response); err != nil || strings.Contains(string(raw), `"error":{"code"`) {
				t.Fatalf("%s: %v", raw, err)
			}
			return result
		}
		answer := func(action, state string) string {
			return fmt.Sprintf(`,"inputResponses":{"price":{"action":%q,"content":{}}},"requestState":%q`, action, state)
		}
		const can, cannot = `{"elicitation":{}}`, `{}`

		if got := send(cannot, fox, ""); got.StructuredContent["status"] != "confirmation_required" || len(got.InputRequests) != 0 {
			t.Errorf("a client that cannot ask: %+v", got)
		}
		question := send(can, fox, "")
		if question.ResultType != "input_required" || question.RequestState == "" ||
			question.InputRequests["price"].Method != "elicitation/create" ||
			!strings.HasPrefix(question.InputRequests["price"].Params.Message, "Make this video for 200 credits") {
			t.Fatalf("question: %+v", question)
		}
		if got := send(can, fox, answer("decline", question.RequestState)); !got.IsError || !strings.Contains(got.Content[0].Text, "declined") {
			t.Errorf("declined: %+v", got)
		}
		for name, got := range map[string]any{
			"closed":         send(can, fox, answer("cancel", question.RequestState)).StructuredContent["status"],
			"forged state":   send(can, fox, answer("accept", "AAAA")).StructuredContent["status"],
			"another wish":   send(can, `{"prompt":"A crane"}`, answer("accept", question.RequestState)).StructuredContent["status"],
			"no state":       send(can, fox, answer("accept", "")).StructuredContent["status"],
			"never declared": send(cannot, fox, answer("accept", question.RequestState)).StructuredContent["status"],
		} {
			if got != "confirmation_required" {
				t.Errorf("%s: status %v", name, got)
			}
		}
		if orders := len(w.sandbox.Books().Entries); orders != 0 {
			t.Fatalf("%d orders before anybody agreed", orders)
		}
		if got := send(can, fox, answer("accept", question.RequestState)); got.StructuredContent["status"] != "waiting" {
			t.Errorf("agreed: %+v", got)
		}
		if got := send(can, fox, answer("accept", question.RequestState)); got.StructuredContent["duplicate_of"] == nil {
			t.Errorf("sent twice: %+v", got)
		}
		if orders := w.sandbox.Books().Accepted; orders != 1 {
			t.Errorf("%d orders, want 1", orders)
		}
	})
}
