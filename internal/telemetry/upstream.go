package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/upstream"
)

// The upstream's operations, in its own words where it has some.
const (
	createTask = "createTask"
	recordInfo = "recordInfo"
	uploadFile = "upload"
)

// Upstream is inner, whose calls are observed.
func (t Telemetry) Upstream(inner engine.Upstream) engine.Upstream {
	return observedUpstream{inner, t}
}

type observedUpstream struct {
	inner     engine.Upstream
	telemetry Telemetry
}

func (u observedUpstream) Create(ctx context.Context, payload json.RawMessage, callbackURL string) (upstream.Accepted, error) {
	ctx, ended := u.telemetry.request(ctx, createTask)
	accepted, err := u.inner.Create(ctx, payload, callbackURL)
	ended(err)
	return accepted, err
}

func (u observedUpstream) Record(ctx context.Context, taskID string) (upstream.Record, error) {
	ctx, ended := u.telemetry.request(ctx, recordInfo)
	record, err := u.inner.Record(ctx, taskID)
	ended(err)
	return record, err
}

// Uploader is as in package tools.
type Uploader interface {
	Upload(ctx context.Context, name, contentType string, size int64, body io.Reader) (url string, err error)
}

// Uploader is inner, whose uploads are observed.
func (t Telemetry) Uploader(inner Uploader) Uploader { return observedUploader{inner, t} }

type observedUploader struct {
	inner     Uploader
	telemetry Telemetry
}

func (u observedUploader) Upload(ctx context.Context, name, contentType string, size int64, body io.Reader) (string, error) {
	ctx, ended := u.telemetry.request(ctx, uploadFile)
	url, err := u.inner.Upload(ctx, name, contentType, size, body)
	ended(err)
	return url, err
}

// request begins a request to the upstream, and the function that it gives
// ends it.
func (t Telemetry) request(ctx context.Context, operation string) (context.Context, func(error)) {
	start := time.Now()
	ended := t.Traces.request(ctx, operation)
	return ctx, func(err error) {
		ended(err)
		t.Metrics.requestEnds(operation, outcome(err), time.Since(start))
	}
}
