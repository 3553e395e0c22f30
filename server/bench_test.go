package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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

// BenchmarkStdio is one call after the other, and many in flight, over our
// transport and mcp-go's.
func BenchmarkStdio(b *testing.B) {
	quiet := func(s *mcpserver.StdioServer) { s.SetErrorLogger(log.New(io.Discard, "", 0)) }
	serve := map[string]func(context.Context, io.Reader, io.Writer) error{
		"ours": ours(b).ServeStdio,
		"stock": func(ctx context.Context, in io.Reader, out io.Writer) error {
			s := mcpserver.NewStdioServer(stock())
			quiet(s)
			return s.Listen(ctx, in, out)
		},
	}
	for _, name := range []string{"stock", "ours"} {
		for _, flight := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/%d in flight", name, flight), func(b *testing.B) {
				in, writer := io.Pipe()
				reader, out := io.Pipe()
				ended := make(chan error, 1)
				go func() { ended <- serve[name](b.Context(), in, out) }()
				answers := bufio.NewReader(reader)
				window := make(chan struct{}, flight)
				b.ReportAllocs()
				b.ResetTimer()
				go func() {
					for id := range b.N {
						window <- struct{}{}
						_, _ = fmt.Fprintf(writer, greet, id)
					}
				}()
				for range b.N {
					if _, err := answers.ReadSlice('\n'); err != nil {
						b.Fatal(err)
					}
					<-window
				}
				b.StopTimer()
				_ = writer.Close()
				if err := <-ended; err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkHTTP is the same over loopback connections that are kept.
func BenchmarkHTTP(b *testing.B) {
	handlers := map[string]http.Handler{
		"ours":  ours(b).Handler(),
		"stock": mcpserver.NewStreamableHTTPServer(stock(), mcpserver.WithStateLess(true), mcpserver.WithDisableStreaming(true)),
	}
	for _, name := range []string{"stock", "ours"} {
		for _, parallel := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d at once", name, parallel), func(b *testing.B) {
				web := httptest.NewServer(handlers[name])
				defer web.Close()
				own := &http.Transport{MaxIdleConnsPerHost: parallel}
				defer own.CloseIdleConnections()
				body := fmt.Sprintf(greet, 1)
				post := func() error {
					r, err := http.NewRequest(http.MethodPost, web.URL+"/mcp", strings.NewReader(body))
					if err != nil {
						return err
					}
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Accept", "application/json, text/event-stream")
					response, err := own.RoundTrip(r)
					if err != nil {
						return err
					}
					_, err = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
					return err
				}
				b.ReportAllocs()
				b.ResetTimer()
				if parallel == 1 {
					for range b.N {
						if err := post(); err != nil {
							b.Fatal(err)
						}
					}
					return
				}
				b.SetParallelism(parallel / 2)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := post(); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
