package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seedance-mcp/internal/engine"
)

// said is what a list of orders asks for, shortly.
func said(orders []wanted) string {
	var all []string
	for _, o := range orders {
		a := o.wish.Ask
		text := a.Prompt
		for _, part := range []string{a.Model, a.Duration, a.AspectRatio, strings.Join(a.ImageURLs, "+"), o.wish.IdempotencyKey} {
			if part != "" {
				text += "|" + part
			}
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestArgumentOrders(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		count   int
		key     string
		want    string
		refused string
	}{
		"one":             {args: []string{"a fox"}, want: "a fox"},
		"one word":        {args: []string{"fox"}, want: "fox"},
		"two":             {args: []string{"a fox", "a boat"}, want: "a fox; a boat"},
		"takes":           {args: []string{"a fox", "a boat"}, count: 2, want: "a fox; a fox; a boat; a boat"},
		"other scripts":   {args: []string{"赤い狐が走る", "海の上の船"}, want: "赤い狐が走る; 海の上の船"},
		"a key":           {args: []string{"a fox"}, key: "k", want: "a fox|k"},
		"keys":            {args: []string{"a fox", "a boat"}, key: "k", want: "a fox|k-1; a boat|k-2"},
		"keys of takes":   {args: []string{"a fox"}, count: 1, key: "k", want: "a fox|k-1"},
		"not quoted":      {args: []string{"a", "red", "fox"}, refused: `generate "a red fox"`},
		"half quoted":     {args: []string{"a red", "fox"}, refused: `generate "a red fox"`},
		"nothing":         {refused: "there is no prompt"},
		"too many videos": {args: []string{"a fox", "a boat"}, count: maxOrders, refused: "at most 500"},
	} {
		t.Run(name, func(t *testing.T) {
			g := generation{wish: engine.Wish{IdempotencyKey: c.key}, count: c.count}
			orders, err := g.readOrders(c.args)
			if c.refused != "" {
				if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%v, want a refusal with %q", err, c.refused)
				}
				return
			}
			if got := said(orders); err != nil || got != c.want {
				t.Errorf("%q %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestFileOrders(t *testing.T) {
	for name, c := range map[string]struct{ content, want, refused string }{
		"lines":            {content: "\xef\xbb\xbfa fox\r\n\r\n# no\n  a boat  ", want: "a fox|m|5; a boat|m|5"},
		"objects":          {content: `{"prompt":"a","model":"x","duration":7,"aspect_ratio":"9:16"}` + "\nb", want: "a|x|7|9:16; b|m|5"},
		"text for numbers": {content: `{"prompt":"a","duration":"7s"}`, want: "a|m|7s"},
		"images":           {content: `{"prompt":"a","image":"u1","image_urls":["u2","u3"]}`, want: "a|m|5|u1+u2+u3"},
		"count and key":    {content: `{"prompt":"a","count":2,"idempotency_key":"k"}` + "\nb", want: "a|m|5|k-1; a|m|5|k-2; b|m|5"},
		"unknown":          {content: "a\n" + `{"promt":"a"}`, refused: "p.txt line 2: unknown field \"promt\"; an object has prompt"},
		"no prompt":        {content: `{"model":"x"}`, refused: "line 1: the object has no prompt"},
		"two objects":      {content: `{"prompt":"a"}{"prompt":"b"}`, refused: "one object a line"},
		"no object":        {content: `{"prompt":`, refused: "line 1: "},
		"wrong kind":       {content: `{"prompt":"a","duration":[1]}`, refused: "must be a text or a number"},
		"wrong list":       {content: `{"prompt":"a","image":5}`, refused: "must be a URL or a list of URLs"},
		"count":            {content: `{"prompt":"a","count":-1}`, refused: "count must be 1 to 500"},
		"not text":         {content: "a\xff\xfe", refused: "no UTF-8"},
		"nothing":          {content: "\n#\n", refused: "holds no prompt"},
		"many":             {content: strings.Repeat("a fox\n", maxOrders+1), refused: "split it"},
		"most":             {content: strings.Repeat("a\n", maxOrders), want: strings.Repeat("a|m|5; ", maxOrders-1) + "a|m|5"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "p.txt")
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			g := generation{promptFile: path}
			g.wish.Ask.Model, g.wish.Ask.Duration = "m", "5"
			orders, err := g.readOrders(nil)
			if c.refused != "" {
				if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%v, want a refusal with %q", err, c.refused)
				}
				return
			}
			if got := said(orders); err != nil || got != c.want {
				t.Errorf("%.200q %v, want %.200q", got, err, c.want)
			}
		})
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if _, err := (&generation{promptFile: path}).readOrders(nil); !errors.Is(err, errUsage) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got, err := (&generation{promptFile: "-", t: terminal{in: strings.NewReader("a\nb\n")}}).readOrders(nil); err != nil || said(got) != "a; b" || got[1].from != "standard input line 2" {
		t.Errorf("%q %v", said(got), err)
	}
}

// FuzzPromptFile: whatever a file holds, it is refused as wrong use, or gives
// prompts.
func FuzzPromptFile(f *testing.F) {
	for _, seed := range []string{"a\nb", `{"prompt":"a","count":3}`, "{", "#", "\xff", `{"prompt":"a","image":["u"],"seed":1e9}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		orders, err := (&generation{promptFile: "-", t: terminal{in: strings.NewReader(string(content))}}).readOrders(nil)
		if err != nil {
			if !errors.Is(err, errUsage) || len(orders) > 0 {
				t.Errorf("%v with %d orders", err, len(orders))
			}
			return
		}
		if len(orders) == 0 || len(orders) > maxOrders {
			t.Errorf("%d orders", len(orders))
		}
		for _, o := range orders {
			if strings.TrimSpace(o.wish.Ask.Prompt) == "" || o.from == "" {
				t.Errorf("an order without prompt or place: %+v", o)
			}
		}
	})
}
