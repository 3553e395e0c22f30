package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// hook is a webhook's receiver that answers with the given statuses in turn,
// then 200.
type hook struct {
	mu       sync.Mutex
	statuses []int
	began    time.Time
	at       []time.Duration
	bodies   []string
	paths    []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = append(h.at, time.Since(h.began))
	h.bodies = append(h.bodies, string(body))
	h.paths = append(h.paths, r.Host+r.URL.Path)
	status := http.StatusOK
	if len(h.statuses) > 0 {
		status, h.statuses = h.statuses[0], h.statuses[1:]
	}
	if status/100 == 3 {
		w.Header().Set("Location", "http://elsewhere.example/")
	}
	w.WriteHeader(status)
}

// hooked runs one task with a callback for a while and gives what arrived.
func hooked(t *testing.T, h *hook, o sandbox.Options, prompt string, during time.Duration) (r *rig, id string) {
	t.Helper()
	h.began = time.Now()
	o.Webhooks = &http.Client{Transport: sandbox.Transport(h)}
	r = start(t, o)
	body := workflowBody(prompt, "")
	if o.Dialect == video.Kinovi {
		body = kinoviBody("seedance-20", prompt, "")
	}
	id = r.accepted(strings.TrimSuffix(body, "}") + `,"callBackUrl":"http://callback.example/hook"}`)
	time.Sleep(during)
	synctest.Wait()
	return r, id
}

func TestWebhookShapes(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      sandbox.Options
		prompt string
		want   string
	}{
		{
			"workflow", sandbox.Options{}, "a fox",
			`{"taskId":"ID","model":"seedance20-video-generation","status":"success","creditsUsed":200,"output":[{"url":"http://sandbox.seedance.invalid/media/ID.mp4","width":1280,"height":720}],"error":null,"createTime":946684800000,"completeTime":946684808000}`,
		},
		{
			"workflow fail", sandbox.Options{}, "[sandbox:fail-execution]",
			`{"taskId":"ID","model":"seedance20-video-generation","status":"fail","error":"Task execution failed"}`,
		},
		{
			"b by option", sandbox.Options{WebhookGeneration: sandbox.GenerationB}, "[sandbox:fail-server]",
			`{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","model":"seedance-20","state":"fail","creditsUsed":200,"output":null,"error":{"code":"500","message":"Server error. Please try again later."},"createTime":946684800000,"updateTime":946684808000,"completeTime":946684808000}}`,
		},
		{
			"kinovi", sandbox.Options{Dialect: video.Kinovi}, "[sandbox:fail-server]",
			`{"code":200,"message":"success","data":{"taskId":"ID","model":"seedance-20","status":"fail","creditsUsed":0,"output":null,"error":{"code":"500","message":"Server error. Please try again later."},"createTime":946684800000,"completeTime":946684808000}}`,
		},
		{
			"z by magic", sandbox.Options{}, "[sandbox:webhook-z] a fox",
			`{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","model":"seedance-20","state":"success","creditsUsed":200,"param":"{}","resultJson":"{\"resultUrls\":[\"http://sandbox.seedance.invalid/media/ID.mp4\"]}","createTime":946684800000,"updateTime":946684808000,"completeTime":946684808000}}`,
		},
		{
			"kinovi by magic", sandbox.Options{}, "[sandbox:webhook-kinovi][sandbox:fail-server]",
			`{"code":200,"message":"success","data":{"taskId":"ID","model":"seedance-20","status":"fail","creditsUsed":0,"output":null,"error":{"code":"500","message":"Server error. Please try again later."},"createTime":946684800000,"completeTime":946684808000}}`,
		},
		{
			"b by magic", sandbox.Options{}, "[sandbox:webhook-b] a fox",
			`{"code":200,"message":"success","data":{"taskId":"ID","orderId":"ORDER","model":"seedance-20","state":"success","creditsUsed":200,"output":[{"url":"http://sandbox.seedance.invalid/media/ID.mp4","width":1280,"height":720}],"error":null,"createTime":946684800000,"updateTime":946684808000,"completeTime":946684808000}}`,
		},
		{
			"workflow by magic", sandbox.Options{Dialect: video.Kinovi}, "[sandbox:webhook-workflow][sandbox:fail-execution]",
			`{"taskId":"ID","model":"seedance20-video-generation","status":"fail","error":"Task execution failed"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := new(hook)
				_, id := hooked(t, h, c.o, c.prompt, time.Minute)
				if len(h.bodies) != 1 || h.at[0] != 8*time.Second || h.paths[0] != "callback.example/hook" {
					t.Fatalf("%d webhooks at %v for %v", len(h.bodies), h.at, h.paths)
				}
				order := between(h.bodies[0], `"orderId":"`)
				sameJSON(t, h.bodies[0], strings.ReplaceAll(strings.ReplaceAll(c.want, "ID", id), "ORDER", order))
			})
		})
	}
}

