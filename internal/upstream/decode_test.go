package upstream_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// told is a record in a form that is easy to write down.
func told(record upstream.Record) string {
	var out []string
	out = append(out, string(record.State)+"/"+record.RawState)
	for _, clip := range record.Videos {
		line, err := json.Marshal(clip)
		if err != nil {
			return err.Error()
		}
		out = append(out, string(line))
	}
	if record.CreditsUsed != nil {
		out = append(out, "used "+record.CreditsUsed.String())
	}
	if record.Failure != nil {
		out = append(out, string(record.Failure.Class)+" "+record.Failure.Code+" "+record.Failure.Message)
	}
	if !record.CreatedAt.IsZero() {
		out = append(out, "from "+record.CreatedAt.Format(time.RFC3339Nano))
	}
	if !record.CompletedAt.IsZero() {
		out = append(out, "to "+record.CompletedAt.Format(time.RFC3339Nano))
	}
	return strings.Join(out, " | ")
}

var recordShapes = map[string]struct{ body, want string }{
	"workflow success": {
		`{"taskId":"t1","model":"seedance20-video-generation","status":"success","creditsUsed":200,"output":[{"url":"https://static.test/v.mp4","width":1280,"height":720}],"error":null,"createTime":1771200000000,"completeTime":1771200120000}`,
		`success/success | {"url":"https://static.test/v.mp4","width":1280,"height":720} | used 200 | from 2026-02-16T00:00:00Z | to 2026-02-16T00:02:00Z`,
	},
	"workflow fail": {
		`{"taskId":"t1","model":"seedance20-video-generation","status":"fail","error":"Task execution failed"}`,
		`fail/fail | unknown  Task execution failed`,
	},
	"error object": {
		`{"taskId":"t1","status":"fail","creditsUsed":0,"output":null,"error":{"code":"2038","message":"Your input text violates platform rules. Please modify and try again."},"createTime":1,"completeTime":null}`,
		`fail/fail | used 0 | moderation 2038 Your input text violates platform rules. Please modify and try again.`,
	},
	"precursor": {
		`{"code":200,"message":"success","data":{"taskId":"t1","orderId":"o","model":"m","state":"success","creditsUsed":5,"param":"{}","resultJson":"{\"resultUrls\":[\"https://cdn.test/r.mp4\"]}","createTime":1771200000,"updateTime":1771200001,"completeTime":1771200002}}`,
		`success/success | {"url":"https://cdn.test/r.mp4"} | used 5 | from 2026-02-16T00:00:00Z | to 2026-02-16T00:00:02Z`,
	},
	"precursor fail": {
		`{"code":200,"message":"success","data":{"taskId":"t1","state":"fail","failMsg":"Server error. Please try again later.","failCode":500}}`,
		`fail/fail | server 500 Server error. Please try again later.`,
	},
	"kinovi": {
		`{"taskId":"t1","model":"seedance2-5","status":"success","creditsUsed":85.68000000000001,"output":[{"url":"https://s.test/v.mp4","mediaType":"video","seed":4294967295,"width":null,"height":0,"lastFrameImage":"https://s.test/l.png"}]}`,
		`success/success | {"url":"https://s.test/v.mp4","last_frame_url":"https://s.test/l.png","seed":4294967295} | used 85.68`,
	},
	"last frame as an object, and as an output of its own": {
		`{"taskId":"t1","status":"success","output":[{"url":"https://s.test/l.png","mediaType":"image"},{"url":"https://s.test/v.mp4","mediaType":"video/mp4","lastFrameImage":{"url":"https://s.test/l.png"}}]}`,
		`success/success | {"url":"https://s.test/v.mp4","last_frame_url":"https://s.test/l.png"}`,
	},
	"webhook, spring": {
		`{"code":200,"data":{"taskId":"t1","orderId":"o","state":"SUCCESS","output":["https://s.test/v.mp4"],"createTime":"2026-02-16T01:00:00.5+01:00","updateTime":1771200060000}}`,
		`success/SUCCESS | {"url":"https://s.test/v.mp4"} | from 2026-02-16T00:00:00.5Z | to 2026-02-16T00:01:00Z`,
	},
	"webhook, newest": {
		`{"code":200,"message":"success","data":{"taskId":"t1","status":"Fail","error":{"code":4011,"message":"Face detected in uploaded media. Use another."}}}`,
		`fail/Fail | face_detected 4011 Face detected in uploaded media. Use another.`,
	},
	"look-alike": {
		`{"code":200,"msg":"ok","data":{"taskId":"t1","state":"queuing","resultUrls":null}}`,
		`waiting/queuing`,
	},
	"look-alike, error code around a record": {
		`{"code":501,"msg":"failed","data":{"taskId":"t1","state":"fail","failMsg":"Generation timed out. Please try again."}}`,
		`fail/fail | timeout  Generation timed out. Please try again.`,
	},
	"status of the envelope beside the task's state": {
		`{"code":200,"status":"success","data":{"taskId":"t1","state":"waiting"}}`,
		`waiting/waiting`,
	},
	"result beside the status": {
		`{"taskId":"t1","status":"success","data":{"resultUrls":["https://s.test/v.mp4"]}}`,
		`success/success | {"url":"https://s.test/v.mp4"}`,
	},
	"expiry told": {
		`{"taskId":"t1","status":"success","output":[{"url":"https://s.test/v.mp4","expiresAt":1771200000000}]}`,
		`success/success | {"url":"https://s.test/v.mp4","expires_at":"2026-02-16T00:00:00Z"}`,
	},
	"expiry in the signature": {
		`{"taskId":"t1","status":"success","resultUrls":["https://s.test/a.mp4?X-Amz-Date=20260216T000000Z&X-Amz-Expires=3600","https://s.test/b.mp4?X-Goog-Expires=60&X-Goog-Date=20260216T000000Z","https://s.test/c.mp4?Expires=1771200000","https://s.test/d.mp4?Expires=soon&X-Amz-Date=x"]}`,
		`success/success | {"url":"https://s.test/a.mp4?X-Amz-Date=20260216T000000Z\u0026X-Amz-Expires=3600","expires_at":"2026-02-16T01:00:00Z"} | {"url":"https://s.test/b.mp4?X-Goog-Expires=60\u0026X-Goog-Date=20260216T000000Z","expires_at":"2026-02-16T00:01:00Z"} | {"url":"https://s.test/c.mp4?Expires=1771200000","expires_at":"2026-02-16T00:00:00Z"} | {"url":"https://s.test/d.mp4?Expires=soon\u0026X-Amz-Date=x"}`,
	},
	"output text": {
		`{"taskId":"t1","status":"success","output":"https://s.test/v.mp4"}`,
		`success/success | {"url":"https://s.test/v.mp4"}`,
	},
	"output as JSON in a string": {
		`{"taskId":"t1","status":"success","output":"[{\"url\":\"https://s.test/v.mp4\",\"width\":\"640\",\"height\":640.0}]"}`,
		`success/success | {"url":"https://s.test/v.mp4","width":640,"height":640}`,
	},
	"resultJson as an object": {
		`{"taskId":"t1","status":"success","resultJson":{"resultUrls":"https://s.test/v.mp4"}}`,
		`success/success | {"url":"https://s.test/v.mp4"}`,
	},
	"the same clip told twice": {
		`{"taskId":"t1","status":"success","resultUrls":["https://s.test/v.mp4"],"output":["https://s.test/v.mp4",{"url":"https://s.test/v.mp4","width":4,"height":3}]}`,
		`success/success | {"url":"https://s.test/v.mp4","width":4,"height":3}`,
	},
	"success without a URL": {
		`{"taskId":"t1","status":"success","output":[],"creditsUsed":"37.5"}`,
		`success/success | used 37.5`,
	},
	"URLs that are none": {
		`{"taskId":"t1","status":"success","output":["", null, 7, "data:video/mp4;base64,AAAA", "file:///etc/passwd", "https://u:p@s.test/x", "/v.mp4", {"url":"ftp://s.test/x"}, "https://"]}`,
		`success/success`,
	},
	"a word never seen": {
		`{"taskId":"t1","status":"archived_for_review","error":null}`,
		`generating/archived_for_review`,
	},
	"state as a number":   {`{"taskId":"t1","state":1}`, `generating/1`},
	"null then the other": {`{"taskId":"t1","status":null,"state":"Waiting"}`, `waiting/Waiting`},
	"no reason": {
		`{"taskId":"t1","status":"fail","error":{},"failMsg":null}`,
		`fail/fail | unknown  The video service gave no reason.`,
	},
	"error true, reason elsewhere": {
		`{"taskId":"t1","status":"fail","error":true,"failMsg":"Invalid prompt content"}`,
		`fail/fail | moderation  Invalid prompt content`,
	},
	"error as JSON in a string": {
		`{"taskId":"t1","status":"fail","error":"{\"code\":1001,\"message\":\"Service temporarily unavailable. Please try again later.\"}"}`,
		`fail/fail | server 1001 Service temporarily unavailable. Please try again later.`,
	},
	"everything of the wrong type": {
		`{"taskId":"t1","model":[],"status":"generating","creditsUsed":[],"output":{"a":1},"error":[],"createTime":{},"completeTime":"soon","resultJson":"{not json"}`,
		`generating/generating`,
	},
	"absurd numbers": {
		`{"taskId":"t1","status":"success","creditsUsed":1e999,"createTime":1e300,"completeTime":-5,"output":[{"url":"https://s.test/v.mp4","width":1e30,"height":-1,"seed":1.5}]}`,
		`success/success | {"url":"https://s.test/v.mp4"}`,
	},
	"nested without end": {
		`{"taskId":"t1","status":"success","output":[[[[[[[["https://s.test/v.mp4"]]]]]]]]}`,
		`success/success`,
	},
	"markup and control characters": {
		`{"taskId":"t1","status":"fail","error":"bad\u0000\u202e\n<b>x</b>"}`,
		`fail/fail | unknown  bad <b>x</b>`,
	},
}

