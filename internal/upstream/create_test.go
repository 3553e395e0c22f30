package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

var payload = json.RawMessage(`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"a fox","duration":"5s"}}`)

func TestCreateSendsWhatWasQuoted(t *testing.T) {
	for name, c := range map[string]struct{ payload, callback, want string }{
		"no callback":     {`{"model":"m","inputs":{"z":1,"a":2}}`, "", `{"model":"m","inputs":{"z":1,"a":2}}`},
		"callback":        {`{"model":"m","inputs":{"z":1,"a":2}}`, "https://me.test/w/1?a=b", `{"model":"m","inputs":{"z":1,"a":2},"callBackUrl":"https://me.test/w/1?a=b"}`},
		"spaces at end":   {"{\"model\":\"m\" \n}\n", "https://me.test/", `{"model":"m","callBackUrl":"https://me.test/"}`},
		"empty object":    {`{}`, "https://me.test/", `{"callBackUrl":"https://me.test/"}`},
		"escapes in URLs": {`{"a":1}`, `https://me.test/"&<`, `{"a":1,"callBackUrl":"https://me.test/\"\u0026\u003c"}`},
	} {
		t.Run(name, func(t *testing.T) {
			var sent, method, path, auth, kind string
			transport := carrier(func(req *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(req.Body)
				if err != nil {
					t.Error(err)
				}
				sent, method, path = string(body), req.Method, req.URL.Path
				auth, kind = req.Header.Get("Authorization"), req.Header.Get("Content-Type")
				return saysJSON(200, `{"taskId":"task_1"}`)(req)
			})
			accepted, err := client(t, base, video.Workflow, transport).Create(t.Context(), json.RawMessage(c.payload), c.callback)
			if err != nil || accepted.TaskID != "task_1" {
				t.Fatalf("got %+v, %v", accepted, err)
			}
			if sent != c.want {
				t.Errorf("sent %s, want %s", sent, c.want)
			}
			if method != "POST" || path != "/api/v1/jobs/createTask" || auth != "Bearer "+fakeKey || kind != "application/json" {
				t.Errorf("request was %s %s, auth %q, type %q", method, path, auth, kind)
			}
		})
	}
}

func TestCreateRefusesToSendNonsense(t *testing.T) {
	transport := carrier(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, errors.New("no")
	})
	for _, bad := range []string{``, `null`, `[]`, `{"a":`, `{}{}`} {
		_, err := client(t, base, video.Workflow, transport).Create(t.Context(), json.RawMessage(bad), "")
		if video.CodeOf(err) != video.Internal {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(t, base, video.Workflow, transport).Create(ctx, payload, "")
	if video.CodeOf(err) != video.Unavailable {
		t.Errorf("cancelled before sending: %v", err)
	}
}

func TestCreateAccepted(t *testing.T) {
	for name, c := range map[string]struct{ body, id, credits string }{
		"flat":              {`{"taskId":"task_k3p0v9w1x2y3z4a5b6c7d8e9"}`, "task_k3p0v9w1x2y3z4a5b6c7d8e9", ""},
		"enveloped":         {`{"code":200,"message":"success","data":{"taskId":"t1","orderId":"o","creditsUsed":200}}`, "t1", "200"},
		"code as text":      {`{"code":"200","msg":"success","data":{"taskId":"t1"}}`, "t1", ""},
		"code zero":         {`{"code":0,"data":{"taskId":"t1"}}`, "t1", ""},
		"fractional":        {`{"code":200,"data":{"taskId":"t1","creditsUsed":37.5}}`, "t1", "37.5"},
		"credits as text":   {`{"taskId":"t1","creditsUsed":"85.68000000000001"}`, "t1", "85.68"},
		"credits nonsense":  {`{"taskId":"t1","creditsUsed":{"a":1}}`, "t1", ""},
		"credits negative":  {`{"taskId":"t1","creditsUsed":-3}`, "t1", ""},
		"snake case":        {`{"task_id":"t1"}`, "t1", ""},
		"number":            {`{"taskId":12345678901234567890}`, "12345678901234567890", ""},
		"byte order mark":   {"\ufeff{\"taskId\":\"t1\"}", "t1", ""},
		"data null":         {`{"code":200,"data":null,"taskId":"t1"}`, "t1", ""},
		"unrelated trouble": {`{"taskId":"t1","errors":5,"limit":[],"message":{}}`, "t1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			accepted, err := client(t, base, video.Kinovi, saysJSON(200, c.body)).Create(t.Context(), payload, "")
			if err != nil {
				t.Fatal(err)
			}
			credits := ""
			if accepted.Credits != nil {
				credits = accepted.Credits.String()
			}
			if accepted.TaskID != c.id || credits != c.credits {
				t.Errorf("got %q, %q", accepted.TaskID, credits)
			}
		})
	}
}

