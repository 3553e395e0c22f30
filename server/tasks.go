package server

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
)

// TasksExtension is the MCP extension by which a call may be answered with a
// task instead of its result. It belongs to protocol version 2026-07-28.
const TasksExtension = "io.modelcontextprotocol/tasks"

const methodTasksUpdate = "tasks/update"

// TaskView shows the durable tasks that a tool's answer may stand for. The
// caller is the principal of ctx; tasks of others are unknown to it. An error
// of code NotFound means that no such task is known to this caller.
type TaskView interface {
	// TaskOf names the task that tool's result only announces, "" when the
	// result is all there is to say. The task must be stored already.
	TaskOf(tool string, result *mcp.CallToolResult) (id string)
	// Task shows a task. With status completed, result is what the tool would
	// have answered had it waited; with input_required its InputRequests are
	// the open ones. With failed, StatusMessage is the protocol error's text.
	Task(ctx context.Context, id string) (task mcp.Task, result *mcp.CallToolResult, err error)
	// Update brings answers to InputRequests; those to no open one are ignored.
	Update(ctx context.Context, id string, answers mcp.InputResponses) error
	// Cancel asks for the end of a task, which may be impossible: note says
	// what became of it.
	Cancel(ctx context.Context, id string) (note string, err error)
}

// DeclaresTasks says that the client of the request in ctx takes a task for an
// answer.
func DeclaresTasks(ctx context.Context) bool {
	info := mcpserver.RequestProtocolInfoFromContext(ctx)
	return info != nil && info.Modern && declaresTasks(info.ClientCapabilities)
}

func declaresTasks(client *mcp.ClientCapabilities) bool {
	if client == nil {
		return false
	}
	_, declared := client.Extensions[TasksExtension]
	return declared
}

// taskResult is a task on the wire, flat: as the answer to tools/call
// (resultType "task") and to tasks/get ("complete").
type taskResult struct {
	mcp.Result

	TaskID        string         `json:"taskId"`
	Status        mcp.TaskStatus `json:"status"`
	StatusMessage string         `json:"statusMessage,omitempty"`
	CreatedAt     string         `json:"createdAt"`
	LastUpdatedAt string         `json:"lastUpdatedAt"`
	TTLMs         *int64         `json:"ttlMs"` // null: kept for ever
	PollMs        *int64         `json:"pollIntervalMs,omitempty"`

	Outcome  *mcp.CallToolResult         `json:"result,omitempty"`
	Error    *mcp.JSONRPCErrorDetails    `json:"error,omitempty"`
	Requests map[string]mcp.InputRequest `json:"inputRequests,omitempty"`
}

func (s *Server) newTaskResult(kind mcp.ResultType, task mcp.Task) taskResult {
	return taskResult{
		Result: mcp.Result{ResultType: kind, Meta: s.meta()},
		TaskID: task.TaskId, Status: task.Status, StatusMessage: task.StatusMessage,
		CreatedAt: task.CreatedAt, LastUpdatedAt: task.LastUpdatedAt, TTLMs: task.TTL, PollMs: task.PollInterval,
	}
}

// meta identifies the server in a result, as the core does in its own.
func (s *Server) meta() *mcp.Meta {
	meta := &mcp.Meta{}
	meta.SetServerInfo(s.implementation())
	return meta
}

// noteTask remembers that result, the answer of tool, is to be replaced by the
// task it announces. One that is over by now needs no task: the caller would
// only ask once more.
func (s *Server) noteTask(ctx context.Context, tool string, result *mcp.CallToolResult) {
	if s.options.Tasks == nil || result == nil || result.IsError || !DeclaresTasks(ctx) {
		return
	}
	from, ok := mcpserver.ClientSessionFromContext(ctx).(*session)
	if !ok {
		return
	}
	id := s.options.Tasks.TaskOf(tool, result)
	if id == "" {
		return
	}
	task, _, err := s.options.Tasks.Task(ctx, id)
	if err != nil || over(task.Status) {
		return // the result names the task and says how to follow it
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	from.task = &task
}

func over(status mcp.TaskStatus) bool {
	return status == mcp.TaskStatusCompleted || status == mcp.TaskStatusFailed || status == mcp.TaskStatusCancelled
}

func (s *session) announced() *mcp.Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.task
}

// taskParams are those of the extension's three methods, and what
// subscriptions/listen may ask about tasks.
type taskParams struct {
	Meta          *mcp.Meta          `json:"_meta"`
	TaskID        string             `json:"taskId"`
	Answers       mcp.InputResponses `json:"inputResponses"`
	Notifications struct {
		TaskIDs []string `json:"taskIds"`
	} `json:"notifications"`
}

// concernsTasks says that m is the extension's, not the core's.
func (s *Server) concernsTasks(m incoming) bool {
	return s.options.Tasks != nil && m.isRequest() && isTaskMethod(m.Method) && mcp.IsModernProtocol(m.protocolVersion())
}

func isTaskMethod(method string) bool {
	return method == string(mcp.MethodTasksGet) || method == string(mcp.MethodTasksCancel) || method == methodTasksUpdate
}

