package tools

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// Uploader puts a file where the upstream can fetch it, for at least a day,
// and returns its public URL.
type Uploader interface {
	Upload(ctx context.Context, name, contentType string, size int64, body io.Reader) (url string, err error)
}

const (
	// maxUpload bounds a file before it is read; the upstream documents no limit.
	maxUpload = 100 << 20
	// uploadAge is how long an upload is used again: the same file keeps its
	// URL, so that the same order is recognised as such. The upstream keeps
	// uploads for 24 h.
	uploadAge = 20 * time.Hour
)

// uploads turns local files and data URIs among a wish's references into URLs.
type uploads struct {
	deps  Deps
	limit int64 // bytes of one file
	mu    sync.Mutex
	done  map[string]upload // by SHA-256 of type and content
}

type upload struct {
	url string
	at  time.Time
}

func newUploads(d Deps) *uploads {
	return &uploads{deps: d, limit: maxUpload, done: map[string]upload{}}
}

// place uploads what is not at a URL yet. The wish is checked first, so that
// nothing is uploaded for an order that would be refused.
func (u *uploads) place(ctx context.Context, principal string, wish engine.Wish) (engine.Wish, []string, error) {
	pretended, notes, err := u.pretend(wish)
	if err != nil || len(notes) == 0 {
		return wish, nil, err
	}
	if _, err := u.deps.Service.Quote(ctx, principal, pretended); err != nil {
		return wish, nil, err
	}
	return u.replace(wish, func(a asset) (string, error) { return u.upload(ctx, a) })
}

// pretend puts a made-up URL in the place of each reference that would be
// uploaded: enough for a quote.
func (u *uploads) pretend(wish engine.Wish) (engine.Wish, []string, error) {
	return u.replace(wish, func(a asset) (string, error) {
		return "https://uploaded-when-ordered.example/" + url.PathEscape(a.name), nil
	})
}

// replace maps every local reference of a wish through put.
func (u *uploads) replace(wish engine.Wish, put func(asset) (string, error)) (engine.Wish, []string, error) {
	var notes []string
	for _, references := range []struct {
		argument, family string
		list             *[]string
	}{
		{nameImageURLs, familyImage, &wish.Ask.ImageURLs},
		{nameVideoURLs, familyVideo, &wish.Ask.VideoURLs},
		{nameAudioURLs, familyAudio, &wish.Ask.AudioURLs},
	} {
		if !slices.ContainsFunc(*references.list, isLocal) {
			continue
		}
		placed := slices.Clone(*references.list)
		for i, reference := range placed {
			if !isLocal(reference) {
				continue
			}
			a, err := u.open(references.argument, references.family, reference)
			if err != nil {
				return wish, nil, err
			}
			if placed[i], err = put(a); err != nil {
				return wish, nil, err
			}
			notes = append(notes, fmt.Sprintf("%s: %s is uploaded to the video service when it is ordered.", references.argument, a.name))
		}
		*references.list = placed
	}
	return wish, notes, nil
}

// isLocal: no URL of the web, but content or a path. What is empty is neither.
func isLocal(reference string) bool {
	lower := strings.ToLower(reference)
	if strings.TrimSpace(lower) == "" {
		return false
	}
	return strings.HasPrefix(lower, "data:") || strings.HasPrefix(lower, "file:") || !strings.Contains(lower, "://")
}

func (u *uploads) open(argumentName, family, reference string) (asset, error) {
	refuse := func(why string) error {
		return &video.Error{
			Code: video.Invalid, Argument: argumentName, Given: video.Clip(reference, 60),
			Message:    fmt.Sprintf("%s: %s cannot be used: %s.", argumentName, video.Clip(reference, 60), why),
			Suggestion: "Give a public http(s) URL instead, or leave it out.",
		}
	}
	if u.deps.Uploader == nil {
		return asset{}, refuse("this service has no uploads, it takes public http(s) URLs only")
	}
	var a asset
	var err error
	if strings.HasPrefix(strings.ToLower(reference), "data:") {
		a, err = u.fromDataURI(reference)
	} else {
		a, err = u.fromFile(reference)
	}
	if err != nil {
		return asset{}, refuse(err.Error())
	}
	if !strings.HasPrefix(a.mediaType, family+"/") {
		return asset{}, refuse(fmt.Sprintf("it is %s, not %s", a.mediaType, family))
	}
	if a, err = a.asItIs(); err != nil {
		return asset{}, refuse(err.Error())
	}
	return a, nil
}

