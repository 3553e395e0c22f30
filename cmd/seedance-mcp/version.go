package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

// build is what the Go tool wrote into this program when it was made.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"` // of the revision
	// Modified says that files differed from the revision; nil: not known.
	Modified *bool  `json:"modified,omitempty"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func runVersion(_ context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("version", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "JSON: also the revision it was built from, and whether that was modified")
	rest, err := parseOwn(t, fs, "version [flags]", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	info, _ := debug.ReadBuildInfo()
	b := buildOf(info)
	if *asJSON {
		return printJSON(t, b)
	}
	fmt.Fprintf(t.out, "seedance-mcp %s %s %s/%s\n", b.Version, b.Go, b.OS, b.Arch)
	return exitOK, nil
}

// version is the module's version as the Go tool stamped it: the tag, or a
// pseudo-version of the revision.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info).Version
}

// buildOf reads build information, which may be missing.
func buildOf(info *debug.BuildInfo) build {
	b := build{Version: "(devel)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info == nil {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, one := range info.Settings {
		switch one.Key {
		case "vcs.revision":
			b.Revision = one.Value
		case "vcs.time":
			b.Time = one.Value
		case "vcs.modified":
			modified := one.Value == "true"
			b.Modified = &modified
		}
	}
	return b
}
