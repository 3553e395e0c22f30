package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// stub is the jobs API written down once more, from its documentation and
// without a line of the sandbox, so that both cannot be wrong together.
type stub struct {
	*httptest.Server
	shape   string
	creates atomic.Int64
	looks   atomic.Int64

	mu   sync.Mutex
	said string
}

func startStub(t *testing.T, shape string) *stub {
	t.Helper()
	s := &stub{shape: shape}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/jobs/createTask", s.create)
	mux.HandleFunc("GET /api/v1/jobs/recordInfo", s.record)
	mux.HandleFunc("GET /v.mp4", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			s.complain("the key was sent to the media host")
		}
		w.Header().Set("Content-Type", "video/mp4")
		// ftyp (24 bytes), then mdat of 0x1400 bytes.
		io.WriteString(w, "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1\x00\x00\x14\x00mdat"+strings.Repeat("x", 0x1400-8))
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *stub) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said += fmt.Sprintf(format, args...) + "\n"
}

func (s *stub) complaint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said
}

func (s *stub) create(w http.ResponseWriter, r *http.Request) {
	s.creates.Add(1)
	if got := r.Header.Get("Authorization"); got != "Bearer sk-test-not-a-real-key" {
		s.complain("Authorization: %q", got)
	}
	body, _ := io.ReadAll(r.Body)
	want := `{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"a red fox","resolution":"1280x720","duration":"5s"}}`
	if s.shape == "kinovi" {
		want = `{"model":"seedance-20","inputs":{"prompt":"a red fox","duration":5,"outputResolution":"720p","aspectRatio":"16:9","generate_audio":true}}`
	}
	if !sameJSON(body, []byte(want)) {
		s.complain("createTask body\n got %s\nwant %s", body, want)
	}
	if s.shape == "z" {
		fmt.Fprint(w, `{"code":200,"message":"success","data":{"taskId":"task_a","orderId":"ord_b","creditsUsed":200}}`)
		return
	}
	fmt.Fprint(w, `{"taskId":"task_a"}`)
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// record is waiting, then fails once on the way (an HTML 500), then generating,
// then success.
func (s *stub) record(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("taskId") != "task_a" {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Task not found"}`)
		return
	}
	look := s.looks.Add(1)
	if look == 2 {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "<html><body><h1>500 Internal Server Error</h1></body></html>")
		return
	}
	state := "waiting"
	if look > 2 {
		state = "success"
	}
	media := s.URL + "/v.mp4"
	answers := map[string][2]string{
		"z": {
			`{"code":200,"message":"success","data":{"taskId":"task_a","orderId":"ord_b","model":"m","state":"waiting"}}`,
			fmt.Sprintf(`{"code":200,"message":"success","data":{"taskId":"task_a","model":"m","state":"success","creditsUsed":199.5,"resultJson":%q,"createTime":1771200000000,"completeTime":1771200120000}}`, `{"resultUrls":["`+media+`"]}`),
		},
		"workflow": {
			`{"taskId":"task_a","model":"seedance20-video-generation","status":"waiting","error":null}`,
			fmt.Sprintf(`{"taskId":"task_a","model":"seedance20-video-generation","status":"success","creditsUsed":199.5,"output":[{"url":%q,"width":1280,"height":720}],"error":null,"createTime":1771200000000,"completeTime":1771200120000}`, media),
		},
		"b": {
			`{"taskId":"task_a","model":"seedance-20","status":"WAITING","output":null,"error":null}`,
			fmt.Sprintf(`{"taskId":"task_a","model":"seedance-20","status":"SUCCESS","creditsUsed":199.5,"output":[{"url":%q,"width":null,"height":0}],"error":{"code":"","message":""},"completeTime":null}`, media),
		},
		"kinovi": {
			`{"taskId":"task_a","model":"seedance-20","status":"waiting","creditsUsed":200}`,
			fmt.Sprintf(`{"taskId":"task_a","model":"seedance-20","status":"success","creditsUsed":199.5,"output":[{"url":%q,"width":1280,"height":720,"mediaType":"video","seed":7,"lastFrameImage":%q}],"error":null}`, media, media+".png"),
		},
	}
	pick := 0
	if state == "success" {
		pick = 1
	}
	fmt.Fprint(w, answers[s.shape][pick])
}
