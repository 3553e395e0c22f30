package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/porttest"
)

const confirmationRequired = "confirmation_required"

// with is arguments and more of them.
func with(arguments map[string]any, more ...any) map[string]any {
	all := maps.Clone(arguments)
	for i := 0; i < len(more); i += 2 {
		name, _ := more[i].(string)
		all[name] = more[i+1]
	}
	return all
}

// TestAgreementAtAnyReplica: what a person agreed to at one replica is ordered
// at any other, and once: also where all are asked at the same instant, and the
// callers mean each call to be a video of its own.
func TestAgreementAtAnyReplica(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "SEEDANCE_CONFIRM_ABOVE=100")
	c.start(c.replicas...)
	const wishes, calls = 6, 6
	for n := range wishes {
		asked, other := c.replicas[n%2], c.replicas[(n+1)%2]
		wish := map[string]any{"prompt": fmt.Sprint("agreed to elsewhere ", n), "duration": 4}
		question, err := c.call(t.Context(), asked, "generate_video", wish)
		if err != nil || question.Status != confirmationRequired || question.ConfirmToken == "" {
			t.Fatalf("no question: %+v %v", question, err)
		}
		if wrong, err := c.call(t.Context(), other, "generate_video", with(wish, "duration", 5, "confirm_token", question.ConfirmToken)); err != nil || wrong.Status != confirmationRequired {
			t.Errorf("another wish: %+v %v", wrong, err)
		}
		agreed := with(wish, "confirm_token", question.ConfirmToken)
		if n%2 == 1 {
			agreed["force_new"] = true // then nothing but the token holds it back
		}
		answers := make([]taskAnswer, calls)
		var all sync.WaitGroup
		for i := range calls {
			all.Go(func() {
				answer, err := c.call(t.Context(), c.replicas[i%2], "generate_video", agreed)
				if err != nil {
					t.Error(err)
				}
				answers[i] = answer
			})
		}
		all.Wait()
		ordered, refused, ids := 0, 0, map[string]bool{}
		for _, answer := range answers {
			switch {
			case answer.ID != "":
				ordered++
				ids[answer.ID] = true
			case answer.Status == confirmationRequired && strings.Contains(strings.Join(answer.Notes, " "), "used already"):
				refused++
			}
		}
		want := calls // those who come later are given the first one's task
		if agreed["force_new"] == true {
			want = 1
		}
		if ordered != want || ordered+refused != calls || len(ids) != 1 {
			t.Errorf("wish %d: %d ordered, %d refused: %+v", n, ordered, refused, answers)
		}
		if late, err := c.call(t.Context(), other, "generate_video", with(agreed, "force_new", true)); err != nil || late.Status != confirmationRequired {
			t.Errorf("once more: %+v %v", late, err)
		}
	}
	for _, r := range c.replicas {
		if err := c.end(r, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	if sum := c.audit(); sum.Accepted != wishes || sum.SecondPosts != 0 {
		t.Errorf("%d wishes, %+v", wishes, sum)
	}
}

// TestAnswersFindTheirQuestion: behind the balancers' configurations of deploy/
// a user's answer comes to where the question was asked (2025-11-25), or is good
// wherever it comes (2026-07-28).
func TestAnswersFindTheirQuestion(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "SEEDANCE_CONFIRM_ABOVE=100")
	key, _ := c.run("none:0", "keys", "create", "team-a")
	c.start(c.replicas...)
	const clients = 6
	for _, lb := range balancers() {
		t.Run(lb.program, func(t *testing.T) {
			program := foreign(t, lb.program)
			listen := porttest.Addr(t)
			dir := lb.run(t, program, listen, [2]string{c.replicas[0].addr, c.replicas[1].addr})
			c.waitFor(&replica{addr: listen}, http.StatusOK)
			lb.untilSeen(t, dir)
			for _, version := range []string{"2025-11-25", "2026-07-28"} {
				var questions atomic.Int32
				var all sync.WaitGroup
				for n := range clients {
					session := askable(t, "http://"+listen+"/mcp", strings.TrimSpace(key), version, &questions)
					all.Go(func() {
						made := call(t.Context(), t, session, "generate_video", map[string]any{"prompt": fmt.Sprintf("%s %s %d", lb.program, version, n), "duration": 4})
						if id, _ := made["task_id"].(string); id == "" {
							t.Errorf("%s: the answer was lost: %v", version, made)
						}
					})
				}
				all.Wait()
				if questions.Load() != clients {
					t.Errorf("%s: %d questions to %d clients", version, questions.Load(), clients)
				}
			}
		})
	}
}

