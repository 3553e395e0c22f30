package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// OTLP over HTTP in its JSON form, which every receiver of OTLP/HTTP takes. The
// SDK's own exporters bring gRPC or protobuf along, which each start of stdio
// would pay for with milliseconds and mebibytes.

// OTLP sends spans to a collector.
type OTLP struct {
	endpoint string
	headers  map[string]string
	client   *retryablehttp.Client
	log      *slog.Logger
}

const (
	exportLimit   = 10 * time.Second
	exportRetries = 3
)

// NewOTLP is the exporter that the standard OTEL_ variables ask for; nil: they
// ask for none.
func NewOTLP(env func(string) string, log *slog.Logger) *OTLP {
	first := func(name string) string {
		if value := env("OTEL_EXPORTER_OTLP_TRACES_" + name); value != "" {
			return value
		}
		return env("OTEL_EXPORTER_OTLP_" + name)
	}
	endpoint := env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if base := env("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint == "" && base != "" {
		endpoint = strings.TrimRight(base, "/") + "/v1/traces"
	}
	kind := env("OTEL_TRACES_EXPORTER")
	if endpoint == "" && kind == "otlp" {
		endpoint = "http://localhost:4318/v1/traces"
	}
	if endpoint == "" || strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || (kind != "" && kind != "otlp") {
		return nil
	}
	if strings.HasPrefix(first("PROTOCOL"), "grpc") {
		log.Warn("traces are off: OTEL_EXPORTER_OTLP_PROTOCOL asks for gRPC, and this program speaks OTLP over HTTP only (http/json)")
		return nil
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		log.Warn("traces are off: OTEL_EXPORTER_OTLP_ENDPOINT is no http(s) URL")
		return nil
	}
	o := &OTLP{endpoint: endpoint, headers: map[string]string{}, client: retryablehttp.NewClient(), log: log}
	o.client.Logger, o.client.RetryMax, o.client.HTTPClient.Timeout = nil, exportRetries, exportLimit
	if ms, err := strconv.Atoi(first("TIMEOUT")); err == nil && ms > 0 {
		o.client.HTTPClient.Timeout = time.Duration(ms) * time.Millisecond
	}
	for pair := range strings.SplitSeq(first("HEADERS"), ",") {
		name, value, ok := strings.Cut(pair, "=")
		if plain, err := url.PathUnescape(strings.TrimSpace(value)); ok && err == nil {
			o.headers[strings.TrimSpace(name)] = plain
		}
	}
	return o
}

// ExportSpans is for [sdktrace.SpanExporter]. Spans that nobody takes are
// dropped and logged: nothing waits for them.
func (o *OTLP) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := o.send(ctx, spans); err != nil {
		o.log.Warn("spans could not be exported", "count", len(spans), "error", err)
	}
	return nil
}

// Shutdown is for [sdktrace.SpanExporter].
func (o *OTLP) Shutdown(context.Context) error {
	o.client.HTTPClient.CloseIdleConnections()
	return nil
}

func (o *OTLP) send(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	body, err := json.Marshal(exportRequest(spans))
	if err != nil {
		return err
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, o.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range o.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := o.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	if answer.StatusCode > 299 {
		return fmt.Errorf("the collector answers %s", answer.Status)
	}
	return nil
}

// The message, as opentelemetry-proto has it in JSON.
type (
	otlpAttribute struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
	otlpStatus struct {
		Code int `json:"code,omitempty"`
	}
	otlpSpan struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		ParentID   string          `json:"parentSpanId,omitempty"`
		TraceState string          `json:"traceState,omitempty"`
		Flags      uint32          `json:"flags,omitempty"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		Start      string          `json:"startTimeUnixNano"`
		End        string          `json:"endTimeUnixNano"`
		Attributes []otlpAttribute `json:"attributes,omitempty"`
		Status     otlpStatus      `json:"status"`
	}
)

func exportRequest(spans []sdktrace.ReadOnlySpan) any {
	list := make([]otlpSpan, len(spans))
	var about []otlpAttribute
	for i, s := range spans {
		about = attributes(s.Resource().Attributes()) // one provider has one resource
		list[i] = otlpSpan{
			TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(),
			TraceState: s.SpanContext().TraceState().String(), Flags: uint32(s.SpanContext().TraceFlags()),
			Name: s.Name(), Kind: int(s.SpanKind()),
			Start: strconv.FormatInt(s.StartTime().UnixNano(), 10), End: strconv.FormatInt(s.EndTime().UnixNano(), 10),
			Attributes: attributes(s.Attributes()),
		}
		if s.Parent().SpanID().IsValid() {
			list[i].ParentID = s.Parent().SpanID().String()
		}
		if s.Status().Code == codes.Error {
			list[i].Status.Code = 2
		}
	}
	return map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": about},
		"scopeSpans": []any{map[string]any{"scope": map[string]any{"name": "seedance-mcp"}, "spans": list}},
	}}}
}

func attributes(list []attribute.KeyValue) []otlpAttribute {
	out := make([]otlpAttribute, len(list))
	for i, a := range list {
		out[i] = otlpAttribute{Key: string(a.Key)}
		switch a.Value.Type() {
		case attribute.BOOL:
			out[i].Value = map[string]any{"boolValue": a.Value.AsBool()}
		case attribute.INT64:
			out[i].Value = map[string]any{"intValue": strconv.FormatInt(a.Value.AsInt64(), 10)}
		default:
			out[i].Value = map[string]any{"stringValue": a.Value.String()}
		}
	}
	return out
}
