package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"seedance-mcp/internal/video"
)

const (
	lowSpace  = 1 << 30   // bytes: a few hundred videos
	noSpace   = 200 << 20 // bytes: a few videos
	groupBits = 0o077
)

func asVideoError(err error) (*video.Error, bool) { return errors.AsType[*video.Error](err) }

func version(_ context.Context, s Subject) []Result { return fine(s.Version) }

func badSettings(_ context.Context, s Subject) []Result {
	if len(s.BadSettings)+len(s.StraySettings) == 0 {
		return fine("all understood")
	}
	var all []Result
	for _, stray := range s.StraySettings {
		all = append(all, Result{Status: Warning, Text: "there is no setting " + video.Clip(stray.Name, 60) + ", so it does nothing", Fix: "did you mean " + stray.Near + "?"})
	}
	for _, bad := range s.BadSettings {
		all = append(all, Result{Status: Problem, Text: bad.Name + " " + video.Clip(bad.Reason, 200), Fix: "correct or unset " + bad.Name + "; the checks below ran without it"})
	}
	return all
}

func store(ctx context.Context, s Subject) []Result {
	what, err := s.TryStore(ctx)
	if err != nil {
		if ctx.Err() != nil && s.Postgres {
			return one(Problem, fmt.Sprintf("the database of SEEDANCE_DATABASE_URL did not answer within %s", Limit), "see that its server runs and can be reached from here")
		}
		if ctx.Err() != nil {
			return one(Problem, fmt.Sprintf("did not open within %s: another program holds it", Limit), "end the program that holds "+s.DataDir+", then run doctor again")
		}
		text, fix := words(err, "see that "+s.DataDir+" is a folder that this user may write")
		return one(Problem, text, fix)
	}
	return fine(what)
}

func dataFolder(_ context.Context, s Subject) []Result {
	info, err := os.Stat(s.DataDir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fine(s.DataDir + " will be made when it is needed")
	case err != nil:
		return one(Problem, s.DataDir+" cannot be looked at", "see that this user may read it, or set SEEDANCE_DATA_DIR")
	case !info.IsDir():
		return one(Problem, s.DataDir+" is not a folder", "move it away, or set SEEDANCE_DATA_DIR")
	case s.GOOS != "windows" && info.Mode().Perm()&groupBits != 0:
		return one(Warning, fmt.Sprintf("%s is open to other users of this machine (mode %04o): prompts and videos are in it", s.DataDir, info.Mode().Perm()),
			"chmod 700 "+quoted(s.DataDir))
	}
	return fine(s.DataDir)
}

// quoted makes a path fit for a shell.
func quoted(path string) string {
	if strings.ContainsAny(path, " '\"$&;()") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// existing is path, or the nearest folder above it that there is.
func existing(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		parent := filepath.Dir(path)
		if parent == path {
			return path
		}
		path = parent
	}
}

func disk(_ context.Context, s Subject) []Result {
	free, err := s.FreeSpace(existing(s.DataDir))
	if err != nil {
		return one(Warning, "free space cannot be told", "")
	}
	text := fmt.Sprintf("%.1f GB free", float64(free)/1e9)
	switch {
	case free < noSpace:
		return one(Problem, text+" where videos are saved", "free some space, or set SEEDANCE_DATA_DIR to another disk")
	case free < lowSpace:
		return one(Warning, text+" where videos are saved", "free some space, or set SEEDANCE_DATA_DIR to another disk")
	}
	return fine(text)
}

func downloads(_ context.Context, s Subject) []Result {
	if !s.Downloads {
		return fine("off: videos stay at their addresses, which expire")
	}
	if info, err := os.Stat(s.VideosDir); err == nil && !info.IsDir() {
		return one(Problem, s.VideosDir+" is not a folder", "move it away, or set SEEDANCE_DATA_DIR")
	}
	folder := existing(s.VideosDir)
	trial, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return one(Problem, folder+" cannot be written, so videos cannot be saved", "make it writable for this user, or set SEEDANCE_DATA_DIR; SEEDANCE_DOWNLOAD=off does without")
	}
	_ = trial.Close() // nothing was written
	if err := os.Remove(trial.Name()); err != nil {
		return one(Warning, "a trial file in "+folder+" could not be removed", "remove "+quoted(trial.Name()))
	}
	return fine(s.VideosDir)
}

func catalogue(_ context.Context, s Subject) []Result {
	err := s.LoadCatalog()
	switch {
	case err != nil:
		text, fix := words(err, "correct the file, or unset SEEDANCE_CATALOG")
		return one(Problem, text, fix)
	case s.CatalogFile != "":
		return fine(s.CatalogFile)
	}
	return fine("the built-in one")
}

func ffmpeg(_ context.Context, s Subject) []Result {
	path, err := s.LookPath("ffmpeg")
	if err != nil {
		return one(Warning, "not found: models cannot look at finished clips (preview_video)", "install ffmpeg, if they should")
	}
	return fine(path)
}

func clients(_ context.Context, s Subject) []Result {
	var all []Result
	var here []string
	for _, c := range s.Clients() {
		if c.Err != nil {
			text, _ := words(c.Err, "")
			all = append(all, Result{Check: c.ID, Status: Warning, Text: text, Fix: "mend the file there; it was left as it is"})
			continue
		}
		if c.Here && len(c.Servers) == 0 {
			here = append(here, c.ID)
		}
		for _, server := range c.Servers {
			all = append(all, entry(s, c, server))
		}
	}
	if len(all) > 0 {
		return all
	}
	fix := "seedance-mcp install CLIENT"
	if len(here) > 0 {
		fix = "seedance-mcp install " + here[0]
	}
	return one(Warning, "no assistant starts this server yet", fix)
}

// entry looks at what a client would start.
func entry(s Subject, c Client, server Server) Result {
	r := Result{Check: c.ID, Status: OK, Text: fmt.Sprintf("%s starts %s", server.Name, server.Command)}
	path, err := s.LookPath(server.Command)
	if err != nil {
		r.Status, r.Text = Problem, fmt.Sprintf("%s would start %s, which is not a program here", server.Name, server.Command)
		r.Fix = "seedance-mcp install " + c.ID
		if server.Name != "seedance" {
			r.Fix += " --name " + server.Name
		}
		return r
	}
	if strings.Contains(filepath.ToSlash(path), "/go-build") {
		r.Status, r.Text = Warning, server.Name+" starts a program that go run made, which will be gone"
		r.Fix = "go install ./cmd/seedance-mcp, then seedance-mcp install " + c.ID
	}
	return r
}