// A paid task must not be lost because its answer looks odd.
func TestCreateAcceptedInOddShapes(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		kind, body string
		id         string
	}{
		"201":                     {201, "application/json", `{"taskId":"t1"}`, "t1"},
		"202":                     {202, "application/json", `{"code":202,"data":{"taskId":"t1"}}`, "t1"},
		"as a page":               {200, "text/html; charset=utf-8", "\n{\"taskId\":\"t1\"}", "t1"},
		"as text":                 {200, "text/plain", `{"taskId":"t1"}`, "t1"},
		"without a type":          {200, "", `{"taskId":"t1"}`, "t1"},
		"octets":                  {200, "application/octet-stream", `{"taskId":"t1"}`, "t1"},
		"code 1":                  {200, "application/json", `{"code":1,"data":{"taskId":"t1"}}`, "t1"},
		"code 500":                {200, "application/json", `{"code":500,"message":"webhook failed","data":{"taskId":"t1"}}`, "t1"},
		"code 429":                {200, "application/json", `{"code":429,"data":{"taskId":"t1"}}`, "t1"},
		"code in words":           {200, "application/json", `{"code":"SUCCESS","data":{"taskId":"t1"}}`, "t1"},
		"500 that names it":       {500, "application/json", `{"message":"timeout","taskId":"t1"}`, "t1"},
		"504 that names it":       {504, "application/json", `{"data":{"taskId":"t1"}}`, "t1"},
		"409 that names it":       {409, "application/json", `{"message":"exists","taskId":"t1"}`, "t1"},
		"303 that names it":       {303, "application/json", `{"taskId":"t1"}`, "t1"},
		"a whole record":          {200, "application/json", `{"taskId":"t1","status":"fail","error":"x"}`, "t1"},
		"other case":              {200, "application/json", `{"TaskID":"t1"}`, "t1"},
		"snake case inside":       {200, "application/json", `{"data":{"task_id":7}}`, "7"},
		"id":                      {200, "application/json", `{"id":"task_1"}`, "task_1"},
		"id inside":               {200, "application/json", `{"data":{"id":"task_1"}}`, "task_1"},
		"job id":                  {200, "application/json", `{"job_id":"task_1"}`, "task_1"},
		"data is the id":          {200, "application/json", `{"code":200,"data":"task_1"}`, "task_1"},
		"list":                    {200, "application/json", `[{"taskId":"t1"}]`, "t1"},
		"list inside":             {200, "application/json", `{"data":[{"taskId":"t1"}]}`, "t1"},
		"deep":                    {200, "application/json", `{"data":{"data":{"task":{"taskId":"t1"}}}}`, "t1"},
		"after an object":         {200, "application/json", `{"a":{"b":[1,{}]},"x":[],"result":{"taskId":"t1"}}`, "t1"},
		"JSON in a string":        {200, "application/json", `"{\"taskId\":\"t1\"}"`, "t1"},
		"told twice":              {200, "application/json", `{"taskId":"t1","taskId":null}`, "t1"},
		"bad one first":           {200, "application/json", `{"data":{"taskId":"null"},"taskId":"t1"}`, "t1"},
		"broken off behind it":    {200, "application/json", `{"code":200,"data":{"taskId":"t1","ord`, "t1"},
		"number broken off":       {200, "application/json", `{"data":{"taskId":17,"ord`, "17"},
		"something behind it":     {200, "application/json", `{"taskId":"t1"}<!-- proxy -->`, "t1"},
		"broken record behind":    {200, "application/json", `{"taskId":"t1"}{"x`, "t1"},
		"byte order mark, broken": {200, "application/json", "\ufeff{\"taskId\":\"t1\",", "t1"},
	} {
		t.Run(name, func(t *testing.T) {
			accepted, err := client(t, base, video.Workflow, says(c.status, c.kind, c.body)).Create(t.Context(), payload, "")
			if err != nil || accepted.TaskID != c.id {
				t.Errorf("got %+v, %v", accepted, err)
			}
		})
	}
}

