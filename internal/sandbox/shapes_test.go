package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// TestRecordShapes pins recordInfo's body in every generation and state. The
// clock is fixed: created at 1772366400000, done 8 s later.
func TestRecordShapes(t *testing.T) {
	const (
		waiting, success = "a fox", "a fox"
		fails            = "[sandbox:fail-text]"
		reason           = "Your input text violates platform rules. Please modify and try again."
	)
	for _, c := range []struct {
		name       string
		generation sandbox.Generation
		prompt     string
		done       bool
		want       string // ID, ORDER and SEED stand for what is random
	}{
		{
			"workflow waiting", sandbox.GenerationWorkflow, waiting, false,
			`{"taskId":"ID","model":"seedance20-video-generation","status":"waiting","creditsUsed":200,"output":null,"error":null,"createTime":1772366400000,"completeTime":null}`,
		},
		{
			"workflow success", sandbox.GenerationWorkflow, success, true,
			`{"taskId":"ID","model":"seedance20-video-generation","status":"success","creditsUsed":200,"output":[{"url":"http://sandbox.seedance.invalid/media/ID.mp4","width":1280,"height":720}],"error":null,"createTime":1772366400000,"completeTime":1772366408000}`,
		},
		{
			"workflow fail", sandbox.GenerationWorkflow, fails, true,
			`{"taskId":"ID","model":"seedance20-video-generation","status":"fail","error":"` + reason + `"}`,
		},
		{
			"workflow fail without reason", sandbox.GenerationWorkflow, "[sandbox:fail-no-reason]", true,
			`{"taskId":"ID","model":"seedance20-video-generation","status":"fail","error":null}`,
		},
		{
			"kinovi success", sandbox.GenerationKinovi, success, true,
			`{"taskId":"ID","model":"seedance-20","status":"success","creditsUsed":200,"output":[{"url":"http://sandbox.seedance.invalid/media/ID.mp4","width":1280,"height":720,"mediaType":"video","seed":77,"lastFrameImage":"http://sandbox.seedance.invalid/media/ID-last.png"}],"error":null,"createTime":1772366400000,"completeTime":1772366408000}`,
		},
		{
			"kinovi fail", sandbox.GenerationKinovi, fails, true,
			`{"taskId":"ID","model":"seedance-20","status":"fail","creditsUsed":0,"output":null,"error":{"code":"2038","message":"` + reason + `"},"createTime":1772366400000,"completeTime":1772366408000}`,
		},
		{
			"kinovi fail, string", sandbox.GenerationKinovi, "[sandbox:error-string]", true,
			`{"taskId":"ID","model":"seedance-20","status":"fail","creditsUsed":0,"output":null,"error":"Server error. Please try again later.","createTime":1772366400000,"completeTime":1772366408000}`,
		},
		{
			"kinovi fail, number", sandbox.GenerationKinovi, "[sandbox:fail-timeout][sandbox:error-code-number]", true,
			`{"taskId":"ID","model":"seedance-20","status":"fail","creditsUsed":0,"output":null,"error":{"code":1001,"message":"Generation timed out. Please try again."},"createTime":1772366400000,"completeTime":1772366408000}`,
		},
		{
			"b fail", sandbox.GenerationB, fails, true,
			`{"taskId":"ID","model":"seedance-20","status":"fail","creditsUsed":200,"output":null,"error":{"code":"2038","message":"` + reason + `"},"createTime":1772366400000,"completeTime":1772366408000}`,
		},
		{
			"z waiting", sandbox.GenerationZ, waiting, false,
			`{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","model":"seedance-20","state":"waiting","creditsUsed":200,"param":"{}","resultJson":"","createTime":1772366400000,"updateTime":1772366400000,"completeTime":null}}`,
		},
		{
			"z success", sandbox.GenerationZ, success, true,
			`{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","model":"seedance-20","state":"success","creditsUsed":200,"param":"{}","resultJson":"{\"resultUrls\":[\"http://sandbox.seedance.invalid/media/ID.mp4\"]}","createTime":1772366400000,"updateTime":1772366408000,"completeTime":1772366408000}}`,
		},
		{
			"z fail", sandbox.GenerationZ, fails, true,
			`{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","model":"seedance-20","state":"fail","creditsUsed":200,"param":"{}","resultJson":"","failCode":"2038","failMsg":"` + reason + `","createTime":1772366400000,"updateTime":1772366408000,"completeTime":1772366408000}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := newClock()
			o := sandbox.Options{Now: now.Now, Generation: c.generation, Dialect: video.Kinovi}
			body := kinoviBody("seedance-20", c.prompt, `,"seed":77`)
			if c.generation == sandbox.GenerationWorkflow {
				o.Dialect, body = video.Workflow, workflowBody(c.prompt, "")
			}
			r := start(t, o)
			created := r.create(body)
			id, order := between(created.Body, `"taskId":"`), between(created.Body, `"orderId":"`)
			if c.done {
				now.Advance(9 * time.Second)
			}
			got := r.record(id)
			want := strings.ReplaceAll(strings.ReplaceAll(c.want, "ID", id), "ORDER", order)
			if got.Status != 200 || got.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %s", got.Status, got.Header)
			}
			sameJSON(t, got.Body, want)
		})
	}
}

// between is the text after begin and before the next quote.
func between(text, begin string) string {
	_, rest, _ := strings.Cut(text, begin)
	found, _, _ := strings.Cut(rest, `"`)
	return found
}

func TestCreateShapes(t *testing.T) {
	for generation, want := range map[sandbox.Generation]string{
		sandbox.GenerationWorkflow: `{"taskId":"ID"}`,
		sandbox.GenerationB:        `{"taskId":"ID"}`,
		sandbox.GenerationKinovi:   `{"taskId":"ID"}`,
		sandbox.GenerationZ:        `{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","creditsUsed":200}}`,
	} {
		r := start(t, sandbox.Options{Generation: generation})
		got := r.ask("a fox").Body
		id, order := between(got, `"taskId":"`), between(got, `"orderId":"`)
		if !strings.HasPrefix(id, "task_") || len(id) != len("task_")+24 {
			t.Errorf("%s: id %q", generation, id)
		}
		sameJSON(t, got, strings.ReplaceAll(strings.ReplaceAll(want, "ID", id), "ORDER", order))
	}
	r := start(t, sandbox.Options{Generation: sandbox.GenerationZ})
	sameJSON(t, r.do("POST", "/api/v1/jobs/createTask", "", "{}").Body, `{"code":401,"message":"Missing Authorization header"}`)
}

func TestOddRecords(t *testing.T) {
	for _, c := range []struct {
		name, prompt string
		age          time.Duration
		has, lacks   string
	}{
		{"odd state", "[sandbox:odd-state]", 5 * time.Second, `"status":"post_processing"`, "generating"},
		{"odd state ends", "[sandbox:odd-state]", 8 * time.Second, `"status":"success"`, "post_processing"},
		{"upper case", "[sandbox:upper-case]", 8 * time.Second, `"status":"SUCCESS"`, "success"},
		{"no URL at first", "[sandbox:success-no-url]", 9 * time.Second, `"status":"success"`, "http"},
		{"then a URL", "[sandbox:success-no-url]", 10 * time.Second, `"url":"http`, `"output":null`},
		{"no URL for 5 s", "[sandbox:success-no-url=5]", 12 * time.Second, `"status":"success"`, "http"},
		{"never a URL", "[sandbox:success-never-url]", 24 * time.Hour, `"status":"success"`, "http"},
		{"no credits", "[sandbox:no-credits]", 8 * time.Second, `"status":"success"`, "creditsUsed"},
		{"fractional credits", "[sandbox:fractional-credits]", 8 * time.Second, `"creditsUsed":200.333333`, `"creditsUsed":200,`},
		{"null size", "[sandbox:null-size]", 8 * time.Second, `"width":null,"height":null`, "1280"},
		{"no times", "[sandbox:no-times]", 8 * time.Second, `"createTime":null,"completeTime":null`, "17723"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := newClock()
			r := start(t, sandbox.Options{Now: now.Now})
			id := r.accepted(workflowBody(c.prompt, ""))
			now.Advance(c.age)
			got := r.record(id).Body
			if !strings.Contains(got, c.has) || strings.Contains(got, c.lacks) {
				t.Errorf("want %s and no %s: %s", c.has, c.lacks, got)
			}
		})
	}
}
