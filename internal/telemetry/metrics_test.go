package telemetry_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"seedance-mcp/internal/video"
)

// life has something of everything: successes of two callers, refusals, lost
// answers, failures.
func life(w *world) {
	w.t.Helper()
	good, err := w.order("alice", "a red fox")
	if err != nil {
		w.t.Fatal(err)
	}
	w.finish(good)
	failed, err := w.order("bob", "a face [sandbox:fail-text]")
	if err != nil {
		w.t.Fatal(err)
	}
	w.finish(failed)
	if _, err := w.order("bob", "never sent [sandbox:create-402]"); video.CodeOf(err) != video.InsufficientCredits {
		w.t.Fatalf("create-402: %v", err)
	}
	lost, err := w.order("bob", "an answer lost [sandbox:create-lost]")
	if err != nil {
		w.t.Fatal(err)
	}
	if lost = w.finish(lost); lost.State != video.Unconfirmed {
		w.t.Fatalf("create-lost: %s", lost.State)
	}
	if _, err := w.order("bob", ""); err == nil {
		w.t.Fatal("no prompt was no error")
	}
}

func TestMetrics(t *testing.T) {
	inWorld(t, func(w *world) {
		life(w)
		text := w.scrape()
		for _, want := range []string{
			`seedance_tool_call_duration_seconds_count{tool="generate_video",outcome="ok"} 3`,
			`seedance_tool_call_duration_seconds_count{tool="generate_video",outcome="invalid"} 1`,
			`seedance_tool_call_duration_seconds_count{tool="generate_video",outcome="insufficient_credits"} 1`,
			`seedance_tool_calls_in_flight 0`,
			`seedance_upstream_request_duration_seconds_count{operation="createTask",outcome="ok"} 2`,
			`seedance_upstream_request_duration_seconds_count{operation="createTask",outcome="outcome_unknown"} 1`,
			`seedance_task_moves_total{state="success",class=""} 1`,
			`seedance_task_moves_total{state="fail",class="moderation"} 1`,
			`seedance_task_moves_total{state="fail",class="refused"} 1`,
			`seedance_alarms_total{alarm="unconfirmed"} 1`,
			`seedance_alarms_total{alarm="overdue"} 0`,
			`seedance_tasks{state="unconfirmed"} 1`,
			`seedance_tasks{state="queued"} 0`,
			`seedance_credits_charged{principal="alice",model="seedance-20"} 200`,
			`seedance_credits_reserved{principal="bob",model="seedance-20"} 400`,
			`seedance_store_up 1`,
			`seedance_build_info{version="1.2.3"} 1`,
			`# TYPE seedance_poll_lateness_seconds histogram`,
		} {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("missing: %s", want)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
	})
}

// The official parser reads what is written, and knows each family's type.
func TestMetricsAreWellFormed(t *testing.T) {
	inWorld(t, func(w *world) {
		life(w)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(w.scrape()))
		if err != nil {
			t.Fatal(err)
		}
		for name, family := range families {
			if strings.HasPrefix(name, "seedance_") && (family.GetHelp() == "" || family.GetType().String() == "UNTYPED") {
				t.Errorf("%s is not introduced: %v", name, family)
			}
		}
	})
}

func TestMetricsKeepTheirReadersOut(t *testing.T) {
	inWorld(t, func(w *world) {
		open := w.sources(slog.New(slog.DiscardHandler))
		keyed := open
		keyed.Token = "metrics-token-of-the-test"
		for name, c := range map[string]struct {
			keyed         bool
			host          string
			header, value string
			want          int
		}{
			"loopback":           {false, "127.0.0.1:9464", "", "", 200},
			"loopback by name":   {false, "localhost:9464", "", "", 200},
			"rebound name":       {false, "evil.example", "", "", 403},
			"page":               {false, "127.0.0.1:9464", "Origin", "https://evil.example", 403},
			"no token":           {true, "127.0.0.1:9464", "", "", 401},
			"wrong token":        {true, "metrics.example", "Authorization", "Bearer metrics-token", 401},
			"longer token":       {true, "metrics.example", "Authorization", "Bearer metrics-token-of-the-test2", 401},
			"other scheme":       {true, "metrics.example", "Authorization", "Basic metrics-token-of-the-test", 401},
			"token":              {true, "metrics.example", "Authorization", "Bearer metrics-token-of-the-test", 200},
			"scheme's own case ": {true, "metrics.example", "Authorization", "bearer metrics-token-of-the-test", 200},
		} {
			sources := open
			if c.keyed {
				sources = keyed
			}
			request := httptest.NewRequest(http.MethodGet, "http://"+c.host+"/metrics", nil)
			if c.header != "" {
				request.Header.Set(c.header, c.value)
			}
			answer := httptest.NewRecorder()
			w.seen.Metrics.Handler(sources).ServeHTTP(answer, request)
			if answer.Code != c.want || (c.want != 200) == strings.Contains(answer.Body.String(), "seedance_") {
				t.Errorf("%s: %d, want %d", name, answer.Code, c.want)
			}
		}
	})
}

// A store that is gone is told, and the rest goes on.
func TestMetricsWithoutTheStore(t *testing.T) {
	inWorld(t, func(w *world) {
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		text := w.scrape()
		if !strings.Contains(text, "seedance_store_up 0\n") || strings.Contains(text, "seedance_tasks{") {
			t.Error(text)
		}
	})
}