// A documented refusal stays one, whatever stands beside it.
func TestCreateRefusalThatNamesATask(t *testing.T) {
	for status, want := range map[int]video.Code{400: video.Invalid, 401: video.Unauthenticated, 402: video.InsufficientCredits, 403: video.Forbidden, 429: video.ConcurrencyLimit} {
		refused := createError(t, saysJSON(status, `{"message":"no","taskId":"task_running"}`))
		if refused.Code != want {
			t.Errorf("%d: %v", status, refused)
		}
	}
}

func TestUnauthenticatedInEveryWording(t *testing.T) {
	for _, message := range []string{"Missing Authorization header", "Invalid API Key", "API Key is inactive", "API Key has expired"} {
		for _, transport := range []carrier{saysJSON(401, `{"message":"`+message+`"}`), saysJSON(200, `{"code":401,"message":"`+message+`","data":null}`)} {
			refused := createError(t, transport)
			_, err := client(t, base, video.Workflow, transport).Record(t.Context(), "t1")
			for _, err := range []error{refused, err} {
				if video.CodeOf(err) != video.Unauthenticated || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), "SEEDANCE_API_KEY") {
					t.Errorf("%s: %v", message, err)
				}
			}
		}
	}
}

func TestCreateDefiniteRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		body     string
		code     video.Code
		says     string
		argument string
	}{
		"parameters": {400, `{"message":"Invalid request parameters"}`, video.Invalid, "Invalid request parameters.", ""},
		"field": {400, `{"message":"Invalid inputs for model","errors":[{"code":"custom","message":"Duration must be between 4 and 15 seconds","path":["duration"]}]}`,
			video.Invalid, "Invalid inputs for model: duration: Duration must be between 4 and 15 seconds.", "duration"},
		"nested field": {400, `{"message":"Invalid inputs for model","errors":[{"message":"bad","path":["inputs","imageUrls",0]}]}`, video.Invalid, "imageUrls: bad", "image_urls"},
		"odd errors":   {400, `{"message":"Invalid inputs for model","errors":[7,{"path":{}},"worded"]}`, video.Invalid, "model: 7; worded", ""},
		"workflow":     {400, `{"message":"Unsupported NewAPI workflow: x"}`, video.Invalid, "Unsupported NewAPI workflow: x", ""},
		"plain 400":    {400, `nope`, video.Invalid, `HTTP 400 ("nope")`, ""},
		"key":          {401, `{"message":"Invalid API Key"}`, video.Unauthenticated, "Invalid API Key.", ""},
		"access":       {403, `{"message":"API access not enabled"}`, video.Forbidden, "API access not enabled.", ""},
		"error text":   {403, `{"error":"API access not enabled"}`, video.Forbidden, "API access not enabled.", ""},
		"error object": {403, `{"error":{"code":1,"message":"API access not enabled"}}`, video.Forbidden, "API access not enabled.", ""},
		"enveloped":    {200, `{"code":401,"message":"API Key is inactive","data":null}`, video.Unauthenticated, "API Key is inactive.", ""},
		"code text":    {200, `{"code":"402","msg":"Insufficient credits"}`, video.InsufficientCredits, "Insufficient credits.", ""},
		"too large":    {413, `{"message":"Payload too large"}`, video.Invalid, "Payload too large.", ""},
		"422":          {422, `{"detail":"bad prompt"}`, video.Invalid, "bad prompt.", ""},
		"text/html":    {402, ` {"message":"Insufficient credits"}`, video.InsufficientCredits, "Insufficient credits.", ""},
		"wrong route":  {404, `{"message":"Not Found"}`, video.Unavailable, "Not Found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			refused := createError(t, saysJSON(c.status, c.body))
			if refused.Code != c.code || refused.Argument != c.argument {
				t.Errorf("code %s, argument %q", refused.Code, refused.Argument)
			}
			if !strings.Contains(refused.Message, c.says) || !strings.Contains(refused.Message, "Nothing was charged.") || refused.Suggestion == "" {
				t.Errorf("message %q, suggestion %q", refused.Message, refused.Suggestion)
			}
		})
	}
}

