package telemetry

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// family is one metric as documents and /metrics introduce it.
type family struct {
	name, kind, help string
}

// The names of metrics: dashboards and alerts are held against these.
const (
	callSeconds    = "seedance_tool_call_duration_seconds"
	callsRunning   = "seedance_tool_calls_in_flight"
	tasksStanding  = "seedance_tasks"
	tasksOverdue   = "seedance_tasks_overdue"
	taskMoves      = "seedance_task_moves_total"
	pollLateness   = "seedance_poll_lateness_seconds"
	pollsClaimed   = "seedance_polls_total"
	requestSeconds = "seedance_upstream_request_duration_seconds"
	creditsCharged = "seedance_credits_charged"
	creditsHeld    = "seedance_credits_reserved"
	alarmsRaised   = "seedance_alarms_total"
	storeUp        = "seedance_store_up"
	buildInfo      = "seedance_build_info"
)

// Families are all metrics of our own, in the order of /metrics.
func families() []family {
	const counter, gauge, histogram = "counter", "gauge", "histogram"
	return []family{
		{alarmsRaised, counter, "What a person must look at, by kind: tasks overdue, answers to paid calls lost or not stored, store failures, audit lines not written."},
		{buildInfo, gauge, "1, with the version."},
		{creditsCharged, gauge, "Credits that this UTC month's settled tasks cost, by principal and model. All processes on one store tell the same: take the maximum, not the sum."},
		{creditsHeld, gauge, "Credits that this UTC month's other tasks hold, by principal and model; one figure for the whole store."},
		{pollLateness, histogram, "How long after it was due the longest waiting task of each claim was claimed."},
		{pollsClaimed, counter, "Looks at due tasks that this process took on."},
		{storeUp, gauge, "1 when the store answered this scrape; 0: the figures about tasks and credits are missing."},
		{taskMoves, counter, "Tasks that came into a state, as this process stored it; class is why those in fail failed."},
		{tasksStanding, gauge, "Unfinished tasks by state (queued is the queue's depth); one figure for the whole store."},
		{tasksOverdue, gauge, "Tasks that have been due for a minute although nobody looked at them; one figure for the account."},
		{callSeconds, histogram, "Tool calls by tool and outcome: ok, or the error's code."},
		{callsRunning, gauge, "Tool calls under way, waiting ones included."},
		{requestSeconds, histogram, "Requests to the video service by operation and outcome, repetitions within one included: ok, or the error's code."},
	}
}

// alarmUnconfirmed and alarmAudit are ours beside the engine's.
const (
	alarmUnconfirmed engine.Alarm = "unconfirmed"
	alarmAudit       engine.Alarm = "audit"
)

// Metrics counts what happens in this process. A nil Metrics counts nothing.
type Metrics struct {
	set     *metrics.Set
	version string
	running atomic.Int64
	late    *metrics.PrometheusHistogram
	polls   *metrics.Counter
}

// NewMetrics begins to count.
func NewMetrics(version string) *Metrics {
	m := &Metrics{set: metrics.NewSet(), version: version}
	m.late = m.set.NewPrometheusHistogramExt(pollLateness, []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60})
	m.polls = m.set.NewCounter(pollsClaimed)
	m.set.NewGauge(callsRunning, func() float64 { return float64(m.running.Load()) })
	// Alarms, and refusals that concern everybody, are there before the first
	// one, so that a rule sees it come.
	for _, alarm := range append(engine.Alarms(), alarmUnconfirmed, alarmAudit) {
		m.set.NewCounter(labelled(alarmsRaised, "alarm", string(alarm)))
	}
	for _, refused := range []video.Code{video.Unauthenticated, video.Forbidden, video.InsufficientCredits} {
		m.set.NewPrometheusHistogramExt(labelled(requestSeconds, "operation", createTask, "outcome", string(refused)), requestBuckets())
	}
	return m
}

// callBuckets reach over the longest wait that get_task_status allows.
func callBuckets() []float64 {
	return []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 45, 60}
}

// requestBuckets reach over the time-out of createTask.
func requestBuckets() []float64 {
	return []float64{0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60}
}

func (m *Metrics) callBegins() {
	if m != nil {
		m.running.Add(1)
	}
}

func (m *Metrics) callEnds(tool, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	m.running.Add(-1)
	m.set.GetOrCreatePrometheusHistogramExt(labelled(callSeconds, "tool", tool, "outcome", outcome), callBuckets()).Update(took.Seconds())
}

func (m *Metrics) requestEnds(operation, outcome string, took time.Duration) {
	if m != nil {
		m.set.GetOrCreatePrometheusHistogramExt(labelled(requestSeconds, "operation", operation, "outcome", outcome), requestBuckets()).Update(took.Seconds())
	}
}

func (m *Metrics) taskChanged(c change) {
	if m == nil || !c.moved() {
		return
	}
	class := ""
	if c.after.Failure != nil {
		class = string(c.after.Failure.Class)
	}
	m.set.GetOrCreateCounter(labelled(taskMoves, "state", string(c.after.State), "class", class)).Inc()
	if c.after.State == video.Unconfirmed {
		m.Alarm(alarmUnconfirmed)
	}
}

// Claimed is for [engine.Observer].
func (m *Metrics) Claimed(count int, late time.Duration) {
	m.polls.Add(count)
	m.late.Update(late.Seconds())
}

// Alarm is for [engine.Observer].
func (m *Metrics) Alarm(alarm engine.Alarm) {
	if m != nil {
		m.set.GetOrCreateCounter(labelled(alarmsRaised, "alarm", string(alarm))).Inc()
	}
}

// AuditFailed counts an audit line that could not be written.
func (m *Metrics) AuditFailed() { m.Alarm(alarmAudit) }

// labelled is a metric's name with labels, given as pairs.
func labelled(name string, pairs ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var b strings.Builder
	b.WriteString(name)
	between := "{"
	for pair := range slices.Chunk(pairs, 2) {
		b.WriteString(between + pair[0] + `="` + escape.Replace(pair[1]) + `"`)
		between = ","
	}
	b.WriteString("}")
	return b.String()
}