func (u *uploads) upload(ctx context.Context, a asset) (string, error) {
	sum := sha256.New()
	io.WriteString(sum, a.mediaType+"\n")
	sum.Write(a.content)
	key := hex.EncodeToString(sum.Sum(nil))
	now := u.deps.Now()
	// One at a time: a repeated call must find the first one's URL.
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.done, func(_ string, old upload) bool { return now.Sub(old.at) > uploadAge })
	if before, ok := u.done[key]; ok {
		return before.url, nil
	}
	address, err := u.deps.Uploader.Upload(ctx, a.name, a.mediaType, int64(len(a.content)), bytes.NewReader(a.content))
	if err != nil {
		return "", err
	}
	u.done[key] = upload{url: address, at: now}
	return address, nil
}

// fromDataURI reads data:image/png;base64,….
func (u *uploads) fromDataURI(reference string) (asset, error) {
	header, body, found := strings.Cut(reference[len("data:"):], ",")
	mediaType, isBase64 := strings.CutSuffix(header, ";base64")
	if !found || !isBase64 {
		return asset{}, errors.New("a data URI must look like data:image/png;base64,…")
	}
	if int64(base64.StdEncoding.DecodedLen(len(body))) > u.limit {
		return asset{}, fmt.Errorf("it is larger than %d MiB", maxUpload>>20)
	}
	at := slices.IndexFunc(mediaTypes, func(m [2]string) bool { return strings.EqualFold(m[1], mediaType) })
	if at < 0 {
		return asset{}, fmt.Errorf("%s is no media type that can be a reference", video.Clip(mediaType, 40))
	}
	content, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return asset{}, errors.New("its base64 is damaged")
	}
	return asset{name: "reference" + mediaTypes[at][0], mediaType: mediaTypes[at][1], content: content}, nil
}

// fromFile reads a file inside an allowed folder. os.Root keeps links from
// leading out of it.
func (u *uploads) fromFile(reference string) (asset, error) {
	if !u.deps.LocalFiles || len(u.deps.Folders) == 0 {
		return asset{}, errors.New("files cannot be read from here, only public http(s) URLs and data URIs")
	}
	path := reference
	if parsed, err := url.Parse(reference); err == nil && parsed.Scheme == "file" {
		path = parsed.Path
	}
	at := slices.IndexFunc(mediaTypes, func(m [2]string) bool { return strings.EqualFold(m[0], filepath.Ext(path)) })
	if at < 0 {
		return asset{}, errors.New("by its name it is no image, video or audio file")
	}
	for _, folder := range u.deps.Folders {
		inside := path
		if filepath.IsAbs(path) {
			var err error
			if inside, err = filepath.Rel(folder, path); err != nil {
				continue
			}
		}
		if !filepath.IsLocal(inside) {
			continue
		}
		content, err := u.readInside(folder, inside)
		if err != nil {
			continue
		}
		return asset{name: filepath.Base(path), mediaType: mediaTypes[at][1], content: content}, nil
	}
	return asset{}, fmt.Errorf("no such file of at most %d MiB in an allowed folder (%s)", maxUpload>>20, strings.Join(u.deps.Folders, ", "))
}

func (u *uploads) readInside(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(name) // before opening: a pipe would block
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > u.limit {
		return nil, fmt.Errorf("%s: no regular file of at most %d bytes", name, u.limit)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, u.limit+1))
	if err == nil && int64(len(content)) > u.limit { // it grew meanwhile
		err = fmt.Errorf("%s: more than %d bytes", name, u.limit)
	}
	return content, err
}
