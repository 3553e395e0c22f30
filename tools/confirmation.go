package tools

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// confirmationStatus is the status of an answer to an order that a person must
// agree to first; no task exists yet.
const confirmationStatus = "confirmation_required"

const (
	// askTime is how long a call waits for a person: well below the 60 s at
	// which most clients give up, since a paid call that times out is repeated.
	askTime = 20 * time.Second
	// priceQuestion names the question in a multi round-trip call.
	priceQuestion = "price"
)

// person is the user behind a client that declared elicitation.
type person struct {
	server *server.MCPServer
	// later: from protocol version 2026-07-28 on, a question is a result and
	// its answer comes with the same call made again.
	later bool
	// answer and state are those of the call made again; nil and "" otherwise.
	answer *mcp.ElicitationResult
	state  string
}

// newPerson is nil when the client cannot ask its user with a form.
func newPerson(ctx context.Context, request mcp.CallToolRequest) *person {
	srv := server.ServerFromContext(ctx)
	if srv == nil {
		return nil
	}
	if info := server.RequestProtocolInfoFromContext(ctx); info != nil && info.Modern {
		if info.ClientCapabilities == nil || !asksByForm(info.ClientCapabilities.Elicitation) {
			return nil
		}
		return &person{
			server: srv, later: true, state: request.Params.RequestState,
			answer: server.ElicitationResponse(request.Params.InputResponses, priceQuestion),
		}
	}
	session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	if !ok || !asksByForm(session.GetClientCapabilities().Elicitation) {
		return nil
	}
	return &person{server: srv}
}

// asksByForm: a client that names no mode means forms.
func asksByForm(declared *mcp.ElicitationCapability) bool {
	return declared != nil && (declared.Form != nil || declared.URL == nil)
}

// answered takes the answer that a call made again brings. The engine checks
// what the state is worth.
func (p *person) answered(wish *engine.Wish) error {
	if p == nil || p.answer == nil {
		return nil
	}
	switch p.answer.Action {
	case mcp.ElicitationResponseActionAccept:
		wish.ConfirmToken = p.state
		return nil
	case mcp.ElicitationResponseActionDecline:
		return errDeclined()
	default:
		return nil
	}
}

func errDeclined() error {
	return &video.Error{
		Code:       video.Forbidden,
		Message:    "The price was declined; nothing was ordered or charged.",
		Suggestion: "Do not call generate_video again for this video unless the user asks for it; offer a shorter, smaller or cheaper one instead (estimate_cost).",
	}
}

// confirm has a person agree to the price of an order that needs it: by the
// client's own dialogue where there is one, otherwise by a token that the next
// call carries. why says what was wrong with the token that came, if one did.
func confirm(ctx context.Context, d Deps, c call[wishArguments], wish engine.Wish, why error) (any, error) {
	quotation, err := d.Service.Quote(ctx, c.Principal, wish)
	if err != nil {
		return nil, err
	}
	if !quotation.NeedsConfirmation { // a budget refuses it, agreed or not
		return nil, errors.Join(quotation.Refusal, why)
	}
	if c.Person == nil || c.Person.answer != nil { // who asked once does not ask again
		return askByToken(quotation, c.Notes, why), nil
	}
	question := mcp.ElicitationParams{
		Message:         priceText(quotation),
		RequestedSchema: map[string]any{"type": typeObject, "properties": map[string]any{}},
	}
	if c.Person.later {
		return server.NewInputRequestBuilder(quotation.ConfirmToken).Elicit(priceQuestion, question).ToolResult(), nil
	}
	bounded, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := c.Person.server.RequestElicitation(bounded, mcp.ElicitationRequest{Params: question})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil || answer == nil:
		return askByToken(quotation, c.Notes, why), nil
	}
	c.Person.answer, c.Person.state = answer, quotation.ConfirmToken
	if err := c.Person.answered(&wish); err != nil {
		return nil, err
	}
	if answer.Action != mcp.ElicitationResponseActionAccept { // closed, or nobody there
		return askByToken(quotation, c.Notes, why), nil
	}
	submission, err := d.Service.Submit(ctx, c.Principal, wish)
	if err != nil {
		return nil, recorded(err, submission.Task)
	}
	return ordered(ctx, d, submission, wish, c.Notes), nil
}

// priceText is what the dialogue shows.
func priceText(q engine.Quotation) string {
	text := fmt.Sprintf("Make this video for %s?", creditsText(q.Plan.Quote.Credits))
	if q.Plan.Quote.Formula != "" {
		text = fmt.Sprintf("Make this video for %s (%s)?", creditsText(q.Plan.Quote.Credits), q.Plan.Quote.Formula)
	}
	if q.Sandbox {
		text += " (" + sandboxNote + ")"
	}
	return fmt.Sprintf("%s %s: %s", text, q.Plan.Request.Model, video.Clip(q.Plan.Request.Prompt, shownPrompt))
}

// askByToken answers with the price and the token that the next call must
// carry. Nothing was sent.
func askByToken(q engine.Quotation, notes []string, why error) taskResult {
	plan := q.Plan
	if refused, ok := errors.AsType[*video.Error](why); ok && refused.Argument != "" {
		notes = append(notes, refused.Message)
	}
	result := taskResult{
		Status:   confirmationStatus,
		Model:    plan.Request.Model,
		Workflow: plan.Workflow,
		Prompt:   video.Clip(plan.Request.Prompt, shownPrompt),
		Credits:  &creditsResult{Estimated: plan.Quote.Credits},
		Quote:    quoteText(plan.Quote),
		Sandbox:  q.Sandbox,
		Notes:    slices.Concat(notes, plan.Notes),
		Warnings: plan.Warnings,
		Next: fmt.Sprintf("Nothing was ordered or charged yet. Ask the user whether %s for this video is all right. Only after the user agreed, call generate_video again with the same arguments and confirm_token=%s; the token is good for 10 minutes.",
			creditsText(plan.Quote.Credits), q.ConfirmToken),
		ConfirmToken: q.ConfirmToken,
	}
	if q.Sandbox {
		result.Notes = append([]string{sandboxNote}, result.Notes...)
	}
	return result
}
