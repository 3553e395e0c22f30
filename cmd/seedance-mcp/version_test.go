package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestBuildOf(t *testing.T) {
	here := `"go":"` + runtime.Version() + `","os":"` + runtime.GOOS + `","arch":"` + runtime.GOARCH + `"}`
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"nothing is known": {nil, `{"version":"(devel)",`},
		"a test binary":    {&debug.BuildInfo{}, `{"version":"(devel)",`},
		"a tag": {&debug.BuildInfo{
			Main: debug.Module{Version: "v1.2.3"},
			Settings: []debug.BuildSetting{
				{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123abcd"},
				{Key: "vcs.time", Value: "2026-11-25T18:00:00Z"}, {Key: "vcs.modified", Value: "false"},
			},
		}, `{"version":"v1.2.3","revision":"0123abcd","time":"2026-11-25T18:00:00Z","modified":false,`},
		"with changes": {&debug.BuildInfo{
			Main:     debug.Module{Version: "v1.2.4-0.20261125180000-0123abcd4567+dirty"},
			Settings: []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}},
		}, `{"version":"v1.2.4-0.20261125180000-0123abcd4567+dirty","modified":true,`},
	} {
		text, err := json.Marshal(buildOf(c.info))
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != c.want+here {
			t.Errorf("%s: %s\nwant %s%s", name, text, c.want, here)
		}
	}
}