// askable is a client whose user agrees to everything.
func askable(t *testing.T, endpoint, key, version string, questions *atomic.Int32) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ClientOptions{
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			questions.Add(1)
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{}}, nil
		},
	})
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: endpoint, HTTPClient: &http.Client{Transport: bearer(key)}}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	if got := session.InitializeResult().ProtocolVersion; got != version {
		t.Fatalf("%s was agreed to, not %s", got, version)
	}
	return session
}

// post sends one message of the protocol to a replica; the caller closes the
// answer's body.
func (c *cluster) post(r *replica, body string, headers ...string) *http.Response {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://"+r.addr+"/mcp", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.client.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// message reads the next message of a stream, or the one of a plain answer.
func message(t *testing.T, from *bufio.Reader, into any) {
	t.Helper()
	for {
		line, err := from.ReadString('\n')
		text := strings.TrimPrefix(strings.TrimSpace(line), "data: ")
		if strings.HasPrefix(text, "{") {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			return
		}
		if err != nil {
			t.Fatalf("no message: %v", err)
		}
	}
}

// TestAnswersAtAnotherReplica: from 2026-07-28 on an answer comes with the call
// made again, at any replica, and orders once. Before that only the replica that
// asked knows the question: an answer that comes to another one does nothing,
// and is not lost for whoever asked.
func TestAnswersAtAnotherReplica(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, "SEEDANCE_CONFIRM_ABOVE=100")
	c.start(c.replicas...)
	asked, other := c.replicas[0], c.replicas[1]

	again := func(prompt, more string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"generate_video","arguments":{"prompt":"` + prompt + `","duration":4,"force_new":true},` +
			`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}` + more + `}}`
	}
	headers := []string{"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "generate_video"}
	type called struct {
		Result struct {
			RequestState  string
			InputRequests map[string]any
			Task          taskAnswer `json:"structuredContent"`
		}
	}
	send := func(r *replica, body string) (got called) {
		answer := c.post(r, body, headers...)
		defer answer.Body.Close()
		message(t, bufio.NewReader(answer.Body), &got)
		return got
	}
	question := send(asked, again("asked in a round trip", ""))
	if question.Result.RequestState == "" || len(question.Result.InputRequests) != 1 {
		t.Fatalf("no question: %+v", question)
	}
	agreed := fmt.Sprintf(`,"inputResponses":{"price":{"action":"accept","content":{}}},"requestState":%q`, question.Result.RequestState)
	const calls = 6
	answers := make([]called, calls)
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() { answers[i] = send(c.replicas[(i+1)%2], again("asked in a round trip", agreed)) })
	}
	all.Wait()
	ordered := 0
	for _, answer := range answers {
		if answer.Result.Task.ID != "" {
			ordered++
		} else if answer.Result.Task.Status != confirmationRequired {
			t.Errorf("neither ordered nor refused: %+v", answer)
		}
	}
	if ordered != 1 {
		t.Errorf("%d ordered for one answer", ordered)
	}

	session := []string{"Mcp-Session-Id", "elicitation.test"}
	stream := c.post(asked, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"generate_video","arguments":{"prompt":"asked in a stream","duration":4}}}`, session...)
	defer stream.Body.Close()
	events := bufio.NewReader(stream.Body)
	var request struct{ ID, Method string }
	message(t, events, &request)
	if request.Method != "elicitation/create" {
		t.Fatalf("no question: %+v", request)
	}
	answer := fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"result":{"action":"accept","content":{}}}`, request.ID)
	for _, r := range []*replica{other, asked} {
		taken := c.post(r, answer, session...)
		taken.Body.Close()
		if taken.StatusCode != http.StatusAccepted {
			t.Errorf("an answer: %s", taken.Status)
		}
	}
	var made called
	message(t, events, &made)
	if made.Result.Task.ID == "" {
		t.Errorf("the answer given again where it was asked: %+v", made)
	}
	for _, r := range c.replicas {
		if err := c.end(r, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	if sum := c.audit(); sum.Accepted != 2 || sum.SecondPosts != 0 {
		t.Errorf("%+v", sum)
	}
}
