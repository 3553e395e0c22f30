package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server"
)

// greeting is the trivial typed tool that both sides of a comparison serve.
func greeting() mcpserver.ServerTool {
	type arguments struct {
		Name string `json:"name"`
	}
	return mcpserver.ServerTool{
		Tool: mcp.NewTool("greet", mcp.WithString("name")),
		Handler: mcp.NewTypedToolHandler(func(_ context.Context, _ mcp.CallToolRequest, a arguments) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("Hello, " + a.Name), nil
		}),
	}
}

const greet = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"greet","arguments":{"name":"fox"}}}` + "\n"

func ours(b *testing.B) *server.Server {
	b.Helper()
	s, err := server.New(server.Options{Version: "1", Tools: []mcpserver.ServerTool{greeting()}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func stock() *mcpserver.MCPServer {
	s := mcpserver.NewMCPServer("stock", "1", mcpserver.WithRecovery())
	s.AddTools(greeting())
	return s
}

// batch is how many calls one side makes before it is the other's turn: the
// machine's moods then meet both.
const batch = 200

// compare times both sides by turns and reports calls a second and their
// ratio; over 1 means that ours is faster. A side makes n calls.
func compare(b *testing.B, our, stock func(n int)) {
	b.Helper()
	our(batch) // connections, caches
	stock(batch)
	var ourTime, stockTime time.Duration
	calls := 0
	b.ResetTimer()
	for calls < b.N {
		start := time.Now()
		our(batch)
		between := time.Now()
		stock(batch)
		ourTime += between.Sub(start)
		stockTime += time.Since(between)
		calls += batch
	}
	b.ReportMetric(0, "ns/op") // of both together: means nothing
	b.ReportMetric(float64(calls)/ourTime.Seconds(), "ours/s")
	b.ReportMetric(float64(calls)/stockTime.Seconds(), "stock/s")
	b.ReportMetric(stockTime.Seconds()/ourTime.Seconds(), "ratio")
}

// BenchmarkStdio is one call after the other, and many in flight, over the
// system's pipes.
func BenchmarkStdio(b *testing.B) {
	listen := func(ctx context.Context, in io.Reader, out io.Writer) error {
		s := mcpserver.NewStdioServer(stock())
		s.SetErrorLogger(log.New(io.Discard, "", 0))
		return s.Listen(ctx, in, out)
	}
	for _, flight := range []int{1, 32} {
		b.Run(fmt.Sprintf("%d in flight", flight), func(b *testing.B) {
			compare(b, overPipes(b, ours(b).ServeStdio, flight), overPipes(b, listen, flight))
		})
	}
}

// overPipes serves until the benchmark ends; the result makes n calls.
func overPipes(b *testing.B, serve func(context.Context, io.Reader, io.Writer) error, flight int) func(n int) {
	b.Helper()
	in, writer, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	reader, out, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(context.Background(), in, out) }()
	b.Cleanup(func() {
		_ = writer.Close()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		for _, end := range []*os.File{in, reader, out} {
			_ = end.Close()
		}
	})
	answers := bufio.NewReader(reader)
	return func(n int) {
		window := make(chan struct{}, flight)
		go func() {
			for id := range n {
				window <- struct{}{}
				_, _ = fmt.Fprintf(writer, greet, id)
			}
		}()
		for range n {
			if _, err := answers.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
			<-window
		}
	}
}

// BenchmarkHTTP is the same over loopback connections that are kept.
func BenchmarkHTTP(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d at once", clients), func(b *testing.B) {
			compare(b, overHTTP(b, ours(b).Handler(), clients), overHTTP(b,
				mcpserver.NewStreamableHTTPServer(stock(), mcpserver.WithStateLess(true), mcpserver.WithDisableStreaming(true)), clients))
		})
	}
}

// overHTTP serves until the benchmark ends; the result makes n calls.
func overHTTP(b *testing.B, handler http.Handler, clients int) func(n int) {
	b.Helper()
	web := httptest.NewServer(handler)
	own := &http.Transport{MaxIdleConnsPerHost: clients}
	b.Cleanup(func() {
		own.CloseIdleConnections()
		web.Close()
	})
	body := fmt.Sprintf(greet, 1)
	return func(n int) {
		var wait sync.WaitGroup
		for c := range clients {
			wait.Go(func() {
				for i := c; i < n; i += clients {
					r, err := http.NewRequest(http.MethodPost, web.URL+"/mcp", strings.NewReader(body))
					if err != nil {
						b.Error(err)
						return
					}
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Accept", "application/json, text/event-stream")
					response, err := own.RoundTrip(r)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
					if response.StatusCode != http.StatusOK {
						b.Error(response.Status)
						return
					}
				}
			})
		}
		wait.Wait()
	}
}