func TestRecordShapes(t *testing.T) {
	for name, c := range recordShapes {
		t.Run(name, func(t *testing.T) {
			record, err := client(t, base, video.Workflow, saysJSON(200, c.body)).Record(t.Context(), "t1")
			if err != nil {
				t.Fatal(err)
			}
			if got := told(record); got != c.want || record.TaskID != "t1" {
				t.Errorf("recordInfo\n got %s\nwant %s", got, c.want)
			}
			hint, err := upstream.DecodeWebhook([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := told(hint); got != c.want || hint.TaskID != "t1" {
				t.Errorf("webhook\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestRecordWithoutItsID(t *testing.T) {
	const body = `{"status":"waiting"}`
	record, err := client(t, base, video.Workflow, saysJSON(200, body)).Record(t.Context(), "t1")
	if err != nil || record.TaskID != "t1" {
		t.Errorf("got %+v, %v", record, err)
	}
	if hint, err := upstream.DecodeWebhook([]byte(body)); video.CodeOf(err) != video.Invalid {
		t.Errorf("a webhook about nothing: %+v, %v", hint, err)
	}
}

func TestDecodeWebhookRefusesOtherBodies(t *testing.T) {
	for _, body := range []string{``, `null`, `[]`, `"x"`, `<html>`, `{"taskId":"t1"}`, `{"taskId":"a b","status":"fail"}`, `{"taskId":"t1","status":"fail"`} {
		if hint, err := upstream.DecodeWebhook([]byte(body)); video.CodeOf(err) != video.Invalid {
			t.Errorf("%s: %+v, %v", body, hint, err)
		}
	}
}
