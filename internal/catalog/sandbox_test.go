package catalog_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// What the catalogue accepts, the sandbox accepts too, which checks bodies by
// its own reading of the upstream's documentation.
func TestPlansPassTheSandbox(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			post := newSandbox(t, c, d)
			r := rand.New(rand.NewPCG(7, 26))
			posted := map[string]bool{} // most wishes come in several spellings
			for wishes := 0; wishes < 10_000 && len(posted) < 400; wishes++ {
				plan, err := c.Plan(d, anyAsk(r, c, d))
				if err != nil || posted[string(plan.Payload)] {
					continue
				}
				posted[string(plan.Payload)] = true
				if status, answer := post(string(plan.Payload)); status != http.StatusOK {
					t.Errorf("%s: %d %s", plan.Payload, status, answer)
				}
			}
			if len(posted) < 100 {
				t.Errorf("only %d payloads were posted, the test tests nothing", len(posted))
			}
			// The other way round: the sandbox does look.
			for _, wrong := range []string{
				`{"model":"seedance20-video-generation","inputs":{"model":"seedance-20","prompt":"fox"}}`,
				`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"fox","duration":"3s"}}`,
			} {
				if status, answer := post(wrong); status != http.StatusBadRequest {
					t.Errorf("%s: %d %s", wrong, status, answer)
				}
			}
		})
	}
}

// newSandbox starts one in this process and gives the way to its createTask.
func newSandbox(t *testing.T, c *catalog.Catalog, d video.Dialect) func(body string) (status int, answer string) {
	t.Helper()
	still := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	server, err := sandbox.New(sandbox.Options{
		Catalog: c, Dialect: d, BaseURL: "http://" + sandbox.EmbeddedHost,
		Now: func() time.Time { return still }, Limit: 1 << 30, Credits: video.WholeCredits(1 << 40),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: sandbox.Transport(server)}
	return func(body string) (int, string) {
		request, err := http.NewRequest(http.MethodPost, "http://"+sandbox.EmbeddedHost+"/api/v1/jobs/createTask", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+server.Key())
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(answer)
	}
}

// A payload says in the upstream's words what the request says in ours, and
// holds no field that the dialect does not have.
func TestPayloadHoldsTheRequest(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	fields := map[video.Dialect]string{
		video.Workflow: "model prompt resolution duration urls videoInputMode",
		video.Kinovi:   "prompt imageUrls videoUrls audioUrls mode duration outputResolution aspectRatio generate_audio audio seed",
	}
	r := rand.New(rand.NewPCG(11, 26))
	for range 2_000 {
		d := []video.Dialect{video.Workflow, video.Kinovi}[r.IntN(2)]
		plan, err := c.Plan(d, anyAsk(r, c, d))
		if err != nil {
			continue
		}
		var body struct {
			Model  string
			Inputs map[string]any
		}
		if err := json.Unmarshal(plan.Payload, &body); err != nil {
			t.Fatal(err)
		}
		for name := range body.Inputs {
			if !strings.Contains(" "+fields[d]+" ", " "+name+" ") {
				t.Fatalf("%s has no field %s: %s", d, name, plan.Payload)
			}
		}
		model, duration := body.Model, any(float64(plan.Request.Duration))
		if d == video.Workflow {
			if body.Model != plan.Workflow || c.FromUpstream(d, body.Model) != body.Model {
				t.Fatalf("the top-level model must be the workflow: %s", plan.Payload)
			}
			model, _ = body.Inputs["model"].(string)
			duration = time.Duration(plan.Request.Duration * int(time.Second)).String()
		}
		if model != plan.Request.Model || plan.Request.Duration > 0 && body.Inputs["duration"] != duration {
			t.Fatalf("%+v is not %s", plan.Request, plan.Payload)
		}
	}
}

// More seconds never cost less, and every second costs the same.
func TestPricesGrowWithSeconds(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		for _, m := range c.Models(d) {
			for _, resolution := range m.Resolutions {
				for _, input := range []catalog.PriceInput{
					{}, {Mode: video.Keyframe}, {Mode: video.Reference}, {Mode: video.Reference, HasVideo: true},
					{Mode: video.Reference, HasVideo: true, SourceSeconds: 9},
				} {
					input.Resolution = resolution
					var before video.Credits
					for seconds := m.MinSeconds; m.MinSeconds > 0 && seconds <= m.MaxSeconds; seconds++ {
						input.Seconds = seconds
						quote := m.Price(input)
						if quote.Credits == nil {
							break
						}
						if *quote.Rate <= 0 || seconds > m.MinSeconds && *quote.Credits-before != *quote.Rate {
							t.Errorf("%s %s %+v: %s credits after %s", d, m.ID, input, quote.Credits, before)
						}
						before = *quote.Credits
					}
				}
			}
		}
	}
}

// A longer source never costs less, and none is quoted above the unknown one.
func TestPricesGrowWithTheSource(t *testing.T) {
	t.Parallel()
	for _, m := range mustDefault(t).Models(video.Kinovi) {
		input := catalog.PriceInput{Resolution: "720p", Seconds: m.DefaultSeconds, Mode: video.Reference, HasVideo: true}
		atMost := m.Price(input)
		var before video.Credits
		for source := 1; atMost.Provisional && source <= 60; source++ {
			input.SourceSeconds = source
			quote := m.Price(input)
			if *quote.Credits < before || *quote.Credits > *atMost.Credits {
				t.Errorf("%s: %d s of source cost %s, one second less %s, at most %s", m.ID, source, quote.Credits, before, atMost.Credits)
			}
			before = *quote.Credits
		}
		if wantReserve := m.ID == "seedance2-5-edit"; (m.ReservedSeconds == 15) != wantReserve || (m.ReservedSeconds != 0) != wantReserve {
			t.Errorf("%s reserves %d s", m.ID, m.ReservedSeconds)
		}
	}
}