// A body of the other dialect is refused with words about the model: then the
// dialect is named, and only then.
func TestOtherDialectIsNamed(t *testing.T) {
	for body, named := range map[string]bool{
		`{"message":"Unsupported NewAPI workflow: seedance-20"}`: true, `{"message":"Unknown model"}`: true,
		`{"message":"Duration must be between 4 and 15 seconds"}`: false, `nope`: false,
	} {
		refused := createError(t, saysJSON(400, body))
		if got := strings.Contains(refused.Suggestion, "SEEDANCE_DIALECT may be wrong (it is kinovi)"); got != named {
			t.Errorf("%s: %q", body, refused.Suggestion)
		}
	}
}

func createError(t *testing.T, transport http.RoundTripper) *video.Error {
	t.Helper()
	accepted, err := client(t, base, video.Kinovi, transport).Create(t.Context(), payload, "")
	var refused *video.Error
	if !errors.As(err, &refused) {
		t.Fatalf("got %+v and %v", accepted, err)
	}
	return refused
}

func TestCreateProxyPages(t *testing.T) {
	page := "<!DOCTYPE html><html><head><title>Just a\nmoment…</title></head><body>" + strings.Repeat("x", 3000) + "</body></html>"
	for status, want := range map[int]video.Code{
		400: video.Invalid, 401: video.Unauthenticated, 403: video.Forbidden, 404: video.Unavailable, 407: video.Unavailable, 429: video.ConcurrencyLimit,
		408: video.OutcomeUnknown, 418: video.OutcomeUnknown, 425: video.OutcomeUnknown, 499: video.OutcomeUnknown,
		500: video.OutcomeUnknown, 502: video.OutcomeUnknown, 503: video.OutcomeUnknown, 504: video.OutcomeUnknown, 524: video.OutcomeUnknown,
		200: video.OutcomeUnknown, 204: video.OutcomeUnknown, 301: video.OutcomeUnknown, 307: video.OutcomeUnknown,
	} {
		refused := createError(t, says(status, "text/html; charset=utf-8", page))
		if refused.Code != want || refused.Status != status {
			t.Errorf("%d: %s with status %d, want %s", status, refused.Code, refused.Status, want)
		}
		if strings.Contains(refused.Error(), "<") || len(refused.Error()) > 700 {
			t.Errorf("%d: the page shows: %q", status, refused.Error())
		}
	}
}

func TestCreateUnknownOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"no task id":         {200, `{"code":200,"message":"success","data":{}}`},
		"empty":              {200, ``},
		"not JSON":           {200, `ok`},
		"half JSON":          {200, `{"taskId":"task_1`},
		"array":              {200, `["task_1"]`},
		"blank id":           {200, `{"taskId":"  "}`},
		"id with a break":    {200, "{\"taskId\":\"a\\nb\"}"},
		"endless id":         {200, `{"taskId":"` + strings.Repeat("x", 600) + `"}`},
		"too long":           {200, `{"pad":"` + strings.Repeat("x", 1<<20) + `","taskId":"t"}`},
		"envelope with 500":  {200, `{"code":500,"message":"Server error","data":null}`},
		"envelope with 2038": {200, `{"code":2038,"message":"text","data":null}`},
		"JSON 500":           {500, `{"message":"Server error. Please try again later."}`},
		"JSON 503":           {503, `{"message":"busy"}`},
		"JSON 408":           {408, `{"message":"Request Timeout"}`},
		"teapot":             {418, `{"message":"I am a teapot"}`},
		"conflict":           {409, `{"message":"Task exists"}`},
		"id false":           {200, `{"taskId":false}`},
		"id true":            {200, `{"taskId":true}`},
		"id null in words":   {200, `{"taskId":"null"}`},
		"id undefined":       {200, `{"taskId":"undefined"}`},
		"id 0":               {200, `{"taskId":0}`},
		"a request's id":     {200, `{"id":"req_1","data":"ok"}`},
		"half a number":      {200, `{"taskId":12`},
		"second value":       {200, `{"message":"ok"}{"taskId":"task_1"}`},
		"in a text":          {200, `{"message":"{\"taskId\":\"task_1\"}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			refused := createError(t, saysJSON(c.status, c.body))
			if refused.Code != video.OutcomeUnknown || !strings.Contains(refused.Message, "may have been accepted and charged") {
				t.Errorf("%s: %s", refused.Code, refused.Message)
			}
			if len(refused.Error()) > 900 {
				t.Errorf("too long: %d", len(refused.Error()))
			}
		})
	}
}

func TestCreateTellsCreditsAndLimits(t *testing.T) {
	amount := func(c *video.Credits) string {
		if c == nil {
			return "-"
		}
		return c.String()
	}
	for body, want := range map[string][2]string{
		`{"message":"Insufficient credits","required":200,"available":10}`:                         {"200", "10"},
		`{"message":"Insufficient credits","required":37.5,"available":0.1}`:                       {"37.5", "0.1"},
		`{"message":"Insufficient credits","required":"428.4"}`:                                    {"428.4", "-"},
		`{"message":"Insufficient credits","available":null}`:                                      {"-", "-"},
		`{"code":402,"message":"Insufficient credits","data":{"required":9.5,"available":8e0}}`:    {"9.5", "8"},
		`{"message":"Insufficient credits","required":0.30000000000000004,"available":{"a":true}}`: {"0.3", "-"},
	} {
		refused := createError(t, saysJSON(402, body))
		if refused.Code != video.InsufficientCredits || amount(refused.Required) != want[0] || amount(refused.Available) != want[1] {
			t.Errorf("%s: %s %s %s", body, refused.Code, amount(refused.Required), amount(refused.Available))
		}
	}

	number := func(n *int) int {
		if n == nil {
			return -1
		}
		return *n
	}
	for body, want := range map[string][2]int{
		`{"message":"Concurrency limit reached (3). Wait.","limit":3,"current":3}`: {3, 3},
		`{"message":"Concurrency limit reached (50). Wait."}`:                      {50, -1},
		`{"message":"Concurrency limit reached","limit":"5","current":5.0}`:        {5, 5},
		`{"message":"Concurrency limit reached (many)."}`:                          {-1, -1},
		`{"message":"Rate limit (7) per second"}`:                                  {-1, -1},
		`{"code":429,"msg":"Concurrency limit","data":{"limit":3,"current":-2}}`:   {3, -1},
		``: {-1, -1},
	} {
		refused := createError(t, saysJSON(429, body))
		if refused.Code != video.ConcurrencyLimit || number(refused.Limit) != want[0] || number(refused.Current) != want[1] {
			t.Errorf("%s: %s %d %d", body, refused.Code, number(refused.Limit), number(refused.Current))
		}
	}
}

// A text that is cut in the middle of the key must not show its beginning.
// A short key would be found in every word; it must not spoil the texts.
// The log carries neither key, prompt, callback address nor signed URL, also
// at the most talkative level and when everything fails.
func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		config upstream.Config
		want   video.Code
	}{
		"no URL":          {upstream.Config{APIKey: fakeKey}, video.Invalid},
		"no scheme":       {upstream.Config{BaseURL: "kinovi.ai/api/v1", APIKey: fakeKey}, video.Invalid},
		"other scheme":    {upstream.Config{BaseURL: "ftp://kinovi.ai", APIKey: fakeKey}, video.Invalid},
		"no host":         {upstream.Config{BaseURL: "https:///api/v1", APIKey: fakeKey}, video.Invalid},
		"user":            {upstream.Config{BaseURL: "https://u:secret@kinovi.ai/api/v1", APIKey: fakeKey}, video.Invalid},
		"query":           {upstream.Config{BaseURL: "https://kinovi.ai/api/v1?key=secret", APIKey: fakeKey}, video.Invalid},
		"unreadable":      {upstream.Config{BaseURL: "https://secret\x7f/", APIKey: fakeKey}, video.Invalid},
		"no key":          {upstream.Config{BaseURL: base}, video.Unauthenticated},
		"key with break":  {upstream.Config{BaseURL: base, APIKey: "secret\nX-Evil: 1"}, video.Unauthenticated},
		"key with umlaut": {upstream.Config{BaseURL: base, APIKey: "secrét"}, video.Unauthenticated},
		"bad proxy": {upstream.Config{BaseURL: base, APIKey: fakeKey, Transport: &http.Transport{
			Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("bad proxy") }}}, video.Invalid},
	} {
		_, err := upstream.New(c.config)
		if video.CodeOf(err) != c.want || strings.Contains(err.Error(), "secr") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := upstream.New(upstream.Config{BaseURL: " https://kinovi.ai/api/v1/ ", APIKey: " " + fakeKey + "\n"}); err != nil {
		t.Error(err)
	}
}
