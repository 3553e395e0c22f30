package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/oauth"
)

// said is `callers` with these arguments.
func (w *oauthWorld) said(args ...string) string {
	w.t.Helper()
	out, err := child(w.t, w.env, append([]string{"callers"}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("callers %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w *oauthWorld) connect(credential string) *mcp.ClientSession {
	w.t.Helper()
	session, err := connectAs(w.t.Context(), w.t, w.endpoint(), credential)
	if err != nil {
		w.t.Fatal(err)
	}
	return session
}

// ownDaily is the caller's own daily budget as get_usage and estimate_cost tell
// it: "limit, left".
func ownDaily(t *testing.T, session *mcp.ClientSession) string {
	t.Helper()
	var told []string
	for tool, args := range map[string]map[string]any{"get_usage": nil, "estimate_cost": {"prompt": "a fox"}} {
		text, _ := json.Marshal(call(t.Context(), t, session, tool, args)["budgets"])
		var budgets []struct {
			Scope, Name string
			Limit, Left json.Number
		}
		if err := json.Unmarshal(text, &budgets); err != nil {
			t.Fatal(err)
		}
		for _, b := range budgets {
			if b.Scope == "own" && b.Name == "day" {
				told = append(told, b.Limit.String()+", "+b.Left.String())
			}
		}
	}
	if len(told) != 2 || told[0] != told[1] {
		t.Fatalf("get_usage and estimate_cost tell %q", told)
	}
	return told[0]
}

// What an operator says of a token's caller binds that caller alone, in a
// server that runs.
func TestTermsOfATokensCaller(t *testing.T) {
	const annSub = "ann@example.com"
	dir := t.TempDir()
	w := newOAuthWorld(t, "SEEDANCE_DATA_DIR="+dir, "SEEDANCE_MAX_CREDITS_PER_PRINCIPAL_DAY=1000")
	ann, bob := w.connect(w.token(annSub, nil)), w.connect(w.token("bob", nil))
	if got := ownDaily(t, ann); got != "1000, 1000" {
		t.Errorf("nothing is said: %s", got)
	}

	w.said("set", "--subject", annSub, "--daily-credits", "300", "--models", "seedance-20", "--label", "design")
	if got := ownDaily(t, ann); got != "300, 300" {
		t.Errorf("the budget: %s", got)
	}
	if id, refusal := generate(t, ann, "ann's first"); id == "" { // 200 credits
		t.Fatal(refusal)
	}
	if _, refusal := generate(t, ann, "ann's second"); !strings.Contains(refusal, "your own daily budget") {
		t.Errorf("over the budget: %q", refusal)
	}
	sora := map[string]any{"prompt": "a sora fox", "model": "sora2"}
	if got, _ := call(t.Context(), t, ann, "generate_video", sora)["isError"].(string); !strings.Contains(got, "may not use the model sora2") {
		t.Errorf("another model: %q", got)
	}
	for what, args := range map[string]map[string]any{"your own daily budget": {"prompt": "ann's second"}, "may not use the model sora2": sora} {
		warned, _ := json.Marshal(call(t.Context(), t, ann, "estimate_cost", args)["warnings"])
		if !strings.Contains(string(warned), what) {
			t.Errorf("estimate_cost warns of %s, not that %s", warned, what)
		}
	}
	// Nobody else is bound by it.
	if got := ownDaily(t, bob); got != "1000, 1000" {
		t.Errorf("bob's budget: %s", got)
	}
	for _, prompt := range []string{"bob's first", "bob's second"} {
		if id, refusal := generate(t, bob, prompt); id == "" {
			t.Error(refusal)
		}
	}
	if got, _ := call(t.Context(), t, bob, "generate_video", sora)["isError"].(string); strings.Contains(got, "may not use") {
		t.Errorf("bob's other model: %s", got) // it has no price, which is another matter
	}
	w.said("set", "--subject", annSub, "--daily-credits", "default")
	if id, refusal := generate(t, ann, "ann's second"); id == "" || ownDaily(t, ann) != "1000, 600" {
		t.Errorf("with the budget taken back: %s", refusal)
	}
	paid := 0
	for _, entry := range w.box.Books().Entries {
		if entry.Accepted {
			paid++
		}
	}
	if paid != 4 {
		t.Errorf("%d videos were paid, want two of each", paid)
	}

	listed := w.said("list")
	if !strings.Contains(listed, oauth.Principal(w.issuer.URL, annSub)) || !strings.Contains(listed, "design") || strings.Contains(listed, annSub) {
		t.Errorf("list: %s", listed)
	}
	for name, label := range map[string]string{oauth.Principal(w.issuer.URL, annSub): "design", oauth.Principal(w.issuer.URL, "bob"): "-"} {
		row := regexp.MustCompile(`(?m)^` + name + ` +` + label + ` +real +2 +\d +0 +\d+ +\d+$`)
		if spent := w.said("spent", "--days", "1"); !row.MatchString(spent) {
			t.Errorf("spent lacks %s:\n%s", row, spent)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "seedance.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), annSub) {
			t.Errorf("%s holds the subject in clear (%v)", file, err)
		}
	}
}

// A caller's own limit refuses its calls and nobody else's; a server that runs
// learns within seconds of what changes.
func TestLimitsOfATokensCaller(t *testing.T) {
	w := newOAuthWorld(t)
	keyOfA := w.key("team-a", "--calls-per-minute", "5")
	w.said("set", "--subject", "ann", "--calls-per-minute", "4")
	keyed, ann, bob := w.connect(keyOfA), w.connect(w.token("ann", nil)), w.connect(w.token("bob", nil))
	refusal := func(session *mcp.ClientSession) string {
		said, _ := call(t.Context(), t, session, "list_tasks", nil)["isError"].(string)
		return said
	}
	// Meanwhile more are let in again, so many a minute.
	overLimit := func(session *mcp.ClientSession, perMinute int) {
		let, said, began := 0, "", time.Now()
		for most := 0; let <= most; let++ {
			if said = refusal(session); said != "" {
				break
			}
			most = perMinute + int(time.Since(began)/(time.Minute/time.Duration(perMinute))) + 1
		}
		if let < 1 || !strings.Contains(said, fmt.Sprintf("may make %d a minute", perMinute)) || !strings.Contains(said, "nothing was charged") {
			t.Errorf("of %d a minute it lets %d calls in beside those of the greeting, then says %q", perMinute, let, said)
		}
	}
	overLimit(keyed, 5)
	overLimit(ann, 4)
	orders := 0
	for {
		for refusal(ann) == "" {
		}
		refused := time.Now()
		_, said := generate(t, ann, "too often")
		if said == "" && time.Since(refused) > time.Minute/4 {
			orders++ // it was rightly let in
			continue
		}
		if !strings.Contains(said, "may make 4 a minute") {
			t.Errorf("an order: %q", said)
		}
		break
	}
	for range 20 { // more than ann and team-a may
		if said := refusal(bob); said != "" {
			t.Fatalf("bob is refused: %s", said)
		}
	}
	letIn := func(session *mcp.ClientSession) bool { // more often than the limits were
		for range 6 {
			if refusal(session) != "" {
				return false
			}
		}
		return true
	}
	// What is said of a key's caller counts before what the key says.
	w.said("set", "team-a", "--calls-per-minute", "1000")
	w.said("remove", "--subject", "ann")
	w.said("set", "--subject", "bob", "--calls-per-minute", "1")
	for what, done := range map[string]func() bool{
		"team-a is let in": func() bool { return letIn(keyed) },
		"ann is let in":    func() bool { return letIn(ann) },
		"bob is refused":   func() bool { return strings.Contains(refusal(bob), "may make 1 a minute") },
	} {
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not after a minute: %s", what)
			}
		}
	}
	if len(w.box.Books().Entries) > orders {
		t.Error("a call over the limit ordered a video")
	}
}

func TestCallersCommand(t *testing.T) {
	w := newAccountsWorld(t)
	w.key("team-a")
	issuer := []string{"SEEDANCE_OAUTH_ISSUER=https://login.example.com"}
	fox := oauth.Principal("https://login.example.com", "fox@example.com")
	if out := w.must("", nil, "callers", "list"); !strings.Contains(out, "Nothing is said") {
		t.Errorf("list: %s", out)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":               {nil, "say what to do"},
		"no such action":        {[]string{"add", "team-a"}, "say what to do"},
		"nobody":                {[]string{"set", "--open-calls", "2"}, "NAME of an access key, or --subject"},
		"two":                   {[]string{"set", "team-a", "team-b", "--open-calls", "2"}, "NAME of an access key, or --subject"},
		"two of both kinds":     {[]string{"set", "team-a", "--subject", "fox", "--open-calls", "2"}, "not both"},
		"no key":                {[]string{"set", "team-z", "--open-calls", "2"}, `no live access key named "team-z"`},
		"no principal":          {[]string{"set", "oauth-fox", "--open-calls", "2"}, "--subject"},
		"local":                 {[]string{"set", "local", "--open-calls", "2"}, "SEEDANCE_MAX_CREDITS_PER_DAY"},
		"no terms":              {[]string{"set", "team-a"}, "--daily-credits"},
		"credits below nothing": {[]string{"set", "team-a", "--daily-credits=-1"}, "--daily-credits must be an amount of credits"},
		"no credits":            {[]string{"set", "team-a", "--monthly-credits", "many"}, "--monthly-credits must be an amount of credits"},
		"an unset variable":     {[]string{"set", "team-a", "--daily-credits", ""}, "--daily-credits must be an amount of credits"},
		"no such model":         {[]string{"set", "team-a", "--models", "seedance-20,sora9"}, `no model "sora9"`},
		"no model":              {[]string{"set", "team-a", "--models", ","}, "--models must name models"},
		"no calls":              {[]string{"set", "team-a", "--calls-per-minute", "0"}, "--calls-per-minute must be a whole number from 1"},
		"half a call":           {[]string{"set", "team-a", "--open-calls", "1.5"}, "--open-calls must be a whole number from 1"},
		"the subject as label":  {[]string{"set", "--subject", "fox@example.com", "--label", "Fox@example.com"}, "choose another"},
		"a label of two lines":  {[]string{"set", "team-a", "--label", "a\nb"}, "printable"},
		"a label of bytes":      {[]string{"set", "team-a", "--label", "a\xff"}, "printable"},
		"a long label":          {[]string{"set", "team-a", "--label", strings.Repeat("ä", 61)}, "at most 60"},
		"a term to remove":      {[]string{"remove", "team-a", "--daily-credits", "default"}, "--daily-credits goes with set only, not with remove"},
		"a label to list":       {[]string{"list", "--label", "Fox"}, "--label goes with set only"},
		"nothing to remove":     {[]string{"remove", "team-a"}, "callers list"},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := w.run("", issuer, append([]string{"callers"}, c.args...)...); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	if out, err := w.run("", nil, "callers", "set", "--subject", "fox", "--open-calls", "2"); err == nil || !strings.Contains(out, "SEEDANCE_OAUTH_ISSUER") {
		t.Errorf("a subject of nobody: %v\n%s", err, out)
	}
	if out := w.must("", nil, "callers", "list", "--json"); out != "[]" {
		t.Errorf("what was refused was stored: %s", out)
	}

	w.must("", issuer, "callers", "set", "--subject", "fox@example.com", "--daily-credits", "200", "--models", "sora2,seedance", "--label", "Fox")
	// What is not named stays, and a caller may be named as it is listed.
	w.must("", nil, "callers", "set", fox, "--models", "default", "--monthly-credits", "3000", "--calls-per-minute", "60", "--open-calls", "4")
	w.must("", nil, "callers", "set", "team-a", "--daily-credits", "0")
	var all []map[string]any
	if err := json.Unmarshal([]byte(w.must("", nil, "callers", "list", "--json")), &all); err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for name, want := range map[string]any{
		"name": fox, "label": "Fox", "daily_credits": "200", "monthly_credits": "3000", "models": nil, "calls_per_minute": 60.0, "open_calls": 4.0,
	} {
		if all[0][name] != want {
			t.Errorf("%s is %v, want %v", name, all[0][name], want)
		}
	}
	if out := w.must("", nil, "keys", "list"); !strings.Contains(out, `callers list shows of "team-a" counts before`) {
		t.Errorf("keys list: %s", out)
	}
	if out := w.must("", nil, "callers", "remove", fox); !strings.Contains(out, "Nothing is said of "+fox) {
		t.Errorf("remove: %s", out)
	}
	if out := w.must("", nil, "callers", "list"); strings.Contains(out, fox) || !strings.Contains(out, "team-a") {
		t.Errorf("list: %s", out)
	}
	if strings.Contains(w.upstream.String(), http.MethodPost) {
		t.Error("a command asked the upstream")
	}
}
