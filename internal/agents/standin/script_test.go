package standin

import (
	"maps"
	"reflect"
	"slices"
	"testing"
)

// house is a script with one of each kind of step.
var house = Script{
	Steps: []Step{
		{Tool: "build", Arguments: map[string]any{"rooms": 2}},
		{Tool: "look", Arguments: map[string]any{"id": "$house_id", "times": 3}, Until: Until{"state", "done"}, AtMost: 3},
	},
	Say: "House $house_id has $rooms rooms at $unknown.",
}

func TestNext(t *testing.T) {
	offer := []Tool{{Name: "mcp__here__look"}, {Name: "mcp__here__build"}}
	built := Result{Tool: "mcp__here__build", Text: `{"house_id":"h7","state":"begun","rooms":2}`}
	running := Result{Tool: "mcp__here__look", Text: `{"house_id":"h7","state":"running"}`}
	failed := Result{Tool: "mcp__here__look", Text: "connection closed"}
	done := Result{Tool: "mcp__here__look", Text: `{"content":[{"text":"{\"state\":\"done\"}"}]}`}
	look := func(id string) Turn {
		return Turn{Call: &Call{ID: id, Tool: offer[0], Arguments: map[string]any{"id": "h7", "times": 3}}}
	}
	for name, test := range map[string]struct {
		request Request
		want    Turn
	}{
		"no tools":          {Request{}, Turn{Say: "ok"}},
		"other tools":       {Request{Tools: []Tool{{Name: "shell"}}}, Turn{Say: "ok"}},
		"the first step":    {Request{Tools: offer}, Turn{Call: &Call{ID: "call_1", Tool: offer[1], Arguments: map[string]any{"rooms": 2}}}},
		"fields are filled": {Request{Tools: offer, Results: []Result{built}}, look("call_2")},
		"not yet":           {Request{Tools: offer, Results: []Result{built, running}}, look("call_3")},
		"an error":          {Request{Tools: offer, Results: []Result{built, failed}}, look("call_3")},
		"calls of the client's own": {
			Request{Tools: offer, Results: []Result{{Tool: "shell", Text: "{}"}, built, {Tool: "shell", Text: "{}"}}}, look("call_4"),
		},
		"the last word":  {Request{Tools: offer, Results: []Result{built, running, done}}, Turn{Say: "House h7 has 2 rooms at $unknown."}},
		"too many tries": {Request{Tools: offer, Results: []Result{built, failed, running, failed}}, Turn{Say: "I give up: look was called 3 times and state is not done."}},
		"a tool went":    {Request{Tools: offer[1:], Results: []Result{built}}, Turn{Say: "I give up: no tool look is offered."}},
		"names are hidden": {Request{Deferred: offer}, Turn{Call: &Call{
			ID: "call_1", Tool: Tool{Name: "ToolSearch"}, Arguments: map[string]any{"query": "select:mcp__here__build,mcp__here__look"},
		}}},
		"names were found": {
			Request{Deferred: offer, Results: []Result{{Tool: "ToolSearch", Text: `{"tool_name":"mcp__here__build"}`}}},
			Turn{Call: &Call{ID: "call_2", Tool: offer[1], Arguments: map[string]any{"rooms": 2}}},
		},
	} {
		if got := house.Next(test.request); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v %+v\nwant %+v %+v", name, got, got.Call, test.want, test.want.Call)
		}
	}
	if house.Steps[1].Arguments["id"] != "$house_id" {
		t.Error("the script was written to")
	}
}

func TestStepsHaveABound(t *testing.T) {
	endless := Script{Steps: []Step{{Tool: "look", Until: Until{"state", "done"}}}}
	request := Request{Tools: []Tool{{Name: "look"}}}
	for range 100 {
		if endless.Next(request).Call == nil {
			break
		}
		request.Results = append(request.Results, Result{Tool: "look", Text: "no"})
	}
	if len(request.Results) != usualRepetitions {
		t.Errorf("called %d times, want %d", len(request.Results), usualRepetitions)
	}
}

func TestField(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":"a"}`:                                 "a",
		`{"id":7.5}`:                                 "7.5",
		`{"id":true}`:                                "true",
		`{"x":[{"id":"b"}]}`:                         "b",
		`{"output":"{\"id\":\"c\"}"}`:                "c",
		"<context>\n{\"id\":\"d\"}\n</context>":      "d",
		`{"text":"<x> {\"y\":{\"id\":\"e\"}} <"}`:    "e",
		`{"b":{"id":"2"},"a":{"id":"1"}}`:            "1",
		`{"id":{"id":"inner"}}`:                      "inner",
		`id: f`:                                      "",
		`{broken`:                                    "",
		`{"id":null}`:                                "",
		`{"a":"b"}` + "\n\n" + `{"id":"the second"}`: "",
	} {
		if got := (Result{Text: text}).Field("id"); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestTells(t *testing.T) {
	for text, want := range map[string]bool{
		`say "99"`:                             true,
		`{"a":"say \"99\""}`:                   true,
		`{"a":["{\"b\":\"say \\\"99\\\"\"}"]}`: true,
		`{"a":"say 99"}`:                       false,
		`{"a":{"say \"99\"":1}}`:               false,
	} {
		if got := (Result{Text: text}).Tells(`say "99"`); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestInternet(t *testing.T) {
	internet := &Internet{}
	for _, host := range []string{"a.example:443", "b.example:443", "a.example:443"} {
		if status := askProxy(internet, host); status != 403 {
			t.Errorf("%s: %d, want 403", host, status)
		}
	}
	if got, want := internet.Tried(), map[string]int{"a.example:443": 2, "b.example:443": 1}; !maps.Equal(got, want) {
		t.Errorf("tried %v, want %v", got, want)
	}
}

func TestPlain(t *testing.T) {
	got := []string{plain([]byte(`"a"`)), plain([]byte(`[{"type":"text","text":"b"},{"type":"image"}]`)), plain([]byte(`{"c":1}`)), plain([]byte(`[]`))}
	if want := []string{"a", "b\n" + `{"type":"image"}`, `{"c":1}`, ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
