package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStdioEndOfInputAnswersWaitsAndEndsWithinASecond(t *testing.T) {
	for _, c := range []struct {
		name, tool string
		answer     string
	}{
		{"a wait is drained", "hold", "drained x"},
		{"a handler that ignores everything is left behind", "deaf", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, nil)
			p := f.stdio(t)
			p.handshake()
			p.send(call("1", c.tool, "x", 0, "", ""))
			<-f.started
			start := time.Now()
			if err := p.in.Close(); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(p.out)
			if err != nil {
				t.Fatal(err)
			}
			if err := <-p.ended; err != nil {
				t.Error(c.name, err)
			}
			if took := time.Since(start); took >= time.Second {
				t.Errorf("%s: took %s", c.name, took)
			}
			if c.answer == "" && len(rest) > 0 {
				t.Errorf("%s: %s", c.name, rest)
			}
			if c.answer != "" && decode(t, string(rest)).text() != c.answer {
				t.Errorf("%s: %s", c.name, rest)
			}
			if c.tool == "deaf" {
				f.release <- struct{}{}
			}
		})
	}
}

func TestStdioEndOfInputCancelsWhatDoesNotDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		f.once.Do(func() {}) // OnDrain does nothing
		p := f.stdio(t)
		p.handshake()
		p.send(call("1", "hold", "x", 0, "", ""))
		<-f.started
		start := time.Now()
		_ = p.in.Close()
		if label := <-f.stopped; label != "x" {
			t.Error(label)
		}
		if err := <-p.ended; err != nil || time.Since(start) >= time.Second {
			t.Error(err, time.Since(start))
		}
	})
}

func TestStdioAnswersALastLineWithoutNewline(t *testing.T) {
	var out strings.Builder
	f := newFixture(t, nil)
	f.SetTiming(0, 0, 0, patience)
	err := f.ServeStdio(context.Background(), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`), &out)
	if err != nil || out.String() != `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n" {
		t.Error(err, out.String())
	}
}

func TestStdioEndsWithItsContext(t *testing.T) {
	f := newFixture(t, nil)
	f.SetTiming(0, 0, 0, patience)
	ctx, cancel := context.WithCancel(context.Background())
	in, writer := io.Pipe()
	defer writer.Close() // the client keeps its end open
	reader, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- f.ServeStdio(ctx, in, out) }()
	p := &pipe{t: t, in: writer, out: bufio.NewReader(reader)}
	p.handshake()
	p.send(call("1", "hold", "x", 0, "", ""))
	await(t, f.started)
	cancel()
	if m := p.recv(); m.text() != "drained x" {
		t.Error(m.raw)
	}
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestStdioEndsWhenNobodyReads(t *testing.T) {
	in, writer := io.Pipe()
	defer in.Close()
	go func() { _, _ = io.WriteString(writer, initialize+"\n") }()
	if err := newFixture(t, nil).ServeStdio(context.Background(), in, brokenWriter{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func TestStdioReportsAReadError(t *testing.T) {
	in, writer := io.Pipe()
	_ = writer.CloseWithError(errBroken)
	if err := newFixture(t, nil).ServeStdio(context.Background(), in, io.Discard); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}