func TestWebhookTries(t *testing.T) {
	const done = 8 * time.Second
	for _, c := range []struct {
		name     string
		o        sandbox.Options
		prompt   string
		statuses []int
		want     []time.Duration
	}{
		{"taken", sandbox.Options{}, "a fox", nil, []time.Duration{done}},
		{"taken with 204", sandbox.Options{}, "a fox", []int{204}, []time.Duration{done}},
		{"retried", sandbox.Options{}, "a fox", []int{500, 503}, []time.Duration{done, done + time.Second, done + 6*time.Second}},
		{"given up", sandbox.Options{}, "a fox", []int{500, 500, 500, 500, 500}, []time.Duration{done, done + time.Second, done + 6*time.Second, done + 21*time.Second}},
		{"a redirect is not followed", sandbox.Options{}, "a fox", []int{302}, []time.Duration{done, done + time.Second}},
		{"kinovi sends once", sandbox.Options{Dialect: video.Kinovi}, "a fox", []int{500}, []time.Duration{done}},
		{"b sends once", sandbox.Options{WebhookGeneration: sandbox.GenerationB}, "a fox", []int{500}, []time.Duration{done}},
		{"twice", sandbox.Options{}, "[sandbox:webhook-twice]", nil, []time.Duration{done, done}},
		{"lost", sandbox.Options{}, "[sandbox:webhook-lost]", nil, nil},
		{"faster", sandbox.Options{Speed: 2}, "a fox", []int{500}, []time.Duration{done / 2, done/2 + time.Second/2}},
		{"before the answer", sandbox.Options{}, "[sandbox:webhook-early]", nil, []time.Duration{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hook{statuses: c.statuses}
				hooked(t, h, c.o, c.prompt, time.Hour)
				if len(h.at) != len(c.want) {
					t.Fatalf("at %v, want %v", h.at, c.want)
				}
				for i, at := range h.at {
					if at != c.want[i] {
						t.Errorf("try %d at %s, want %s", i+1, at, c.want[i])
					}
				}
			})
		})
	}
}

func TestGarbageWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(hook)
		r, id := hooked(t, h, sandbox.Options{}, "[sandbox:webhook-garbage]", time.Minute)
		if len(h.bodies) != 1 || strings.Contains(h.bodies[0], id) {
			t.Errorf("%q", h.bodies)
		}
		if got := r.state(id); got != "success" {
			t.Errorf("the task is %s", got)
		}
	})
}

func TestWebhookBeforeTheAnswerIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(hook)
		r, id := hooked(t, h, sandbox.Options{}, "[sandbox:webhook-early]", 0)
		if len(h.bodies) != 1 || between(h.bodies[0], `"taskId":"`) != id || between(h.bodies[0], `"status":"`) != "success" {
			t.Errorf("%q", h.bodies)
		}
		if got := r.state(id); got != "success" {
			t.Errorf("the task is %s", got)
		}
	})
}

// TestCloseEndsPendingWebhooks relies on goleak and synctest to notice a
// goroutine that stays.
func TestCloseEndsPendingWebhooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hook{statuses: []int{500, 500, 500}}
		r, _ := hooked(t, h, sandbox.Options{}, "a fox", 8500*time.Millisecond)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(h.at) != 1 {
			t.Errorf("webhooks at %v", h.at)
		}
	})
}