// tasks answers the extension's methods.
func (s *Server) tasks(ctx context.Context, m incoming) mcp.JSONRPCMessage {
	var params taskParams
	if err := json.Unmarshal(m.Params, &params); err != nil {
		return *failure(m.ID, mcp.INVALID_PARAMS, "The params of "+m.Method+" cannot be read: "+err.Error())
	}
	client := params.Meta.ClientCapabilities()
	if client == nil {
		return *failure(m.ID, mcp.INVALID_PARAMS, "params._meta lacks "+mcp.MetaKeyClientCapabilities+".")
	}
	if !declaresTasks(client) {
		return lacking(m.ID, TasksExtension)
	}
	if params.TaskID == "" {
		return *failure(m.ID, mcp.INVALID_PARAMS, "params.taskId is missing: it is the one that tools/call answered with.")
	}
	result, err := s.task(ctx, m.Method, params)
	if err != nil {
		return s.taskFailure(ctx, m, err)
	}
	return mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: requestID(m.ID), Result: result}
}

func (s *Server) task(ctx context.Context, method string, params taskParams) (any, error) {
	done := mcp.Result{ResultType: mcp.ResultTypeComplete, Meta: s.meta()}
	switch method {
	case methodTasksUpdate:
		return done, s.options.Tasks.Update(ctx, params.TaskID, params.Answers)
	case string(mcp.MethodTasksCancel):
		note, err := s.options.Tasks.Cancel(ctx, params.TaskID)
		if note != "" {
			done.Meta.SetMetaField(Name+"/note", note) // the result itself must stay empty
		}
		return done, err
	}
	task, outcome, err := s.options.Tasks.Task(ctx, params.TaskID)
	if err != nil {
		return nil, err
	}
	shown := s.newTaskResult(mcp.ResultTypeComplete, task)
	switch task.Status {
	case mcp.TaskStatusFailed:
		reason := mcp.NewJSONRPCErrorDetails(mcp.INTERNAL_ERROR, task.StatusMessage, nil)
		shown.Error = &reason
	case mcp.TaskStatusInputRequired:
		if outcome != nil {
			shown.Requests = outcome.InputRequests
		}
	case mcp.TaskStatusCompleted:
		shown.Outcome = outcome
		if outcome != nil && outcome.ResultType == "" {
			whole := *outcome
			whole.ResultType = mcp.ResultTypeComplete
			shown.Outcome = &whole
		}
	default: // working, cancelled: the status is all
	}
	return shown, nil
}

// taskFailure is the answer to a request about a task that cannot be served.
func (s *Server) taskFailure(ctx context.Context, m incoming, err error) mcp.JSONRPCMessage {
	switch video.CodeOf(err) {
	case video.NotFound, video.Invalid:
		return *failure(m.ID, mcp.INVALID_PARAMS, err.Error())
	case video.Internal:
		s.log.ErrorContext(ctx, "task request failed", "method", m.Method, "error", err)
		return *failure(m.ID, mcp.INTERNAL_ERROR, "The server failed while handling this request. The task goes on; ask again in a moment.")
	}
	return *failure(m.ID, mcp.INTERNAL_ERROR, err.Error())
}

// checkTaskName is about the header by which a proxy may route a request to
// where its task lives. Any replica can serve any task, so a client that does
// not send it is served all the same; one that contradicts itself is not.
func checkTaskName(name string, m incoming) *mcp.JSONRPCError {
	if name == "" || !isTaskMethod(m.Method) {
		return nil
	}
	var params struct {
		TaskID string `json:"taskId"`
	}
	decoded, ok := mcp.DecodeHeaderValue(name)
	if !ok || json.Unmarshal(m.Params, &params) != nil || decoded != params.TaskID {
		return failure(m.ID, mcp.HEADER_MISMATCH, mcp.HeaderName+" differs from params.taskId.")
	}
	return nil
}

// taskListener refuses a subscription to tasks by a client that does not
// declare them. To one that does, nothing is promised: tasks/get shows it all.
func (s *Server) taskListener(m incoming) mcp.JSONRPCMessage {
	if s.options.Tasks == nil || !bytes.Contains(m.Params, []byte("taskIds")) {
		return nil
	}
	var params taskParams
	if json.Unmarshal(m.Params, &params) != nil || len(params.Notifications.TaskIDs) == 0 || declaresTasks(params.Meta.ClientCapabilities()) {
		return nil
	}
	return lacking(m.ID, TasksExtension)
}

// lacking is the refusal of a client without a capability that the request
// needs; names with a slash are extensions.
func lacking(id json.RawMessage, capability string) mcp.JSONRPCError {
	refusal := *failure(id, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, "The client does not declare the capability "+capability+", which this request needs.")
	refusal.Error.Data = map[string]any{"requiredCapabilities": required(capability)}
	return refusal
}

func required(capability string) map[string]any {
	named := map[string]any{capability: struct{}{}}
	if strings.Contains(capability, "/") {
		return map[string]any{"extensions": named}
	}
	return named
}
